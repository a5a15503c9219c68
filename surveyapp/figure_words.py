"""How figures are worded: with their unit, their direction, their sureness, or why they are not shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from surveyapp.config import LOCALES
from surveyapp.core.pseudonyms import Seen
from surveyapp.core.scales import SCALES, Direction, Metric
from surveyapp.core.scoring import Change, Score, favourable_share, needed
from surveyapp.figures import FEW, Figures
from surveyapp.i18n import Language
from surveyapp.metric_names import metric_name
from surveyapp.names import Kind, Labels
from surveyapp.selecting import By, Dimension

PERCENTAGES = (Metric.CSAT, Metric.SOLVED, Metric.TREATMENT, Metric.COMPETENCE)
"""Whose headline is a share of people."""


class Tone(StrEnum):
    """Whether something is good news; words always say the same."""

    GOOD = "good"
    PLAIN = "plain"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class GroupOf:
    """One of the groups that a metric divides its ratings into."""

    label: str
    count: int
    tone: Tone


@dataclass(frozen=True, slots=True)
class Running:
    """The days of a period that is not over: how many have begun, today's too, and how many are to come."""

    so_far: int
    left: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A change, or a difference from everybody else, in words."""

    words: str
    tone: Tone


def figure(speech: Language, metric: Metric, value: float) -> str:
    """The headline's number: +29, 83 %, 5.70."""
    if metric is Metric.NPS:
        return speech.signed(value)
    if metric in PERCENTAGES:
        return speech.percent(value)
    return speech.number(value, decimals_of(metric))


def decimals_of(metric: Metric) -> int:
    """How many decimals the headline is shown with."""
    return 2 if metric in (Metric.CES, Metric.CES_EASE) else 0


def difference(speech: Language, metric: Metric, value: float) -> str:
    """Of two headlines, with its sign: +4.6 percentage points, −0.31.

    With one decimal more than the figures, so that nobody takes it for a difference of rounded ones.
    """
    said = speech.signed(value, decimals_of(metric) or 1)
    if metric not in PERCENTAGES:
        return said
    # The decimal makes it a plural in all our languages, 1.0 included.
    # i18n: A difference of two shares. {n}: +4.6
    return speech.ngettext("{n} percentage point", "{n} percentage points", 2, n=said)


def interval(speech: Language, score: Score) -> str:
    """From the lower to the upper end; "" when there is none."""
    if score.low is None or score.high is None:
        return ""
    low, high = (figure(speech, score.metric, end) for end in (score.low, score.high))
    # i18n: An interval. {low}: 74%, {high}: 85%
    return speech.gettext("{low} to {high}", low=low, high=high)


def headline(speech: Language, score: Score) -> str:
    """The score, and of a share whose it is: 83% satisfied."""
    value = figure(speech, score.metric, score.value)
    match score.metric:
        case Metric.CSAT:
            # i18n: Share of CSAT answers 4 and 5. {p}: 83%
            return speech.gettext("{p} satisfied", p=value)
        case Metric.SOLVED:
            # i18n: Share of those whose issue was solved. {p}: 83%
            return speech.gettext("{p} solved", p=value)
        case Metric.TREATMENT:
            # i18n: Share of those whom we treated well. {p}: 83%
            return speech.gettext("{p} treated well", p=value)
        case Metric.COMPETENCE:
            # i18n: Share of those to whom we seemed competent. {p}: 83%
            return speech.gettext("{p} found us competent", p=value)
    return value


def direction(speech: Language, metric: Metric) -> str:
    """Which way is better, in words; "" for open comments."""
    scale = SCALES.get(metric)
    if scale is None:
        return ""
    # i18n: Direction of a metric, after its name
    lower = speech.gettext("lower is better")
    # i18n: Direction of a metric, after its name
    higher = speech.gettext("higher is better")
    return lower if scale.better is Direction.LOWER else higher


def title(speech: Language, metric: Metric) -> str:
    """The metric's name, with its direction where a reader could take it the wrong way round."""
    name = metric_name(speech, metric)
    return f"{name}, {direction(speech, metric)}" if metric in (Metric.CES, Metric.CES_EASE) else name


def group_labels(speech: Language, metric: Metric) -> tuple[str, ...]:
    """What the favourable, neutral and unfavourable group are called; () for a metric without groups."""
    return _GROUPS[metric](speech.pgettext) if metric in _GROUPS else ()


def groups(speech: Language, score: Score) -> tuple[GroupOf, ...]:
    """The groups with their people, the favourable one first; () for a metric without groups."""
    counts = (score.favourable, score.neutral, score.unfavourable)
    return tuple(
        GroupOf(label, count or 0, tone)
        for label, count, tone in zip(group_labels(speech, score.metric), counts, Tone, strict=False)
    )


def second_figure(speech: Language, score: Score) -> str:
    """What stands below the headline: the mean, or the share that found it easy; "" for none."""
    share = favourable_share(score)
    if score.metric in (Metric.CES, Metric.CES_EASE) and share:
        # i18n: Share of CES answers on the easy side. {p}: 83%
        return speech.gettext("Found it easy: {p}", p=speech.percent(share.percent))
    if score.mean is None:
        return ""
    # i18n: Below a score: the mean rating. {mean}: 4.21
    return speech.gettext("Mean rating: {mean}", mean=speech.number(score.mean, 2))


def reading(speech: Language, score: Score) -> str:
    """A sentence or two that read the figure out, with how sure it is."""
    said = _READINGS[score.metric](speech, score)
    if score.low is None or score.high is None:
        return said
    low, high = (figure(speech, score.metric, end) for end in (score.low, score.high))
    # i18n: After a sentence with a score; how sure it is. {low}: 79%, {high}: 87%
    sure = speech.gettext(
        "With 95% confidence the true figure lies between {low} and {high}.", low=low, high=high
    )
    return f"{said} {sure}"


def changed(speech: Language, figures: Figures) -> Moved:
    """The change from the period before; the words are "" when no comparison was asked for."""
    if figures.before is None:
        return Moved("", Tone.PLAIN)
    if figures.change is None or figures.change.difference is None:
        # i18n: Instead of a change, where there is nothing to compare with
        return Moved(speech.gettext("no comparison possible"), Tone.PLAIN)
    if not figures.change.is_demonstrable:
        # i18n: In place of a change that may be chance
        return Moved(speech.gettext("no demonstrable change"), Tone.PLAIN)
    return _moved(speech, figures.metric, figures.change, _better, _worse)


def contrasted(speech: Language, figures: Figures) -> Moved:
    """How the group stands to all others; the words are "" where nothing can be compared."""
    if figures.contrast is None or figures.contrast.difference is None:
        return Moved("", Tone.PLAIN)
    if not figures.contrast.is_demonstrable:
        # i18n: Of a group whose score may differ from all others by chance
        return Moved(speech.gettext("not distinguishable from the average"), Tone.PLAIN)
    return _moved(speech, figures.metric, figures.contrast, _better_than_others, _worse_than_others)


def withheld(speech: Language, figures: Figures, running: Running | None = None) -> str:
    """Why no score stands here; of a running period also when it may be there, if that is before its end."""
    if figures.n == 0:
        # i18n: In place of a score
        return speech.gettext("no answers yet")
    if figures.why == Seen.ALONE:
        # i18n: In place of a score of an agent under a pseudonym
        return speech.gettext("not shown (it would point at single tickets)")
    if figures.why != FEW:
        # i18n: In place of a score that would give away another one
        return speech.gettext("not shown (a smaller group could be worked out from it)")
    counts = {"n": speech.number(figures.n), "smallest": speech.number(figures.smallest)}
    days = needed(figures.n, figures.smallest, running.so_far) if running else None
    if running is None or not days or days > running.left:
        # i18n: In place of a score: how many answers there are, and how many it takes. {n}: 7, {smallest}: 10
        return speech.gettext("not shown ({n} of {smallest} answers)", **counts)
    # i18n: In place of a score: how many answers there are of how many it takes, and when. {smallest}: 10,
    # {so_far}: 7, {n}: 4
    return speech.ngettext(
        "{so_far} of {smallest} answers, about {n} day left",
        "{so_far} of {smallest} answers, about {n} days left",
        days,
        so_far=counts["n"],
        smallest=counts["smallest"],
    )


def score_words(speech: Language, figures: Figures, running: Running | None = None) -> str:
    """The headline, or why there is none."""
    return headline(speech, figures.score) if figures.score else withheld(speech, figures, running)


def raised(words: str) -> str:
    """With a capital at its head, for a heading or label; the rest stays as it is."""
    return words[:1].upper() + words[1:]


def dimension_name(speech: Language, by: By) -> str:
    """As the heading of a column in a text; `raised` where it stands alone."""
    return by.name if by.dimension is Dimension.PROPERTY else _DIMENSIONS[by.dimension](speech.pgettext)


def group_name(speech: Language, labels: Labels, by: By, value: str | None) -> str:
    """How people who read this language call a group."""
    if value is None:
        # i18n: Row of the answers without team, agent and so on
        return speech.gettext("not stated")
    match by.dimension:
        case Dimension.LOCALE:
            return speech.language_name(value) if value in LOCALES else value
        case Dimension.VERSION:
            return _version(speech, value)
        case Dimension.DAY:
            return speech.short_date(date.fromisoformat(value))
        case Dimension.WEEK:
            year, _, week = value.partition("-W")
            # i18n: A week of a year, by its number. {week}: 12, {year}: 2026
            return speech.gettext("week {week}, {year}", week=int(week), year=year)
        case Dimension.MONTH:
            return speech.month_and_year(date.fromisoformat(f"{value}-01"))
    return labels.of(_KINDS[by.dimension], value, speech.code) if by.dimension in _KINDS else value


_KINDS: Mapping[Dimension, Kind] = {
    Dimension.AGENT: Kind.AGENT,
    Dimension.TEAM: Kind.TEAM,
    Dimension.CASE_TYPE: Kind.CASE_TYPE,
    Dimension.CHANNEL: Kind.CHANNEL,
}

Said = Callable[[str, str], str]

_DIMENSIONS: Mapping[Dimension, Callable[[Said], str]] = {
    # i18n: Heading of a column: who handled the ticket
    Dimension.AGENT: lambda pgettext: pgettext("column", "agent"),
    # i18n: Heading of a column
    Dimension.TEAM: lambda pgettext: pgettext("column", "team"),
    # i18n: Heading of a column
    Dimension.CASE_TYPE: lambda pgettext: pgettext("column", "case type"),
    # i18n: Heading of a column
    Dimension.CHANNEL: lambda pgettext: pgettext("column", "channel"),
    # i18n: Heading of a column
    Dimension.LOCALE: lambda pgettext: pgettext("column", "language"),
    # i18n: Heading of a column: the version of a survey
    Dimension.VERSION: lambda pgettext: pgettext("column", "survey version"),
    # i18n: Heading of a column
    Dimension.DAY: lambda pgettext: pgettext("column", "day"),
    # i18n: Heading of a column
    Dimension.WEEK: lambda pgettext: pgettext("column", "week"),
    # i18n: Heading of a column
    Dimension.MONTH: lambda pgettext: pgettext("column", "month"),
}

_GROUPS: Mapping[Metric, Callable[[Said], tuple[str, str, str]]] = {
    Metric.NPS: lambda pgettext: (
        # i18n: Group of NPS, column of counts
        pgettext("nps group", "promoters"),
        # i18n: Group of NPS, column of counts
        pgettext("nps group", "passives"),
        # i18n: Group of NPS, column of counts
        pgettext("nps group", "detractors"),
    ),
    Metric.CSAT: lambda pgettext: (
        # i18n: Group of CSAT, column of counts
        pgettext("csat group", "satisfied"),
        # i18n: Group of CSAT, column of counts
        pgettext("csat group", "neutral"),
        # i18n: Group of CSAT, column of counts
        pgettext("csat group", "dissatisfied"),
    ),
    Metric.SOLVED: lambda pgettext: (
        # i18n: Group of "Was your issue solved?", column of counts
        pgettext("solved group", "yes"),
        # i18n: Group of "Was your issue solved?", column of counts
        pgettext("solved group", "partly"),
        # i18n: Group of "Was your issue solved?", column of counts
        pgettext("solved group", "no"),
    ),
    Metric.TREATMENT: lambda pgettext: (
        # i18n: Group of those who were treated so, column of counts
        pgettext("treatment group", "well"),
        # i18n: Group of those who were treated neither well nor badly, column of counts
        pgettext("treatment group", "neutral"),
        # i18n: Group of those who were treated so, column of counts
        pgettext("treatment group", "badly"),
    ),
    Metric.COMPETENCE: lambda pgettext: (
        # i18n: Group of those to whom we seemed so, column of counts
        pgettext("competence group", "competent"),
        # i18n: Group of those to whom we seemed neither competent nor incompetent, column of counts
        pgettext("competence group", "neutral"),
        # i18n: Group of those to whom we seemed so, column of counts
        pgettext("competence group", "incompetent"),
    ),
    **dict.fromkeys(
        (Metric.CES, Metric.CES_EASE),
        lambda pgettext: (
            # i18n: Group of CES: those who found it so, column of counts
            pgettext("ces group", "easy"),
            # i18n: Group of CES: those who found it so, column of counts
            pgettext("ces group", "neutral"),
            # i18n: Group of CES: those who found it so, column of counts
            pgettext("ces group", "difficult"),
        ),
    ),
}


def _version(speech: Language, value: str) -> str:
    key, _, number = value.rpartition(" ")
    survey = metric_name(speech, Metric(key)) if key in set(Metric) else key
    # i18n: One version of a survey. {survey}: Customer satisfaction (CSAT), {n}: 3
    return speech.gettext("{survey}, version {n}", survey=survey, n=number)


def _moved(
    speech: Language,
    metric: Metric,
    change: Change,
    better: Callable[[Language, str], str],
    worse: Callable[[Language, str], str],
) -> Moved:
    value = change.difference or 0.0
    is_good = (value > 0) == (SCALES[metric].better is Direction.HIGHER)
    said = difference(speech, metric, value)
    return Moved(better(speech, said), Tone.GOOD) if is_good else Moved(worse(speech, said), Tone.BAD)


def _better(speech: Language, by: str) -> str:
    # i18n: A demonstrable change from the period before. {difference}: +4.6 percentage points
    return speech.gettext("better: {difference}", difference=by)


def _worse(speech: Language, by: str) -> str:
    # i18n: A demonstrable change from the period before. {difference}: −4.6 percentage points
    return speech.gettext("worse: {difference}", difference=by)


def _better_than_others(speech: Language, by: str) -> str:
    # i18n: Of a group: demonstrably better than all others together. {difference}: +4.6 percentage points
    return speech.gettext("better than the others: {difference}", difference=by)


def _worse_than_others(speech: Language, by: str) -> str:
    # i18n: Of a group: demonstrably worse than all others together. {difference}: −4.6 percentage points
    return speech.gettext("worse than the others: {difference}", difference=by)


def _share(speech: Language, part: int | None, n: int) -> str:
    return speech.percent(100 * (part or 0) / n)


def _read_nps(speech: Language, score: Score) -> str:
    # i18n: Reads the NPS out. {n}: 140, {promoters}: 57%, {detractors}: 29%
    return speech.ngettext(
        "Of {n} customer, {promoters} are promoters and {detractors} are detractors.",
        "Of {n} customers, {promoters} are promoters and {detractors} are detractors.",
        score.n,
        promoters=_share(speech, score.favourable, score.n),
        detractors=_share(speech, score.unfavourable, score.n),
    )


def _read_mean(speech: Language, score: Score) -> str:
    mean, easy = speech.number(score.value, 2), _share(speech, score.favourable, score.n)
    if score.metric is Metric.CES:
        # i18n: Reads the CES out. {n}: 140, {p}: 78%, {mean}: 2.31
        return speech.ngettext(
            "Of {n} customer, {p} found it easy; the mean is {mean} (1 very easy, 7 very difficult).",
            "Of {n} customers, {p} found it easy; the mean is {mean} (1 very easy, 7 very difficult).",
            score.n,
            p=easy,
            mean=mean,
        )
    # i18n: Reads the CES 2.0 out. {n}: 140, {p}: 78%, {mean}: 5.70
    return speech.ngettext(
        "Of {n} customer, {p} found that we made it easy; the mean is {mean} on a scale up to 7.",
        "Of {n} customers, {p} found that we made it easy; the mean is {mean} on a scale up to 7.",
        score.n,
        p=easy,
        mean=mean,
    )


def _read_share(speech: Language, score: Score) -> str:
    # i18n: Reads a share out. {n}: 289, {share}: 83% satisfied
    return speech.ngettext(
        "{n} customer answered: {share}.",
        "{n} customers answered: {share}.",
        score.n,
        share=headline(speech, score),
    )


def _read_nki(speech: Language, score: Score) -> str:
    # i18n: Reads the customer satisfaction index (NKI) out; it is no percentage. {n}: 289, {value}: 67
    return speech.ngettext(
        "{n} customer answered; the index is {value} of 100.",
        "{n} customers answered; the index is {value} of 100.",
        score.n,
        value=figure(speech, Metric.NKI, score.value),
    )


_READINGS: Mapping[Metric, Callable[[Language, Score], str]] = {
    Metric.NPS: _read_nps,
    Metric.CES: _read_mean,
    Metric.CES_EASE: _read_mean,
    Metric.NKI: _read_nki,
    **dict.fromkeys(PERCENTAGES, _read_share),
}

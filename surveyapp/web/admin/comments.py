"""What customers wrote, and the answers behind a figure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue

from surveyapp import finding, stream
from surveyapp.core.access import Permission
from surveyapp.core.errors import UnknownInvitationError
from surveyapp.core.evidence import State
from surveyapp.core.scales import SCALES, Group, Metric
from surveyapp.db import Session
from surveyapp.figure_words import group_name
from surveyapp.finding import Given
from surveyapp.judging import TO_VOID
from surveyapp.metric_names import metric_name
from surveyapp.names import Labels
from surveyapp.selecting import By, Dimension
from surveyapp.stream import Read
from surveyapp.web.admin import filters, guard
from surveyapp.web.admin.filters import Chosen
from surveyapp.web.admin.forms import Form, choice, line
from surveyapp.web.admin.frame import render
from surveyapp.web.admin.wording import helpdesk_url, question_of, rating_of, verdicts
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("comments")

ON_A_PAGE = 50
TONES: Mapping[Group, str] = {Group.UNFAVOURABLE: "bad", Group.NEUTRAL: "plain", Group.FAVOURABLE: "good"}
HIGHEST = max(scale.sums[-1] for scale in SCALES.values())


class SearchForm(Form):
    """What somebody looks for in comments. The words may be a name, so they never come into an address."""

    q = line("")
    group = choice("", ())

    def __init__(self, *, group: str = "", urgent: str = "") -> None:
        super().__init__(group=group)
        tongue = spoken_language()
        # i18n: Label of the search field above customers' comments
        self.q.label.text = tongue.gettext("Words in comments")
        # i18n: Label of a choice: favourable, neutral or unfavourable ratings
        self.group.label.text = tongue.gettext("Ratings")
        # i18n: In a choice of groups of ratings: no limit
        self.group.choices = [("", tongue.gettext("all ratings")), *group_choices()]
        self.urgent = bool(urgent if request.method != "POST" else request.form.get("first"))


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating of an answer, in words."""

    metric: str
    rating: str
    group: str
    """"" where the metric has no groups."""
    tone: str


@dataclass(frozen=True, slots=True)
class Card:
    """One answer with what the page says of it."""

    read: Read
    ratings: tuple[Rated, ...]
    about: tuple[str, ...]
    """Case type, channel, language, team and agent, as far as they are known."""
    helpdesk: str
    back: str
    """Where withdrawing the answer leads; the page offers there to take that back."""


@bp.route("/figures/comments", methods=("GET", "POST"))
@guard.needs(Permission.COMMENTS)
def index() -> ResponseReturnValue:
    """The newest first, or the unfavourable ones; a search is sent, everything else stands in the address."""
    about = filters.chosen()
    form = SearchForm(group=_group_said(), urgent=request.args.get("first", ""))
    if request.method != "POST":
        return _comments(about, form, request.args.get("cursor"))
    if not form.is_sent():
        return _comments(about, form, None, words=""), 422
    if not form.q.data:
        return redirect(filters.address(".index", about, **_own(form)), 303)
    return _comments(about, form, request.form.get("cursor") or None, words=form.q.data)


@bp.get("/figures/answers")
@guard.needs(Permission.ANSWERS)
def behind() -> ResponseReturnValue:
    """The answers that a figure counts, with their tickets."""
    about, group, rating = filters.chosen(), _group(_group_said()), _rating()
    kept = {"group": str(group) if group else None, "rating": None if rating is None else str(rating)}
    cursor = request.args.get("cursor")
    with parts().database.reading() as session:
        page, more = stream.answers(
            session,
            parts().settings,
            guard.viewer(),
            about.filter,
            group=group,
            rating=rating,
            cursor=cursor,
            limit=ON_A_PAGE,
        )
        labels = Labels(session)
        bar = filters.bar(session, about, labels, **kept)
    return render(
        "answers.html",
        about=about,
        bar=bar,
        downloads=filters.downloads(about),
        tabs=filters.tabs(about),
        cards=[_card(each, labels, "") for each in page],
        narrowed=_narrowed(about, group, rating),
        unnarrowed=filters.address(".behind", about),
        is_filtered=bool(about.is_narrowed or about.filter.metric or any(kept.values())),
        sees_agents=guard.viewer().sees_agents(parts().settings.own.agent_figures),
        name=name_in(labels),
        more=filters.address(".behind", about, cursor=more, **kept) if more else "",
    )


def group_choices() -> list[tuple[str, str]]:
    """The groups of ratings to choose from, the one to act on first."""
    return [(str(group), group_words(group)) for group in TONES]


def group_words(group: Group) -> str:
    """A group as a word that fits every metric."""
    tongue = spoken_language()
    return {
        # i18n: A group of ratings, whichever way the scale runs: CSAT 1 and 2, NPS 0 to 6
        Group.UNFAVOURABLE: tongue.gettext("Unfavourable"),
        # i18n: A group of ratings, whichever way the scale runs: CSAT 3, NPS 7 and 8
        Group.NEUTRAL: tongue.pgettext("ratings", "Neutral"),
        # i18n: A group of ratings, whichever way the scale runs: CSAT 4 and 5, NPS 9 and 10
        Group.FAVOURABLE: tongue.gettext("Favourable"),
    }[group]


def name_in(labels: Labels) -> Any:
    """(dimension, value) -> what people call it; "" for none."""
    return lambda name, value: (
        "" if value is None else group_name(spoken_language(), labels, By(Dimension(name)), value)
    )


def _comments(about: Chosen, form: SearchForm, cursor: str | None, *, words: str = "") -> str:
    own = _own(form)
    with parts().database.reading() as session:
        page, more = stream.answers(
            session,
            parts().settings,
            guard.viewer(),
            about.filter,
            words=words,
            is_commented=True,
            group=_group(own["group"] or ""),
            unfavourable_first=form.urgent,
            cursor=cursor,
            limit=ON_A_PAGE,
        )
        labels = Labels(session)
        bar = filters.bar(session, about, labels, **own)
        withdrawn = _withdrawn(session)
    # Back from a search the list is whole again: its words may be a name, which no address may hold.
    back = filters.address(".index", about, **own, cursor=None if words else cursor)
    return render(
        "comments.html",
        about=about,
        bar=bar,
        tabs=filters.tabs(about),
        form=form,
        words=words,
        here=filters.address(".index", about),
        whole=filters.address(".index", about, **own),
        cards=[_card(each, labels, back) for each in page],
        is_filtered=bool(own["group"] or about.is_narrowed or about.filter.metric),
        withdrawn=withdrawn,
        back=back,
        reasons=verdicts(TO_VOID),
        cursor=more,
        more=filters.address(".index", about, **own, cursor=more) if more and not words else "",
        downloads=filters.downloads(about, "comments"),
    )


def _own(form: SearchForm) -> dict[str, str | None]:
    """What this page's address says besides the filter."""
    group = _group(form.group.data or "")
    return {"group": str(group) if group else None, "first": "unfavourable" if form.urgent else None}


def _group_said() -> str:
    return request.args.get("group", "")


def _group(said: str) -> Group | None:
    return Group(said) if said in set(Group) else None


def _rating() -> int | None:
    """A rating, or the sum of those that make an index; what is neither is no limit."""
    said = request.args.get("rating", "")
    is_number = said.isascii() and said.isdigit() and len(said) < 3
    return int(said) if is_number and int(said) <= HIGHEST else None


def _narrowed(about: Chosen, group: Group | None, rating: int | None) -> str:
    """Which ratings the list is limited to."""
    tongue = spoken_language()
    if rating is not None:
        # i18n: Above a list of answers: only those with this rating. {rating}: 4
        return tongue.gettext("Only answers with the rating {rating}.", rating=rating)
    if group is Group.UNFAVOURABLE:
        # i18n: Above a list of answers
        return tongue.gettext("Only answers with an unfavourable rating.")
    if group is Group.NEUTRAL:
        # i18n: Above a list of answers
        return tongue.gettext("Only answers with a neutral rating.")
    # i18n: Above a list of answers
    return tongue.gettext("Only answers with a favourable rating.") if group else ""


def _withdrawn(session: Session) -> finding.Story | None:
    """The invitation whose answer was withdrawn just now, when the address names one that is."""
    said = request.args.get("withdrawn", "")
    viewer = guard.viewer()
    if not said or not viewer.may(Permission.VOID):
        return None
    try:
        found = finding.detail(session, parts().settings, viewer, said, parts().clock())
    except UnknownInvitationError:
        return None
    return found if found.answer is not None and found.answer.state is State.VOID else None


def _card(read: Read, labels: Labels, back: str) -> Card:
    name = name_in(labels)
    about = (
        name(Dimension.CASE_TYPE, read.case_type),
        name(Dimension.CHANNEL, read.channel),
        name(Dimension.LOCALE, read.locale),
        name(Dimension.TEAM, read.team),
        read.agent or "",
    )
    joint = "&" if "?" in back else "?"
    return Card(
        read=read,
        ratings=tuple(_ratings(read)),
        about=tuple(each for each in about if each),
        helpdesk=helpdesk_url(read.ticket_ref),
        back=f"{back}{joint}withdrawn={read.id}",
    )


def _ratings(read: Read) -> list[Rated]:
    """The rating of the mail's question first, where it has one."""
    main = [] if read.rating is None else [Given(read.version.main.key, read.metric, read.rating)]
    return [_rated(read, each) for each in (*main, *read.further)]


def _rated(read: Read, given: Given) -> Rated:
    scale = SCALES[given.metric]
    group = scale.group(given.rating)
    return Rated(
        metric=_question(read, given, given.metric),
        rating=rating_of(read.version, given),
        group=group_words(group) if group else "",
        tone=TONES[group] if group else "plain",
    )


def _question(read: Read, given: Given, metric: Metric) -> str:
    """By the metric; where several questions make one figure, in its own words."""
    if SCALES[metric].questions > 1:
        return question_of(read.version, given)
    return metric_name(spoken_language(), metric)

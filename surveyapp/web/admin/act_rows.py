"""What the page "Where to act first" says of a change and of a distance from a target."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from surveyapp.core.decomposition import Distance, Explained, Part, shown
from surveyapp.core.periods import Period
from surveyapp.core.scales import SCALES, Direction, Group, Metric
from surveyapp.core.scoring import Score, rounded
from surveyapp.explaining import FromTarget, Line, WrittenOut, written_out
from surveyapp.figure_words import PERCENTAGES, decimals_of, difference, figure, group_name, interval
from surveyapp.figures import Figures
from surveyapp.i18n import Language
from surveyapp.names import Labels
from surveyapp.selecting import By
from surveyapp.web.admin import charts, filters
from surveyapp.web.admin.charts import Contribution, ContributionChart, IntervalLine
from surveyapp.web.admin.filters import Chosen

MOST_SENTENCES = 3
_WORTH_A_SENTENCE = Decimal("0.1")  # of the whole change
MOST_BARS = 12
NONE = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One group of a table, in words; of each pair the first is before. `name` is "" for all together."""

    name: str
    n: tuple[str, str]
    share: tuple[str, str]
    score: tuple[str, str]
    mix: str
    within: str
    total: str
    comments: str = ""
    answers: str = ""
    """Addresses; "" where the group cannot be chosen."""


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence about one group, and where to read on."""

    words: str
    comments: str
    answers: str


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """A change with its parts, as the page shows it."""

    change: str
    before: str
    after: str
    low: str
    high: str
    """"" where there is no interval."""
    is_demonstrable: bool
    mix: str
    within: str
    told: tuple[Told, ...]
    rows: tuple[Row, ...]
    all: Row
    chart: ContributionChart
    example: tuple[str, str, str]
    """The name of a group, and its two parts with all that goes into them; the rest when it is alone."""


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One group of the table below a target, in words; the line is None where no score is shown by itself."""

    name: str
    n: str
    share: str
    score: str
    interval: str
    line: IntervalLine | None
    part: str
    comments: str = ""
    answers: str = ""


@dataclass(frozen=True, slots=True)
class TargetTold:
    """A distance with its parts, as the page shows it."""

    score: str
    low: str
    high: str
    """"" where there is no interval."""
    distance: str
    is_reached: bool
    is_sure: bool
    """Whether the score's interval leaves the target out."""
    told: tuple[Told, ...]
    rows: tuple[TargetRow, ...]
    all: TargetRow


@dataclass(frozen=True, slots=True)
class Naming:
    """How the page calls the groups of its dimension, and where they lead."""

    tongue: Language
    labels: Labels
    about: Chosen
    by: By

    @property
    def metric(self) -> Metric:
        """The page is about one."""
        if self.about.filter.metric is None:
            raise ValueError("No metric was chosen.")
        return self.about.filter.metric

    def name(self, part: Part | Distance) -> str:
        """What people call the group."""
        if part.is_rest:
            # i18n: A row of a table: all groups with too few answers, counted as one
            return self.tongue.gettext("small groups together")
        return group_name(self.tongue, self.labels, self.by, part.group)

    def links(self, part: Part | Distance) -> tuple[str, str]:
        """The group's comments, the unfavourable ones first, and its answers; "" for what is no one group."""
        changes = {} if part.is_rest else filters.of_group(self.about, self.by, part.group)
        if not changes:
            return "", ""
        bare = replace(self.about, by=None)
        group = str(Group.UNFAVOURABLE) if SCALES[self.metric].has_groups else None
        return (
            filters.address("admin_comments.index", bare, **changes, first=str(Group.UNFAVOURABLE)),
            filters.address("admin_comments.behind", bare, **changes, group=group),
        )

    def signed(self, value: float) -> str:
        """A difference without its unit, as the columns have it."""
        return self.tongue.signed(value, self.decimals)

    def difference(self, value: float) -> str:
        """With its unit."""
        return difference(self.tongue, self.metric, value)

    def fine(self, value: float | None) -> str:
        """A score with one decimal more than a headline, so that small parts can be followed."""
        if value is None:
            return NONE
        if self.metric in PERCENTAGES:
            return self.tongue.percent(value, self.decimals)
        if self.metric is Metric.NPS:
            return self.tongue.signed(value, self.decimals)
        return self.tongue.number(value, self.decimals)

    @property
    def decimals(self) -> int:
        """Of differences."""
        return decimals_of(self.metric) or 1

    def is_good(self, value: float) -> bool:
        """Whether such a difference is good news."""
        return (value > 0) == (SCALES[self.metric].better is Direction.HIGHER)


def change_told(naming: Naming, figures: Figures, explained: Explained) -> ChangeTold:
    """Every number of a table once, so that sentences, chart and table cannot disagree."""
    written = written_out(explained, naming.decimals)
    rows = tuple(_rows(naming, explained.parts, written.lines))
    moved = figures.change
    low, high = (moved.low, moved.high) if moved else (None, None)
    return ChangeTold(
        change=naming.difference(float(written.change)),
        before=naming.fine(float(explained.before)),
        after=naming.fine(float(explained.after)),
        low="" if low is None else naming.signed(low),
        high="" if high is None else naming.signed(high),
        is_demonstrable=moved is not None and moved.is_demonstrable,
        mix=naming.difference(float(written.mix)),
        within=naming.difference(float(written.within)),
        told=tuple(_changes_told(naming, explained.parts, written, rows)),
        rows=rows,
        all=_all(naming, explained, written),
        chart=charts.contributions(
            [
                Contribution(row.name, float(line.mix), float(line.within))
                for row, line in list(zip(rows, written.lines, strict=True))[:MOST_BARS]
            ],
            charts.unit_of(naming.metric),
            naming.tongue,
        ),
        example=_example(naming, explained),
    )


def target_told(
    naming: Naming, whole: Score, found: FromTarget, by_group: dict[str | None, Figures]
) -> TargetTold:
    """As `change_told`; `by_group` has the intervals of the groups."""
    parts = shown([part.part for part in found.parts], naming.decimals, found.distance)
    shares = _shares([part.n for part in found.parts], naming.tongue)
    rows = tuple(
        _target_row(naming, part, share, float(number), by_group, found.target)
        for part, share, number in zip(found.parts, shares, parts, strict=True)
    )
    distance = float(rounded(float(found.distance), naming.decimals))
    ends = None if whole.low is None or whole.high is None else (whole.low, whole.high)
    is_reached = found.distance == 0 or naming.is_good(float(found.distance))
    told = (
        _kept_off(naming, row, float(number), distance)
        for row, part, number in zip(rows, found.parts, parts, strict=True)
        if not is_reached and number and not part.is_rest and not naming.is_good(float(number))
    )
    line = charts.interval(
        whole.value, whole.low, whole.high, charts.unit_of(naming.metric), float(found.target), None
    )
    return TargetTold(
        score=naming.fine(float(found.score)),
        low="" if whole.low is None else figure(naming.tongue, naming.metric, whole.low),
        high="" if whole.high is None else figure(naming.tongue, naming.metric, whole.high),
        distance=naming.difference(distance),
        is_reached=is_reached,
        is_sure=ends is not None and not ends[0] <= found.target <= ends[1],
        told=tuple(told)[:MOST_SENTENCES],
        rows=rows,
        all=TargetRow(
            name="",
            n=naming.tongue.number(sum(part.n for part in found.parts)),
            share=naming.tongue.percent(100),
            score=naming.fine(float(found.score)),
            interval=interval(naming.tongue, whole),
            line=line,
            part=naming.signed(distance),
        ),
    )


def days(tongue: Language, period: Period) -> str:
    """From the first to the last, short."""
    # i18n: A period. {first}: 1 October 2026, {last}: 31 October 2026
    return tongue.gettext(
        "{first} to {last}", first=tongue.short_date(period.first), last=tongue.short_date(period.last)
    )


def _rows(naming: Naming, parts: Sequence[Part], lines: Sequence[Line]) -> Iterator[Row]:
    before = _shares([part.n_before for part in parts], naming.tongue)
    after = _shares([part.n_after for part in parts], naming.tongue)
    for part, line, first, second in zip(parts, lines, before, after, strict=True):
        comments, answers = naming.links(part)
        yield Row(
            name=naming.name(part),
            n=(naming.tongue.number(part.n_before), naming.tongue.number(part.n_after)),
            share=(first, second),
            score=(naming.fine(part.score_before), naming.fine(part.score_after)),
            mix=naming.signed(float(line.mix)),
            within=naming.signed(float(line.within)),
            total=naming.signed(float(line.total)),
            comments=comments,
            answers=answers,
        )


def _all(naming: Naming, explained: Explained, written: WrittenOut) -> Row:
    number, whole = naming.tongue.number, naming.tongue.percent(100)
    return Row(
        name="",
        n=(
            number(sum(part.n_before for part in explained.parts)),
            number(sum(part.n_after for part in explained.parts)),
        ),
        share=(whole, whole),
        score=(naming.fine(float(explained.before)), naming.fine(float(explained.after))),
        mix=naming.signed(float(written.mix)),
        within=naming.signed(float(written.within)),
        total=naming.signed(float(written.change)),
    )


def _shares(people: Sequence[int], tongue: Language) -> list[str]:
    """With one decimal, adding up to 100."""
    everybody = sum(people)
    shares = shown([Fraction(100 * n, everybody) for n in people], 1, Fraction(100))
    return [tongue.percent(float(share), 1) for share in shares]


def _target_row(
    naming: Naming,
    part: Distance,
    share: str,
    number: float,
    by_group: dict[str | None, Figures],
    target: Fraction,
) -> TargetRow:
    comments, answers = naming.links(part)
    figures = None if part.is_rest else by_group.get(part.group)
    score = figures.score if figures else None
    unit = charts.unit_of(naming.metric)
    return TargetRow(
        name=naming.name(part),
        n=naming.tongue.number(part.n),
        share=share,
        score=naming.fine(part.score),
        interval=interval(naming.tongue, score) if score else "",
        line=charts.interval(score.value, score.low, score.high, unit, float(target), None)
        if score
        else None,
        part=naming.signed(number),
        comments=comments,
        answers=answers,
    )


def _changes_told(
    naming: Naming, parts: Sequence[Part], written: WrittenOut, rows: Sequence[Row]
) -> Iterator[Told]:
    """Of the groups that moved the score the way it went, the one that moved it most first."""
    pulling = [
        (part, line, row)
        for part, line, row in zip(parts, written.lines, rows, strict=True)
        if not part.is_rest and line.total / (written.change or 1) >= _WORTH_A_SENTENCE
    ]
    for part, line, row in pulling[:MOST_SENTENCES]:
        words = _moved(naming, part, line, row, naming.difference(float(written.change)))
        yield Told(words, row.comments, row.answers)


def _moved(naming: Naming, part: Part, line: Line, row: Row, change: str) -> str:
    tongue, said = naming.tongue, {"group": row.name, "part": row.total, "change": change}
    # The greater of the two went the way of both together.
    if abs(line.mix) > abs(line.within):
        if part.share_after > part.share_before:
            # i18n: What moved a score. {group}: Moving house, {part}: −3.1, {change}: −4.0 percentage points
            return tongue.gettext(
                "{group} adds {part} to the change of {change}: it became a larger part of all answers.",
                **said,
            )
        # i18n: What moved a score. {group}: Moving house, {part}: −3.1, {change}: −4.0 percentage points
        return tongue.gettext(
            "{group} adds {part} to the change of {change}: it became a smaller part of all answers.", **said
        )
    if naming.is_good(float(line.within)):
        # i18n: What moved a score. {group}: Moving house, {part}: +3.1, {change}: +4.0 percentage points
        return tongue.gettext(
            "{group} adds {part} to the change of {change}: the same group was rated better.", **said
        )
    # i18n: What moved a score. {group}: Moving house, {part}: −3.1, {change}: −4.0 percentage points
    return tongue.gettext(
        "{group} adds {part} to the change of {change}: the same group was rated worse.", **said
    )


def _kept_off(naming: Naming, row: TargetRow, number: float, distance: float) -> Told:
    # i18n: What keeps a score from its target. {group}: Moving house, {part}: −3.1, {score}: 71.4%,
    # {distance}: −4.0 percentage points
    words = naming.tongue.gettext(
        "{group} adds {part} to the distance of {distance}: its score is {score}.",
        group=row.name,
        part=naming.signed(number),
        score=row.score,
        distance=naming.difference(distance),
    )
    return Told(words, row.comments, row.answers)


def _example(naming: Naming, explained: Explained) -> tuple[str, str, str]:
    """With two decimals, so that it can be followed with a pencil."""
    part = explained.parts[0]
    shares = [naming.tongue.percent(share, 2) for share in (part.share_before, part.share_after)]
    both = [score for score in (part.score_before, part.score_after) if score is not None]
    first, second = (both[0], both[-1])
    mean = (float(explained.before) + float(explained.after)) / 2

    def number(value: float) -> str:
        return naming.tongue.number(value, 2)

    mix = (
        f"({shares[1]} − {shares[0]}) × (({number(first)} + {number(second)}) ÷ 2 − {number(mean)})"
        f" = {naming.tongue.signed(float(part.mix), 2)}"
    )
    within = (
        f"({shares[0]} + {shares[1]}) ÷ 2 × ({number(second)} − {number(first)})"
        f" = {naming.tongue.signed(float(part.within), 2)}"
    )
    return naming.name(part), mix, within

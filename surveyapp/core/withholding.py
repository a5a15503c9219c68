"""Withholding for readers who may not open single answers: what is too small, and what would reveal it.

They see totals of whole closed periods, and cells: what one value of one dimension has in one period. How
many answered is open everywhere; the scores are the secret. Decisions are made in the order in which periods
end and look only back, so that no later period takes back, or gives away, what an earlier one withheld.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum, StrEnum
from itertools import accumulate, pairwise

from surveyapp.core.periods import Period, Whole, whole_of
from surveyapp.core.scoring import is_withheld


class Why(StrEnum):
    """Why a score is not shown: too few answered, or it would tell what is withheld elsewhere."""

    FEW = "few"
    PROTECTS = "protects"


def withheld_totals(
    per_day: Mapping[date, int], periods: Iterable[Period], smallest: int
) -> dict[Period, Why]:
    """Which of the periods show no total; the others may, each by itself and all of them together.

    No adding and subtracting of those shown leads to a group of fewer than `smallest` people. Ask each time
    for all periods from the first answer on: leaving early ones out could decide the later ones otherwise.
    """
    position = _positions(per_day)
    why: dict[Period, Why] = {}
    groups: dict[int, int] = {}
    for period in sorted(set(periods), key=_order):
        start, end = position(period.first), position(period.last + timedelta(days=1))
        if start == end:
            continue
        joined = _joined(groups, start, end)
        if is_withheld(end - start, smallest):
            why[period] = Why.FEW
        elif joined != groups and _tells_of_fewer(joined, smallest):
            why[period] = Why.PROTECTS
        else:
            groups = joined
    return why


def withheld_cells(
    months: Mapping[Period, Mapping[str | None, int]], totals: Mapping[Period, Why], smallest: int
) -> dict[tuple[str | None, Period], Why]:
    """Which (value, period) show no score, of the months and of the quarters and years that they fill.

    `months` holds every closed month of each calendar year in it, also those in which nobody answered;
    `totals` comes from `withheld_totals` with the same `smallest`. No adding and subtracting of all that is
    shown leads to a withheld cell (D. Gusfield, A graph theoretic approach to statistical data security,
    SIAM J. Comput. 17, 1988).
    """
    why: dict[tuple[str | None, Period], Why] = {}
    for year in sorted({month.first.year for month in months}):
        table = _Table(totals, smallest)
        for period, parts in _decided({month for month in months if month.first.year == year}):
            table.decide(period, parts, months.get(period, {}))
        why |= {(row, period): reason for (row, period), reason in table.why.items() if row is not _TOTAL}
    return why


class _Total(Enum):
    TOTAL = "total"


_TOTAL = _Total.TOTAL

_Row = str | _Total | None
_Cell = tuple[_Row, Period]


def _order(period: Period) -> tuple[date, int]:
    return period.last, period.days


def _positions(per_day: Mapping[date, int]) -> Callable[[date], int]:
    """How many answered before a day: days between which nobody answered are one position."""
    days = sorted(per_day)
    sums = [0, *accumulate(per_day[day] for day in days)]
    return lambda day: sums[bisect_left(days, day)]


def _joined(groups: Mapping[int, int], start: int, end: int) -> dict[int, int]:
    """Two positions are in one group when what lies between them can be worked out."""
    first, second = groups.get(start, start), groups.get(end, end)
    merged = {position: first if group == second else group for position, group in groups.items()}
    return merged | {start: first, end: first}


def _tells_of_fewer(groups: Mapping[int, int], smallest: int) -> bool:
    """Whether some stretches together can be worked out and hold fewer than `smallest` people, but any.

    One stretch can be when its ends are in one group. Several can be when in each group as many of them begin
    as end: a month less the weeks within it is its first days and its last days.
    """
    ends = _possible_ends(groups, smallest)
    least = {_Stretches(): 0}
    left = Counter(groups[position] for position in ends)
    here = 0
    for position in ends:
        group = groups[position]
        left[group] -= 1
        further: dict[_Stretches, int] = {}
        for before, n in least.items():
            people = n + position - here if before.is_inside else n
            for after in (before, before.turned(group)):
                if people and after == _Stretches() and people < smallest:
                    return True
                if people < smallest and abs(after.balance(group)) <= left[group]:
                    further[after] = min(further.get(after, people), people)
        least, here = further, position
    return False


def _possible_ends(groups: Mapping[int, int], smallest: int) -> list[int]:
    """The positions, in order, that have another near enough, and another of their group to pair with."""
    ends = sorted(groups)
    while True:
        in_group = Counter(groups[position] for position in ends)
        is_near = [False, *(after - before < smallest for before, after in pairwise(ends)), False]
        kept = [
            position
            for place, position in enumerate(ends)
            if (is_near[place] or is_near[place + 1]) and in_group[groups[position]] > 1
        ]
        if len(kept) == len(ends):
            return kept
        ends = kept


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Stretches chosen so far: whether one is open, and by group how many more of them begin than end."""

    is_inside: bool = False
    unpaired: frozenset[tuple[int, int]] = frozenset()

    def balance(self, group: int) -> int:
        return dict(self.unpaired).get(group, 0)

    def turned(self, group: int) -> "_Stretches":
        balance = self.balance(group) + (-1 if self.is_inside else 1)
        others = {item for item in self.unpaired if item[0] != group}
        return _Stretches(not self.is_inside, frozenset(others | ({(group, balance)} if balance else set())))


def _decided(months: set[Period]) -> Iterator[tuple[Period, list[Period]]]:
    """The months of one year and the whole units that they fill, with the parts of each, in order."""
    quarters = _filled(months, Whole.QUARTER, 3)
    years = _filled(set(quarters), Whole.YEAR, 4)
    parts: dict[Period, list[Period]] = {month: [] for month in months} | quarters | years
    for period in sorted(parts, key=_order):
        yield period, parts[period]


def _filled(parts: set[Period], kind: Whole, number: int) -> dict[Period, list[Period]]:
    units: defaultdict[Period, list[Period]] = defaultdict(list)
    for part in sorted(parts):
        units[whole_of(kind, part.first)].append(part)
    return {unit: found for unit, found in units.items() if len(found) == number}


@dataclass(slots=True)
class _Table:
    """One calendar year: what each value has in each period, and the sums that tie them to each other.

    A sum has the name of the cell that it is: (value, quarter) of the value's months, (value, year) of its
    quarters, (total, month) of the values. An unknown cell lies in two of them at most, so the unknown cells
    are the edges of a graph whose nodes are the sums, and one can be worked out when it is a bridge there.
    """

    totals: Mapping[Period, Why]
    smallest: int
    why: dict[_Cell, Why] = field(default_factory=dict)
    _n: dict[_Cell, int] = field(default_factory=dict)
    _unit: dict[Period, Period] = field(default_factory=dict)
    _months: set[Period] = field(default_factory=set)

    def decide(self, period: Period, parts: list[Period], month: Mapping[str | None, int]) -> None:
        """Withhold what this period must not show; nothing of an earlier period is changed."""
        counts = self._counts(parts) if parts else {row: n for row, n in month.items() if n}
        self._n |= {(row, period): n for row, n in counts.items()}
        self._unit |= dict.fromkeys(parts, period)
        if not parts:
            self._months.add(period)
        if period in self.totals:
            self.why[_TOTAL, period] = self.totals[period]
        secrets = {row: self._parts_withheld(row, parts) for row in counts}
        # What only adds up shown parts is no secret, and withholding it would protect nothing.
        open_rows = {row for row in counts if parts and not secrets[row]}
        for row in counts.keys() - open_rows:
            self._judge(row, period, secrets[row])
        closed_rows = counts.keys() - open_rows
        self._protect(period, sorted(closed_rows, key=lambda row: (counts[row], row is not None, row or "")))

    def _counts(self, parts: list[Period]) -> dict[str | None, int]:
        counts: Counter[str | None] = Counter()
        for (row, period), n in self._n.items():
            if period in parts and not isinstance(row, _Total):
                counts[row] += n
        return dict(counts)

    def _parts_withheld(self, row: _Row, parts: list[Period]) -> list[int]:
        return [self._n[row, part] for part in parts if (row, part) in self.why]

    def _judge(self, row: str | None, period: Period, secrets: list[int]) -> None:
        """What the cell's own count and its own parts ask for."""
        if is_withheld(self._n[row, period], self.smallest):
            self.why[row, period] = Why.FEW
        elif period in self.totals or len(secrets) == 1 or 0 < sum(secrets) < self.smallest:
            self.why[row, period] = Why.PROTECTS

    def _protect(self, period: Period, rows: list[str | None]) -> None:
        """Withhold the smallest cells of the period until nothing withheld can be worked out.

        It ends at the latest with all of them withheld. Then each sum over the period has an unknown of its
        own, so the period ties no two earlier unknowns together, and those were safe before it.
        """
        for row in [row for row in rows if (row, period) not in self.why]:
            if self._is_safe(period, rows):
                return
            self.why[row, period] = Why.PROTECTS

    def _is_safe(self, period: Period, rows: list[str | None]) -> bool:
        hidden = [self._n[row, period] for row in rows if (row, period) in self.why]
        if hidden and period not in self.totals and (len(hidden) == 1 or sum(hidden) < self.smallest):
            return False
        return not _has_bridge([self._sums_of(cell) for cell in self.why])

    def _sums_of(self, cell: _Cell) -> tuple[_Cell | None, _Cell | None]:
        """The sums in which the cell lies; None is the ground, for a sum that nobody is shown yet."""
        row, period = cell
        own = (_TOTAL, period) if period in self._months else cell
        return own, (row, self._unit[period]) if period in self._unit else None


def _has_bridge(edges: list[tuple[_Cell | None, _Cell | None]]) -> bool:
    """Whether leaving out one of the edges parts two nodes; two edges between the same nodes are no bridge.

    R. Tarjan, A note on finding the bridges of a graph, 1974: no edge of the subtree leads further back.
    """
    beside: defaultdict[_Cell | None, list[tuple[_Cell | None, int]]] = defaultdict(list)
    for name, (one, other) in enumerate(edges):
        beside[one].append((other, name))
        beside[other].append((one, name))
    seen: dict[_Cell | None, int] = {}
    back: dict[_Cell | None, int] = {}
    for root in beside:
        if root in seen:
            continue
        seen[root] = back[root] = len(seen)
        path = [(root, -1, iter(beside[root]))]
        while path:
            node, arrival, others = path[-1]
            step = next(others, None)
            if step is None:
                path.pop()
                if path:
                    before = path[-1][0]
                    back[before] = min(back[before], back[node])
                    if back[node] > seen[before]:
                        return True
            elif step[1] == arrival:
                continue
            elif step[0] in seen:
                back[node] = min(back[node], seen[step[0]])
            else:
                seen[step[0]] = back[step[0]] = len(seen)
                path.append((step[0], step[1], iter(beside[step[0]])))
    return False

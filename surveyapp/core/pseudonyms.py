"""Pseudonyms of agents: how they are made, and which of their figures would point at single tickets.

A leader may open every answer (its ticket and its rating, without the agent) and sees what a pseudonym has in
whole closed months and quarters. A figure is safe when each ticket behind it could be swapped with another
agent's of the same month and every figure would stay: then nobody can tell whose of the two it is. What the
figures leave over is safe when it is that of two agents at least, who could change places.
"""

import hmac
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise

from surveyapp.core.periods import Period, Whole, whole_of
from surveyapp.core.scales import SCALES, Group, Metric
from surveyapp.core.scoring import is_withheld


class Seen(StrEnum):
    """Why an agent's figure is not shown.

    FEW says how many answered. ALONE says nothing at all, not even that the agent has answers in the period:
    the tickets that are nobody else's would be this agent's, or that of whoever is left out beside them.
    """

    FEW = "few"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class AgentMonth:
    """One agent's tally of one metric in a month, whole and by case type."""

    ratings: Mapping[int, int]
    by_case_type: Mapping[str | None, Mapping[int, int]]


Month = Mapping[str | None, AgentMonth]


def pseudonym(key: str, agent_ref: str) -> str:
    """The same for an agent as long as the key is, such as "K7Q-F3M"; nobody without the key can make it.

    Among a thousand agents two share one with a chance of 0.4 %, so it never stands for the agent in a query.
    """
    number = int(hmac.new(key.encode(), f"agent-pseudonym:{agent_ref}".encode(), sha256).hexdigest(), 16)
    signs = ""
    for _ in range(_LENGTH):
        number, place = divmod(number, len(_ALPHABET))
        signs += _ALPHABET[place]
    return f"{signs[:3]}-{signs[3:]}"


def withheld_agents(
    metric: Metric, months: Mapping[Period, Month], smallest: int, *, order: Callable[[str], str] = str
) -> dict[tuple[str, Period], Seen]:
    """Which (agent, month) and, where all three months are given, (agent, quarter) show no figure.

    `months` holds all tickets of closed months; None is whoever answered without an agent, who is no agent to
    be shown, nor company. What is shown may tell of the score, n and groups, but of a mean only where that is
    the score. Agents are left out with their neighbours in `order`, which must not tell of their tickets.
    """
    seen: dict[tuple[str, Period], Seen] = {}
    for period, month in months.items():
        left_out = _left_out(metric, month, order)
        for agent, n in _agents(month):
            if agent in left_out:
                seen[agent, period] = Seen.ALONE
            elif is_withheld(n, smallest):
                seen[agent, period] = Seen.FEW
    for quarter, three in _quarters(months).items():
        for agent, n in _agents_of([months[month] for month in three]):
            reason = _quarter(agent, n, {month: months[month] for month in three}, seen, smallest)
            if reason is not None:
                seen[agent, quarter] = reason
    return seen


def may_show_expected(metric: Metric, month: Month, agent: str) -> bool:
    """Whether the figure expected from the agent's case types may stand beside a shown one of the month.

    Only where in each group that the agent has, every case type is shared: a ticket whose case type only one
    agent has in its group can be swapped with tickets of other case types alone, which would move the figures
    expected of both.
    """
    holders = _holders(metric, month)
    own = {kind for kind, _ in (pair for pair, agents in holders.items() if agent in agents)}
    return not any(kind in own and len(agents) < 2 for (kind, _), agents in holders.items())


# Without what looks alike (0 and O, 1, I and L, 2 and Z, 5 and S, 8 and B) and without vowels: no words.
_ALPHABET = "CDFGHJKMNPQRTVWXY34679"
_LENGTH = 6
_HEADLINE_IS_MEAN = frozenset({Metric.CES, Metric.CES_EASE, Metric.NKI})

_Kind = Group | int | None


def _kind(metric: Metric, rating: int) -> _Kind:
    """What a rating has to have in common with another for their swap to move no score."""
    return rating if metric in _HEADLINE_IS_MEAN else SCALES[metric].group(rating)


def _left_out(metric: Metric, month: Month, order: Callable[[str], str]) -> set[str]:
    """Whoever has a ticket of which nobody else has the like, and their neighbours.

    Of one agent alone the list itself would say whose the tickets are that it leaves over. Who is whose
    neighbour depends on nobody's tickets: had a neighbour all of them, the same agents would be left out.
    """
    lonely = _lonely(metric, month)
    return {agent for circle in _circles(month, order) if not lonely.isdisjoint(circle) for agent in circle}


def _circles(month: Month, order: Callable[[str], str]) -> Iterator[list[str]]:
    """The month's agents two by two, the last three together where they are odd; one alone is alone."""
    agents = sorted((agent for agent, _ in _agents(month)), key=lambda agent: (order(agent), agent))
    ends = [*range(2, len(agents) - 1, 2), len(agents)]
    for start, end in pairwise([0, *ends]):
        yield agents[start:end]


def _lonely(metric: Metric, month: Month) -> set[str]:
    """The agents who have a ticket of which nobody else has the like."""
    holders: defaultdict[_Kind, set[str]] = defaultdict(set)
    for (kind, _), agents in _holders(metric, month).items():
        holders[kind] |= agents
    return {agent for agents in holders.values() if len(agents) == 1 for agent in agents}


def _holders(metric: Metric, month: Month) -> Mapping[tuple[_Kind, str | None], set[str]]:
    """Which agents have a ticket of the kind and case type.

    Tickets without an agent are company for nobody's: what they have in common may give them away, such as
    that all of them were imported.
    """
    holders: defaultdict[tuple[_Kind, str | None], set[str]] = defaultdict(set)
    for agent, its in month.items():
        if agent is None:
            continue
        for case_type, ratings in its.by_case_type.items():
            for rating, n in ratings.items():
                if n:
                    holders[_kind(metric, rating), case_type].add(agent)
    return holders


def _agents(month: Month) -> Iterator[tuple[str, int]]:
    for agent, its in month.items():
        n = sum(its.ratings.values())
        if agent is not None and n:
            yield agent, n


def _agents_of(months: list[Month]) -> Iterator[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for month in months:
        counts.update(dict(_agents(month)))
    yield from counts.items()


def _quarters(months: Mapping[Period, Month]) -> dict[Period, list[Period]]:
    found: defaultdict[Period, list[Period]] = defaultdict(list)
    for month in sorted(months):
        found[whole_of(Whole.QUARTER, month.first)].append(month)
    return {quarter: three for quarter, three in found.items() if len(three) == 3}


def _quarter(
    agent: str,
    n: int,
    months: Mapping[Period, Month],
    seen: Mapping[tuple[str, Period], Seen],
    smallest: int,
) -> Seen | None:
    active = [period for period, month in months.items() if agent in dict(_agents(month))]
    listed = [period for period in active if seen.get((agent, period)) is not Seen.ALONE]
    # Of a month in which anybody is left out, whoever is not listed loses the quarter too, with answers there
    # or without: else a missing quarter would say whose the tickets are that the month leaves over.
    hiding = {period for (_, period), reason in seen.items() if period in months and reason is Seen.ALONE}
    if not hiding <= set(listed):
        return Seen.ALONE
    if is_withheld(n, smallest):
        return Seen.FEW
    # All or none: the quarter less the months shown would be the small month.
    is_shown = {(agent, period) not in seen for period in active}
    return Seen.ALONE if len(is_shown) > 1 else None

"""Pseudonyms: their form, the rules in small examples, and tickets swapped under all that is shown."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.core.periods import Grain, Period, Whole, parts, whole_of
from surveyapp.core.pseudonyms import AgentMonth, Seen, may_show_expected, pseudonym, withheld_agents
from surveyapp.core.scales import Metric

QUARTER = whole_of(Whole.QUARTER, date(2026, 1, 1))
JANUARY, FEBRUARY, MARCH = MONTHS = parts(QUARTER, Grain.MONTH)


@dataclass(frozen=True)
class Ticket:
    """One answered ticket, as only the operator knows it."""

    month: Period
    agent: str | None
    rating: int
    case_type: str | None = None


def of(
    agent: str | None, *ratings: int, month: Period = JANUARY, case_type: str | None = None
) -> list[Ticket]:
    return [Ticket(month, agent, rating, case_type) for rating in ratings]


def months_of(tickets: Sequence[Ticket]) -> dict[Period, dict[str | None, AgentMonth]]:
    return {
        month: {
            agent: agent_month([each for each in tickets if (each.month, each.agent) == (month, agent)])
            for agent in {each.agent for each in tickets if each.month == month}
        }
        for month in MONTHS
    }


def agent_month(tickets: Sequence[Ticket]) -> AgentMonth:
    types = {each.case_type for each in tickets}
    return AgentMonth(
        ratings=Counter(each.rating for each in tickets),
        by_case_type={
            name: Counter(each.rating for each in tickets if each.case_type == name) for name in types
        },
    )


def kind(metric: Metric, rating: int) -> int:
    """What of a rating can be told from the score: for CES the rating, for CSAT its group."""
    return rating if metric is Metric.CES else (rating > 3) - (rating < 3)


@dataclass(frozen=True)
class Leader:
    """What is shown of the agents in the one true world, which the leader tries to tell from others."""

    metric: Metric
    tickets: Sequence[Ticket]
    smallest: int

    def sees(self, tickets: Sequence[Ticket]) -> dict[Any, Any]:
        """The same tables, of another world."""
        seen = withheld_agents(self.metric, months_of(tickets), self.smallest)
        shown: dict[Any, Any] = {}
        for agent, period in {(each.agent, period) for each in tickets for period in (*MONTHS, QUARTER)}:
            own = [each for each in tickets if each.agent == agent and period.contains(each.month)]
            reason = seen.get((agent, period)) if agent is not None else None
            if not own or reason is Seen.ALONE:
                continue
            shown[agent, period] = reason, len(own)
            if reason is None:
                shown[agent, period, "score"] = Counter(kind(self.metric, each.rating) for each in own)
                if agent is not None and period != QUARTER and self._sees_expected(agent, period):
                    shown[agent, period, "mix"] = Counter(each.case_type for each in own)
        return shown

    def _sees_expected(self, agent: str, month: Period) -> bool:
        return may_show_expected(self.metric, months_of(self.tickets)[month], agent)


def swaps(tickets: Sequence[Ticket], place: int) -> list[list[Ticket]]:
    """The worlds in which another agent of the month had this ticket and this agent one of the other's.

    Tickets without an agent may be known for that, so they are nobody's to swap with.
    """
    mine, found = tickets[place], []
    for other, yours in enumerate(tickets):
        if yours.month == mine.month and yours.agent not in (mine.agent, None):
            world = list(tickets)
            world[place], world[other] = replace(mine, agent=yours.agent), replace(yours, agent=mine.agent)
            found.append(world)
    return found


def exchanged(tickets: Sequence[Ticket], month: Period, one: str, other: str) -> list[Ticket]:
    """The world in which each of the two had all that the other had in the month."""
    places = {one: other, other: one}
    return [
        replace(each, agent=places.get(each.agent or "", each.agent)) if each.month == month else each
        for each in tickets
    ]


many = st.lists(
    st.builds(
        Ticket,
        month=st.sampled_from(MONTHS),
        agent=st.sampled_from(["anna", "bo", "cai", "dan", "eve", None]),
        rating=st.integers(1, 4),
        case_type=st.sampled_from(["billing", None]),
    ),
    min_size=6,
    max_size=30,
)
metrics = st.sampled_from([Metric.CSAT, Metric.CES])


@given(metric=metrics, tickets=many, smallest=st.integers(1, 3))
@settings(max_examples=60)
def test_each_ticket_behind_a_listed_agent_could_as_well_be_another_agents(
    metric: Metric, tickets: list[Ticket], smallest: int
) -> None:
    leader = Leader(metric, tickets, smallest)
    shown = leader.sees(tickets)
    for place, ticket in enumerate(tickets):
        if ticket.agent is not None and (ticket.agent, ticket.month) in shown:
            assert any(leader.sees(world) == shown for world in swaps(tickets, place)), ticket


@given(metric=metrics, tickets=many, smallest=st.integers(1, 3))
@settings(max_examples=60)
def test_the_tickets_that_a_list_leaves_over_could_each_be_those_of_two_agents(
    metric: Metric, tickets: list[Ticket], smallest: int
) -> None:
    shown = Leader(metric, tickets, smallest).sees(tickets)
    for month in MONTHS:
        agents = {each.agent for each in tickets if each.month == month and each.agent is not None}
        left_out = {agent for agent in agents if (agent, month) not in shown}
        for agent in left_out if len(agents) > 1 else ():
            worlds = [exchanged(tickets, month, agent, other) for other in left_out - {agent}]
            assert any(Leader(metric, world, smallest).sees(world) == shown for world in worlds), agent


@given(metric=metrics, tickets=many, smallest=st.integers(1, 3))
@settings(max_examples=60)
def test_whoever_is_left_out_of_a_month_could_as_well_be_somebody_never_heard_of(
    metric: Metric, tickets: list[Ticket], smallest: int
) -> None:
    shown = Leader(metric, tickets, smallest).sees(tickets)
    left_out = {(each.agent, each.month) for each in tickets} - shown.keys()
    for agent, month in sorted(left_out, key=str):
        world = [
            # With a name that stands where theirs stood: the true order is one that nobody can work out.
            replace(each, agent=f"{agent}'") if (each.agent, each.month) == (agent, month) else each
            for each in tickets
        ]
        assert Leader(metric, world, smallest).sees(world) == shown


@given(metric=metrics, tickets=many, smallest=st.integers(2, 4))
def test_an_agent_with_too_few_answers_never_shows_a_score(
    metric: Metric, tickets: list[Ticket], smallest: int
) -> None:
    seen = withheld_agents(metric, months_of(tickets), smallest)
    for (agent, month), n in Counter((each.agent, each.month) for each in tickets).items():
        assert n >= smallest or agent is None or (agent, month) in seen
    shown = Leader(metric, tickets, smallest).sees(tickets)
    for agent in {each.agent for each in tickets if (each.agent, QUARTER, "score") in shown}:
        own = Counter(each.month for each in tickets if each.agent == agent)
        rest = sum(n for month, n in own.items() if (agent, month, "score") not in shown)
        assert agent is None or rest == 0 or rest >= smallest


def test_two_agents_with_the_same_groups_are_both_shown() -> None:
    tickets = [*of("anna", 5, 4, 1), *of("bo", 4, 2, 2)]
    assert withheld_agents(Metric.CSAT, months_of(tickets), 3) == {}


def left_out(seen: dict[tuple[str, Period], Seen], period: Period = JANUARY) -> str:
    return "".join(sorted(agent for agent, its in seen if its == period))


def test_with_the_only_unfavourable_rating_an_agent_and_a_neighbour_are_left_out_also_of_the_quarter() -> (
    None
):
    tickets = [each for agent in "abcde" for each in of(agent, 4, 5, 5)]
    of_all = {
        lonely: withheld_agents(Metric.CSAT, months_of([*tickets, *of(lonely, 1)]), 3) for lonely in "abcde"
    }
    assert {lonely: left_out(seen) for lonely, seen in of_all.items()} == {
        "a": "ab", "b": "ab", "c": "cde", "d": "cde", "e": "cde",
    }  # fmt: skip
    assert {lonely: left_out(seen, QUARTER) for lonely, seen in of_all.items()} == {
        lonely: left_out(seen) for lonely, seen in of_all.items()
    }
    assert {reason for seen in of_all.values() for reason in seen.values()} == {Seen.ALONE}


def test_neighbours_are_those_of_the_order_that_is_given() -> None:
    tickets = [each for agent in "abcd" for each in of(agent, 4, 5, 5)]
    order = {"a": "1", "c": "2", "b": "3", "d": "4"}
    seen = withheld_agents(Metric.CSAT, months_of([*tickets, *of("a", 1)]), 3, order=order.__getitem__)
    assert left_out(seen) == "ac"


def test_where_there_are_too_few_to_share_what_is_left_over_nobody_is_listed() -> None:
    three = [*of("a", 5, 5, 5), *of("b", 5, 5, 5, 1), *of("c", 5, 5, 5)]
    assert left_out(withheld_agents(Metric.CSAT, months_of(three), 3)) == "abc"
    assert left_out(withheld_agents(Metric.CSAT, months_of(of("a", 5, 5, 5)), 3)) == "a"


def test_who_answered_without_an_agent_is_no_company() -> None:
    tickets = [*of("anna", 5, 4, 1), *of(None, 2, 4)]
    assert left_out(withheld_agents(Metric.CSAT, months_of(tickets), 3)) == "anna"
    shared = [*of("anna", 5, 5), *of("bo", 5, 5)]
    [month, *_] = months_of([*shared, *of("anna", 5, case_type="x"), *of(None, 5, case_type="x")]).values()
    assert not may_show_expected(Metric.CSAT, month, "anna")
    [month, *_] = months_of([*shared, *of(None, 5, case_type="x")]).values()
    assert may_show_expected(Metric.CSAT, month, "anna")


def test_where_the_score_is_a_mean_the_rating_itself_must_be_shared() -> None:
    tickets = [*of("anna", 1, 2, 2), *of("bo", 1, 1, 3)]
    assert withheld_agents(Metric.CES, months_of(tickets), 3) == {
        (agent, period): Seen.ALONE for agent in ("anna", "bo") for period in (JANUARY, QUARTER)
    }


def test_few_answers_say_how_many_where_that_points_at_no_ticket() -> None:
    tickets = [*of("anna", 5), *of("bo", 5, 5, 4)]
    seen = withheld_agents(Metric.CSAT, months_of(tickets), 3)
    assert seen == {("anna", JANUARY): Seen.FEW, ("anna", QUARTER): Seen.FEW}


def test_a_quarter_that_would_tell_of_its_one_small_month_is_withheld() -> None:
    tickets = [*of("anna", 5, 5, 5), *of("anna", 4, month=MARCH), *of("bo", 5, 5, 5)]
    tickets += of("bo", 5, 5, 5, month=MARCH)
    seen = withheld_agents(Metric.CSAT, months_of(tickets), 3)
    assert seen == {("anna", MARCH): Seen.FEW, ("anna", QUARTER): Seen.ALONE}


def test_small_months_together_show_a_quarter() -> None:
    tickets = [each for month in MONTHS for agent in ("anna", "bo") for each in of(agent, 5, 2, month=month)]
    seen = withheld_agents(Metric.CSAT, months_of(tickets), 5)
    assert {period for _, period in seen} == {JANUARY, FEBRUARY, MARCH}
    assert set(seen.values()) == {Seen.FEW}


def test_a_quarter_is_judged_only_when_its_three_months_are_known() -> None:
    months = months_of([*of("anna", 5), *of("bo", 5)])
    assert ("bo", QUARTER) in withheld_agents(Metric.CSAT, months, 3)
    del months[MARCH]
    assert withheld_agents(Metric.CSAT, months, 3).keys() == {("anna", JANUARY), ("bo", JANUARY)}


def test_a_case_type_that_only_one_agent_has_in_a_group_hides_what_is_expected() -> None:
    shared = [*of("anna", 5, 1), *of("bo", 5, 1)]
    month = months_of(shared)[JANUARY]
    assert may_show_expected(Metric.CSAT, month, "anna")
    month = months_of([*shared, *of("bo", 5, case_type="outage")])[JANUARY]
    assert not may_show_expected(Metric.CSAT, month, "anna")
    assert not may_show_expected(Metric.CSAT, month, "bo")


def test_a_pseudonym_is_short_steady_and_without_what_looks_alike() -> None:
    names = {pseudonym("key", f"agent-{number}") for number in range(300)}
    assert len(names) == 300
    assert pseudonym("key", "agent-1") in names
    assert all(
        re.fullmatch(r"[CDFGHJKMNPQRTVWXY34679]{3}-[CDFGHJKMNPQRTVWXY34679]{3}", name) for name in names
    )


@pytest.mark.parametrize(("key", "agent"), [("other", "agent-1"), ("key", "agent-2")])
def test_another_key_or_agent_makes_another_pseudonym(key: str, agent: str) -> None:
    assert pseudonym(key, agent) != pseudonym("key", "agent-1")

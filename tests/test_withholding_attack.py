"""Everything that a reader can get is put together: no withheld figure and no agent's ticket comes out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy import case, insert, update

from surveyapp import agent_figures, reports
from surveyapp.core.access import AgentFigures, Reader
from surveyapp.core.errors import FieldError
from surveyapp.core.periods import Grain, Period, Whole, newest_closed, parts, whole_of
from surveyapp.core.pseudonyms import pseudonym
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.figures import Figures
from surveyapp.models import Answer, AnswerEvent, Invitation, Rating
from surveyapp.selecting import By, Dimension, Filter
from tests.support.people import Site, opened

VIEWER = Reader(None, is_bound=True, agents=AgentFigures.OFF)
LEADER = Reader(None, is_bound=False, agents=AgentFigures.PSEUDONYMOUS)
MONDAY = datetime(2026, 4, 6, 8, tzinfo=UTC)
"""A week, a month and a quarter were closed two hours ago; 6:00 in Berlin was 4:00 UTC."""
DIMENSIONS = (By(Dimension.TEAM), By(Dimension.PROPERTY, "plan"))


@dataclass(frozen=True, slots=True)
class Ticket:
    """One answer of csat; `late`: so many days after its day it counted for the first time."""

    at: datetime
    rating: int
    about: Mapping[str, Any]
    late: int = 0

    @property
    def counted_at(self) -> datetime:
        return self.at + timedelta(days=self.late)


def store(site: Site, tickets: Sequence[Ticket]) -> list[str]:
    """As the worker would have left them, many at a time: the invitations are copies of one."""
    pattern = site.rows(Invitation)
    if not pattern:
        site.invited()
        pattern = site.rows(Invitation)
    number = len(pattern)
    rows: dict[Any, list[dict[str, Any]]] = {model: [] for model in (Invitation, Answer, Rating, AnswerEvent)}
    for place, ticket in enumerate(tickets):
        its, day = f"i{number + place}", ticket.at.date()
        given = {"team": None, "case_type": None, "agent_ref": None, "properties": {}, **ticket.about}
        dates = {"day": day, "asked_on": day, "created_at": ticket.at, "accepted_at": ticket.at}
        rows[Invitation].append({**pattern[0], "id": its, "ticket_ref": f"T{its}", **dates, **given})
        rows[Answer].append(_answer(its, ticket, day))
        rows[Rating].append(
            {"invitation_id": its, "question": "csat", "metric": "csat", "rating": ticket.rating}
        )
        rows[AnswerEvent].append(_event(its, ticket))
    with site.database.transaction() as session:
        for model, given_rows in rows.items():
            if given_rows:
                session.execute(insert(model), given_rows)
    return [row["id"] for row in rows[Invitation]]


def _answer(its: str, ticket: Ticket, day: date) -> dict[str, Any]:
    return {
        "invitation_id": its, "metric": "csat", "state": "counted", "reason": None, "evidence": "press",
        "rating": ticket.rating, "began_at": ticket.at, "day": day, "first_counted_at": ticket.counted_at,
        "changed_at": ticket.counted_at, "comment": None, "revision": 1, "seen": {}, "has_stayed": True,
        "is_automated": False, "is_unverified": False, "settle_at": None,
    }  # fmt: skip


def _event(its: str, ticket: Ticket) -> dict[str, Any]:
    return {
        "invitation_id": its, "revision": 1, "at": ticket.counted_at, "state": "counted", "reason": None,
        "evidence": "press", "ratings": {"csat": ticket.rating},
    }  # fmt: skip


# --- a viewer, with linear algebra ------------------------------------------------------------------

Unknown = tuple[str, str | None, Period]
"""How many of a dimension's value were favourable in a piece of a week and a month."""


class Attacker:
    """Solves for whatever follows from sums that are known."""

    def __init__(self) -> None:
        self._rows: dict[Unknown, dict[Unknown, Fraction]] = {}
        self._places: dict[Unknown, int] = {}

    def learn(self, sums: Mapping[Unknown, int]) -> None:
        rest = self._rest(sums)
        if rest:
            pivot = min(rest, key=self._place)
            self._rows[pivot] = {name: factor / rest[pivot] for name, factor in rest.items()}

    def knows(self, sums: Mapping[Unknown, int]) -> bool:
        return not self._rest(sums)

    def _place(self, name: Unknown) -> int:
        return self._places.setdefault(name, len(self._places))

    def _rest(self, sums: Mapping[Unknown, int]) -> dict[Unknown, Fraction]:
        rest = {name: Fraction(factor) for name, factor in sums.items() if factor}
        while rest and (pivot := min(rest, key=self._place)) in self._rows:
            times = rest[pivot]
            for name, factor in self._rows[pivot].items():
                rest[name] = rest.get(name, Fraction(0)) - times * factor
            rest = {name: factor for name, factor in rest.items() if factor}
        return rest


@dataclass(frozen=True, slots=True)
class View:
    """What anybody knows: how many answered, by value and piece, and which sums a figure stands for."""

    counts: Mapping[Unknown, int]

    def sums(self, by: str, value: str | None, period: Period, *, is_total: bool) -> dict[Unknown, int]:
        return {
            name: 1
            for name, n in self.counts.items()
            if n and name[0] == by and (is_total or name[1] == value) and period.contains(name[2])
        }


def value_of(ticket: Ticket, by: By) -> str | None:
    if by.dimension is Dimension.PROPERTY:
        plan: str | None = ticket.about["properties"].get(by.name)
        return plan
    named: str | None = ticket.about[by.dimension]
    return named


def view_of(tickets: Sequence[Ticket]) -> View:
    """Of the answers that counted before their week was closed."""
    counts: dict[Unknown, int] = {}
    for ticket in tickets:
        week = whole_of(Whole.WEEK, ticket.at.date())
        closing = datetime.combine(week.last + timedelta(days=1), datetime.min.time(), UTC)
        if ticket.counted_at < closing + timedelta(hours=4):
            [piece] = [each for each in parts(week, Grain.MONTH) if ticket.at.date() in each]
            for by in DIMENSIONS:
                name = (str(by), value_of(ticket, by), piece)
                counts[name] = counts.get(name, 0) + 1
    return View(counts)


def closed(kind: Whole, first: date, now: datetime, site: Site) -> Iterator[Period]:
    period = newest_closed(kind, site.settings.timezone, now)
    while period.last >= first:
        yield period
        period = period.previous


@dataclass(frozen=True, slots=True)
class Reply:
    """One figure of a group (or of all) in a period."""

    by: str
    value: str | None
    period: Period
    is_total: bool
    figures: Figures


def everything(site: Site, now: datetime, tickets: Sequence[Ticket]) -> Iterator[Reply]:
    """All that a viewer may ask for, asked."""
    first = min(ticket.at for ticket in tickets).date()
    ask = Filter(metric=Metric.CSAT)
    with site.database.reading() as session:

        def scores(chosen: Filter, by: By | None = None) -> list[Figures]:
            return reports.scores(session, site.settings, VIEWER, chosen, by, now=now, is_compared=by is None)

        weeks = list(closed(Whole.WEEK, first, now, site))
        for grain, units in (
            (Grain.WEEK, weeks),
            (Grain.MONTH, list(closed(Whole.MONTH, first, now, site))),
        ):
            covered = Period(units[-1].first, units[0].last)
            steps = reports.trend(session, site.settings, VIEWER, ask.within(covered), grain, now=now)
            for step in steps.get(Metric.CSAT, []):
                yield Reply("", None, step.period, is_total=True, figures=step.figures)
        for period in [each for kind in Whole for each in closed(kind, first, now, site)]:
            yield Reply("", None, period, is_total=True, figures=scores(ask.within(period))[0])
            if period.whole is Whole.WEEK:
                continue
            for by in DIMENSIONS:
                for figures in scores(ask.within(period), by):
                    yield Reply(str(by), figures.group, period, is_total=False, figures=figures)
                    if figures.group is not None:
                        [one] = scores(narrowed(ask.within(period), by, figures.group))
                        yield Reply(str(by), figures.group, period, is_total=False, figures=one)


def narrowed(ask: Filter, by: By, group: str) -> Filter:
    """To one group of a dimension."""
    if by.name:
        return replace(ask, of_property=(by.name, group))
    given: dict[str, Any] = {str(by): group}
    return replace(ask, **given)


def attacked(replies: Sequence[Reply], view: View) -> list[Reply]:
    """The replies that are withheld and yet follow from those that are not."""
    attacker = Attacker()
    names = [str(by) for by in DIMENSIONS]
    for piece in {name[2] for name in view.counts}:
        for one, other in pairwise(names):
            # Whatever the dimension, all of its values together are the same people.
            these = view.sums(one, None, piece, is_total=True)
            others = view.sums(other, None, piece, is_total=True)
            attacker.learn(these | dict.fromkeys(others, -1))
    withheld = []
    for reply in replies:
        sums = view.sums(reply.by or names[0], reply.value, reply.period, is_total=reply.is_total)
        if reply.figures.score is not None:
            attacker.learn(sums)
        elif reply.figures.n:
            withheld.append((reply, sums))
    return [reply for reply, sums in withheld if attacker.knows(sums)]


def viewed(random: Random, many: int, days: int) -> list[Ticket]:
    """Answers until a week after Easter, in groups of very different sizes."""
    found = []
    for _ in range(many):
        at = datetime(2026, 4, 12, 9, tzinfo=UTC) - timedelta(days=random.randrange(days))
        about = {
            "team": random.choice(["north", "north", "north", "south", "west", None]),
            "properties": random.choice([{"plan": "basic"}, {"plan": "basic"}, {"plan": "pro"}, {}]),
        }
        late = random.choice([0] * 7 + [3, 9, 30])
        found.append(Ticket(at, random.choice([1, 4, 5]), about, late))
    return found


@pytest.mark.parametrize(("seed", "many", "days"), [(1, 30, 45), (2, 250, 105)])
def test_a_viewer_works_out_nothing_that_is_withheld_on_two_days_in_a_row(
    database: Database, seed: int, many: int, days: int
) -> None:
    site = opened(database)
    tickets = viewed(Random(seed), many, days)
    today = [ticket for ticket in tickets if ticket.counted_at < MONDAY]
    tomorrow = MONDAY + timedelta(days=1)
    store(site, today)
    replies = list(everything(site, MONDAY, today))
    # Answers arrive, and older ones settle or are released, each on its own day.
    news = [
        *(ticket for ticket in tickets if ticket.counted_at >= MONDAY),
        *(replace(ticket, rating=1, late=(tomorrow - ticket.at).days) for ticket in today[:20]),
    ]
    store(site, news)
    later = list(everything(site, tomorrow, tickets))
    shown = {(reply.by, reply.value, reply.period, reply.figures.score) for reply in replies}
    assert shown == {(reply.by, reply.value, reply.period, reply.figures.score) for reply in later}
    view = view_of(today)
    for reply in replies:
        sums = view.sums(reply.by or "team", reply.value, reply.period, is_total=reply.is_total)
        assert reply.figures.n == sum(view.counts[name] for name in sums)
    withheld = [reply for reply in replies if reply.figures.is_withheld]
    assert {reply.figures.why for reply in withheld} == {"few", "protects"}
    assert len(withheld) < len(replies) / 2 or many < 100
    assert attacked([*replies, *later], view) == []


def test_the_attack_would_find_what_only_its_small_number_hides(database: Database) -> None:
    site = opened(database)
    about: dict[str, Any] = {"properties": {}}
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    tickets = [
        Ticket(at, 5, {**about, "team": team}) for team in ["north"] * 9 + ["south"] * 8 + ["west"] * 2
    ]
    store(site, tickets)
    replies = list(everything(site, MONDAY, tickets))
    view = view_of(tickets)
    assert attacked(replies, view) == []
    with site.database.reading() as session:
        free = replace(VIEWER, is_bound=False)
        march = Filter(metric=Metric.CSAT).within(Period(date(2026, 3, 1), date(2026, 3, 31)))
        by = DIMENSIONS[0]
        careless = [
            Reply(
                str(by),
                each.group,
                march.period or Period(at.date(), at.date()),
                is_total=False,
                figures=each,
            )
            for each in reports.scores(session, site.settings, free, march, by, now=MONDAY)
        ]
    assert "west" in {reply.value for reply in attacked([*replies, *careless], view)}


# --- a leader, by swapping tickets ------------------------------------------------------------------

BY_AGENT = By(Dimension.AGENT)
QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))
MONTHS = parts(QUARTER, Grain.MONTH)[1:]
AGENTS = ("anna", "bo", "carl", "dana", None)


def handled(random: Random) -> list[Ticket]:
    """Two months' tickets; dana has some of a kind that nobody else has, carl has a small month."""
    found = []
    for month in (2, 3):
        for agent, many in zip(AGENTS, (9, 8, 8 if month > 2 else 2, 4, 3), strict=True):
            for _ in range(many):
                at = datetime(2026, month, random.randrange(1, 29), 9, tzinfo=UTC)
                case_type = random.choice(["billing", "billing", None])
                rating = random.choice([1, 4, 5, 5])
                found.append(_handled(at, 2 if agent == "dana" and month == 2 else rating, agent, case_type))
    # In March the only refund, in February nobody's rating but dana's is bad.
    found.append(_handled(datetime(2026, 3, 5, 9, tzinfo=UTC), 1, "anna", "refund"))
    is_bad = [ticket.at.month == 2 and ticket.rating == 1 for ticket in found]
    return [
        replace(ticket, rating=4 if bad else ticket.rating) for ticket, bad in zip(found, is_bad, strict=True)
    ]


def _handled(at: datetime, rating: int, agent: str | None, case_type: str | None) -> Ticket:
    return Ticket(at, rating, {"agent_ref": agent, "case_type": case_type, "team": "north"})


def told(site: Site) -> list[object]:
    """All that a leader is told of agents."""
    found: list[object] = []
    whole = [*MONTHS, QUARTER]
    with site.database.reading() as session:
        for period in whole:
            chosen = Filter(metric=Metric.CSAT).within(period)
            agents = agent_figures.agents(session, site.settings, LEADER, chosen, now=MONDAY)
            found.append(replace(agents, periods=()))
            found.append(
                reports.scores(
                    session,
                    site.settings,
                    LEADER,
                    replace(chosen, metric=None),
                    By(Dimension.AGENT),
                    now=MONDAY,
                    is_compared=True,
                )
            )
    return found


def listed(site: Site, period: Period) -> dict[str | None, agent_figures.AgentRow]:
    with site.database.reading() as session:
        chosen = Filter(metric=Metric.CSAT).within(period)
        agents = agent_figures.agents(session, site.settings, LEADER, chosen, now=MONDAY)
    return {row.figures.group: row for row in agents.rows}


def handler(site: Site, its: str) -> str | None:
    agents: dict[str, str | None] = {row["id"]: row["agent_ref"] for row in site.rows(Invitation)}
    return agents[its]


def swap(site: Site, one: str, other: str) -> None:
    first, second = handler(site, one), handler(site, other)
    with site.database.transaction() as session:
        for its, agent in ((one, second), (other, first)):
            session.execute(update(Invitation).where(Invitation.id == its).values(agent_ref=agent))


def could_be_anothers(site: Site, its: str, others: Sequence[str], before: list[object]) -> bool:
    """Whether in some world that looks the same the ticket was handled by somebody else."""
    for other in others:
        swap(site, its, other)
        after = told(site)
        swap(site, its, other)
        if after == before:
            return True
    return False


def exchange(site: Site, agents: tuple[str, str], month: Period) -> None:
    """Let each of the two have all that the other had in the month."""
    one, other = agents
    changed = case((Invitation.agent_ref == one, other), else_=one)
    theirs = Invitation.agent_ref.in_(agents), Invitation.day.between(month.first, month.last)
    with site.database.transaction() as session:
        session.execute(update(Invitation).where(*theirs).values(agent_ref=changed))


def could_have_changed_places(
    site: Site, agent: str, others: set[str], month: Period, before: list[object]
) -> bool:
    """Whether the tickets that the month leaves over may be shared out otherwise among those left out."""
    for other in others - {agent}:
        exchange(site, (agent, other), month)
        after = told(site)
        exchange(site, (agent, other), month)
        if after == before:
            return True
    return False


def test_no_ticket_is_certainly_a_pseudonyms(database: Database) -> None:
    site = opened(database, SMALLEST_N_AGENT="5")
    tickets = handled(Random(5))
    ids = store(site, tickets)
    before = told(site)
    for month in MONTHS:
        rows = listed(site, month)
        mine = [(its, each) for its, each in zip(ids, tickets, strict=True) if each.at.date() in month]
        seen = set()
        for its, ticket in mine:
            agent, case_type = ticket.about["agent_ref"], ticket.about["case_type"]
            kind = agent, case_type, ticket.rating > 3
            if agent is None or pseudonym(site.settings.hash_key, agent) not in rows or kind in seen:
                continue
            # One of tickets that are alike in all that any figure knows of them stands for the others.
            seen.add(kind)
            others = sorted(
                (
                    (each.rating != ticket.rating, each.about["case_type"] != case_type, other)
                    for other, each in mine
                    if each.about["agent_ref"] not in (agent, None)
                ),
            )
            assert could_be_anothers(site, its, [other for *_, other in others], before), (ticket, month)
        agents = {each.about["agent_ref"] for _, each in mine} - {None}
        missed = {agent for agent in agents if pseudonym(site.settings.hash_key, agent) not in rows}
        assert len(missed) != 1
        for agent in missed:
            assert could_have_changed_places(site, agent, missed, month, before), (agent, month)


def test_the_leaders_attack_is_not_idle(database: Database) -> None:
    site = opened(database, SMALLEST_N_AGENT="5")
    tickets = handled(Random(5))
    ids = store(site, tickets)
    months = [listed(site, month) for month in MONTHS]
    names = {agent: pseudonym(site.settings.hash_key, agent) for agent in AGENTS if agent}
    assert names["dana"] not in months[0] and len(months[0].keys() & names.values()) == 2
    assert "few" in {row.figures.why for row in months[0].values()}
    rows = [row for month in months for name, row in month.items() if name and row.figures.score]
    assert {row.expected is None for row in rows} == {True, False}
    before = told(site)
    one, other = (
        next(
            its
            for its, each in zip(ids, tickets, strict=True)
            if each.at.month == 3 and each.about["agent_ref"] == agent and (each.rating > 3) is is_good
        )
        for agent, is_good in (("anna", True), ("bo", False))
    )
    swap(site, one, other)
    assert told(site) != before


def test_a_pseudonym_has_no_figures_but_those_of_whole_closed_months_and_quarters(site: Site) -> None:
    march = Filter(metric=Metric.CSAT).within(Period(date(2026, 3, 1), date(2026, 3, 31)))
    narrowed = {
        "team": replace(march, team="north"),
        "case_type": replace(march, case_type="billing"),
        "channel": replace(march, channel="email"),
        "locale": replace(march, locale="sv"),
        "version": replace(march, version="csat 1"),
        "of_property": replace(march, of_property=("plan", "pro")),
        "pressed": replace(march, is_pressed=True),
    }
    periods = [
        Filter(),
        Filter(first=date(2026, 3, 1)),
        march.within(Period(date(2026, 3, 1), date(2026, 3, 30))),
        march.within(Period(date(2026, 3, 16), date(2026, 3, 22))),
        march.within(Period(date(2025, 1, 1), date(2025, 12, 31))),
        march.within(Period(date(2026, 4, 1), date(2026, 4, 30))),
    ]
    assert refused(site, march, LEADER) is None
    assert [refused(site, chosen, LEADER) for chosen in narrowed.values()] == [*narrowed]
    assert [refused(site, chosen, LEADER) for chosen in periods] == ["from"] * len(periods)


def refused(site: Site, chosen: Filter, reader: Reader, by: By | None = BY_AGENT) -> str | None:
    """The field that a question by agent fails for, wherever it is asked."""
    now = datetime(2026, 4, 7, 8, tzinfo=UTC)
    with site.database.reading() as session:
        try:
            reports.scores(session, site.settings, reader, chosen, by, now=now)
        except FieldError as error:
            if by is not None and chosen.metric is not None:
                with pytest.raises(FieldError, match=f"^{error.field}: "):
                    agent_figures.agents(session, site.settings, reader, chosen, now=now)
            return error.field
    return None


@pytest.mark.parametrize("mode", [AgentFigures.OFF, AgentFigures.PSEUDONYMOUS])
def test_an_agent_is_chosen_by_nobody_unless_agents_are_named(site: Site, mode: AgentFigures) -> None:
    march = Filter(metric=Metric.CSAT, agent="anna").within(Period(date(2026, 3, 1), date(2026, 3, 31)))
    for is_bound in (False, True):
        reader = Reader(None, is_bound=is_bound, agents=mode)
        assert refused(site, march, reader, None) == "agent"
        assert refused(site, march, reader, By(Dimension.TEAM)) == "agent"
        with site.database.reading() as session, pytest.raises(FieldError):
            reports.trend(session, site.settings, reader, march, Grain.MONTH, now=MONDAY)
    off = Reader(None, is_bound=False, agents=AgentFigures.OFF)
    assert refused(site, replace(march, agent=None), off) == "by"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)

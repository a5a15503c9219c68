"""Who contacted support in the three months, about what, and how it went."""

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from statistics import NormalDist
from zoneinfo import ZoneInfo

from surveyapp.core.scales import SCALES, Direction, Metric
from surveyapp.demo.company import (
    CASE_TYPES,
    CASES_ON,
    CHANNELS,
    FORM_WEEK,
    LOCALE_EASE,
    LOCALE_REPLY,
    MOVING_WITH_THE_FORM,
    NOT_ASKED_AFTER,
    PLANS,
    RATINGS,
    SURVEYS,
    TEAMS,
    WEEKS,
    Agent,
    Team,
)
from surveyapp.demo.people import Customer

SEED = "Nordvik Energi"

# Eight in the morning to eight in the evening.
HOURS = (5, 9, 11, 11, 8, 8, 9, 9, 7, 5, 3, 2)
FIRST_HOUR = 8

# Tickets that were closed without anybody's name.
NAMELESS = 0.007


@dataclass(frozen=True, slots=True)
class Ticket:
    """One solved ticket. `mood` is how content the customer is, in standard deviations."""

    rng: Random
    week: int
    solved_at: datetime
    team: Team
    agent: Agent | None
    case_type: str
    channel: str
    customer: Customer
    survey: str
    mood: float

    @property
    def will_answer(self) -> float:
        """How likely the customer answers; those who are very content or not at all sooner than the rest."""
        agent = self.agent.reply if self.agent else 1.0
        likely = CHANNELS[self.channel].reply * CASE_TYPES[self.case_type].reply * agent
        return likely * LOCALE_REPLY[self.customer.locale] * (0.85 + 0.18 * abs(self.mood))

    @property
    def topic(self) -> str:
        """What a comment would be about."""
        is_form = self.case_type == "moving" and self.week >= FORM_WEEK
        return "moving_form" if is_form else self.case_type


def tickets_of(
    week: int, today: date, zone: ZoneInfo, people: Mapping[str, Sequence[Customer]]
) -> list[Ticket]:
    """The tickets of one week in the order of their end; the last of the weeks ends yesterday.

    A weekday of a week is the same whatever today is, so that every demo tells the same story.
    """
    found = [ticket for day in days_of(week, today) for ticket in _tickets_on(day, week, zone, people)]
    return sorted(found, key=lambda ticket: ticket.solved_at)


def days_of(week: int, today: date) -> list[date]:
    """Seven days in a row."""
    first = today - timedelta(weeks=WEEKS - week)
    return [first + timedelta(days=n) for n in range(7)]


def rating_for(metric: Metric, mood: float) -> int:
    """The rating that so content a customer gives."""
    weights = list(accumulate(RATINGS[metric]))
    place = bisect(weights[:-1], NormalDist().cdf(mood) * weights[-1])
    ratings = SCALES[metric].ratings
    return ratings[place] if SCALES[metric].better is Direction.HIGHER else ratings[-1 - place]


def _tickets_on(
    day: date, week: int, zone: ZoneInfo, people: Mapping[str, Sequence[Customer]]
) -> Iterator[Ticket]:
    name = f"{SEED} {week} {day.weekday()}"
    busy = Random(name).uniform(0.9, 1.1)  # noqa: S311 - a demo needs no secrecy
    for number in range(round(CASES_ON[day.weekday()] * busy)):
        rng = Random(f"{name} {number}")  # noqa: S311
        yield _ticket(rng, week, _moment(rng, day, zone), people)


def _ticket(rng: Random, week: int, solved_at: datetime, people: Mapping[str, Sequence[Customer]]) -> Ticket:
    teams = [team for team in TEAMS if week in team.weeks]
    team = rng.choices(teams, [team.share for team in teams])[0]
    agent = rng.choice([agent for agent in team.agents if week not in agent.away])
    case_type = _pick(rng, {key: kind.share * agent.focus.get(key, 1) for key, kind in CASE_TYPES.items()})
    channel = _pick(rng, {key: kind.share for key, kind in CHANNELS.items()})
    customer = rng.choice(people[_pick(rng, team.locales)])
    ease = _ease(case_type, week) + CHANNELS[channel].ease
    ease += LOCALE_EASE[customer.locale] + PLANS[customer.plan].ease
    return Ticket(
        rng=rng,
        week=week,
        solved_at=solved_at,
        team=team,
        agent=None if rng.random() < NAMELESS else agent,
        case_type=case_type,
        channel=channel,
        customer=customer,
        survey=_pick(rng, _surveys_after(case_type)),
        mood=agent.skill + ease + rng.gauss(0, 1),
    )


@cache
def _surveys_after(case_type: str) -> Mapping[str, float]:
    never = {key for key, kinds in NOT_ASKED_AFTER.items() if case_type in kinds}
    return {key: share for key, share in SURVEYS.items() if key not in never}


def _ease(case_type: str, week: int) -> float:
    if case_type == "moving" and week >= FORM_WEEK:
        return MOVING_WITH_THE_FORM
    return CASE_TYPES[case_type].ease


def _moment(rng: Random, day: date, zone: ZoneInfo) -> datetime:
    hour = FIRST_HOUR + rng.choices(range(len(HOURS)), HOURS)[0]
    return datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), zone).astimezone(UTC)


def _pick(rng: Random, shares: Mapping[str, float]) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]

"""Months of answers for the pages with figures, as rows: customers and a worker would take minutes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert

from surveyapp import markers, summaries, targets
from surveyapp.core.access import Viewer
from surveyapp.core.evidence import Evidence, State
from surveyapp.core.hashes import address_hash
from surveyapp.core.periods import Whole, today, whole_of
from surveyapp.core.scales import Metric
from surveyapp.core.status import Status
from surveyapp.db import Base, table_of
from surveyapp.models import Answer, AnswerEvent, Invitation, Rating, new_id
from tests.support.people import Site

A_DAY = 17
"""So many invitations are accepted on each day."""
ANSWERED = 0.45
FURTHER = 0.6
"""The share of those who answered CSAT and rate NPS too."""
COMMENTED = 0.2
SMALL_TEAM = "installation"
"""Three of its customers have answered: too few for a score."""
SMALL_N = 3

# Team -> agents; case type -> the share of satisfied customers, before and since the new form.
TEAMS: Mapping[str, Sequence[str]] = {"billing": ("johan", "petra", "mihai"), "field": ("sara", "uwe")}
CASE_TYPES: Mapping[str, tuple[float, float]] = {
    "invoice": (0.74, 0.9),
    "contract": (0.9, 0.9),
    "moving": (0.6, 0.55),
    "outage": (0.8, 0.8),
}
CHANNELS = ("email", "phone", "chat")
LOCALES = ("sv", "ro", "de", "en")
PLANS = ("home", "business")
MARKER = "New invoice form"
PURPOSE = "What the board promised for this year"

COMMENTS: Mapping[str, tuple[str, str]] = {
    "sv": (
        "Flytten tog tre veckor och jag fick ringa fem gånger.",
        "Snabbt och vänligt, och elen var tillbaka samma kväll.",
    ),
    "ro": (
        "Am trimis contorul de două ori și tot am primit o factură greșită.",
        "Mi s-a răspuns în câteva minute, pe înțelesul meu.",
    ),
    "de": (
        "Beim Umzug wurde der Zählerstand verwechselt, niemand rief zurück.",
        "Freundlich erklärt, und die Gutschrift kam am nächsten Tag.",
    ),
    "en": (
        "Nobody could tell me when the new contract starts.",
        "The new form is so much easier to read. Thank you!",
    ),
}
"""Language -> what the unhappy and the happy write."""

Row = dict[str, Any]


@dataclass(slots=True)
class _Made:
    """Rows by their table, in the order in which they refer to each other."""

    random: Random = field(default_factory=lambda: Random(5))
    rows: dict[type[Base], list[Row]] = field(
        default_factory=lambda: {model: [] for model in (Invitation, Answer, Rating, AnswerEvent)}
    )


def fill(site: Site, viewer: Viewer) -> None:
    """Two whole months and the running one until the day before, and what leaders note beside them."""
    now = today(site.clock(), site.settings.timezone)
    first = whole_of(Whole.MONTH, now).previous.previous.first
    days = [first + timedelta(days=number) for number in range((now - first).days)]
    # Old enough for days of closed months on both sides.
    changed = whole_of(Whole.MONTH, now).previous.first + timedelta(days=6)
    made = _Made()
    for number, (day, case_type, team) in enumerate(_asked(days)):
        _ask(site, made, number, day, case_type, team, is_after=day >= changed)
    with site.database.transaction() as session:
        for model, rows in made.rows.items():
            session.execute(insert(table_of(model)), rows)
        note(site, session, viewer, changed)


def note(site: Site, session: Any, viewer: Viewer, changed: date) -> None:
    """A marker, a target, and who gets the figures by mail."""
    settings, now = site.settings, site.clock()
    markers.add(session, settings, viewer, changed, MARKER, now)
    targets.set_target(session, viewer.id, Metric.CSAT, 85, PURPOSE, now)
    summaries.add_address(session, settings, "sales@kund.example", Whole.MONTH, "de", now, by_user=viewer.id)
    summaries.choose(session, settings, viewer.id, viewer, Whole.WEEK, now)


def _asked(days: Sequence[date]) -> Iterator[tuple[date, str, str]]:
    """(day, case type, team) of each; what a team does differs."""
    for place, day in enumerate(days):
        for number in range(A_DAY):
            case_type = list(CASE_TYPES)[(place + number) % len(CASE_TYPES)]
            yield day, case_type, "field" if case_type == "outage" or number % 3 == 0 else "billing"
    yield from ((day, "outage", SMALL_TEAM) for day in days[-SMALL_N:])


def _ask(
    site: Site, made: _Made, number: int, day: date, case_type: str, team: str, *, is_after: bool
) -> None:
    random = made.random
    at = datetime.combine(day, time(8), UTC) + timedelta(minutes=random.randrange(240))
    address = f"kund{number}@figures.example"
    agents = TEAMS.get(team, ("lars",))
    invited = {
        "id": new_id(),
        "survey_key": "ces" if number % 9 == 0 and team in TEAMS else "csat",
        "survey_version": 1,
        "ticket_ref": f"T-{5000 + number}",
        "occasion": "solved",
        "agent_ref": random.choice(agents),
        "team": team,
        "case_type": case_type,
        "channel": random.choice(CHANNELS),
        "locale": LOCALES[number % len(LOCALES)],
        "customer_ref": f"K-{5000 + number}",
        "properties": {"plan": random.choice(PLANS)},
        "address": address,
        "address_hash": address_hash(site.settings.hash_key, address),
        "domain": "figures.example",
        "source": "api",
        "status": Status.SENT,
        "ended_at": at,
        "day": day,
        "asked_on": day,
        "created_at": at,
        "expires_at": at + timedelta(days=site.settings.link_days),
        "accepted_at": at,
        "planned_at": at,
        "is_reminder": False,
        "attempts": 1,
        "touch_count": 1,
    }
    made.rows[Invitation].append(invited)
    if team == SMALL_TEAM or random.random() < ANSWERED:
        _answer(made, invited, is_happy=random.random() < CASE_TYPES[case_type][is_after])


def _answer(made: _Made, invited: Row, *, is_happy: bool) -> None:
    random, metric = made.random, invited["survey_key"]
    at = invited["accepted_at"] + timedelta(hours=1)
    main = _rating(random, metric, is_happy=is_happy)
    ratings = {metric: main}
    if metric == Metric.CSAT and random.random() < FURTHER:
        # Few are satisfied and would not recommend us all the same.
        ratings["nps"] = _rating(random, Metric.NPS, is_happy=is_happy and random.random() < 0.85)
    evidence = {"state": State.COUNTED, "reason": None, "evidence": Evidence.PRESS}
    about = {"invitation_id": invited["id"], "revision": 1, **evidence}
    made.rows[Answer].append(
        {
            **about,
            "metric": metric,
            "rating": main,
            "began_at": at,
            "day": invited["day"],
            "first_counted_at": at,
            "changed_at": at,
            "comment": COMMENTS[invited["locale"]][is_happy] if random.random() < COMMENTED else None,
            "seen": {},
            "has_stayed": True,
            "is_automated": False,
            "is_unverified": False,
        }
    )
    made.rows[Rating] += [
        {"invitation_id": invited["id"], "question": key, "metric": key, "rating": rating}
        for key, rating in ratings.items()
    ]
    made.rows[AnswerEvent].append({**about, "at": at, "ratings": ratings})


def _rating(random: Random, metric: str, *, is_happy: bool) -> int:
    happy, unhappy = {
        Metric.CSAT: ((4, 5, 5), (1, 2, 3)),
        Metric.NPS: ((9, 10, 10, 8), (0, 3, 6, 7)),
        Metric.CES: ((1, 2, 2), (4, 5, 6)),
    }[Metric(metric)]
    return random.choice(happy if is_happy else unhappy)

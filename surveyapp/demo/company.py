"""The invented company: its teams, its cases, its channels and how content its customers are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from surveyapp.core.scales import Metric

NAME = "Nordvik Energi"
MAIL_FROM = "Nordvik Energi <kundservice@nordvik.example>"
CONTACT = "dataskydd@nordvik.example"
TIMEZONE = "Europe/Stockholm"

WEEKS = 13

TARGET = 75
"""Percent of satisfied customers that the leaders want to reach."""
TARGET_PURPOSE = "What we promised the board for this year"

# What there is to find in the figures; weeks count from 0.
FORM_WEEK = 9
"""From here on, the last four weeks, a new form makes moving house a trouble: a change that is real."""
FORM_MARKER = "New form for moving house"
DESK_WEEK = 11
"""From here on there is the desk for chargers: too young for a score of its own."""
GATEWAY_WEEK = 8
GATEWAY_DOMAIN = "strandhem.example"
"""From that week on this customer's mail gateway opens every link of every mail."""

ALWAYS = range(WEEKS)


@dataclass(frozen=True, slots=True)
class Agent:
    """`skill` moves the ratings by so many standard deviations, `reply` is a factor on the response rate."""

    ref: str
    name: str
    skill: float
    reply: float = 1.0
    focus: Mapping[str, float] = field(default_factory=dict)
    """Case type -> how many times as often as the others this agent gets it."""
    weeks: range = ALWAYS
    away: range = range(0)


@dataclass(frozen=True, slots=True)
class Team:
    """`share` is of all cases; `locales` say in which language its customers write."""

    key: str
    share: float
    locales: Mapping[str, float]
    agents: tuple[Agent, ...]
    weeks: range = ALWAYS


@dataclass(frozen=True, slots=True)
class CaseType:
    """`ease` moves the ratings by so many standard deviations."""

    share: float
    ease: float
    reply: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a customer pays by; `ease` as of a case type."""

    share: float
    ease: float


@dataclass(frozen=True, slots=True)
class Channel:
    """`reply` is how many of a hundred answer; an unmailed one hands its links out."""

    share: float
    reply: float
    ease: float = 0.0
    is_mailed: bool = True


# Johan gets the hard cases and handles them well: his low score is the case mix, not he.
JOHAN = Agent("johan", "Johan Ek", 0.08, focus={"complaint": 16, "outage": 4})

TEAMS = (
    Team(
        "north",
        0.42,
        {"sv": 0.86, "en": 0.14},
        (
            Agent("anna", "Anna Lindqvist", 0.35, reply=1.1),
            Agent("erik", "Erik Sandberg", 0.1),
            Agent("sara", "Sara Nyström", 0.15, reply=1.05, away=range(4, 6)),
            JOHAN,
        ),
    ),
    Team(
        "central",
        0.32,
        {"de": 0.88, "en": 0.12},
        (
            Agent("lena", "Lena Hoffmann", 0.2, away=range(1, 3)),
            Agent("jonas", "Jonas Weber", -0.3, reply=0.85),
            Agent("miriam", "Miriam Vogt", 0.05),
        ),
    ),
    Team(
        "southeast",
        0.26,
        {"ro": 0.91, "en": 0.09},
        (
            Agent("ioana", "Ioana Munteanu", 0.3, reply=1.15),
            Agent("mihai", "Mihai Rusu", -0.05, reply=0.9, away=range(8, 9)),
            Agent("elena", "Elena Dobre", 0.1),
        ),
    ),
    Team(
        "chargers",
        0.012,
        {"sv": 0.5, "de": 0.3, "en": 0.2},
        (
            Agent("noah", "Noah Berg", 0.0, focus={"charger": 30}),
            Agent("priya", "Priya Nair", 0.2, focus={"charger": 30}),
        ),
        weeks=range(DESK_WEEK, WEEKS),
    ),
)

CASE_TYPES: Mapping[str, CaseType] = {
    "billing": CaseType(0.27, -0.1),
    "payment": CaseType(0.11, 0.05, reply=0.9),
    "moving": CaseType(0.16, 0.3),
    "meter": CaseType(0.12, 0.1, reply=0.8),
    "outage": CaseType(0.09, -0.25, reply=1.1),
    "contract": CaseType(0.13, 0.15, reply=0.85),
    "charger": CaseType(0.06, -0.05, reply=1.1),
    "complaint": CaseType(0.06, -1.0, reply=1.25),
}
MOVING_WITH_THE_FORM = -0.9

CHANNELS: Mapping[str, Channel] = {
    "email": Channel(0.42, 0.27),
    "phone": Channel(0.25, 0.21, ease=0.1),
    "form": Channel(0.20, 0.24, ease=-0.1),
    "chat": Channel(0.13, 0.42, ease=0.05, is_mailed=False),
}

# What comes along with an invitation as its properties, beside what every survey knows.
PLAN, REGION = "plan", "region"
# Whoever pays by the hour of the day has the bill that nobody can check.
PLANS: Mapping[str, Plan] = {
    "Fixed price": Plan(0.45, 0.15),
    "Monthly price": Plan(0.35, 0.05),
    "Hourly price": Plan(0.20, -0.35),
}
REGIONS: Mapping[str, tuple[str, ...]] = {
    "sv": ("Skåne", "Stockholm", "Norrland"),
    "ro": ("Cluj", "Dolj", "Iași"),
    "de": ("Hamburg", "Sachsen"),
    "en": ("Stockholm", "Hamburg", "Cluj"),
}

# Factors on the rate at which people answer, and on how content they are.
LOCALE_REPLY: Mapping[str, float] = {"sv": 1.0, "ro": 1.15, "de": 0.9, "en": 0.95}
LOCALE_EASE: Mapping[str, float] = {"sv": 0.15, "ro": 0.2, "de": 0.0, "en": 0.1}

# Monday first: the phones are closed at the weekend.
CASES_ON: tuple[int, ...] = (152, 128, 118, 115, 98, 28, 18)

SURVEYS: Mapping[str, float] = {
    "csat": 0.46,
    "nps": 0.16,
    "ces": 0.13,
    "nki": 0.12,
    "ces_ease": 0.08,
    "open": 0.05,
}

NOT_ASKED_AFTER: Mapping[str, frozenset[str]] = {"ces": frozenset({"complaint"})}
"""Survey -> case types after which it is not asked: nobody calls a complaint easy."""

# How many of a hundred ordinary answers give each rating, the worst rating first.
RATINGS: Mapping[Metric, tuple[int, ...]] = {
    Metric.NPS: (4, 1, 2, 2, 2, 6, 6, 13, 18, 17, 29),
    Metric.CSAT: (8, 6, 9, 31, 46),
    Metric.CES: (3, 4, 8, 9, 14, 33, 29),
    Metric.CES_EASE: (4, 4, 7, 10, 19, 32, 24),
    Metric.NKI: (2, 2, 3, 4, 8, 9, 15, 24, 19, 14),
}

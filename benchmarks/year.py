"""A year of synthetic answers, made inside the database: a million rows would take the driver minutes."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    String,
    Subquery,
    Table,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)

from surveyapp import surveys
from surveyapp.core.evidence import Evidence, State
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.status import Status
from surveyapp.db import Database, Json, UtcDateTime, table_of
from surveyapp.models import Answer, Invitation, Rating, SurveyVersion

DAYS = 365
INVITED = 2
"""So many invitations for each answer."""
AT_ONCE = 1_000
PLANS = ("gold", "silver", "bronze")

_helpers = MetaData()
_NUMBERS = Table("bench_numbers", _helpers, Column("n", Integer, primary_key=True), prefixes=["TEMPORARY"])
_DAYS = Table(
    "bench_days",
    _helpers,
    Column("n", Integer, primary_key=True),
    Column("day", Date),
    Column("at", UtcDateTime),
    prefixes=["TEMPORARY"],
)


def fill(database: Database, answers: int, now: datetime) -> None:
    """So many answers over the year that ends with `now`, in the order of their days as in real life.

    Half are of CSAT, every second of them with NPS; a quarter of NPS and a quarter of NKI.
    """
    indexes = [index for model in (Invitation, Answer, Rating) for index in table_of(model).indexes]
    with database.bare_transaction() as connection:
        # Made anew at the end: at random places of eight indexes a row takes many times as long.
        for index in indexes:
            index.drop(connection)
        _prepare(connection, answers * INVITED, now)
        _insert_all(connection, _made(answers * INVITED))
        for index in indexes:
            index.create(connection)
        _helpers.drop_all(connection)
    if database.engine.dialect.name != "sqlite":
        # What its autovacuum does within a minute.
        with database.bare_transaction() as connection:
            connection.execute(text("ANALYZE"))


def _prepare(connection: Connection, invitations: int, now: datetime) -> None:
    _helpers.create_all(connection)
    most = max(AT_ONCE, -(-invitations // AT_ONCE))
    connection.execute(_NUMBERS.insert(), [{"n": n} for n in range(most)])
    days = [now - timedelta(days=DAYS - 1 - n, hours=1) for n in range(DAYS)]
    connection.execute(_DAYS.insert(), [{"n": n, "day": at.date(), "at": at} for n, at in enumerate(days)])


def _insert_all(connection: Connection, made: Subquery) -> None:
    is_answered, survey = made.c.mixed % INVITED == 0, _survey(made)
    _insert(connection, Invitation, made, _invitation(made))
    _insert(connection, Answer, made, _answer(made), is_answered)
    for metric in (Metric.CSAT, Metric.NPS, Metric.NKI):
        for question in surveys.questions_of(metric):
            _insert(connection, Rating, made, _given(made, question, metric), is_answered, survey == metric)
    further = _given(made, "nps", Metric.NPS)
    is_further = _part(made, 41, 2) == 0
    _insert(connection, Rating, made, further, is_answered, survey == Metric.CSAT, is_further)


def _given(made: Subquery, question: str, metric: Metric) -> dict[str, Any]:
    return {
        "invitation_id": _id(made),
        "question": literal(question),
        "metric": literal(metric),
        "rating": _rating(made, metric),
    }


def _made(invitations: int) -> Subquery:
    """(n, mixed, day, at) for each invitation; `mixed` is as good as random, and another one for each."""
    thousands, ones = _NUMBERS.alias("thousands"), _NUMBERS.alias("ones")
    number = cast(thousands.c.n, BigInteger) * AT_ONCE + ones.c.n
    # An odd factor meets each remainder once.
    mixed = number * literal(2_654_435_761, BigInteger) % literal(2**32, BigInteger)
    return (
        select(number.label("n"), mixed.label("mixed"), _DAYS.c.day, _DAYS.c.at)
        .select_from(thousands)
        .join(ones, ones.c.n < AT_ONCE)
        .join(_DAYS, _DAYS.c.n == number * DAYS // invitations)
        .where(number < invitations)
        .order_by(number)
        .subquery("made")
    )


def _insert(
    connection: Connection, model: Any, made: Subquery, values: dict[str, Any], *conditions: Any
) -> None:
    columns = [value.label(name) for name, value in values.items()]
    chosen = select(*columns).select_from(made).where(*conditions)
    connection.execute(insert(table_of(model)).from_select(list(values), chosen, include_defaults=False))


def _invitation(made: Subquery) -> dict[str, Any]:
    return {
        "id": _id(made),
        "survey_key": _survey(made),
        "survey_version": _version(made),
        "ticket_ref": literal("T-") + cast(made.c.n, String),
        "occasion": literal("solved"),
        "agent_ref": _named("agent-", made, 3, 40),
        "team": _named("team-", made, 5, 8),
        "case_type": _named("type-", made, 13, 12),
        "channel": _named("channel-", made, 17, 4),
        "locale": case(
            *((_part(made, 19, 4) == n, code) for n, code in enumerate(("sv", "ro", "de"))), else_="en"
        ),
        "customer_ref": _named("C-", made, 1, 1_000_000),
        "properties": case(
            *((_part(made, 23, 3) == n, literal({"plan": plan}, Json)) for n, plan in enumerate(PLANS))
        ),
        "address_hash": literal("0" * 48) + cast(_BEYOND + made.c.mixed, String),
        "domain": _named("domain-", made, 29, 500) + literal(".example"),
        "source": literal("api"),
        "status": literal(Status.SENT),
        "ended_at": made.c.at,
        "day": made.c.day,
        "asked_on": made.c.day,
        "created_at": made.c.at,
        "expires_at": made.c.at,
        "accepted_at": made.c.at,
        "planned_at": made.c.at,
        "is_reminder": literal(value=False),
        "attempts": literal(1),
        "touch_count": _part(made, 31, 3),
    }


def _answer(made: Subquery) -> dict[str, Any]:
    metric = _survey(made)
    return {
        "invitation_id": _id(made),
        "metric": metric,
        "state": case((_part(made, 37, 30) == 0, literal(State.HELD)), else_=literal(State.COUNTED)),
        "evidence": case((_part(made, 7, 2) == 0, literal(Evidence.PRESS)), else_=literal(Evidence.SETTLED)),
        "rating": case(
            *((metric == each, _rating(made, each)) for each in (Metric.CSAT, Metric.NPS)),
            else_=_rating(made, Metric.NKI),
        ),
        "began_at": made.c.at,
        "day": made.c.day,
        "first_counted_at": made.c.at,
        "changed_at": made.c.at,
        "comment": case(
            (_part(made, 43, 5) == 0, literal("The answer came after four days, but it helped."))
        ),
        "revision": literal(1),
        "seen": literal({}, Json),
        "has_stayed": literal(value=True),
        "is_automated": literal(value=False),
        "is_unverified": literal(value=False),
    }


_BEYOND = literal(10_000_000_000, BigInteger)


def _id(made: Subquery) -> Any:
    return literal("bench-") + cast(_BEYOND + made.c.mixed, String)


def _part(made: Subquery, divisor: int, of: int) -> Any:
    """One of `of` numbers from 0 on, by each divisor another one."""
    return made.c.mixed // divisor % of


def _named(prefix: str, made: Subquery, divisor: int, of: int) -> Any:
    return literal(prefix) + cast(_part(made, divisor, of), String)


def _survey(made: Subquery) -> Any:
    share = _part(made, 11, 4)
    return case((share < 2, str(Metric.CSAT)), (share == 2, str(Metric.NPS)), else_=str(Metric.NKI))


def _version(made: Subquery) -> Any:
    newest = select(func.max(SurveyVersion.number)).where(SurveyVersion.survey_key == _survey(made))
    return newest.scalar_subquery()


def _rating(made: Subquery, metric: Metric) -> Any:
    ratings = SCALES[metric].ratings
    return ratings[0] + _part(made, 47, len(ratings))

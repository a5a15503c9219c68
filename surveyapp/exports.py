"""Hand out answers and figures as rows: the very ones that pages, the API and the command line show."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import IO, Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from surveyapp import explaining, export_files, export_tables, reports
from surveyapp.config import Settings
from surveyapp.core.access import AgentFigures, Permission, Reader, Viewer
from surveyapp.core.errors import FieldError, NotAllowedError, Problem
from surveyapp.core.evidence import State
from surveyapp.core.periods import Grain
from surveyapp.core.scales import SCALES
from surveyapp.db import Database
from surveyapp.export_files import Column, Format, Row
from surveyapp.figures import KEYS, Figures, row_of
from surveyapp.listing import Answered, is_of
from surveyapp.models import Answer, Invitation, Rating
from surveyapp.selecting import By, Dimension, Filter, check_days, conditions

ROWS_AT_ONCE = 1000
"""So many answers are in memory, and in one transaction."""


class Table(StrEnum):
    """What can be had as a file of figures."""

    SCORES = "scores"
    TREND = "trend"
    RESPONSE = "response"
    """What became of those who were asked."""
    CHANGE = "change"
    """Which groups explain how the score moved since the period before."""
    TARGET = "target"
    """Which groups keep the score from its target."""
    BOTH = "both"
    """CSAT and NPS of the same people."""
    AGENTS = "agents"
    MARKERS = "markers"
    """How the scores stand before and after something happened."""


class Singles(StrEnum):
    """What can be had as a file of single answers."""

    ANSWERS = "answers"
    COMMENTS = "comments"
    """Those with a comment."""
    UNCONVINCED = "unconvinced"
    """Of people who are satisfied but would not recommend us."""


@dataclass(frozen=True, slots=True)
class Sees:
    """What of an answer somebody sees beside its rating."""

    comments: bool
    customers: bool
    """Their references; names and addresses are in no export."""
    agents: bool


def sees(viewer: Viewer, mode: AgentFigures) -> Sees:
    """Of somebody who is logged in."""
    return Sees(
        comments=viewer.may(Permission.COMMENTS),
        customers=viewer.may(Permission.CUSTOMERS),
        agents=viewer.sees_agents(mode),
    )


def sees_all(mode: AgentFigures) -> Sees:
    """Of the operator, and of a program whose key opens answers: all but agents that are not named."""
    return Sees(comments=True, customers=True, agents=mode is AgentFigures.NAMED)


def answer_row(found: Answered, seen: Sees) -> dict[str, Any]:
    """One answer as files and programs read it; None for what is not seen."""
    invitation, answer = found.invitation, found.answer
    stored = {
        key: getattr(answer if column.class_ is Answer else invitation, column.key)
        for key, column in _STORED.items()
    }
    return _told(stored, found.ratings) | _unseen(seen)


def answers(
    database: Database, reader: Reader, seen: Sees, chosen: Filter, *, is_commented: bool = False
) -> Iterator[Row]:
    """Every answer that counts, by day; with the ratings of `ratings` as `ratings.<question>` too.

    Asked for in pages, each in a transaction of its own, so that nobody waits for whoever takes long to read.
    An answer that comes to count meanwhile may be missing. NotAllowedError for who may not open answers, or
    not read the comments that the answers must have with `is_commented`, FieldError for what this reader may
    not ask; all before the first row.
    """
    _check(reader, seen, is_commented=is_commented)
    return _pages(database, _wanted(_seen(database, reader, chosen), is_commented=is_commented), seen)


def write_answers(
    file: IO[bytes],
    form: Format,
    database: Database,
    settings: Settings,
    reader: Reader,
    seen: Sees,
    chosen: Filter,
    header: Callable[[str], str] = str,
    *,
    is_commented: bool = False,
) -> int:
    """Write what `answers` gives and return how many there are; `header` says what stands above a key."""
    rows = answers(database, reader, seen, chosen, is_commented=is_commented)
    keys = [key for key in ANSWER_KEYS if key not in _unseen(seen)]
    if form is not Format.JSONL:
        place = keys.index("ratings")
        wanted = _wanted(_seen(database, reader, chosen), is_commented=is_commented)
        keys[place : place + 1] = [f"ratings.{question}" for question in _questions(database, wanted)]
    sheet = Singles.COMMENTS if is_commented else Singles.ANSWERS
    columns = [Column(key, header(key)) for key in keys]
    return export_files.write(file, form, columns, rows, zone=settings.timezone, sheet=sheet)


def unconvinced(database: Database, settings: Settings, viewer: Viewer, chosen: Filter) -> Iterator[Row]:
    """Everybody whom `explaining.satisfied_but` finds, page after page; the errors are the same."""
    cursor = None
    while True:
        with database.reading() as session:
            page, cursor = explaining.satisfied_but(
                session, settings, viewer, chosen, cursor=cursor, limit=ROWS_AT_ONCE
            )
        yield from ({key: getattr(each, name) for key, name in _UNCONVINCED.items()} for each in page)
        if cursor is None:
            return


def write_unconvinced(
    file: IO[bytes],
    form: Format,
    database: Database,
    settings: Settings,
    viewer: Viewer,
    chosen: Filter,
    header: Callable[[str], str] = str,
) -> int:
    """Write what `unconvinced` gives and return how many there are."""
    hidden = () if viewer.may(Permission.COMMENTS) else ("comment",)
    columns = [Column(key, header(key)) for key in UNCONVINCED_KEYS if key not in hidden]
    rows = unconvinced(database, settings, viewer, chosen)
    return export_files.write(file, form, columns, rows, zone=settings.timezone, sheet=Singles.UNCONVINCED)


def figures(
    session: Session,
    settings: Settings,
    reader: Reader,
    chosen: Filter,
    by: By | None = None,
    *,
    now: datetime,
    is_compared: bool = False,
) -> list[Figures]:
    """As `reports.scores`, with a FieldError where there is nothing to compare with."""
    check_days(chosen)
    if is_compared and by is not None and by.dimension.is_time:
        raise FieldError("compare", Problem.ONE)
    if is_compared and chosen.period is None:
        raise FieldError("from" if chosen.first is None else "to", Problem.MISSING)
    return reports.scores(session, settings, reader, chosen, by, now=now, is_compared=is_compared)


def table(
    session: Session,
    settings: Settings,
    reader: Reader,
    chosen: Filter,
    wanted: Table,
    *,
    by: By | None = None,
    grain: Grain = Grain.DAY,
    now: datetime,
    is_compared: bool = False,
) -> list[Row]:
    """The rows of a table of figures; `grain` is for the trend, `is_compared` for scores and response.

    Raises NotAllowedError and FieldError as what the table's page reads.
    """
    check_days(chosen)
    if wanted is Table.TREND:
        found = reports.trend(session, settings, reader, chosen, grain, now=now)
        return [
            {"from": step.period.first, "to": step.period.last} | row_of(step.figures)
            for steps in found.values()
            for step in steps
        ]
    if wanted in (Table.SCORES, Table.RESPONSE):
        rows = figures(session, settings, reader, chosen, by, now=now, is_compared=is_compared)
        return [row_of(each) for each in rows]
    return _FURTHER[wanted](session, settings, reader, chosen, by or By(Dimension.CASE_TYPE), now)


def write_table(
    file: IO[bytes],
    form: Format,
    settings: Settings,
    wanted: Table,
    rows: Iterable[Row],
    header: Callable[[str], str] = str,
) -> int:
    """Write what `table` gives."""
    columns = [Column(key, header(key)) for key in TABLE_KEYS[wanted]]
    return export_files.write(file, form, columns, rows, zone=settings.timezone, sheet=wanted)


def file_name(what: str, form: Format, first: date | None, last: date | None) -> str:
    """What it holds and of which days: surveyapp-scores-2026-03-01-2026-03-31.csv."""
    days = [f"from-{first}"] if first and not last else [f"to-{last}"] if last and not first else []
    days = [str(first), str(last)] if first and last else days
    return "-".join(["surveyapp", what, *days]) + f".{form}"


TABLE_KEYS: Mapping[Table, tuple[str, ...]] = {
    Table.SCORES: KEYS,
    Table.TREND: ("metric", "from", "to", *(key for key in KEYS if key != "metric")),
    Table.RESPONSE: (
        "metric",
        "group",
        "invited",
        "accepted",
        "opened",
        "answered",
        "commented",
        "response_rate",
        "held",
        "refused",
    ),
    Table.CHANGE: export_tables.CHANGE_KEYS,
    Table.TARGET: export_tables.TARGET_KEYS,
    Table.BOTH: export_tables.BOTH_KEYS,
    Table.AGENTS: export_tables.AGENT_KEYS,
    Table.MARKERS: export_tables.MARKER_KEYS,
}
ANSWER_KEYS: Sequence[str] = (
    "invitation_id",
    "day",
    "metric",
    "rating",
    "rating_group",
    "ratings",
    "comment",
    "survey",
    "version",
    "ticket_ref",
    "agent_ref",
    "agent_name",
    "team",
    "case_type",
    "channel",
    "locale",
    "customer_ref",
    "properties",
    "state",
    "reason",
    "evidence",
    "counted_at",
    "changed_at",
)
"""Those of `answer_row`, in the order of a file's columns."""


_STORED: Mapping[str, InstrumentedAttribute[Any]] = {
    "invitation_id": Answer.invitation_id,
    "day": Answer.day,
    "metric": Answer.metric,
    "rating": Answer.rating,
    "comment": Answer.comment,
    "survey": Invitation.survey_key,
    "version": Invitation.survey_version,
    "ticket_ref": Invitation.ticket_ref,
    "agent_ref": Invitation.agent_ref,
    "agent_name": Invitation.agent_name,
    "team": Invitation.team,
    "case_type": Invitation.case_type,
    "channel": Invitation.channel,
    "locale": Invitation.locale,
    "customer_ref": Invitation.customer_ref,
    "properties": Invitation.properties,
    "state": Answer.state,
    "reason": Answer.reason,
    "evidence": Answer.evidence,
    "counted_at": Answer.first_counted_at,
    "changed_at": Answer.changed_at,
}
"""Where the database has what; of the version its number alone."""
UNCONVINCED_KEYS: Sequence[str] = (
    "day",
    "invitation_id",
    "ticket_ref",
    "csat",
    "nps",
    "comment",
    "case_type",
    "locale",
)
_UNCONVINCED: Mapping[str, str] = {key: "id" if key == "invitation_id" else key for key in UNCONVINCED_KEYS}
_HIDDEN: Mapping[str, Callable[[Sees], bool]] = {
    "comment": lambda seen: seen.comments,
    "customer_ref": lambda seen: seen.customers,
    "agent_ref": lambda seen: seen.agents,
    "agent_name": lambda seen: seen.agents,
}
"""Columns that are left out for whoever does not see them."""
_GROUPS: Mapping[tuple[str, int], str | None] = {
    (str(metric), rating): scale.group(rating) for metric, scale in SCALES.items() for rating in scale.ratings
}
_FURTHER: Mapping[Table, Callable[[Session, Settings, Reader, Filter, By, datetime], list[Row]]] = {
    Table.CHANGE: export_tables.change,
    Table.TARGET: export_tables.target,
    Table.BOTH: export_tables.both,
    Table.AGENTS: export_tables.agents,
    Table.MARKERS: export_tables.around_markers,
}


def _unseen(seen: Sees) -> dict[str, None]:
    return {key: None for key, is_seen in _HIDDEN.items() if not is_seen(seen)}


def _told(stored: dict[str, Any], ratings: dict[str, int]) -> dict[str, Any]:
    stored["version"] = f"{stored['survey']} {stored['version']}"
    stored["rating_group"] = _GROUPS.get((stored["metric"], stored["rating"]))
    stored["ratings"] = ratings
    return stored


def _check(reader: Reader, seen: Sees, *, is_commented: bool) -> None:
    if reader.is_bound:
        raise NotAllowedError("This reader may not open single answers.")
    if is_commented and not seen.comments:
        raise NotAllowedError("Comments are not for this reader.")


def _seen(database: Database, reader: Reader, chosen: Filter) -> Filter:
    with database.reading() as session:
        return reports.seen(session, reader, chosen)


_Wanted = Sequence[ColumnElement[bool]]


def _pages(database: Database, wanted: _Wanted, seen: Sees) -> Iterator[Row]:
    last: tuple[date, str] | None = None
    unseen = _unseen(seen)
    while True:
        with database.reading() as session:
            rows = _page(session, wanted, last)
        for row in rows:
            yield row | unseen
        if len(rows) < ROWS_AT_ONCE:
            return
        last = rows[-1]["day"], rows[-1]["invitation_id"]


def _page(session: Session, wanted: _Wanted, last: tuple[date, str] | None) -> list[dict[str, Any]]:
    # Columns and no objects: of a million answers these would take most of the time.
    statement = (
        select(*_STORED.values())
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .where(*wanted)
        .order_by(Answer.day, Answer.invitation_id)
        .limit(ROWS_AT_ONCE)
    )
    if last is not None:
        statement = statement.where(*_after(*last))
    page = [dict(zip(_STORED, row, strict=True)) for row in session.execute(statement)]
    ratings: dict[str, dict[str, int]] = {row["invitation_id"]: {} for row in page}
    flat: dict[str, dict[str, int]] = {row["invitation_id"]: {} for row in page}
    for invitation_id, question, rating in session.execute(
        select(Rating.invitation_id, Rating.question, Rating.rating).where(Rating.invitation_id.in_(ratings))
    ):
        ratings[invitation_id][question] = rating
        flat[invitation_id][f"ratings.{question}"] = rating
    return [_told(row, ratings[row["invitation_id"]]) | flat[row["invitation_id"]] for row in page]


def _wanted(chosen: Filter, *, is_commented: bool) -> _Wanted:
    return [
        Answer.state == State.COUNTED,
        *conditions(chosen),
        *([is_of(chosen.metric)] if chosen.metric is not None else []),
        *([Answer.comment.is_not(None), Answer.comment != ""] if is_commented else []),
    ]


def _after(day: date, invitation_id: str) -> Iterator[ColumnElement[bool]]:
    # The first says nothing new, but lets the database begin at this day.
    yield Answer.day >= day
    yield or_(Answer.day > day, and_(Answer.day == day, Answer.invitation_id > invitation_id))


def _questions(database: Database, wanted: _Wanted) -> list[str]:
    # By another name, as what is wanted may look for ratings itself.
    given = aliased(Rating)
    statement = (
        select(given.question)
        .join(Answer, Answer.invitation_id == given.invitation_id)
        .join(Invitation, Invitation.id == given.invitation_id)
        .where(*wanted)
        .distinct()
    )
    with database.reading() as session:
        return sorted(session.scalars(statement))

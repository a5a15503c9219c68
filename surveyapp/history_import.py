"""Take over a team's older answers, labelled as imported, so that its trends begin with its history."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from surveyapp.answers import COMMENT_LENGTH
from surveyapp.bulk import Note, Outcome, Summary, chunks, digest
from surveyapp.config import Settings
from surveyapp.core.errors import SurveyappError
from surveyapp.core.evidence import Evidence, State
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.status import Status
from surveyapp.db import Base, Database, serialise, table_of
from surveyapp.i18n import closest
from surveyapp.invitations import FIELD_LENGTH
from surveyapp.models import Answer, AnswerEvent, Invitation, Rating, new_id
from surveyapp.names import Kind, Words
from surveyapp.sheets import DateOrder, Row, RowError
from surveyapp.surveys import Question, Version, current_version, find_survey

SOURCE = "import"
PARTS = ("nki1", "nki2", "nki3")
FIELDS = frozenset(
    {
        "metric", "rating", *PARTS, "date", "ticket", "agent", "agent_name", "team", "case_type", "channel",
        "locale", "comment", "customer", "survey",
    }
)  # fmt: skip
"""The columns that an older answer is made of."""


def import_rows(
    database: Database,
    settings: Settings,
    rows: Iterable[Row | RowError],
    now: datetime,
    *,
    survey: str | None,
    metric: Metric | None,
    order: DateOrder | None,
    progress: Note,
) -> Summary:
    """Store every row that can be, a thousand in a transaction; the same row again changes nothing.

    `survey` and `metric` hold for rows that do not name their own; without a survey it is the built-in one
    of the metric. `order` is that of dates with slashes. Each answer is of its own day, but counts from `now`
    on: figures that were fixed before, when their week closed, stay as they are.
    """
    summary = Summary()
    for chunk in chunks(rows):
        with database.transaction() as session:
            # Two imports of one file at a time would both find that a row is new.
            serialise(session, "import-answers")
            reader = _Reader(_Versions(session), settings, survey, metric, order, now)
            outcomes = _store(session, chunk, [reader.read(row) for row in chunk], now)
        progress(outcomes)
        summary.add(outcomes)
    return summary


@dataclass(frozen=True, slots=True)
class _Old:
    """One older answer: its invitation's row, and what was answered."""

    invitation: dict[str, Any]
    metric: Metric
    ratings: Mapping[str, int]
    comment: str | None


class _Versions:
    """The surveys of one chunk, each looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.words = Words(session)
        self._found: dict[str, Version | SurveyappError] = {}

    def find(self, key: str) -> Version:
        if key not in self._found:
            try:
                self._found[key] = current_version(self._session, find_survey(self._session, key))
            except SurveyappError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, SurveyappError):
            raise found
        return found


class _Reader:
    """Turns rows into answers; what is wrong with one is raised as RowError or another error of ours."""

    def __init__(
        self,
        versions: _Versions,
        settings: Settings,
        survey: str | None,
        metric: Metric | None,
        order: DateOrder | None,
        now: datetime,
    ) -> None:
        self._versions, self._settings, self._now = versions, settings, now
        self._survey, self._metric, self._order = survey, metric, order

    def read(self, row: Row | RowError) -> _Old | SurveyappError:
        """The answer, or why it is none."""
        if isinstance(row, RowError):
            return row
        try:
            return self._old(row)
        except SurveyappError as error:
            return error

    def _old(self, row: Row) -> _Old:
        version, metric = self._asked(row)
        comment = _comment(row)
        if comment and len(comment) > COMMENT_LENGTH:
            raise RowError(row.line, f"This is longer than {COMMENT_LENGTH} characters.", "comment")
        ratings = _ratings(row, version, metric)
        if metric is Metric.OPEN and not comment:
            raise RowError(row.line, "This is missing: an open question is answered by a comment.", "comment")
        at = self._moment(row)
        about: dict[str, Any] = {
            "ticket_ref": _needed(row, "ticket"),
            "agent_ref": _line(row, "agent"),
            "agent_name": _line(row, "agent_name"),
            "team": _line(row, "team"),
            "case_type": _line(row, "case_type"),
            "channel": _line(row, "channel"),
            "locale": _line(row, "locale"),
            "customer_ref": _line(row, "customer"),
            "properties": _properties(row),
        }
        known = (version.survey_key, metric, at, ratings, comment, *about.values())
        told: dict[str, Any] = {}
        for kind in (Kind.TEAM, Kind.CASE_TYPE, Kind.CHANNEL):
            told[kind], told[f"said_{kind}"] = self._versions.words.told(kind, about[kind])
        invitation = (
            about
            | told
            | {
                "survey_key": version.survey_key,
                "survey_version": version.number,
                "occasion": f"import:{digest(str(each) for each in known)}",
                "locale": closest(about["locale"], self._settings.locale),
            }
        )
        return _Old(invitation | _dates(at, self._settings.timezone), metric, ratings, comment)

    def _asked(self, row: Row) -> tuple[Version, Metric]:
        """The survey, and the metric of its first question."""
        name = row.text("metric")
        metric = self._metric if name is None else _metric(row, name)
        key = row.text("survey") or self._survey or metric
        if key is None:
            raise RowError(row.line, "This is missing.", "metric")
        version = self._versions.find(str(key))
        if metric is not None and version.main.metric is not metric:
            sentence = f"The survey {version.survey_key} asks for {version.main.metric}, not for {metric}."
            raise RowError(row.line, sentence, "metric")
        return version, version.main.metric

    def _moment(self, row: Row) -> datetime:
        at = row.moment("date", self._order, self._settings.timezone)
        if at is None:
            raise RowError(row.line, "This is missing.", "date")
        if at.year < 1970 or at.date() > self._now.astimezone(at.tzinfo).date():
            raise RowError(row.line, "This is in the future, or before 1970.", "date")
        return at.astimezone(UTC)


def _store(
    session: Session, chunk: Sequence[Row | RowError], answers: Sequence[_Old | SurveyappError], now: datetime
) -> list[Outcome]:
    """Write what is new of these; the outcomes in the order of the rows."""
    ids = _earlier(session, [each for each in answers if isinstance(each, _Old)])
    new: list[_Old] = []
    outcomes = []
    for row, each in zip(chunk, answers, strict=True):
        ticket = row.text("ticket") if isinstance(row, Row) else None
        if isinstance(each, SurveyappError):
            outcomes.append(Outcome(row.line, ticket, problem=str(each) or "This row cannot be used."))
            continue
        occasion = each.invitation["occasion"]
        is_new = occasion not in ids
        if is_new:
            ids[occasion] = each.invitation["id"] = new_id()
            new.append(each)
        survey = each.invitation["survey_key"]
        outcome = Outcome(row.line, ticket, survey, ids[occasion], Status.IMPORTED)
        outcomes.append(outcome if is_new else replace(outcome, is_new=False))
    for model, stored in _tables(new, now):
        if stored:
            session.execute(insert(table_of(model)), stored)
    return outcomes


def _earlier(session: Session, found: Sequence[_Old]) -> dict[str, str]:
    """Occasion -> id, of those that are stored already; an occasion of ours names survey and ticket, too."""
    occasions = {each.invitation["occasion"] for each in found}
    tickets = {each.invitation["ticket_ref"] for each in found}
    stored = session.execute(
        select(Invitation.occasion, Invitation.id).where(
            Invitation.ticket_ref.in_(tickets), Invitation.occasion.in_(occasions)
        )
    )
    return {row.occasion: row.id for row in stored}


def _tables(new: Sequence[_Old], now: datetime) -> Iterator[tuple[type[Base], list[dict[str, Any]]]]:
    """The rows of each table, in the order in which they can be stored."""
    yield Invitation, [each.invitation for each in new]
    yield Answer, [_answer(each, now) for each in new]
    yield (
        Rating,
        [
            {
                "invitation_id": each.invitation["id"],
                "question": question,
                "metric": each.metric,
                "rating": rating,
            }
            for each in new
            for question, rating in each.ratings.items()
        ],
    )
    yield AnswerEvent, [_event(each, now) for each in new]


def _dates(at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """An invitation that was never sent by us, and whose links never opened anything."""
    return {
        "status": Status.IMPORTED,
        "source": SOURCE,
        "day": at.astimezone(zone).date(),
        "asked_on": at.astimezone(zone).date(),
        "created_at": at,
        "ended_at": at,
        "expires_at": at,
        "accepted_at": None,
        "send_at": None,
        "is_reminder": False,
        "attempts": 0,
        "touch_count": 0,
    }


def _answer(old: _Old, now: datetime) -> dict[str, Any]:
    at = old.invitation["created_at"]
    return {
        "invitation_id": old.invitation["id"],
        "metric": old.metric,
        "state": State.COUNTED,
        "reason": None,
        "evidence": Evidence.IMPORTED,
        "rating": next(iter(old.ratings.values()), None),
        "began_at": at,
        "day": old.invitation["day"],
        # What was fixed before we knew of it must not move, or two readings would tell of it.
        "first_counted_at": now,
        # Whoever fetches what has changed since their last visit is to get these, old as they are.
        "changed_at": now,
        "comment": old.comment,
        "revision": 1,
        "seen": {},
        "has_stayed": False,
        "is_automated": False,
        "is_unverified": False,
        "settle_at": None,
    }


def _event(old: _Old, now: datetime) -> dict[str, Any]:
    return {
        "invitation_id": old.invitation["id"],
        "revision": 1,
        "at": now,
        "state": State.COUNTED,
        "reason": None,
        "evidence": Evidence.IMPORTED,
        "ratings": dict(old.ratings),
    }


def _ratings(row: Row, version: Version, metric: Metric) -> dict[str, int]:
    """Question -> rating. A metric of several questions is rated by all of them or not at all."""
    scale = SCALES.get(metric)
    if scale is None:
        if row.text("rating"):
            raise RowError(row.line, "An open question has no rating.", "rating")
        return {}
    asked: list[Question] = [each for each in version.questions if each.metric is metric]
    columns = ("rating",) if scale.questions == 1 else PARTS
    if columns is PARTS and row.text("rating") and not any(map(row.text, PARTS)):
        sentence = "An NKI cannot be taken apart: give the ratings of its three questions (nki1, nki2, nki3)."
        raise RowError(row.line, sentence, "rating")
    ratings = {}
    for question, column in zip(asked, columns, strict=False):
        rating = row.whole(column, scale.lowest, scale.highest)
        if rating is None:
            raise RowError(row.line, "This is missing.", column)
        ratings[question.key] = rating
    return ratings


def _comment(row: Row) -> str | None:
    """As the customers' form would have stored it."""
    lines = (row.text("comment") or "").replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return "".join(kept).strip() or None


def _metric(row: Row, name: str) -> Metric:
    try:
        return Metric(name.casefold().replace(" ", "_").replace("-", "_"))
    except ValueError as error:
        sentence = f"This must be one of these: {', '.join(Metric)}."
        raise RowError(row.line, sentence, "metric") from error


def _properties(row: Row) -> dict[str, str | None]:
    return {name: _checked(row, f"property:{name}", cell) for name, cell in sorted(row.properties.items())}


def _needed(row: Row, field: str) -> str:
    text = _line(row, field)
    if text is None:
        raise RowError(row.line, "This is missing.", field)
    return text


def _line(row: Row, field: str) -> str | None:
    return _checked(row, field, row.text(field))


def _checked(row: Row, field: str, text: str | None) -> str | None:
    """On one line; None when nothing is left."""
    line = " ".join("".join(c for c in text or "" if unicodedata.category(c) != "Cf").split())
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
        raise RowError(row.line, "This has characters that are no text.", field)
    if len(line) > FIELD_LENGTH:
        raise RowError(row.line, f"This is longer than {FIELD_LENGTH} characters.", field)
    return line or None

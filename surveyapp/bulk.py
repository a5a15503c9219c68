"""Invite the customers of a sheet, and write down what became of every row."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from surveyapp.config import Settings
from surveyapp.core.errors import (
    ClosedSurveyError,
    FieldError,
    Problem,
    SurveyappError,
    UnknownSurveyError,
)
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.invitations import (
    EARLIEST_YEAR,
    LATEST,
    LATEST_YEAR,
    MOST_REPLIES,
    Invited,
    Request,
    invite_many,
)
from surveyapp.links import Links, links_of
from surveyapp.sheets import Flaw, Row, RowError, SheetError

CHUNK = 1000
"""Rows of one transaction."""

SOURCE = "csv"
FIELDS = frozenset(
    {
        "ticket", "email", "name", "customer", "agent", "agent_name", "agent_replies", "team", "case_type",
        "channel", "locale", "timezone", "survey", "occasion", "date", "send_at",
    }
)  # fmt: skip
"""The columns that an invitation is made of."""

COLUMNS = ("line", "ticket", "id", "status", "reason", "allowed_from", "problem")
BAD = "bad"
"""What the result file says of a row that was not taken, where others have a status."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every row that does not say otherwise."""

    survey: str | None = None
    locale: str | None = None
    is_mailed: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. A row that was not taken has a `problem` and no `id`."""

    line: int
    ticket: str | None = None
    survey: str | None = None
    id: str | None = None
    status: str = BAD
    reason: str | None = None
    allowed_from: datetime | None = None
    problem: str | None = None
    is_new: bool = True
    """False when it was known from an earlier run, or from an earlier row."""
    error: RowError | None = field(default=None, compare=False)
    """Of a row that was not taken: what `problem` says, for other languages."""
    is_answered: bool = False
    """Told of files that were put in by browser alone."""


@dataclass(slots=True)
class Summary:
    """What became of all rows."""

    rows: int = 0
    bad: int = 0
    again: int = 0
    """Rows that were known before; they are counted by their status, too."""
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    """The first few, in words."""

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count these, too."""
        for outcome in outcomes:
            self.rows += 1
            if outcome.problem is not None:
                self.bad += 1
                if len(self.problems) < MOST_PROBLEMS:
                    self.problems.append(f"Line {outcome.line}: {outcome.problem}")
                continue
            self.again += not outcome.is_new
            self.statuses[outcome.status] += 1
            if outcome.reason:
                self.reasons[outcome.reason] += 1


MOST_PROBLEMS = 10

Note = Callable[[Sequence[Outcome]], None]
"""Takes the outcomes of one chunk, after it was stored for good."""


def invite_rows(
    database: Database,
    settings: Settings,
    rows: Iterable[Row | RowError],
    now: datetime,
    *,
    defaults: Defaults,
    progress: Note,
    is_dry_run: bool = False,
) -> Summary:
    """Invite every row that can be, a thousand in a transaction; the same rows again invite nobody twice.

    A row without an occasion gets one made of its survey, ticket, address and date, so that a run that was
    cut off is simply done again. A dry run decides alike and keeps nothing; on SQLite others cannot write
    while it lasts.
    """
    invite = Invites(settings, defaults, now)
    if is_dry_run:
        with _thrown_away(database) as session:
            # Ids that nothing will be stored under help nobody.
            return _run(
                rows, lambda chunk: [replace(each, id=None) for each in invite(session, chunk)], progress
            )

    def stored(chunk: Sequence[Row | RowError]) -> list[Outcome]:
        with database.transaction() as session:
            return invite(session, chunk)

    return _run(rows, stored, progress)


Permit = Callable[[Request], Request]
"""Gives the request as it may be made; raises FieldError for one that may not."""

Decide = Callable[[Sequence[Request]], Sequence[Invited | SurveyappError]]


class Invites:
    """Invites one chunk of rows after the other."""

    def __init__(
        self,
        settings: Settings,
        defaults: Defaults,
        now: datetime,
        source: str = SOURCE,
        permit: Permit = lambda request: request,
    ) -> None:
        """`source`: by which door they come."""
        self._settings, self._defaults, self._now = settings, defaults, now
        self._source, self._permit = source, permit

    def __call__(self, session: Session, chunk: Sequence[Row | RowError]) -> list[Outcome]:
        """The outcomes in the order of the rows."""
        return self.outcomes(
            chunk, lambda good: invite_many(session, self._settings, good, self._now, self._source)
        )

    def outcomes(self, chunk: Sequence[Row | RowError], decide: Decide) -> list[Outcome]:
        """The same with `decide` in the place of inviting; it is given the requests of the good rows."""
        requests = [self._wanted(row) for row in chunk]
        good = [each for each in requests if isinstance(each, Request)]
        decided = iter(decide(good) if good else ())
        return [
            _outcome(row, request, next(decided) if isinstance(request, Request) else request)
            for row, request in zip(chunk, requests, strict=True)
        ]

    def _wanted(self, row: Row | RowError) -> Request | RowError | FieldError:
        if isinstance(row, RowError):
            return row
        text, defaults = row.text, self._defaults
        survey, ticket = text("survey") or defaults.survey, text("ticket")
        if survey is None or ticket is None:
            return RowError(row.line, Problem.MISSING, "ticket" if survey else "survey")
        try:
            return self._permit(self._request(row, survey, ticket))
        except (RowError, FieldError) as error:
            return error

    def _request(self, row: Row, survey: str, ticket: str) -> Request:
        text, defaults = row.text, self._defaults
        ended_at = self._moment(row, "date") if text("date") else None
        return Request(
            survey=survey,
            ticket_ref=ticket,
            occasion=text("occasion") or _occasion(survey, row, ended_at),
            agent_ref=text("agent"),
            agent_name=text("agent_name"),
            agent_replies=row.whole("agent_replies", 0, MOST_REPLIES),
            team=text("team"),
            case_type=text("case_type"),
            channel=text("channel"),
            locale=text("locale") or defaults.locale,
            timezone=text("timezone"),
            address=text("email"),
            recipient_name=text("name"),
            customer_ref=text("customer"),
            properties=row.properties,
            is_mailed=defaults.is_mailed,
            send_at=self._moment(row, "send_at") if text("send_at") else None,
            ended_at=ended_at,
        )

    def _moment(self, row: Row, name: str) -> datetime | None:
        moment = row.moment(name, None, self._settings.timezone)
        if moment is not None and not EARLIEST_YEAR <= moment.year < LATEST_YEAR:
            raise RowError(row.line, Flaw.YEAR, name)
        if moment is not None and moment > self._now + LATEST:
            raise RowError(row.line, Problem.FAR, name)
        return moment


class ResultFile:
    """A CSV file with what became of each row; it is whole up to the last chunk that was stored."""

    def __init__(self, path: Path, delimiter: str, links: "LinkColumns | None" = None) -> None:
        """Replaces the file of an earlier run. Raises SheetError when it cannot be written."""
        self.path, self._links = path, links
        try:
            if links:
                # Whoever has the links can answer in the customers' place.
                path.unlink(missing_ok=True)
                path.touch(mode=0o600)
            # With the mark, Excel reads UTF-8.
            self._file = path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise SheetError(f"The result file {path} cannot be written: {error.strerror}.") from error
        self._writer = csv.writer(self._file, delimiter=delimiter)
        self._write([(*COLUMNS, *(links.columns if links else ()))])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Write these rows and let them out of this process."""
        self._write([*cells(each), *(self._links.cells(each) if self._links else ())] for each in outcomes)

    def _write(self, rows: Iterable[Iterable[str]]) -> None:
        try:
            self._writer.writerows(rows)
            self._file.flush()
        except OSError as error:
            with suppress(OSError):
                # It tries once more to write what it holds.
                self._file.close()
            raise SheetError(
                f"The result file {self.path} cannot be written: {error.strerror}."
                " What was stored stays stored; the same command again goes on and writes the whole file."
            ) from error


class LinkColumns:
    """The links of invitations that were handed out without a mail."""

    def __init__(self, settings: Settings, ratings: Mapping[str, Sequence[int]]) -> None:
        """`ratings`: survey -> the ratings of its first question."""
        self._links, self._public_url, self._ratings = Links(settings.link_keys), settings.public_url, ratings
        self._all = sorted({rating for each in ratings.values() for rating in each})
        self.columns = ["page_url", *(f"rating_{rating}_url" for rating in self._all)]

    def cells(self, outcome: Outcome) -> list[str]:
        """As many as there are columns; empty where there is nothing to open."""
        # Whoever has the links of a mail, or of an answer, could speak or read in the customer's place.
        if outcome.id is None or outcome.status != Status.LINKED or outcome.is_answered:
            return [""] * len(self.columns)
        own = self._ratings.get(outcome.survey or "", ())
        urls = links_of(self._links, self._public_url, outcome.id, own)
        return [urls.page, *(urls.ratings.get(rating, "") for rating in self._all)]


def cells(outcome: Outcome) -> list[str]:
    """One line of a result file, in the order of COLUMNS."""
    until = outcome.allowed_from and outcome.allowed_from.astimezone(UTC).isoformat(timespec="seconds")
    return [
        str(outcome.line),
        harmless(outcome.ticket or ""),
        # Ours, so that it does no harm, and to be found again as it is.
        outcome.id or "",
        outcome.status,
        # It may be a mail server's.
        harmless(outcome.reason or ""),
        until or "",
        harmless(outcome.problem or ""),
    ]


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def digest(texts: Iterable[str]) -> str:
    """128 bits that are the same for the same texts."""
    return sha256("\x1f".join(texts).encode()).hexdigest()[:32]


def chunks(rows: Iterable[Row | RowError], size: int = CHUNK) -> Iterator[list[Row | RowError]]:
    """The rows, so many at a time."""
    rest = iter(rows)
    while chunk := list(islice(rest, size)):
        yield chunk


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _DoneError(Exception):
    """Ends a transaction of which nothing is to stay."""


@contextmanager
def _thrown_away(database: Database) -> Iterator[Session]:
    try:
        with database.transaction() as session:
            yield session
            raise _DoneError
    except _DoneError:
        pass


def _run(
    rows: Iterable[Row | RowError],
    work: Callable[[Sequence[Row | RowError]], list[Outcome]],
    progress: Note,
) -> Summary:
    summary = Summary()
    for chunk in chunks(rows):
        outcomes = work(chunk)
        progress(outcomes)
        summary.add(outcomes)
    return summary


def _outcome(
    row: Row | RowError, request: Request | SurveyappError, found: Invited | SurveyappError
) -> Outcome:
    ticket = row.text("ticket") if isinstance(row, Row) else None
    if isinstance(found, SurveyappError):
        return Outcome(
            row.line, ticket, problem=str(found) or "This row cannot be used.", error=_error(row.line, found)
        )
    survey = request.survey if isinstance(request, Request) else None
    return Outcome(
        row.line,
        ticket,
        survey,
        found.id,
        found.status,
        found.reason,
        found.allowed_from,
        is_new=found.is_new,
    )


def _error(line: int, found: SurveyappError) -> RowError:
    match found:
        case RowError():
            return found
        case FieldError():
            return RowError(line, found.problem, found.field, **found.values)
        case UnknownSurveyError():
            return RowError(line, Problem.SURVEY, "survey")
        case ClosedSurveyError():
            return RowError(line, Problem.CLOSED, "survey")
    return RowError(line, str(found))


def _occasion(survey: str, row: Row, ended_at: datetime | None) -> str:
    """The same for the same customer, ticket and date, however the file is written."""
    date = ended_at.astimezone(UTC).isoformat() if ended_at else ""
    about = (survey, row.text("ticket"), (row.text("email") or "").casefold(), date)
    return f"csv:{digest(each or '' for each in about)}"

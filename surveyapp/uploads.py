"""CSV files of invitations that are put in by browser: looked at first, then worked off by the worker."""

import json
import logging
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.orm import Session, defer

from surveyapp import audit
from surveyapp.bulk import BAD, FIELDS, Defaults, Invites, Outcome, chunks
from surveyapp.config import LOCALES, Settings
from surveyapp.core.access import Permission, Role, Viewer
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, Problem, UnknownSurveyError, UnknownThingError
from surveyapp.finding import reason_for
from surveyapp.invitations import Forecast, Request
from surveyapp.models import Answer, Invitation, Upload, User
from surveyapp.names import Kind, Words
from surveyapp.sheets import Flaw, Row, RowError, Sheet, SheetError
from surveyapp.sight import visible_to
from surveyapp.surveys import find_survey

log = logging.getLogger(__name__)

MEGABYTES = 5
MOST_ROWS = 20_000
NAME_LENGTH = 200
PROBLEM_LENGTH = 500

CHUNK = 200
"""Rows of one transaction: on SQLite a customer's answer may wait for it."""

SOURCE = "upload"
KNOWN, FAILED = "known", "failed"
"""What became of rows that were invited before, and of those that met a mistake of ours."""

KEPT_UNSTARTED = timedelta(days=1)
KEPT = timedelta(days=30)


class Stage(StrEnum):
    """How far a file has come, as it is stored."""

    PREVIEWED = "previewed"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


def put_in(
    session: Session,
    viewer: Viewer,
    file_name: str,
    content: bytes,
    *,
    survey: str | None,
    locale: str | None,
    is_mailed: bool,
    now: datetime,
) -> Upload:
    """Keep a file to look at and to start; `survey` and `locale` are for rows that name none.

    Raises SheetError for a file that is too large, empty, or no sheet of ours, and FieldError for one with
    more rows than MOST_ROWS and for a survey or locale that cannot be used.
    """
    _check_defaults(session, survey, locale, now)
    upload = Upload(
        user_id=viewer.id,
        file_name=_plain_name(file_name),
        survey_key=survey,
        locale=locale,
        is_mailed=is_mailed,
        content=content,
        state=Stage.PREVIEWED,
        created_at=now,
        rows=0,
        done=0,
        outcomes={},
    )
    upload.rows = _counted(upload)
    session.add(upload)
    session.flush()
    return upload


def notices(session: Session, viewer: Viewer, upload_id: str) -> list[SheetError]:
    """What is odd about the file and does no harm, such as a column that is ignored."""
    upload = _found(session, viewer, upload_id)
    if upload.content is None or upload.ended_at is not None:
        return []
    with _sheet(upload) as sheet:
        return sheet.notices


def preview(
    session: Session, settings: Settings, viewer: Viewer, upload_id: str, now: datetime, first: int, most: int
) -> list[Outcome]:
    """What would become of these rows if the file were started now; the first one of the file is 0.

    A session that only reads will do. Exact, because all rows before them are decided, too. Empty once the
    file has come to its end.
    """
    upload = _found(session, viewer, upload_id)
    return list(islice(_forecast(session, settings, upload, now), first, first + most))


def kind_of(outcome: Outcome) -> str:
    """By which an outcome is counted: `queued`, `linked`, `refused:REASON`, `known`, `bad` or `failed`."""
    if outcome.error is not None:
        return FAILED if outcome.error.flaw is Flaw.OURS else BAD
    if not outcome.is_new:
        return KNOWN
    return f"{outcome.status}:{outcome.reason}" if outcome.reason else outcome.status


def start(session: Session, viewer: Viewer, upload_id: str, now: datetime) -> Upload:
    """Let the worker invite the file's customers; the second time changes nothing."""
    upload = _found(session, viewer, upload_id, is_locked=True)
    if upload.state == Stage.PREVIEWED:
        upload.state, upload.started_at = Stage.WAITING, now
        audit.record(session, viewer.id, Deed.UPLOADED, now, upload.id, rows=upload.rows)
    return upload


def cancel(session: Session, viewer: Viewer, upload_id: str) -> bool:
    """Throw away a file of which nobody was invited yet; False when that is too late."""
    upload = _found(session, viewer, upload_id, is_locked=True)
    if upload.state not in (Stage.PREVIEWED, Stage.WAITING):
        return False
    session.delete(upload)
    session.flush()
    return True


def progress(session: Session, viewer: Viewer, upload_id: str) -> Upload:
    """How far it has come. UnknownThingError when it is none, or somebody else's and the viewer no admin."""
    return _found(session, viewer, upload_id)


def recent(session: Session, viewer: Viewer, limit: int = 20) -> Sequence[Upload]:
    """The newest first: the viewer's own, an admin's everybody's."""
    newest = _visible(viewer).order_by(Upload.created_at.desc(), Upload.id.desc())
    return session.scalars(newest.limit(limit)).all()


def result_rows(session: Session, settings: Settings, viewer: Viewer, upload_id: str) -> Iterator[Outcome]:
    """What became of each row, as its invitation stands today; nothing before the file's end.

    An invitation that the viewer does not see leaves only its line, and a mail server's words are for those
    who may see customers.
    """
    upload = _found(session, viewer, upload_id)
    if upload.ended_at is None or upload.content is None:
        return
    rest = iter(json.loads(upload.content))
    while some := list(islice(rest, CHUNK)):
        ids = [row["id"] for row in some if "id" in row]
        conditions = visible_to(viewer, settings.own.agent_figures)
        visible = session.scalars(select(Invitation).where(Invitation.id.in_(ids), *conditions))
        found = {invitation.id: invitation for invitation in visible}
        answered = frozenset(
            session.scalars(select(Answer.invitation_id).where(Answer.invitation_id.in_(ids)))
        )
        yield from (_as_outcome(row, found, answered, viewer) for row in some)


def work_off(session: Session, settings: Settings, now: datetime) -> int:
    """Invite the next rows of the file that was started first; returns how many, 0 when none waits.

    What was invited and how far the file has come are stored together, so that after a worker's death the
    next one goes on with the row that follows. Until the transaction ends no other worker takes the file.
    """
    upload = session.scalars(_WAITING).first()
    if upload is None:
        return 0
    if _owner(session, upload) is None:
        _end(session, settings, upload, Stage.FAILED, now, Flaw.NOT_ALLOWED)
        return 1
    try:
        outcomes = _next_outcomes(session, settings, upload, now)
    except SheetError as error:
        # It could be read when it was put in; since then another release reads it.
        _end(session, settings, upload, Stage.FAILED, now, str(error))
        return 1
    upload.state = Stage.RUNNING
    upload.done += len(outcomes)
    upload.outcomes = dict(Counter(upload.outcomes) + Counter(map(kind_of, outcomes)))
    if upload.done >= upload.rows or not outcomes:
        _end(session, settings, upload, Stage.DONE, now)
    session.flush()
    return len(outcomes)


def purge(session: Session, now: datetime, most: int = 1000) -> int:
    """Delete files that nobody started and results that were kept long enough; how many, 0: no more."""
    is_forgotten = (Upload.state == Stage.PREVIEWED) & (Upload.created_at < now - KEPT_UNSTARTED)
    old = select(Upload.id).where(or_(is_forgotten, Upload.ended_at < now - KEPT)).limit(most)
    ids = session.scalars(old).all()
    session.execute(delete(Upload).where(Upload.id.in_(ids)))
    return len(ids)


def within_teams(viewer: Viewer, request: Request, words: Words) -> Request:
    """The request as this viewer may make it: for an own team, which where there is only one goes unsaid.

    Words that mean the same team are one. Raises FieldError for another team, and for none where it must
    be said.
    """
    if viewer.teams is None:
        return request
    own = words.each(Kind.TEAM, viewer.teams)
    team = " ".join((request.team or "").split())
    if not team and len(own) == 1:
        return replace(request, team=own[0])
    if not team:
        raise FieldError("team", Problem.MISSING)
    if words.canonical(Kind.TEAM, team) not in own:
        raise FieldError("team", Problem.CHOICE, choices=", ".join(own))
    return request


# A failed database fails every row alike: the whole file is for the next try, not its rows for nobody.
_DATABASE_FAILED = (OperationalError, InterfaceError, InternalError)

_WAITING = (
    select(Upload)
    .where(Upload.state.in_((Stage.WAITING, Stage.RUNNING)))
    .order_by(Upload.started_at, Upload.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


_SAID: Mapping[str, Flaw | Problem] = {str(each): each for kinds in (Flaw, Problem) for each in kinds}


def _check_defaults(session: Session, survey: str | None, locale: str | None, now: datetime) -> None:
    if locale is not None and locale not in LOCALES:
        raise FieldError("locale", Problem.CHOICE, choices=", ".join(LOCALES))
    if survey is None:
        return
    try:
        closed_at = find_survey(session, survey).closed_at
    except UnknownSurveyError as error:
        raise FieldError("survey", Problem.SURVEY) from error
    if closed_at is not None and closed_at <= now:
        raise FieldError("survey", Problem.CLOSED)


def _plain_name(file_name: str) -> str:
    """What is left of a path, in letters that can be shown."""
    name = file_name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[:NAME_LENGTH] or "-"


def _counted(upload: Upload) -> int:
    """How many rows the file has. Raises SheetError, and FieldError when they are too many."""
    if len(upload.content or b"") > MEGABYTES * 1024 * 1024:
        raise SheetError(Flaw.LARGE, n=MEGABYTES)
    with _sheet(upload) as sheet:
        rows = sum(1 for _ in islice(sheet.rows(), MOST_ROWS + 1))
    if rows > MOST_ROWS:
        raise FieldError("file", Problem.MANY, n=MOST_ROWS)
    if not rows:
        raise SheetError(Flaw.NO_ROWS)
    return rows


def _sheet(upload: Upload) -> Sheet:
    needed = ["ticket", *([] if upload.survey_key else ["survey"]), *(["email"] if upload.is_mailed else [])]
    return Sheet(upload.content or b"", FIELDS, needed)


def _visible(viewer: Viewer) -> Select[Upload]:
    # Lists have no use for megabytes.
    found = select(Upload).options(defer(Upload.content))
    return found if viewer.role is Role.ADMIN else found.where(Upload.user_id == viewer.id)


def _found(session: Session, viewer: Viewer, upload_id: str, *, is_locked: bool = False) -> Upload:
    wanted = _visible(viewer).where(Upload.id == upload_id)
    if is_locked:
        wanted = wanted.with_for_update()
    # PostgreSQL takes no NUL even to compare with.
    upload = session.scalars(wanted).one_or_none() if upload_id.isprintable() else None
    if upload is None:
        raise UnknownThingError("There is no such file.")
    return upload


def _owner(session: Session, upload: Upload) -> Viewer | None:
    """Who put the file in, with today's rights; None when they may not invite any more."""
    user = session.get_one(User, upload.user_id)
    teams = None if user.teams is None else frozenset(user.teams)
    allowed = {Permission(name): is_given for name, is_given in user.allowed.items()}
    owner = Viewer(user.id, Role(user.role), teams, user.agent_ref, allowed)
    return owner if user.disabled_at is None and owner.may(Permission.SEND) else None


def _invites(session: Session, settings: Settings, upload: Upload, now: datetime) -> Invites:
    owner = _owner(session, upload)
    defaults = Defaults(upload.survey_key, upload.locale, upload.is_mailed)
    if owner is None:
        return Invites(settings, defaults, now, SOURCE)
    return Invites(settings, defaults, now, SOURCE, partial(within_teams, owner, words=Words(session)))


def _forecast(session: Session, settings: Settings, upload: Upload, now: datetime) -> Iterator[Outcome]:
    if upload.content is None or upload.ended_at is not None:
        return
    invites, forecast = _invites(session, settings, upload, now), Forecast(session, settings, now, SOURCE)
    with _sheet(upload) as sheet:
        for chunk in chunks(sheet.rows(), CHUNK):
            for outcome in invites.outcomes(chunk, forecast.of):
                # Ids that nothing will be stored under help nobody.
                yield replace(outcome, id=None) if outcome.is_new else outcome


def _next_outcomes(session: Session, settings: Settings, upload: Upload, now: datetime) -> list[Outcome]:
    with _sheet(upload) as sheet:
        chunk = list(islice(sheet.rows(), upload.done, upload.done + CHUNK))
    return _outcomes(session, _invites(session, settings, upload, now), chunk)


def _outcomes(session: Session, invites: Invites, chunk: Sequence[Row | RowError]) -> list[Outcome]:
    """Invites them all, or where that meets a mistake of ours each by itself."""
    try:
        with session.begin_nested():
            return invites(session, chunk)
    except _DATABASE_FAILED:
        raise
    except Exception:  # a mistake of ours in one row must not stop the others
        log.exception("%d rows of an upload from line %d on met a mistake of ours", len(chunk), chunk[0].line)
    if len(chunk) == 1:
        error = RowError(chunk[0].line, Flaw.OURS)
        return [Outcome(error.line, problem=str(error), error=error)]
    return [outcome for row in chunk for outcome in _outcomes(session, invites, [row])]


def _end(
    session: Session,
    settings: Settings,
    upload: Upload,
    stage: Stage,
    now: datetime,
    problem: str | None = None,
) -> None:
    """Put what became of the rows in the place of the file, which holds names and addresses."""
    outcomes: list[Outcome] = []
    with suppress(SheetError):
        outcomes = list(islice(_forecast(session, settings, upload, now), upload.done))
    upload.content = json.dumps([_as_stored(each) for each in outcomes]).encode()
    upload.state, upload.ended_at = stage, now
    upload.problem = problem and problem[:PROBLEM_LENGTH]


def _as_stored(outcome: Outcome) -> dict[str, Any]:
    """The line, and its invitation or what is wrong with it; nothing personal.

    A row that was taken is known by now; one that still looks new met a mistake of ours.
    """
    if outcome.id is not None:
        return {"line": outcome.line, "id": outcome.id}
    error = outcome.error or RowError(outcome.line, Flaw.OURS)
    return {
        "line": outcome.line,
        "flaw": error.flaw or str(error),
        "field": error.field if error.flaw else None,
        "values": error.values,
    }


def _as_outcome(
    row: Mapping[str, Any], found: Mapping[str, Invitation], answered: Container[str], viewer: Viewer
) -> Outcome:
    if "id" not in row:
        error = RowError(row["line"], _SAID.get(row["flaw"], row["flaw"]), row["field"], **row["values"])
        return Outcome(error.line, problem=str(error), error=error)
    invitation = found.get(row["id"])
    if invitation is None:
        return Outcome(row["line"], status=KNOWN)
    return Outcome(
        row["line"],
        invitation.ticket_ref,
        invitation.survey_key,
        invitation.id,
        invitation.status,
        reason_for(viewer, invitation.reason),
        invitation.allowed_from,
        is_answered=invitation.id in answered,
    )

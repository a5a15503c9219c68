"""Summaries by mail: who gets the figures of each week or month, when the next is due, and what it tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import and_, bindparam, case, delete, func, select
from sqlalchemy.orm import Session

from surveyapp import reports, tallies, users
from surveyapp.audit import record
from surveyapp.config import LOCALES, Settings
from surveyapp.core.access import AgentFigures, Permission, Reader, Viewer, reader_of
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.errors import FieldError, Problem, UnknownThingError
from surveyapp.core.evidence import State
from surveyapp.core.periods import Period, Whole, today, whole_of
from surveyapp.core.scales import SCALES, Metric
from surveyapp.db import serialise
from surveyapp.figures import Figures, order
from surveyapp.models import Answer, Invitation, Summary, User, new_id
from surveyapp.names import in_our_words
from surveyapp.notes import LEASE, OUTCOME_LENGTH, RETRIES, Ending
from surveyapp.selecting import Filter, conditions
from surveyapp.sight import visible_to
from surveyapp.surveys import Version, version_of_invitation
from surveyapp.tallies import Asked

EVERY = (Whole.WEEK, Whole.MONTH)
"""How often a summary may come."""

MOST_COMMENTS = 3
GOES_AT = time(7)
"""In the organisation's zone; an hour after the days of a week are fixed for those who are bound."""


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody without an account who gets the figures."""

    id: str
    email: str
    locale: str | None
    every: Whole
    since: datetime
    next_at: datetime | None
    problem: str | None
    """Why the last try did not arrive, for people who look after mail; None when nothing is wrong."""


@dataclass(frozen=True, slots=True)
class ClaimedSummary:
    """A mail that one worker may send now. `viewer` None: an address without an account."""

    id: str
    claim: str
    every: Whole
    period: Period
    email: str
    name: str
    locale: str | None
    viewer: Viewer | None

    @property
    def is_bound(self) -> bool:
        """Whether the reader may not open single answers."""
        return _is_bound(self.viewer)


@dataclass(frozen=True, slots=True)
class Comment:
    """What one customer wrote; who it was and which ticket it was about stay out of mails."""

    text: str
    rating: int | None
    version: Version
    locale: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a summary tells. `held` None: not for this reader to judge."""

    figures: tuple[Figures, ...]
    """Of the metrics that somebody answered in these days or in those before, each compared."""
    asked: Asked
    comments: tuple[Comment, ...] = ()
    held: int | None = None


# --- who gets one ----------------------------------------------------------------------------------


def addresses(session: Session) -> list[Address]:
    """Those without an account, in order; personal data, for whoever sets up the organisation alone."""
    found = session.scalars(select(Summary).where(Summary.address.is_not(None)).order_by(Summary.address))
    return [
        Address(
            row.id,
            row.address or "",
            row.locale,
            Whole(row.every),
            row.created_at,
            row.send_at,
            None if row.outcome in (None, Ending.ACCEPTED) else row.outcome.removeprefix(_GIVEN_UP),
        )
        for row in found
    ]


def chosen_by(session: Session, user_id: str) -> Whole | None:
    """How often this user wants one; None: never."""
    row = session.scalars(select(Summary).where(Summary.user_id == user_id)).first()
    return Whole(row.every) if row else None


def choose(
    session: Session, settings: Settings, user_id: str, viewer: Viewer, every: Whole | None, now: datetime
) -> None:
    """Let the user have one so often from the next on; None: no more. The same again changes nothing."""
    serialise(session, "summaries")
    if chosen_by(session, user_id) == every:
        return
    session.execute(delete(Summary).where(Summary.user_id == user_id))
    if every is not None:
        session.add(
            Summary(
                id=new_id(),
                user_id=user_id,
                every=every,
                created_at=now,
                send_at=next_due(every, settings.timezone, now, is_bound=_is_bound(viewer)),
                attempts=0,
            )
        )
    session.flush()


def add_address(
    session: Session,
    settings: Settings,
    email: str,
    every: Whole,
    locale: str,
    now: datetime,
    *,
    by_user: str,
) -> str:
    """The id of an address without an account that gets one from now on; it is told what a viewer is.

    An address that is there already gets it so often and in that language from now on. FieldError for what
    is no address, and for one of a user, who chooses for themselves.
    """
    address = _address(email)
    if locale not in LOCALES:
        raise FieldError("locale", Problem.UNKNOWN)
    serialise(session, "summaries")
    user = users.by_email(session, address)
    if user is not None and user.disabled_at is None:
        raise FieldError("email", Problem.TAKEN)
    row = session.scalars(select(Summary).where(Summary.address == address)).first()
    due = next_due(every, settings.timezone, now, is_bound=True)
    if row is not None:
        if row.every != every:
            row.every, row.send_at, row.claim = every, due, None
            row.attempts, row.last_first = 0, None
            row.created_at = now
        row.locale = locale
        session.flush()
        return row.id
    row = Summary(
        id=new_id(), address=address, locale=locale, every=every, created_at=now, send_at=due, attempts=0
    )
    session.add(row)
    session.flush()
    record(session, by_user, Deed.SUMMARY_ADDED, now, row.id)
    return row.id


def remove_address(session: Session, summary_id: str, now: datetime, *, by_user: str) -> None:
    """Forget the address. UnknownThingError when there is none, so also the second time."""
    if not _forget(session, summary_id):
        raise UnknownThingError("There is no such address.")
    record(session, by_user, Deed.SUMMARY_REMOVED, now, summary_id)


def leave(session: Session, summary_id: str, now: datetime) -> None:
    """Forget the address at its owner's wish; the second time changes nothing."""
    if _forget(session, summary_id):
        record(session, None, Deed.SUMMARY_REMOVED, now, summary_id, actor=Actor.NOBODY)


def is_wanted(session: Session, summary_id: str) -> bool:
    """Whether this address still gets its mails."""
    # PostgreSQL takes no NUL even to compare with.
    if not summary_id.isprintable():
        return False
    wanted = select(Summary.id).where(Summary.id == summary_id, Summary.address.is_not(None))
    return session.scalar(wanted) is not None


# --- when ------------------------------------------------------------------------------------------


def due_at(period: Period, zone: tzinfo, *, is_bound: bool) -> datetime:
    """When the summary of a whole week or month goes out.

    A month's last week is fixed only on the Monday after it, so for those who are bound it waits for that.
    """
    last = whole_of(Whole.WEEK, period.last).last if is_bound else period.last
    return datetime.combine(last + timedelta(days=1), GOES_AT, zone)


def newest_due(every: Whole, zone: tzinfo, now: datetime, *, is_bound: bool) -> Period:
    """The latest week or month whose summary may have gone out by now."""
    period = whole_of(every, today(now, zone)).previous
    while due_at(period, zone, is_bound=is_bound) > now:
        period = period.previous
    return period


def next_due(every: Whole, zone: tzinfo, now: datetime, *, is_bound: bool) -> datetime:
    """When the next summary goes out, later than now."""
    period = newest_due(every, zone, now, is_bound=is_bound)
    following = whole_of(every, period.last + timedelta(days=1))
    return due_at(following, zone, is_bound=is_bound)


# --- the outbox ------------------------------------------------------------------------------------


def claim(session: Session, settings: Settings, now: datetime) -> ClaimedSummary | None:
    """Take one summary that is due, for as long as the lease; None when none is.

    It is about the newest period: what nobody could send for weeks is not made up for. Users who were
    disabled or may see no figures any more get none, and what several workers died of waits for its next
    period.
    """
    while (row := session.scalars(_DUE, {"now": now}).first()) is not None:
        user = session.get_one(User, row.user_id, populate_existing=True) if row.user_id else None
        viewer = in_our_words(session, users.viewer_of(user)) if user else None
        is_bound = _is_bound(viewer)
        period = newest_due(Whole(row.every), settings.timezone, now, is_bound=is_bound)
        if row.last_first != period.first:
            row.attempts = 0
        if user and (user.disabled_at is not None or not users.viewer_of(user).may(Permission.FIGURES)):
            _go_on(row, settings, now, "the user sees no figures", is_bound=is_bound)
        elif _is_over(row, period, settings.timezone, is_bound=is_bound):
            _go_on(row, settings, now, row.outcome, is_bound=is_bound)
        elif row.attempts > len(RETRIES):
            _go_on(row, settings, now, f"{_GIVEN_UP}the worker stopped each time", is_bound=is_bound)
        else:
            return _lease(session, row, period, user, viewer, now)
        session.flush()
    return None


def note_outcome(
    session: Session,
    settings: Settings,
    claimed: ClaimedSummary,
    ending: Ending,
    detail: str | None,
    now: datetime,
) -> None:
    """Note how the try ended; what was refused, or delayed too often, waits for its next period.

    Does nothing for a worker whose lease went to another one, and for an address forgotten meanwhile.
    """
    held = select(Summary).where(Summary.id == claimed.id, Summary.claim == claimed.claim)
    row = session.scalars(held.with_for_update()).one_or_none()
    if row is None:
        return
    if ending is Ending.DELAYED and row.attempts <= len(RETRIES):
        row.send_at, row.claim = now + RETRIES[row.attempts - 1], None
        row.outcome = detail[:OUTCOME_LENGTH] if detail else None
        return
    said = Ending.ACCEPTED if ending is Ending.ACCEPTED else _GIVEN_UP + (detail or "no reason was given")
    _go_on(row, settings, now, said, is_bound=claimed.is_bound)


# --- what it tells ---------------------------------------------------------------------------------


def contents(session: Session, settings: Settings, claimed: ClaimedSummary, now: datetime) -> Contents:
    """What this reader is told of the period, as the pages would tell it."""
    viewer, mode = claimed.viewer, settings.own.agent_figures
    reader = reader_of(viewer, mode) if viewer else Reader(None, is_bound=True, agents=AgentFigures.OFF)
    chosen = Filter().within(claimed.period)
    asked = Asked()
    for each in tallies.asked(session, reports.seen(session, reader, chosen)).values():
        asked.add(each)
    return Contents(
        tuple(_figures(session, settings, reader, chosen, now)),
        asked,
        _comments(session, viewer, mode, chosen) if viewer else (),
        _held(session, viewer, mode) if viewer and viewer.may(Permission.JUDGE) else None,
    )


_GIVEN_UP = "given up: "
_DUE = (
    select(Summary)
    .where(Summary.send_at <= bindparam("now"))
    .order_by(Summary.send_at, Summary.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_RATED = tuple((metric, scale) for metric, scale in SCALES.items() if scale.questions == 1)
_UNFAVOURABLE_FIRST = case(
    *(
        (and_(Answer.metric == metric, Answer.rating.in_(list(each.unfavourable))), 0)
        for metric, each in _RATED
    ),
    *(
        (and_(Answer.metric == metric, Answer.rating.in_(list(each.favourable))), 2)
        for metric, each in _RATED
    ),
    else_=1,
)


def _is_bound(viewer: Viewer | None) -> bool:
    return viewer is None or not viewer.may(Permission.ANSWERS)


def _address(email: str) -> str:
    if not email.strip():
        raise FieldError("email", Problem.MISSING)
    try:
        validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise FieldError("email", Problem.ADDRESS) from error
    return users.spelling(email)


def _forget(session: Session, summary_id: str) -> bool:
    if not is_wanted(session, summary_id):
        return False
    session.execute(delete(Summary).where(Summary.id == summary_id))
    return True


def _is_over(row: Summary, period: Period, zone: tzinfo, *, is_bound: bool) -> bool:
    """Whether the period's mail went out, or was due before anybody asked for it.

    Both come about where the time zone or somebody's role has changed, which moves when a summary is due.
    """
    is_sent = row.attempts == 0 and row.last_first is not None and row.last_first >= period.first
    return is_sent or due_at(period, zone, is_bound=is_bound) <= row.created_at


def _go_on(row: Summary, settings: Settings, now: datetime, outcome: str | None, *, is_bound: bool) -> None:
    row.send_at = next_due(Whole(row.every), settings.timezone, now, is_bound=is_bound)
    row.claim, row.attempts = None, 0
    row.outcome = outcome[:OUTCOME_LENGTH] if outcome else None


def _lease(
    session: Session,
    row: Summary,
    period: Period,
    user: User | None,
    viewer: Viewer | None,
    now: datetime,
) -> ClaimedSummary:
    # While there are attempts, it is about the period that is being tried.
    row.claim, row.send_at, row.last_first = new_id(), now + LEASE, period.first
    row.attempts += 1
    session.flush()
    return ClaimedSummary(
        id=row.id,
        claim=row.claim,
        every=Whole(row.every),
        period=period,
        email=user.email if user else row.address or "",
        name=user.name if user else "",
        locale=(user.locale if user else None) or row.locale,
        viewer=viewer,
    )


def _figures(
    session: Session, settings: Settings, reader: Reader, chosen: Filter, now: datetime
) -> Sequence[Figures]:
    period = chosen.period
    found = reports.scores(session, settings, reader, chosen, now=now, is_compared=True)
    if period is None:
        return found
    earlier = reports.scores(session, settings, reader, chosen.within(period.previous), now=now)
    for metric in {each.metric for each in earlier} - {each.metric for each in found}:
        silent = Filter(metric=metric).within(period)
        found += reports.scores(session, settings, reader, silent, now=now, is_compared=True)
    return sorted(found, key=lambda each: order((each.metric, each.group)))


def _comments(session: Session, viewer: Viewer, mode: AgentFigures, chosen: Filter) -> tuple[Comment, ...]:
    """The unfavourable ones first, then the newest."""
    if not (viewer.may(Permission.ANSWERS) and viewer.may(Permission.COMMENTS)):
        return ()
    found = (
        select(Answer, Invitation)
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .where(Answer.state == State.COUNTED, Answer.comment.is_not(None), Answer.comment != "")
        .where(*conditions(chosen), *visible_to(viewer, mode))
        .order_by(_UNFAVOURABLE_FIRST, Answer.began_at.desc(), Answer.invitation_id)
        .limit(MOST_COMMENTS)
    )
    return tuple(
        Comment(
            answer.comment or "",
            answer.rating if Metric(answer.metric) in SCALES else None,
            version_of_invitation(session, invitation),
            invitation.locale,
        )
        for answer, invitation in session.execute(found).all()
    )


def _held(session: Session, viewer: Viewer, mode: AgentFigures) -> int:
    """Of any day: whatever waits, waits now."""
    found = (
        select(func.count())
        .select_from(Answer)
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .where(Answer.state == State.HELD, *visible_to(viewer, mode))
    )
    return session.scalar(found) or 0

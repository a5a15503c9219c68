"""Note touches, hold and count answers, settle what was held."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, tuple_, update

from surveyapp.asked import Asked, look, rows, save
from surveyapp.config import Settings
from surveyapp.core import evidence
from surveyapp.core.errors import CommentMissingError, RatingNotOnScaleError
from surveyapp.core.evidence import Evidence, Link, State, Touch
from surveyapp.db import INSERTS, AnySession, dialect_of, table_of
from surveyapp.models import Answer, Domain, Invitation
from surveyapp.models import Touch as TouchRow
from surveyapp.surveys import Version

COMMENT_LENGTH = 2000
TOUCHES_KEPT = 100
TOUCHES_KEPT_FOR = timedelta(days=30)

# A domain is marked for so long when at least so many of its invitations, and such a share of those
# accepted in that time, showed scanner behaviour.
MARK_LASTS = timedelta(days=30)
MARK_INVITATIONS = 3
MARK_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Entry:
    """What a form holds. `comment` None: the form had no field for it; '' takes a comment back."""

    rating: int | None
    comment: str | None = None
    further: Mapping[str, int] = field(default_factory=dict)


class Change(NamedTuple):
    """An answer before and after somebody pressed."""

    before: Asked
    after: Asked


def touch(session: AnySession, settings: Settings, invitation_id: str, noted: Touch, now: datetime) -> Asked:
    """Note that a link of the mail was opened; changes no answer. From the 101st on they are only counted.

    Raises RatingNotOnScaleError for a link that no mail of ours has.
    """
    # Counting first takes the row's lock, so that of two links opened at once the second sees the first.
    number = session.execute(_COUNT_TOUCH, {"key": invitation_id}).scalar_one_or_none()
    before = look(session, settings, invitation_id, now)
    if noted.link is Link.RATING:
        check_rating(before.version, noted.rating)
    after = replace(before, case=evidence.step(before.case, noted, settings.rules))
    if number is not None and number <= TOUCHES_KEPT:
        session.execute(_INSERT_TOUCH, _touch_row(invitation_id, number, noted))
    if before.scanned_at is None and _is_scanned(after, settings):
        session.execute(update(_INVITATIONS).where(_INVITATIONS.c.id == invitation_id).values(scanned_at=now))
        _mark_domain(session, before.domain, now)
    return after


def hold(
    session: AnySession, settings: Settings, invitation_id: str, event: evidence.Event, now: datetime
) -> Asked:
    """Take in what our script reported, or a form that proved nothing; the second time changes nothing.

    Raises what `Asked.check_open` raises, and RatingNotOnScaleError.
    """

    def change(before: Asked) -> Asked:
        check_rating(before.version, getattr(event, "rating", None))
        before.check_open(now, settings)
        return replace(before, case=evidence.step(before.case, event, settings.rules))

    return _change(session, settings, invitation_id, change, now).after


def count(
    session: AnySession,
    settings: Settings,
    invitation_id: str,
    entry: Entry,
    *,
    is_verified: bool,
    now: datetime,
) -> Change:
    """Store what a person pressed. A changed rating replaces; the same again changes nothing.

    Raises what `Asked.check_open` raises, RatingNotOnScaleError, and CommentMissingError where a comment
    is all that could be given.
    """

    def change(before: Asked) -> Asked:
        check_rating(before.version, entry.rating)
        before.check_open(now, settings)
        _check_further(before.version, entry.further)
        case = evidence.step(before.case, evidence.Pressed(now, entry.rating, is_verified), settings.rules)
        comment = before.comment if entry.comment is None else (entry.comment or None)
        if entry.rating is None and comment is None:
            raise CommentMissingError
        return replace(before, case=case, comment=comment, further={**before.further, **entry.further})

    return _change(session, settings, invitation_id, change, now)


def settle(session: AnySession, settings: Settings, now: datetime, most: int = 100) -> int:
    """Judge the held answers whose time has come; returns how many were judged, counted or not."""
    due = session.scalars(
        select(Answer.invitation_id)
        .where(Answer.settle_at <= now)
        .order_by(Answer.settle_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    for invitation_id in due:
        # A link that is opened at this moment waits until the judgement is done, or is seen by it.
        session.execute(select(Invitation.id).where(Invitation.id == invitation_id).with_for_update())
        before = look(session, settings, invitation_id, now)
        case = evidence.step(before.case, evidence.Judged(now), settings.rules)
        if case != before.case:
            save(session, settings, before, replace(before, case=case), now)
        _note_judgement(session, settings, invitation_id, case, now)
    return len(due)


def _note_judgement(
    session: AnySession, settings: Settings, invitation_id: str, case: evidence.Case, now: datetime
) -> None:
    """When to look again: a touch changes no answer, so that one that came meanwhile is learnt of here."""
    due = evidence.settles_at(case, settings.rules)
    values: dict[str, object] = {"settle_at": due if due is not None and due > now else None}
    if case.state is State.HELD:
        values["reason"] = evidence.reason(case, settings.rules)
    session.execute(update(_ANSWERS).where(_ANSWERS.c.invitation_id == invitation_id).values(values))


def purge_touches(
    session: AnySession, now: datetime, most: int = 10_000, *, kept: timedelta = TOUCHES_KEPT_FOR
) -> int:
    """Delete touches older than `kept`; returns how many. Their number stays on the invitation."""
    old = select(TouchRow.invitation_id, TouchRow.number).where(TouchRow.at < now - kept).limit(most)
    return rows(
        session.execute(delete(TouchRow).where(tuple_(TouchRow.invitation_id, TouchRow.number).in_(old)))
    )


def check_rating(version: Version, rating: int | None) -> None:
    """Raise RatingNotOnScaleError unless the rating answers the question that the mail asked."""
    scale = version.main.scale
    if (rating is not None) if scale is None else (rating not in scale):
        raise RatingNotOnScaleError


def _check_further(version: Version, further: Mapping[str, int]) -> None:
    scales = {question.key: question.scale for question in version.further}
    for key, rating in further.items():
        scale = scales.get(key)
        if scale is None or rating not in scale:
            raise RatingNotOnScaleError


def _change(
    session: AnySession,
    settings: Settings,
    invitation_id: str,
    change: Callable[[Asked], Asked],
    now: datetime,
) -> Change:
    """Look, change, save; when somebody else saved in between, look again."""
    while True:
        before = look(session, settings, invitation_id, now)
        after = change(before)
        if after == before or save(session, settings, before, after, now):
            return Change(before, after)


_INVITATIONS, _ANSWERS = table_of(Invitation), table_of(Answer)
_COUNT_TOUCH = (
    update(_INVITATIONS)
    .where(_INVITATIONS.c.id == bindparam("key"))
    .values(touch_count=_INVITATIONS.c.touch_count + 1)
    .returning(_INVITATIONS.c.touch_count)
)
_INSERT_TOUCH = insert(table_of(TouchRow))


def _touch_row(invitation_id: str, number: int, noted: Touch) -> dict[str, object]:
    return {
        "invitation_id": invitation_id,
        "number": number,
        "at": noted.at,
        "link": noted.link,
        "rating": noted.rating,
        "network": noted.network,
        "is_prefetch": noted.is_prefetch,
        "is_automated": noted.is_automated,
    }


def _is_scanned(asked: Asked, settings: Settings) -> bool:
    """Scanner behaviour counts against the domain only before a person showed up."""
    is_person = asked.case.evidence not in (None, Evidence.SETTLED)
    return not is_person and evidence.shows_scanner(asked.case.touches, settings.rules)


def _mark_domain(session: AnySession, domain: str | None, now: datetime) -> None:
    if domain is None:
        return
    accepted, scanned = session.execute(
        select(func.count(), func.count(Invitation.scanned_at)).where(
            Invitation.domain == domain, Invitation.accepted_at >= now - MARK_LASTS
        )
    ).one()
    if scanned >= MARK_INVITATIONS and scanned >= MARK_SHARE * accepted:
        mark = INSERTS[dialect_of(session)](table_of(Domain))
        mark = mark.on_conflict_do_update(
            index_elements=["domain"], set_={"marked_until": mark.excluded.marked_until}
        )
        session.execute(mark, {"domain": domain, "marked_until": now + MARK_LASTS})

"""Judge answers: let a held one count or refuse it, take a counted one out of the scores and back."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.asked import look, save
from surveyapp.audit import record
from surveyapp.config import Settings
from surveyapp.core import evidence
from surveyapp.core.access import Permission, Viewer
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import NotAllowedError, NotHeldError
from surveyapp.core.evidence import Refused, Released, Restored, State, Verdict, Voided
from surveyapp.core.scales import Metric
from surveyapp.listing import cursor_of, is_before, read_cursor
from surveyapp.models import Answer, Invitation
from surveyapp.sight import find_visible, visible_to
from surveyapp.surveys import Version, version_of_invitation

TO_RELEASE = (Verdict.PERSON_CONFIRMED, Verdict.LOOKS_GENUINE, Verdict.OTHER)
TO_REFUSE = (
    Verdict.KNOWN_SCANNER,
    Verdict.TEST,
    Verdict.WRONG_PERSON,
    Verdict.DUPLICATE,
    Verdict.SPAM,
    Verdict.OTHER,
)
TO_VOID = (
    Verdict.CUSTOMERS_WISH,
    Verdict.TEST,
    Verdict.WRONG_PERSON,
    Verdict.DUPLICATE,
    Verdict.SPAM,
    Verdict.OTHER,
)
"""What each is chosen from, the most likely first."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An answer that does not count, and why. Neither comment nor agent stand in it."""

    id: str
    ticket_ref: str
    survey: str
    metric: Metric
    rating: int | None
    """Of the question asked in the mail."""
    version: Version
    """Has the words of that question and its ratings."""
    state: State
    reason: str | None
    """Of a held one a Reason, of a refused one a Verdict."""
    since: datetime
    """Its last change."""
    settles_at: datetime | None
    """When it is looked at again; None: it waits for somebody."""
    domain: str | None
    """None as well for those who may not see customers: a small domain is a person."""
    touches: int
    """How often a link of the mail was opened, by anything."""


def held(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    now: datetime,
    *,
    state: State = State.HELD,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[Listed], str | None]:
    """A page of the answers in this state, the last changed first, and the cursor of the next or None.

    Raises FieldError for a cursor that is none of ours, NotAllowedError without ANSWERS.
    """
    _check(viewer, Permission.ANSWERS)
    found = (
        select(Answer, Invitation)
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .where(Answer.state == state, *visible_to(viewer, settings.own.agent_figures))
    )
    if cursor is not None:
        found = found.where(is_before(Answer.changed_at, Answer.invitation_id, *read_cursor(cursor)))
    found = found.order_by(Answer.changed_at.desc(), Answer.invitation_id.desc()).limit(limit + 1)
    rows = session.execute(found).all()
    page = [_listed(session, settings, viewer, now, *row) for row in rows[:limit]]
    return page, cursor_of(page[-1].since, page[-1].id) if len(rows) > limit else None


def release(
    session: Session, settings: Settings, viewer: Viewer, invitation_id: str, why: Verdict, now: datetime
) -> None:
    """Let a held or refused answer count, until the customer has another word.

    Raises NotHeldError for an answer in any other state, so also the second time; UnknownInvitationError for
    what the viewer does not see; NotAllowedError without JUDGE.
    """
    _judge(session, settings, viewer, Permission.JUDGE, invitation_id, Released(now, why))
    record(session, viewer.id, Deed.RELEASED, now, invitation_id, why=why.value)


def refuse(
    session: Session, settings: Settings, viewer: Viewer, invitation_id: str, why: Verdict, now: datetime
) -> None:
    """Refuse a held answer, or take back that it was released; a later press of the customer still counts.

    Raises as `release`: what a customer pressed is not refused, but may be withdrawn.
    """
    _judge(session, settings, viewer, Permission.JUDGE, invitation_id, Refused(now, why))
    record(session, viewer.id, Deed.REFUSED, now, invitation_id, why=why.value)


def void(
    session: Session, settings: Settings, viewer: Viewer, invitation_id: str, why: Verdict, now: datetime
) -> None:
    """Take a counted answer out of the scores; it is kept, and nobody answers this invitation again.

    Raises NotHeldError for an answer that does not count; otherwise as `release`, but for VOID.
    """
    _judge(session, settings, viewer, Permission.VOID, invitation_id, Voided(now, why))
    record(session, viewer.id, Deed.VOIDED, now, invitation_id, why=why.value)


def restore(session: Session, settings: Settings, viewer: Viewer, invitation_id: str, now: datetime) -> None:
    """Let a withdrawn answer count again, on its own day. Raises as `void`."""
    _judge(session, settings, viewer, Permission.VOID, invitation_id, Restored(now))
    record(session, viewer.id, Deed.RESTORED, now, invitation_id)


def _check(viewer: Viewer, permission: Permission) -> None:
    if not viewer.may(permission):
        raise NotAllowedError("Answers are not for you to judge.")


def _judge(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    permission: Permission,
    invitation_id: str,
    event: Released | Refused | Voided | Restored,
) -> None:
    """Look, judge, save; when the customer or the worker was faster, look again."""
    _check(viewer, permission)
    find_visible(session, viewer, settings.own.agent_figures, invitation_id)
    is_saved = False
    while not is_saved:
        before = look(session, settings, invitation_id, event.at)
        case = evidence.step(before.case, event, settings.rules)
        if case == before.case:
            raise NotHeldError("The answer is in another state by now, in which this cannot be done.")
        is_saved = save(session, settings, before, replace(before, case=case), event.at)


def _listed(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    now: datetime,
    answer: Answer,
    invitation: Invitation,
) -> Listed:
    return Listed(
        id=invitation.id,
        ticket_ref=invitation.ticket_ref,
        survey=invitation.survey_key,
        metric=Metric(answer.metric),
        rating=answer.rating,
        version=version_of_invitation(session, invitation),
        state=State(answer.state),
        reason=_reason(session, settings, answer, now),
        since=answer.changed_at,
        settles_at=answer.settle_at,
        domain=invitation.domain if viewer.may(Permission.CUSTOMERS) else None,
        touches=invitation.touch_count,
    )


def _reason(session: Session, settings: Settings, answer: Answer, now: datetime) -> str | None:
    """Of an answer that is still to be judged: the touches since it was held are not in its row."""
    if answer.settle_at is None:
        return answer.reason
    return evidence.reason(look(session, settings, answer.invitation_id, now).case, settings.rules)

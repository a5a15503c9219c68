"""What mail servers send back: find its invitation, note it, and ask a dead or unwilling address no more."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from surveyapp.core.errors import InvalidLinkError
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Happening, Status
from surveyapp.db import Session
from surveyapp.invitations import suppress
from surveyapp.links import Links
from surveyapp.models import Answer, Invitation
from surveyapp.notices import Notice, NoticeKind, read
from surveyapp.timeline import DETAIL_LENGTH, note, timeline

log = logging.getLogger(__name__)

# What a Message-ID of ours begins with; anything else would only trouble the database.
_MESSAGE = re.compile(r"([A-Za-z0-9_-]{22})(\.reminder)?@")

_HAPPENINGS = {
    NoticeKind.TEMPORARY: Happening.DELAYED,
    NoticeKind.REFUSED: Happening.FAILED,
    NoticeKind.BOUNCED: Happening.BOUNCED,
    NoticeKind.COMPLAINT: Happening.COMPLAINED,
}
_SUPPRESSES = {
    NoticeKind.BOUNCED: Refusal.BOUNCED,
    NoticeKind.COMPLAINT: Refusal.UNSUBSCRIBED,
}


class Deed(StrEnum):
    """What was made of a notice."""

    NOTHING = "nothing"
    """It asks for nothing, or the same was noted before."""
    NOTED = "noted"
    SUPPRESSED = "suppressed"
    """Noted, and the address gets no survey any more."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One notice about one of our mails. `is_proven`: it came to the address that we signed for this mail."""

    invitation_id: str
    kind: NoticeKind
    is_proven: bool
    deed: Deed


def take(session: Session, links: Links, raw: bytes, now: datetime) -> Taken | None:
    """Act on one mail, if it is a notice about a mail of ours; None when it is not.

    Only a notice that names the signed return address suppresses anything: a Message-ID stands in every
    mail, so that whoever has seen one could forge a bounce. Of one kind, the second one about an invitation
    changes nothing.
    """
    notice = read(raw)
    found = _found(session, links, notice) if notice else None
    if notice is None or found is None:
        return None
    invitation, is_proven = found
    return Taken(invitation.id, notice.kind, is_proven, _act(session, invitation, notice, is_proven, now))


def _found(session: Session, links: Links, notice: Notice) -> tuple[Invitation, bool] | None:
    """The invitation and whether that is proven; locked, so that the same notice twice meets itself."""
    for invitation_ids, is_proven in ((_signed(links, notice), True), (_named(notice), False)):
        for invitation_id in invitation_ids:
            invitation = session.get(Invitation, invitation_id, with_for_update=True)
            # Of a person who was erased nothing is written again, and a mail server's words name the address.
            if invitation is not None and invitation.address is not None:
                return invitation, is_proven
    return None


def _signed(links: Links, notice: Notice) -> list[str]:
    found = []
    for address in notice.addressed_to:
        try:
            found.append(links.read_return_address(address))
        except InvalidLinkError:
            continue
    return found


def _named(notice: Notice) -> list[str]:
    matches = (_MESSAGE.match(message_id) for message_id in notice.message_ids)
    return [match[1] for match in matches if match]


def _act(session: Session, invitation: Invitation, notice: Notice, is_proven: bool, now: datetime) -> Deed:
    what = _HAPPENINGS.get(notice.kind)
    if what is None or _is_known(session, invitation, notice.kind, is_proven):
        return Deed.NOTHING
    note(session, invitation.id, what, _detail(notice, is_proven), now)
    if not is_proven:
        return Deed.NOTED
    if notice.kind is NoticeKind.REFUSED:
        # Once it is about us and not about one address, every further mail makes it worse.
        log.error("the mail of invitation %s was refused: %s", invitation.id, notice.diagnostic)
    if notice.kind is NoticeKind.BOUNCED:
        _fail(session, invitation, notice)
    return _suppressed(session, invitation, notice.kind, now)


def _suppressed(session: Session, invitation: Invitation, kind: NoticeKind, now: datetime) -> Deed:
    reason = _SUPPRESSES.get(kind)
    is_suppressed = reason is not None and suppress(session, invitation.id, now, reason)
    return Deed.SUPPRESSED if is_suppressed else Deed.NOTED


def _fail(session: Session, invitation: Invitation, notice: Notice) -> None:
    """The mail did not arrive, unless somebody has answered it or only its reminder came back."""
    is_of_reminder = any(message_id.startswith(f"{invitation.id}.") for message_id in notice.message_ids)
    has_answer = session.get(Answer, invitation.id) is not None
    # A bounce may come before the worker has noted that the mail went out.
    has_left = invitation.status == Status.SENDING and invitation.marked_at is not None
    is_out = has_left or invitation.status in (Status.SENT, Status.UNKNOWN)
    if not is_out or is_of_reminder or has_answer:
        return
    invitation.status, invitation.reason = Status.FAILED, _detail(notice, is_proven=True)
    # A reminder that waits has nothing to remind of.
    invitation.is_reminder, invitation.send_at, invitation.claim = False, None, None
    session.flush()


def _is_known(session: Session, invitation: Invitation, kind: NoticeKind, is_proven: bool) -> bool:
    """Our own attempts to send are in the timeline too, so it is the detail's beginning that tells."""
    known = (_opening(kind, is_proven=True), _opening(kind, is_proven))
    return any((entry.detail or "").startswith(known) for entry in timeline(session, invitation))


def _detail(notice: Notice, is_proven: bool) -> str:
    words = notice.diagnostic or notice.status or "no reason given"
    return (_opening(notice.kind, is_proven) + words)[:DETAIL_LENGTH]


def _opening(kind: NoticeKind, is_proven: bool) -> str:
    return f"{kind}: " if is_proven else f"unproven {kind}: "

"""What becomes of an invitation, in stored words."""

from enum import StrEnum


class Status(StrEnum):
    """What became of an invitation; `linked` ones were handed out without a mail."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    LINKED = "linked"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"
    IMPORTED = "imported"
    """Never sent by us: it carries an answer that a team brought along."""


class Cause(StrEnum):
    """Why an invitation was called off, failed or is unknown, where no relay said it."""

    REOPENED = "reopened"
    MERGED = "merged"
    SPAM = "spam"
    DELETED = "deleted"
    BY_HAND = "by_hand"
    ERASED = "erased"
    SURVEY_CLOSED = "survey_closed"
    WORKER_STOPPED = "worker_stopped"
    GIVEN_UP = "given_up"


class Happening(StrEnum):
    """An entry of an invitation's timeline."""

    QUEUED = "queued"
    LINKED = "linked"
    IMPORTED = "imported"
    REFUSED = "refused"
    MOVED = "moved"
    DELAYED = "delayed"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    RESENT = "resent"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REMINDED = "reminded"
    NOT_REMINDED = "not_reminded"
    OPENED = "opened"
    HELD = "held"
    COUNTED = "counted"
    CHANGED = "changed"
    RELEASED = "released"
    ANSWER_REFUSED = "answer_refused"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"


ERASED = "erased-"
"""What stands before the reference of a ticket whose customer was erased."""

ASKED = frozenset({Status.QUEUED, Status.SENDING, Status.SENT, Status.LINKED, Status.UNKNOWN})
"""Those of which a person has, or will have, a question before them."""

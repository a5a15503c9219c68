"""May this customer be asked now, and if not, why."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why no invitation was sent."""

    UNSUBSCRIBED = "unsubscribed"


def refusal(*, is_unsubscribed: bool) -> Refusal | None:
    """The first reason against asking; None when there is none."""
    return Refusal.UNSUBSCRIBED if is_unsubscribed else None

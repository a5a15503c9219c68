"""By which login at an OpenID provider a user is known here."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveyapp import audit, users
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import SurveyappError
from surveyapp.db import serialise
from surveyapp.models import Identity, User


class Fault(StrEnum):
    """Why a login at a provider ended nowhere."""

    SILENT = "The provider cannot be reached, or does not answer as providers do."
    BROKEN = "This login was not begun in this browser, took too long or was called off."
    FORGED = "What the provider is said to have signed does not hold."
    STRANGER = "Nobody here is known by this login."
    TAKEN = "This login is another user's."
    SECOND = "This user has another login at the same provider."


class ProviderLoginError(SurveyappError):
    """Somebody could not be let in, or linked, by what an OpenID provider says; `fault` is why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Proven:
    """Who somebody is at a provider, once its signature was checked."""

    issuer: str
    subject: str = field(repr=False)
    email: str | None = field(repr=False)
    """None also for an address of which the provider does not say that it is really theirs."""


def user_of(session: Session, proven: Proven, now: datetime) -> User | None:
    """Whoever is linked with this login; None: nobody, or somebody who is disabled.

    An invited user who has set no password yet and has no other login is linked here, when the provider
    vouches for exactly the address that was invited. Nobody else is ever found by an address.
    """
    key = (proven.issuer, proven.subject)
    known = session.get(Identity, key)
    if known is None:
        # Two first logins at once: the second one sees what the first one made.
        serialise(session, "identities")
        known = session.get(Identity, key, populate_existing=True) or _of_invited(session, proven, now)
    user = session.get(User, known.user_id) if known else None
    return user if user is not None and user.disabled_at is None else None


def link(session: Session, user_id: str, proven: Proven, now: datetime) -> bool:
    """Let this user in with this login from now on; False: nothing changes, because it does already.

    Raises ProviderLoginError when it is another user's, and when this user has another one there.
    """
    serialise(session, "identities")
    known = session.get(Identity, (proven.issuer, proven.subject), populate_existing=True)
    if known is not None and known.user_id != user_id:
        raise ProviderLoginError(Fault.TAKEN)
    if known is None and is_linked(session, user_id, proven.issuer):
        raise ProviderLoginError(Fault.SECOND)
    if known is None:
        _add(session, user_id, proven, now)
    return known is None


def unlink(session: Session, user_id: str, issuer: str, by: str, now: datetime) -> bool:
    """Let the user in with no login at this provider any more; False: there was none.

    `by`: whose deed it is. What is logged in stays so: the caller ends it.
    """
    serialise(session, "identities")
    theirs = delete(Identity).where(Identity.user_id == user_id, Identity.issuer == issuer)
    if not session.scalars(theirs.returning(Identity.subject)).all():
        return False
    audit.record(session, by, Deed.IDENTITY_UNLINKED, now, user_id, issuer=issuer)
    return True


def is_linked(session: Session, user_id: str, issuer: str) -> bool:
    """Whether this user can log in at this provider."""
    theirs = select(Identity.subject).where(Identity.user_id == user_id, Identity.issuer == issuer)
    return session.scalar(theirs.limit(1)) is not None


def _of_invited(session: Session, proven: Proven, now: datetime) -> Identity | None:
    user = users.by_email(session, proven.email) if proven.email else None
    if user is None or user.disabled_at is not None or user.password is not None:
        return None
    if session.scalar(select(Identity.subject).where(Identity.user_id == user.id).limit(1)) is not None:
        return None
    return _add(session, user.id, proven, now)


def _add(session: Session, user_id: str, proven: Proven, now: datetime) -> Identity:
    added = Identity(issuer=proven.issuer, subject=proven.subject, user_id=user_id, created_at=now)
    session.add(added)
    session.flush()
    audit.record(session, user_id, Deed.IDENTITY_LINKED, now, user_id, issuer=proven.issuer)
    return added

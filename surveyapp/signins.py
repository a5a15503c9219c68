"""Logging in, and the browsers in which somebody is logged in."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from surveyapp import limits, passwords, users
from surveyapp.config import Settings
from surveyapp.core.errors import TooManyTriesError
from surveyapp.limits import Limit
from surveyapp.models import Signin, User, new_id

LIFE = timedelta(days=30)
"""How long a signin lasts at most."""
IDLE = timedelta(days=7)
"""How long it lasts without being used."""

# An account's tries from browsers in which it was never logged in, from all over the world together.
STRANGERS = Limit("account", 10, 300)
# An account's tries from one browser in which it was.
DEVICE = Limit("device", 10, 60)

# A signin that is in steady use need not cause a write for every request.
_USE_IS_NEWS_AFTER = timedelta(minutes=5)
_BROWSER_LENGTH = 200


# --- logging in ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody was logged in; it is not said which of address and password is wrong."""

    wait_seconds: int | None = None
    """Too many tries: the password was not even looked at, and the next try is worth it then."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to log in that may go on; its tokens are spent already."""

    user_id: str | None
    """Whose address it is; None: nobody's."""
    spent: tuple[tuple[Limit, str], ...]
    _is_open: bool
    _stored: str | None = field(repr=False)

    def is_right(self, password: str) -> bool:
        """Whether it opens the account. Takes a tenth of a second, and as long where there is no account."""
        return passwords.is_right(self._stored, password) and self._is_open

    def is_of(self, user: User) -> bool:
        """Whether the user still has the password that was looked at."""
        return user.password == self._stored


def begin_try(
    session: Session, settings: Settings, email: str, network: str, device: str | None, now: datetime
) -> Attempt | Refused:
    """Spend a try, before any password is looked at; `pass_try` gives it back when the password was right.

    The caller commits, asks `is_right` outside of any transaction, so that nobody waits for the slow hash,
    and goes on with `pass_try`. `network`: the visitor's internet address. `device`: the mark in the
    browser's cookie: a known browser has tries of its own, so that strangers and neighbours who use up the
    account's and the network's lock nobody out. The tries are those of the address as typed, so that nothing
    tells whether it has an account. Needs a transaction that writes.
    """
    user = users.by_email(session, email)
    if user is not None and is_device_of(settings, device, user.id):
        tries: tuple[tuple[Limit, str], ...] = ((DEVICE, f"{user.id}:{device}"),)
    else:
        here = limits.network_of(settings, network)
        tries = ((limits.NETWORK, here), (STRANGERS, users.spelling(email)))
    try:
        for limit, who in tries:
            limits.check(session, settings, limit, who, now)
    except TooManyTriesError as error:
        return Refused(error.seconds)
    for limit, who in tries:
        limits.spend(session, settings, limit, who, now)
    if user is None:
        return Attempt(None, tries, False, None)
    return Attempt(user.id, tries, user.disabled_at is None, user.password)


def pass_try(
    session: Session, settings: Settings, attempt: Attempt, password: str, now: datetime
) -> User | Refused:
    """Whose right password it was; the try is given back, so that it cost nothing.

    Call it only when `attempt.is_right(password)`. Refused when the account was disabled or its password
    changed since the try began.
    """
    user = session.get(User, attempt.user_id, populate_existing=True) if attempt.user_id else None
    if user is None or user.disabled_at is not None or not attempt.is_of(user):
        return Refused()
    for limit, who in attempt.spent:
        limits.give_back(session, settings, limit, who, now)
    _rehash(session, user, password)
    return user


def device_mark(settings: Settings, user_id: str) -> str:
    """What a browser keeps after the user logged in there or used a mailed link; opens nothing by itself."""
    nonce = secrets.token_urlsafe(12)
    return f"{nonce}.{_proof(settings, user_id, nonce)}"


def is_device_of(settings: Settings, mark: str | None, user_id: str) -> bool:
    """Whether we made the mark, for this user."""
    nonce, _, proof = (mark or "").partition(".")
    if not (proof.isascii() and nonce.isascii()):
        return False
    return hmac.compare_digest(proof, _proof(settings, user_id, nonce))


def password_mark(settings: Settings, user: User) -> str:
    """Stands for the password that the user has at this moment, and for no later one; tells nothing of it."""
    key = hmac.digest(settings.secret_key.encode(), b"surveyapp.password.v1", "sha256")
    return hmac.new(key, f"{user.id}:{user.password}".encode(), sha256).hexdigest()[:32]


def _proof(settings: Settings, user_id: str, nonce: str) -> str:
    key = hmac.digest(settings.secret_key.encode(), b"surveyapp.device.v1", "sha256")
    return hmac.new(key, f"{nonce}:{user_id}".encode(), sha256).hexdigest()


def _rehash(session: Session, user: User, password: str) -> None:
    if user.password is not None and passwords.needs_rehash(user.password):
        user.password = passwords.hashed(password)
        session.flush()


# --- being logged in -------------------------------------------------------------------------------


def begin(session: Session, user: User, browser: str, now: datetime) -> str:
    """The secret for the browser's cookie, always a new one; `browser`: how it calls itself."""
    token = secrets.token_urlsafe(32)
    session.add(
        Signin(
            hash=_hash(token),
            id=new_id(),
            user_id=user.id,
            browser="".join(each for each in browser if each.isprintable())[:_BROWSER_LENGTH],
            created_at=now,
            seen_at=now,
            expires_at=now + LIFE,
        )
    )
    session.execute(update(User).where(User.id == user.id).values(last_seen_at=now))
    session.flush()
    return token


def is_unchanged(session: Session, user: User) -> bool:
    """Whether the user is active and still has the password with which the object was read.

    True after `begin` in the same transaction means: whoever changes either from now on ends that signin.
    """
    now = select(User.password, User.disabled_at).where(User.id == user.id)
    password, disabled_at = session.execute(now).one()
    return disabled_at is None and password == user.password


def find(session: Session, token: str, now: datetime) -> tuple[Signin, User] | None:
    """Who is logged in with this secret.

    None when it is unknown or over, was not used for too long, or the user is disabled.
    """
    found = select(Signin, User).join(User, User.id == Signin.user_id)
    row = session.execute(
        found.where(
            Signin.hash == _hash(token),
            Signin.expires_at > now,
            Signin.seen_at > now - IDLE,
            User.disabled_at.is_(None),
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def is_use_news(signin: Signin, now: datetime) -> bool:
    """Whether this use is worth a write."""
    return now - signin.seen_at >= _USE_IS_NEWS_AFTER


def note_use(session: Session, signin: Signin, now: datetime) -> None:
    """Remember when the signin and its user were last there, to five minutes."""
    session.execute(update(Signin).where(Signin.hash == signin.hash).values(seen_at=now))
    session.execute(update(User).where(User.id == signin.user_id).values(last_seen_at=now))


def of_user(session: Session, user_id: str) -> Sequence[Signin]:
    """The newest first; those that are over too, until they are purged."""
    found = select(Signin).where(Signin.user_id == user_id)
    return session.scalars(found.order_by(Signin.created_at.desc(), Signin.id.desc())).all()


def active_of_user(session: Session, user_id: str, now: datetime) -> Sequence[Signin]:
    """The newest first, without those that are over or were not used for too long."""
    return [each for each in of_user(session, user_id) if each.expires_at > now and each.seen_at > now - IDLE]


def end(session: Session, user_id: str, signin_id: str) -> bool:
    """End one of the user's own; False when there is no such one."""
    if not signin_id.isprintable():
        return False
    ended = delete(Signin).where(Signin.id == signin_id, Signin.user_id == user_id).returning(Signin.id)
    return session.scalar(ended) is not None


def end_token(session: Session, token: str) -> None:
    """End the one of this secret; nothing happens when there is none."""
    session.execute(delete(Signin).where(Signin.hash == _hash(token)))


def end_all(session: Session, user_id: str, *, but: str | None = None) -> int:
    """End all of the user's, except the one of the id `but`; how many it were."""
    theirs = delete(Signin).where(Signin.user_id == user_id)
    if but is not None:
        theirs = theirs.where(Signin.id != but)
    return len(session.scalars(theirs.returning(Signin.id)).all())


def purge(session: Session, now: datetime, most: int = 1000) -> int:
    """Delete at most so many that are over or were not used for too long; how many it were."""
    over = select(Signin.hash).where(or_(Signin.expires_at <= now, Signin.seen_at <= now - IDLE)).limit(most)
    return len(session.scalars(delete(Signin).where(Signin.hash.in_(over)).returning(Signin.hash)).all())


def _hash(token: str) -> str:
    # A token is 256 random bits, so that a slow hash would protect nothing more.
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

"""Who may log in: added, changed, disabled, and given a password."""

import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import email_validator
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from surveyapp import passwords
from surveyapp.config import LOCALES
from surveyapp.core.access import SEPARATE, Permission, Role, Viewer
from surveyapp.core.errors import FieldError, LastAdminError, Problem, UnknownThingError, UsedLinkError
from surveyapp.db import serialise
from surveyapp.models import Identity, Signin, User, UserToken, new_id

FIELD_LENGTH = 200
LONGEST_ADDRESS = 320
MOST_TEAMS = 200

# Companies do mail inside domains such as .local and .internal.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


# --- who there is ----------------------------------------------------------------------------------


def is_empty(session: Session) -> bool:
    """Whether nobody was ever added."""
    return session.scalar(select(User.id).limit(1)) is None


def find_user(session: Session, user_id: str) -> User:
    """UnknownThingError when there is none."""
    found = session.get(User, user_id) if user_id.isprintable() else None
    if found is None:
        raise UnknownThingError("There is no such user.")
    return found


def by_email(session: Session, email: str) -> User | None:
    """In whatever way the address is spelled; disabled ones too."""
    said = spelling(email)
    if not said.isprintable():
        return None
    return session.scalars(select(User).where(User.email == said)).one_or_none()


def all_users(session: Session) -> Sequence[User]:
    """By name, disabled ones too."""
    found = session.scalars(select(User)).all()
    return sorted(found, key=lambda user: (user.name.casefold(), user.email))


def newcomers(session: Session) -> frozenset[str]:
    """The ids of those who were invited and never got in: no password, no login at a provider, no visit."""
    is_linked = select(Identity.subject).where(Identity.user_id == User.id).exists()
    found = select(User.id).where(User.password.is_(None), User.last_seen_at.is_(None), ~is_linked)
    return frozenset(session.scalars(found))


def viewer_of(user: User) -> Viewer:
    """What decides what this user sees; an admin's teams are all there are."""
    role = Role(user.role)
    return Viewer(
        id=user.id,
        role=role,
        teams=None if role is Role.ADMIN or user.teams is None else frozenset(user.teams),
        agent_ref=user.agent_ref,
        allowed={Permission(name): given for name, given in user.allowed.items() if name in SEPARATE},
    )


def spelling(email: str) -> str:
    """How an address is stored and compared; what is none comes back as typed, in small letters."""
    try:
        return _address(email)
    except FieldError:
        return email.strip().lower()[:LONGEST_ADDRESS]


# --- adding and changing ---------------------------------------------------------------------------


def add_user(
    session: Session,
    email: str,
    name: str,
    role: Role,
    now: datetime,
    *,
    teams: Sequence[str] | None = None,
    agent_ref: str | None = None,
    locale: str | None = None,
) -> User:
    """Somebody who has no password yet; `teams` None: all there are. FieldError names what cannot be.

    An agent needs `agent_ref`, by which alone they see anything, and has no teams.
    """
    address = _address(email)
    values = _checked(name, role, teams, agent_ref) | {"locale": _locale(locale)}
    serialise(session, "users")
    if by_email(session, address) is not None:
        raise FieldError("email", Problem.TAKEN)
    user = User(id=new_id(), email=address, allowed={}, created_at=now, **values)
    session.add(user)
    session.flush()
    return user


def change_user(
    session: Session,
    user_id: str,
    now: datetime,
    *,
    name: str,
    role: Role,
    teams: Sequence[str] | None,
    agent_ref: str | None,
    allowed: Mapping[Permission, bool],
) -> list[str]:
    """The names of what really changed; it holds from the user's next request on.

    Raises UnknownThingError, FieldError, and LastAdminError when nobody active would be an admin.
    """
    serialise(session, "users")
    user = find_user(session, user_id)
    session.refresh(user)
    values = _checked(name, role, teams, agent_ref) | {"allowed": _differing(role, allowed)}
    news = [each for each, value in values.items() if getattr(user, each) != value]
    if "role" in news and user.disabled_at is None:
        _keep_an_admin(session, user)
    for each in news:
        setattr(user, each, values[each])
    session.flush()
    return news


def disable(session: Session, user_id: str, now: datetime) -> None:
    """Log the user out everywhere and in nowhere; links that were mailed open nothing any more.

    The second time changes nothing. Raises UnknownThingError and LastAdminError.
    """
    serialise(session, "users")
    user = find_user(session, user_id)
    session.refresh(user)
    if user.disabled_at is None:
        _keep_an_admin(session, user)
        user.disabled_at = now
    _close(session, user_id, now)


def enable(session: Session, user_id: str, now: datetime) -> None:
    """Let the user log in again, with the old password; the second time changes nothing."""
    find_user(session, user_id).disabled_at = None
    session.flush()


def set_locale(session: Session, user_id: str, locale: str | None) -> None:
    """None: what the browser wishes."""
    find_user(session, user_id).locale = _locale(locale)
    session.flush()


def set_password(
    session: Session, user: User, password: str, now: datetime, *, about: Iterable[str] = ()
) -> None:
    """Ends all of the user's signins and voids every mailed link. FieldError when it is easy to guess.

    `about`: further words that others would try, such as the company's name.
    """
    passwords.check_new(password, (user.email, user.name, *about))
    session.execute(update(User).where(User.id == user.id).values(password=passwords.hashed(password)))
    _close(session, user.id, now)


# --- links that set a password ---------------------------------------------------------------------


def new_link(session: Session, user_id: str, life: timedelta, now: datetime) -> str:
    """A token for a link, known to the database by its hash alone; older links stay good."""
    find_user(session, user_id)
    token = secrets.token_urlsafe(32)
    session.add(UserToken(hash=_hash(token), user_id=user_id, created_at=now, expires_at=now + life))
    session.flush()
    return token


def user_of_link(session: Session, token: str, now: datetime) -> User:
    """Whose password the link sets; looking uses nothing up.

    UsedLinkError when it was used, is too old or none of ours, and when the user is disabled.
    """
    wanted = select(User).join(UserToken, UserToken.user_id == User.id).where(*_opens(token, now))
    user = session.scalars(wanted.where(User.disabled_at.is_(None))).one_or_none()
    if user is None:
        raise UsedLinkError("This link was used before or is too old.")
    return user


def use_link(
    session: Session, token: str, password: str, now: datetime, *, about: Iterable[str] = ()
) -> User:
    """Set the password, once: the second use raises UsedLinkError, also at the same moment.

    A password that cannot be (FieldError) leaves the link as it was when the caller rolls back.
    """
    used = update(UserToken).where(*_opens(token, now)).values(used_at=now).returning(UserToken.user_id)
    user_id = session.scalar(used.execution_options(synchronize_session=False))
    user = session.get(User, user_id, populate_existing=True) if user_id is not None else None
    if user is None or user.disabled_at is not None:
        raise UsedLinkError("This link was used before or is too old.")
    set_password(session, user, password, now, about=about)
    return user


def purge_links(session: Session, now: datetime, most: int = 1000) -> int:
    """Delete at most so many whose time is over, used or not; how many it were."""
    over = select(UserToken.hash).where(UserToken.expires_at <= now).limit(most)
    gone = delete(UserToken).where(UserToken.hash.in_(over)).returning(UserToken.hash)
    return len(session.scalars(gone).all())


def _opens(token: str, now: datetime) -> tuple[Any, ...]:
    return (UserToken.hash == _hash(token), UserToken.used_at.is_(None), UserToken.expires_at > now)


def _hash(token: str) -> str:
    # A token is 256 random bits, so that a slow hash would protect nothing more.
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _close(session: Session, user_id: str, now: datetime) -> None:
    """End the signins and void the links of a user."""
    session.execute(delete(Signin).where(Signin.user_id == user_id))
    unused = (UserToken.user_id == user_id, UserToken.used_at.is_(None))
    session.execute(update(UserToken).where(*unused).values(used_at=now))


def _keep_an_admin(session: Session, user: User) -> None:
    """LastAdminError when nobody active is an admin besides this one, who is."""
    others = (User.role == Role.ADMIN, User.disabled_at.is_(None), User.id != user.id)
    if user.role == Role.ADMIN and not session.scalar(select(func.count()).where(*others)):
        raise LastAdminError("Nobody would be left who may administer the installation.")


# --- what may stand in a field ---------------------------------------------------------------------


def _checked(name: str, role: Role, teams: Sequence[str] | None, agent_ref: str | None) -> dict[str, Any]:
    said = _line("name", name)
    if not said:
        raise FieldError("name", Problem.MISSING)
    reference = _line("agent_ref", agent_ref or "")
    if role is Role.AGENT and not reference:
        raise FieldError("agent_ref", Problem.MISSING)
    return {
        "name": said,
        "role": str(role),
        "teams": None if role in (Role.ADMIN, Role.AGENT) or teams is None else _teams(teams),
        "agent_ref": reference or None,
    }


def _teams(teams: Sequence[str]) -> list[str]:
    if len(teams) > MOST_TEAMS:
        raise FieldError("teams", Problem.MANY, n=MOST_TEAMS)
    return sorted({line for each in teams if (line := _line("teams", each))})


def _line(field: str, value: str) -> str:
    line = " ".join(unicodedata.normalize("NFC", value).split())
    if not line.isprintable():
        raise FieldError(field, Problem.NO_TEXT)
    if len(line) > FIELD_LENGTH:
        raise FieldError(field, Problem.LONG, n=FIELD_LENGTH)
    return line


def _locale(locale: str | None) -> str | None:
    if locale is not None and locale not in LOCALES:
        raise FieldError("locale", Problem.CHOICE, choices=", ".join(LOCALES))
    return locale


def _address(email: str) -> str:
    address = email.strip()
    if not address:
        raise FieldError("email", Problem.MISSING)
    try:
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise FieldError("email", Problem.ADDRESS) from error
    return valid.normalized.lower()


def _differing(role: Role, allowed: Mapping[Permission, bool]) -> dict[str, bool]:
    """What was given or taken and is not so by the role anyway."""
    usual = Viewer("", role, None)
    return {
        str(each): given
        for each, given in allowed.items()
        if each in SEPARATE and Viewer("", role, None, allowed={each: given}).may(each) != usual.may(each)
    }

"""The second step of logging in: codes of an app (TOTP, RFC 6238), and recovery codes."""

import hmac
import re
import secrets
from datetime import datetime
from hashlib import sha256

import pyotp
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from surveyapp import audit, limits, signins
from surveyapp.config import Settings
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, Problem
from surveyapp.limits import Limit
from surveyapp.models import RecoveryCode, User

RECOVERY_CODES = 10
CODES = Limit("code", 5, 60)

_STEP_SECONDS = 30
# The one before and the one after count too: phones' clocks are not exact.
_STEPS_AROUND = 1
_SECRET = re.compile(r"[A-Z2-7]{32}")
_CODE = re.compile(r"[0-9]{6}")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 3, 5


def new_secret() -> str:
    """What the app and we share: 160 random bits in base 32. Stored by `switch_on`, not before."""
    return pyotp.random_base32()


def uri(user: User, secret: str, company: str) -> str:
    """What a QR code holds for the app (otpauth://...)."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=company)


def switch_on(session: Session, user: User, secret: str, code: str, now: datetime) -> list[str]:
    """From now on logging in needs a code. Returns the recovery codes, which can never be shown again.

    FieldError for `code` unless it is of this secret and this moment; it opens nothing a second time. Where
    a second step was on, this one replaces it and its recovery codes.
    """
    step = _step_of(secret, _bare(code), now) if _SECRET.fullmatch(secret) else None
    if step is None:
        raise FieldError("code", Problem.CODE)
    session.execute(update(User).where(User.id == user.id).values(totp_secret=secret, totp_step=step))
    return new_recovery_codes(session, user)


def switch_off(session: Session, user: User) -> None:
    """Logging in needs the password alone; the second time changes nothing."""
    session.execute(update(User).where(User.id == user.id).values(totp_secret=None, totp_step=None))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def new_recovery_codes(session: Session, user: User) -> list[str]:
    """Ten new ones in place of the old; only their hashes are stored."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all([RecoveryCode(user_id=user.id, hash=_hash(_bare(code))) for code in codes])
    session.flush()
    return codes


def codes_left(session: Session, user: User) -> int:
    """How many recovery codes are unused."""
    unused = (RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def passes(
    session: Session,
    settings: Settings,
    user: User,
    code: str,
    network: str,
    device: str | None,
    now: datetime,
) -> bool:
    """Whether the code of the app or an unused recovery code lets the user in; each does so once.

    `network` and `device` as in `signins.begin_try`: a browser in which the user was let in before has tries
    of its own, so that whoever knows the password locks nobody out. TooManyTriesError when there were too
    many wrong ones. A wrong one costs a token, which the caller must commit. The use of a recovery code is
    put into the audit log. Needs a transaction that writes.
    """
    if signins.is_device_of(settings, device, user.id):
        tries: tuple[tuple[Limit, str], ...] = ((CODES, f"{user.id}:{device}"),)
    else:
        tries = ((limits.NETWORK, limits.network_of(settings, network)), (CODES, user.id))
    for limit, who in tries:
        limits.check(session, settings, limit, who, now)
    bare = _bare(code)
    if _uses_code(session, user, bare, now) or _uses_recovery_code(session, user, bare, now):
        return True
    for limit, who in tries:
        limits.spend(session, settings, limit, who, now)
    return False


def _uses_code(session: Session, user: User, code: str, now: datetime) -> bool:
    secret = session.scalar(select(User.totp_secret).where(User.id == user.id))
    step = _step_of(secret, code, now) if secret else None
    if step is None:
        return False
    # Of two requests with the same code one finds the step taken.
    is_fresh = or_(User.totp_step.is_(None), User.totp_step < step)
    used = update(User).where(User.id == user.id, User.totp_secret == secret, is_fresh)
    return session.scalar(used.values(totp_step=step).returning(User.id)) is not None


def _uses_recovery_code(session: Session, user: User, code: str, now: datetime) -> bool:
    its_own = (RecoveryCode.user_id == user.id, RecoveryCode.hash == _hash(code))
    used = update(RecoveryCode).where(*its_own, RecoveryCode.used_at.is_(None)).values(used_at=now)
    if session.scalar(used.returning(RecoveryCode.user_id)) is None:
        return False
    audit.record(session, user.id, Deed.RECOVERY_CODE_USED, now, left=codes_left(session, user))
    return True


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of time that the code belongs to; None when it belongs to none that counts now."""
    if not _CODE.fullmatch(code):
        return None
    current = int(now.timestamp()) // _STEP_SECONDS
    app = pyotp.TOTP(secret)
    for step in range(current + _STEPS_AROUND, current - _STEPS_AROUND - 1, -1):
        if hmac.compare_digest(app.generate_otp(step), code):
            return step
    return None


def _recovery_code() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def _bare(code: str) -> str:
    """Without what people put between groups."""
    return re.sub(r"[\s-]", "", code).lower()


def _hash(code: str) -> str:
    # A recovery code is 74 random bits and good for one account, so that a slow hash would add nothing.
    return sha256(code.encode("utf-8", "surrogatepass")).hexdigest()

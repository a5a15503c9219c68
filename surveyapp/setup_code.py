"""The set-up code: whoever can read the server's output makes the first admin."""

import hmac
from datetime import datetime

from surveyapp import users
from surveyapp.config import Settings
from surveyapp.core.access import Role
from surveyapp.core.errors import FieldError, Problem
from surveyapp.db import Session, serialise
from surveyapp.models import User

# No two of these look alike.
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP_LENGTH = 4, 5


def code(settings: Settings) -> str:
    """The installation's code, always the same one: 20 characters in four groups."""
    letters = _bare_code(settings)
    return "-".join(letters[at : at + _GROUP_LENGTH] for at in range(0, len(letters), _GROUP_LENGTH))


def is_code(settings: Settings, typed: str) -> bool:
    """Whether that is what was typed, in small letters or large ones, with or without spaces and dashes."""
    bare = "".join(each for each in typed if not each.isspace() and each != "-").upper()
    return hmac.compare_digest(bare.encode("utf-8", "surrogatepass"), _bare_code(settings).encode())


def make_first_admin(
    session: Session, settings: Settings, typed: str, email: str, name: str, password: str, now: datetime
) -> User:
    """Add the installation's first user, once, also when two try at the same moment.

    FieldError for `code` when the code is wrong or anybody was added before, and for what else cannot be.
    """
    serialise(session, "first admin")
    if not is_code(settings, typed) or not users.is_empty(session):
        raise FieldError("code", Problem.CODE)
    user = users.add_user(session, email, name, Role.ADMIN, now)
    users.set_password(session, user, password, now, about=[settings.company])
    return user


def _bare_code(settings: Settings) -> str:
    drawn = int.from_bytes(hmac.digest(settings.secret_key.encode(), b"surveyapp.setup.v1", "sha256"))
    letters = []
    for _ in range(_GROUPS * _GROUP_LENGTH):
        drawn, place = divmod(drawn, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)

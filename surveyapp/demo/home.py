"""The demo's own home: where it lies, and the settings that are kept in it."""

import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from surveyapp.core.errors import SurveyappError
from surveyapp.demo import company
from surveyapp.demo.staff import PASSWORD

STAY_SECONDS, EARLY_SECONDS, SETTLE_SECONDS = 3, 5, 10

_OURS = "SURVEYAPP_"


class DemoError(SurveyappError):
    """The demo cannot run here; says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that holds all that the demo keeps."""

    folder: Path

    @property
    def settings(self) -> Path:
        """A file for the shell, which points the command line at the demo."""
        return self.folder / "settings.sh"

    @property
    def mails(self) -> Path:
        """The mail folder."""
        return self.folder / "mail"

    @property
    def inbox(self) -> Path:
        """The page that lists the mails."""
        return self.folder / "inbox.html"


def home_in(base: Path) -> Home:
    """The demo of the folder `base`, which may itself be a demo: a sourced settings file says so."""
    base = base.expanduser().absolute()
    return Home(base) if Home(base).settings.exists() else Home(base / "demo")


def environment(home: Home, port: int) -> dict[str, str]:
    """Our settings, written to the home first: secrets are drawn once, and what a person changed stays.

    Only the places and the address are set anew every time. Raises DemoError when nothing can be written.
    """
    try:
        home.folder.mkdir(parents=True, exist_ok=True)
        values = {**_chosen(), **_drawn(), **kept(home.settings), **_placed(home, port)}
        _write(home.settings, _script(home, values))
    except OSError as error:
        raise DemoError(
            f"The demo cannot keep its files in {home.folder}: {error.strerror}. "
            f"Name a folder of yours in {_OURS}HOME."
        ) from error
    return values


def kept(file: Path) -> dict[str, str]:
    """The settings of a file that an earlier start wrote; none when there is no file."""
    if not file.exists():
        return {}
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("export ")]
    try:
        pairs = [shlex.split(line.removeprefix("export "))[0].partition("=") for line in lines]
    except (ValueError, IndexError) as error:
        raise DemoError(f"{file} cannot be read; delete it, and the demo makes a new one.") from error
    return {name: value for name, _, value in pairs}


def with_ours(outside: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: the settings that the caller has of its own do not reach the demo."""
    return {**{name: value for name, value in outside.items() if not name.startswith(_OURS)}, **ours}


def _chosen() -> dict[str, str]:
    return {
        _OURS + "COMPANY": company.NAME,
        _OURS + "CONTACT": company.CONTACT,
        _OURS + "MAIL_FROM": company.MAIL_FROM,
        _OURS + "TIMEZONE": company.TIMEZONE,
        _OURS + "LOCALE": "en",
        # Whoever looks at the demo wants to see where to click, not each request.
        _OURS + "LOG_LEVEL": "warning",
        _OURS + "STAY_SECONDS": str(STAY_SECONDS),
        _OURS + "EARLY_SECONDS": str(EARLY_SECONDS),
        _OURS + "SETTLE_SECONDS": str(SETTLE_SECONDS),
    }


def _drawn() -> dict[str, str]:
    keys = {_OURS + name: secrets.token_hex(32) for name in ("SECRET_KEY", "LINK_KEYS", "HASH_KEY")}
    return {**keys, PASSWORD: secrets.token_urlsafe(12)}


def _placed(home: Home, port: int) -> dict[str, str]:
    return {
        _OURS + "HOME": str(home.folder),
        _OURS + "DATABASE_URL": f"sqlite:///{home.folder / 'surveyapp.db'}",
        _OURS + "MAIL_URL": home.mails.as_uri(),
        _OURS + "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


def _script(home: Home, values: Mapping[str, str]) -> str:
    lines = [
        f"# Points the `surveyapp` command at the demo:  . {shlex.quote(str(home.settings))}",
        "# Change what you like and start the demo again; only its places and its address are set anew.",
        *(f"export {name}={shlex.quote(value)}" for name, value in values.items()),
    ]
    command = Path(sys.executable).with_name("surveyapp")
    if command.exists() and shutil.which("surveyapp") != str(command):
        lines.append(f'surveyapp() {{ {shlex.quote(str(command))} "$@"; }}')
    return "\n".join(lines) + "\n"


def _write(file: Path, text: str) -> None:
    """Nobody else may read it, at no moment."""
    draft = file.with_name(f".{file.name}.part")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as opened:
        opened.write(text)
    draft.replace(file)

"""The demo's mails: .eml files, each also as a page for the browser, and a list, the newest first."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from surveyapp.demo.home import Home
from surveyapp.i18n import language
from surveyapp.relay import FolderRelay

# The list is for looking, not for a load test.
LISTED = 100


@dataclass(frozen=True, slots=True)
class Mail:
    """One line of the list."""

    page: str
    subject: str
    to: str
    locale: str
    language: str


class Inbox:
    """A relay into the mail folder that also writes the pages."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder = FolderRelay(home.mails)
        self._mails: dict[str, Mail] = {}

    def deliver(self, message: EmailMessage, mark: Callable[[], None], sender: str | None = None) -> None:
        """As Relay.deliver; a page that cannot be written is no reason to say that a mail was not taken."""
        self._folder.deliver(message, mark, sender)
        with suppress(OSError):
            self._show(message)

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _show(self, message: EmailMessage) -> None:
        name = message["Message-ID"].strip("<>").partition("@")[0]
        page = self._home.mails / f"{name}.html"
        body = message.get_body(("html",))
        if body is None:
            return
        _write(page, body.get_content())
        recipient = message["To"].addresses[0]
        locale = message["Content-Language"]
        self._mails[name] = Mail(
            page=page.relative_to(self._home.folder).as_posix(),
            subject=message["Subject"],
            to=recipient.display_name or recipient.addr_spec,
            locale=locale,
            language=language(locale).own_name,
        )
        _write(self._home.inbox, _listed([*reversed(self._mails.values())][:LISTED]))


def _listed(mails: list[Mail]) -> str:
    # What the operator reads of the demo is English, as on the command line.
    return language("en").environment.get_template("demo/inbox.html").render(mails=mails)


def _write(file: Path, text: str) -> None:
    # By way of a rename: a browser that reloads reads the old page or the new one, never half of it.
    draft = file.with_name(f".{file.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)

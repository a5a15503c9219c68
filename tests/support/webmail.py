"""A web mail: mails of ours shown on http://localhost, which is another site than the app's 127.0.0.1."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.loopback import Handler, listening


@dataclass(frozen=True, slots=True)
class Webmail:
    """A running web mail and the HTML of the mails in it."""

    url: str
    mails: dict[str, str]

    def show(self, name: str, html: str) -> str:
        """Where the mail can be read from now on."""
        self.mails[f"/{name}"] = html
        return f"{self.url}/{name}"


@contextmanager
def webmail() -> Iterator[Webmail]:
    """Serve until the block ends."""
    mails: dict[str, str] = {}

    class Mailbox(Handler):
        def do_GET(self) -> None:
            html = mails.get(self.path, "")
            kind = [("Content-Type", "text/html; charset=utf-8")]
            self.reply(200 if html else 404, kind, html.encode())

    with listening(Mailbox) as port:
        yield Webmail(f"http://localhost:{port}", mails)

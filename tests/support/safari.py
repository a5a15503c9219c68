"""Chromium as Safari: what stands between it and the app takes away the headers that Safari never sends."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.support.loopback import Handler, listening

USER_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.0 Safari/605.1.15"
)


@contextmanager
def as_safari(url: str) -> Iterator[str]:
    """Another address of the app at `url`, for a browser with the user agent above."""
    app = urlsplit(url).netloc

    class Between(Handler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if not _is_chromium(name)}
            with closing(HTTPConnection(app)) as connection:
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            kept = [pair for pair in answer.getheaders() if pair[0].lower() not in _OWN]
            self.reply(answer.status, kept, content)

    with listening(Between) as port:
        yield f"http://127.0.0.1:{port}"


_OWN = ("connection", "content-length", "date", "server", "transfer-encoding")


def _is_chromium(header: str) -> bool:
    return header.lower() == "sec-fetch-user" or header.lower().startswith("sec-ch-")

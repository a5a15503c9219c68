"""The customer's flow: the invitations it needs, and the two requests that a browser makes of each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any, Protocol
from urllib.parse import urlencode

from sqlalchemy import insert, select

from surveyapp import invitations, surveys
from surveyapp.config import Settings
from surveyapp.db import Database, table_of
from surveyapp.invitations import Request
from surveyapp.links import Links, Purpose
from surveyapp.models import Invitation, new_id

RATING = 4
ID = re.compile(r"/s/([\w-]{22})")
_NONCE = re.compile(r'name="nonce" value="([^"]+)"')
_INVITATIONS = table_of(Invitation)

_BROWSER = {
    "Connection": "keep-alive",
    "sec-ch-ua": '"Chromium";v="142", "Not_A Brand";v="99"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/142.0.0.0 Safari/537.36"
    ),
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "sv-SE,sv;q=0.9,en;q=0.8",
}
CLICK = {**_BROWSER, "Sec-Fetch-Site": "cross-site"}
PRESS = {
    **_BROWSER,
    "Sec-Fetch-Site": "same-origin",
    "Cache-Control": "max-age=0",
    "Content-Type": "application/x-www-form-urlencoded",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class Sends(Protocol):
    """Makes one request of a side, over the network or inside this process."""

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Flow:
    """Both replies of one flow."""

    ask: Reply
    answer: Reply


def prepare(database: Database, settings: Settings, number: int) -> list[str]:
    """Make so many invitations of yesterday that nobody opened yet; returns the tokens of their links."""
    then = datetime.now(UTC) - timedelta(days=1)
    request = Request(
        "csat", ticket_ref="T-1", locale="sv", address="kund@example.com", agent_ref="anna", is_mailed=False
    )
    with database.transaction() as session:
        surveys.install_built_ins(session, then)
        made = invitations.invite(session, settings, request, then)
        row = session.execute(select(_INVITATIONS).where(_INVITATIONS.c.id == made.id)).one()._asdict()
        ids = [new_id() for _ in range(number)]
        session.execute(insert(_INVITATIONS), [{**row, "id": id_, "occasion": id_} for id_ in ids])
    links = Links(settings.link_keys)
    return [links.sign(Purpose.ANSWER, id_) for id_ in ids]


def run_flow(send: Sends, token: str) -> Flow:
    """Click the rating's link, then press Send on the page that it opened. AssertionError if that fails."""
    ask = send("GET", f"/s/{token}/{RATING}", CLICK, b"")
    assert ask.status == 200, ask
    nonce = _NONCE.search(ask.body.decode())
    assert nonce, ask
    form = urlencode({"nonce": nonce[1], "trusted": "1", "rating": RATING})
    answer = send("POST", f"/s/{token}", PRESS, form.encode())
    assert answer.status == 303, answer
    return Flow(ask, answer)


class Browser:
    """Sends over one kept connection to 127.0.0.1, and nowhere else."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._origin = f"http://127.0.0.1:{port}"

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        given = {**headers, "Origin": self._origin} if body else headers
        self._connection.request(method, path, body or None, dict(given))
        reply = self._connection.getresponse()
        return Reply(reply.status, reply.getheaders(), reply.read())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class InProcess:
    """Sends to a WSGI application in this process, through Werkzeug's client."""

    def __init__(self, application: Any) -> None:
        from werkzeug.test import Client

        self._client = Client(application, use_cookies=False)

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        reply = self._client.open(path, method=method, headers=dict(headers), data=body)
        return Reply(reply.status_code, list(reply.headers), reply.get_data())

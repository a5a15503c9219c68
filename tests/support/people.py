"""A whole installation on a clock of ours, its customers, and what opens their links."""

import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from surveyapp import invitations, reports, surveys
from surveyapp.app import _identified, create_app
from surveyapp.config import Settings, settings_from
from surveyapp.core.access import AgentFigures, operator
from surveyapp.core.scoring import Score
from surveyapp.db import Base, Database, table_of
from surveyapp.invitations import Request
from surveyapp.links import Links, Purpose
from surveyapp.models import Answer, Invitation, Rating, Touch
from surveyapp.preferences import Cache
from surveyapp.relay import Relay, relay
from surveyapp.selecting import Filter
from surveyapp.worker import Worker
from tests.support.served import SETTINGS

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOST = "https://survey.nordlicht.example"
_tickets = count(1)


class Clock:
    """The time that the app is told; it moves only when a test moves it."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: float) -> None:
        """Let time pass: `forward(minutes=11)`."""
        self.at += timedelta(**duration)


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser says of itself; `marks_presses` when it sends Sec-Fetch-User."""

    own: Mapping[str, str]
    marks_presses: bool = True
    sends_metadata: bool = True

    def navigation(self, site: str, *, is_person: bool) -> dict[str, str]:
        """The headers of a navigation from that kind of site."""
        if not self.sends_metadata:
            return dict(self.own)
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        proof = {"Sec-Fetch-User": "?1"} if is_person and self.marks_presses else {}
        return {**self.own, **headers, **proof}

    def fetch(self) -> dict[str, str]:
        """The headers of a page's own script that reports to its server."""
        if not self.sends_metadata:
            return dict(self.own)
        return {**self.own, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}


CHROMIUM = Browser(
    {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
        "Sec-CH-UA": '"Chromium";v="140", "Not=A?Brand";v="24"',
    }
)
FIREFOX = Browser({"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"})
SAFARI = Browser(
    {"User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15"},
    marks_presses=False,
)
TEXT_BROWSER = Browser({"User-Agent": "w3m/0.5.3"}, marks_presses=False, sends_metadata=False)


@dataclass(frozen=True, slots=True)
class Invited:
    """One invitation and the paths of the links in its mail."""

    id: str
    path: str
    unsubscribe: str
    privacy: str


class _Inputs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "input":
            self.inputs.append(dict(attrs))


@dataclass(frozen=True, slots=True)
class Page:
    """What came back."""

    response: TestResponse

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return unescape(self.response.text)

    @property
    def words(self) -> str:
        """What is read in the middle of the page, on one line."""
        main = re.sub(r"(?s)^.*<main[^>]*>|</main>.*$", "", self.response.text)
        return " ".join(unescape(re.sub(r"<[^>]*>", "", main)).split())

    @property
    def headers(self) -> Headers:
        return self.response.headers

    @property
    def location(self) -> str:
        return self.response.headers["Location"]

    @property
    def inputs(self) -> list[dict[str, str | None]]:
        """The attributes of each field of its forms, text areas aside."""
        found = _Inputs()
        found.feed(self.response.text)
        return found.inputs

    @property
    def nonce(self) -> str:
        """What the page's forms send along; "" when it has none."""
        return next((each["value"] or "" for each in self.inputs if each.get("name") == "nonce"), "")

    @property
    def chosen(self) -> str | None:
        """The rating that is preselected."""
        ratings = (each for each in self.inputs if each.get("name") == "rating" and "checked" in each)
        return next((each["value"] for each in ratings), None)

    @property
    def written(self) -> str | None:
        """The text in the comment field; None when there is no such field."""
        found = re.search(r"<textarea[^>]*>(.*?)</textarea>", self.response.text, re.DOTALL)
        # A browser drops the line end that follows the tag.
        return unescape(found[1]).removeprefix("\n") if found else None

    @property
    def alert(self) -> str | None:
        """What the page says is wrong."""
        found = re.search(r'role="alert">(.*?)</p>', self.response.text, re.DOTALL)
        return unescape(found[1]).strip() if found else None

    @property
    def heading(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.response.text, re.DOTALL)
        return unescape(found[1]).strip() if found else ""

    @property
    def language(self) -> str:
        found = re.search(r'<html lang="(\w+)"', self.response.text)
        return found[1] if found else ""

    @property
    def is_one_click(self) -> bool:
        """Whether the script may turn this page into thanks."""
        return 'data-one-click="yes"' in self.response.text


@dataclass(frozen=True, slots=True)
class Site:
    """One installation."""

    app: Flask
    settings: Settings
    database: Database
    clock: Clock
    _mailed: Iterator[int] = field(default_factory=count, repr=False)

    @property
    def links(self) -> Links:
        return Links(self.settings.link_keys)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client(use_cookies=False)

    def invited(self, survey: str = "csat", **about: Any) -> Invited:
        """A customer who was handed the links, at this moment, unless `is_mailed`."""
        number = next(_tickets)
        values = {"ticket_ref": f"T-{number}", "locale": "en", "is_mailed": False, **about}
        # Whoever gets a mail is somebody else each time: nobody is asked twice in a month.
        mailed = next(self._mailed) if values["is_mailed"] else 0
        address = f"kund{mailed}@example.se" if mailed else "kund@example.se"
        request = Request(survey=survey, **{"address": address, **values})
        with self.database.transaction() as session:
            invitation = invitations.invite(session, self.settings, request, self.clock())
        return self.of(invitation.id)

    def of(self, invitation_id: str) -> Invited:
        """The links of an invitation."""
        sign = self.links.sign
        return Invited(
            invitation_id,
            f"/s/{sign(Purpose.ANSWER, invitation_id)}",
            f"/u/{sign(Purpose.UNSUBSCRIBE, invitation_id)}",
            f"/p/{sign(Purpose.PRIVACY, invitation_id)}",
        )

    def worker(self, post: Relay | None = None) -> Worker:
        """A worker on this site's clock; its mails go to `post` or to the folder of the settings."""
        post = post or relay(self.settings.mail_url)
        return Worker(self.settings, self.database, self.links, post, self.clock)

    def rows(self, model: type[Base]) -> list[dict[str, Any]]:
        """Every row of a table, in the order of its key."""
        table = table_of(model)
        with self.database.reading() as session:
            found = session.execute(select(table).order_by(*table.primary_key.columns))
            return [dict(row) for row in found.mappings()]

    def answer(self, invited: Invited) -> dict[str, Any] | None:
        """The row of its answer; None while there is none."""
        return next((row for row in self.rows(Answer) if row["invitation_id"] == invited.id), None)

    def state(self, invited: Invited) -> tuple[str, str | None, int | None] | None:
        """Its answer's state, the reason or evidence for it, and its rating; None while there is none."""
        row = self.answer(invited)
        return (row["state"], row["reason"] or row["evidence"], row["rating"]) if row else None

    def invitation(self, invited: Invited) -> dict[str, Any]:
        return next(row for row in self.rows(Invitation) if row["id"] == invited.id)

    def touches(self, invited: Invited) -> list[dict[str, Any]]:
        return [row for row in self.rows(Touch) if row["invitation_id"] == invited.id]

    def ratings(self, invited: Invited) -> dict[str, int]:
        """Question -> rating as stored."""
        return {r["question"]: r["rating"] for r in self.rows(Rating) if r["invitation_id"] == invited.id}

    def n(self, **chosen: Any) -> int:
        """How many answers count."""
        reader = operator(AgentFigures.NAMED)
        with self.database.reading() as session:
            found = reports.scores(session, self.settings, reader, Filter(**chosen), now=self.clock())
        return sum(each.n for each in found)

    def scores(self, **chosen: Any) -> list[Score]:
        """The scores that are shown."""
        reader = operator(AgentFigures.NAMED)
        with self.database.reading() as session:
            found = reports.scores(session, self.settings, reader, Filter(**chosen), now=self.clock())
        return [each.score for each in found if each.score]


@dataclass(slots=True)
class Visitor:
    """A person or a machine with a browser, who remembers the nonce of the page that was opened last."""

    site: Site
    invited: Invited
    browser: Browser = CHROMIUM
    network: str = "203.0.113.7"
    headers: dict[str, str] = field(default_factory=dict)
    nonce: str = ""

    def open(self, rating: int | str | None = None, method: str = "GET", **headers: str) -> Page:
        """Follow the mail's link."""
        return self.visit(self.invited.path + ("" if rating is None else f"/{rating}"), method, **headers)

    def visit(self, path: str, method: str = "GET", **headers: str) -> Page:
        """Follow any link of the mail."""
        sent = self.browser.navigation("cross-site", is_person=True) | headers
        return self._send(path, method, sent)

    def follow(self, path: str) -> Page:
        """Follow a link of our own page, or a redirect."""
        return self._send(path, "GET", self.browser.navigation("same-origin", is_person=True))

    def press(self, rating: int | str | None = None, **fields: str) -> Page:
        """Press Send: with our script's word that a person did it where the browser cannot tell."""
        return self._post(rating, self.browser.navigation("same-origin", is_person=True), fields)

    def submit(self, rating: int | str | None = None, **fields: str) -> Page:
        """Send the form as a script does, without anybody's press."""
        return self._post(rating, self.browser.navigation("same-origin", is_person=False), fields)

    def tell(self, event: str, rating: int | str, **fields: str) -> int:
        """Report as our script does; the status."""
        values = {"nonce": self.nonce, "rating": str(rating), "event": event, **fields}
        return self._send(f"{self.invited.path}/seen", "POST", self.browser.fetch(), values).status

    def stay(self, rating: int) -> None:
        """Open the link and look at the page for 4 seconds, as our script sees it."""
        self.open(rating)
        assert self.tell("seen", rating) == 204
        self.site.clock.forward(seconds=4)
        assert self.tell("stayed", rating) == 204

    def _post(self, rating: int | str | None, headers: dict[str, str], fields: Mapping[str, str]) -> Page:
        values = {"nonce": self.nonce} | ({} if rating is None else {"rating": str(rating)}) | dict(fields)
        return self._send(self.invited.path, "POST", headers, values)

    def _send(
        self, path: str, method: str, headers: Mapping[str, str], values: Mapping[str, str] | None = None
    ) -> Page:
        response = self.site.client.open(
            path,
            method=method,
            headers={**headers, **self.headers},
            data=values,
            environ_base={"REMOTE_ADDR": self.network},
        )
        page = Page(response)
        self.nonce = page.nonce or self.nonce
        return page


def settings(database_url: str = "sqlite:////nowhere/surveyapp.db", **changes: str) -> Settings:
    """Settings of an installation; changes by name without the prefix: `settings(ANSWER_MODE="confirm")`."""
    environment = {
        **SETTINGS,
        "SURVEYAPP_HOME": "/nowhere",
        "SURVEYAPP_DATABASE_URL": database_url,
        "SURVEYAPP_PUBLIC_URL": HOST,
    }
    return settings_from(environment | {f"SURVEYAPP_{name}": value for name, value in changes.items()})


def opened(database: Database, clock: Clock | None = None, **changes: str) -> Site:
    """An installation on this database, with its surveys; it is 2 March 2026, 9:00 UTC, a Monday."""
    chosen = settings(database.url.render_as_string(hide_password=False), **changes)
    clock = clock or Clock()
    app = web_app(**changes)
    parts = app.extensions["surveyapp"]
    # The app takes the very database of the fixture, so that what it commits is thrown away.
    app.extensions["surveyapp"] = replace(
        parts, installed=chosen, database=database, clock=clock, preferences=Cache()
    )
    with database.transaction() as session:
        surveys.install_built_ins(session, clock())
    return Site(app, chosen, database, clock)


def web_app(**changes: str) -> Flask:
    """An application with `settings(**changes)`, on a database that is nowhere.

    Its routes and its description of the API take longer than all else in many a test, so they are made once
    for all that differ in nothing but where their mails go. What a test may change in it is not shared.
    """
    chosen = settings(**changes)
    if chosen.trusted_proxies or chosen.oidc is not None:
        # The one wraps the application, the other keeps what a provider said.
        return create_app(chosen)
    built = _built(frozenset((changes | {"MAIL_URL": "file:///nowhere/mail"}).items()))
    app = copy(built)
    app.config, app.extensions = copy(built.config), dict(built.extensions)
    app.view_functions = dict(built.view_functions)
    # The attribute that was copied would go on serving the application that was copied.
    del app.wsgi_app
    app.wsgi_app = _identified(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app


@lru_cache(maxsize=32)
def _built(changes: frozenset[tuple[str, str]]) -> Flask:
    return create_app(settings(**dict(changes)))


def path_of(url: str) -> str:
    """The path of a link, as a test client wants it."""
    return urlsplit(url).path

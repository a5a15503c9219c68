"""Promises about the whole app."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from sqlalchemy import select

from surveyapp.app import HEADERS, STATIC
from surveyapp.core.evidence import State
from surveyapp.db import Base, Database, table_of
from surveyapp.models import Answer, AnswerEvent, Rating, Suppression, Touch
from tests.support.people import CHROMIUM, FIREFOX, SAFARI, Invited, Page, Site, Visitor, opened
from tests.support.programs import HOST

PUBLIC = {
    "static",
    "health.live",
    "health.ready",
    "public.ask",
    "public.answer",
    "public.thanks",
    "public.report",
    "public.explain",
    "public.offer_way_out",
    "public.unsubscribe",
    "way_out.offer",
    "way_out.leave",
    "api-docs.openapi_json",
    "docs.page",
    "docs.start",
    "docs.viewer",
    "look.style",
    "look.logo",
    "admin_again.show",
    "admin_home.find_nothing",
    "admin_home.speak",
    "admin_login.offer",
    "admin_login.log_in",
    "admin_login.ask_second_step",
    "admin_login.take_second_step",
    "admin_login.forgot",
    "admin_login.set_password",
    "admin_login.set_up",
}
# To whoever has not their secret these say that nothing is there.
SECRET = {"metrics.read", "hooks.receive"}
VALUES = {
    "token": "forged.token",
    "rating": 5,
    "filename": "public.css",
    "invitation_id": "nobody",
    "ticket_ref": "T-1",
    "name": "swagger-ui.css",
    "digest": "0" * 64,
    "table": "scores",
    "form": "csv",
    "marker_id": "nobody",
    "summary_id": "nobody",
}
OTHERS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WIRE = 30 * 1024


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def test_every_route_is_public_by_name_or_guarded(database: Database) -> None:
    app = opened(database, METRICS_TOKEN="abcdefgh" * 4, BOUNCE_TOKEN="abcdefgh" * 4).app
    unguarded, hidden = set(), set()
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        path = rule.build({name: VALUES.get(name, "unheard-of") for name in rule.arguments})
        assert path
        for method in set(OTHERS) & (rule.methods or set()):
            response = client.open(path[1], method=method, buffered=True, headers={"Host": HOST})
            status = response.status_code
            if response.headers.get("Location", "").startswith("/admin/login?next="):
                status = 401
            if status == 404 and rule.endpoint in SECRET:
                hidden.add(rule.endpoint)
            elif status not in (401, 403):
                unguarded.add(rule.endpoint)
    assert (unguarded, hidden) == (PUBLIC, SECRET)


# --- what every reply carries ----------------------------------------------------------------------


def every_page(site: Site) -> Iterator[Page]:
    """One of each kind: fine, wrong, gone and forged."""
    invited = site.invited()
    person = Visitor(site, invited)
    yield person.open(4)
    yield person.open()
    yield person.open(4, method="HEAD")
    yield person.open(99)
    yield person.visit(invited.path, "OPTIONS")
    yield person.submit(4)
    yield person.press("none")
    yield person.press(4, comment="x" * 2001)
    yield person.press(4)
    yield person.follow(f"{invited.path}/thanks")
    yield person.press(4, comment="Thanks")
    yield person.follow(f"{invited.path}/thanks?done=comment")
    yield person.visit(invited.privacy)
    yield person.visit(invited.unsubscribe)
    yield Page(site.client.post(invited.unsubscribe, data={"List-Unsubscribe": "One-Click"}))
    yield Page(site.client.post(f"{invited.path}/seen", data={"event": "seen"}))
    yield Page(site.client.put(invited.path))
    for path in (
        "/",
        "/nowhere",
        "/s/forged.token",
        "/s/forged.token/5",
        "/healthz",
        "/readyz",
    ):
        yield Page(site.client.get(path))
    yield Page(site.client.get("/healthz", headers={"Host": "evil.example"}))
    yield Visitor(site, site.invited("open")).open()
    site.clock.forward(days=61)
    yield person.open(4)
    yield person.open(1)
    yield Visitor(site, site.invited()).open(1)


def test_every_reply_is_safe_and_kept_by_nobody(site: Site) -> None:
    for page in every_page(site):
        headers = page.response.headers
        for name, value in HEADERS.items():
            assert headers.getlist(name) == [value], (name, page.status)
        assert headers.getlist("Cache-Control") == ["no-store"], page.status
        assert "Set-Cookie" not in headers
        assert "Cookie" not in headers.get("Vary", "")


def test_the_headers_are_those_that_the_design_names() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    assert {source for name, source in policy.items() if name.endswith("-src")} == {"'none'", "'self'"}
    assert HEADERS["Referrer-Policy"] == "same-origin"
    assert "noindex" in HEADERS["X-Robots-Tag"]
    assert HEADERS["X-Content-Type-Options"] == "nosniff"


def test_no_page_loads_anything_from_elsewhere_or_breaks_its_own_policy(site: Site) -> None:
    for page in every_page(site):
        html = page.response.text
        for address in re.findall(r'(?:src|href|action)="([^"]*)"', html):
            assert re.match(r"/(?!/)|\?|mailto:", address), address
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:|<iframe", html)


def test_a_page_with_everything_in_it_is_under_30_kilobytes(site: Site) -> None:
    for survey in ("csat", "nps", "ces", "nki", "open"):
        person = Visitor(site, site.invited(survey, locale="ro"))
        site.clock.forward(minutes=11)
        for page in (person.open(5 if survey != "open" else None), person.visit(person.invited.privacy)):
            linked = set(re.findall(r'(?:src|href)="(/static/[^"]*)"', page.response.text))
            parts = [site.client.get(address, buffered=True).data for address in linked]
            assert len(page.response.data) + sum(map(len, parts)) < WIRE


def test_static_files_are_named_by_their_content_and_kept_for_good(site: Site) -> None:
    html = Visitor(site, site.invited()).open(4).response.text
    linked = set(re.findall(r'(?:src|href)="(/static/[^"]*)"', html))
    assert linked and all(re.search(r"\?v=[0-9a-f]{12}$", address) for address in linked)
    for address in linked:
        response = site.client.get(address, buffered=True)
        assert response.status_code == 200 and "max-age=31536000" in response.headers["Cache-Control"]
        assert all(response.headers.get(name) == value for name, value in HEADERS.items())
        assert "Set-Cookie" not in response.headers
    assert {address.split("?")[0].removeprefix("/static/") for address in linked} <= {
        path.name for path in STATIC.iterdir()
    }


# --- opening a link changes no answer --------------------------------------------------------------

KINDS: list[dict[str, str]] = [
    {},
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
    {"Range": "bytes=0-99"},
    {"Range": "bytes=50-"},
    {"If-None-Match": "*"},
    {"User-Agent": "curl/8.5.0"},
    {"Accept-Language": "de"},
    *(
        browser.navigation(site, is_person=is_person)
        for browser in (CHROMIUM, FIREFOX, SAFARI)
        for site in ("none", "cross-site", "same-origin")
        for is_person in (True, False)
    ),
]
QUERIES = [
    "",
    "",
    "",
    "?lang=sv",
    "?from=page",
    "?from=page&change=1",
    "?done=comment",
    "?rating=1&comment=x",
]


def stored(site: Site, tables: tuple[type[Base], ...]) -> bytes:
    """What the tables hold, value for value."""
    with site.database.reading() as session:
        found: list[Any] = []
        for model in tables:
            table = table_of(model)
            rows = session.execute(select(table).order_by(*table.primary_key.columns))
            found += [tuple(row) for row in rows]
    return repr(found).encode()


def press(person: Visitor) -> None:
    person.press(3, comment="Good <b>")


def gesture(person: Visitor) -> None:
    person.open(4)
    person.tell("gesture", 4)


def stay(person: Visitor) -> None:
    person.stay(5)


def look(person: Visitor) -> None:
    person.open(1)
    person.tell("seen", 1)


def look_at_two(person: Visitor) -> None:
    person.stay(5)
    person.open(2)


def nothing(person: Visitor) -> None:
    """Leave it for later."""


ACTS = (press, gesture, stay, look, look_at_two, nothing, nothing)


def answered_in_every_way(site: Site) -> list[Invited]:
    """200 invitations: pressed, gestured, settled, held, waiting to be settled, and untouched."""
    # A scanner marks its domain, so each kind has one of its own.
    people = [
        Visitor(site, site.invited(("csat", "nps", "nki", "ces")[n % 4], address=f"k@d{n % 7}.example"))
        for n in range(200)
    ]
    site.clock.forward(minutes=11)
    for act, person in zip(cycle(ACTS), people[20:], strict=False):
        act(person)
    site.clock.forward(minutes=31)
    site.worker().settle_due()
    for person in people[:10]:
        person.stay(5)
    return [person.invited for person in people]


def test_opening_any_link_by_any_safe_method_changes_no_answer(site: Site) -> None:
    invited = answered_in_every_way(site)
    kinds = {(row["state"], row["evidence"]) for row in site.rows(Answer)}
    assert {("counted", "press"), ("counted", "gesture"), ("counted", "settled"), (State.HELD, None)} <= kinds
    tables = (Answer, Rating, AnswerEvent, Suppression)
    before = stored(site, tables)
    chance = random.Random(2)
    client = site.client
    # PostgreSQL takes longer for each and runs the same code above the database.
    times = 10_000 if site.database.engine.dialect.name == "sqlite" else 1_000
    for _ in range(times):
        one = chance.choice(invited)
        rating = chance.choice(
            ["", "/0", "/1", "/2", "/3", "/4", "/5", "/7", "/10", "/99", "/thanks", "/seen"]
        )
        path = chance.choice([f"{one.path}{rating}"] * 8 + [one.unsubscribe, one.privacy])
        response = client.open(
            path + chance.choice(QUERIES),
            method=chance.choice(["GET"] * 6 + ["HEAD", "HEAD", "OPTIONS"]),
            headers=chance.choice(KINDS),
            environ_base={"REMOTE_ADDR": f"198.51.{chance.randrange(100)}.7"},
        )
        assert response.status_code in (200, 303, 405, 422), path
        site.clock.at += timedelta(seconds=chance.choice([0, 0, 1, 20]))
    assert len(site.rows(Touch)) > times / 10
    assert stored(site, tables) == before

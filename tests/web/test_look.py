"""The organisation's own look on the customer's pages: colour, logo, and what it says on privacy."""

import re
from typing import Any

import pytest

from surveyapp import look, preferences, surveys
from surveyapp.app import HEADERS
from surveyapp.core.colours import shades
from surveyapp.core.errors import DatabaseFailedError
from surveyapp.db import Database
from surveyapp.web.look import FOR_GOOD
from tests.support.logos import GIF, JPEG, PNG, WEBP, png
from tests.support.people import Page, Site, Visitor, opened

COLOUR = "#f2b705"
WIRE = 30 * 1024


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def set_up(site: Site, **changes: Any) -> None:
    """As the page of the settings does."""
    with site.database.transaction() as session:
        preferences.save(session, changes, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


def put(site: Site, content: bytes = PNG) -> str:
    with site.database.transaction() as session:
        digest = look.put_logo(session, content, site.clock())
    set_up(site, logo=digest)
    return digest


def get(site: Site, path: str) -> Page:
    return Page(site.client.get(path, buffered=True))


def own_sheet(page: Page) -> str:
    """The address of the brand's style sheet; "" when the page links none."""
    found = re.search(r'<link rel="stylesheet" href="(/look/[^"]*)"', page.response.text)
    return found[1] if found else ""


def image(page: Page) -> dict[str, str]:
    """The attributes of the one picture of a page; none without one."""
    found = re.findall(r"<img ([^>]*)>", page.response.text)
    assert len(found) <= 1
    return dict(re.findall(r'([a-z]+)="([^"]*)"', found[0])) if found else {}


def test_without_a_look_of_its_own_a_page_has_ours(site: Site) -> None:
    page = Visitor(site, site.invited()).open(4)
    assert (own_sheet(page), image(page)) == ("", {})
    assert 'class="initial"' in page.response.text
    assert get(site, "/look/0123456789ab.css").status == 404


def test_a_colour_comes_in_a_sheet_of_its_own_after_ours(site: Site) -> None:
    set_up(site, colour=COLOUR)
    page = Visitor(site, site.invited()).open(4)
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]*)"', page.response.text)
    assert [sheet.split("?")[0] for sheet in sheets] == ["/static/public.css", own_sheet(page)]
    sheet = get(site, own_sheet(page))
    assert sheet.status == 200
    assert sheet.headers["Content-Type"] == "text/css; charset=utf-8"
    assert f"--accent: {shades(COLOUR).accent};" in sheet.text


def test_another_colour_has_another_address(site: Site) -> None:
    person = Visitor(site, site.invited())
    set_up(site, colour=COLOUR)
    one = own_sheet(person.open())
    set_up(site, colour="#e2001a")
    assert own_sheet(person.open()) not in (one, "")


def test_a_sheet_is_kept_for_good_under_its_own_name_alone(site: Site) -> None:
    set_up(site, colour=COLOUR)
    address = own_sheet(Visitor(site, site.invited()).open())
    assert get(site, address).headers.getlist("Cache-Control") == [FOR_GOOD]
    other = get(site, "/look/0123456789ab.css")
    assert (other.status, other.text) == (200, get(site, address).text)
    assert other.headers.getlist("Cache-Control") == ["no-store"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PNG, "image/png"), (GIF, "image/gif"), (JPEG, "image/jpeg"), (WEBP, "image/webp")],
)
def test_a_logo_stands_in_the_place_of_the_initial(site: Site, content: bytes, media_type: str) -> None:
    digest = put(site, content)
    page = Visitor(site, site.invited()).open(4)
    assert image(page) == {
        "class": "logo",
        "src": f"/look/{digest}",
        "width": "120",
        "height": "40",
        "alt": "Nordlicht",
    }
    assert 'class="initial"' not in page.response.text
    assert '<p class="company" aria-hidden="true">' in page.response.text
    reply = get(site, image(page)["src"])
    assert (reply.status, reply.response.data) == (200, content)
    assert reply.headers["Content-Type"] == media_type
    assert reply.headers.getlist("Cache-Control") == [FOR_GOOD]


def test_every_page_has_the_look(site: Site) -> None:
    set_up(site, colour=COLOUR)
    put(site)
    person = Visitor(site, site.invited())
    pages = [
        person.open(4),
        person.follow(person.press(4).location),
        person.visit(person.invited.privacy),
        person.visit(person.invited.unsubscribe),
        get(site, "/nowhere"),
        get(site, "/s/forged.token"),
    ]
    site.clock.forward(days=61)
    pages.append(person.open(1))
    for page in pages:
        assert own_sheet(page) and image(page), page.heading


@pytest.mark.parametrize(
    "path", ["0" * 64, "0" * 63, "%00", "..%2F..%2Fetc", "0" * 64 + ".png", "x.css.css", ".css", "a/b"]
)
def test_nothing_else_is_found_under_the_look(site: Site, path: str) -> None:
    page = get(site, f"/look/{path}")
    assert page.status == 404
    assert page.headers.getlist("Cache-Control") == ["no-store"]


def test_what_the_look_loads_is_as_safe_as_every_reply(site: Site) -> None:
    set_up(site, colour=COLOUR)
    digest = put(site)
    for path in (f"/look/{digest}", own_sheet(Visitor(site, site.invited()).open())):
        headers = get(site, path).headers
        for name, value in HEADERS.items():
            assert headers.getlist(name) == [value], (name, path)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in headers
        assert site.client.post(path).status_code == 405


def test_a_page_stays_within_its_own_policy_and_its_weight(site: Site) -> None:
    set_up(site, colour=COLOUR, privacy={"en": "<script>alert(1)</script>\n\n" + "Words. " * 100})
    put(site)
    person = Visitor(site, site.invited("nps"))
    for page in (person.open(5), person.visit(person.invited.privacy)):
        html = page.response.text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
        linked = set(re.findall(r'(?:src|href)="(/(?:static|look)/[^"]*)"', html)) - {image(page)["src"]}
        assert len(linked) >= 2
        parts = [get(site, address).response.data for address in linked]
        assert len(page.response.data) + sum(map(len, parts)) < WIRE


def test_a_logo_that_is_gone_leaves_the_initial(site: Site) -> None:
    set_up(site, logo="e" * 64)
    page = Visitor(site, site.invited()).open(4)
    assert page.status == 200
    assert image(page) == {} and 'class="initial"' in page.response.text


def test_a_notice_is_shown_while_the_database_fails(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.database.transaction() as session:
        digest = look.put_logo(session, png(33, 44), site.clock())
    set_up(site, logo=digest, colour=COLOUR)
    person = Visitor(site, site.invited())
    # What was set is known to the process; the logo has not been read yet.
    assert site.app.extensions["surveyapp"].settings.own.logo == digest

    def fail(self: Database) -> None:
        raise DatabaseFailedError

    for name in ("reading", "bare_reading", "transaction", "bare_transaction"):
        monkeypatch.setattr(type(site.database), name, fail)
    page = person.open(4)
    assert (page.status, page.heading) == (503, "One moment, please")
    assert own_sheet(page) and not image(page)


# --- privacy -----------------------------------------------------------------------------------------


def privacy(site: Site, locale: str = "en") -> Page:
    invited = site.invited(locale=locale)
    return Visitor(site, invited).visit(invited.privacy)


def own_words(page: Page) -> str:
    found = re.search(r'(?s)<div class="own".*?</div>', page.response.text)
    return found[0] if found else ""


def test_the_privacy_page_says_how_long_things_are_really_kept(site: Site) -> None:
    words = privacy(site).words
    for sentence in (
        "is deleted after 30 days.",
        "Your comment is deleted after 1,095 days.",
        "Your name, your email address and your customer number are deleted after 365 days.",
        "After 730 days we no longer store who helped you.",
    ):
        assert sentence in words
    set_up(site, touches_days=7, comments_days=1, identity_days=90, agents_days=200)
    words = privacy(site).words
    for sentence in (
        "is deleted after 7 days.",
        "Your comment is deleted after 1 day.",
        "customer number are deleted after 90 days.",
        "After 200 days we no longer store who helped you.",
    ):
        assert sentence in words
    assert "365" not in words


def test_the_organisations_own_words_stand_in_paragraphs_and_as_they_are(site: Site) -> None:
    assert own_words(privacy(site)) == ""
    set_up(site, privacy={"en": "Our <b>officer</b>:\nEva & Co\n\n \nWrite to her."})
    page = privacy(site)
    assert "Further information from Nordlicht" in page.words
    found = re.findall(r"(?s)<p>(.*?)</p>", own_words(page))
    assert found == ["Our &lt;b&gt;officer&lt;/b&gt;:\nEva &amp; Co", "Write to her."]


def test_own_words_are_the_readers_else_the_organisations_and_say_their_language(site: Site) -> None:
    set_up(site, privacy={"en": "In English", "de": "Auf Deutsch"})
    assert own_words(privacy(site, "de")).startswith('<div class="own" >')
    assert "Auf Deutsch" in own_words(privacy(site, "de"))
    swedish = own_words(privacy(site, "sv"))
    assert '<div class="own" lang="en">' in swedish and "In English" in swedish
    set_up(site, locale="ro")
    assert own_words(privacy(site, "sv")) == ""


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_closed_and_an_expired_survey_say_how_to_reach_the_organisation(
    site: Site, is_closed: bool
) -> None:
    set_up(site, contact="help@nordlicht.example")
    person = Visitor(site, site.invited())
    if is_closed:
        with site.database.transaction() as session:
            surveys.set_closed(session, "csat", site.clock())
    else:
        site.clock.forward(days=61)
    page = person.open(4)
    assert page.heading == ("Survey closed" if is_closed else "Link expired")
    assert '<a class="inline" href="mailto:help@nordlicht.example">' in page.response.text

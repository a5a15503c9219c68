"""What a request proves, row by row."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from surveyapp.core.evidence import Link
from surveyapp.links import Nonce
from surveyapp.web.press import Proof, can_prove, is_from_elsewhere, is_own_link, proof_of, touch_of
from tests.support.people import CHROMIUM, FIREFOX, SAFARI, START, TEXT_BROWSER, Browser, settings

SETTINGS = settings(STAY_SECONDS="3")
LATER = START + timedelta(minutes=1)

PROVES = Nonce("page", START, can_prove=True)
CANNOT = Nonce("page", START, can_prove=False)
SECOND = Nonce("page", START, can_prove=False, is_second=True)


CHROME_ON_AN_IPHONE = Browser(
    {"User-Agent": "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 CriOS/140.0.0.0 Mobile/15E148 Safari/604.1"},
    marks_presses=False,
)
CHROMIUM_WITHOUT_HINTS = Browser({"User-Agent": CHROMIUM.own["User-Agent"]})


def request(headers: Mapping[str, str], query: str = "", **form: str) -> Request:
    builder = EnvironBuilder(
        method="POST", path="/s/token", query_string=query, headers=[*headers.items()], data=form
    )
    return Request(builder.get_environ())


def pressed(browser: Browser, site: str = "same-origin", **changes: str) -> dict[str, str]:
    return browser.navigation(site, is_person=True) | changes


def submitted(browser: Browser) -> dict[str, str]:
    return browser.navigation("same-origin", is_person=False)


@pytest.mark.parametrize("nonce", [PROVES, CANNOT, SECOND, None])
@pytest.mark.parametrize("browser", [CHROMIUM, FIREFOX])
def test_a_press_that_the_browser_vouches_for_needs_no_page_of_ours(
    browser: Browser, nonce: Nonce | None
) -> None:
    assert proof_of(request(pressed(browser)), nonce, SETTINGS, LATER) is Proof.VERIFIED


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(submitted(CHROMIUM), id="a script's submit in Chromium"),
        pytest.param(submitted(FIREFOX), id="a script's submit in Firefox"),
        pytest.param(pressed(CHROMIUM, "cross-site"), id="a press on somebody else's page"),
        pytest.param(pressed(CHROMIUM, "same-site"), id="a press on a sister site"),
        pytest.param(pressed(CHROMIUM, "none"), id="a press on no page"),
        pytest.param(pressed(CHROMIUM, **{"Sec-Fetch-Mode": "cors"}), id="a fetch that claims a press"),
        pytest.param(pressed(CHROMIUM, **{"Sec-Fetch-User": "?0"}), id="a press denied"),
        pytest.param(pressed(CHROMIUM, **{"Sec-Fetch-User": "1"}), id="a press misspelt"),
        pytest.param(pressed(SAFARI, "cross-site"), id="Safari on somebody else's page"),
        pytest.param({**CHROMIUM.own, "Sec-Fetch-User": "?1"}, id="a press that does not say on which site"),
    ],
)
@pytest.mark.parametrize("nonce", [PROVES, CANNOT, SECOND, None])
@pytest.mark.parametrize("trusted", ["", "1"])
def test_these_prove_nothing_whatever_the_page_says(
    headers: dict[str, str], nonce: Nonce | None, trusted: str
) -> None:
    assert proof_of(request(headers, trusted=trusted), nonce, SETTINGS, LATER) is Proof.NONE


@pytest.mark.parametrize("browser", [SAFARI, TEXT_BROWSER])
@pytest.mark.parametrize(
    ("nonce", "trusted", "seconds", "proof"),
    [
        (CANNOT, "1", 0, Proof.UNVERIFIED),
        (CANNOT, "", 60, Proof.UNPROVEN),
        (CANNOT, "yes", 60, Proof.UNPROVEN),
        (SECOND, "", 2.999, Proof.UNPROVEN),
        (SECOND, "", 3, Proof.UNVERIFIED),
        (SECOND, "1", 0, Proof.UNVERIFIED),
        (PROVES, "1", 60, Proof.NONE),
        (None, "1", 60, Proof.NONE),
    ],
)
def test_a_browser_that_never_vouches_needs_our_script_or_a_second_press(
    browser: Browser, nonce: Nonce | None, trusted: str, seconds: float, proof: Proof
) -> None:
    now = START + timedelta(seconds=seconds)
    assert proof_of(request(pressed(browser), trusted=trusted), nonce, SETTINGS, now) is proof


@pytest.mark.parametrize(
    ("browser", "is_person", "expected"),
    [
        (CHROMIUM, True, True),
        (CHROMIUM, False, True),
        (FIREFOX, True, True),
        (FIREFOX, False, True),
        (SAFARI, True, False),
        (TEXT_BROWSER, True, False),
        (CHROME_ON_AN_IPHONE, True, False),
        (CHROMIUM_WITHOUT_HINTS, False, True),
    ],
)
def test_a_page_load_shows_whether_its_browser_could_vouch(
    browser: Browser, is_person: bool, expected: bool
) -> None:
    assert can_prove(request(browser.navigation("cross-site", is_person=is_person))) is expected


@pytest.mark.parametrize(
    ("site", "expected"),
    [("same-origin", False), ("same-site", True), ("cross-site", True), ("none", True), ("", True)],
)
def test_a_request_of_another_site_is_known(site: str, expected: bool) -> None:
    assert is_from_elsewhere(request({"Sec-Fetch-Site": site})) is expected
    assert not is_from_elsewhere(request({}))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "Prefetch"},
    ],
)
def test_a_prefetch_says_so(headers: dict[str, str]) -> None:
    assert touch_of(request(headers), SETTINGS, Link.QUESTION, None, START).is_prefetch


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0.0.0 Safari/537.36",
        "python-requests/2.32",
        "curl/8.5.0",
        "Wget/1.21",
        "Go-http-client/1.1",
        "Slackbot-LinkExpanding 1.0",
        "Microsoft Office Existence Discovery SkypeUriPreview",
        "Java/17.0.2",
    ],
)
def test_a_program_that_says_so_is_one(agent: str) -> None:
    assert touch_of(request({"User-Agent": agent}), SETTINGS, Link.RATING, 5, START).is_automated


@pytest.mark.parametrize(
    "agent",
    [
        "",
        *(browser.own["User-Agent"] for browser in (CHROMIUM, FIREFOX, SAFARI, TEXT_BROWSER)),
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
        "Mozilla/5.0 (Linux; Android 14; SM-S921B) SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
    ],
)
def test_a_persons_browser_is_no_program(agent: str) -> None:
    touch = touch_of(request({"User-Agent": agent}), SETTINGS, Link.RATING, 5, START)
    assert (touch.is_automated, touch.is_prefetch) == (False, False)


def test_a_touch_is_what_was_opened_and_when() -> None:
    touch = touch_of(request({}), SETTINGS, Link.RATING, 5, LATER)
    assert (touch.at, touch.link, touch.rating) == (LATER, Link.RATING, 5)


def test_a_network_is_recognised_again_and_never_spelled_out() -> None:
    def network(address: str | None) -> str:
        builder = EnvironBuilder(environ_base={"REMOTE_ADDR": address} if address else {})
        return touch_of(Request(builder.get_environ()), SETTINGS, Link.QUESTION, None, START).network

    assert network("192.0.2.1") == network("192.0.2.254") == network("::ffff:192.0.2.7")
    assert network("192.0.2.1") != network("192.0.3.1")
    assert network("2001:db8:1::1") == network("2001:db8:1:ffff::2") != network("2001:db8:2::1")
    assert "192" not in network("192.0.2.1")
    assert network("not an address") == network(None) == ""


@pytest.mark.parametrize(
    ("query", "expected"), [("from=page", True), ("", False), ("from=mail", False), ("lang=sv", False)]
)
def test_links_on_our_own_pages_are_known(query: str, expected: bool) -> None:
    assert is_own_link(request({}, query)) is expected

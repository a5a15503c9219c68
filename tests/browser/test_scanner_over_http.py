"""The scanners' scripts once more, without a browser, against the app as in production, on both databases."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import pytest

from tests.support.helpdesk import Helpdesk, Invited, helpdesk
from tests.support.people import CHROMIUM, SAFARI, TEXT_BROWSER

Headers = Mapping[str, str]

# So long that nothing stays and no second press comes late enough.
SETTINGS = {"SURVEYAPP_STAY_SECONDS": "600"}

SCANNERS: dict[str, Headers] = {
    "a program": {"User-Agent": "python-requests/2.32"},
    "an office program": {"User-Agent": "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"},
    "a text browser": TEXT_BROWSER.own,
    "Safari": SAFARI.own,
    "Chromium": CHROMIUM.own,
}
OPENING = CHROMIUM.navigation("cross-site", is_person=True)
PRESS = CHROMIUM.navigation("same-origin", is_person=True)
FORGERIES: dict[str, Headers] = {
    "nothing": {},
    "a script's navigation": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
    "a script's request": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    "a request as a person's": {**PRESS, "Sec-Fetch-Mode": "cors"},
    "another site's press": {**PRESS, "Sec-Fetch-Site": "cross-site"},
    "a neighbour's press": {**PRESS, "Sec-Fetch-Site": "same-site"},
    "a press from nowhere": {**PRESS, "Sec-Fetch-Site": "none"},
    "a press without its site": {"Sec-Fetch-User": "?1", "Sec-Fetch-Mode": "navigate"},
    "a denied press": {**PRESS, "Sec-Fetch-User": "?0"},
}


class Clones(Protocol):
    """Where databases come from."""

    def clone(self) -> str: ...
    def drop(self, url: str) -> None: ...


@pytest.fixture(scope="module")
def desk(clones: Clones, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpdesk]:
    """One installation on each kind of database."""
    url = clones.clone()
    with helpdesk(tmp_path_factory.mktemp("desk"), url, SETTINGS) as started:
        yield started
    clones.drop(url)


@pytest.mark.parametrize("scanner", SCANNERS)
def test_opening_every_link_counts_nothing(desk: Helpdesk, scanner: str) -> None:
    invited = desk.invite()
    for method in ("HEAD", "GET"):
        for link in invited.links:
            assert request(method, link, SCANNERS[scanner])[0] == 200
    assert len(desk.touches(invited)) == 2 * len(invited.links)
    counts_nothing(desk, [invited])
    assert desk.answer(invited) == {}


@pytest.mark.parametrize("scanner", SCANNERS)
def test_sending_the_form_and_the_form_that_comes_back_counts_nothing(desk: Helpdesk, scanner: str) -> None:
    invited = {forgery: desk.invite() for forgery in FORGERIES}
    for forgery, each in invited.items():
        page = request("GET", each.urls.ratings[1], SCANNERS[scanner])[1]
        for _ in range(2):
            form = {"rating": "1", "nonce": nonce_of(page), "trusted": "", "comment": "bad"}
            headers = {**SCANNERS[scanner], **FORGERIES[forgery]}
            status, page = request("POST", each.urls.page, headers, form)
            assert status == 200
    counts_nothing(desk, list(invited.values()))


@pytest.mark.parametrize("scanner", SCANNERS)
def test_sending_the_form_of_the_way_out_unsubscribes_nobody(desk: Helpdesk, scanner: str) -> None:
    invited = desk.invite()
    for forgery in FORGERIES.values():
        page = request("GET", invited.urls.unsubscribe, SCANNERS[scanner])[1]
        for _ in range(2):
            form = {"nonce": nonce_of(page), "trusted": ""}
            status, page = request("POST", invited.urls.unsubscribe, {**SCANNERS[scanner], **forgery}, form)
            assert status == 200
    assert not desk.is_unsubscribed(invited)


@pytest.mark.parametrize("scanner", SCANNERS)
def test_a_script_that_hurries_holds_the_answer_at_most(desk: Helpdesk, scanner: str) -> None:
    invited = desk.invite()
    page = request("GET", invited.urls.ratings[5], SCANNERS[scanner])[1]
    for event in ("seen", "stayed", "stayed"):
        assert tell(invited, event, 5, nonce_of(page)) == 204
    counts_nothing(desk, [invited])
    expected = "automated" if scanner == "a program" else "left_early"
    assert desk.answer(invited)["reason"] == expected


@pytest.mark.parametrize("scanner", SCANNERS)
def test_a_person_counts_whatever_scanners_did_and_they_change_nothing_after(
    desk: Helpdesk, scanner: str
) -> None:
    invited = desk.invite()
    scan(invited, SCANNERS[scanner])
    page = request("GET", invited.urls.ratings[5], OPENING)[1]
    form = {"rating": "5", "nonce": nonce_of(page), "comment": "Good"}
    assert request("POST", invited.urls.page, PRESS, form)[0] == 303
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 5})
    stored = desk.stored(invited)
    scan(invited, SCANNERS[scanner])
    # Whoever makes gestures up as well comes too late for a press.
    assert tell(invited, "gesture", 1, nonce_of(page)) == 204
    desk.work_later(timedelta(days=2))
    assert desk.stored(invited) == stored


def test_a_mail_program_unsubscribes_by_its_one_exact_request(desk: Helpdesk) -> None:
    invited = desk.invite()
    before = desk.unsubscriptions()
    for _ in range(2):
        status, page = request("POST", invited.urls.unsubscribe, {}, {"List-Unsubscribe": "One-Click"})
        assert status == 200
        assert "No more surveys" in page
    assert desk.is_unsubscribed(invited)
    assert desk.unsubscriptions() == before + 1


def scan(invited: Invited, headers: Headers) -> None:
    """Open every link, do what the page's script does, and send its form."""
    for link in invited.links:
        request("GET", link, headers)
    page = request("GET", invited.urls.ratings[1], headers)[1]
    for event in ("seen", "stayed"):
        assert tell(invited, event, 1, nonce_of(page)) == 204
    assert request("POST", invited.urls.page, headers, {"rating": "1", "nonce": nonce_of(page)})[0] == 200


def tell(invited: Invited, event: str, rating: int, nonce: str) -> int:
    """Report as our script does."""
    form = {"event": event, "rating": str(rating), "nonce": nonce, "automated": ""}
    return request("POST", f"{invited.urls.page}/seen", CHROMIUM.fetch(), form)[0]


def request(method: str, url: str, headers: Headers, form: Headers | None = None) -> tuple[int, str]:
    """Status and page; nothing is followed."""
    parts = urlsplit(url)
    kind = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
    body = None if form is None else urlencode(form)
    with closing(HTTPConnection(parts.netloc, timeout=30)) as connection:
        connection.request(method, parts.path, body, {**headers, **kind})
        response = connection.getresponse()
        return response.status, response.read().decode()


def nonce_of(page: str) -> str:
    """What the page's form would send back."""
    found = re.search(r'name="nonce"\s+value="([^"]+)"', page)
    assert found, page
    return found[1]


def counts_nothing(desk: Helpdesk, invited: list[Invited]) -> None:
    """Neither now nor after every duration has passed and the worker looked."""
    desk.work_later(timedelta(hours=1))
    desk.work_later(timedelta(days=2))
    assert desk.counted().isdisjoint(each.id for each in invited)

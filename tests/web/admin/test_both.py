"""The page with CSAT and NPS of the same people."""

import re

import pytest

from surveyapp import answers, surveys
from surveyapp.answers import Entry
from surveyapp.core.access import Permission, Role
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from tests.support.people import Page, Site, opened
from tests.support.staff import Staff, staff

PAGE = "/figures/both?period=7d"
HOSTILE = "<b>\"Dear\" & 'slow'</b>"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, SMALLEST_N="4")


@pytest.fixture
def leader(site: Site) -> Staff:
    return staff(site, Role.LEADER)


def ask_both(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())


def give(site: Site, csat: int, nps: int, comment: str = "", **about: str) -> None:
    made = site.invited("csat", agent_ref="a-1", agent_name="Bo Ek", **about)
    entry = Entry(csat, comment or None, {"nps": nps})
    with site.database.transaction() as session:
        answers.count(session, site.settings, made.id, entry, is_verified=True, now=site.clock())
    site.clock.forward(minutes=1)


def table(page: Page) -> list[list[str]]:
    """The fields of the body, each as "count per cent"."""
    body = page.response.text.split('<table class="cross">')[1].split("<tbody>")[1].split("</tbody>")[0]
    cells = [re.findall(r"(?s)<t[hd]\b[^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1]]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def tickets(page: Page) -> list[str]:
    return re.findall(r'<h3>\s*<a href="/admin/tickets/([^"]*)"', page.response.text)


def test_counts_add_up_and_each_share_is_that_of_its_own_count(site: Site, leader: Staff) -> None:
    ask_both(site)
    for csat, nps in ((5, 10), (5, 9), (4, 3), (3, 7), (1, 0), (2, 10)):
        give(site, csat, nps)
    page = leader.get(PAGE)
    found = table(page)
    assert [row[0] for row in found] == ["satisfied", "neutral", "dissatisfied", "All"]
    assert [[cell.split()[0] for cell in row[1:]] for row in found] == [
        ["2", "0", "1", "3"],
        ["0", "1", "0", "1"],
        ["1", "0", "1", "2"],
        ["3", "1", "2", "6"],
    ]
    # Rounded once each: 33, 0 and 17 stand beside 50, and 17 twice beside 33.
    of_six = {"0": "0%", "1": "17%", "2": "33%", "3": "50%", "6": "100%"}
    assert all(of_six[cell.split()[0]] == cell.split()[1] for row in found for cell in row[1:])
    assert "Of 6 customers with both ratings, 33% are satisfied and promoters, 17% are" in page.words
    assert "Scores go by the day of the answer." in page.words
    assert "Among the 3 satisfied customers, 33% are detractors." in page.words


def test_the_satisfied_detractors_are_listed_without_customer_and_agent(site: Site, leader: Staff) -> None:
    ask_both(site)
    give(site, 4, 6, HOSTILE, ticket_ref="T-1")
    give(site, 5, 9, ticket_ref="T-2")
    give(site, 5, 0, ticket_ref="T-3")
    page = leader.get(PAGE)
    assert tickets(page) == ["T-3", "T-1"] and "CSAT 4 NPS 6" in page.words
    assert HOSTILE in page.text and "<b>" not in page.response.text
    assert "Bo Ek" not in page.text and "kund@example.se" not in page.text
    # Three people make no table, yet whoever may open single answers may open these.
    assert "not shown (3 of 4 answers)" in page.words and '<table class="cross">' not in page.response.text
    silent = staff(site, Role.LEADER, allowed={Permission.COMMENTS: False}).get(PAGE)
    assert tickets(silent) == ["T-3", "T-1"] and HOSTILE not in silent.text


def test_the_list_goes_on_behind_a_cursor(site: Site, leader: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("surveyapp.web.admin.both.ON_A_PAGE", 2)
    ask_both(site)
    for number in range(3):
        give(site, 5, 0, ticket_ref=f"T-{number}")
    first = leader.get(PAGE)
    more = re.findall(r'class="button quiet" href="([^"]*cursor[^"]*)"', first.text)
    assert tickets(first) == ["T-2", "T-1"] and tickets(leader.get(more[0])) == ["T-0"]
    assert "This is no cursor of ours." in leader.get(f"{PAGE}&cursor=x").words


def test_the_page_says_how_to_ask_both(site: Site, leader: Staff) -> None:
    page = leader.get(PAGE)
    assert "No survey asks both questions." in page.words and "To the surveys" not in page.words
    assert "To the surveys" in staff(site).get(PAGE).words
    ask_both(site)
    assert "Nobody has answered both questions in this period." in leader.get(PAGE).words


def test_the_metric_that_was_looked_at_before_limits_nothing(site: Site, leader: Staff) -> None:
    ask_both(site)
    give(site, 5, 0, ticket_ref="T-1")
    page = leader.get(f"{PAGE}&metric=ces")
    assert tickets(page) == ["T-1"] and 'href="/admin/figures?period=7d&metric=ces"' in page.text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT, Role.AGENT])
def test_who_may_not_open_answers_or_sees_no_figures_stays_out(site: Site, role: Role) -> None:
    assert staff(site, role).get(PAGE).status == 403

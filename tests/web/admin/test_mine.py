"""The page on which agents read the answers about their own tickets."""

from typing import Any

import pytest

from surveyapp import preferences
from surveyapp.core.access import AgentFigures, Permission, Role
from surveyapp.db import Database
from tests.support.people import Invited, Site, Visitor, opened
from tests.support.staff import Staff, staff

HOSTILE = "<b>T-1 \"'</b>"
NOT_NAMED = "Figures do not name agents here, so there is nothing to see on this page."


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def kim(site: Site) -> Staff:
    """An agent, where agents are named."""
    name_agents(site, AgentFigures.NAMED)
    return staff(site, Role.AGENT, agent_ref="kim")


def name_agents(site: Site, mode: AgentFigures) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": mode}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


def answered(site: Site, ticket: str, rating: int = 2, **about: Any) -> Invited:
    made = site.invited(**{"ticket_ref": ticket, "agent_ref": "kim", **about})
    Visitor(site, made).press(rating, comment="Too slow")
    site.clock.forward(hours=25)
    return made


def test_an_agent_is_led_to_the_own_answers_and_on_to_their_ticket(site: Site, kim: Staff) -> None:
    answered(site, "T-1")

    start = kim.get("/")
    # The menu stands there twice, for wide and for narrow screens.
    assert start.text.count('href="/admin/mine"') == 3
    page = kim.get("/mine")

    assert page.heading == "My answers"
    assert "T-1 Customer satisfaction (CSAT) 2 – Dissatisfied" in page.words and "2 Mar 2026" in page.words
    assert 'aria-current="page">My answers' in " ".join(page.text.split())
    assert 'href="/admin/tickets/T-1"' in page.text
    assert kim.get("/tickets/T-1").status == 200


def test_the_newest_stands_first_and_neither_held_ones_nor_a_colleagues_do(site: Site, kim: Staff) -> None:
    answered(site, "T-1", survey="nps", rating=7)
    answered(site, "T-2")
    answered(site, "OTHER", agent_ref="bo")
    answered(site, "NOBODYS", agent_ref=None)
    Visitor(site, site.invited(ticket_ref="HELD", agent_ref="kim")).stay(4)
    site.invited(ticket_ref="SILENT", agent_ref="kim")

    words = kim.get("/mine").words

    assert words.index("T-2 ") < words.index("T-1 ")
    assert "7 on a scale from 0 to 10" in words
    assert not [each for each in ("OTHER", "NOBODYS", "HELD", "SILENT") if each in words]


def test_an_agent_never_reads_comments_and_sees_no_customer(site: Site) -> None:
    name_agents(site, AgentFigures.NAMED)
    answered(site, "T-1", recipient_name="Anna Kund")
    rights = {Permission.COMMENTS: True, Permission.CUSTOMERS: True}

    page = staff(site, Role.AGENT, agent_ref="kim", allowed=rights).get("/mine")

    assert "T-1" in page.words and "Too slow" not in page.words and "Anna Kund" not in page.words
    assert "Too slow" in staff(site, Role.LEADER, agent_ref="kim").get("/mine").words


@pytest.mark.parametrize("mode", [AgentFigures.OFF, AgentFigures.PSEUDONYMOUS])
@pytest.mark.parametrize("role", [Role.AGENT, Role.LEADER, Role.ADMIN])
def test_where_agents_are_not_named_the_page_says_so_and_shows_nothing(
    site: Site, mode: AgentFigures, role: Role
) -> None:
    name_agents(site, mode)
    answered(site, "T-1")

    page = staff(site, role, agent_ref="kim").get("/mine")

    assert page.status == 200 and NOT_NAMED in page.words and "T-1" not in page.words


def test_before_the_first_answer_the_page_says_that_there_is_none(kim: Staff) -> None:
    assert "No answer about your own tickets counts yet." in kim.get("/mine").words


@pytest.mark.parametrize("role", [Role.ADMIN, Role.LEADER, Role.SUPPORT, Role.VIEWER])
def test_nobody_else_is_led_there(site: Site, role: Role) -> None:
    assert "/admin/mine" not in staff(site, role).get("/").text


def test_others_see_there_at_most_what_is_about_themselves(site: Site, kim: Staff) -> None:
    answered(site, "T-1")
    answered(site, "T-2", agent_ref=None)

    assert not {"T-1", "T-2"} & set(staff(site, Role.ADMIN).get("/mine").words.split())
    for role in (Role.SUPPORT, Role.VIEWER):
        assert staff(site, role, agent_ref="kim").get("/mine").status == 403


def test_older_answers_follow_page_by_page(site: Site, kim: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("surveyapp.web.admin.mine.ON_A_PAGE", 2)
    for number in range(3):
        answered(site, f"T-{number}")

    first = kim.get("/mine")
    assert "T-2" in first.words and "T-0" not in first.words
    more = first.text.split('class="pager"')[1].split('href="')[1].split('"')[0]
    second = kim.get(more)

    assert "T-0" in second.words and "T-2" not in second.words and "Show more" not in second.words
    assert kim.get("/mine?cursor=nonsense").status == 422


def test_markup_is_shown_as_it_was_typed(site: Site, kim: Staff) -> None:
    answered(site, HOSTILE)

    page = kim.get("/mine")

    assert HOSTILE in page.words and "<b>" not in page.response.text


def test_it_is_read_in_other_languages(site: Site) -> None:
    name_agents(site, AgentFigures.NAMED)
    answered(site, "T-1", survey="nps", rating=7)

    page = staff(site, Role.AGENT, agent_ref="kim", language="de").get("/mine")

    assert "7 auf einer Skala von 0 bis 10" in page.words

"""The page about one ticket: what a helpdesk links to."""

from html import unescape

import pytest

from surveyapp import preferences
from surveyapp.core.access import Permission, Role
from surveyapp.db import Database
from surveyapp.models import Record
from tests.support.people import Invited, Site, Visitor, opened
from tests.support.staff import Staff, staff


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def answered(site: Site, rating: int = 2, **about: str) -> Invited:
    made = site.invited(**{"ticket_ref": "T-1", "team": "Nord", **about})
    Visitor(site, made).press(rating, comment="Too slow")
    site.clock.forward(minutes=1)
    return made


def link_tickets(site: Site, pattern: str) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"ticket_url": pattern}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


def withdrawn(somebody: Staff, made: Invited, why: str = "test") -> int:
    return somebody.post(f"/answers/{made.id}/withdraw", why=why).status


def test_everything_about_a_ticket_stands_on_one_page_the_newest_first(site: Site) -> None:
    answered(site)
    site.invited(ticket_ref="T-1", team="Nord", survey="nps")
    site.invited(ticket_ref="T-10")
    page = staff(site, Role.LEADER, teams=["Nord"]).get("/tickets/T-1")
    assert page.heading == "Ticket T-1" and "T-10" not in page.words
    newest = page.words.index("Willingness to recommend (NPS)")
    assert newest < page.words.index("Customer satisfaction (CSAT)")
    assert "2 – Dissatisfied" in page.words and "Too slow" in page.words
    assert "How satisfied are you with the help you received from Nordlicht" in page.words


def test_ratings_of_each_question_stand_with_their_words(site: Site) -> None:
    made = site.invited(ticket_ref="T-1", survey="nps")
    Visitor(site, made).press(7)
    assert "7 on a scale from 0 to 10" in staff(site).get("/tickets/T-1").words
    assert "7 auf einer Skala von 0 bis 10" in staff(site, language="de").get("/tickets/T-1").words


def test_answers_and_comments_are_for_those_who_may_read_them(site: Site) -> None:
    answered(site)
    support = staff(site, Role.SUPPORT).get("/tickets/T-1").words
    assert "The customer has answered it." in support
    assert "Dissatisfied" not in support and "Too slow" not in support
    deaf = staff(site, Role.LEADER, allowed={Permission.COMMENTS: False}).get("/tickets/T-1").words
    assert "Dissatisfied" in deaf and "Too slow" not in deaf and "may not read" in deaf


@pytest.mark.parametrize("ref", ["T-99", "T-1"])
def test_a_ticket_nobody_asked_about_says_so_and_so_does_another_teams(site: Site, ref: str) -> None:
    site.invited(ticket_ref="T-1", team="Süd")
    page = staff(site, Role.LEADER, teams=["Nord"]).get(f"/tickets/{ref}")
    assert page.status == 404 and page.heading == f"Ticket {ref}"
    said = f"Nobody has asked for a survey about ticket {ref}. Or it belongs to another team."
    assert said in page.words


def test_an_agent_is_told_that_a_ticket_may_be_there_for_others(site: Site) -> None:
    answered(site, agent_ref="bo")
    page = staff(site, Role.AGENT, agent_ref="kim").get("/tickets/T-1")
    said = "Nobody has asked for a survey about ticket T-1. Or it is not among your own answers."
    assert page.status == 404 and said in page.words


def test_from_a_held_answer_those_who_may_judge_get_to_the_held_ones(site: Site) -> None:
    made = site.invited(ticket_ref="T-1", team="Nord")
    site.clock.forward(hours=1)
    Visitor(site, made).stay(4)
    link = f'href="/admin/held#row-{made.id}"'
    page = staff(site).get("/tickets/T-1")
    assert link in page.text and "Release or refuse it among the held answers" in page.words
    assert link not in staff(site, Role.LEADER).get("/tickets/T-1").text
    assert f'id="row-{made.id}"' in staff(site).get("/held").text
    Visitor(site, made).press(4)
    assert link not in staff(site).get("/tickets/T-1").text


def test_who_sees_figures_alone_sees_no_ticket(site: Site) -> None:
    answered(site)
    assert staff(site, Role.VIEWER).get("/tickets/T-1").status == 403


@pytest.mark.parametrize("ref", ["R/17 #2?", "a//b", "50%", "Ärende 7", "<b>\"x'", "T-1/"])
def test_any_reference_has_its_page_and_is_linked_to(site: Site, ref: str) -> None:
    site.invited(ticket_ref=ref)
    admin = staff(site)
    listed = admin.get("/invitations").response.text
    link = listed.split('<th scope="row"')[1].split('href="')[1].split('"')[0]
    page = admin.get(unescape(link))
    assert page.status == 200 and page.heading == f"Ticket {ref}" and "<b>" not in page.response.text


def test_the_way_to_the_helpdesk_carries_the_ticket_and_no_referrer(site: Site) -> None:
    site.invited(ticket_ref="a/b c")
    admin = staff(site)
    assert "Open it in the helpdesk" not in admin.get("/tickets/a/b c").words
    link_tickets(site, "https://help.example/t/{ticket}?x=1&y")
    page = admin.get("/tickets/a/b c")
    link = page.text.split("https://help.example/t/a%2Fb%20c?x=1&y")[1].split(">")[0]
    assert 'rel="noreferrer"' in link
    assert "https://help.example/t/T-9" in admin.get("/tickets/T-9").text


def test_an_answer_is_withdrawn_with_a_reason_and_counts_again(site: Site) -> None:
    made = answered(site)
    leader = staff(site, Role.LEADER, teams=["Nord"])
    assert "you can let it count again later" in leader.get("/tickets/T-1").words
    page = leader.follow(leader.post(f"/answers/{made.id}/withdraw", why="customers_wish"))
    assert "The answer is withdrawn and counts no more." in page.words
    assert "Somebody withdrew the answer. The customer asked for it." in page.words
    assert site.n() == 0 and "Withdraw this answer" not in page.words
    assert withdrawn(leader, made) == 409
    page = leader.follow(leader.post(f"/answers/{made.id}/restore"))
    assert site.n() == 1 and "The answer counted because the customer pressed Send." in page.words
    records = [(row["deed"], row["target"], row["detail"]) for row in site.rows(Record)]
    assert sorted(records, key=lambda each: each[0]) == [
        ("restored", made.id, {}),
        ("voided", made.id, {"why": "customers_wish"}),
    ]


def test_only_a_reason_that_was_offered_withdraws(site: Site) -> None:
    made = answered(site)
    leader = staff(site, Role.LEADER)
    for why in ("known_scanner", "", "<b>"):
        assert withdrawn(leader, made, why) == 422
    assert site.n() == 1


def test_nobody_withdraws_without_the_permission_or_from_another_team(site: Site) -> None:
    made = answered(site)
    for role in (Role.SUPPORT, Role.AGENT, Role.VIEWER):
        assert withdrawn(staff(site, role), made) == 403
    foreign = staff(site, Role.LEADER, teams=["Süd"])
    assert withdrawn(foreign, made) == 404
    assert foreign.post(f"/answers/{made.id}/restore").status == 404
    assert site.n() == 1
    assert "Withdraw this answer" not in staff(site, Role.SUPPORT).get("/tickets/T-1").words

"""The list of invitations and the page of one: what is found, said, shown, and done."""

import re
from typing import Any

import pytest

from surveyapp import outbox, preferences
from surveyapp.core.access import AgentFigures, Permission, Role
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.models import Invitation, Record
from tests.support.people import Invited, Page, Site, Visitor, opened
from tests.support.staff import Staff, staff

ANNA = {
    "address": "anna.berg@kund.example",
    "recipient_name": "Anna Kund",
    "customer_ref": "K-77",
    "agent_ref": "a-9",
    "agent_name": "Björn Ek",
    "team": "Nord",
    "case_type": "Faktura",
}


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def mailed(site: Site, **about: Any) -> Invited:
    """An invitation whose email the mail server accepted."""
    made = site.invited(is_mailed=True, **about)
    ended(site, outbox.Outcome.ACCEPTED)
    return made


def ended(site: Site, outcome: outbox.Outcome, words: str | None = None) -> None:
    site.clock.forward(hours=24)
    with site.database.transaction() as session:
        claimed = outbox.claim(session, site.settings, site.clock())
        assert isinstance(claimed, outbox.Claimed)
        outbox.note_outcome(session, site.settings, claimed, outcome, words, site.clock())


def looked_up(somebody: Staff, words: str) -> Page:
    page = somebody.post("/invitations/search", q=words)
    return somebody.follow(page) if page.status == 303 else page


def name_agents(site: Site) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": AgentFigures.NAMED}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


def deeds(site: Site) -> list[tuple[str, str | None]]:
    return [(row["deed"], row["target"]) for row in site.rows(Record)]


# --- looking up ------------------------------------------------------------------------------------


def test_why_a_ticket_was_not_asked_is_said_after_one_click(site: Site) -> None:
    mailed(site, ticket_ref="T-16", address="a@kund.example")
    site.invited(ticket_ref="T-17", address="a@kund.example", is_mailed=True)
    support = staff(site, Role.SUPPORT)
    start = support.get("/")
    assert 'action="/admin/invitations/search"' in start.text and 'method="post"' in start.text
    page = looked_up(support, "T-17")
    assert "Ticket T-17 Not asked The customer was asked only recently." in page.words
    assert "A new survey may be sent from 2 April 2026 at" in page.words


def test_the_sentence_is_there_however_many_tickets_begin_so(site: Site) -> None:
    site.invited(ticket_ref="T-1", address="a@kund.example")
    for number in range(10, 65):
        site.invited(ticket_ref=f"T-{number}")
        site.clock.forward(minutes=1)
    page = looked_up(staff(site), "t-1")
    assert "Ticket T-1 Link handed out Links to the survey were handed out on" in page.words


def test_a_customers_reference_and_what_may_be_a_name_stand_in_no_address(site: Site) -> None:
    site.invited(ticket_ref="T-1", customer_ref="19800101-1234")
    site.invited(ticket_ref="T-2", customer_ref="K-2")
    anna = staff(site)
    page = anna.post("/invitations/search", q="19800101-1234")
    assert page.status == 303 and "19800101" not in page.location
    found = anna.follow(page)
    assert "T-1" in found.words and "T-2" not in found.words
    page = anna.post("/invitations/search", q="Eva Lindqvist")
    assert page.status == 200 and "Nothing was found for “Eva Lindqvist”." in page.words
    blind = staff(site, Role.SUPPORT, allowed={Permission.CUSTOMERS: False})
    assert blind.get(anna.post("/invitations/search", q="K-2").location).words.count("T-2") == 0


def test_a_ticket_nobody_asked_about_is_said_to_be_so(site: Site) -> None:
    site.invited(ticket_ref="T-1", team="Süd")
    admin = staff(site)
    assert "Nobody has asked for a survey about ticket T-99." in looked_up(admin, "T-99").words
    page = looked_up(staff(site, Role.SUPPORT, teams=["Nord"]), "T-1")
    said = "Nobody has asked for a survey about ticket T-1. Or it belongs to another team."
    assert said in page.words
    assert "ärende T-99" in looked_up(staff(site, language="sv"), "T-99").words


CUSTOMERS = "A customer is found by reference or email address, not by name."
AGENTS = "An agent is found by name or reference."


def test_what_is_no_ticket_is_answered_with_what_can_be_looked_for(site: Site) -> None:
    words = looked_up(staff(site, Role.SUPPORT), "Eva <b>Lindqvist").words
    said = "Nothing was found for “Eva <b>Lindqvist”. A ticket is found by its reference or how that begins."
    assert f"{said} {CUSTOMERS} {AGENTS}" in words and "Nobody has asked" not in words
    leader = looked_up(staff(site, Role.LEADER), "Eva Lindqvist").words
    assert "how that begins." in leader and CUSTOMERS not in leader and AGENTS not in leader


def test_a_ticket_whose_reference_holds_a_space_is_found_all_the_same(site: Site) -> None:
    site.invited(ticket_ref="Case 7")
    assert "Nothing was found" not in looked_up(staff(site), "case 7").words


@pytest.mark.parametrize("path", ["/", "/invitations"])
def test_the_hint_names_what_can_be_looked_for_and_nothing_else(site: Site, path: str) -> None:
    everything = "T-1042, a customer's reference, an email address, or an agent's name or reference"
    assert everything in staff(site, Role.SUPPORT).get(path).words
    assert "T-1042, a customer's reference or an email address" in staff(site).get(path).words
    deaf = staff(site, Role.SUPPORT, allowed={Permission.CUSTOMERS: False})
    assert "A ticket such as T-1042, or an agent's name or reference" in deaf.get(path).words
    leader = staff(site, Role.LEADER)
    assert "customer's reference" not in leader.get(path).words and "agent's" not in leader.get(path).words
    name_agents(site)
    assert everything in staff(site).get(path).words


def test_neither_addresses_nor_names_stand_in_an_address(site: Site) -> None:
    site.invited(ticket_ref="T-1", **ANNA)
    site.invited(ticket_ref="T-2")
    support = staff(site, Role.SUPPORT)
    for words in ("Anna.Berg@kund.example", "Björn Ek"):
        page = support.post("/invitations/search", q=words)
        assert page.status == 303 and re.fullmatch(
            r"/admin/invitations\?(person=[0-9a-f]{64}|agent=[\w-]+)", page.location
        )
        found = support.follow(page)
        assert "T-1" in found.words and "T-2" not in found.words
    page = support.post("/invitations/search", q=" K-77 ")
    assert page.location.startswith("/admin/invitations?customer=") and "K-77" not in page.location
    assert support.post("/invitations/search", q="").location == "/admin/invitations"


def test_what_cannot_be_looked_for_is_shown_again_with_what_is_wrong(site: Site) -> None:
    page = staff(site).post("/invitations/search", q="<b>" + "x" * 400)
    assert page.status == 422 and "This is longer than 320 characters." in page.words
    assert [each["value"] for each in page.inputs if each.get("id") == "q"] == ["<b>" + "x" * 400]
    assert "<b>" not in page.response.text


# --- the list --------------------------------------------------------------------------------------


def test_the_list_shows_each_with_its_state_in_words(site: Site) -> None:
    answered = site.invited(ticket_ref="T-1", **ANNA)
    Visitor(site, answered).press(4)
    site.clock.forward(minutes=1)
    site.invited(ticket_ref="T-2", is_mailed=True)
    page = staff(site, Role.SUPPORT).get("/invitations")
    rows = page.words[page.words.index("Team and case type") :]
    assert rows.index("T-2") < rows.index("T-1")
    assert "Waiting The survey goes out on 2 March 2026" in rows
    assert "Answered Links to the survey were handed out on 2 March 2026" in rows
    assert "Nord, Faktura" in rows and "Anna Kund" in rows and "Björn Ek" in rows


def test_customers_and_agents_are_for_those_who_may_know_them(site: Site) -> None:
    site.invited(ticket_ref="T-1", **ANNA)
    for role, allowed, shown in (
        (Role.SUPPORT, {}, {"Anna Kund", "Björn Ek"}),
        (Role.SUPPORT, {Permission.CUSTOMERS: False}, {"Björn Ek"}),
        (Role.LEADER, {}, set()),
        (Role.ADMIN, {}, {"Anna Kund"}),
    ):
        words = staff(site, role, allowed=allowed).get("/invitations").words
        assert {name for name in ("Anna Kund", "Björn Ek") if name in words} == shown
        columns = words[words.index("What became of it") : words.index("T-1 ")]
        assert ("Customer" in columns, "Agent" in columns) == ("Anna Kund" in shown, "Björn Ek" in shown)


def test_state_and_survey_narrow_it_down_and_stay_chosen(site: Site) -> None:
    site.invited(ticket_ref="X-1", survey="nps")
    site.invited(ticket_ref="X-2", is_mailed=True)
    admin = staff(site)
    page = admin.get("/invitations?survey=nps")
    assert "X-1" in page.words and "X-2" not in page.words
    assert re.search(r'value="nps"\s+selected', page.text)
    assert "X-1" not in admin.get("/invitations?status=queued").words
    assert "There is no invitation of this kind." in admin.get("/invitations?status=failed&q=X").words
    assert "X-1" in admin.get("/invitations?status=nonsense").words


def test_fifty_stand_on_a_page_and_a_link_leads_to_the_next(site: Site) -> None:
    for number in range(51):
        site.invited(ticket_ref=f"T-{number:02}")
        site.clock.forward(minutes=1)
    admin = staff(site)
    first = admin.get("/invitations?survey=csat")
    more = re.search(r'href="([^"]*cursor=[^"]*)"', first.text)
    assert more and "survey=csat" in more[1] and "T-00" not in first.words
    second = admin.get(more[1])
    assert "T-00" in second.words and "T-01" not in second.words and "Show more" not in second.words
    assert admin.get("/invitations?cursor=nonsense").status == 422


@pytest.mark.parametrize(("role", "status"), [(Role.AGENT, 403), (Role.VIEWER, 403), (Role.LEADER, 200)])
def test_the_list_is_for_those_who_see_invitations(site: Site, role: Role, status: int) -> None:
    somebody = staff(site, role, agent_ref="a-9")
    assert somebody.get("/invitations").status == status
    if status == 403:
        assert somebody.post("/invitations/search", q="T-1").status == 403


def test_stored_markup_is_shown_as_it_was_written(site: Site) -> None:
    nasty = "<b>\"x'&{{7*7}}"
    about = dict.fromkeys(
        ("customer_ref", "recipient_name", "agent_ref", "agent_name", "team", "case_type", "channel"), nasty
    )
    made = site.invited(ticket_ref=nasty, **about)
    Visitor(site, made).press(1, comment=nasty)
    name_agents(site)
    admin = staff(site)
    for page in (
        admin.get("/invitations"),
        looked_up(admin, nasty),
        admin.get(f"/invitations/{made.id}"),
        looked_up(admin, nasty + "z"),
    ):
        assert page.status == 200 and nasty in page.text and "<b>" not in page.response.text


# --- one -------------------------------------------------------------------------------------------


def test_one_invitation_tells_what_it_is_about_and_what_happened(site: Site) -> None:
    made = mailed(site, ticket_ref="T-1", **ANNA)
    Visitor(site, made).press(2, comment="Too slow")
    page = staff(site).get(f"/invitations/{made.id}")
    assert page.heading == "Invitation about T-1"
    assert "The mail server accepted the email." in page.words
    assert "The answer counted because the customer pressed Send." in page.words
    assert "2 – Dissatisfied" in page.words and "Too slow" in page.words
    assert "Anna Kund" in page.words and "anna.berg@kund.example" in page.words


def test_support_sees_that_there_is_an_answer_and_not_which(site: Site) -> None:
    made = site.invited(ticket_ref="T-1", **ANNA)
    Visitor(site, made).press(2, comment="Too slow")
    page = staff(site, Role.SUPPORT).get(f"/invitations/{made.id}")
    assert "Answered" in page.words and "Björn Ek" in page.words
    assert "Dissatisfied" not in page.words and "Too slow" not in page.words


def test_an_agent_sees_the_own_answers_where_agents_are_named(site: Site) -> None:
    own, other = site.invited(ticket_ref="T-1", **ANNA), site.invited(agent_ref="a-1")
    for made in (own, other):
        Visitor(site, made).press(2, comment="Too slow")
    agent = staff(site, Role.AGENT, agent_ref="a-9")
    assert agent.get(f"/invitations/{own.id}").status == 404
    name_agents(site)
    page = agent.get(f"/invitations/{own.id}")
    assert "2 – Dissatisfied" in page.words and "which your account may not read" in page.words
    assert not {"Anna Kund", "anna.berg", "Too slow", "What happened"} & {
        each for each in ("Anna Kund", "anna.berg", "Too slow", "What happened") if each in page.words
    }
    assert agent.get(f"/invitations/{other.id}").status == 404
    assert staff(site, Role.VIEWER).get(f"/invitations/{own.id}").status == 403


def test_what_belongs_to_another_team_is_not_there(site: Site) -> None:
    made = site.invited(team="Süd", is_mailed=True)
    support = staff(site, Role.SUPPORT, teams=["Nord"])
    assert support.get(f"/invitations/{made.id}").status == 404
    for act in ("cancel", "resend", "give-up", "remind"):
        assert support.post(f"/invitations/{made.id}/{act}").status == 404
    assert site.invitation(made)["status"] == "queued" and deeds(site) == []


def test_a_queued_one_is_called_off_once(site: Site) -> None:
    made = site.invited(is_mailed=True)
    support = staff(site, Role.SUPPORT)
    before = support.get(f"/invitations/{made.id}")
    assert "This cannot be taken back." in before.words and "Send it again" not in before.words
    page = support.follow(support.post(f"/invitations/{made.id}/cancel"))
    assert "It is called off." in page.words and "Somebody called the survey off." in page.words
    assert site.invitation(made)["status"] == "cancelled"
    assert deeds(site) == [("cancelled", made.id)] and "Call it off" not in page.words


def test_an_unknown_one_is_sent_again_or_let_be(site: Site) -> None:
    again = site.invited(is_mailed=True)
    ended(site, outbox.Outcome.UNKNOWN)
    let_be = site.invited(is_mailed=True)
    ended(site, outbox.Outcome.UNKNOWN)
    support = staff(site, Role.SUPPORT)
    assert "gets it a second time" in support.get(f"/invitations/{again.id}").words
    assert support.post(f"/invitations/{again.id}/resend").status == 303
    assert support.post(f"/invitations/{let_be.id}/give-up").status == 303
    assert site.invitation(again)["status"] == "queued"
    assert site.invitation(let_be)["status"] == "failed"
    assert sorted(deeds(site)) == sorted([("resent", again.id), ("given_up", let_be.id)])
    late = support.post(f"/invitations/{let_be.id}/give-up")
    assert late.status == 409 and late.heading == "This is not possible any more" and len(deeds(site)) == 2


def test_a_mail_servers_words_stand_with_what_failed_for_those_who_may_see_customers(site: Site) -> None:
    made = site.invited(is_mailed=True)
    ended(site, outbox.Outcome.FAILED, "550 no <i>such</i> user")
    path = f"/invitations/{made.id}"
    page = staff(site, Role.SUPPORT).get(path)
    assert "550 no <i>such</i> user" in page.text and "<i>" not in page.response.text
    assert "Send it again" in page.words
    assert "550" not in staff(site, Role.LEADER).get(path).words


def test_a_customer_is_reminded_once(site: Site) -> None:
    made = mailed(site)
    support = staff(site, Role.SUPPORT)
    assert "Nobody is reminded twice." in support.get(f"/invitations/{made.id}").words
    assert support.post(f"/invitations/{made.id}/remind").status == 303
    ended(site, outbox.Outcome.ACCEPTED)
    page = support.get(f"/invitations/{made.id}")
    assert "The reminder was sent." in page.words and "Remind the customer" not in page.words
    assert support.post(f"/invitations/{made.id}/remind").status == 409
    assert deeds(site) == [("reminded", made.id)]


def test_who_was_erased_is_offered_no_further_mail(site: Site) -> None:
    unknown = site.invited(is_mailed=True, customer_ref="C-1")
    ended(site, outbox.Outcome.UNKNOWN)
    failed = site.invited(is_mailed=True, customer_ref="C-1")
    ended(site, outbox.Outcome.FAILED)
    anna = staff(site)
    for made in (unknown, failed):
        assert "Send it again" in anna.get(f"/invitations/{made.id}").words
    anna.post("/privacy/erase", whom="C-1")
    for made in (unknown, failed):
        assert site.invitation(made)["address"] is None
        assert "Send it again" not in anna.get(f"/invitations/{made.id}").words
        assert anna.post(f"/invitations/{made.id}/resend").status == 409


def test_who_may_not_send_acts_on_nothing(site: Site) -> None:
    made = site.invited(is_mailed=True)
    leader = staff(site, Role.LEADER)
    assert "Call it off" not in leader.get(f"/invitations/{made.id}").words
    for act in ("cancel", "resend", "give-up", "remind"):
        assert leader.post(f"/invitations/{made.id}/{act}").status == 403
    with site.database.reading() as session:
        assert session.get_one(Invitation, made.id).status == Status.QUEUED

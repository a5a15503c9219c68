"""Looking up invitations: what is found, and what of it is shown to whom."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from surveyapp import finding, outbox
from surveyapp.core.access import AgentFigures, Permission, Role, Viewer
from surveyapp.core.errors import FieldError, NotAllowedError, UnknownInvitationError, UnknownThingError
from surveyapp.core.evidence import State
from surveyapp.core.status import Happening, Status
from surveyapp.db import Database
from surveyapp.finding import Found, Story, Wanted
from surveyapp.models import Invitation
from tests.support.people import Invited, Site, Visitor, opened
from tests.support.viewers import viewer, with_agents

ADMIN, LEADER, SUPPORT = viewer(Role.ADMIN), viewer(Role.LEADER), viewer(Role.SUPPORT)
OFF, PSEUDONYMOUS, NAMED = AgentFigures
ANNA = {
    "address": "anna.berg@kund.example",
    "recipient_name": "Anna Berg",
    "customer_ref": "K-77",
    "agent_ref": "a-9",
    "agent_name": "Björn Ek",
    "team": "Nord",
}


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def invited(site: Site, ticket: str, **about: Any) -> Invited:
    made = site.invited(ticket_ref=ticket, **about)
    site.clock.forward(minutes=1)
    return made


def search(
    site: Site, words: str = "", somebody: Viewer = ADMIN, mode: AgentFigures = OFF, **which: Any
) -> list[Found]:
    with site.database.reading() as session:
        settings = with_agents(site.settings, mode)
        return finding.search(session, settings, somebody, words, **which)[0]


def tickets(*arguments: Any, **which: Any) -> list[str]:
    return [each.ticket_ref for each in search(*arguments, **which)]


def detail(site: Site, made: Invited, somebody: Viewer = ADMIN, mode: AgentFigures = OFF) -> Story:
    with site.database.reading() as session:
        settings = with_agents(site.settings, mode)
        return finding.detail(session, settings, somebody, made.id, site.clock())


# --- what is found ---------------------------------------------------------------------------------


def test_without_words_everything_is_found_the_newest_first(site: Site) -> None:
    for ticket in ("T-1", "T-2", "T-3"):
        invited(site, ticket)
    assert tickets(site) == tickets(site, "  ") == ["T-3", "T-2", "T-1"]


def test_a_ticket_is_found_by_its_beginning_in_either_case(site: Site) -> None:
    for ticket in ("T-17", "T-170", "ÄRENDE-17", "X-T-17"):
        invited(site, ticket)
    assert tickets(site, "t-17") == ["T-170", "T-17"]
    assert tickets(site, " T-170 ") == ["T-170"]
    assert tickets(site, "ÄRENDE-17") == ["ÄRENDE-17"]
    assert tickets(site, "T-17%") == tickets(site, "T_17") == tickets(site, "T-17\0") == []


@pytest.mark.parametrize(
    "words", ["K-77", "anna.berg@kund.example", "Anna.Berg@KUND.example", "<anna>@", "Anna Berg"]
)
def test_a_customer_is_found_exactly_by_those_who_may_see_customers(site: Site, words: str) -> None:
    invited(site, "T-1", **ANNA)
    invited(site, "T-2", address="anna.berg@kund.example.org", customer_ref="K-778")
    found = ["T-1"] if words.startswith(("K-", "anna.", "Anna.")) else []
    assert tickets(site, words) == tickets(site, words, SUPPORT) == found
    assert tickets(site, words, LEADER) == []
    assert tickets(site, words, viewer(Role.SUPPORT, taken=(Permission.CUSTOMERS,))) == []
    assert tickets(site, words, viewer(Role.LEADER, given=(Permission.CUSTOMERS,))) == found


def test_an_address_is_found_after_it_was_erased(site: Site) -> None:
    made = invited(site, "T-1", **ANNA)
    with site.database.transaction() as session:
        session.get_one(Invitation, made.id).address = None
    assert tickets(site, "anna.berg@kund.example") == ["T-1"]


@pytest.mark.parametrize("words", ["a-9", "Björn Ek"])
def test_an_agent_is_found_by_those_who_see_agents(site: Site, words: str) -> None:
    invited(site, "T-1", **ANNA)
    assert tickets(site, words, SUPPORT) == ["T-1"]
    assert tickets(site, words, ADMIN, NAMED) == tickets(site, words, LEADER, NAMED) == ["T-1"]
    assert tickets(site, words, ADMIN, OFF) == tickets(site, words, LEADER, PSEUDONYMOUS) == []
    assert tickets(site, words, viewer(Role.SUPPORT, taken=(Permission.AGENT_NAMES,))) == []


def wanted(site: Site, words: str, somebody: Viewer = ADMIN, mode: AgentFigures = OFF) -> Wanted:
    with site.database.reading() as session:
        return finding.wanted(session, with_agents(site.settings, mode), somebody, words)


def test_what_was_typed_stands_in_no_address_when_it_names_somebody(site: Site) -> None:
    made = invited(site, "T-1", **ANNA)
    hashed = site.invitation(made)["address_hash"]
    assert wanted(site, "  T-1 ") == Wanted("T-1")
    assert wanted(site, "K-77") == Wanted(customer=made.id)
    assert wanted(site, "Eva Lind") == Wanted("Eva Lind")
    assert not wanted(site, "Eva Lind").may_stand_in_an_address
    assert wanted(site, "Anna.Berg@kund.example") == Wanted(person=hashed)
    assert wanted(site, "Björn  Ek", SUPPORT) == Wanted(agent=made.id)
    assert wanted(site, "a-9", SUPPORT) == Wanted("a-9")
    for nobody in ("@", "b@c", "nobody@kund.example", "anna@@kund.example"):
        found = wanted(site, nobody)
        assert not found.words and found.agent is None and len(found.person or "") == 64


def test_an_agent_whose_reference_is_an_address_stands_in_no_address_either(site: Site) -> None:
    made = invited(site, "T-1", agent_ref="bjorn@nordlicht.example")
    assert wanted(site, "bjorn@nordlicht.example", SUPPORT) == Wanted(agent=made.id)
    assert wanted(site, "bjorn@nordlicht.example", ADMIN).agent is None
    assert wanted(site, "Björn Ek\0", SUPPORT).agent is None


def test_a_person_is_found_by_the_hash_by_those_who_may_see_customers(site: Site) -> None:
    made = invited(site, "T-1", **ANNA)
    invited(site, "T-2")
    person = site.invitation(made)["address_hash"]
    assert tickets(site, person=person) == tickets(site, somebody=SUPPORT, person=person) == ["T-1"]
    assert tickets(site, somebody=LEADER, person=person) == tickets(site, person="\0") == []


def test_an_agents_invitations_are_found_by_one_of_them(site: Site) -> None:
    made = invited(site, "T-1", **ANNA)
    invited(site, "T-2", agent_ref="a-9", address="other@kund.example", team="Nord")
    nameless, named = invited(site, "T-3"), invited(site, "T-4", agent_name="Kim", address="k@kund.example")
    assert tickets(site, somebody=SUPPORT, agent=made.id) == ["T-2", "T-1"]
    assert tickets(site, somebody=SUPPORT, agent=named.id) == ["T-4"]
    assert tickets(site, somebody=SUPPORT, agent=nameless.id) == tickets(site, agent=made.id) == []
    with pytest.raises(UnknownInvitationError):
        search(site, "", viewer(Role.SUPPORT, "Süd"), agent=made.id)


def test_one_ticket_is_found_exactly_in_either_case(site: Site) -> None:
    for ticket in ("T-17", "T-170", "T-17"):
        invited(site, ticket)
    invited(site, "T-17", team="Nord", survey="nps")
    with site.database.reading() as session:
        for words, somebody, n in (
            ("t-17", ADMIN, 3),
            ("T-17", viewer(Role.SUPPORT, "Nord"), 1),
            ("T-1", ADMIN, 0),
            ("T-17\0", ADMIN, 0),
        ):
            found = finding.of_ticket(session, site.settings, somebody, words)
            assert len(found) == n and {each.ticket_ref for each in found} <= {"T-17"}


def test_only_the_own_teams_are_found(site: Site) -> None:
    invited(site, "T-1", team="Nord")
    invited(site, "T-2", team="Süd")
    assert tickets(site, "T-", viewer(Role.SUPPORT, "Nord")) == ["T-1"]


def test_status_and_survey_narrow_it_down(site: Site) -> None:
    invited(site, "T-1", survey="nps")
    invited(site, "T-2", is_mailed=True, address="other@kund.example")
    assert tickets(site, survey="nps") == ["T-1"]
    assert tickets(site, status=Status.QUEUED) == ["T-2"]
    assert tickets(site, "T-", survey="nps", status=Status.QUEUED) == []


def test_pages_follow_each_other_without_gap_or_repetition(site: Site) -> None:
    for number in range(5):
        site.invited(ticket_ref=f"T-{number}")  # all at one moment
    found: list[str] = []
    cursor = None
    for _ in range(3):
        with site.database.reading() as session:
            page, cursor = finding.search(session, site.settings, ADMIN, "", cursor=cursor, limit=2)
        found.extend(each.ticket_ref for each in page)
    assert sorted(found) == [f"T-{number}" for number in range(5)] and cursor is None
    with pytest.raises(FieldError):
        search(site, cursor="nonsense")


def test_who_sees_figures_alone_looks_up_nothing(site: Site) -> None:
    made = invited(site, "T-1")
    with pytest.raises(NotAllowedError):
        search(site, "T-1", viewer(Role.VIEWER))
    with pytest.raises(NotAllowedError):
        detail(site, made, viewer(Role.VIEWER))
    with pytest.raises(NotAllowedError), site.database.reading() as session:
        finding.ticket(session, site.settings, viewer(Role.VIEWER), "T-1", site.clock())


# --- what is shown ---------------------------------------------------------------------------------


def answered(site: Site, **about: Any) -> Invited:
    made = invited(site, "T-1", **{**ANNA, **about})
    Visitor(site, made).press(2, comment="Too slow, said Kim.")
    return made


def test_a_list_shows_customer_and_agent_to_those_who_may_know_them(site: Site) -> None:
    answered(site)
    [admin], [support], [leader] = (
        search(site, "", ADMIN),
        search(site, "", SUPPORT),
        search(site, "", LEADER),
    )
    assert (admin.customer, admin.agent, admin.is_answered) == ("Anna Berg", None, True)
    assert (support.customer, support.agent) == ("Anna Berg", "Björn Ek")
    assert (leader.customer, leader.agent) == (None, None)
    [leader] = search(site, "", LEADER, NAMED)
    assert (leader.customer, leader.agent) == (None, "Björn Ek")


def test_a_story_tells_what_was_asked_and_answered(site: Site) -> None:
    made = answered(site)
    story = detail(site, made)
    assert [entry.what for entry in story.timeline] == [Happening.LINKED, Happening.COUNTED]
    assert story.answer and story.customer
    [given] = story.answer.ratings
    assert story.answer.version.text("en", story.answer.version.main).labels[2] == "Dissatisfied"
    assert (given.question, given.metric, given.rating) == ("csat", "csat", 2)
    assert (story.answer.state, story.answer.evidence, story.answer.reason) == ("counted", "press", None)
    assert (story.answer.has_comment, story.answer.comment) == (True, "Too slow, said Kim.")
    assert story.customer.address == "anna.berg@kund.example" and story.customer.ref == "K-77"


def test_a_comment_is_for_those_who_may_read_comments(site: Site) -> None:
    made = answered(site)
    for somebody in (LEADER, viewer(Role.ADMIN, taken=(Permission.COMMENTS,))):
        answer = detail(site, made, somebody).answer
        assert answer and answer.has_comment
        assert (answer.comment is None) == (somebody.role is Role.ADMIN)


def test_support_sees_that_somebody_answered_and_not_what(site: Site) -> None:
    story = detail(site, answered(site), SUPPORT)
    assert story.answer is None and story.invitation.is_answered
    assert story.timeline[-1].what is Happening.COUNTED
    assert "Too slow" not in str(asdict(story))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("mode", list(AgentFigures))
@pytest.mark.parametrize("given", [(), (Permission.AGENT_NAMES, Permission.COMMENTS, Permission.CUSTOMERS)])
def test_no_answer_stands_beside_an_agent_unless_agents_are_named(
    site: Site, role: Role, mode: AgentFigures, given: tuple[Permission, ...]
) -> None:
    made = answered(site)
    try:
        story = detail(site, made, viewer(role, agent_ref="a-9", given=given), mode)
    except (NotAllowedError, UnknownInvitationError):
        assert role in (Role.VIEWER, Role.AGENT)
        return
    told = str(asdict(story))
    shows_agent = "Björn Ek" in told or "a-9" in told
    assert not (shows_agent and story.answer is not None) or mode is NAMED
    assert role is not Role.AGENT or (mode is NAMED and story.customer is None and not story.timeline)


def test_an_agent_sees_the_own_answers_and_neither_questions_nor_others(site: Site) -> None:
    made = answered(site)
    invited(site, "T-2", **{**ANNA, "address": "other@kund.example"})
    invited(site, "T-3")
    agent = viewer(Role.AGENT, agent_ref="a-9")
    assert tickets(site, "", agent, NAMED) == ["T-1"]
    story = detail(site, made, agent, NAMED)
    assert story.answer and story.answer.comment is None and story.invitation.customer is None


def test_the_own_answers_are_for_agents_who_are_named_and_of_the_own_teams(site: Site) -> None:
    answered(site)

    def own(somebody: Viewer, mode: AgentFigures = NAMED) -> list[str]:
        with site.database.reading() as session:
            settings = with_agents(site.settings, mode)
            return [each.ticket_ref for each in finding.own_answers(session, settings, somebody)[0]]

    assert own(viewer(Role.AGENT, agent_ref="a-9")) == ["T-1"]
    assert own(viewer(Role.LEADER, "Nord", agent_ref="a-9")) == ["T-1"]
    assert own(viewer(Role.LEADER, "Süd", agent_ref="a-9")) == own(ADMIN) == []
    for mode in (OFF, PSEUDONYMOUS):
        assert own(viewer(Role.AGENT, agent_ref="a-9"), mode) == []
    with pytest.raises(NotAllowedError):
        own(viewer(Role.SUPPORT, agent_ref="a-9"))


def test_a_held_answer_is_told_with_why_it_is_held_now(site: Site) -> None:
    made = invited(site, "T-1")
    site.clock.forward(hours=1)
    person = Visitor(site, made)
    person.stay(4)
    told = detail(site, made).answer
    assert told and (told.state, told.reason) == (State.HELD, "waiting")
    assert told.settles_at == site.clock() - timedelta(seconds=4) + timedelta(minutes=30)
    Visitor(site, made).open(1)  # which changes no answer's row
    told = detail(site, made).answer
    assert told and told.reason == "several_ratings"


def test_a_ticket_tells_of_all_that_was_asked(site: Site) -> None:
    invited(site, "T-1", is_mailed=True, address="a@kund.example")
    invited(site, "T-1", is_mailed=True, address="a@kund.example")  # too soon
    invited(site, "T-10")
    with site.database.reading() as session:
        story = finding.ticket(session, site.settings, SUPPORT, "T-1", site.clock())
    stated = [(each.invitation.status, each.invitation.reason) for each in story.invitations]
    assert stated == [(Status.REFUSED, "quiet_period"), (Status.QUEUED, None)]


def test_a_ticket_of_which_nothing_may_be_seen_is_unknown(site: Site) -> None:
    made = invited(site, "T-1", team="Süd")
    north = viewer(Role.LEADER, "Nord")
    with site.database.reading() as session:
        for ref, somebody in (("T-1", north), ("T-2", ADMIN), ("T-1\0", ADMIN)):
            with pytest.raises(UnknownThingError):
                finding.ticket(session, site.settings, somebody, ref, site.clock())
    with pytest.raises(UnknownInvitationError):
        detail(site, made, north)


def test_a_mail_servers_words_are_for_those_who_may_see_the_address(site: Site) -> None:
    made = invited(site, "T-1", is_mailed=True, address="anna@kund.example")
    with site.database.transaction() as session:
        claimed = outbox.claim(session, site.settings, site.clock())
        assert isinstance(claimed, outbox.Claimed)
        words = "550 <anna@kund.example> unknown"
        outbox.note_outcome(session, site.settings, claimed, outbox.Outcome.FAILED, words, site.clock())
    for somebody, told in ((SUPPORT, words), (LEADER, None)):
        story = detail(site, made, somebody)
        assert (story.invitation.status, story.invitation.reason) == (Status.FAILED, told)
        assert (story.timeline[-1].what, story.timeline[-1].detail) == (Happening.FAILED, told)

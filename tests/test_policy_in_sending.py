"""Policy where it counts: when an invitation is made, and once more in the moment of sending."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import update

from surveyapp import invitations, outbox, surveys
from surveyapp.core.errors import NotWaitingError, PolicyError, UnknownInvitationError
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Cause
from surveyapp.db import Database
from surveyapp.invitations import Invited, Request
from surveyapp.models import Invitation, InvitationEvent, Ticket
from tests.support.people import START, Site, Visitor, opened
from tests.support.relays import Counting

REQUEST = Request(survey="csat", ticket_ref="T-1", address="kund@example.se")


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, TIMEZONE="Europe/Stockholm")


def rules(site: Site, survey: str = "csat", **changes: Any) -> None:
    with site.database.transaction() as session:
        surveys.set_policy(session, survey, changes)


def invite(site: Site, **changes: Any) -> Invitation:
    with site.database.transaction() as session:
        return invitations.invite(session, site.settings, replace(REQUEST, **changes), site.clock())


def sent(site: Site) -> list[str]:
    """The tickets whose mails go out now."""
    tickets: list[str] = []
    while True:
        with site.database.transaction() as session:
            claimed = outbox.claim(session, site.settings, site.clock())
        if not isinstance(claimed, outbox.Claimed):
            return tickets
        with site.database.transaction() as session:
            assert outbox.mark(session, claimed, site.clock())
            outbox.note_outcome(session, site.settings, claimed, outbox.Outcome.ACCEPTED, None, site.clock())
        tickets.append(claimed.ticket_ref)


def stored(site: Site, invitation: Invitation) -> tuple[str, str | None]:
    row = next(row for row in site.rows(Invitation) if row["id"] == invitation.id)
    return row["status"], row["reason"]


# --- when it is made -------------------------------------------------------------------------------


def test_nobody_is_asked_twice_in_thirty_days(site: Site) -> None:
    invite(site)
    assert sent(site) == ["T-1"]
    site.clock.forward(days=29, hours=23)
    refused = invite(site, ticket_ref="T-2", address="KUND@example.se")
    assert (refused.status, refused.reason) == ("refused", "quiet_period")
    assert refused.allowed_from == START + timedelta(days=30)
    site.clock.forward(hours=1)
    assert invite(site, ticket_ref="T-3").status == "queued"


def test_the_quiet_period_is_of_all_surveys_or_of_each(site: Site) -> None:
    invite(site)
    assert invite(site, survey="nps", ticket_ref="T-2").reason == "quiet_period"
    rules(site, "nps", is_quiet_across_surveys=False)
    assert invite(site, survey="nps", ticket_ref="T-3").status == "queued"
    assert invite(site, survey="nps", ticket_ref="T-4").reason == "quiet_period"


def test_no_quiet_period_asks_after_each_interaction(site: Site) -> None:
    rules(site, quiet_days=0)
    invite(site)
    assert invite(site, ticket_ref="T-2").status == "queued"
    assert sent(site) == ["T-1", "T-2"]


def test_what_was_called_off_brings_no_quiet_period(site: Site) -> None:
    first = invite(site)
    with site.database.transaction() as session:
        invitations.cancel(session, first.id, site.clock())
    assert invite(site, ticket_ref="T-2").status == "queued"


def test_a_ticket_is_asked_about_once_when_policy_says_so(site: Site) -> None:
    rules(site, is_once_per_ticket=True, quiet_days=0)
    invite(site, occasion="solved-1")
    assert invite(site, occasion="solved-2").reason == "already_asked"
    assert invite(site, ticket_ref="T-2").status == "queued"


@pytest.mark.parametrize(
    ("rule", "about", "reason"),
    [
        ({"case_types": ["billing"]}, {"case_type": "outage"}, "case_type"),
        ({"channels": ["email"]}, {"channel": "phone"}, "channel"),
        ({"teams": ["north"]}, {}, "team"),
        ({"least_replies": 1}, {"agent_replies": 0}, "no_agent_reply"),
        ({"least_replies": 2}, {"agent_replies": 1}, "few_replies"),
        ({"share": 0.0}, {}, "not_sampled"),
        ({}, {"address": "no-reply@example.se"}, "role_address"),
    ],
)
def test_each_rule_refuses_and_the_reason_is_stored(
    site: Site, rule: dict[str, Any], about: dict[str, Any], reason: str
) -> None:
    rules(site, **rule)
    assert stored(site, invite(site, **about)) == ("refused", reason)
    assert sent(site) == []


def test_a_sample_is_of_people_and_stays_the_same(site: Site) -> None:
    rules(site, share=0.5, quiet_days=0)
    people = [f"kund{number}@example.se" for number in range(60)]

    def asked(ticket: str) -> list[str]:
        made = [invite(site, ticket_ref=ticket, address=each) for each in people]
        return [each.address or "" for each in made if each.status == "queued"]

    first = asked("T-1")
    assert 15 < len(first) < 45 and asked("T-2") == first


def test_a_domain_gets_so_many_a_day(site: Site) -> None:
    rules(site, most_per_domain=2)
    for number in range(2):
        assert invite(site, address=f"k{number}@example.se").status == "queued"
    third = invite(site, address="k3@example.se")
    midnight = START.replace(hour=23)  # of Stockholm, in winter
    assert (third.reason, third.allowed_from) == ("domain_cap", midnight)
    assert invite(site, address="k@other.example").status == "queued"
    site.clock.at = midnight
    assert invite(site, address="k3@example.se", ticket_ref="T-2").status == "queued"


def test_mail_waits_for_its_hours_in_the_organisations_time_zone_or_the_recipients(site: Site) -> None:
    rules(site, window_from="08:00", window_to="17:00")
    site.clock.at = START.replace(hour=16, minute=30)  # 17:30 in Stockholm
    ours = invite(site)
    theirs = invite(site, address="b@example.ro", timezone="America/New_York")  # 11:30 there
    tomorrow = START.replace(day=3, hour=7)
    assert (ours.send_at, theirs.send_at) == (tomorrow, site.clock())
    assert sent(site) == ["T-1"]
    site.clock.at = tomorrow
    assert sent(site) == ["T-1"]


def test_of_one_batch_only_the_first_to_a_person_is_asked(site: Site) -> None:
    requests = [replace(REQUEST, ticket_ref=f"T-{number}") for number in range(3)]
    with site.database.transaction() as session:
        outcomes = invitations.invite_many(session, site.settings, requests, site.clock(), "test")
    assert [each.reason for each in outcomes if isinstance(each, Invited)] == [
        None, "quiet_period", "quiet_period",
    ]  # fmt: skip


def test_the_same_occasion_twice_in_a_batch_is_one_invitation(site: Site) -> None:
    requests = [replace(REQUEST, occasion="e-1")] * 2
    with site.database.transaction() as session:
        first, again = invitations.invite_many(session, site.settings, requests, site.clock(), "test")
    assert isinstance(first, Invited) and isinstance(again, Invited)
    assert (first.is_new, again.is_new, first.id) == (True, False, again.id)
    assert len(site.rows(Invitation)) == 1


def test_a_rule_that_is_none_changes_nothing(site: Site) -> None:
    with pytest.raises(PolicyError), site.database.transaction() as session:
        surveys.set_policy(session, "csat", {"quiet_days": -1})
    with site.database.reading() as session:
        assert surveys.policy_of(surveys.find_survey(session, "csat")).quiet_days == 30


# --- in the moment of sending ----------------------------------------------------------------------


def test_whoever_leaves_meanwhile_gets_no_mail(site: Site) -> None:
    waiting = invite(site)
    with site.database.transaction() as session:
        invitations.suppress(session, waiting.id, site.clock())
    assert sent(site) == [] and stored(site, waiting) == ("refused", "unsubscribed")


@pytest.mark.parametrize("refusal", [Refusal.DO_NOT_SURVEY, Refusal.BOUNCED])
def test_whoever_is_on_the_list_meanwhile_gets_no_mail(site: Site, refusal: Refusal) -> None:
    waiting = invite(site)
    with site.database.transaction() as session:
        invitations.suppress(session, waiting.id, site.clock(), refusal)
    assert sent(site) == [] and stored(site, waiting) == ("refused", refusal)


def test_a_persons_wish_outlasts_what_a_mail_server_says_later(site: Site) -> None:
    waiting = invite(site)
    for refusal in (Refusal.BOUNCED, Refusal.UNSUBSCRIBED, Refusal.BOUNCED):
        with site.database.transaction() as session:
            invitations.suppress(session, waiting.id, site.clock(), refusal)
    assert sent(site) == [] and stored(site, waiting) == ("refused", "unsubscribed")


def test_of_two_that_wait_for_one_person_the_later_one_gives_way(site: Site) -> None:
    rules(site, quiet_days=0)
    first = invite(site)
    site.clock.forward(seconds=1)
    second = invite(site, ticket_ref="T-2")
    rules(site, quiet_days=30)
    assert sent(site) == ["T-1"]
    assert (stored(site, first)[0], stored(site, second)) == ("sent", ("refused", "quiet_period"))


def test_a_ticket_that_was_opened_again_is_not_asked_about_however_the_news_came_in(site: Site) -> None:
    ended_at = site.clock()
    site.clock.forward(minutes=10)
    with site.database.transaction() as session:
        now = site.clock()
        assert invitations.reopen_ticket(session, "T-1", Cause.REOPENED, now, now) == []
    # The event of its end comes late.
    late = invite(site, ended_at=ended_at)
    assert (late.status, late.reason) == ("refused", "reopened")


def test_older_news_does_not_undo_newer(site: Site) -> None:
    for minutes in (10, 5):
        with site.database.transaction() as session:
            at = site.clock() + timedelta(minutes=minutes)
            invitations.reopen_ticket(session, "T-1", Cause.REOPENED, at, at)
    assert invite(site, ended_at=site.clock() + timedelta(minutes=7)).reason == "reopened"


def test_whoever_has_answered_meanwhile_gets_no_mail(site: Site) -> None:
    waiting = invite(site)
    Visitor(site, site.of(waiting.id)).press(5)
    assert sent(site) == [] and stored(site, waiting) == ("refused", "already_answered")


def test_a_survey_that_is_closed_meanwhile_sends_nothing(site: Site) -> None:
    waiting = invite(site)
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", site.clock())
    assert sent(site) == [] and stored(site, waiting) == ("cancelled", "survey_closed")


def test_many_that_come_to_their_end_do_not_hold_the_database_up(site: Site) -> None:
    many = outbox.MOST_ENDED + 1
    requests = [replace(REQUEST, ticket_ref=f"T-{n}", address=f"k{n}@example.se") for n in range(many)]
    with site.database.transaction() as session:
        invitations.invite_many(session, site.settings, requests, site.clock(), "test")
        surveys.set_closed(session, "csat", site.clock())
    with site.database.transaction() as session:
        assert isinstance(outbox.claim(session, site.settings, site.clock()), outbox.Ended)
    # PostgreSQL's locks last as long as the transaction, so that there each end has one of its own.
    is_sqlite = site.database.url.get_backend_name() == "sqlite"
    left = [row["status"] for row in site.rows(Invitation)].count("queued")
    assert left == (1 if is_sqlite else many - 1)
    assert site.worker(Counting()).send_due() == 0
    assert {row["status"] for row in site.rows(Invitation)} == {"cancelled"}


def test_the_days_limit_holds_for_what_was_queued_before_it_came(site: Site) -> None:
    for number in range(3):
        invite(site, address=f"k{number}@example.se", ticket_ref=f"T-{number}")
        site.clock.forward(seconds=1)
    rules(site, most_per_domain=2)
    assert sent(site) == ["T-0", "T-1"]


def test_what_is_due_outside_its_hours_moves_and_is_given_its_full_time(site: Site) -> None:
    waiting = invite(site)
    rules(site, window_from="08:00", window_to="09:00")
    site.clock.forward(hours=1)
    assert sent(site) == []
    [row] = site.rows(Invitation)
    assert row["send_at"] == START.replace(day=3, hour=7) and row["status"] == "queued"
    assert [event["what"] for event in site.rows(InvitationEvent)] == ["moved"]
    site.clock.at = row["send_at"]
    assert sent(site) == ["T-1"] and stored(site, waiting)[0] == "sent"


def test_a_ticket_that_was_opened_again_before_its_end_was_heard_of_gets_no_late_mail(site: Site) -> None:
    """Two workers may handle an end and a reopening at once, in any order."""
    ended_at = site.clock() - timedelta(hours=2)
    waiting = invite(site, ended_at=ended_at, send_at=START + timedelta(minutes=5))
    with site.database.transaction() as session:
        # As if the reopening had been stored by another worker without seeing this invitation.
        session.add(Ticket(ticket_ref="T-1", reopened_at=START - timedelta(hours=1), reason="reopened"))
    site.clock.forward(minutes=5)
    assert sent(site) == [] and stored(site, waiting) == ("refused", "reopened")


def test_after_days_without_a_worker_a_mail_still_has_all_its_tries(site: Site) -> None:
    waiting = invite(site)
    site.clock.forward(days=5)
    with site.database.transaction() as session:
        claimed = outbox.claim(session, site.settings, site.clock())
        assert isinstance(claimed, outbox.Claimed)
        outbox.note_outcome(session, site.settings, claimed, outbox.Outcome.DELAYED, "450", site.clock())
    assert stored(site, waiting) == ("queued", "450")


def test_a_mail_that_is_planned_far_away_does_not_keep_its_customer_from_being_asked_now(site: Site) -> None:
    invite(site, send_at=START + timedelta(days=200))
    assert invite(site, ticket_ref="T-2").status == "queued"
    soon = invite(site, ticket_ref="T-3", send_at=START + timedelta(days=190))
    assert soon.reason == "quiet_period"


def test_two_workers_that_see_one_person_at_once_send_one_mail(own_database: Database) -> None:
    """Each takes one of two invitations of one person, and neither may wait for the other for ever."""
    site = opened(own_database)
    first = invite(site)
    site.clock.forward(seconds=1)
    with site.database.transaction() as session:
        # The later one's row, as if the earlier one had not been there when policy was asked.
        session.execute(update(Invitation).where(Invitation.id == first.id).values(status="cancelled"))
    second = invite(site, ticket_ref="T-2")
    with site.database.transaction() as session:
        session.execute(update(Invitation).where(Invitation.id == first.id).values(status="queued"))
    barrier = Barrier(2)

    def work(_: int) -> list[str]:
        barrier.wait(timeout=30)
        return sent(site)

    with ThreadPoolExecutor(2) as pool:
        tickets = [ticket for found in pool.map(work, range(2)) for ticket in found]
    assert len(tickets) == 1
    assert {stored(site, each)[0] for each in (first, second)} == {"sent", "refused"}


# --- the reminder ----------------------------------------------------------------------------------


def test_one_reminder_comes_while_nobody_has_answered(site: Site) -> None:
    rules(site, remind_after_days=3)
    invited = invite(site)
    assert sent(site) == ["T-1"]
    site.clock.forward(days=2, hours=23)
    assert sent(site) == []
    site.clock.forward(hours=1)
    assert sent(site) == ["T-1"]
    site.clock.forward(days=40)
    assert sent(site) == [] and stored(site, invited)[0] == "sent"
    whats = [event["what"] for event in sorted(site.rows(InvitationEvent), key=lambda e: e["at"])]
    assert whats == ["accepted", "reminded"]


def test_the_reminder_is_a_mail_of_its_own_that_says_what_it_is(site: Site) -> None:
    from surveyapp.mail import Sender, write
    from surveyapp.worker import letter

    rules(site, remind_after_days=3)
    invite(site, locale="sv")
    messages = []
    for _ in range(2):
        with site.database.transaction() as session:
            claimed = outbox.claim(session, site.settings, site.clock())
            assert isinstance(claimed, outbox.Claimed)
            outbox.mark(session, claimed, site.clock())
            outbox.note_outcome(session, site.settings, claimed, outbox.Outcome.ACCEPTED, None, site.clock())
        sender = Sender("Nordlicht", "a@example.se", "https://survey.nordlicht.example")
        messages.append(write(letter(claimed, site.settings, site.links), sender, site.clock()))
        site.clock.forward(days=3)
    first, reminder = messages
    assert reminder["Subject"] == f"Påminnelse: {first['Subject']}"
    assert reminder["Message-ID"] != first["Message-ID"]
    text = reminder.get_body(("plain",))
    assert text and "Vi påminner dig inte igen." in " ".join(text.get_content().split())


@pytest.mark.parametrize("is_pressed", [True, False])
def test_whoever_has_answered_is_not_reminded(site: Site, is_pressed: bool) -> None:
    rules(site, remind_after_days=3)
    invited = invite(site)
    sent(site)
    site.clock.forward(hours=1)
    person = Visitor(site, site.of(invited.id))
    if is_pressed:
        person.press(4)
    else:  # held is enough
        person.open(4)
        person.tell("seen", 4)
    site.clock.forward(days=3)
    assert sent(site) == [] and stored(site, invited) == ("sent", None)


def test_whoever_left_is_not_reminded(site: Site) -> None:
    rules(site, remind_after_days=3)
    invited = invite(site)
    sent(site)
    with site.database.transaction() as session:
        invitations.suppress(session, invited.id, site.clock())
    site.clock.forward(days=4)
    assert sent(site) == [] and stored(site, invited) == ("sent", None)
    assert site.rows(InvitationEvent)[-1]["what"] in ("accepted", "not_reminded")
    assert {event["what"] for event in site.rows(InvitationEvent)} == {"accepted", "not_reminded"}


def test_a_reminder_that_fails_leaves_the_mail_sent(site: Site) -> None:
    rules(site, remind_after_days=3)
    invited = invite(site)
    sent(site)
    site.clock.forward(days=3)
    with site.database.transaction() as session:
        claimed = outbox.claim(session, site.settings, site.clock())
        assert isinstance(claimed, outbox.Claimed) and claimed.is_reminder
        outbox.note_outcome(session, site.settings, claimed, outbox.Outcome.FAILED, "550", site.clock())
    assert stored(site, invited) == ("sent", None)
    site.clock.forward(days=40)
    assert sent(site) == []


# --- the reminder by hand --------------------------------------------------------------------------


def remind(site: Site, invited: Invitation) -> None:
    with site.database.transaction() as session:
        outbox.remind(session, site.settings, invited.id, site.clock())


def may_remind(site: Site, invited: Invitation) -> bool:
    with site.database.reading() as session:
        found = invitations.find_invitation(session, invited.id)
        return outbox.may_remind(session, found, site.clock())


def refusal(site: Site, invited: Invitation) -> str:
    with pytest.raises(NotWaitingError) as error:
        remind(site, invited)
    return str(error.value)


def test_a_reminder_goes_out_once_when_somebody_says_so(site: Site) -> None:
    invited = invite(site)
    sent(site)
    site.clock.forward(days=3)
    assert sent(site) == [] and may_remind(site, invited)
    remind(site, invited)
    remind(site, invited)  # a second click before it went out
    assert sent(site) == ["T-1"] and stored(site, invited) == ("sent", None)
    whats = [event["what"] for event in sorted(site.rows(InvitationEvent), key=lambda e: e["at"])]
    assert whats == ["accepted", "reminded"]
    assert "already" in refusal(site, invited) and not may_remind(site, invited)


def test_a_reminder_that_was_planned_comes_sooner_and_not_again(site: Site) -> None:
    rules(site, remind_after_days=9)
    invited = invite(site)
    sent(site)
    site.clock.forward(days=3)
    remind(site, invited)
    assert sent(site) == ["T-1"]
    site.clock.forward(days=30)
    assert sent(site) == []


def test_a_reminder_by_hand_waits_for_the_recipients_hours(site: Site) -> None:
    rules(site, window_from="08:00", window_to="10:00")
    site.clock.at = START.replace(hour=13)  # 08:00 in New York
    invited = invite(site, timezone="America/New_York")
    sent(site)
    site.clock.forward(days=1, hours=5)
    remind(site, invited)
    assert sent(site) == []
    assert site.rows(Invitation)[0]["send_at"] == START.replace(hour=13) + timedelta(days=2)


def test_nobody_is_reminded_of_what_was_not_sent_is_over_or_was_answered(site: Site) -> None:
    waiting = invite(site)
    assert "sent" in refusal(site, waiting)
    sent(site)
    Visitor(site, site.of(waiting.id)).press(4)
    assert "answer" in refusal(site, waiting)
    other = invite(site, ticket_ref="T-2", address="other@example.se")
    sent(site)
    site.clock.forward(days=site.settings.link_days)
    assert "over" in refusal(site, other)
    with pytest.raises(UnknownInvitationError), site.database.transaction() as session:
        outbox.remind(session, site.settings, "nothing", site.clock())


def test_no_reminder_is_promised_for_hours_that_begin_after_the_links_end(site: Site) -> None:
    invited = invite(site)
    sent(site)
    rules(site, window_from="08:00", window_to="09:00")  # 10:00 in Stockholm, at which it was sent
    site.clock.forward(days=site.settings.link_days - 1, hours=23)
    assert "over before" in refusal(site, invited)


def test_whoever_left_is_not_reminded_by_hand_either(site: Site) -> None:
    invited = invite(site)
    sent(site)
    with site.database.transaction() as session:
        invitations.suppress(session, invited.id, site.clock())
    remind(site, invited)
    assert sent(site) == [] and stored(site, invited) == ("sent", None)
    assert {event["what"] for event in site.rows(InvitationEvent)} == {"accepted", "not_reminded"}
    assert may_remind(site, invited)  # once the address is let go, it may be tried again


# --- what nobody can know --------------------------------------------------------------------------


def left_unknown(site: Site) -> Invitation:
    invited = invite(site)
    with site.database.transaction() as session:
        claimed = outbox.claim(session, site.settings, site.clock())
        assert isinstance(claimed, outbox.Claimed)
        outbox.note_outcome(session, site.settings, claimed, outbox.Outcome.UNKNOWN, "cut", site.clock())
    return invited


def test_an_unknown_mail_is_listed_and_sent_again_only_when_somebody_says_so(site: Site) -> None:
    invited = left_unknown(site)
    with site.database.transaction() as session:
        assert [each.id for each in outbox.unknown(session)] == [invited.id]
        outbox.resend(session, invited.id, site.clock())
        assert outbox.unknown(session) == []
    assert sent(site) == ["T-1"]


def test_an_unknown_mail_can_be_given_up(site: Site) -> None:
    invited = left_unknown(site)
    with site.database.transaction() as session:
        outbox.give_up(session, invited.id, site.clock())
    assert sent(site) == [] and stored(site, invited) == ("failed", "given_up")


def test_an_unknown_reminder_that_is_sent_again_leaves_the_first_mail_sent(site: Site) -> None:
    rules(site, remind_after_days=3)
    invited = invite(site)
    sent(site)
    site.clock.forward(days=3)
    with site.database.transaction() as session:
        claimed = outbox.claim(session, site.settings, site.clock())
        assert isinstance(claimed, outbox.Claimed)
        outbox.note_outcome(session, site.settings, claimed, outbox.Outcome.UNKNOWN, "cut", site.clock())
        outbox.resend(session, invited.id, site.clock())
    with pytest.raises(NotWaitingError), site.database.transaction() as session:
        invitations.cancel(session, invited.id, site.clock())
    assert sent(site) == ["T-1"] and stored(site, invited) == ("sent", None)


def test_a_reminder_comes_in_the_recipients_hours(site: Site) -> None:
    rules(site, remind_after_days=3, window_from="08:00", window_to="10:00")
    site.clock.at = START.replace(hour=13)  # 08:00 in New York
    invite(site, timezone="America/New_York")
    assert sent(site) == ["T-1"]
    assert site.rows(Invitation)[0]["send_at"] == site.clock() + timedelta(days=3)


def test_who_was_erased_is_sent_nothing_again(site: Site) -> None:
    invited = left_unknown(site)
    with site.database.transaction() as session:
        assert outbox.may_resend(session.get_one(Invitation, invited.id))
        session.execute(update(Invitation).values(address=None))
    with pytest.raises(NotWaitingError, match="address"), site.database.transaction() as session:
        assert not outbox.may_resend(session.get_one(Invitation, invited.id))
        outbox.resend(session, invited.id, site.clock())
    assert site.rows(Invitation)[0]["status"] == "unknown"


def test_who_was_erased_is_not_reminded(site: Site) -> None:
    invited = invite(site)
    assert sent(site) == ["T-1"] and may_remind(site, invited)
    with site.database.transaction() as session:
        session.execute(update(Invitation).values(address=None))
    assert not may_remind(site, invited)
    with pytest.raises(NotWaitingError):
        remind(site, invited)


def test_what_is_not_unknown_is_not_resolved(site: Site) -> None:
    invited = invite(site)
    for act in (outbox.resend, outbox.give_up):
        with pytest.raises(NotWaitingError), site.database.transaction() as session:
            act(session, invited.id, site.clock())
        with pytest.raises(UnknownInvitationError), site.database.transaction() as session:
            act(session, "nobody", site.clock())

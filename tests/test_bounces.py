"""What comes back about a mail of ours, and what is made of it."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from surveyapp import bounces, erasure, invitations
from surveyapp.bounces import Deed, Taken
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Happening, Status
from surveyapp.db import Database
from surveyapp.links import Links
from surveyapp.models import Invitation, InvitationEvent, Suppression
from surveyapp.notices import NoticeKind
from surveyapp.surveys import set_policy
from surveyapp.timeline import DETAIL_LENGTH, note
from tests.support.people import Invited, Site, Visitor, opened
from tests.support.relays import Counting
from tests.support.returned import BASE, BLOCKED, FULL, bounce, complaint, holiday, message_id, return_address


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def sent(site: Site) -> Invited:
    return mailed(site)


def mailed(site: Site) -> Invited:
    """Somebody to whom the mail went out."""
    invited = site.invited(is_mailed=True)
    site.clock.forward(hours=2)
    assert site.worker(Counting()).send_due() == 1
    return invited


def take(site: Site, raw: bytes) -> Taken | None:
    with site.database.transaction() as session:
        return bounces.take(session, site.links, raw, site.clock())


def bounced(site: Site, invited: Invited, *about: str) -> bytes:
    return bounce(return_address(site, invited), message_id(invited), *about)


def complained(site: Site, invited: Invited) -> bytes:
    return complaint(return_address(site, invited), message_id(invited))


def events(site: Site, invited: Invited) -> list[tuple[str, str | None]]:
    """What was noted since the mail went out."""
    rows = [row for row in site.rows(InvitationEvent) if row["invitation_id"] == invited.id]
    rows.sort(key=lambda row: row["at"])
    return [(row["what"], row["detail"]) for row in rows if row["what"] != Happening.ACCEPTED]


def suppressed(site: Site) -> list[str]:
    return [row["reason"] for row in site.rows(Suppression)]


def everything(site: Site) -> list[list[dict[str, Any]]]:
    return [site.rows(model) for model in (Invitation, InvitationEvent, Suppression)]


# --- what each kind does ---------------------------------------------------------------------------


def test_a_bounce_fails_the_invitation_and_stops_mail_to_the_address(site: Site, sent: Invited) -> None:
    taken = take(site, bounced(site, sent))
    assert taken == Taken(sent.id, NoticeKind.BOUNCED, is_proven=True, deed=Deed.SUPPRESSED)
    detail = "bounced: 550 5.1.1 No such user here"
    assert events(site, sent) == [(Happening.BOUNCED, detail)]
    row = site.invitation(sent)
    assert (row["status"], row["reason"], row["send_at"]) == (Status.FAILED, detail, None)
    assert suppressed(site) == [Refusal.BOUNCED]


def test_the_next_invitation_to_a_dead_address_is_refused(site: Site, sent: Invited) -> None:
    take(site, bounced(site, sent))
    address = site.invitation(sent)["address"]
    again = site.invited(is_mailed=True, address=address)
    assert (site.invitation(again)["status"], site.invitation(again)["reason"]) == ("refused", "bounced")


def test_a_complaint_unsubscribes_and_leaves_the_invitation_as_it_is(site: Site, sent: Invited) -> None:
    taken = take(site, complained(site, sent))
    assert taken == Taken(sent.id, NoticeKind.COMPLAINT, is_proven=True, deed=Deed.SUPPRESSED)
    assert events(site, sent) == [(Happening.COMPLAINED, "complaint: abuse")]
    assert suppressed(site) == [Refusal.UNSUBSCRIBED]
    assert site.invitation(sent)["status"] == Status.SENT


def test_a_refusal_by_policy_is_noted_and_logged_but_suppresses_nobody(
    site: Site, sent: Invited, caplog: pytest.LogCaptureFixture
) -> None:
    taken = take(site, bounced(site, sent, "5.7.1", BLOCKED))
    assert taken == Taken(sent.id, NoticeKind.REFUSED, is_proven=True, deed=Deed.NOTED)
    [(what, detail)] = events(site, sent)
    assert what == Happening.FAILED and detail is not None and detail.startswith("refused: 550 5.7.1 ")
    assert suppressed(site) == [] and site.invitation(sent)["status"] == Status.SENT
    [record] = caplog.records
    assert record.levelno == logging.ERROR and sent.id in record.getMessage()
    assert "@" not in record.getMessage()


def test_what_may_pass_is_noted_and_nothing_more(site: Site, sent: Invited) -> None:
    assert take(site, bounced(site, sent, "5.2.2", FULL)) == Taken(
        sent.id, NoticeKind.TEMPORARY, is_proven=True, deed=Deed.NOTED
    )
    assert events(site, sent) == [(Happening.DELAYED, "temporary: 552 5.2.2 Mailbox full")]
    assert suppressed(site) == [] and site.invitation(sent)["status"] == Status.SENT


def test_an_automatic_reply_does_nothing(site: Site, sent: Invited) -> None:
    before = everything(site)
    assert take(site, holiday(return_address(site, sent))) == Taken(
        sent.id, NoticeKind.AUTO_REPLY, is_proven=True, deed=Deed.NOTHING
    )
    assert everything(site) == before


def test_long_words_of_a_server_are_cut(site: Site, sent: Invited) -> None:
    take(site, bounced(site, sent, "5.1.1", "smtp; 550 5.1.1 No such user" + " here" * 100))
    assert len(site.invitation(sent)["reason"]) == DETAIL_LENGTH


def test_a_server_that_gives_no_reason_is_quoted_by_its_status(site: Site, sent: Invited) -> None:
    take(site, bounced(site, sent, "5.1.1", ""))
    assert events(site, sent) == [(Happening.BOUNCED, "bounced: 5.1.1")]


# --- the second time -------------------------------------------------------------------------------


def test_the_same_notice_twice_changes_nothing_more(site: Site, sent: Invited) -> None:
    for raw in (bounced(site, sent), complained(site, sent), bounced(site, sent, "5.2.2", FULL)):
        take(site, raw)
        before = everything(site)
        site.clock.forward(hours=1)
        again = take(site, raw)
        assert again is not None and again.deed is Deed.NOTHING
        assert everything(site) == before


def test_a_second_refusal_alarms_nobody_again(
    site: Site, sent: Invited, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        take(site, bounced(site, sent, "5.7.1", BLOCKED))
    assert len(caplog.records) == 1


def test_a_delay_of_our_own_relay_hides_no_notice(site: Site, sent: Invited) -> None:
    with site.database.transaction() as session:
        note(session, sent.id, Happening.DELAYED, "The mail server hung up", site.clock())
    taken = take(site, bounced(site, sent, "5.2.2", FULL))
    assert taken is not None and taken.deed is Deed.NOTED


def test_what_a_mail_server_says_does_not_undo_the_persons_wish(site: Site, sent: Invited) -> None:
    with site.database.transaction() as session:
        invitations.suppress(session, sent.id, site.clock())
    take(site, bounced(site, sent))
    assert suppressed(site) == [Refusal.UNSUBSCRIBED]


def test_a_complaint_after_a_bounce_is_the_persons_wish(site: Site, sent: Invited) -> None:
    take(site, bounced(site, sent))
    take(site, complained(site, sent))
    assert suppressed(site) == [Refusal.UNSUBSCRIBED]
    assert site.invitation(sent)["status"] == Status.FAILED


def test_one_notice_that_comes_by_two_ways_at_once_is_noted_once(own_database: Database) -> None:
    site = opened(own_database)
    sent = mailed(site)
    raw = bounced(site, sent)
    with ThreadPoolExecutor(4) as pool:
        taken = [each.result() for each in [pool.submit(take, site, raw) for _ in range(4)]]
    assert sorted(str(each.deed) for each in taken if each) == ["nothing"] * 3 + ["suppressed"]
    assert len(events(site, sent)) == 1


# --- what is no proof ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [bounce, complaint])
def test_a_message_id_alone_leads_to_a_note_and_suppresses_nobody(
    site: Site, sent: Invited, make: Any
) -> None:
    taken = take(site, make(BASE, message_id(sent)))
    assert taken is not None and (taken.is_proven, taken.deed) == (False, Deed.NOTED)
    [(_, detail)] = events(site, sent)
    assert detail is not None and detail.startswith(f"unproven {taken.kind}: ")
    assert suppressed(site) == [] and site.invitation(sent)["status"] == Status.SENT


def test_a_forger_can_neither_fill_the_timeline_nor_raise_an_alarm(
    site: Site, sent: Invited, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        take(site, bounce(BASE, message_id(sent), "5.7.1", f"{BLOCKED} {number}"))
    assert len(events(site, sent)) == 1 and not caplog.records


def test_a_proven_bounce_counts_after_a_forged_one(site: Site, sent: Invited) -> None:
    take(site, bounce(BASE, message_id(sent)))
    taken = take(site, bounced(site, sent))
    assert taken is not None and taken.deed is Deed.SUPPRESSED
    assert site.invitation(sent)["status"] == Status.FAILED


def test_a_forged_bounce_after_a_proven_one_adds_nothing(site: Site, sent: Invited) -> None:
    take(site, bounced(site, sent))
    taken = take(site, bounce(BASE, message_id(sent)))
    assert taken is not None and taken.deed is Deed.NOTHING


def test_the_signed_address_outweighs_another_mails_message_id(site: Site, sent: Invited) -> None:
    other = mailed(site)
    take(site, bounce(return_address(site, sent), message_id(other)))
    assert site.invitation(sent)["status"] == Status.FAILED
    assert site.invitation(other)["status"] == Status.SENT and events(site, other) == []


def test_an_address_signed_with_another_key_proves_nothing(site: Site, sent: Invited) -> None:
    forged = Links(["another-key-0123456789abcdef012345678"]).return_address(BASE, sent.id)
    taken = take(site, bounce(forged, message_id(sent)))
    assert taken is not None and not taken.is_proven and suppressed(site) == []


def test_a_signed_address_is_known_in_capitals(site: Site, sent: Invited) -> None:
    taken = take(site, bounce(return_address(site, sent).upper(), "x@example.se"))
    assert taken is not None and taken.is_proven


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: Hello\n\nThank you!\n",
        holiday(BASE),
        bounce(BASE, "x@example.se"),
        bounce(BASE, f"{'A' * 22}@example.se"),
        bounce(BASE, f"{'A' * 21}\x00@example.se"),
        bounce(BASE, f"{'A' * 5000}@example.se"),
        bounce(
            Links(["tests-only-link-key-0123456789abcdef01"]).return_address(BASE, "A" * 22), "x@example.se"
        ),
    ],
)
def test_what_concerns_no_mail_of_ours_is_none(site: Site, sent: Invited, raw: bytes) -> None:
    before = everything(site)
    assert take(site, raw) is None
    assert everything(site) == before


# --- other states of the invitation ----------------------------------------------------------------


def test_an_answered_invitation_stays_sent_when_its_address_dies(site: Site, sent: Invited) -> None:
    Visitor(site, sent).press(4)
    taken = take(site, bounced(site, sent))
    assert taken is not None and taken.deed is Deed.SUPPRESSED
    assert site.invitation(sent)["status"] == Status.SENT and site.n() == 1


def test_a_mail_that_nobody_knew_of_has_failed_once_it_comes_back(site: Site, sent: Invited) -> None:
    with site.database.transaction() as session:
        session.get_one(Invitation, sent.id).status = Status.UNKNOWN
    take(site, bounced(site, sent))
    assert site.invitation(sent)["status"] == Status.FAILED


def test_a_bounce_that_overtakes_the_workers_note_stands(site: Site) -> None:
    """A relay on the same machine may bounce before its 250 is written down."""
    invited = site.invited(is_mailed=True)

    def come_back() -> None:
        take(site, bounced(site, invited))

    post = Counting(after=come_back)
    assert site.worker(post).send_due() == 1
    row = site.invitation(invited)
    assert (row["status"], row["accepted_at"]) == (Status.FAILED, None)
    assert len(suppressed(site)) == 1


def test_an_invitation_whose_address_is_forgotten_is_left_alone(site: Site, sent: Invited) -> None:
    with site.database.transaction() as session:
        invitation = session.get_one(Invitation, sent.id)
        invitation.address = invitation.address_hash = None
    assert take(site, bounced(site, sent)) is None
    assert suppressed(site) == [] and site.invitation(sent)["status"] == Status.SENT


def remind(site: Site) -> None:
    with site.database.transaction() as session:
        set_policy(session, "csat", {"remind_after_days": 7})


def test_no_reminder_follows_a_mail_that_came_back(site: Site) -> None:
    remind(site)
    sent = mailed(site)
    assert site.invitation(sent)["send_at"] is not None
    take(site, bounced(site, sent))
    row = site.invitation(sent)
    assert (row["status"], row["send_at"], row["is_reminder"]) == (Status.FAILED, None, False)
    site.clock.forward(days=8)
    assert site.worker(Counting()).send_due() == 0


def test_a_reminder_that_comes_back_fails_no_mail_that_arrived(site: Site) -> None:
    remind(site)
    sent = mailed(site)
    site.clock.at += timedelta(days=8)
    assert site.worker(Counting()).send_due() == 1
    taken = take(site, bounce(return_address(site, sent), message_id(sent, is_reminder=True)))
    assert taken is not None and taken.deed is Deed.SUPPRESSED
    assert site.invitation(sent)["status"] == Status.SENT


def test_a_bounce_that_comes_after_an_erasure_writes_nothing_of_the_person_again(
    site: Site, sent: Invited
) -> None:
    with site.database.transaction() as session:
        erased = erasure.erase(
            session, site.settings, address=site.invitation(sent)["address"], now=site.clock()
        )
    assert list(erased.invitation_ids) == [sent.id]
    before = everything(site)
    assert take(site, bounced(site, sent)) is None
    assert everything(site) == before

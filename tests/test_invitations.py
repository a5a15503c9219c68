"""From a request about one ticket to the one outcome of its mail."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from surveyapp import invitations, outbox, surveys
from surveyapp.core.errors import ClosedSurveyError, FieldError, UnknownSurveyError
from surveyapp.core.scales import Metric
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.models import Invitation, Suppression
from surveyapp.outbox import GIVEN_UP_AFTER, JITTER, LEASE, RETRIES, Claimed, Outcome
from tests.support.people import START, Site, opened

REQUEST = Request(survey="csat", ticket_ref="T-1", address="kund@example.se")


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def invite(site: Site, **changes: Any) -> Invitation:
    with site.database.transaction() as session:
        return invitations.invite(session, site.settings, replace(REQUEST, **changes), site.clock())


def claim(site: Site) -> Claimed | None:
    while True:
        with site.database.transaction() as session:
            found = outbox.claim(session, site.settings, site.clock())
        if not isinstance(found, outbox.Ended):
            return found


def claimed(site: Site) -> Claimed:
    found = claim(site)
    assert found
    return found


def mark(site: Site, which: Claimed) -> bool:
    with site.database.transaction() as session:
        return outbox.mark(session, which, site.clock())


def note(site: Site, which: Claimed, outcome: Outcome, detail: str | None = None) -> None:
    with site.database.transaction() as session:
        outbox.note_outcome(session, site.settings, which, outcome, detail, site.clock())


def only(site: Site) -> dict[str, Any]:
    [row] = site.rows(Invitation)
    return row


# --- inviting --------------------------------------------------------------------------------------


def test_an_invitation_is_a_snapshot_of_what_it_was_about(site: Site) -> None:
    about = {
        "agent_ref": "anna",
        "agent_name": "Anna Ö.",
        "team": "north",
        "case_type": "billing",
        "channel": "email",
        "customer_ref": "C-1",
        "recipient_name": "Maria Öberg",
        "properties": {"plan": "gold"},
    }
    invite(site, **about)
    row = only(site)
    assert {name: row[name] for name in about} == about
    assert (row["survey_key"], row["survey_version"], row["ticket_ref"]) == ("csat", 1, "T-1")
    assert (row["address"], row["domain"]) == ("kund@example.se", "example.se")
    assert (row["created_at"], row["expires_at"]) == (START, START + timedelta(days=60))


def test_a_mail_waits_for_the_worker(site: Site) -> None:
    invite(site)
    row = only(site)
    assert (row["status"], row["send_at"], row["accepted_at"]) == ("queued", START, None)


def test_a_link_that_is_handed_out_needs_no_worker(site: Site) -> None:
    invite(site, is_mailed=False, address=None)
    row = only(site)
    assert (row["status"], row["send_at"], row["accepted_at"]) == ("linked", None, START)
    assert claim(site) is None


def test_the_same_occasion_again_is_the_same_invitation_unchanged(site: Site) -> None:
    first = invite(site, occasion="solved-1", agent_ref="anna")
    site.clock.forward(days=1)
    again = invite(site, occasion="solved-1", agent_ref="bert", address="other@example.se", is_mailed=False)
    assert again.id == first.id
    row = only(site)
    assert (row["agent_ref"], row["address"], row["created_at"]) == ("anna", "kund@example.se", START)


@pytest.mark.parametrize(
    "difference",
    [{"occasion": "solved-2"}, {"ticket_ref": "T-2"}, {"survey": "nps"}, {"occasion": None}],
)
def test_another_occasion_ticket_or_survey_is_another_invitation(
    site: Site, difference: dict[str, Any]
) -> None:
    first = invite(site, occasion="solved-1")
    assert invite(site, **{"occasion": "solved-1", **difference}).id != first.id


def test_without_an_occasion_every_request_invites(site: Site) -> None:
    assert invite(site).id != invite(site).id


def test_an_invitation_keeps_the_version_that_was_current(site: Site) -> None:
    invite(site, ticket_ref="T-1")
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    invite(site, ticket_ref="T-2")
    versions = {row["ticket_ref"]: row["survey_version"] for row in site.rows(Invitation)}
    assert versions == {"T-1": 1, "T-2": 2}


@pytest.mark.parametrize(
    ("locale", "stored"),
    [("sv", "sv"), ("de-AT", "de"), ("ro_MD", "ro"), ("EN-us", "en"), ("fr", "sv"), (None, "sv"), ("", "sv")],
)
def test_a_locale_falls_back_to_its_language_then_to_the_organisations(
    database: Database, locale: str | None, stored: str
) -> None:
    site = opened(database, LOCALE="sv")
    invite(site, locale=locale)
    assert only(site)["locale"] == stored


def test_an_unknown_survey_is_refused_with_those_there_are(site: Site) -> None:
    with pytest.raises(UnknownSurveyError, match="'cast'.*ces, ces_ease, csat, nki, nps, open"):
        invite(site, survey="cast")


def test_a_closed_survey_invites_nobody(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", site.clock())
    with pytest.raises(ClosedSurveyError, match="csat"):
        invite(site)
    invite(site, survey="nps")


# --- fields ----------------------------------------------------------------------------------------

TEXT_FIELDS = [
    "ticket_ref",
    "occasion",
    "agent_ref",
    "agent_name",
    "team",
    "case_type",
    "channel",
    "customer_ref",
    "recipient_name",
]


def test_a_field_is_one_line_whatever_was_sent(site: Site) -> None:
    invite(site, **dict.fromkeys(TEXT_FIELDS, "  Anna\r\nBcc: all@example.se\t x\u200b\u2028y\v "))
    assert {only(site)[field] for field in TEXT_FIELDS} == {"Anna Bcc: all@example.se x y"}


@pytest.mark.parametrize("text", ["nul\0", "bell\a", "\x1b[31m", "\udcff", "x" * 201, "\x7f"])
def test_a_field_that_is_no_text_or_too_long_is_named(site: Site, text: str) -> None:
    for field in TEXT_FIELDS:
        with pytest.raises(FieldError) as error:
            invite(site, **{field: text})
        assert error.value.field == field.removesuffix("_ref").replace("recipient_name", "name")
    assert site.rows(Invitation) == []


@pytest.mark.parametrize("text", ["", "  ", "\r\n", "\u200b"])
def test_an_empty_field_is_none_and_an_empty_ticket_is_refused(site: Site, text: str) -> None:
    invite(site, agent_ref=text, team=text)
    assert (only(site)["agent_ref"], only(site)["team"]) == (None, None)
    with pytest.raises(FieldError, match="ticket"):
        invite(site, ticket_ref=text)


def test_any_script_fits_200_characters(site: Site) -> None:
    invite(site, ticket_ref="漢" * 200, agent_name="👩" * 200)
    assert only(site)["ticket_ref"] == "漢" * 200


NO_ADDRESSES = [
    "",
    "kund",
    "kund@",
    "@example.se",
    "a b@example.se",
    "a@b@example.se",
    "a@example.se\r\nBcc: x@example.se",
    "a@example.se,b@example.se",
    "<a@example.se>",
    "Kund <a@example.se>",
    "a@exa mple.se",
    "a@-example.se",
    "a@.se",
    "a@example..se",
    "\0@example.se",
    "a@" + "x" * 250 + ".se",
    "a@example.se\udcff",
]


def test_what_is_no_address_is_refused(site: Site) -> None:
    for address in NO_ADDRESSES:
        with pytest.raises(FieldError) as error:
            invite(site, address=address)
        assert error.value.field == "email", address
    assert site.rows(Invitation) == []


@pytest.mark.parametrize(
    ("address", "stored", "domain"),
    [
        ("Kund@EXAMPLE.se", "Kund@example.se", "example.se"),
        ("o'neil+x@example.co.uk", "o'neil+x@example.co.uk", "example.co.uk"),
        ("kund@räksmörgås.example", "kund@räksmörgås.example", "xn--rksmrgs-5wao1o.example"),
        ("kund@intranet.local", "kund@intranet.local", "intranet.local"),
        ("björn@example.se", "björn@example.se", "example.se"),
    ],
)
def test_an_address_is_kept_as_mail_is_sent_to_it(site: Site, address: str, stored: str, domain: str) -> None:
    invite(site, address=address)
    assert (only(site)["address"], only(site)["domain"]) == (stored, domain)


def test_a_mail_needs_an_address_and_a_link_none(site: Site) -> None:
    with pytest.raises(FieldError, match="email"):
        invite(site, address=None)
    invite(site, address=None, is_mailed=False)
    assert (only(site)["address"], only(site)["address_hash"]) == (None, None)


@pytest.mark.parametrize("properties", [{"": "x"}, {" ": "x"}, {"a\0": "x"}, {"a": "\0"}, {"a": "x" * 201}])
def test_properties_are_texts_too(site: Site, properties: dict[str, str]) -> None:
    with pytest.raises(FieldError, match="property"):
        invite(site, properties=properties)


# --- claiming --------------------------------------------------------------------------------------


def test_a_worker_claims_what_is_due_in_its_order_and_once(site: Site) -> None:
    first = invite(site)
    site.clock.forward(seconds=1)
    second = invite(site, address="other@example.se")
    assert [claimed(site).id, claimed(site).id] == [first.id, second.id]
    assert claim(site) is None
    assert {(row["status"], row["attempts"]) for row in site.rows(Invitation)} == {("sending", 1)}


def test_a_claim_holds_what_the_mail_needs(site: Site) -> None:
    invite(site, recipient_name="Maria", locale="de")
    found = claimed(site)
    assert (found.address, found.recipient_name, found.locale) == ("kund@example.se", "Maria", "de")
    assert (found.ticket_ref, found.version.main.key) == ("T-1", "csat")


def test_after_its_lease_an_invitation_is_claimed_by_another_worker(site: Site) -> None:
    invite(site)
    slow = claimed(site)
    site.clock.forward(seconds=LEASE.total_seconds() - 1)
    assert claim(site) is None
    site.clock.forward(seconds=1)
    other = claimed(site)
    assert other.id == slow.id and other.claim != slow.claim
    assert not mark(site, slow)
    note(site, slow, Outcome.FAILED, "too late to say")
    assert only(site)["status"] == "sending"
    assert mark(site, other)
    note(site, other, Outcome.ACCEPTED)
    assert (only(site)["status"], only(site)["attempts"]) == ("sent", 2)


def test_an_accepted_mail_starts_the_clocks(site: Site) -> None:
    invite(site)
    site.clock.forward(hours=5)
    found = claimed(site)
    mark(site, found)
    note(site, found, Outcome.ACCEPTED)
    row, now = only(site), site.clock()
    assert (row["status"], row["accepted_at"], row["send_at"]) == ("sent", now, None)
    assert row["expires_at"] == now + timedelta(days=60)


def test_a_worker_that_died_after_the_mark_leaves_an_unknown_that_is_never_sent_again(site: Site) -> None:
    invite(site)
    dead = claimed(site)
    assert mark(site, dead)
    site.clock.forward(seconds=LEASE.total_seconds())
    assert claim(site) is None
    row = only(site)
    assert (row["status"], row["send_at"]) == ("unknown", None) and row["reason"]
    site.clock.forward(days=10)
    assert claim(site) is None


def test_a_worker_that_was_only_slow_may_still_say_how_it_ended(site: Site) -> None:
    invite(site)
    slow = claimed(site)
    mark(site, slow)
    site.clock.forward(seconds=LEASE.total_seconds())
    assert claim(site) is None  # which makes it unknown
    note(site, slow, Outcome.ACCEPTED)
    assert only(site)["status"] == "sent"


@pytest.mark.parametrize(
    ("outcome", "status"), [(Outcome.FAILED, Status.FAILED), (Outcome.UNKNOWN, Status.UNKNOWN)]
)
def test_an_end_is_an_end(site: Site, outcome: Outcome, status: Status) -> None:
    invite(site)
    found = claimed(site)
    mark(site, found)
    note(site, found, outcome, "550 no such user " + "x" * 300)
    row = only(site)
    assert (row["status"], row["send_at"], row["accepted_at"]) == (status, None, None)
    assert row["reason"].startswith("550 no such user") and len(row["reason"]) == 200
    site.clock.forward(days=10)
    assert claim(site) is None


def test_a_delayed_mail_is_tried_again_after_longer_and_longer_times(site: Site) -> None:
    invite(site)
    waits = []
    while found := claim(site):
        mark(site, found)
        note(site, found, Outcome.DELAYED, "451 later")
        row = only(site)
        assert row["reason"] == "451 later"
        if row["status"] == "failed":
            break
        assert (row["status"], row["marked_at"]) == ("queued", None) and claim(site) is None
        waits.append(row["send_at"] - site.clock())
        site.clock.at = row["send_at"]
    assert len(waits) >= len(RETRIES)
    for wait, least in zip(waits, (*RETRIES, RETRIES[-1]), strict=False):
        assert least <= wait <= least * (1 + JITTER)
    assert site.clock() - START <= GIVEN_UP_AFTER < site.clock() - START + RETRIES[-1] * (1 + JITTER)
    assert (only(site)["status"], only(site)["send_at"]) == ("failed", None)


def test_a_success_after_a_delay_forgets_the_delay(site: Site) -> None:
    invite(site)
    note(site, claimed(site), Outcome.DELAYED, "451 later")
    site.clock.forward(minutes=1, seconds=6)
    found = claimed(site)
    mark(site, found)
    note(site, found, Outcome.ACCEPTED)
    assert (only(site)["status"], only(site)["reason"]) == ("sent", None)


def test_a_mail_whose_address_was_erased_is_cancelled(site: Site) -> None:
    gone, other = invite(site), invite(site, address="other@example.se")
    with site.database.transaction() as session:
        session.execute(update(Invitation).where(Invitation.id == gone.id).values(address=None))
    assert claimed(site).id == other.id
    statuses = {row["id"]: row["status"] for row in site.rows(Invitation)}
    assert statuses == {gone.id: "cancelled", other.id: "sending"}


# --- the way out -----------------------------------------------------------------------------------


def test_leaving_twice_is_leaving_once(site: Site) -> None:
    invited = invite(site)
    for _ in range(2):
        with site.database.transaction() as session:
            assert invitations.suppress(session, invited.id, site.clock())
        site.clock.forward(days=1)
    assert [row["at"] for row in site.rows(Suppression)] == [START]


def test_an_invitation_without_an_address_has_nothing_to_remember(site: Site) -> None:
    invited = invite(site, address=None, is_mailed=False)
    with site.database.transaction() as session:
        assert not invitations.suppress(session, invited.id, site.clock())
        assert not invitations.is_suppressed(session, invited.id)
    assert site.rows(Suppression) == []


def test_a_refusal_is_stored_and_stays_the_answer_for_its_occasion(site: Site) -> None:
    invited = invite(site)
    with site.database.transaction() as session:
        invitations.suppress(session, invited.id, site.clock())
    refused = invite(site, occasion="solved-2")
    assert (refused.status, refused.reason) == ("refused", "unsubscribed")
    assert invite(site, occasion="solved-2").id == refused.id

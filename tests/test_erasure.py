"""Erasing a person: no trace of them in any table, file or log, and no score moves."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, update

from surveyapp import erasure, hooks, invitations, keys, replies, surveys
from surveyapp.core.errors import FieldError, MailRefusedError
from surveyapp.core.periods import closes_at
from surveyapp.core.policy import Refusal
from surveyapp.core.scales import Metric
from surveyapp.db import Base, Database, table_of
from surveyapp.erasure import Erased
from surveyapp.figures import Figures
from surveyapp.invitations import Request, invite
from surveyapp.keys import Scope
from surveyapp.models import (
    Answer,
    AnswerEvent,
    Domain,
    HookEvent,
    Invitation,
    InvitationEvent,
    Suppression,
    Ticket,
    Touch,
    Upload,
    User,
)
from surveyapp.replies import Given
from surveyapp.selecting import Filter
from surveyapp.sources.event import Delivery
from tests.support.people import START, Invited, Site, Visitor, opened
from tests.support.relays import Counting
from tests.support.scored import DIMENSIONS, scores

REF, ADDRESS, NAME = "CANARY-REF-17", "canary.anna@canary-domain.example", "Canary Ånna Andersson"
OTHER_ADDRESS = "canary-private@home.example"
TICKET, PROPERTY = "CANARY-TICKET-4711", "canary-property"
COMMENT, CHANGED_COMMENT = "canary comment, first", "canary comment, as it was changed"
CANARIES = ("canary", "4711", "ånna", "\\u00e5nna")
SECRET = "a secret of the helpdesk"
MAPPING = {
    "kind": "/event",
    "kind.ended": "solved",
    "kind.reopened": "reopened",
    "ticket_ref": "/ticket",
    "occasion": "/id",
    "address": "/email",
    "recipient_name": "/name",
    "customer_ref": "/customer",
}
PERSON: dict[str, Any] = {
    "address": ADDRESS,
    "customer_ref": REF,
    "recipient_name": NAME,
    "properties": {"note": PROPERTY},
    "agent_ref": "anna",
    "agent_name": "Anna Agent",
    "agent_replies": 3,
    "team": "first",
    "case_type": "invoice",
    "channel": "email",
}


@dataclass(slots=True)
class Refusing(Counting):
    """Takes no mail, and says why as mail servers do: with the address."""

    def deliver(self, message: EmailMessage, mark: Callable[[], None], sender: str | None = None) -> None:
        raise MailRefusedError(f"550 5.1.1 <{message['To']}> is unknown here", is_address_gone=True)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return opened_at(database, tmp_path)


def opened_at(database: Database, folder: Path) -> Site:
    site = opened(
        database, SMALLEST_N="1", SMALLEST_N_AGENT="1", MAIL_URL=(folder / "mail").as_uri(), EARLY_SECONDS="0"
    )
    with database.transaction() as session:
        for key in ("csat", "nps"):
            surveys.set_policy(session, key, {"quiet_days": 0, "delay_minutes": 0})
        hooks.add(session, "generic", "csat", "desk", SECRET, MAPPING, site.clock())
    return site


def asked(site: Site, survey: str = "csat", **about: Any) -> Invited:
    return site.invited(survey, **{"ticket_ref": TICKET, "is_mailed": True, **PERSON, **about})


def other(site: Site, rating: int | None = None, **about: Any) -> Invited:
    """Somebody whose names look alike and who shares nothing but the team."""
    values = PERSON | {
        "ticket_ref": f"{TICKET}0",
        "address": "johanna@another.example",
        "customer_ref": "REF-1",
        "recipient_name": "Johanna",
        "properties": {"note": "hers"},
    }
    invited = site.invited(**(values | about))
    if rating is not None:
        answered(site, invited, rating)
    return invited


def answered(site: Site, invited: Invited, rating: int, *comments: str) -> None:
    person = Visitor(site, invited)
    person.open(rating)
    assert person.press(rating).status == 303
    for comment in comments:
        assert person.press(rating, comment=comment).status == 303


def send(site: Site, relay: Any = None) -> None:
    site.worker(relay).send_due()


def deliver(site: Site, event_id: str, **about: Any) -> None:
    body = {"id": event_id, "event": "solved", "ticket": TICKET, "email": ADDRESS, "name": NAME} | about
    raw = json.dumps(body | {"customer": REF}).encode()
    with site.database.transaction() as session:
        hooks.receive(session, "desk", Delivery(raw, {"x-surveyapp-secret": SECRET}), site.clock())


def reply_about(site: Site, invited: Invited, key: str) -> None:
    with site.database.transaction() as session:
        api_key, _ = keys.add_key(session, "helpdesk", [Scope.INVITE], None, site.clock())
        given = Given(201, json.dumps({"id": invited.id, "status": "queued"}))
        replies.keep(session, api_key.prefix, key, "digest", given, site.clock())


def upload(site: Site, content: bytes, file_name: str = "march.csv") -> None:
    with site.database.transaction() as session:
        session.add(
            User(id="u", email="a@b.example", name="A", role="admin", allowed={}, created_at=site.clock())
        )
        session.flush()
        session.add(
            Upload(
                user_id="u",
                file_name=file_name,
                is_mailed=True,
                content=content,
                state="waiting",
                created_at=site.clock(),
                outcomes={},
            )
        )


def erased(site: Site, **wanted: str) -> Erased:
    with site.database.transaction() as session:
        return erasure.erase(session, site.settings, **(wanted or {"customer_ref": REF}), now=site.clock())


def whole_life(site: Site) -> Invited:
    """The person in every place that a person gets to; returns the invitation that was answered."""
    first = asked(site)
    send(site)
    answered(site, first, 4, COMMENT, CHANGED_COMMENT)
    asked(site, "nps", occasion=f"{TICKET}-solved", address=OTHER_ADDRESS)
    send(site, Refusing())
    deliver(site, f"{TICKET}-1")
    site.worker().hear_helpdesks()
    deliver(site, f"{TICKET}-2", event="reopened")
    site.worker().hear_helpdesks()
    deliver(site, "e-3")
    asked(site, "nps", send_at=site.clock() + timedelta(days=2))
    reply_about(site, first, f"{TICKET}-key")
    upload(site, f"ticket;email\n{TICKET};{ADDRESS}\n".encode("utf-16"), f"{REF}.csv")
    return first


def stored(site: Site) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    models = [mapper.class_ for mapper in Base.registry.mappers]
    return {model.__tablename__: site.rows(model) for model in models}


def traces(site: Site) -> list[str]:
    """Where the person is still to be read."""
    return [
        f"{table}.{name}: {value!r}"
        for table, found in stored(site).items()
        for row in found
        for name, value in row.items()
        if has_canary(value.decode("latin-1").replace("\0", "") if isinstance(value, bytes) else str(value))
    ]


def has_canary(text: str) -> bool:
    return any(canary in text.casefold() for canary in CANARIES)


def figures(site: Site) -> list[list[Figures]]:
    """All that is shown, in every dimension; how many are asked or commented may be less."""
    with site.database.reading() as session:
        return [
            [replace(each, invited=0, commented=0) for each in scores(session, site.settings, Filter(), by)]
            for by in (None, *DIMENSIONS)
        ]


def test_no_column_of_any_table_names_the_person_any_more(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    whole_life(site)
    planted = {trace.partition(":")[0] for trace in traces(site)}
    assert planted >= {
        "invitations.address", "invitations.recipient_name", "invitations.customer_ref",
        "invitations.ticket_ref", "invitations.occasion", "invitations.properties", "invitations.domain",
        "invitations.reason", "invitation_events.detail", "hook_events.body", "hook_events.ticket_ref",
        "tickets.ticket_ref", "replies.key", "uploads.content", "uploads.file_name", "answers.comment",
    }  # fmt: skip
    done = erased(site)
    assert traces(site) == []
    assert done.counts == {
        "invitations": 4, "comments": 1, "touches": 1, "timeline": 1, "helpdesk_events": 3, "tickets": 1,
        "replies": 1, "uploads": 1, "suppressions": 1, "domains": 0, "summaries": 0,
    }  # fmt: skip
    assert not has_canary(caplog.text) and not has_canary(repr(done))


def test_no_score_moves(site: Site) -> None:
    first = whole_life(site)
    other(site, rating=1)
    answered(site, other(site, survey="nps", ticket_ref="N-1"), 9)
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    before, kept = figures(site), site.ratings(first)
    assert len(before[0]) == 2 and all(before)
    erased(site)
    assert figures(site) == before
    assert site.ratings(first) == kept == {"csat": 4}
    [row] = [row for row in site.rows(Invitation) if row["id"] == first.id]
    stays = ("agent_ref", "team", "case_type", "channel", "locale", "day")
    assert [row[name] for name in stays] == ["anna", "first", "invoice", "email", "en", START.date()]


def test_the_history_of_the_rating_stays(site: Site) -> None:
    first = whole_life(site)
    before = site.rows(AnswerEvent)
    erased(site)
    assert site.rows(AnswerEvent) == before
    assert site.state(first) == ("counted", "press", 4)


@pytest.mark.parametrize("wanted", [{"customer_ref": REF}, {"address": ADDRESS}, {"address": OTHER_ADDRESS}])
def test_every_address_and_reference_leads_to_all_of_the_person(site: Site, wanted: dict[str, str]) -> None:
    whole_life(site)
    asked(site, customer_ref="CANARY-OLD-REF", ticket_ref="CANARY-5")
    erased(site, **wanted)
    assert traces(site) == []


def test_an_address_is_found_in_every_spelling(site: Site) -> None:
    whole_life(site)
    assert erased(site, address=f" {ADDRESS.upper()} ").invitations == 4
    assert traces(site) == []


def test_whoever_has_neither_reference_nor_address_is_not_that_person(site: Site) -> None:
    nobody = other(site, is_mailed=False, address=None, customer_ref=None)
    without_ref = other(site, customer_ref=None)
    without_address = asked(site, is_mailed=False, address=None)
    before = site.invitation(nobody), site.invitation(without_ref)
    assert erased(site).invitation_ids == (without_address.id,)
    assert (site.invitation(nobody), site.invitation(without_ref)) == before


def test_the_second_time_nothing_is_found(site: Site) -> None:
    whole_life(site)
    assert not erased(site).is_nothing
    site.clock.forward(hours=1)
    before = stored(site)
    again = erased(site)
    assert again.is_nothing and again.invitation_ids == ()
    assert stored(site) == before


def test_another_persons_data_is_untouched(site: Site) -> None:
    hers = other(site, rating=2, ticket_ref=TICKET)
    deliver(site, "hers", ticket=f"{TICKET}0", email="johanna@another.example", name="J")
    with site.database.transaction() as session:
        [event] = session.scalars(select(HookEvent))
        event.body = event.body.replace(REF.encode(), b"REF-1")
        invitations.suppress(session, hers.id, site.clock(), Refusal.BOUNCED)
    ours = whole_life(site)
    ids = {row["id"] for row in site.rows(Invitation) if row["address"] == "johanna@another.example"}
    hashes = {row["address_hash"] for row in site.rows(Invitation) if row["id"] in ids}

    def her_rows() -> list[dict[str, Any]]:
        about = ids | hashes | {f"{TICKET}0"}
        keys = "id", "invitation_id", "address_hash", "ticket_ref"
        found = [row for each in stored(site).values() for row in each]
        return [row for row in found if any(row.get(key) in about for key in keys)]

    before = her_rows()
    assert len(ids) == 2 and len(before) > 6
    erased(site)
    assert her_rows() == before
    assert [row["ticket_ref"] for row in site.rows(Ticket)] == [TICKET], "hers as well"
    assert site.invitation(ours)["ticket_ref"].startswith("erased-")


def test_a_ticket_of_one_person_leads_nowhere_and_each_invitation_stays_its_own(site: Site) -> None:
    one, two = asked(site), asked(site)
    erased(site)
    refs = {(row["ticket_ref"], row["occasion"]) for row in map(site.invitation, (one, two))}
    assert len(refs) == 2


def test_what_waits_is_called_off_and_never_goes_out(site: Site) -> None:
    waiting = asked(site)
    erased(site)
    row = site.invitation(waiting)
    assert (row["status"], row["reason"], row["send_at"]) == ("cancelled", "erased", None)
    site.clock.forward(days=3)
    post = Counting()
    send(site, post)
    assert post.delivered == []
    [event] = site.rows(InvitationEvent)
    assert (event["what"], event["detail"]) == ("cancelled", "erased")


def test_a_reminder_that_waits_is_called_off(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_policy(session, "csat", {"remind_after_days": 3})
    invited = asked(site)
    post = Counting()
    send(site, post)
    erased(site)
    site.clock.forward(days=4)
    send(site, post)
    assert post.delivered == [invited.id]
    row = site.invitation(invited)
    assert (row["status"], row["reason"]) == ("sent", None)
    assert [row["what"] for row in site.rows(InvitationEvent)].count("not_reminded") == 1


def test_a_worker_that_holds_the_mail_does_not_send_it(site: Site) -> None:
    invited = asked(site)

    def before() -> None:
        erased(site)

    post = Counting(before=before)
    send(site, post)
    assert post.delivered == []
    assert site.invitation(invited)["status"] == "cancelled"
    assert traces(site) == []


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_worker_past_its_mark_writes_nothing_back(site: Site, is_refused: bool) -> None:
    def after() -> None:
        erased(site)
        if is_refused:
            raise MailRefusedError(f"550 <{ADDRESS}> is unknown here", is_address_gone=True)

    invited = asked(site)
    send(site, Counting(after=after))
    row = site.invitation(invited)
    assert (row["status"], row["reason"], row["accepted_at"]) == ("unknown", "erased", None)
    assert traces(site) == [] and site.rows(Suppression) == []
    site.clock.forward(days=1)
    post = Counting()
    send(site, post)
    assert post.delivered == []


def test_the_persons_wish_stays_and_a_mail_servers_word_goes(site: Site) -> None:
    leaves, bounced = asked(site), asked(site, address=OTHER_ADDRESS)
    with site.database.transaction() as session:
        invitations.suppress(session, leaves.id, site.clock())
        invitations.suppress(session, bounced.id, site.clock(), Refusal.BOUNCED)
    erased(site)
    assert [row["reason"] for row in site.rows(Suppression)] == ["unsubscribed"]
    assert asked_again(site).reason == "unsubscribed"


def asked_again(site: Site) -> Invitation:
    with site.database.transaction() as session:
        request = Request("csat", ticket_ref="T-new", address=ADDRESS)
        return invite(session, site.settings, request, site.clock())


def test_a_domain_of_the_person_alone_is_forgotten(site: Site) -> None:
    asked(site)
    asked(site, address="canary@shared.example")
    other(site, address="johanna@shared.example")
    with site.database.transaction() as session:
        for name in (ADDRESS.partition("@")[2], "shared.example"):
            session.add(Domain(domain=name, marked_until=site.clock()))
    assert erased(site).domains == 1
    assert [row["domain"] for row in site.rows(Domain)] == ["shared.example"]


def test_our_own_reasons_stay_and_a_mail_servers_words_go(site: Site) -> None:
    refused = asked(site, address=f"no-reply@{ADDRESS.partition('@')[2]}")
    failed = asked(site)
    send(site, Refusing())
    erased(site)
    assert [site.invitation(each)["reason"] for each in (refused, failed)] == ["role_address", None]


def test_an_erased_link_takes_no_answer_any_more(site: Site) -> None:
    fresh, counted = asked(site, is_mailed=False), asked(site, is_mailed=False)
    answered(site, counted, 4, COMMENT)
    persons = [Visitor(site, fresh), Visitor(site, counted)]
    for person in persons:
        person.open(4)
    erased(site)
    for person in persons:
        assert person.press(5, comment=COMMENT).status in (403, 409, 410)
        assert person.open(5).status in (200, 410)
    assert site.answer(fresh) is None and site.state(counted) == ("counted", "press", 4)
    assert [row["comment"] for row in site.rows(Answer)] == [None]


@pytest.mark.parametrize(("days", "late_by"), [(8, 0), (25, 5)])
def test_an_answer_that_counted_after_its_week_was_closed_never_moves_into_it(
    site: Site, days: int, late_by: int
) -> None:
    late, timely = asked(site, is_mailed=False), asked(site, is_mailed=False)
    for each in (late, timely):
        answered(site, each, 4)
    closed = closes_at(START.date(), site.settings.timezone)
    for each, first in (
        (late, closed + timedelta(days=late_by)),
        (timely, closed - timedelta(seconds=1)),
    ):
        with site.database.transaction() as session:
            young = update(Answer).where(Answer.invitation_id == each.id)
            session.execute(young.values(first_counted_at=first))
    site.clock.forward(days=days)
    erased(site)
    stored = {row["invitation_id"]: row["first_counted_at"] for row in site.rows(Answer)}
    assert stored[late.id] == closed + timedelta(days=late_by)
    assert stored[timely.id] == closed - timedelta(seconds=1)
    for each in (late, timely):
        assert Visitor(site, each).press(1).status in (403, 409, 410)
        assert site.ratings(each) == {"csat": 4}


def test_a_held_answer_stays_held_without_its_touches(site: Site) -> None:
    held = asked(site, is_mailed=False)
    scanner = Visitor(site, held)
    for rating in (1, 5):
        scanner.open(rating)
        scanner.tell("seen", rating)
    before = site.state(held)
    assert before is not None and before[0] == "held"
    erased(site)
    site.clock.forward(days=2)
    site.worker().settle_due()
    assert site.state(held) == before and site.rows(Touch) == []


def test_a_waiting_event_of_the_person_invites_nobody(site: Site) -> None:
    deliver(site, "e-1")
    assert erased(site, address=ADDRESS).helpdesk_events == 1
    site.worker().hear_helpdesks()
    assert site.rows(Invitation) == [] and site.rows(HookEvent) == []


BODIES = [
    b'{"user": "%s"}' % ADDRESS.upper().encode(),
    json.dumps({"text": f"Hej,\n{ADDRESS}"}).encode(),
    json.dumps({"inner": json.dumps({"text": f"a\n{ADDRESS}\nb"})}).encode(),
    ADDRESS.replace("@", "%40").encode(),
    ADDRESS.replace("@", r"\u0040").encode(),
    json.dumps({"id": f"#{TICKET}."}).encode(),
    f"\xe5 {REF}".encode("latin-1"),
    REF.encode("utf-16"),
]
OTHER_BODIES = [f"x{ADDRESS}", f"{ADDRESS}.au", f"{TICKET}0", f"X{REF}", "canary"]


@pytest.mark.parametrize("body", [*BODIES, *map(str.encode, OTHER_BODIES)])
def test_a_person_is_found_in_raw_events_however_they_are_written(site: Site, body: bytes) -> None:
    asked(site)
    deliver(site, "e-1", ticket="Z-1", email="z@z.example", name="Z")
    with site.database.transaction() as session:
        session.scalars(select(HookEvent)).one().body = body
    assert erased(site).helpdesk_events == (body in BODIES)


def test_a_short_reference_is_looked_for_only_where_it_is_one(site: Site) -> None:
    asked(site, ticket_ref="17", customer_ref="8")
    deliver(site, "e-1", ticket="17", email="z@z.example", name="Z")
    deliver(site, "e-2", ticket="Z-1", email="y@y.example", name="Y", priority=17)
    site.worker().hear_helpdesks()
    assert erased(site, customer_ref="8").helpdesk_events == 1
    assert [row["ticket_ref"] for row in site.rows(HookEvent)] == ["Z-1"]


def test_a_file_that_names_the_person_is_deleted_and_says_so(site: Site) -> None:
    asked(site)
    upload(site, f"email\n{ADDRESS}\n".encode())
    erased(site)
    [row] = site.rows(Upload)
    assert (row["content"], row["state"]) == (None, "failed")
    assert row["problem"] == erasure.UPLOAD_PROBLEM and row["ended_at"] == site.clock()


def test_a_file_that_is_done_loses_its_name_alone(site: Site) -> None:
    asked(site)
    upload(site, b'[{"line": 2}]', f"{ADDRESS}.csv")
    with site.database.transaction() as session:
        found = session.scalars(select(Upload)).one()
        found.state, found.ended_at = "done", site.clock()
    assert erased(site).uploads == 1
    [row] = site.rows(Upload)
    assert (row["content"], row["state"], row["problem"]) == (b'[{"line": 2}]', "done", None)
    assert traces(site) == []


def test_the_mails_in_the_folder_are_those_of_the_person(site: Site, tmp_path: Path) -> None:
    ours, hers = asked(site), other(site, is_mailed=True)
    send(site)
    folder = tmp_path / "mail"
    reminder, begun = folder / f"{ours.id}_reminder.eml", folder / f".{ours.id}.77.part"
    for path in (reminder, begun):
        path.write_bytes(b"")
    files = erasure.mail_files(site.settings, erased(site).invitation_ids)
    assert sorted(files) == sorted([folder / f"{ours.id}.eml", reminder, begun])
    assert (folder / f"{hers.id}.eml").exists()


def test_where_mail_goes_to_a_server_there_are_no_files(site: Site) -> None:
    assert erasure.mail_files(replace(site.settings, mail_url="smtp://mail.example"), ["x" * 22]) == []
    assert erasure.mail_files(replace(site.settings, mail_url="file:///nowhere"), ["x" * 22]) == []


@pytest.mark.parametrize(
    ("wanted", "field"),
    [({}, "customer"), ({"address": "nobody"}, "email"), ({"customer_ref": " "}, "customer")],
)
def test_what_is_no_person_is_refused(site: Site, wanted: dict[str, str], field: str) -> None:
    with site.database.reading() as session, pytest.raises(FieldError) as caught:
        erasure.find(session, site.settings, **wanted)
    assert caught.value.field == field


def test_many_invitations_of_one_person_go_at_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_PART", 3)
    for number in range(10):
        asked(site, ticket_ref=f"CANARY-{number}", address=f"canary{number}@canary.example", is_mailed=False)
    assert erased(site, address="canary7@canary.example").invitations == 10
    assert traces(site) == []


# --- the files -------------------------------------------------------------------------------------


def files_of(database: Database) -> list[Path]:
    path = Path(database.url.database or "")
    return [found for ending in ("", "-wal", "-shm") if (found := Path(f"{path}{ending}")).exists()]


def bytes_with_canaries(database: Database) -> int:
    return sum(found.read_bytes().lower().count(b"canary") for found in files_of(database))


def grown(site: Site) -> None:
    """Many rows, some of which grow later, so that pages are split and keep copies of what they held."""
    draw = Random(1)
    requests = [
        Request(
            "csat", ticket_ref=f"CANARY-{n}", address=f"canary{n}@canary.example", customer_ref=REF,
            properties={"note": "x" * draw.randrange(200)}, is_mailed=False,
        )
        if n % 10 == 0
        else Request("csat", ticket_ref=f"O-{n}", address=f"o{n}@other.example", is_mailed=False)
        for n in range(5000)
    ]  # fmt: skip
    invitation = table_of(Invitation)
    for start in range(0, len(requests), 1000):
        with site.database.transaction() as session:
            some = requests[start : start + 1000]
            made = invitations.invite_many(session, site.settings, some, site.clock(), "csv")
            for one in draw.sample(made, 300):
                longer = {"properties": {"note": "y" * draw.randrange(3000)}}
                assert isinstance(one, invitations.Invited)
                session.execute(update(invitation).where(invitation.c.id == one.id).values(longer))


def test_no_byte_of_sqlites_files_names_the_person(own_database: Database, tmp_path: Path) -> None:
    if own_database.url.get_backend_name() != "sqlite":
        assert own_database.clean()
        return
    site = opened_at(own_database, tmp_path)
    grown(site)
    whole_life(site)
    before = figures(site)
    assert bytes_with_canaries(own_database) > 100
    erased(site)
    assert own_database.clean()
    assert bytes_with_canaries(own_database) == 0
    assert figures(site) == before


def test_a_file_that_somebody_reads_is_cleaned_later(own_database: Database, tmp_path: Path) -> None:
    if own_database.url.get_backend_name() != "sqlite":
        return
    site = opened_at(own_database, tmp_path)
    asked(site)
    with own_database.reading() as reader:
        assert reader.scalars(select(Invitation.address)).all() == [ADDRESS]
        erased(site)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("surveyapp.db.LOCK_WAIT_SECONDS", 0)
            own = Database(own_database.url.render_as_string(hide_password=False))
            assert not own.clean()
            own.dispose()
    assert own_database.clean()
    assert bytes_with_canaries(own_database) == 0


def test_two_who_erase_the_same_person_meet_without_harm(own_database: Database, tmp_path: Path) -> None:
    site = opened_at(own_database, tmp_path)
    whole_life(site)
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda _: erased(site), range(2))
    assert sorted([one.comments, two.comments]) == [0, 1]
    assert traces(site) == []

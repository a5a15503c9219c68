"""Looking up a person, giving them their data, and erasing it, in the browser."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from surveyapp import hooks, keys, preferences, subject_data
from surveyapp.core.access import Permission, Role
from surveyapp.db import Database
from surveyapp.keys import Scope
from surveyapp.models import Answer, HookEvent, Invitation, Record, Reply
from tests.support.people import Invited, Site, Visitor, opened
from tests.support.staff import account, staff, stranger

REF, ADDRESS, NAME = "CANARY-REF-17", "canary@canary.example", 'Canary <b>"Berg"</b>'
COMMENT, TICKET = "canary <i>comment</i>", "CANARY-T-17"
PERSON: dict[str, Any] = {
    "customer_ref": REF,
    "address": ADDRESS,
    "recipient_name": NAME,
    "ticket_ref": TICKET,
    "agent_ref": "agent-7",
    "agent_name": "Agatha Agent",
    "is_mailed": True,
}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return opened(database, MAIL_URL=(tmp_path / "mail").as_uri(), EARLY_SECONDS="0", SMALLEST_N="1")


def answered(site: Site, **about: Any) -> Invited:
    invited = site.invited(**(PERSON | about))
    person = Visitor(site, invited)
    person.open(4)
    person.press(4)
    person.press(4, comment=COMMENT)
    return invited


def deeds(site: Site) -> list[tuple[str, str | None, dict[str, Any]]]:
    return [(row["deed"], row["target"], row["detail"]) for row in site.rows(Record)]


def test_a_person_is_erased_in_three_clicks(site: Site, tmp_path: Path) -> None:
    site.invited(**PERSON)
    site.clock.forward(hours=2)
    site.worker().send_due()
    [mail] = (tmp_path / "mail").iterdir()
    anna = staff(site)
    start = anna.get("/")
    assert 'href="/admin/privacy"' in start.text
    assert anna.get("/privacy").heading == "A person's data"
    found = anna.post("/privacy", whom=REF)
    assert (found.status, found.heading) == (200, "What is stored") and "Erase for good" in found.words
    [whom] = {each["value"] for each in found.inputs if each.get("name") == "whom"}
    assert whom == REF
    done = anna.follow(anna.post("/privacy/erase", whom=whom))
    assert done.heading == "Erased" and "Invitations 1" in done.words
    assert "Mails in this app's own folder 1" in done.words and not mail.exists()
    [row] = site.rows(Invitation)
    assert (row["customer_ref"], row["address"], row["recipient_name"]) == (None, None, None)
    assert anna.get("/privacy/erased").location == "/admin/privacy"  # told once


def test_scores_stay_and_comments_go(site: Site) -> None:
    answered(site)
    before = site.scores()
    anna = staff(site)
    page = anna.follow(anna.post("/privacy/erase", whom=ADDRESS))
    assert "Comments 1" in page.words
    assert [row["comment"] for row in site.rows(Answer)] == [None] and site.scores() == before and before


def test_what_is_stored_is_shown_in_numbers(site: Site) -> None:
    answered(site)
    page = staff(site).post("/privacy", whom=f"  {ADDRESS.upper()} ")
    for words in ("Invitations 1", "Answers 1", "Comments 1", "Events of the helpdesk 0", "2 Mar 2026", REF):
        assert words in page.words, words
    assert (
        "belong together" not in page.words
        and COMMENT not in page.text
        and "canary comment" not in page.words
    )


def test_more_than_one_address_is_warned_of(site: Site) -> None:
    answered(site)
    site.clock.forward(days=60)
    answered(site, address="canary2@canary.example", ticket_ref="T-2")
    page = staff(site).post("/privacy", whom=ADDRESS)
    assert "several references or addresses belong together" in page.words
    assert "canary2@canary.example" in page.words


def test_a_reference_that_looks_like_an_address_is_found_too(site: Site) -> None:
    site.invited(**PERSON | {"customer_ref": "user@dc1", "address": None, "is_mailed": False})
    site.invited(**PERSON | {"customer_ref": "anna@canary.example", "address": None, "is_mailed": False})
    anna = staff(site)
    assert "Invitations 1" in anna.post("/privacy", whom="user@dc1").words
    assert "Invitations 1" in anna.post("/privacy", whom="anna@canary.example").words


def test_a_person_gets_everything_as_a_file(site: Site) -> None:
    answered(site)
    anna = staff(site)
    page = anna.post("/privacy/export", whom=REF)
    assert page.status == 200
    assert page.headers["Content-Disposition"] == 'attachment; filename="person.json"'
    assert page.headers["Content-Type"] == "application/json; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    [invitation] = json.loads(page.response.text)["invitations"]
    assert (invitation["address"], invitation["recipient_name"]) == (ADDRESS, NAME)
    assert invitation["answer"]["comment"] == COMMENT
    [(deed, target, detail)] = deeds(site)
    assert (deed, target, detail["invitations"]) == ("subject_exported", None, 1)


def test_agents_are_in_the_file_only_where_they_are_named(site: Site) -> None:
    answered(site)
    anna = staff(site)
    assert "Agatha" not in anna.post("/privacy/export", whom=REF).text
    assert "agent-7" not in anna.post("/privacy/export", whom=REF).text
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": "named"}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()
    assert "Agatha" in anna.post("/privacy/export", whom=REF).text


def sent_by_machines(site: Site, invited: Invited) -> None:
    """An event of a helpdesk and a stored reply that name the agent beside the ticket."""
    raw = json.dumps({"ticket": TICKET, "who": {"name": "Agatha Agent"}})
    with site.database.transaction() as session:
        hooks.add(session, "zendesk", "csat", "zd", None, {}, site.clock())
        session.add(
            HookEvent(
                id="e" * 22,
                hook="zd",
                delivery_id="d",
                received_at=site.clock(),
                body=raw.encode(),
                attempts=0,
                ticket_ref=TICKET,
                invitation_id=invited.id,
                empty=[],
            )
        )
        key, _ = keys.add_key(session, "shop", [Scope.INVITE], None, site.clock())
        reply = Reply(api_key=key.prefix, key="k", digest="d" * 64, status=201, body=raw, at=site.clock())
        session.add(reply)


def test_what_machines_sent_is_told_in_outline_where_agents_are_not_named(site: Site) -> None:
    sent_by_machines(site, answered(site))
    anna = staff(site)
    data = json.loads(anna.post("/privacy/export", whom=REF).response.text)
    assert "Agatha" not in str(data) and "names of the fields alone" in data["left_out"]
    bodies = [json.loads(data[kind][0]["body"]) for kind in ("helpdesk_events", "stored_replies")]
    assert bodies == 2 * [{"ticket": "…", "who": {"name": "…"}}]
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": "named"}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()
    data = json.loads(anna.post("/privacy/export", whom=REF).response.text)
    assert "left_out" not in data
    assert all("Agatha" in data[kind][0]["body"] for kind in ("helpdesk_events", "stored_replies"))


def test_nobody_waits_while_a_persons_data_is_put_together(
    own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = opened(own_database)
    site.invited(**PERSON | {"is_mailed": False})
    anna, whole = staff(site), subject_data.of_person

    def slowly(*args: Any, **wanted: Any) -> dict[str, Any]:
        told = whole(*args, **wanted)
        account(site)  # somebody else writes
        return told

    monkeypatch.setattr(subject_data, "of_person", slowly)
    assert anna.post("/privacy/export", whom=REF).status == 200
    assert [deed for deed, _, _ in deeds(site)] == ["subject_exported"]


@pytest.mark.parametrize("taken", [Permission.CUSTOMERS, Permission.COMMENTS])
def test_the_file_needs_the_rights_for_what_is_in_it(site: Site, taken: Permission) -> None:
    answered(site)
    anna = staff(site, allowed={taken: False})
    found = anna.post("/privacy", whom=REF)
    assert "Download everything" not in found.words
    assert (ADDRESS in found.words) is (taken is Permission.COMMENTS)
    assert anna.post("/privacy/export", whom=REF).status == 403 and deeds(site) == []


def test_nothing_stored_is_said_and_not_recorded(site: Site) -> None:
    answered(site)
    anna = staff(site)
    page = anna.post("/privacy", whom="nobody@canary.example")
    assert "Nothing is stored about this person." in page.words and "Erase for good" not in page.words
    erased = anna.post("/privacy/erase", whom="nobody")
    assert "Nothing is stored about this person." in anna.follow(erased).words
    assert json.loads(anna.post("/privacy/export", whom="nobody").response.text)["invitations"] == []
    assert deeds(site) == []


def test_the_second_time_there_is_nothing_left(site: Site) -> None:
    answered(site)
    anna = staff(site)
    anna.post("/privacy/erase", whom=REF)
    assert "Nothing is stored" in anna.follow(anna.post("/privacy/erase", whom=REF)).words
    assert [deed for deed, _, _ in deeds(site)] == ["erased"]


def test_no_name_is_in_an_address_a_log_or_the_audit_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answered(site)
    anna = staff(site)
    pages = [
        anna.post(path, whom=whom)
        for whom in (ADDRESS, REF, "canary@")
        for path in ("/privacy", "/privacy/export", "/privacy/erase")
    ]
    seen = [page.headers.get("Location", "") for page in pages] + [str(site.rows(Record)), caplog.text]
    seen += [json.dumps(record.__dict__, default=str) for record in caplog.records]
    assert "request" in caplog.text and len(site.rows(Record)) >= 2
    assert not any("canary" in each.lower() for each in seen)


@pytest.mark.parametrize("path", ["/privacy", "/privacy/export", "/privacy/erase"])
@pytest.mark.parametrize("whom", ["", "   ", "x" * 321, "x" * 201, "two\nlines"])
def test_whoever_is_nobody_is_asked_for_again_with_what_was_typed(site: Site, path: str, whom: str) -> None:
    answered(site)
    page = staff(site).post(path, whom=whom)
    assert (page.status, page.heading) == (422, "A person's data")
    assert "Customer's reference or email address" in page.words and 'role="alert"' in page.text
    [kept] = [each["value"] for each in page.inputs if each.get("name") == "whom"]
    assert kept == whom.strip() and deeds(site) == []


@pytest.mark.parametrize("role", [Role.LEADER, Role.SUPPORT, Role.AGENT, Role.VIEWER])
def test_nobody_but_admins_gets_in(site: Site, role: Role) -> None:
    answered(site)
    somebody = staff(site, role)
    assert somebody.get("/privacy").status == 403
    for path in ("", "/export", "/erase", "/clean"):
        assert somebody.post(f"/privacy{path}", whom=REF).status == 403
    assert stranger(site).post("/privacy/erase", whom=REF).status == 401
    assert site.rows(Invitation)[0]["customer_ref"] == REF


def test_a_file_that_could_not_be_cleaned_is_told_and_can_be_cleaned_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(site)
    anna = staff(site)
    answers = [False, False, True]
    monkeypatch.setattr(type(site.database), "clean", lambda _: answers.pop(0))
    first = anna.follow(anna.post("/privacy/erase", whom=REF))
    assert "copies may still lie" in first.words and "Comments 1" in first.words
    assert "copies may still lie" in anna.follow(anna.post("/privacy/clean")).words
    assert "The database's file is clean." in anna.follow(anna.post("/privacy/clean")).words


def test_stored_markup_is_shown_as_text(site: Site) -> None:
    site.invited(**PERSON | {"customer_ref": '<b>"bold"</b>', "is_mailed": False})
    page = staff(site).post("/privacy", whom='<b>"bold"</b>')
    assert "Invitations 1" in page.words
    assert "<b>" not in page.response.text and "&lt;b&gt;&#34;bold&#34;&lt;/b&gt;" in page.response.text


@pytest.mark.parametrize(
    ("language", "words"), [("sv", "Dataskydd"), ("de", "Datenschutz"), ("ro", "Protecția datelor")]
)
def test_the_page_speaks_the_readers_language(site: Site, language: str, words: str) -> None:
    assert words in staff(site, language=language).get("/privacy").text


def test_no_byte_of_the_person_is_left_in_the_file(own_database: Database, tmp_path: Path) -> None:
    site = opened(own_database, MAIL_URL=(tmp_path / "mail").as_uri(), EARLY_SECONDS="0")
    answered(site)
    assert staff(site).post("/privacy/erase", whom=REF).status == 303
    if own_database.url.get_backend_name() == "postgresql":
        return
    path = own_database.url.database or ""
    files = [found for ending in ("", "-wal", "-shm") if (found := Path(path + ending)).exists()]
    assert files and not any(b"canary" in each.read_bytes().lower() for each in files)

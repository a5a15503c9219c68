"""The worker on real databases, with a real mail server: sent once, settled, purged, stopped in order."""

import re
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Event, Thread

import pytest
from sqlalchemy import select

from surveyapp import hooks, notes, users
from surveyapp.core.access import Role
from surveyapp.core.errors import UsedLinkError
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.models import Answer, Invitation, Note, UserToken
from surveyapp.notes import NoteKind
from surveyapp.outbox import LEASE
from surveyapp.relay import relay
from surveyapp.worker import Lanes, run_once
from tests.support.people import START, Invited, Site, Visitor, opened, path_of
from tests.support.processes import end, free_port
from tests.support.relays import Counting
from tests.support.served import COMMAND, environment
from tests.support.smtp import MailServer, mail_server


@pytest.fixture
def post() -> MailServer:  # type: ignore[misc]
    with mail_server() as server:
        yield server


@pytest.fixture
def site(database: Database, post: MailServer) -> Site:
    return opened(database, MAIL_URL=post.url, SMALLEST_N="1", SMALLEST_N_AGENT="1")


def statuses(site: Site) -> list[tuple[str, str | None]]:
    return [(row["status"], row["reason"]) for row in site.rows(Invitation)]


def mailed(site: Site, number: int) -> list[Invited]:
    return [site.invited(is_mailed=True) for _ in range(number)]


def links_in(mail: str) -> dict[str, str]:
    """The paths of a mail's links: rating -> path, and "question", "u", "p"."""
    found: dict[str, str] = {}
    for url in re.findall(r'https://[^\s"<>]+', mail):
        path = path_of(url)
        rating = re.fullmatch(r"/s/[^/]+/(\d+)", path)
        found[rating[1] if rating else {"s": "question"}.get(path[1], path[1])] = path
    return found


# --- end to end ------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["sv", "ro", "de", "en"])
def test_from_an_invitation_over_smtp_and_one_press_to_a_score(
    site: Site, post: MailServer, locale: str
) -> None:
    invited = site.invited(is_mailed=True, locale=locale, agent_ref="anna", recipient_name="Åsa")
    run_once(site.worker())
    [mail] = post.mails
    assert (mail.recipients, mail.message["Content-Language"]) == (["kund@example.se"], locale)
    html = mail.message.get_body(("html",))
    assert html
    links = links_in(html.get_content())
    assert {"1", "2", "3", "4", "5", "question", "u", "p"} <= links.keys()
    site.clock.forward(hours=2)
    person = Visitor(site, invited)
    page = person.visit(links["4"])
    assert (page.status, page.chosen, page.language) == (200, "4", locale)
    assert person.press(4).status == 303
    [score] = site.scores(metric=Metric.CSAT, agent="anna")
    assert (score.n, score.value) == (1, 100)


def test_the_links_of_a_mail_lead_to_all_its_pages(site: Site, post: MailServer) -> None:
    invited = site.invited(is_mailed=True, locale="de")
    run_once(site.worker())
    message = post.mails[0].message
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html and text
    links = links_in(html.get_content())
    assert (
        links["question"] == invited.path
        and links["u"] == invited.unsubscribe
        and links["p"] == invited.privacy
    )
    for path in links.values():
        assert Visitor(site, invited).visit(path).status == 200
    assert {path.count("/") for path in links_in(text.get_content()).values()} == {2}  # none with a rating
    one_click = path_of(message["List-Unsubscribe"].strip("<>"))
    body = message["List-Unsubscribe-Post"]
    response = site.client.post(one_click, data=body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert site.invitation(site.invited(address="kund@example.se"))["status"] == "refused"


@pytest.mark.parametrize("name", [None, "Åsa", "Anna, Bell"])
def test_an_address_outside_ascii_gets_its_mail(site: Site, post: MailServer, name: str | None) -> None:
    site.invited(is_mailed=True, address="åsa@räksmörgås.example", recipient_name=name)
    run_once(site.worker())
    assert [mail.recipients for mail in post.mails] == [["åsa@xn--rksmrgs-5wao1o.example"]]


def test_a_worker_does_everything_that_is_due_and_stops(site: Site, post: MailServer) -> None:
    settling = site.invited()
    site.clock.forward(minutes=11)
    Visitor(site, settling).stay(5)
    site.clock.forward(days=31)
    site.invited(is_mailed=True)
    run_once(site.worker())
    assert len(post.mails) == 1 and site.touches(settling) == []
    assert site.state(settling) == ("counted", "settled", 5)


def test_a_mail_returns_to_an_address_that_names_its_invitation(database: Database, post: MailServer) -> None:
    site = opened(database, MAIL_URL=post.url, MAIL_FROM="a@b.se", BOUNCE_ADDRESS="bounces@b.se")
    invited = site.invited(is_mailed=True)
    run_once(site.worker())
    [mail] = post.mails
    assert mail.sender.startswith("bounces+") and mail.message["From"].addresses[0].addr_spec == "a@b.se"
    assert site.links.read_return_address(mail.sender) == invited.id


def test_a_helpdesks_event_becomes_a_mail(site: Site, post: MailServer) -> None:
    with site.database.transaction() as session:
        hooks.add(session, "generic", "csat", "generic", "a secret of the helpdesk", {}, site.clock())
    body = {"event": "solved", "ticket": "T-1", "address": "kund@example.se", "locale": "sv"}
    headers = {"X-Surveyapp-Secret": "a secret of the helpdesk", "Host": "survey.nordlicht.example"}
    assert site.client.post("/hooks/generic", json=body, headers=headers).status_code == 202
    run_once(site.worker())
    assert post.mails == []  # the hour after the end is not over
    site.clock.forward(hours=1)
    run_once(site.worker())
    assert [mail.recipients for mail in post.mails] == [["kund@example.se"]]


# --- what the mail server says ---------------------------------------------------------------------


def test_a_recipient_who_does_not_exist_fails_for_good(site: Site, post: MailServer) -> None:
    post.refused_recipients["kund@example.se"] = "550 5.1.1 No such user"
    site.invited(is_mailed=True)
    other = site.invited(is_mailed=True, address="b@example.se")
    run_once(site.worker())
    assert [mail.recipients for mail in post.mails] == [["b@example.se"]]
    by_id = {row["id"]: row["status"] for row in site.rows(Invitation)}
    assert by_id.pop(other.id) == "sent" and set(by_id.values()) == {"failed"}
    site.clock.forward(days=4)
    run_once(site.worker())
    assert len(post.mails) == 1


def test_a_mail_that_is_not_taken_now_is_sent_later_once(site: Site, post: MailServer) -> None:
    post.refused_content = "451 4.7.1 Greylisted, try again"
    site.invited(is_mailed=True)
    run_once(site.worker())
    [(status, reason)] = statuses(site)
    assert status == "queued" and reason and "451" in reason and post.mails == []
    post.refused_content = None
    run_once(site.worker())
    assert post.mails == []  # it is not time yet
    site.clock.forward(minutes=1, seconds=6)
    run_once(site.worker())
    run_once(site.worker())
    assert statuses(site) == [("sent", None)] and len(post.mails) == 1


def test_a_connection_that_breaks_after_the_mail_is_an_unknown_that_is_not_sent_again(
    site: Site, post: MailServer
) -> None:
    post.hangs_up = True
    site.invited(is_mailed=True)
    run_once(site.worker())
    [(status, reason)] = statuses(site)
    assert status == "unknown" and reason
    post.hangs_up = False
    site.clock.forward(days=4)
    run_once(site.worker())
    assert len(post.mails) == 1


def test_without_a_mail_server_nothing_is_lost(database: Database) -> None:
    site = opened(database, MAIL_URL=f"smtp://127.0.0.1:{free_port()}?tls=none", MAIL_FROM="a@b.se")
    site.invited(is_mailed=True)
    run_once(site.worker())
    assert [status for status, _ in statuses(site)] == ["queued"]
    site.clock.forward(minutes=1, seconds=6)
    with mail_server() as server:
        run_once(site.worker(relay(server.url)))
        assert len(server.mails) == 1
    assert statuses(site) == [("sent", None)]


def test_a_server_that_refuses_the_sender_costs_two_mails_a_try_and_not_all(
    site: Site, post: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    post.refused_sender = "550 5.7.1 You may not send from here"
    for _ in range(10):
        site.invited(is_mailed=True)
    run_once(site.worker())
    assert sorted(row["attempts"] for row in site.rows(Invitation)) == [0] * 8 + [1] * 2
    assert {status for status, _ in statuses(site)} == {"queued"}
    assert "no mail goes out at present" in caplog.text and "may not send" in caplog.text


def test_reasons_never_repeat_an_address(site: Site, post: MailServer) -> None:
    post.refused_recipients["kund@example.se"] = "550 <kund@example.se> is unknown"
    site.invited(is_mailed=True)
    run_once(site.worker())
    assert "kund@" not in str(statuses(site))


# --- crashes and leases ----------------------------------------------------------------------------


def crash() -> None:
    raise SystemExit("the power went")


def test_a_worker_that_dies_before_the_mark_costs_nothing(site: Site) -> None:
    site.invited(is_mailed=True)
    with pytest.raises(SystemExit):
        site.worker(Counting(before=crash)).send_due()
    assert statuses(site) == [("sending", None)]
    site.clock.at += LEASE
    after = Counting()
    assert site.worker(after).send_due() == 1
    assert len(after.delivered) == 1 and statuses(site) == [("sent", None)]


def test_a_worker_that_dies_after_the_mark_leaves_an_unknown(site: Site) -> None:
    site.invited(is_mailed=True)
    with pytest.raises(SystemExit):
        site.worker(Counting(after=crash)).send_due()
    site.clock.at += LEASE
    after = Counting()
    site.worker(after).send_due()
    assert after.delivered == [] and [status for status, _ in statuses(site)] == ["unknown"]


def test_a_worker_whose_lease_ran_out_sends_nothing(site: Site) -> None:
    invited = site.invited(is_mailed=True)
    other = Counting()

    def dawdle() -> None:
        site.clock.at += LEASE
        site.worker(other).send_due()

    slow = Counting(before=dawdle)
    site.worker(slow).send_due()
    assert (slow.delivered, other.delivered) == ([], [invited.id])
    assert statuses(site) == [("sent", None)]


def mistake() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(("is_before_the_mark", "status"), [(True, "queued"), (False, "unknown")])
def test_a_mistake_of_ours_in_one_mail_does_not_stop_the_others(
    site: Site, is_before_the_mark: bool, status: str
) -> None:
    mistakes = iter([mistake])

    def stumble_once() -> None:
        next(mistakes, lambda: None)()

    post = Counting(before=stumble_once) if is_before_the_mark else Counting(after=stumble_once)
    first = site.invited(is_mailed=True)
    site.clock.forward(seconds=1)
    second = site.invited(is_mailed=True)
    assert site.worker(post).send_due() == 2
    assert post.delivered == [second.id]
    assert site.invitation(first)["status"] == status


def test_a_worker_is_stopped_between_two_mails(site: Site) -> None:
    for _ in range(3):
        site.invited(is_mailed=True)
    stop = Event()
    post = Counting(after=stop.set)
    assert site.worker(post).send_due(stop) == 1
    assert sorted(status for status, _ in statuses(site)) == ["queued", "queued", "sent"]


# --- mails to users --------------------------------------------------------------------------------


def colleague(site: Site, email: str = "anna@nordlicht.example", **about: str) -> str:
    with site.database.transaction() as session:
        user = users.add_user(session, email, about.pop("name", "Anna"), Role.SUPPORT, site.clock(), **about)
    return user.id


def asked(site: Site, user_id: str, kind: NoteKind = NoteKind.RESET, **detail: str) -> None:
    with site.database.transaction() as session:
        notes.ask(session, user_id, kind, site.clock(), **detail)


def outcomes(site: Site) -> list[str | None]:
    return [row["outcome"] for row in site.rows(Note)]


def text_of(post: MailServer, recipient: str = "anna@nordlicht.example") -> str:
    """The text of the one mail that this recipient got."""
    [mail] = [each for each in post.mails if each.recipients == [recipient]]
    body = mail.message.get_body(("plain",))
    assert body
    return str(body.get_content())


@pytest.mark.parametrize("kind", [NoteKind.INVITED, NoteKind.RESET])
def test_a_link_in_a_mail_sets_a_password_once(site: Site, post: MailServer, kind: NoteKind) -> None:
    user_id = colleague(site)
    asked(site, user_id, kind)
    run_once(site.worker())
    assert [mail.recipients for mail in post.mails] == [["anna@nordlicht.example"]]
    [link] = re.findall(r"https://\S+", text_of(post))
    front, _, token = link.rpartition("/")
    assert front == f"{site.settings.public_url}/admin/link"
    with site.database.transaction() as session:
        assert users.use_link(session, token, "nine blue herons at dusk", site.clock()).id == user_id
    with pytest.raises(UsedLinkError), site.database.transaction() as session:
        users.use_link(session, token, "ten red kites at dawn", site.clock())
    run_once(site.worker())
    assert len(post.mails) == 1 and outcomes(site) == ["accepted"]


@pytest.mark.parametrize("locale", ["sv", "ro", "de", "en"])
def test_every_mail_to_a_user_goes_out_in_their_language_or_the_organisations(
    database: Database, post: MailServer, locale: str
) -> None:
    site = opened(database, MAIL_URL=post.url, LOCALE=locale)
    other = {"sv": "ro", "ro": "de", "de": "en", "en": "sv"}[locale]
    own, none = colleague(site, "own@n.example", locale=other), colleague(site, "none@n.example")
    for kind in set(NoteKind) - {NoteKind.TEST}:
        asked(site, own, kind)
        asked(site, none, kind)
    run_once(site.worker())
    spoken = [(mail.recipients[0], mail.message["Content-Language"]) for mail in post.mails]
    assert sorted(spoken) == sorted(6 * [("own@n.example", other), ("none@n.example", locale)])


def test_a_test_reaches_nobody_but_the_user_and_asks_nobody(site: Site, post: MailServer) -> None:
    asked(site, colleague(site), NoteKind.TEST, survey="nps", locale="de")
    run_once(site.worker())
    assert [mail.recipients for mail in post.mails] == [["anna@nordlicht.example"]]
    assert f"{site.settings.public_url}/admin/surveys/nps/preview?lang=de" in text_of(post)
    assert site.rows(Invitation) == []


def test_a_name_full_of_markup_and_line_ends_is_no_header_and_no_link(site: Site, post: MailServer) -> None:
    user_id = colleague(site)
    with site.database.transaction() as session:  # past the checks of today
        users.find_user(session, user_id).name = "<a href=//evil.example>x</a>\r\nBcc: b@evil.example"
    asked(site, user_id)
    run_once(site.worker())
    assert [mail.recipients for mail in post.mails] == [["anna@nordlicht.example"]]
    assert b"evil" not in post.mails[0].content and post.mails[0].message["Bcc"] is None


def test_a_user_who_was_disabled_meanwhile_gets_nothing(site: Site, post: MailServer) -> None:
    gone = colleague(site)
    with site.database.transaction() as session:
        users.add_user(session, "admin@nordlicht.example", "Admin", Role.ADMIN, site.clock())
    asked(site, gone)
    with site.database.transaction() as session:
        users.disable(session, gone, site.clock())
    run_once(site.worker())
    assert post.mails == [] and outcomes(site) == ["the user is disabled"]


def test_no_link_for_a_password_stands_in_the_queue_or_the_log(
    site: Site, post: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "surveyapp")
    asked(site, colleague(site))
    run_once(site.worker())
    token = text_of(post).partition("/admin/link/")[2].split()[0]
    assert len(token) > 30
    assert token not in str(site.rows(Note)) + str(site.rows(UserToken)) + caplog.text
    assert "anna@" not in caplog.text


def test_a_mail_to_a_user_that_is_not_taken_now_goes_out_later_with_a_link_that_works(
    site: Site, post: MailServer
) -> None:
    post.refused_content = "451 4.7.1 Greylisted, try again"
    user_id = colleague(site)
    asked(site, user_id)
    run_once(site.worker())
    [outcome] = outcomes(site)
    assert post.mails == [] and outcome and "451" in outcome
    post.refused_content = None
    site.clock.forward(minutes=1)
    run_once(site.worker())
    token = text_of(post).partition("/admin/link/")[2].split()[0]
    with site.database.reading() as session:
        site.clock.forward(minutes=59)
        assert users.user_of_link(session, token, site.clock()).id == user_id


def test_a_user_whose_mailbox_is_gone_is_not_written_to_again(site: Site, post: MailServer) -> None:
    post.refused_recipients["anna@nordlicht.example"] = "550 5.1.1 <anna@nordlicht.example> unknown"
    asked(site, colleague(site))
    run_once(site.worker())
    [outcome] = outcomes(site)
    assert outcome and outcome.startswith("given up: ") and "550" in outcome and "anna@" not in outcome
    site.clock.forward(hours=2)
    assert site.worker().send_notes() == 0


@pytest.mark.parametrize("is_before_the_mark", [True, False])
def test_a_worker_that_dies_in_a_mail_to_a_user_leaves_it_to_the_next_one(
    site: Site, is_before_the_mark: bool
) -> None:
    asked(site, colleague(site))
    dying = Counting(before=crash) if is_before_the_mark else Counting(after=crash)
    with pytest.raises(SystemExit):
        site.worker(dying).send_notes()
    after = Counting()
    assert site.worker(after).send_notes() == 0
    site.clock.at += LEASE
    assert site.worker(after).send_notes() == 1
    assert [row["id"] for row in site.rows(Note)] == after.delivered and outcomes(site) == ["accepted"]


def test_a_worker_that_was_too_slow_with_a_mail_to_a_user_notes_nothing(site: Site) -> None:
    asked(site, colleague(site))
    other = Counting()

    def dawdle() -> None:
        site.clock.at += LEASE
        assert site.worker(other).send_notes() == 1

    slow = Counting(before=dawdle)
    site.worker(slow).send_notes()
    # It came twice, which does no harm; nothing was noted or sent a third time.
    assert slow.delivered == other.delivered and outcomes(site) == ["accepted"]
    assert [(row["send_at"], row["attempts"]) for row in site.rows(Note)] == [(None, 2)]


def test_no_transaction_is_open_while_a_mail_to_a_user_goes_out(
    own_database: Database, own_database_url: str
) -> None:
    site = opened(own_database)
    asked(site, colleague(site))

    def write_meanwhile() -> None:
        elsewhere = Database(own_database_url)
        with elsewhere.transaction() as session:
            note = session.scalars(select(Note).with_for_update(nowait=True)).one()
            note.detail = {"seen": "by another"}
        elsewhere.dispose()

    assert site.worker(Counting(before=write_meanwhile)).send_notes() == 1
    assert [row["detail"] for row in site.rows(Note)] == [{"seen": "by another"}]


def test_a_mistake_of_ours_in_one_mail_to_a_user_does_not_stop_the_others(site: Site) -> None:
    mistakes = iter([mistake])
    for email in ("anna@n.example", "bo@n.example"):
        asked(site, colleague(site, email))
    post = Counting(before=lambda: next(mistakes, lambda: None)())
    assert site.worker(post).send_notes() == 2
    assert len(post.delivered) == 1
    assert sorted(str(each) for each in outcomes(site)) == ["a mistake of ours; see the log", "accepted"]


def test_a_link_for_a_password_does_not_wait_behind_invitations(site: Site) -> None:
    seconds = 0.0
    user_id = colleague(site)
    mailed(site, 5)

    def take_a_while() -> None:
        nonlocal seconds
        seconds += 0.5
        if len(ours.delivered) == 1:
            asked(site, user_id)

    ours = Counting(before=take_a_while)
    worker = replace(site.worker(ours), lanes=Lanes(clock=lambda: seconds))
    assert worker.send_due() == 5
    # Asked for while the second one was under way: within a second it is on its way itself.
    [note] = site.rows(Note)
    assert ours.delivered.index(note["id"]) == 2 and len(ours.delivered) == 6


def test_the_queue_of_mails_to_users_is_looked_at_once_a_second_by_all_senders_together() -> None:
    seconds = 0.0
    lanes = Lanes(clock=lambda: seconds)
    turns = []
    for tenth in range(31):
        seconds = tenth / 10
        turns += [seconds for _sender in range(2) if lanes.take_turn_for_notes()]
    assert turns == [0, 1, 2, 3]


def test_a_relay_that_is_down_costs_two_mails_to_users_one_try_and_the_others_none(
    database: Database, post: MailServer
) -> None:
    seconds = 0.0
    site = opened(database, MAIL_URL=f"smtp://127.0.0.1:{free_port()}?tls=none", MAIL_FROM="a@b.se")
    for number in range(5):
        asked(site, colleague(site, f"k{number}@n.example"))
    mailed(site, 2)
    lanes = Lanes(clock=lambda: seconds)
    worker = replace(site.worker(), lanes=lanes)
    assert worker.send_due() == 0  # the pause holds for invitations too
    assert sorted(row["attempts"] for row in site.rows(Note)) == [0, 0, 0, 1, 1]
    assert worker.send_notes() == 0
    seconds += 1
    site.clock.forward(minutes=1)
    with relay(post.url) as back:
        assert replace(site.worker(back), lanes=lanes).send_notes() == 5


def test_mails_to_users_are_forgotten_after_a_month(site: Site, post: MailServer) -> None:
    asked(site, colleague(site))
    run_once(site.worker())
    site.clock.forward(days=31)
    run_once(site.worker())
    assert site.rows(Note) == [] and len(post.mails) == 1


# --- running ---------------------------------------------------------------------------------------


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in 30 s"
        time.sleep(0.02)


def test_a_running_worker_sends_what_comes_and_ends_when_told(own_database: Database) -> None:
    site, post, stop = opened(own_database), Counting(), Event()
    thread = Thread(target=site.worker(post).run, args=(stop,))
    thread.start()
    try:
        invited = site.invited(is_mailed=True)
        wait_for(lambda: post.delivered == [invited.id])
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_sigterm_ends_a_worker_with_every_mail_whole(
    own_database: Database, own_database_url: str, tmp_path: Path
) -> None:
    site = opened(own_database)
    site.clock.at = START
    total = len(mailed(site, 60))
    with mail_server() as server:
        given = environment(tmp_path, own_database_url, 8000, {"SURVEYAPP_MAIL_URL": server.url})
        process = Popen([COMMAND, "worker"], env=given, stdout=DEVNULL, stderr=DEVNULL)
        try:
            wait_for(lambda: len(server.mails) >= 3)
        finally:
            code = end(process, signal.SIGTERM)
        received = {mail.message["Message-ID"].strip("<>").split("@")[0] for mail in server.mails}
        assert code == 0 and len(received) == len(server.mails)
    by_status = {
        status: {r["id"] for r in site.rows(Invitation) if r["status"] == status}
        for status, _ in statuses(site)
    }
    assert by_status.keys() <= {"sent", "queued"} and by_status["sent"] == received
    assert sum(map(len, by_status.values())) == total
    assert site.rows(Answer) == []

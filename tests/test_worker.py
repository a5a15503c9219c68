"""The worker on real databases, with a real mail server: sent once, settled, purged, stopped in order."""

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Event, Thread

import pytest

from surveyapp import hooks
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.models import Answer, Invitation
from surveyapp.outbox import LEASE
from surveyapp.relay import relay
from surveyapp.worker import run_once
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


def mailed(site: Site, number: int) -> list[Invited]:
    return [site.invited(is_mailed=True) for _ in range(number)]


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

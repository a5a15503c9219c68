"""The fixtures do what the rest of the suite trusts them to do."""

import json
import smtplib
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser
from sqlalchemy import func, select, text

from surveyapp.db import Base, Database
from tests.support.chromium import fast_forward
from tests.support.databases import ThrownAway
from tests.support.processes import end
from tests.support.served import Served
from tests.support.smtp import MailServer

MAIL = "From: a@example.se\r\nTo: b@example.se\r\nSubject: =?utf-8?q?=C3=A5?=\r\n\r\nHej\r\n"


def test_what_a_test_commits_is_seen_by_it_and_then_thrown_away(database: Database) -> None:
    assert isinstance(database, ThrownAway)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE kept (n INTEGER)"))
        session.execute(text("INSERT INTO kept VALUES (1)"))
    with database.reading() as session:
        assert session.scalar(text("SELECT n FROM kept")) == 1
    database.discard()
    with database.reading() as session, pytest.raises(Exception, match="kept"):
        session.scalar(text("SELECT n FROM kept"))


def test_a_transaction_that_fails_undoes_itself_alone(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE kept (n INTEGER)"))
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        session.execute(text("INSERT INTO kept VALUES (1)"))
        raise ZeroDivisionError
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM kept")) == 0


def test_a_database_of_its_own_is_migrated_and_empty(own_database: Database) -> None:
    own_database.check()
    with own_database.reading() as session:
        for table in Base.metadata.sorted_tables:
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_the_browser_runs_scripts(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content("<p>1</p><script>document.querySelector('p').textContent = 1 + 1</script>")
    assert page.inner_text("p") == "2"
    page.close()


def test_the_browser_draws_letters(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content("<p>W</p>")
    one = page.screenshot()
    page.set_content("<p>i</p>")
    assert page.screenshot() != one
    page.close()


def test_an_hour_passes_in_the_browser_at_once(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content(
        "<p>now</p><script>setTimeout(() => document.body.textContent = 'later', 3600e3)</script>"
    )
    fast_forward(page, 3601)
    assert page.content() == "<html><head></head><body>later</body></html>"
    page.close()


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
def test_the_mail_server_keeps_what_it_receives(
    smtp_server: Callable[..., MailServer], certificate: Path, tls: str
) -> None:
    server = smtp_server(tls=tls, login=("user", "pass word"))
    with client(server, tls, certificate) as smtp:
        smtp.login("user", "pass word")
        smtp.sendmail("a@example.se", ["b@example.se"], MAIL)
    [mail] = server.mails
    assert (mail.sender, mail.recipients) == ("a@example.se", ["b@example.se"])
    assert mail.message["Subject"] == "å"
    assert mail.encrypted == (tls != "none")


def test_the_mail_server_refuses_strangers(smtp_server: Callable[..., MailServer]) -> None:
    server = smtp_server(login=("user", "word"))
    with client(server) as smtp:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login("user", "guess")
        with pytest.raises(smtplib.SMTPSenderRefused):
            smtp.sendmail("a@example.se", ["b@example.se"], MAIL)
    assert server.mails == []


def test_the_mail_server_refuses_what_it_is_told_to(smtp_server: Callable[..., MailServer]) -> None:
    server = smtp_server()
    server.refused_recipients["b@example.se"] = "550 5.1.1 No such user"
    with client(server) as smtp, pytest.raises(smtplib.SMTPRecipientsRefused):
        smtp.sendmail("a@example.se", ["b@example.se"], MAIL)
    server.refused_content = "554 5.7.1 Not wanted"
    with client(server) as smtp, pytest.raises(smtplib.SMTPDataError):
        smtp.sendmail("a@example.se", ["c@example.se"], MAIL)
    assert server.mails == []


def test_the_mail_server_hangs_up_after_it_took_the_mail(smtp_server: Callable[..., MailServer]) -> None:
    server = smtp_server()
    server.hangs_up = True
    with client(server) as smtp, pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.sendmail("a@example.se", ["b@example.se"], MAIL)
    assert len(server.mails) == 1


def test_the_app_is_served_and_ends_when_asked(
    own_database_url: str, served_app: Callable[..., Served]
) -> None:
    served = served_app(own_database_url, SURVEYAPP_COMPANY="Månsken")
    with urlopen(f"{served.url}/readyz") as response:
        assert response.status == 200
    invited = served.command("invite", "--survey", "csat", "--ticket", "T-1", "--no-mail", "--json")
    assert invited.returncode == 0, invited.stderr
    page_url = json.loads(invited.stdout)["page_url"]
    with urlopen(page_url) as response:
        assert "Månsken" in response.read().decode()
    assert end(served.process) == 0


def client(server: MailServer, tls: str = "none", certificate: Path | None = None) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=certificate)
    port = int(server.url.partition("?")[0].rpartition(":")[2])
    if tls == "implicit":
        return smtplib.SMTP_SSL("127.0.0.1", port, context=context, timeout=20)
    smtp = smtplib.SMTP("127.0.0.1", port, timeout=20)
    if tls == "starttls":
        smtp.starttls(context=context)
    return smtp

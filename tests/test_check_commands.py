"""The commands `bounces` and `check`, as scripts and operators rely on them."""

import mailbox
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dns.resolver
import pytest

from surveyapp import bounces, checks
from surveyapp.core.errors import DatabaseFailedError
from surveyapp.db import Database
from surveyapp.links import Links
from tests.support.dns import dns_server
from tests.support.imap import LOGIN, imap_server
from tests.support.processes import free_port
from tests.support.returned import BASE, bounce
from tests.support.served import SETTINGS, environment
from tests.support.smtp import MailServer
from tests.support.terminal import Terminal as Shell

LETTER = b"From: kund@example.se\nMessage-ID: <letter@example.se>\nSubject: Thanks\n\nMessage-ID: <no@no>\n"
FOREIGN = bounce("bounces@other.example", "x@other.example")


class Terminal(Shell):
    """A shell, and what a customer's mail server does."""

    def bounce(self) -> bytes:
        """Of a new customer's mail."""
        invited = self.json("invite", "--survey", "csat", "--ticket", "T-1", "--no-mail", *PERSON)
        return bounce(Links([SETTINGS["SURVEYAPP_LINK_KEYS"]]).return_address(BASE, invited["id"]), "x@y")

    def is_suppressed(self) -> bool:
        invited = self.json("invite", "--survey", "nps", "--ticket", "T-2", *PERSON)
        return bool(invited["reason"] == "bounced")


PERSON = ("--email", "kund@example.se")


@pytest.fixture
def terminal(own_database: Database, own_database_url: str, tmp_path: Path) -> Terminal:
    started = Terminal(environment(tmp_path, own_database_url, 8000, {}), own_database)
    assert started.run("db", "upgrade").exit_code == 0
    return started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "post"
    path.mkdir()
    return path


# --- bounces ---------------------------------------------------------------------------------------


def test_a_folder_is_read_and_what_was_done_is_told(terminal: Terminal, folder: Path) -> None:
    for name, raw in (("1", terminal.bounce()), ("2", FOREIGN), ("3", LETTER)):
        (folder / f"{name}.eml").write_bytes(raw)
    result = terminal.run("bounces", str(folder))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "3 mails: 1 suppressed an address, 0 were noted, 0 changed nothing, 1 concern no mail of ours.",
        "Left where it is, no bounce and no complaint: <letter@example.se>",
    ]
    assert sorted(path.name for path in folder.glob("**/*.eml")) == ["1.eml", "2.eml", "3.eml"]
    assert (folder / "3.eml").is_file() and (folder / "read" / "1.eml").is_file()
    assert terminal.is_suppressed()


def test_a_script_reads_the_same_as_json(terminal: Terminal, folder: Path) -> None:
    raw = terminal.bounce()
    for name in "12":
        (folder / f"{name}.eml").write_bytes(raw)
    (folder / "3.eml").write_bytes(b"Subject: Hello\n\nHello\n")
    assert terminal.json("bounces", str(folder)) == {
        "mails": 3,
        "suppressed": 1,
        "noted": 0,
        "nothing": 1,
        "not_ours": 0,
        "left": ["number 3, without a Message-ID"],
    }


def test_an_mbox_loses_what_was_read(terminal: Terminal, tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for raw in (terminal.bounce(), LETTER):
        box.add(raw)
    box.close()
    assert terminal.json("bounces", str(tmp_path / "box"))["suppressed"] == 1
    left = mailbox.mbox(tmp_path / "box", create=False)
    assert [message["Subject"] for message in left] == ["Thanks"]
    left.close()


@pytest.fixture
def imap(terminal: Terminal) -> Iterator[Any]:
    user, password = (quote(each, safe="") for each in LOGIN)
    mails = {4: terminal.bounce(), 7: LETTER}
    with imap_server(mails, f"imap://{user}:{password}@127.0.0.1:{{port}}/INBOX") as box:
        yield box


def test_an_imap_mailbox_is_read_from_the_environment(terminal: Terminal, imap: Any) -> None:
    summary = terminal.json("bounces", "--imap", BOUNCE_IMAP=imap.url)
    assert (summary["suppressed"], summary["left"]) == (1, ["<letter@example.se>"])
    assert imap.seen == {4}


def test_an_imap_server_that_refuses_is_one_sentence_without_a_password(
    terminal: Terminal, imap: Any
) -> None:
    imap.refuses = "SELECT"
    said = terminal.fails("bounces", "--imap", BOUNCE_IMAP=imap.url)
    assert "refused" in said and LOGIN[1] not in said and quote(LOGIN[1], safe="") not in said


def test_a_mail_is_put_aside_only_once_its_effect_is_written(
    terminal: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DatabaseFailedError("The database does not answer; try again in a moment.")

    for name in "12":
        (folder / f"{name}.eml").write_bytes(terminal.bounce() if name == "1" else FOREIGN)
    with monkeypatch.context() as patched:
        patched.setattr(bounces, "take", fail)
        assert "does not answer" in terminal.fails("bounces", str(folder))
    assert not (folder / "read").exists()
    assert terminal.json("bounces", str(folder))["suppressed"] == 1


def test_of_an_mbox_what_was_done_before_a_failure_is_taken_out(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for _ in range(3):
        box.add(FOREIGN + f"X-Number: {len(box)}\n".encode())
    box.close()
    calls = iter([None, DatabaseFailedError("The database does not answer.")])

    def second_fails(*_: object) -> None:
        if error := next(calls):
            raise error

    monkeypatch.setattr(bounces, "take", second_fails)
    terminal.fails("bounces", str(tmp_path / "box"))
    left = mailbox.mbox(tmp_path / "box", create=False)
    assert len(left) == 2
    left.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give either"),
        (("somewhere", "--imap"), "Give either"),
        (("--imap",), "SURVEYAPP_BOUNCE_IMAP is missing"),
        (("/nowhere/at/all",), "does not exist"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    terminal: Terminal, arguments: tuple[str, ...], words: str
) -> None:
    assert words in terminal.fails("bounces", *arguments)


# --- check -----------------------------------------------------------------------------------------


@pytest.fixture
def _no_dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A DNS that knows nothing, so that the test asks nobody outside."""
    with dns_server({}) as resolver:
        monkeypatch.setattr(dns.resolver, "Resolver", lambda: resolver)
        yield


@pytest.mark.usefixtures("_no_dns")
def test_a_problem_is_told_and_ends_with_1(terminal: Terminal) -> None:
    result = terminal.run("check")
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert "ok       configuration  Every setting has a value that can be used." in lines
    assert any(line.startswith("problem  spf            nordlicht.example has no SPF") for line in lines)
    assert any(line.startswith("ok       scanner") for line in lines)


@pytest.fixture
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes the most time."""
    monkeypatch.setattr(checks, "_pages", lambda *_: [])


@pytest.mark.usefixtures("_no_dns", "_no_pages")
def test_warnings_and_what_nobody_knows_end_with_0(terminal: Terminal) -> None:
    result = terminal.run("check", MAIL_FROM="surveys@localhost")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "skipped  dns" in result.stdout and "warning  relay" in result.stdout


@pytest.mark.usefixtures("_no_dns", "_no_pages")
def test_a_script_reads_every_finding(terminal: Terminal) -> None:
    findings = terminal.json("check", MAIL_FROM="surveys@localhost")
    assert all(list(each) == ["name", "level", "sentence"] for each in findings)
    assert {each["level"] for each in findings} == {"ok", "warning", "skipped"}


@pytest.mark.usefixtures("_no_dns", "_no_pages")
def test_nothing_that_is_down_shows_a_traceback_or_a_password(terminal: Terminal) -> None:
    down = f"hunter2@127.0.0.1:{free_port()}"
    result = terminal.run(
        "check", DATABASE_URL=f"postgresql+psycopg://u:{down}/x", MAIL_URL=f"smtp://u:{down}"
    )
    assert (result.exit_code, result.stderr) == (1, "")
    assert "Traceback" not in result.output and "hunter2" not in result.output
    assert "problem  database" in result.stdout and "problem  relay" in result.stdout


def test_a_wrong_setting_is_a_finding_too(terminal: Terminal) -> None:
    result = terminal.run("check", LINK_KEYS="hunter2")
    assert result.exit_code == 1 and "SURVEYAPP_LINK_KEYS" in result.stdout
    assert "hunter2" not in result.output


@pytest.mark.usefixtures("_no_dns", "_no_pages")
def test_mails_to_look_at_are_sent_on_request(
    terminal: Terminal, smtp_server: Callable[..., MailServer]
) -> None:
    server = smtp_server()
    result = terminal.run("check", "--to", "me@nordlicht.example", MAIL_URL=server.url)
    assert "ok       mails          24 mails were handed over" in result.stdout
    assert len(server.mails) == 24

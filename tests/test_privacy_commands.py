"""The commands that erase a person and tell them what is stored."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from surveyapp import privacy_commands
from surveyapp.cli import Group, main
from surveyapp.db import Database
from surveyapp.models import Answer, Invitation, Record
from surveyapp.relay import relay
from tests.support.people import Invited, Site, Visitor
from tests.support.terminal import Terminal

REF, ADDRESS = "CANARY-17", "canary@example.se"


def run(terminal: Terminal, *arguments: str, typed: str | None = None) -> Result:
    group = Group(
        commands={command.name or "": command for command in privacy_commands.COMMANDS},
        # As of the whole: a command remembers the first one that it is asked with.
        context_settings=main.context_settings,
    )
    return CliRunner().invoke(group, arguments, env=terminal.environment, input=typed)


def asked(terminal: Terminal, **about: Any) -> Invited:
    values: dict[str, Any] = {"customer_ref": REF, "address": ADDRESS, "is_mailed": True}
    return terminal.site().invited(**(values | about))


def mailed(terminal: Terminal) -> Path:
    """Send what is due into the folder; returns it."""
    site = terminal.site()
    url = terminal.environment["SURVEYAPP_MAIL_URL"]
    site.worker(relay(url)).send_due()
    return Path(url.removeprefix("file://"))


def records(site: Site) -> list[tuple[str, str, dict[str, Any]]]:
    return [(row["actor"], row["deed"], row["detail"]) for row in site.rows(Record)]


def test_erasing_asks_first_and_says_how_far_it_reaches(terminal: Terminal) -> None:
    asked(terminal)
    asked(terminal, address="canary2@example.se", is_mailed=False)
    refused = run(terminal, "erase", "--email", ADDRESS, typed="n\n")
    assert refused.exit_code == 1
    assert "invitations: 2, customer references: 1, addresses: 2." in refused.stderr
    assert {row["customer_ref"] for row in terminal.site().rows(Invitation)} == {REF}
    done = run(terminal, "erase", "--email", ADDRESS, typed="y\n")
    assert done.exit_code == 0 and "invitations: 2" in done.stdout
    assert {row["customer_ref"] for row in terminal.site().rows(Invitation)} == {None}


def test_erasing_takes_rows_and_mails_and_is_recorded_without_names(terminal: Terminal) -> None:
    invited = asked(terminal)
    folder = mailed(terminal)
    person = Visitor(terminal.site(), invited)
    person.open(4)
    person.press(4, comment="canary")
    assert [path.name for path in folder.iterdir()] == [f"{invited.id}.eml"]
    result = run(terminal, "erase", "--customer", REF, "--yes", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    counts = json.loads(result.stdout)
    assert (counts["invitations"], counts["comments"], counts["mail_files"]) == (1, 1, 1)
    assert list(folder.iterdir()) == []
    site = terminal.site()
    assert [row["comment"] for row in site.rows(Answer)] == [None]
    [(actor, deed, detail)] = records(site)
    assert (actor, deed) == ("command", "erased")
    assert detail == {name: n for name, n in counts.items() if name != "mail_files"}
    assert "canary" not in str(site.rows(Record)).lower() + result.output.lower()


def test_no_byte_of_the_person_is_left_after_the_command(terminal: Terminal) -> None:
    asked(terminal, recipient_name="Canary")
    if terminal.database.url.get_backend_name() == "postgresql":
        return
    assert run(terminal, "erase", "--customer", REF, "--yes").exit_code == 0
    path = terminal.database.url.database or ""
    files = [found for ending in ("", "-wal", "-shm") if (found := Path(path + ending)).exists()]
    assert files and not any(b"canary" in found.read_bytes().lower() for found in files)


def test_a_file_that_could_not_be_cleaned_is_told(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(terminal)
    monkeypatch.setattr(Database, "clean", lambda _: False)
    first = run(terminal, "erase", "--customer", REF, "--yes")
    again = run(terminal, "erase", "--customer", REF, "--yes")
    assert first.exit_code == again.exit_code == 0
    assert first.stderr.strip() == again.stderr.strip() == privacy_commands.NOT_CLEAN


def test_nothing_stored_is_said_and_no_mistake(terminal: Terminal, tmp_path: Path) -> None:
    erased = run(terminal, "erase", "--customer", "nobody", "--yes")
    assert (erased.exit_code, erased.stdout.strip()) == (0, privacy_commands.NOTHING)
    out = tmp_path / "out.json"
    told = run(terminal, "subject-export", "--customer", "nobody", "--out", str(out))
    assert (told.exit_code, told.stdout, told.stderr.strip()) == (0, "", privacy_commands.NOTHING)
    assert not out.exists() and terminal.site().rows(Record) == []


@pytest.mark.parametrize("command", [["erase", "--yes"], ["subject-export"]])
@pytest.mark.parametrize("whom", [[], ["--email", "nobody"], ["--customer", " "]])
def test_nobody_in_particular_is_bad_input(terminal: Terminal, command: list[str], whom: list[str]) -> None:
    result = run(terminal, *command, *whom)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_person_is_told_on_standard_output(terminal: Terminal) -> None:
    asked(terminal, recipient_name="Åsa Ţiganu")
    result = run(terminal, "subject-export", "--email", ADDRESS)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Åsa Ţiganu" in result.stdout
    [invitation] = json.loads(result.stdout)["invitations"]
    assert (invitation["address"], invitation["customer_ref"]) == (ADDRESS, REF)
    [(actor, deed, detail)] = records(terminal.site())
    assert (actor, deed, detail["invitations"]) == ("command", "subject_exported", 1)


def test_a_person_is_told_in_a_file_that_nobody_else_reads(terminal: Terminal, tmp_path: Path) -> None:
    asked(terminal, recipient_name="Åsa")
    out = tmp_path / "out.json"
    out.write_text("older, and for everybody")
    result = run(terminal, "subject-export", "--customer", REF, "--out", str(out))
    assert (result.exit_code, str(out) in result.stdout) == (0, True)
    assert json.loads(out.read_text(encoding="utf-8"))["invitations"][0]["recipient_name"] == "Åsa"
    assert out.stat().st_mode & 0o077 == 0
    unwritable = run(terminal, "subject-export", "--customer", REF, "--out", str(tmp_path / "no" / "x"))
    assert unwritable.exit_code == 2 and "cannot be written" in unwritable.stderr

"""CSV files at the command line."""

import csv
import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from surveyapp import cli, sheet_commands
from surveyapp.bulk import Summary
from surveyapp.db import Database
from surveyapp.models import Answer, Invitation
from tests.support.people import Site, opened
from tests.support.served import environment


class Terminal:
    """Runs the commands in this process, on a database of its own."""

    def __init__(self, site: Site, folder: Path, url: str) -> None:
        self.site, self.folder = site, folder
        self._environment = environment(folder, url, 8000, {})

    def write(self, text: str, name: str = "in.csv") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def invite(self, path: Path, *, survey: str | None = "csat", **changes: Any) -> Result:
        flags = {
            "is_dry_run": "--dry-run",
            "links": "--links",
            "is_json": "--json",
            "is_unmailed": "--no-mail",
        }
        changes["is_unmailed"] = not changes.pop("is_mailed", True)
        given = [flag for name, flag in flags.items() if changes.pop(name, False)]
        given += ["--survey", survey] if survey else []
        given += [part for name, value in changes.items() if value for part in (f"--{name}", str(value))]
        return self._run("invite", "--csv", str(path), *given)

    def import_answers(self, *arguments: str | Path) -> Result:
        return self._run("import-answers", *map(str, arguments))

    def _run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli.main, arguments, env=self._environment)


@pytest.fixture
def terminal(own_database: Database, own_database_url: str, tmp_path: Path) -> Terminal:
    return Terminal(opened(own_database), tmp_path, own_database_url)


def lines(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


# --- invite ----------------------------------------------------------------------------------------


def test_a_file_is_invited_and_summed_up(terminal: Terminal) -> None:
    path = terminal.write("ticket;email\nT-1;a@example.se\nT-2;A@example.se\n")
    result = terminal.invite(path)
    target = path.with_name("in.csv.result.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"2 rows: 1 queued, 1 refused, 0 bad. Reasons: quiet_period 1. Each is in {target}.\n"
    )
    assert [row[3] for row in lines(target, ";")] == ["status", "queued", "refused"]
    again = terminal.invite(path)
    assert (again.exit_code, "2 of them were known before." in again.stdout) == (0, True)
    assert len(terminal.site.rows(Invitation)) == 2


def test_bad_rows_are_named_and_end_in_1(terminal: Terminal) -> None:
    bad = "".join(f"T-{number};?;\n" for number in range(20))
    result = terminal.invite(terminal.write(f"ticket;email;fax\nT-99;a@example.se;1\n{bad}"))
    assert result.exit_code == 1
    said = result.stderr.splitlines()
    assert said[:2] == [
        'The column "fax" is ignored.',
        "Line 3: email: This is not an email address.",
    ]
    assert (len(said), said[-1]) == (12, "And 10 more, which the result file lists.")
    assert result.stdout.startswith("21 rows: 1 queued, 20 bad.")


@pytest.mark.parametrize(
    ("content", "changes", "said"),
    [
        ("", {}, "Error: The file is empty.\n"),
        ("ticket;email\n", {"survey": None}, "Error: The file lacks a column: survey. "),
        ("ticket\n", {}, "Error: The file lacks a column: email. "),
        ("ticket;email\n", {"survey": "none"}, "Error: There is no survey 'none'; "),
        ("ticket;email\n", {"links": True}, "Error: Links are handed out with --no-mail"),
        ("ticket;email\n", {"links": True, "is_mailed": False, "is_dry_run": True}, "Error: Links are "),
    ],
)
def test_a_file_of_no_use_ends_in_2_and_leaves_nothing(
    terminal: Terminal, content: str, changes: dict[str, Any], said: str
) -> None:
    result = terminal.invite(terminal.write(content), **changes)
    assert (result.exit_code, result.stdout, result.stderr[: len(said)]) == (2, "", said)
    assert not list(terminal.folder.glob("*.result.csv"))


def test_the_file_itself_is_never_written_over(terminal: Terminal) -> None:
    path = terminal.write("ticket;email\n")
    result = terminal.invite(path, result=path)
    assert (result.exit_code, path.read_text()) == (2, "ticket;email\n")
    assert "would replace the file that is read" in result.stderr


def test_a_dry_run_says_what_would_happen(terminal: Terminal) -> None:
    result = terminal.invite(terminal.write("ticket;email\nT-1;a@example.se\n"), is_dry_run=True)
    assert result.stdout.startswith("Dry run, nothing was stored. 1 rows: 1 queued, 0 bad.")
    assert terminal.site.rows(Invitation) == []


def test_links_without_mail_are_in_the_result(terminal: Terminal) -> None:
    target = terminal.folder / "links.csv"
    path = terminal.write("ticket\nT-1\n")
    terminal.invite(path, links=True, is_mailed=False, result=target)
    [header, row] = lines(target, ";")
    assert header[7:] == ["page_url", *(f"rating_{rating}_url" for rating in range(1, 6))]
    assert row[3] == "linked" and row[8] == f"{row[7]}/1"


def test_rows_may_name_surveys_of_their_own(terminal: Terminal) -> None:
    path = terminal.write("ticket,survey\nT-1,nps\nT-2,open\nT-3,\n")
    result = terminal.invite(path, links=True, is_mailed=False, is_json=True)
    header, nps, comment, _ = lines(path.with_name("in.csv.result.csv"))
    assert (header[8], header[-1]) == ("rating_0_url", "rating_10_url")
    assert all(nps[7:]) and comment[7] and not any(comment[8:])
    assert json.loads(result.stdout)["statuses"] == {"linked": 3}


def test_json_has_the_counts(terminal: Terminal) -> None:
    path = terminal.write("ticket,email,fax\nT-1,a@example.se,\nT-2,a@example.se,\nT-3,?,\n")
    result = terminal.invite(path, is_json=True)
    assert (result.exit_code, json.loads(result.stdout)) == (
        1,
        {
            "rows": 3,
            "statuses": {"queued": 1, "refused": 1},
            "reasons": {"quiet_period": 1},
            "bad": 1,
            "known_before": 0,
            "warnings": ['The column "fax" is ignored.'],
            "result": str(path.with_name("in.csv.result.csv")),
        },
    )


def test_a_person_sees_how_far_it_is(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    class Bar:
        pos = 0

        def __init__(self, **options: Any) -> None:
            self.length = options["length"]

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            assert sum(seen) == self.length

        def update(self, steps: int) -> None:
            seen.append(steps)
            self.pos += steps

    monkeypatch.setattr(sheet_commands, "_is_watched", lambda: True)
    monkeypatch.setattr(click, "progressbar", Bar)
    rows = "".join(f"T-{number},{'x' * 50}\n" for number in range(2500))
    result = terminal.invite(terminal.write(f"ticket,team\n{rows}"), is_mailed=False)
    assert (result.exit_code, len(seen), min(seen) > 0) == (0, 3, True)


# --- import-answers --------------------------------------------------------------------------------

OLD = "metric;rating;date;ticket\n"


def test_older_answers_are_imported_once(terminal: Terminal) -> None:
    path = terminal.write(f"{OLD}nps;9;2025-01-02;T-1\nnps;3;31.01.2025;T-2\n")
    result = terminal.import_answers("--csv", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("2 rows: 2 imported, 0 bad. Each is in ")
    again = terminal.import_answers("--csv", path, "--json")
    assert json.loads(again.stdout)["known_before"] == 2
    assert len(terminal.site.rows(Answer)) == 2


def test_the_order_of_slashed_dates_is_told_by_the_file_or_by_option(terminal: Terminal) -> None:
    told = terminal.write(f"{OLD}nps;9;2/1/2025;T-1\nnps;3;31/1/2025;T-2\n")
    assert terminal.import_answers("--csv", told).exit_code == 0
    untold = terminal.write(f"{OLD}nps;9;2/1/2025;T-3\n")
    assert terminal.import_answers("--csv", untold).exit_code == 1
    assert terminal.import_answers("--csv", untold, "--date-format", "m/d/y").exit_code == 0
    days = {each["ticket_ref"]: each["day"].isoformat() for each in terminal.site.rows(Invitation)}
    assert days == {"T-1": "2025-01-02", "T-2": "2025-01-31", "T-3": "2025-02-01"}


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("ticket;date\n", [], "Error: The file lacks a column: rating.\n"),
        ("ticket;rating\n", [], "Error: The file lacks a column: date. "),
        (OLD, ["--survey", "none"], "Error: There is no survey 'none'; "),
    ],
)
def test_older_answers_of_no_use_end_in_2(
    terminal: Terminal, content: str, options: list[str], said: str
) -> None:
    result = terminal.import_answers("--csv", terminal.write(content), *options)
    assert (result.exit_code, result.stdout, result.stderr[: len(said)]) == (2, "", said)


def test_metric_and_survey_by_option(terminal: Terminal) -> None:
    path = terminal.write("rating;date;ticket\n5;2025-01-02;T-1\n")
    target = terminal.folder / "result.csv"
    assert terminal.import_answers("--csv", path, "--metric", "ces", "--result", target).exit_code == 0
    assert terminal.import_answers("--csv", path, "--survey", "csat").exit_code == 0
    assert terminal.import_answers("--csv", path).exit_code == 1
    assert {each["metric"] for each in terminal.site.rows(Answer)} == {"ces", "csat"}
    assert lines(target, ";")[1][3] == "imported"


def test_nothing_read_is_summed_up_as_nothing() -> None:
    assert sheet_commands.sentence(Summary()) == "0 rows: 0 bad."

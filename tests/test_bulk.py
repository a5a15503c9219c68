"""A sheet of customers is invited, and every row has its outcome in writing."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from surveyapp import bulk, surveys
from surveyapp.bulk import CHUNK, Defaults, LinkColumns, Outcome, ResultFile, Summary, harmless
from surveyapp.core.errors import DatabaseFailedError
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.models import Invitation
from surveyapp.sheets import Row, RowError, Sheet, SheetError
from tests.support.people import START, Site, Visitor, opened, path_of

DEFAULTS = Defaults("csat")


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def row(number: int = 1, **cells: Any) -> Row:
    return Row(
        number + 1, {"ticket": f"T-{number}", "email": f"kund{number}@example.se", "date": "", **cells}, {}
    )


def run(site: Site, *rows: Row | RowError, **changes: Any) -> tuple[Summary, list[Outcome]]:
    outcomes: list[Outcome] = []
    arguments = {"defaults": DEFAULTS, "progress": outcomes.extend, **changes}
    summary = bulk.invite_rows(site.database, site.settings, rows, site.clock(), **arguments)
    return summary, outcomes


def problem(site: Site, **cells: Any) -> str | None:
    summary, [outcome] = run(site, row(**cells))
    assert (summary.bad, outcome.status) == (
        1 if outcome.problem else 0,
        "bad" if outcome.problem else "queued",
    )
    return outcome.problem


# --- inviting --------------------------------------------------------------------------------------


def test_every_cell_arrives_in_the_invitation(site: Site) -> None:
    cells: dict[str, Any] = {
        "name": "Maria Öberg",
        "customer": "C-1",
        "agent": "anna",
        "agent_name": "Anna Ö.",
        "agent_replies": "3",
        "team": "north",
        "case_type": "billing",
        "channel": "email",
        "locale": "de-AT",
        "timezone": "Europe/Bucharest",
        "occasion": "solved-1",
        "survey": "nps",
        "date": "2026-03-01",
        "send_at": "2026-03-05T09:00:00+01:00",
    }
    summary, [outcome] = run(site, replace(row(**cells), properties={"plan": "gold"}))
    [stored] = site.rows(Invitation)
    assert (summary.rows, summary.statuses, outcome.id) == (1, {Status.QUEUED: 1}, stored["id"])
    names = ("recipient_name", "customer_ref", "agent_ref", "agent_name", "team", "case_type", "channel")
    assert [stored[name] for name in names] == [
        "Maria Öberg", "C-1", "anna", "Anna Ö.", "north", "billing", "email",
    ]  # fmt: skip
    assert (stored["agent_replies"], stored["locale"], stored["timezone"]) == (3, "de", "Europe/Bucharest")
    assert (stored["survey_key"], stored["occasion"], stored["properties"]) == (
        "nps",
        "solved-1",
        {"plan": "gold"},
    )
    assert stored["ended_at"].isoformat() == "2026-03-01T11:00:00+00:00"
    assert stored["send_at"].isoformat() == "2026-03-05T08:00:00+00:00"
    assert (stored["source"], stored["address"]) == ("csv", "kund1@example.se")


def test_a_row_that_says_nothing_takes_the_defaults(site: Site) -> None:
    run(site, row(survey="", locale=""), defaults=Defaults("ces", "sv", is_mailed=False))
    [stored] = site.rows(Invitation)
    assert (stored["survey_key"], stored["locale"], stored["status"]) == ("ces", "sv", Status.LINKED)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"ticket": ""}, "ticket: This is missing."),
        ({"email": ""}, "email: This is missing."),
        ({"email": "kund@"}, "email: This is not an email address."),
        ({"survey": "none"}, "There is no survey 'none'; there are:"),
        ({"agent_replies": "many"}, "agent_replies: This must be a whole number from 0 to 100000."),
        ({"timezone": "Mars"}, "timezone: This is no time zone"),
        ({"date": "yesterday"}, "date: This must be a date"),
        ({"date": "2/3/2026"}, "date: 2/3/2026 may mean two days"),
        ({"send_at": "2027-04-01"}, "send_at: This is more than a year away."),
        ({"team": "x" * 201}, "team: This is longer than 200 characters."),
    ],
)
def test_what_is_wrong_is_said_by_field_and_nothing_is_stored(
    site: Site, cells: dict[str, Any], said: str
) -> None:
    assert (problem(site, **cells) or "").startswith(said)
    assert site.rows(Invitation) == []


def test_a_row_without_any_survey_is_bad(site: Site) -> None:
    summary, [outcome] = run(site, row(), defaults=Defaults())
    assert (summary.problems, outcome.problem) == (
        ["Line 2: survey: This is missing."],
        "survey: This is missing.",
    )


def test_a_closed_survey_takes_nobody(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", START)
    assert problem(site) == "The survey csat is closed."


def test_bad_rows_stand_in_their_place_and_cost_no_good_one(site: Site) -> None:
    rows: list[Row | RowError] = [
        row(1),
        RowError(3, "This row has 1 cells."),
        row(3, email="?"),
        row(4, email="kund1@example.se"),
        row(5),
    ]
    summary, outcomes = run(site, *rows)
    assert [(each.line, each.status, each.reason) for each in outcomes] == [
        (2, Status.QUEUED, None),
        (3, "bad", None),
        (4, "bad", None),
        (5, Status.REFUSED, Refusal.QUIET_PERIOD),
        (6, Status.QUEUED, None),
    ]
    assert (summary.rows, summary.bad, summary.again) == (5, 2, 0)
    assert summary.statuses == {Status.QUEUED: 2, Status.REFUSED: 1}
    assert summary.reasons == {Refusal.QUIET_PERIOD: 1}
    assert outcomes[3].allowed_from is not None


def test_only_the_first_problems_are_kept_in_words(site: Site) -> None:
    summary, _ = run(site, *(RowError(line, "Bad.") for line in range(2, 30)))
    assert (summary.bad, summary.problems[0], len(summary.problems)) == (28, "Line 2: Bad.", 10)


# --- the second time -------------------------------------------------------------------------------


def test_the_same_rows_again_invite_nobody_and_have_the_same_outcomes(site: Site) -> None:
    rows = [row(1), row(2), row(3, email="kund1@example.se")]
    _, first = run(site, *rows)
    site.clock.forward(days=90)
    summary, second = run(site, *rows)
    assert [replace(each, is_new=True) for each in second] == first
    assert (summary.again, len(site.rows(Invitation))) == (3, 3)


def test_other_words_for_the_same_are_the_same_and_another_date_is_not(site: Site) -> None:
    run(site, row(1))
    summary, _ = run(site, row(1, email="KUND1@example.se", name="Bo"), row(1, date="2026-03-01"))
    assert (summary.again, len(site.rows(Invitation))) == (1, 2)


def test_a_run_that_broke_off_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    rows = [row(number) for number in range(1, CHUNK + 4)]
    target = tmp_path / "result.csv"

    def breaking() -> Iterator[Row]:
        yield from rows[: CHUNK + 1]
        raise DatabaseFailedError("The database does not answer.")

    with ResultFile(target, ",") as result, pytest.raises(DatabaseFailedError):
        bulk.invite_rows(
            site.database, site.settings, breaking(), START, defaults=DEFAULTS, progress=result.write
        )
    assert len(site.rows(Invitation)) == CHUNK == len(lines(target)) - 1
    with ResultFile(target, ",") as result:
        summary, _ = run(site, *rows, progress=result.write)
    assert (summary.rows, summary.again) == (CHUNK + 3, CHUNK)
    stored = {each["id"] for each in site.rows(Invitation)}
    assert {each[2] for each in lines(target)[1:]} == stored and len(stored) == CHUNK + 3


# --- dry runs --------------------------------------------------------------------------------------


def test_a_dry_run_decides_alike_and_keeps_nothing(site: Site) -> None:
    far = CHUNK + 5
    rows = [
        *(row(number) for number in range(1, far)),
        row(far, email="kund1@example.se"),
        row(far + 1, email="?"),
    ]
    planned, outcomes = run(site, *rows, is_dry_run=True)
    assert site.rows(Invitation) == []
    assert {each.id for each in outcomes} == {None}
    done, _ = run(site, *rows)
    assert planned == done
    assert done.reasons == {Refusal.QUIET_PERIOD: 1}


def test_what_breaks_a_dry_run_is_heard(site: Site) -> None:
    def breaking(_outcomes: Sequence[Outcome]) -> None:
        raise SheetError("The disk is full.")

    with pytest.raises(SheetError, match="full"):
        run(site, row(), progress=breaking, is_dry_run=True)
    assert site.rows(Invitation) == []


# --- the result file -------------------------------------------------------------------------------


def lines(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def test_the_result_file_says_what_became_of_each_row(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "result.csv"
    with ResultFile(target, ";") as result:
        run(site, row(1), row(2, email="kund1@example.se"), row(3, email="?"), progress=result.write)
    assert target.read_bytes().startswith(b"\xef\xbb\xbfline;ticket;id;")
    header, first, second, third = lines(target, ";")
    assert tuple(header) == bulk.COLUMNS
    assert [first[0:2], first[3:]] == [["2", "T-1"], ["queued", "", "", ""]]
    assert second[3:] == ["refused", "quiet_period", "2026-04-01T09:00:00+00:00", ""]
    assert third == ["4", "T-3", "", "bad", "", "", "email: This is not an email address."]


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-5", "@cmd", "\tx", "\rx"])
def test_no_cell_starts_a_formula(tmp_path: Path, cell: str) -> None:
    target = tmp_path / "result.csv"
    with ResultFile(target, ",") as result:
        result.write([Outcome(2, cell, problem="Bad.")])
    assert lines(target)[1][1] == f"'{cell}" == harmless(cell)
    assert harmless("T-1") == "T-1"


def test_the_file_is_whole_after_each_chunk(tmp_path: Path) -> None:
    target = tmp_path / "result.csv"
    with ResultFile(target, ",") as result:
        result.write([Outcome(2, "T-1", id="one", status="queued")])
        assert lines(target)[1] == ["2", "T-1", "one", "queued", "", "", ""]


def test_a_result_file_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(
        SheetError, match=r"The result file .* cannot be written: No such file or directory\."
    ):
        ResultFile(tmp_path / "none" / "result.csv", ",")
    with pytest.raises(SheetError, match="No space left on device. What was stored stays stored"):
        with ResultFile(Path("/dev/full"), ",") as result:
            result.write([])


def test_links_open_the_page_of_their_row(site: Site, tmp_path: Path) -> None:
    columns = LinkColumns(site.settings, {"csat": range(1, 6), "nps": range(11)})
    target = tmp_path / "result.csv"
    rows = [row(1), row(2, survey="nps"), row(3, email="?")]
    with ResultFile(target, ",", columns) as result:
        run(site, *rows, defaults=Defaults("csat", is_mailed=False), progress=result.write)
    header, csat, nps, bad = lines(target)
    assert header[7:] == ["page_url", *(f"rating_{rating}_url" for rating in range(11))]
    assert [bool(cell) for cell in csat[7:]] == [True, False, *[True] * 5, *[False] * 5]
    assert all(nps[7:]) and not any(bad[7:])
    page = Visitor(site, site.of(csat[2])).follow(path_of(csat[header.index("rating_4_url")]))
    assert (page.status, page.chosen) == (200, "4")


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.LINKED}))
def test_only_who_gets_no_mail_of_ours_gets_links(site: Site, status: Status) -> None:
    columns = LinkColumns(site.settings, {"csat": range(1, 6)})
    assert columns.cells(Outcome(2, "T-1", "csat", "id", status)) == [""] * 6
    assert all(columns.cells(Outcome(2, "T-1", "csat", "id", Status.LINKED)))


def test_links_that_show_an_answer_are_not_handed_out(site: Site) -> None:
    columns = LinkColumns(site.settings, {"csat": range(1, 6)})
    answered = Outcome(2, "T-1", "csat", "id", Status.LINKED, is_answered=True)
    assert columns.cells(answered) == [""] * 6


def test_a_mail_servers_words_are_no_formula() -> None:
    assert bulk.cells(Outcome(2, "T-1", "csat", "id", Status.FAILED, "=1+1"))[4] == "'=1+1"


def test_a_sheet_feeds_it(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "kunder.csv"
    path.write_bytes("Ärende;E-post;Språk\nT-1;åsa@exämple.se;sv\nT-2;;sv\n".encode("cp1252"))
    with Sheet(path, bulk.FIELDS, ["ticket", "email"]) as sheet:
        summary, _ = run(site, *sheet.rows())
    assert (summary.statuses, summary.bad) == ({Status.QUEUED: 1}, 1)

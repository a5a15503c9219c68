"""The command, as scripts and operators rely on it."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from surveyapp import cli, preferences
from surveyapp.figures import KEYS
from surveyapp.models import Invitation, Record
from tests.support.people import Visitor, path_of
from tests.support.served import environment, surveyapp
from tests.support.terminal import Terminal

ANNA = ["--agent", "anna", "--agent-name", "Anna Åström", "--team", "north", "--case-type", "billing"]
TICKET = ["invite", "--survey", "csat", "--ticket", "T-1"]
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
SCORE_KEYS = list(KEYS)


# --- help ------------------------------------------------------------------------------------------


def commands(group: click.Group = cli.main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_every_command_of_the_issue_is_there() -> None:
    assert {" ".join(path) for path in commands()} == {
        "demo", "serve", "worker", "db", "db upgrade", "db check", "invite", "scores", "export", "held",
        "survey", "survey list", "survey show", "survey set",
        "key", "key add", "key list", "key revoke", "policy", "policy show", "policy set",
        "import-answers", "bounces", "check", "why", "cancel", "unknown", "unknown resend", "unknown give-up",
        "do-not-survey", "do-not-survey add", "do-not-survey show", "do-not-survey remove",
        "hook", "hook add", "hook list", "hook remove", "hook events",
        "erase", "subject-export",
        "user", "user add", "user list", "user link", "user disable", "user enable",
    }  # fmt: skip


@pytest.mark.parametrize("path", [(), *commands()], ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself_without_any_setting(path: tuple[str, ...], flag: str) -> None:
    result = CliRunner().invoke(cli.main, [*path, flag])
    assert result.exit_code == 0 and result.stdout.startswith("Usage:")
    described = result.stdout.split("\n\n")[1].strip()
    assert len(described) > 10 and not described.startswith("Options")


@pytest.mark.parametrize(
    "path", [("invite",), ("scores",), ("held",), ("survey", "list"), ("survey", "show")]
)
def test_every_command_that_prints_data_has_json(path: tuple[str, ...]) -> None:
    assert "--json" in CliRunner().invoke(cli.main, [*path, "--help"]).stdout


# --- invite ----------------------------------------------------------------------------------------


def test_invite_prints_links_that_work(terminal: Terminal) -> None:
    printed = terminal.json(
        *TICKET, *ANNA, "--channel", "email", "--locale", "sv", "--email", "a@example.se", "--no-mail",
        "--customer", "C-1", "--name", "Åsa", "--property", "plan=gold=yes",
    )  # fmt: skip
    assert [*printed] == [
        "id",
        "status",
        "reason",
        "allowed_from",
        "page_url",
        "rating_urls",
        "unsubscribe_url",
    ]
    assert (printed["status"], printed["reason"]) == ("linked", None)
    assert [*printed["rating_urls"]] == ["1", "2", "3", "4", "5"]
    site = terminal.site()
    invited = site.of(printed["id"])
    assert printed["page_url"] == f"http://127.0.0.1:8000{invited.path}"
    assert printed["rating_urls"]["4"] == f"http://127.0.0.1:8000{invited.path}/4"
    assert printed["unsubscribe_url"] == f"http://127.0.0.1:8000{invited.unsubscribe}"
    person = Visitor(site, invited)
    assert person.visit(path_of(printed["rating_urls"]["4"])).chosen == "4"
    row = site.invitation(invited)
    assert (row["agent_ref"], row["agent_name"], row["team"]) == ("anna", "Anna Åström", "north")
    assert (row["case_type"], row["channel"], row["locale"]) == ("billing", "email", "sv")
    assert (row["customer_ref"], row["properties"]) == ("C-1", {"plan": "gold=yes"})


def test_an_invitation_to_be_mailed_is_queued(terminal: Terminal) -> None:
    printed = terminal.json(*TICKET, "--email", "a@example.se")
    assert (printed["status"], printed["reason"]) == ("queued", None)
    assert terminal.json(*TICKET, "--no-mail")["unsubscribe_url"] is None


def test_an_open_question_has_no_rating_urls(terminal: Terminal) -> None:
    printed = terminal.json("invite", "--survey", "open", "--ticket", "T-1", "--no-mail")
    assert printed["rating_urls"] == {} and "/s/" in printed["page_url"]


def test_the_same_occasion_prints_the_same_invitation(terminal: Terminal) -> None:
    once = [*TICKET, "--no-mail", "--occasion", "solved-1"]
    assert terminal.json(*once) == terminal.json(*once, "--agent", "bert")
    assert terminal.json(*TICKET, "--no-mail")["id"] != terminal.json(*TICKET, "--no-mail")["id"]


def test_a_refusal_by_policy_is_no_failure(terminal: Terminal) -> None:
    site = terminal.site()
    site.client.post(site.invited(address="a@example.se").unsubscribe, data={"List-Unsubscribe": "One-Click"})
    printed = terminal.json(*TICKET, "--email", "A@example.se")
    assert (printed["status"], printed["reason"]) == ("refused", "unsubscribed")
    assert (printed["page_url"], printed["rating_urls"]) == (None, {})
    result = terminal.run(*TICKET, "--email", "a@example.se")
    assert result.exit_code == 0 and "unsubscribed" in result.stdout


def test_without_json_people_can_read_it(terminal: Terminal) -> None:
    said = terminal.run(*TICKET, "--no-mail").stdout
    assert "status: linked" in said and re.search(
        r"^rating_urls 5: http://127\.0\.0\.1:8000/s/\S+/5$", said, re.M
    )


BAD_INPUT: list[tuple[list[str], str]] = [
    (["invite"], "--survey"),
    (["invite", "--survey", "csat"], "--ticket"),
    ([*TICKET], "email"),
    ([*TICKET, "--email", "nobody"], "email"),
    ([*TICKET, "--email", "a@example.se\r\nBcc: b@example.se"], "email"),
    ([*TICKET, "--email", "a@example.se", "--agent", "x" * 201], "agent"),
    ([*TICKET, "--email", "a@example.se", "--team", "bell\a"], "team"),
    ([*TICKET, "--email", "a@example.se", "--agent-name", "\udcff"], "agent_name"),
    ([*TICKET, "--email", "a\udcff@example.se"], "email"),
    ([*TICKET, "--no-mail", "--property", "plan"], "--property"),
    ([*TICKET, "--no-mail", "--property", "=x"], "property"),
    (["invite", "--survey", "csat", "--ticket", "  ", "--no-mail"], "ticket"),
    (["invite", "--survey", "cast", "--ticket", "T-1", "--no-mail"], "csat, nki"),
    (["invite", "--survey", "\udcff", "--ticket", "T-1", "--no-mail"], ""),
    ([*TICKET, "--nonsense"], "--nonsense"),
    (["scores", "--metric", "cast"], "--metric"),
    (["scores", "--by", "planet"], "--by"),
    (["scores", "--by", "property"], "--by"),
    (["scores", "--property", "plan"], "--property"),
    (["scores", "--compare"], "from"),
    (["scores", "--agent", "anna"], "agent"),
    (["export", "planets", "--output", "x.csv"], "planets"),
    (["export", "scores", "--output", "x.txt"], "--format"),
    (["export", "scores", "--output", "/nowhere/x.csv"], "--output"),
    (["scores", "--from", "2026-02-30"], "--from"),
    (["scores", "--to", "yesterday"], "--to"),
    (["scores", "--locale-out", "fr"], "--locale-out"),
    (["scores", "--agent", "\udcff"], ""),
    (["survey", "show", "cast"], "csat"),
    (["survey", "set", "cast", "--mode", "confirm"], "csat"),
    (["survey", "set", "csat", "--mode", "strict"], "--mode"),
    (["survey", "set", "csat", "--also", "open"], "--also"),
    (["serve", "--port", "70000"], "--port"),
    (["nonsense"], "nonsense"),
]


def test_bad_input_is_one_message_and_exit_code_2(terminal: Terminal) -> None:
    for arguments, named in BAD_INPUT:
        said = terminal.fails(*arguments)
        assert named in said and "Traceback" not in said, arguments
    assert terminal.site().rows(Invitation) == []


def test_names_are_folded_to_one_line(terminal: Terminal) -> None:
    printed = terminal.json(*TICKET, "--no-mail", "--agent-name", "Anna\r\nBcc: all@example.se")
    site = terminal.site()
    assert site.invitation(site.of(printed["id"]))["agent_name"] == "Anna Bcc: all@example.se"


# --- scores ----------------------------------------------------------------------------------------


def answer(terminal: Terminal, survey: str, *ratings: int, **about: Any) -> None:
    site = terminal.site()
    for rating in ratings:
        person = Visitor(site, site.invited(survey, **about))
        assert person.press(rating).status == 303


def name_agents(terminal: Terminal, mode: str = "named") -> None:
    with terminal.database.transaction() as session:
        preferences.save(session, {"agent_figures": mode}, datetime.now(UTC))


def test_scores_are_printed_as_the_issue_says(terminal: Terminal) -> None:
    answer(terminal, "csat", 5, 4, 4, 3, 1)
    [row] = terminal.json("scores")
    assert [*row] == SCORE_KEYS
    assert (row["metric"], row["group"], row["n"], row["score"]) == ("csat", None, 5, 60.0)
    assert 0 < row["low"] < 60 < row["high"] < 100 and row["mean"] == pytest.approx(3.4)
    assert (row["favourable"], row["neutral"], row["unfavourable"]) == (3, 1, 1)
    assert (row["held"], row["refused"], row["withheld"]) == (0, 0, False)
    assert (row["direction"], row["invited"], row["accepted"]) == ("higher", 5, 5)
    assert row["response_rate"] == 100


@pytest.mark.parametrize(
    ("survey", "ratings", "score", "groups"),
    [
        ("nps", (10, 9, 8, 6, 0), 0, (2, 1, 2)),
        ("ces", (1, 2, 4, 7, 7), 4.2, (2, 1, 2)),
        ("ces_ease", (1, 2, 4, 7, 7), 4.2, (2, 1, 2)),
    ],
)
def test_each_metric_is_in_the_unit_of_its_headline(
    terminal: Terminal, survey: str, ratings: tuple[int, ...], score: float, groups: tuple[int, ...]
) -> None:
    answer(terminal, survey, *ratings)
    [row] = terminal.json("scores", "--metric", survey)
    assert row["score"] == pytest.approx(score)
    assert (row["favourable"], row["neutral"], row["unfavourable"]) == groups
    assert row["mean"] == (None if survey == "nps" else pytest.approx(score))


def test_a_withheld_row_keeps_its_counts_and_has_null_elsewhere(terminal: Terminal) -> None:
    answer(terminal, "csat", 5, 4, 4, 3)
    [row] = terminal.json("scores", "--metric", "csat")
    counts = {
        "metric": "csat", "n": 4, "held": 0, "refused": 0, "withheld": True,
        "direction": "higher", "invited": 4, "accepted": 4, "opened": 0, "answered": 4, "commented": 0,
        "response_rate": 100,
    }  # fmt: skip
    assert row == dict.fromkeys(SCORE_KEYS) | counts
    assert terminal.json("scores", SMALLEST_N="4")[0]["score"] == 75
    assert terminal.json("scores", "--metric", "nps")[0] == dict.fromkeys(SCORE_KEYS) | {
        "metric": "nps", "n": 0, "held": 0, "refused": 0, "withheld": False,
        "direction": "higher", "invited": 0, "accepted": 0, "opened": 0, "answered": 0, "commented": 0,
    }  # fmt: skip


def test_scores_are_broken_down_and_filtered(terminal: Terminal) -> None:
    answer(terminal, "csat", *[5] * 6, agent_ref="anna", team="north", channel="email", case_type="billing")
    answer(terminal, "csat", *[1] * 5, agent_ref="bert", team="south", locale="sv")
    by_team = terminal.json("scores", "--by", "team")
    assert [(row["group"], row["n"], row["score"]) for row in by_team] == [("north", 6, 100), ("south", 5, 0)]
    name_agents(terminal)
    assert [row["withheld"] for row in terminal.json("scores", "--by", "agent")] == [True, True]
    assert [row["withheld"] for row in terminal.json("scores", "--agent", "anna")] == [True]
    for flag, value in (("--team", "north"), ("--channel", "email"), ("--case-type", "billing")):
        assert [row["n"] for row in terminal.json("scores", flag, value)] == [6]
    assert [row["n"] for row in terminal.json("scores", "--locale", "sv")] == [5]
    [day] = terminal.json("scores", "--by", "day", TIMEZONE="Europe/Berlin")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day["group"])
    assert terminal.json("scores", "--from", day["group"], "--to", day["group"])[0]["n"] == 11
    assert terminal.json("scores", "--to", "2020-01-01") == []


TABLES = {
    "sv": ("Kundnöjdhet", "83 %"),
    "ro": ("Satisfacția", "83 %"),
    "de": ("zufriedenheit", "83 %"),
    "en": ("Customer satisfaction", "83%"),
}


@pytest.mark.parametrize("code", ["sv", "ro", "de", "en"])
def test_the_table_speaks_four_languages(terminal: Terminal, code: str) -> None:
    answer(terminal, "csat", 5, 5, 5, 4, 4, 1)
    answer(terminal, "nps", *[0] * 6)
    name, share = TABLES[code]
    said = terminal.run("scores", "--locale-out", code).stdout.replace("\N{NO-BREAK SPACE}", " ")
    assert name.lower() in said.lower() and share in said and "\N{MINUS SIGN}100" in said
    assert terminal.run("scores", LOCALE=code).stdout.replace("\N{NO-BREAK SPACE}", " ") == said


def test_a_table_says_why_there_is_no_number_and_which_way_effort_runs(terminal: Terminal) -> None:
    assert "no answers yet" in terminal.run("scores").stdout
    answer(terminal, "ces", 1, 2, 3)
    said = terminal.run("scores").stdout
    assert "not shown" in said and "lower is better" in said


def test_scores_are_broken_down_by_version_time_and_property_and_filtered_by_them(terminal: Terminal) -> None:
    answer(terminal, "csat", 5, properties={"plan": "gold"})
    answer(terminal, "csat", 1, properties={"plan": "free"})
    for by in ("week", "month", "version"):
        [row] = terminal.json("scores", "--by", by)
        assert row["n"] == 2 and row["group"]
    assert [row["group"] for row in terminal.json("scores", "--by", "property.plan")] == ["free", "gold"]
    for flags, n in ((["--property", "plan=gold"], 1), (["--version", "csat 1"], 2), (["--pressed"], 2)):
        assert [row["n"] for row in terminal.json("scores", *flags)] == [n]


def test_scores_are_compared_with_the_period_before(terminal: Terminal) -> None:
    answer(terminal, "csat", *[5, 1] * 3)
    days = ("--from", TODAY, "--to", TODAY, "--compare")
    [row] = terminal.json("scores", *days)
    assert (row["n"], row["previous_n"], row["change"]) == (6, 0, None)
    said = terminal.run("scores", *days).stdout
    assert "Change from the previous period" in said and "no comparison possible" in said
    assert "Change" not in terminal.run("scores").stdout


@pytest.mark.parametrize("mode", ["off", "pseudonymous"])
def test_agents_are_told_only_as_the_installation_wants_it(terminal: Terminal, mode: str) -> None:
    answer(terminal, "csat", 5, agent_ref="anna")
    name_agents(terminal, mode)
    said = terminal.fails("scores", "--by", "agent")
    assert len(said.strip().splitlines()) <= 2 and "anna" not in said


# --- export ----------------------------------------------------------------------------------------


def test_answers_and_figures_are_written_into_files(terminal: Terminal, tmp_path: Path) -> None:
    answer(terminal, "csat", 5, 1, team="north", agent_ref="anna", customer_ref="C-1")
    out = tmp_path / "answers.csv"
    out.write_text("old")
    assert terminal.run("export", "answers", "--output", str(out)).stdout == f"Rows written to {out}: 2.\n"
    head, *rows = out.read_text("utf-8-sig").splitlines()
    assert head.startswith("invitation_id,day,metric") and len(rows) == 2
    assert "customer_ref" in head and "agent_ref" not in head
    assert out.stat().st_mode & 0o077 == 0
    [note] = [row for row in terminal.site().rows(Record) if row["deed"] == "exported"]
    assert (note["actor"], note["detail"]) == ("command", {"what": "answers", "file": "csv", "rows": 2})

    lines = tmp_path / "scores.jsonl"
    assert terminal.run("export", "scores", "--by", "team", "--output", str(lines)).exit_code == 0
    assert [json.loads(line) for line in lines.read_text().splitlines()] == terminal.json(
        "scores", "--by", "team"
    )
    book = tmp_path / "trend.data"
    trend = ["export", "trend", "--from", TODAY, "--to", TODAY, "--format", "xlsx", "--output", str(book)]
    assert terminal.run(*trend).exit_code == 0 and book.read_bytes().startswith(b"PK")
    assert sorted(path.name for path in tmp_path.iterdir() if "answers" in path.name) == ["answers.csv"]


# --- held ------------------------------------------------------------------------------------------


def test_held_answers_are_listed_with_their_reasons(terminal: Terminal) -> None:
    assert terminal.json("held") == []
    site = terminal.site()
    machine = Visitor(site, site.invited(ticket_ref="T-9"))
    machine.open(5)
    machine.tell("seen", 5)
    machine.open(4)
    [row] = terminal.json("held")
    assert row.pop("day")
    assert row == {
        "id": machine.invited.id,
        "survey": "csat",
        "ticket": "T-9",
        "metric": "csat",
        "rating": 5,
        "reason": "several_ratings",
    }
    said = terminal.run("held").stdout
    assert "several_ratings" in said and "T-9" in said
    [figures] = terminal.json("scores")
    assert (figures["n"], figures["held"]) == (0, 1)


# --- survey ----------------------------------------------------------------------------------------


def test_surveys_are_listed(terminal: Terminal) -> None:
    rows = terminal.json("survey", "list")
    assert [row["key"] for row in rows] == ["ces", "ces_ease", "csat", "nki", "nps", "open"]
    assert rows[3] == {
        "key": "nki",
        "version": 1,
        "mode": "adaptive",
        "questions": ["nki1", "nki2", "nki3"],
        "closed": False,
    }
    assert "adaptive" in terminal.run("survey", "list").stdout


def test_a_survey_is_shown_in_every_language(terminal: Terminal) -> None:
    shown = terminal.json("survey", "show", "csat")
    assert [*shown["texts"]] == ["sv", "ro", "de", "en"]
    assert shown["texts"]["en"]["csat"]["labels"]["5"] == "Very satisfied"
    assert [*terminal.json("survey", "show", "csat", "--locale", "de")["texts"]] == ["de"]
    assert "Very satisfied" in terminal.run("survey", "show", "csat", "--locale", "en").stdout


def test_a_survey_is_set(terminal: Terminal) -> None:
    def row() -> Any:
        return next(each for each in terminal.json("survey", "list") if each["key"] == "csat")

    assert terminal.run("survey", "set", "csat", "--mode", "confirm", "--also", "nps").exit_code == 0
    assert (row()["mode"], row()["questions"], row()["version"]) == ("confirm", ["csat", "nps"], 2)
    terminal.run("survey", "set", "csat", "--mode", "default", "--also", "none", "--closed")
    assert (row()["mode"], row()["questions"], row()["closed"]) == ("adaptive", ["csat"], True)
    assert "closed" in terminal.fails(*TICKET, "--no-mail")
    terminal.run("survey", "set", "csat", "--open")
    assert terminal.json(*TICKET, "--no-mail")["status"] == "linked"


# --- database and start ----------------------------------------------------------------------------


def test_upgrading_twice_changes_nothing(terminal: Terminal) -> None:
    again = terminal.run("db", "upgrade")
    assert again.exit_code == 0 and "New survey versions" not in again.stdout
    assert terminal.run("db", "check").exit_code == 0
    assert all(row["version"] == 1 for row in terminal.json("survey", "list"))


def test_a_database_of_another_release_is_said_so(terminal: Terminal) -> None:
    with terminal.database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for command in (["db", "check"], ["scores"], ["held"], [*TICKET, "--no-mail"], ["worker", "--once"]):
        assert "surveyapp db upgrade" in terminal.fails(*command)


def test_a_missing_database_is_said_so(tmp_path: Path) -> None:
    given = environment(tmp_path, f"sqlite:///{tmp_path}/new.db", 8000, {})
    result = CliRunner().invoke(cli.main, ["scores"], env=given)
    assert result.exit_code == 2 and "db upgrade" in result.stderr


COMMANDS = [
    ["db", "upgrade"],
    ["db", "check"],
    ["worker", "--once"],
    ["serve"],
    ["scores"],
    ["held"],
    ["survey", "list"],
    [*TICKET, "--no-mail"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("LINK_KEYS", "hunter2"),
        ("HASH_KEY", ""),
        ("PUBLIC_URL", "http://example.com"),
        ("TIMEZONE", "Mars/Olympus"),
        ("DATABASE_URL", "mysql://u:hunter2@db/x"),
        ("DATABASE_URL", "postgresql://u:hunter2@db:port/x"),
        ("HOME", "/dev/null/home"),
    ],
)
def test_a_wrong_setting_stops_every_command_with_a_sentence_that_names_it(
    tmp_path: Path, command: list[str], name: str, value: str
) -> None:
    given = environment(tmp_path, f"sqlite:///{tmp_path}/x.db", 8000, {f"SURVEYAPP_{name}": value})
    result = CliRunner().invoke(cli.main, command, env=given)
    assert result.exit_code == 2
    assert f"SURVEYAPP_{name}" in result.stderr and "hunter2" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_database_that_does_not_answer_is_said_in_one_sentence(tmp_path: Path) -> None:
    url = f"postgresql://user:hunter2@/x?host={tmp_path}"
    result = CliRunner().invoke(cli.main, ["scores"], env=environment(tmp_path, url, 8000, {}))
    assert result.exit_code == 2 and "hunter2" not in result.stderr
    assert "database" in result.stderr and "Traceback" not in result.stderr


def test_the_installed_command_exits_as_it_should(tmp_path: Path) -> None:
    given = environment(tmp_path, f"sqlite:///{tmp_path}/x.db", 8000, {})
    assert surveyapp("db", "upgrade", environment=given).returncode == 0
    printed = surveyapp(*TICKET, "--email", "å@example.se", "--json", environment=given)
    assert printed.returncode == 0 and json.loads(printed.stdout)["status"] == "queued"
    refused = surveyapp(*TICKET, "--email", "nobody", environment=given)
    assert refused.returncode == 2 and "email" in refused.stderr and "Traceback" not in refused.stderr
    assert surveyapp("worker", "--once", environment=given).returncode == 0
    assert len([*(tmp_path / "mail").glob("*.eml")]) == 1

"""Who downloads what, and what the reply says of itself."""

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener, urlopen

import pytest
from sqlalchemy import text

from surveyapp import exports, markers, surveys, targets
from surveyapp.core.access import AgentFigures, Permission, Role
from surveyapp.core.deeds import Deed
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.models import Record
from tests.support.people import START, Clock, Site, opened
from tests.support.postgres import Server
from tests.support.served import Served
from tests.support.staff import PASSWORD, account, staff
from tests.test_exports import give, of_csv, of_xlsx
from tests.web.admin.test_comments import prefer

MARCH = "from=2026-03-01&to=2026-03-31"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, SMALLEST_N="1", SMALLEST_N_AGENT="1")


@pytest.fixture
def given(site: Site) -> Site:
    about = {"agent_ref": "anna", "agent_name": "Anna", "team": "Nord", "customer_ref": "C-17"}
    give(site, 5, "Tack!", **about)
    give(site, 1, "=1+1", team="Syd")
    return site


def notes(site: Site) -> list[Any]:
    return [row["detail"] for row in site.rows(Record) if row["deed"] == Deed.EXPORTED]


def test_a_leader_downloads_answers_and_that_is_noted(given: Site) -> None:
    page = staff(given, Role.LEADER).get(f"/export/answers.csv?{MARCH}")
    assert page.status == 200 and page.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = "surveyapp-answers-2026-03-01-2026-03-31.csv"
    assert page.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert page.headers["Cache-Control"] == "no-store"
    assert int(page.headers["Content-Length"]) == len(page.response.data)
    head, *rows = of_csv(page.response.data)
    assert sorted(row[head.index("comment")] for row in rows) == ["'=1+1", "Tack!"]
    assert "customer_ref" not in head
    assert notes(given) == [{"what": "answers", "file": "csv", "rows": 2}]


@pytest.mark.parametrize(
    ("role", "answers", "figures"),
    [(Role.ADMIN, 200, 200), (Role.LEADER, 200, 200), (Role.VIEWER, 403, 200), (Role.SUPPORT, 403, 403),
     (Role.AGENT, 403, 403)],
)  # fmt: skip
def test_each_role_gets_what_it_may(given: Site, role: Role, answers: int, figures: int) -> None:
    given.clock.forward(days=60)
    person = staff(given, role)
    assert person.get("/export/answers.jsonl").status == answers
    for table in ("scores", "trend", "response"):
        assert person.get(f"/export/{table}.jsonl?period=last-month").status == figures
    assert len(notes(given)) == (answers == 200)


def test_what_was_taken_from_somebody_is_no_column(given: Site) -> None:
    person = staff(given, Role.LEADER, allowed={Permission.COMMENTS: False})
    text = person.get(f"/export/answers.jsonl?{MARCH}").response.text
    assert "Tack" not in text and "comment" not in text
    own = staff(given, Role.LEADER, teams=["Syd"], allowed={Permission.CUSTOMERS: True})
    [row] = [
        json.loads(line) for line in own.get(f"/export/answers.jsonl?{MARCH}").response.text.splitlines()
    ]
    assert row["team"] == "Syd" and "customer_ref" in row


@pytest.mark.parametrize("mode", list(AgentFigures))
def test_agents_stand_beside_tickets_only_where_they_are_named(given: Site, mode: AgentFigures) -> None:
    prefer(given, agent_figures=mode)
    person, is_named = staff(given, Role.ADMIN), mode is AgentFigures.NAMED
    for form in ("csv", "jsonl"):
        page = person.get(f"/export/answers.{form}?{MARCH}")
        assert ("anna" in page.response.text.lower()) == is_named
    wanted = person.get(f"/export/answers.csv?{MARCH}&agent=anna")
    assert wanted.status == (200 if is_named else 422)


def test_a_workbook_has_headings_in_the_readers_language_and_other_files_have_keys(given: Site) -> None:
    person = staff(given, Role.LEADER)

    def headings(query: str) -> list[str]:
        head, *_ = of_xlsx(person.get(f"/export/scores.xlsx?{MARCH}{query}").response.data)
        return [text for _, text in head.values()]

    assert headings("")[:3] == ["Metric", "Group", "Answers"]
    assert headings("&headers=keys")[:3] == ["metric", "group", "n"]
    assert of_csv(person.get(f"/export/scores.csv?{MARCH}").response.data)[0][:3] == ["metric", "group", "n"]
    words = person.get(f"/export/scores.csv?{MARCH}&headers=words").response.data
    assert of_csv(words)[0][:3] == ["Metric", "Group", "Answers"]


def test_figures_are_those_of_the_filter_and_can_be_compared(given: Site) -> None:
    person = staff(given, Role.LEADER)
    page = person.get(f"/export/scores.jsonl?{MARCH}&by=team&compare=previous")
    rows = [json.loads(line) for line in page.response.text.splitlines()]
    assert [(row["group"], row["n"], row["score"]) for row in rows] == [("Nord", 1, 100), ("Syd", 1, 0)]
    assert [row["previous_n"] for row in rows] == [0, 0]
    trend = person.get("/export/trend.csv?from=2026-03-01&to=2026-03-03&grain=day").response.data
    assert len(of_csv(trend)) == 4
    assert notes(given) == []


@pytest.mark.parametrize(
    "query", ["metric=cast", "from=2026-03-05&to=2026-03-01", "by=planet", f"{MARCH}&by=day&compare=previous"]
)
def test_what_cannot_be_used_makes_no_file(given: Site, query: str) -> None:
    page = staff(given, Role.LEADER).get(f"/export/scores.csv?{query}")
    assert page.status == 422 and "Content-Disposition" not in page.headers
    assert page.heading == "This file cannot be made"


def test_there_are_three_formats_and_no_other(given: Site) -> None:
    person = staff(given, Role.LEADER)
    for form in ("csv", "xlsx", "jsonl"):
        assert person.get(f"/export/answers.{form}?{MARCH}").status == 200
    assert person.get("/export/answers.exe").status == 404
    assert person.get("/export/answers").status == 404


def test_a_failure_in_the_middle_is_an_error_and_never_a_shorter_file(
    given: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    page, calls = exports._page, []

    def failing(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise ConnectionError("gone")
        return page(*arguments)

    monkeypatch.setattr(exports, "_page", failing)
    found = staff(given, Role.LEADER).get(f"/export/answers.csv?{MARCH}")
    assert (found.status, len(calls)) == (500, 2) and "Content-Disposition" not in found.headers
    assert notes(given) == []


def test_asking_for_the_head_of_a_file_makes_none_and_notes_nothing(
    given: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_arguments: Any, **_named: Any) -> int:
        raise AssertionError("a file was made")

    for name in ("write_answers", "table"):
        monkeypatch.setattr(exports, name, never)
    person = staff(given, Role.LEADER)
    for path in ("/export/answers.csv", "/export/scores.csv", "/export/comments.csv"):
        page = person._send("HEAD", f"{path}?{MARCH}", None, {})
        assert page.status == 200 and "Content-Disposition" in page.headers
        # Nobody knows how long it would be.
        assert "Content-Length" not in page.headers and page.response.data == b""
    assert notes(given) == []


# --- tables of the further pages -------------------------------------------------------------------

TABLES = ("change", "target", "both", "unconvinced", "agents", "markers", "comments")


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        (Role.LEADER, {}, set()),
        (Role.LEADER, {Permission.COMMENTS: False}, {"comments"}),
        (Role.VIEWER, {}, {"change", "target", "both", "unconvinced", "comments"}),
        (Role.SUPPORT, {}, set(TABLES)),
        (Role.AGENT, {}, set(TABLES)),
    ],
)
def test_each_table_is_for_who_sees_its_page(
    given: Site, role: Role, allowed: dict[Permission, bool], refused: set[str]
) -> None:
    given.clock.forward(days=60)
    person = staff(given, role, allowed=allowed)
    said = {
        table: person.get(f"/export/{table}.csv?metric=csat&period=last-month").status for table in TABLES
    }
    assert {table for table, status in said.items() if status == 403} == refused
    # Figures of agents are not to be had for somebody who sees none.
    assert set(said.values()) <= {200, 403, 422}


def test_what_pages_offer_to_download_is_what_they_show(given: Site) -> None:
    with given.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], given.clock())
    given.clock.forward(days=7)
    give(given, 5, "Never again", further={"nps": 1}, ticket_ref="T-torn", agent_ref="anna", team="Nord")
    prefer(given, agent_figures=AgentFigures.NAMED)
    person = staff(given, Role.LEADER)
    with given.database.transaction() as session:
        targets.set_target(session, person.viewer.id, Metric.CSAT, 90, "Agreed", given.clock())
        markers.add(session, given.settings, person.viewer, given.clock().date(), "Menu", given.clock())
    about = "period=7d&metric=csat"
    expected = {
        f"/figures/act?{about}&by=team": ("change", '"together": 50.0'),
        f"/figures/act?{about}&by=team&view=target": ("target", '"distance_part": 10.0'),
        f"/figures/both?{about}": ("both", '"nps_group": "unfavourable"'),
        f"/figures/both?{about}&": ("unconvinced", "T-torn"),
        f"/figures/agents?{about}": ("agents", '"group": "anna"'),
        f"/figures/comments?{about}": ("comments", "Never again"),
    }
    for path, (table, word) in expected.items():
        page = person.get(path).response.text
        [link] = {each for each in re.findall(r'href="([^"]*)"', page) if f"/export/{table}.jsonl" in each}
        found = person.get(link.replace("&amp;", "&"))
        assert found.status == 200 and word in found.response.text, (table, found.response.text)
    assert "Menu" in person.get(f"/export/markers.csv?{about}").response.text
    assert sorted(note["what"] for note in notes(given)) == ["comments", "unconvinced"]


def test_under_pseudonyms_the_file_of_agents_has_the_figures_of_the_page_and_no_more(
    database: Database,
) -> None:
    site = opened(database, SMALLEST_N="3", SMALLEST_N_AGENT="3")
    prefer(site, agent_figures=AgentFigures.PSEUDONYMOUS)
    for number in range(6):
        for agent in ("anna", "erik"):
            give(site, 5 if number % 3 else 1, agent_ref=agent, case_type="move", team="Nord")
    site.clock.at = START + timedelta(days=45)
    person = staff(site, Role.LEADER)
    query = f"{MARCH}&metric=csat"
    text = person.get(f"/export/agents.jsonl?{query}").response.text
    rows = [json.loads(line) for line in text.splitlines()]
    page = person.get(f"/figures/agents?{query}").words
    assert len(rows) == 2 and "anna" not in text
    for row in rows:
        assert row["group"] in page and f"{row['score']:.0f}% satisfied" in page
        # 4 of 6, as the page rounds it.
        assert (row["n"], row["score"]) == (6, 67) and row["low"] == int(row["low"])
        assert row["left_on"] is None and row["change"] is None
    for narrower in ("team=Nord", "case_type=move"):
        assert person.get(f"/export/agents.csv?{query}&{narrower}").status == 422
    assert person.get("/export/agents.csv?from=2026-03-02&to=2026-03-05&metric=csat").status == 422


# --- over the real server --------------------------------------------------------------------------


def test_a_long_export_keeps_no_customer_waiting_and_arrives_whole(
    postgres: Server, served_app: Callable[..., Served]
) -> None:
    url = postgres.clone()
    running = served_app(url)
    database = Database(url)
    site = opened(database, Clock(datetime.now(UTC)), PUBLIC_URL=running.url)
    for number in range(30):
        give(site, 1 + number % 5, f"Å {number}")
    customer = site.invited("csat")
    account(site, Role.LEADER, password=PASSWORD, email="leader@nordlicht.example")
    browser = logged_in_at(running.url)
    try:
        with ThreadPoolExecutor(1) as pool, database.engine.connect() as blocker:
            # The export notes itself in the log at its end, and so lasts until the log is free.
            blocker.execute(text("LOCK TABLE records IN ACCESS EXCLUSIVE MODE"))
            export = pool.submit(fetched, browser, f"{running.url}/admin/export/answers.csv?period=7d")
            try:
                until_somebody_waits(database)
                with urlopen(f"{running.url}{customer.path}", timeout=20) as page:
                    assert page.status == 200 and b"<form" in page.read()
                assert not export.done()
            finally:
                blocker.rollback()
            headers, content = export.result(timeout=20)
    finally:
        database.dispose()
    assert int(headers["Content-Length"]) == len(content)
    head, *rows = of_csv(content)
    assert sorted(row[head.index("comment")] for row in rows) == sorted(f"Å {n}" for n in range(30))


def logged_in_at(url: str) -> OpenerDirector:
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{url}/admin/login", timeout=20).read().decode()
    [token] = set(re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page))
    form = {"csrf_token": token, "email": "leader@nordlicht.example", "password": PASSWORD}
    with browser.open(f"{url}/admin/login", urlencode(form).encode(), timeout=20) as reply:
        assert "/login" not in reply.url, reply.read().decode()
    return browser


def fetched(browser: OpenerDirector, url: str) -> tuple[Any, bytes]:
    reply: HTTPResponse
    with browser.open(url, timeout=60) as reply:
        return reply.headers, reply.read()


def until_somebody_waits(database: Database) -> None:
    """Until a transaction waits for a lock in this database."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with database.reading() as session:
            if session.scalar(waiting):
                return
        time.sleep(0.02)
    raise AssertionError("The export never came to the log.")

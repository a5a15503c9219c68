"""What pages with figures read from their address, and what they offer to choose."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from surveyapp.core.access import AgentFigures, Reader, Role
from surveyapp.core.periods import Grain, Period, Preset
from surveyapp.figure_words import Running
from surveyapp.selecting import By, Dimension, Filter
from surveyapp.web.admin import filters
from surveyapp.web.admin.filters import Chosen
from tests.support.databases import SqliteFiles, ThrownAway
from tests.support.people import HOST, Page, Site, opened
from tests.support.staff import Staff, staff
from tests.test_reports import Given, store

NOW = datetime(2026, 3, 25, 9, tzinfo=UTC)
LONG = "x" * 400
LEADER = Reader(None, False, AgentFigures.OFF)


@pytest.fixture(scope="module")
def site(sqlite: SqliteFiles) -> Iterator[Site]:
    """What is counted is tested on both databases elsewhere."""
    made = ThrownAway(sqlite.clone())
    site = opened(made)
    about: dict[str, Any] = {"at": NOW - timedelta(days=2), "team": "Nord"}
    store(site, [Given("csat", (5,), **about)] * 6 + [Given("csat", (2,), **about)] * 2)
    store(site, [Given("ces", (2,), at=NOW, team="Syd")] * 3)
    site.clock.at = NOW
    yield site
    made.dispose()


@pytest.fixture(scope="module")
def leader(site: Site) -> Staff:
    return staff(site, Role.LEADER)


def chosen(preset: Preset | None, period: Period) -> Chosen:
    return Chosen(Filter(), period, preset, Grain.DAY, None, LEADER, "")


def metrics_of(page: Page) -> list[str]:
    """The metrics to choose from."""
    listed = page.text.split('id="f-metric"')[1].split("</select>")[0]
    return [value for value in re.findall(r'value="([^"]*)"', listed) if value]


def links(page: Page) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]*)"', page.text)]


def in_request(app: Flask) -> Any:
    return app.test_request_context("/admin/figures", base_url=HOST)


@pytest.mark.parametrize(
    ("preset", "first", "last", "running"),
    [
        (Preset.THIS_MONTH, date(2026, 3, 1), date(2026, 3, 25), Running(25, 6)),
        (Preset.THIS_WEEK, date(2026, 3, 23), date(2026, 3, 25), Running(3, 4)),
        (None, date(2026, 3, 24), date(2026, 3, 30), Running(2, 5)),
        (None, date(2026, 3, 1), date(2026, 3, 24), None),
        (Preset.LAST_30, date(2026, 2, 24), date(2026, 3, 25), None),
        (Preset.LAST_MONTH, date(2026, 2, 1), date(2026, 2, 28), None),
    ],
)
def test_a_period_runs_until_its_unit_of_the_calendar_or_its_last_day_is_over(
    site: Site, preset: Preset | None, first: date, last: date, running: Running | None
) -> None:
    with in_request(site.app):
        assert filters.running(chosen(preset, Period(first, last))) == running


def test_what_is_left_is_said_only_where_it_lies_within_the_period(leader: Staff) -> None:
    # 3 of 5 on the first of seven days; on the last one nobody can say.
    running = leader.get("/figures?from=2026-03-25&to=2026-03-31&metric=ces").words
    assert "3 of 5 answers, about 1 day left" in running
    over = leader.get("/figures?from=2026-03-20&to=2026-03-25&metric=ces").words
    assert "not shown (3 of 5 answers)" in over and "answers, about" not in over


def test_a_switch_is_on_only_when_it_says_so(leader: Staff) -> None:
    for said, is_on in (("1", True), ("true", True), ("false", False), ("0", False), ("", False)):
        pill = '<span class="pill">only answers that a person confirmed</span>'
        assert (pill in leader.get(f"/figures?pressed={said}").text) is is_on


def test_only_metrics_that_the_readers_teams_were_asked_for_are_offered(site: Site, leader: Staff) -> None:
    assert metrics_of(leader.get("/figures")) == ["csat", "ces"]
    assert metrics_of(staff(site, Role.LEADER, teams=["Syd"]).get("/figures")) == ["ces"]


@pytest.mark.parametrize(
    ("by", "value", "changes"),
    [
        (By(Dimension.PROPERTY, "plan"), "a=b", {"property": "plan=a=b"}),
        (By(Dimension.PROPERTY, "plan"), LONG, {"property": f"plan={LONG}"}),
        (By(Dimension.PROPERTY, "plan"), "x" * 500, {}),
        (By(Dimension.PROPERTY, "a=b"), "gold", {}),
        (By(Dimension.TEAM), LONG, {}),
        (By(Dimension.TEAM), None, {}),
        (By(Dimension.DAY), "2026-03-01", {}),
    ],
)
def test_a_group_can_be_chosen_only_where_an_address_can_say_it(
    site: Site, by: By, value: str | None, changes: dict[str, str]
) -> None:
    about = chosen(Preset.LAST_30, Period(date(2026, 2, 24), date(2026, 3, 25)))
    assert filters.of_group(about, by, value) == changes


def test_a_long_value_of_a_property_is_read_back(leader: Staff) -> None:
    assert 'role="alert"' not in leader.get(f"/figures?property=plan={LONG}").text
    assert 'role="alert"' in leader.get(f"/figures?property=plan={'x' * 500}").text


def test_the_groups_of_an_overview_bar_lead_to_their_answers(site: Site, leader: Staff) -> None:
    page = leader.get("/figures?period=7d&metric=csat")
    for group, words in (("favourable", "satisfied"), ("unfavourable", "dissatisfied")):
        way = f"/admin/figures/answers?period=7d&metric=csat&group={group}"
        assert way in links(page) and words in page.words
    # Nobody was neutral.
    assert not [each for each in links(page) if "group=neutral" in each]
    viewer = staff(site, Role.VIEWER).get("/figures")
    assert not [each for each in links(viewer) if "group=" in each]


def test_the_direction_stands_behind_the_heading_of_a_breakdown(leader: Staff) -> None:
    page = leader.get("/figures/breakdown?period=7d&metric=ces&by=team")
    assert "(CES) by team lower is better" in page.words


def test_the_worst_group_stays_on_top_when_another_metric_is_chosen(leader: Staff) -> None:
    def kept(sort: str, metric: str) -> list[str]:
        page = leader.get(f"/figures/breakdown?period=7d&metric={metric}&sort={sort}")
        return re.findall(r'<input type="hidden" name="sort" value="([^"]*)"', page.text)

    assert kept("score", "csat") == [] and kept("-score", "ces") == []
    assert kept("-score", "csat") == ["-score"] and kept("n", "csat") == ["n"]


def test_the_list_of_markers_says_which_day_of_an_answer_counts(site: Site, leader: Staff) -> None:
    said = "Scores go by the day of the answer."
    assert said not in leader.get("/figures/markers").words
    assert leader.post("/figures/markers", day="2026-03-02", words="New menu").status == 303
    assert said in leader.get("/figures/markers").words

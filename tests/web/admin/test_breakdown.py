"""The page that divides one metric by team, case type and so on."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from surveyapp import preferences, reports
from surveyapp.core.access import AgentFigures, Role, operator
from surveyapp.core.scales import Metric
from surveyapp.figure_words import headline
from surveyapp.i18n import language
from surveyapp.selecting import By, Dimension, Filter
from tests.support.databases import SqliteFiles, ThrownAway
from tests.support.people import Page, Site, opened
from tests.support.staff import Staff, staff
from tests.test_reports import Given, store

NOW = datetime(2026, 4, 6, 8, tzinfo=UTC)
FEBRUARY, MARCH = (datetime(2026, month, 10, 9, tzinfo=UTC) for month in (2, 3))
PATH = "/figures/breakdown?from=2026-03-01&to=2026-03-31"
BILLING = "Billing <b>& more</b>"


def csat(case_type: str, good: int, bad: int, at: datetime = MARCH, **about: Any) -> list[Given]:
    given = {"at": at, "case_type": case_type, **about}
    return [Given("csat", (5,), **given)] * good + [Given("csat", (2,), **given)] * bad


@pytest.fixture(scope="module")
def site(sqlite: SqliteFiles) -> Iterator[Site]:
    """What is counted, and for whom, is tested on both databases by those who count."""
    made = ThrownAway(sqlite.clone())
    site = opened(made)
    store(site, csat(BILLING, 12, 18, FEBRUARY, team="South"))
    store(site, csat("Moving house", 8, 22, team="North", agent="a-1"))
    store(site, csat(BILLING, 27, 3, team="South", agent="a-2"))
    store(site, csat("Delivery", 12, 8, team="South"))
    store(site, csat("Rare", 0, 3, team="South"))
    store(site, [Given("csat", (1,), state="held", at=MARCH, case_type="Delivery")])
    ces = [("Hard", 7), ("Easy", 1)]
    store(site, [Given("ces", (rating,), at=MARCH, case_type=name) for name, rating in ces] * 6)
    site.clock.at = NOW
    yield site
    made.dispose()


@pytest.fixture(scope="module")
def leader(site: Site) -> Staff:
    return staff(site, Role.LEADER)


@pytest.fixture(scope="module")
def viewer(site: Site) -> Staff:
    return staff(site, Role.VIEWER)


def name_agents(site: Site, mode: AgentFigures) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": mode}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


def rows(page: Page) -> dict[str, str]:
    """The words of each row behind its name, in the order of the page."""
    table = page.response.text.partition('<table class="sheet groups"')[2].partition("</table>")[0]
    found = {}
    for row in table.split("<tr")[2:]:
        name, _, cells = row.partition("</th>")
        found[words(f"<{name}")] = words(cells)
    return found


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def link(page: Page, words: str) -> str:
    """Where the link with these words leads."""
    found = re.search(rf'<a href="([^"]*)"[^>]*>(?:<span class="hide">)?\s*{re.escape(words)}', page.text)
    assert found, page.text
    return found[1]


def test_the_worst_case_type_is_the_first_row_of_the_page(leader: Staff) -> None:
    page = leader.get(PATH)
    assert list(rows(page)) == ["Moving house", "Delivery", BILLING, "Rare", "All answers"]
    assert "Customer satisfaction (CSAT) by case type" in page.words
    assert "Demonstrably worse than the others: Moving house." in page.words
    assert page.response.text.count("aria-sort") == 1
    assert re.search(r'aria-sort="ascending">\s*<a href="[^"]*sort=-score[^"]*">Score', page.response.text)


def test_a_row_says_how_sure_it_is_and_what_it_is_compared_with(leader: Staff) -> None:
    found = rows(leader.get(PATH))
    assert found["Moving house"] == (
        "Answers of Moving house: 30 27% satisfied 14% to 44% "
        "no comparison possible worse than the others: −46.9 percentage points 100% 0"
    )
    assert "better: +50.0 percentage points" in found[BILLING]
    assert "not distinguishable from the average" in found["Delivery"]
    assert found["Delivery"].endswith(" 1"), "held"
    assert found["All answers"].startswith("Answers of All answers: 83 57% satisfied")
    assert "others" not in found["All answers"]


def test_too_few_answers_show_no_figure(leader: Staff) -> None:
    page = leader.get(PATH)
    assert rows(page)["Rare"] == "Answers of Rare: 3 not shown (3 of 5 answers) 100% 0"
    assert "A score is shown from 5 answers on." in page.words
    running = leader.get("/figures/breakdown?period=30d")
    assert "3 of 5 answers" in rows(running)["Rare"] and "%" not in rows(running)["Rare"].split("100%")[0]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-score", [BILLING, "Delivery", "Moving house", "Rare"]),
        ("n", ["Rare", "Delivery", BILLING, "Moving house"]),
        ("-group", ["Rare", "Moving house", "Delivery", BILLING]),
        # Only billing has a period before.
        ("change", [BILLING, "Delivery", "Moving house", "Rare"]),
        ("nonsense", ["Moving house", "Delivery", BILLING, "Rare"]),
    ],
)
def test_the_rows_are_ordered_as_the_address_says(leader: Staff, sort: str, order: list[str]) -> None:
    assert list(rows(leader.get(f"{PATH}&sort={sort}")))[:-1] == order


def test_the_highest_effort_comes_first(leader: Staff) -> None:
    page = leader.get(f"{PATH}&metric=ces")
    assert list(rows(page)) == ["Hard", "Easy", "All answers"]
    assert 'aria-sort="descending"' in page.response.text
    assert "Customer effort (CES) by case type lower is better" in page.words


def test_a_group_leads_to_its_own_breakdown_and_to_its_answers(leader: Staff) -> None:
    page = leader.get(f"{PATH}&team=South")
    assert "Moving house" not in rows(page)
    narrowed = link(page, BILLING)
    assert "by=channel" in narrowed and "team=South" in narrowed
    assert list(rows(leader.get(narrowed))) == ["not stated", "All answers"]
    assert rows(leader.get(narrowed))["All answers"].startswith("Answers of All answers: 30 90% satisfied")
    behind = link(page, f"Answers of {BILLING}:")
    assert behind.startswith("/admin/figures/answers?") and "team=South" in behind and "metric=csat" in behind
    assert leader.get(behind).status == 200


def test_the_page_shows_what_all_other_places_show(site: Site, leader: Staff) -> None:
    found = rows(leader.get(f"{PATH}&by=team"))
    chosen = Filter(Metric.CSAT, NOW.date().replace(month=3, day=1), NOW.date().replace(month=3, day=31))
    with site.database.reading() as session:
        by, reader = By(Dimension.TEAM), operator(AgentFigures.NAMED)
        figures = reports.scores(session, site.settings, reader, chosen, by, now=NOW)
    told = {
        each.group or "not stated": f"{each.n} {headline(language('en'), each.score)}"
        for each in figures
        if each.score
    }
    assert told.keys() == {"North", "South"}
    for group, said in told.items():
        assert found[group].startswith(f"Answers of {group}: {said}")


def test_names_of_groups_are_shown_as_they_were_written(leader: Staff) -> None:
    page = leader.get(f"{PATH}&by=property.%3Cb%3E")
    assert "by &lt;b&gt;" in page.response.text
    for html in (page.response.text, leader.get(PATH).response.text):
        assert "<b>" not in html


def test_agents_are_a_dimension_only_where_they_are_named(site: Site, leader: Staff) -> None:
    name_agents(site, AgentFigures.NAMED)
    assert rows(leader.get(f"{PATH}&by=agent"))["a-1"].startswith("Answers of a-1: 30 27% satisfied")
    for mode in (AgentFigures.PSEUDONYMOUS, AgentFigures.OFF):
        name_agents(site, mode)
        page = leader.get(f"{PATH}&by=agent")
        assert page.alert == "Figures about agents are not available here."
        assert "a-1" not in page.text and "Moving house" in rows(page)
    name_agents(site, AgentFigures.PSEUDONYMOUS)


@pytest.mark.parametrize("by", ["week", "property", "nonsense"])
def test_what_is_no_dimension_is_said_to_be_none(leader: Staff, by: str) -> None:
    page = leader.get(f"{PATH}&by={by}")
    assert page.alert == "This is not known." and "Moving house" in rows(page)


def test_a_viewer_sees_the_groups_of_a_closed_month_and_no_way_to_answers(viewer: Staff) -> None:
    page = viewer.get("/figures/breakdown")
    found = rows(page)
    assert "1 March 2026 to 31 March 2026" in page.words
    assert found["Moving house"].startswith("30 27% satisfied")
    assert "3 not shown (3 of 5 answers)" in found["Rare"]
    assert "/admin/answers" not in page.text and 'name="team"' not in page.text
    assert "last-week" not in page.text
    # What is withheld could be told from all others together.
    assert "others:" not in page.words
    narrowed = link(page, "Moving house")
    assert narrowed.startswith("/admin/figures?") and "case_type=Moving+house" in narrowed


def test_a_viewer_divides_figures_in_one_way_at_a_time(viewer: Staff) -> None:
    page = viewer.get(f"{PATH}&team=North&by=case_type")
    assert page.status == 200 and page.alert == "Choose only one of these at a time."
    assert not rows(page) and "either by a filter or by the list below" in page.words
    assert list(rows(viewer.get(link(page, "Clear filters"))))[-1] == "All answers"


def test_a_viewer_has_no_breakdown_of_a_week(viewer: Staff) -> None:
    page = viewer.get("/figures/breakdown?from=2026-03-09&to=2026-03-15")
    assert page.alert == "Choose a whole month, quarter or year that has ended." and not rows(page)


def test_a_period_without_answers_says_so(leader: Staff) -> None:
    page = leader.get("/figures/breakdown?from=2025-01-01&to=2025-01-31")
    assert "There are no answers in this period that fit these filters." in page.words

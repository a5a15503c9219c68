"""The page with the figures of agents: named, under pseudonyms, or not at all."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest

from surveyapp import names, preferences
from surveyapp.core.access import AgentFigures, Permission, Role
from surveyapp.core.pseudonyms import pseudonym
from surveyapp.names import Kind
from tests.support.databases import SqliteFiles, ThrownAway
from tests.support.people import Page, Site, opened
from tests.support.staff import Staff, staff
from tests.test_reports import Given, store

NOW = datetime(2026, 4, 6, 8, tzinfo=UTC)
MARCH = "from=2026-03-01&to=2026-03-31"
HOSTILE = "Bo <b>& Co</b>"


def csat(agent: str | None, good: int, bad: int, month: int = 3, **about: Any) -> list[Given]:
    given = {"at": datetime(2026, month, 10, 9, tzinfo=UTC), "agent": agent, **about}
    return [Given("csat", (5,), **given)] * good + [Given("csat", (2,), **given)] * bad


@pytest.fixture(scope="module")
def site(sqlite: SqliteFiles) -> Iterator[Site]:
    """Anna's score is that of her hard cases, Bo's is not; Cilla has few answers, and one has no agent."""
    made = ThrownAway(sqlite.clone())
    site = opened(made)
    store(site, csat("anna", 6, 14, case_type="hard") + csat("anna", 2, 0, case_type="easy"))
    store(site, csat("bo", 5, 17, case_type="easy"))
    store(site, csat("cilla", 2, 2, case_type="hard"))
    store(site, csat("dora", 52, 2, case_type="easy") + csat("dora", 2, 5, case_type="hard"))
    store(site, csat(None, 1, 1, case_type="easy"))
    store(site, csat("anna", 12, 3, month=2) + csat("dora", 1, 12, month=2))
    with site.database.transaction() as session:
        names.save_name(session, Kind.AGENT, "bo", {"": HOSTILE}, [], date(2026, 3, 20), NOW)
        names.save_name(session, Kind.AGENT, "dora", {"": "Åsa Dal"}, [], None, NOW)
    site.clock.at = NOW
    yield site
    made.dispose()


@pytest.fixture(scope="module")
def leader(site: Site) -> Staff:
    return staff(site, Role.LEADER)


def name_agents(site: Site, mode: AgentFigures) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": mode}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


@pytest.fixture
def named(site: Site, leader: Staff) -> Staff:
    name_agents(site, AgentFigures.NAMED)
    return leader


@pytest.fixture
def unnamed(site: Site, leader: Staff) -> Staff:
    name_agents(site, AgentFigures.PSEUDONYMOUS)
    return leader


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


# --- named -----------------------------------------------------------------------------------------


def test_named_agents_stand_in_the_order_of_their_names(named: Staff) -> None:
    page = named.get(f"/figures/agents?{MARCH}")
    order = ["anna", f"{HOSTILE} left on 20 Mar 2026", "cilla", "Åsa Dal", "not stated"]
    assert list(rows(page)) == order
    assert "This is no ranking." in page.words and "?sort=" not in page.text and "&sort=" not in page.text
    assert "<b>" not in page.response.text
    # The order is that of the alphabet, whatever an address asks for.
    assert list(rows(named.get(f"/figures/agents?{MARCH}&sort=score"))) == order


def test_a_score_that_the_case_types_explain_is_said_to_be_so(named: Staff) -> None:
    found = rows(named.get(f"/figures/agents?{MARCH}"))
    assert "Outside the 95% limits" in found["anna"] and "explained by harder case types" in found["anna"]
    bo = found[f"{HOSTILE} left on 20 Mar 2026"]
    assert "Outside the 99.8% limits" in bo and "explained" not in bo
    assert "worse: " in found["anna"] and "better: " in found["Åsa Dal"]


def test_the_funnel_plot_names_who_lies_outside_and_leads_to_their_answers(named: Staff) -> None:
    page = named.get(f"/figures/agents?{MARCH}")
    assert 'id="funnel"' in page.response.text
    listed = page.response.text.partition('class="outside-limits"')[2].partition("</ul>")[0]
    assert f"{HOSTILE}: 23%, n = 22" in words(listed) and "agent=bo" in unescape(listed)
    assert "cilla" not in page.response.text.partition('id="funnel"')[2].partition("<table")[0]


def test_named_agents_lead_to_their_case_types_and_answers(named: Staff) -> None:
    text = named.get(f"/figures/agents?{MARCH}&team=").text
    behind = re.search(r'href="(/admin/figures/answers\?[^"]*agent=anna[^"]*)"', text)
    narrowed = re.search(r'href="(/admin/figures/breakdown\?[^"]*agent=anna[^"]*)"', text)
    assert behind and named.get(behind[1]).status == 200
    assert narrowed and "by=case_type" in narrowed[1] and "hard" in named.get(narrowed[1]).words


def test_few_answers_of_an_agent_show_no_figure(named: Staff) -> None:
    page = named.get(f"/figures/agents?{MARCH}")
    assert rows(page)["cilla"] == "Answers of cilla: 4 not shown (4 of 10 answers)"
    assert "A score is shown from 10 answers on." in page.words


# --- pseudonymous ----------------------------------------------------------------------------------


def test_pseudonyms_stand_in_the_newest_closed_month(site: Site, unnamed: Staff) -> None:
    page = unnamed.get("/figures/agents")
    called = {each: pseudonym(site.settings.hash_key, each) for each in ("anna", "bo", "cilla", "dora")}
    found = rows(page)
    assert "1 March 2026 to 31 March 2026" in page.words
    assert list(found) == [*sorted(called.values()), "not stated"]
    assert found[called["anna"]].startswith("22 36% satisfied")
    assert found[called["cilla"]] == "4 not shown (4 of 10 answers)"
    assert found["not stated"] == "2 not shown (it would point at single tickets)"
    for agent in ("anna", "cilla", "Åsa", "Bo &lt;", "dora", "20 Mar"):
        assert agent not in page.response.text.partition("<main")[2]


def test_a_pseudonym_leads_nowhere(unnamed: Staff) -> None:
    main = unnamed.get("/figures/agents").text.partition("<h1>")[2]
    assert "/admin/answers" not in main and "agent=" not in main and "data-href" not in main
    assert "no filters and no way from here to answers" in main
    assert 'name="team"' not in main and 'name="from"' not in main


def test_a_closed_month_or_quarter_can_be_chosen(unnamed: Staff) -> None:
    text = unnamed.get("/figures/agents").text
    offered = re.findall(r'<option value="(\d{4}-\w+)"', text)
    assert offered[:2] == ["2026-03", "2026-02"] and offered[12:] == [
        "2026-q1",
        "2025-q4",
        "2025-q3",
        "2025-q2",
    ]
    page = unnamed.follow(unnamed.get("/figures/agents?of=2026-q1&metric=csat"))
    assert "1 January 2026 to 31 March 2026" in page.words
    assert re.search(r'value="2026-q1"\s+selected', page.response.text)


@pytest.mark.parametrize(
    "query",
    ["period=30d", "from=2026-03-02&to=2026-03-31", "from=2026-04-01&to=2026-04-30", "of=2026-04"],
)
def test_no_other_period_is_shown(unnamed: Staff, query: str) -> None:
    page = unnamed.get(f"/figures/agents?{query}")
    assert page.status == 200 and "1 March 2026 to 31 March 2026" in page.words


def test_the_filters_of_other_pages_narrow_nothing(unnamed: Staff) -> None:
    whole = unnamed.get(f"/figures/agents?{MARCH}")
    page = unnamed.get(f"/figures/agents?{MARCH}&case_type=hard&pressed=1")
    assert rows(page) == rows(whole)
    assert "The filters of the other pages do not apply here." in page.words
    # They are kept for the way back.
    assert re.search(r'href="/admin/figures/breakdown\?[^"]*case_type=hard', page.text)


def test_who_may_not_see_names_sees_pseudonyms_where_agents_are_named(site: Site, named: Staff) -> None:
    blind = staff(site, Role.LEADER, allowed={Permission.AGENT_NAMES: False})
    page = blind.get(f"/figures/agents?{MARCH}")
    assert pseudonym(site.settings.hash_key, "anna") in rows(page) and "anna" not in page.text
    assert "anna" in rows(named.get(f"/figures/agents?{MARCH}"))


# --- off -------------------------------------------------------------------------------------------


def test_switched_off_figures_say_where_that_is_decided(site: Site, leader: Staff) -> None:
    name_agents(site, AgentFigures.OFF)
    page = leader.get(f"/figures/agents?{MARCH}")
    assert "Figures about agents are switched off. The admins decide this" in page.words and not rows(page)
    assert "/admin/settings/agents" not in page.text
    assert 'href="/admin/settings/agents"' in staff(site).get("/figures/agents").text


@pytest.mark.parametrize("mode", [AgentFigures.NAMED, AgentFigures.PSEUDONYMOUS])
def test_a_viewer_sees_no_agents(site: Site, mode: AgentFigures) -> None:
    name_agents(site, mode)
    page = staff(site, Role.VIEWER).get(f"/figures/agents?{MARCH}")
    assert "shown only to those who may open single answers" in page.words and not rows(page)


def test_a_period_without_answers_says_so(named: Staff) -> None:
    page = named.get("/figures/agents?from=2025-01-01&to=2025-01-31")
    assert "There are no figures of agents to show in this period." in page.words


def test_admins_find_the_paper_for_the_works_council(site: Site, unnamed: Staff) -> None:
    words = "In many countries the works council or union has a say"
    assert words in unnamed.get("/figures/agents").words
    assert "/admin/settings/papers/en" in staff(site).get("/figures/agents").text
    assert "/admin/settings/papers" not in unnamed.get("/figures/agents").text

"""The page that says where to act first."""

import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import pytest

from surveyapp import answers, targets
from surveyapp.answers import Entry
from surveyapp.core.access import Role
from surveyapp.core.deeds import Deed
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.models import Record
from tests.support.people import START, Page, Site, opened
from tests.support.staff import Staff, staff

PAGE = "/figures/act?period=7d&metric=csat"
TARGET = "/figures/act/target?period=7d&metric=csat"
BEFORE, NOW = START - timedelta(days=7), START
HOSTILE = '<b>Move & "go"</b>'
MOVED = [
    ("Move", BEFORE, {5: 8}),
    ("Invoice", BEFORE, {4: 5, 3: 1}),
    ("Router", BEFORE, {5: 3, 2: 1}),
    ("Rare", BEFORE, {5: 1}),
    ("Move", NOW, {5: 2, 1: 6}),
    ("Invoice", NOW, {4: 4, 3: 1}),
    ("Router", NOW, {5: 2, 2: 2}),
    ("Seldom", NOW, {1: 2}),
]
WORSE = [("Move", BEFORE, {5: 4}), ("Move", NOW, {1: 4})]


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, SMALLEST_N="4")


@pytest.fixture
def leader(site: Site) -> Staff:
    return staff(site, Role.LEADER)


def store(site: Site, groups: Iterable[tuple[str | None, object, dict[int, int]]] = tuple(MOVED)) -> None:
    for case_type, at, ratings in groups:
        site.clock.at = at  # type: ignore[assignment]
        for rating, people in ratings.items():
            for _ in range(people):
                made = site.invited("csat", case_type=case_type, team="Nord")
                with site.database.transaction() as session:
                    answers.count(
                        session,
                        site.settings,
                        made.id,
                        Entry(rating, None, {}),
                        is_verified=True,
                        now=at,  # type: ignore[arg-type]
                    )
    site.clock.at = NOW


def aim(site: Site, by: Staff, value: float = 80, purpose: str = "Agreed") -> None:
    with site.database.transaction() as session:
        targets.set_target(session, by.viewer.id, Metric.CSAT, value, purpose, site.clock())


def rows(page: Page) -> list[list[str]]:
    """The cells of the table, the name of the group first."""
    body = page.response.text.split('class="sheet parts"')[1].split("<tbody>")[1].split("</tbody>")[0]
    cells = [re.findall(r"(?s)<t[hd]\b[^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1]]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def below(page: Page) -> str:
    """What follows the filters, which name every group that there is."""
    return page.response.text.split('class="about"')[1]


def number(shown: str) -> Decimal:
    return Decimal(shown.replace("−", "-"))


def logged(site: Site) -> list[str]:
    return [row["deed"] for row in site.rows(Record) if row["deed"].startswith("target")]


# --- against the period before ---------------------------------------------------------------------


def test_the_parts_that_are_printed_add_up_to_the_change_that_is_printed(site: Site, leader: Staff) -> None:
    store(site)
    page = leader.get(PAGE)
    *groups, whole = rows(page)
    assert [row[0] for row in groups][:1] == ["Move"] and whole[0] == "All together"
    for row in (*groups, whole):
        assert number(row[4]) + number(row[5]) == number(row[6])
    for column in (4, 5, 6):
        assert sum(number(row[column]) for row in groups) == number(whole[column])
    # 17 of 19 were satisfied, then 8 of 19.
    assert whole[1:4] == ["19 → 19", "100% → 100%", "89.5% → 42.1%"] and whole[6] == "−47.4"
    assert "−47.4 percentage points" in page.words and "worse: −47.4 percentage points" in page.words
    assert "larger than chance alone would explain" in page.words and "may be chance" not in page.words
    assert f"The mix changed {whole[4]} percentage points" in page.words
    for shares in zip(*(row[2].replace("%", "").split(" → ") for row in groups), strict=True):
        assert sum(map(Decimal, shares)) == 100


def test_small_groups_stand_in_one_row_and_nowhere_else(site: Site, leader: Staff) -> None:
    store(site)
    page = leader.get(PAGE)
    assert "Rare" not in below(page) and "Seldom" not in below(page)
    # One answer before and two after are too few even together, so the next smallest group is in there, too.
    assert rows(page)[-2][:2] == ["small groups together", "5 → 6"]
    assert [row[0] for row in rows(page)] == ["Move", "Invoice", "small groups together", "All together"]


def test_a_sentence_names_the_group_and_leads_to_what_is_behind_it(site: Site, leader: Staff) -> None:
    store(site, WORSE)
    page = leader.get(PAGE)
    part = rows(page)[0][6]
    said = f"Move adds {part} to the change of −100.0 percentage points: the same group was rated worse."
    assert said in page.words
    links = re.findall(r'href="([^"]*)"', page.text)
    assert "/admin/figures/comments?period=7d&metric=csat&case_type=Move&first=unfavourable" in links
    assert "/admin/figures/answers?period=7d&metric=csat&case_type=Move&group=unfavourable" in links


def test_only_what_is_worth_acting_upon_gets_a_sentence(site: Site, leader: Staff) -> None:
    store(site, [("Move", BEFORE, {5: 12}), ("Invoice", BEFORE, {5: 4})])
    store(site, [("Move", NOW, {1: 12}), ("Invoice", NOW, {5: 3, 1: 1})])
    page = leader.get(PAGE)
    # 75 and 6.25 of 81.25: less than a tenth.
    assert [row[0] for row in rows(page)] == ["Move", "Invoice", "All together"]
    assert "Move adds" in page.words and "Invoice adds" not in page.words
    assert "Scores go by the day of the answer." in page.words


def test_a_change_that_may_be_chance_is_called_so(site: Site, leader: Staff) -> None:
    store(site, [("Move", BEFORE, {5: 4, 1: 2}), ("Move", NOW, {5: 3, 1: 3})])
    page = leader.get(PAGE)
    assert "no demonstrable change" in page.words
    assert "This change may be chance, and so may every part of it below." in page.words


def test_without_enough_answers_no_figure_is_shown(site: Site, leader: Staff) -> None:
    assert "Nobody has answered a survey yet." in leader.get("/figures/act").words
    store(site, [("Move", NOW, {5: 3})])
    assert "There are too few answers in this period (3 of 4)." in leader.get(PAGE).words
    store(site, [("Move", NOW, {5: 1})])
    assert "Nobody answered in the period before" in leader.get(PAGE).words
    store(site, [("Move", BEFORE, {5: 3})])
    page = leader.get(PAGE)
    assert "In the period before there were 3 answers; it takes 4 to compare." in page.words
    assert "<td" not in page.response.text and "percentage" not in page.words


def test_the_metric_with_the_most_answers_of_the_choice_is_taken_by_case_type(
    site: Site, leader: Staff
) -> None:
    store(site, WORSE)
    made = site.invited("ces", team="Syd")
    with site.database.transaction() as session:
        answers.count(session, site.settings, made.id, Entry(2, None, {}), is_verified=True, now=site.clock())
    page = leader.get("/figures/act?period=7d")
    assert rows(page)[0][0] == "Move" and '<h2 id="change">Customer satisfaction (CSAT)' in page.text
    page = leader.get("/figures/act?period=7d&team=Syd")
    assert "<h2>Effort" in page.text or "Customer effort (CES)" in below(page)
    assert "Customer satisfaction (CSAT)" not in below(page)
    # Nobody has answered on these days, but there can be a target.
    page = leader.get("/figures/act?from=2020-01-01&to=2020-01-31")
    assert "Nobody has answered in this period." in page.words


def test_without_a_metric_that_has_targets_no_target_is_touched(site: Site, leader: Staff) -> None:
    store(site, [("Move", NOW, {5: 4})])
    aim(site, leader, 80)
    for query in ("?period=7d", "?metric=open", "?metric=nonsense"):
        for page in (
            leader.post(f"/figures/act/target{query}", value="85", purpose="Agreed"),
            leader.post(f"/figures/act/target/remove{query}"),
        ):
            assert page.status == 422 and 'role="alert"' in page.text
    with site.database.reading() as session:
        found = targets.all_targets(session)
    assert {metric: float(each.value) for metric, each in found.items()} == {Metric.CSAT: 80}


def test_agents_are_nothing_to_take_a_score_apart_by(site: Site, leader: Staff) -> None:
    store(site, MOVED[:1])
    page = leader.get(f"{PAGE}&by=agent")
    assert "Figures about agents are not available here." in page.words and "<td" not in page.response.text
    assert "by=agent" not in "".join(re.findall(r'href="([^"]*act[^"]*)"', leader.get(PAGE).text))


def test_markup_in_names_is_shown_as_it_was_written(site: Site, leader: Staff) -> None:
    store(site, [(HOSTILE, BEFORE, {5: 4}), (HOSTILE, NOW, {5: 2, 1: 2})])
    aim(site, leader, purpose=HOSTILE)
    for path in (PAGE, f"{PAGE}&view=target"):
        page = leader.get(path)
        assert HOSTILE in page.text and "<b>" not in page.response.text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT, Role.AGENT])
def test_who_may_not_open_answers_or_sees_no_figures_stays_out(site: Site, role: Role) -> None:
    person = staff(site, role)
    assert person.get(PAGE).status == 403
    assert person.post(TARGET, value="80", purpose="Agreed").status == 403
    assert person.post("/figures/act/target/remove?metric=csat").status == 403
    assert logged(site) == []


# --- against the target ----------------------------------------------------------------------------


def test_the_parts_of_a_distance_add_up_as_they_are_printed(site: Site, leader: Staff) -> None:
    store(site)
    aim(site, leader, purpose="For the contract with the city")
    page = leader.get(f"{PAGE}&view=target")
    *groups, whole = rows(page)
    assert sum(number(row[5]) for row in groups) == number(whole[5]) == number("−37.9")
    assert "Target: 80%" in page.words and "For the contract with the city" in page.words
    assert "The score is 42.1%: −37.9 percentage points from the target." in page.words
    assert "The target is missed, by more than chance alone would explain." in page.words
    said = f"Move adds {groups[0][5]} to the distance of −37.9 percentage points: its score is 25.0%."
    assert said in page.words
    assert "Seldom" not in below(page)


def test_a_target_within_the_interval_is_neither_reached_nor_missed(site: Site, leader: Staff) -> None:
    store(site, [("Move", NOW, {5: 7, 1: 3})])
    aim(site, leader, 75)
    assert "nobody can say yet whether it is reached" in leader.get(f"{PAGE}&view=target").words
    aim(site, leader, 20)
    page = leader.get(f"{PAGE}&view=target")
    assert "The target is reached, by more than chance alone would explain." in page.words
    assert "to the distance of" not in page.words


def test_a_leader_sets_changes_and_removes_a_target(site: Site, leader: Staff) -> None:
    store(site, MOVED[4:])
    sent = leader.post(TARGET, value=" 85 ", purpose="Agreed in May")
    assert sent.location == "/admin/figures/act?period=7d&metric=csat&by=case_type&view=target"
    page = leader.follow(sent)
    assert "The target is set." in page.words and "Target: 85%" in page.words
    assert "Set by Anna Berg on 2 Mar 2026." in page.words
    removed = leader.post("/figures/act/target/remove?metric=csat")
    assert "There is no target for this metric." in leader.follow(removed).words
    assert sorted(logged(site)) == [Deed.TARGET_REMOVED, Deed.TARGET_SET]


@pytest.mark.parametrize(
    ("metric", "value", "problem"),
    [
        ("csat", "101", "This must be a whole number from 0 to 100."),
        ("csat", "80.5", "This must be a whole number from 0 to 100."),
        ("csat", "many", "This is no number."),
        ("csat", "", "This is missing."),
        ("ces", "7,01", "This must be a number from 1 to 7."),
    ],
)
def test_what_cannot_be_a_target_is_said_beside_the_field(
    site: Site, leader: Staff, metric: str, value: str, problem: str
) -> None:
    page = leader.post(f"/figures/act/target?metric={metric}", value=value, purpose="Agreed")
    assert page.status == 422 and page.words.count(problem) >= 2 and logged(site) == []
    assert f'value="{value}"' in page.text and 'action="/admin/figures/act"' in page.text


def test_a_score_is_typed_as_people_write_it(site: Site, leader: Staff) -> None:
    for metric, value in (("ces", "2,5"), ("nps", "−10")):
        assert (
            leader.post(f"/figures/act/target?metric={metric}", value=value, purpose="Agreed").status == 303
        )
    with site.database.reading() as session:
        found = targets.all_targets(session)
    assert {metric: float(each.value) for metric, each in found.items()} == {Metric.CES: 2.5, Metric.NPS: -10}

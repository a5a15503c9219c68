"""The overview: how we are doing, whether that is a change, what is waiting."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from surveyapp import figure_words, reports
from surveyapp.core.access import AgentFigures, Permission, Role, operator
from surveyapp.core.evidence import Evidence
from surveyapp.core.scales import Metric
from surveyapp.i18n import language
from surveyapp.models import Answer, Marker
from surveyapp.selecting import Filter
from tests.support.databases import SqliteFiles, ThrownAway
from tests.support.people import START, Page, Site, Visitor, opened
from tests.support.staff import Staff, staff
from tests.test_reports import Given, store

TODAY = START.date()
HOSTILE = "<script>alert(1)</script> & menu"


@pytest.fixture(scope="module")
def shared(sqlite: SqliteFiles) -> Iterator[ThrownAway]:
    """One kind of database: what it says is tested on both elsewhere."""
    url = sqlite.clone()
    database = ThrownAway(url)
    yield database
    database.dispose()
    sqlite.drop(url)


@pytest.fixture
def site(shared: ThrownAway) -> Iterator[Site]:
    yield opened(shared)
    shared.discard()


def given(site: Site, *ratings: int, days: int = 0, survey: str = "csat", **about: str) -> None:
    """Answers of that many days ago; the clock is as before."""
    at = START - timedelta(days=days)
    store(site, [Given(survey, (rating,), at=at, **about) for rating in ratings])
    site.clock.at = START


def card(page: Page, metric: str) -> str:
    """The words of one metric's card."""
    found = re.search(rf'(?s)aria-labelledby="metric-{metric}">(.*?)</section>', page.response.text)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found[1])).split()) if found else ""


def links(page: Page) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]*)"', page.response.text)]


def change(page: Page) -> str:
    found = re.search(r'(?s)<span class="pill change (\w+)">(.*?)</span>\s*<span class="small', page.text)
    return " ".join(re.sub(r"<[^>]*>", "", f"{found[1]}: {found[2]}").split()) if found else ""


# --- cards -----------------------------------------------------------------------------------------


def test_a_card_says_how_we_are_doing_and_how_sure_that_is(site: Site) -> None:
    given(site, 5, 5, 5, 5, 4, 4, 3, 1)
    said = card(staff(site).get("/figures"), "csat")
    assert said.startswith(
        "Customer satisfaction (CSAT) higher is better 75% satisfied 95% confidence interval"
    )
    assert "Mean rating: 4.00" in said and "8 answers that count, by the day on which they were given" in said
    assert "satisfied: 75%" in said and "neutral: 13%" in said and "dissatisfied: 13%" in said
    assert "8 customers answered: 75% satisfied. With 95% confidence the true figure lies between" in said
    assert "no comparison possible compared with 2 Jan 2026 to 31 Jan 2026: no answers" in said


def test_effort_says_that_lower_is_better(site: Site) -> None:
    given(site, 1, 2, 2, 3, 6, survey="ces")
    assert card(staff(site).get("/figures"), "ces").startswith("Customer effort (CES) lower is better 2.80")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ((5,) * 6 + (1,) * 7, "plain: ≈ no demonstrable change"),
        ((5,) * 13, "good: ↑ better: +53.8 percentage points"),
        ((1,) * 13, "bad: ↓ worse: −46.2 percentage points"),
    ],
)
def test_a_change_is_told_only_when_it_is_demonstrable(site: Site, now: tuple[int, ...], said: str) -> None:
    given(site, *(5,) * 6, *(1,) * 7, days=30)
    given(site, *now)
    page = staff(site).get("/figures")
    assert change(page) == said
    assert "compared with 2 Jan 2026 to 31 Jan 2026: 46% satisfied (13 answers)" in page.words
    assert ("confidence interval of the change" in page.words) == ("no demonstrable" not in said)


def test_a_withheld_figure_says_when_it_may_be_there(site: Site) -> None:
    given(site, 5, 5)
    page = staff(site).get("/figures?period=month")
    said = card(page, "csat")
    assert "2 of 5 answers, about 3 days left" in said and "2 answers that count" in said
    assert "satisfied" not in said.partition("Break it down")[0].replace("satisfaction", "")
    assert (
        "Mean" not in said and "confidence" not in said and "<svg" not in page.text.partition("Response")[0]
    )
    # Days that move along are never over.
    assert "not shown (2 of 5 answers)" in card(staff(site).get("/figures?period=7d"), "csat")


def test_held_and_refused_answers_stand_beside_n(site: Site) -> None:
    given(site, 5, 5, 5, 5, 5)
    store(site, [Given("csat", (1,), state) for state in ("held", "held", "refused")])
    site.clock.at = START
    admin, leader = staff(site).get("/figures"), staff(site, Role.LEADER).get("/figures")
    for page in (admin, leader):
        assert "2 answers are held · 1 answer was refused" in card(page, "csat")
    assert "/admin/held" in links(admin) and "/admin/held/refused" in links(admin)
    assert not [each for each in links(leader) if each.startswith("/admin/held")]


def test_the_filter_in_the_address_chooses_what_reports_choose(site: Site) -> None:
    given(site, 5, 5, 5, 5, 1, team="north", case_type="billing")
    given(site, 1, 2, 1, 4, 5, 5, team="south", case_type="billing", days=3)
    given(site, 1, 2, 2, 3, 6, survey="ces", team="north", days=40)
    leader, words = staff(site, Role.LEADER), language("en")
    for query, chosen in {
        "period=7d": Filter(first=TODAY - timedelta(days=6), last=TODAY),
        "period=90d&team=north": Filter(first=TODAY - timedelta(days=89), last=TODAY, team="north"),
        "period=90d&metric=csat&case_type=billing": Filter(
            Metric.CSAT, TODAY - timedelta(days=89), TODAY, case_type="billing"
        ),
        f"from={TODAY}&to={TODAY}": Filter(first=TODAY, last=TODAY),
        "period=last-month": Filter(first=date(2026, 2, 1), last=date(2026, 2, 28)),
    }.items():
        with site.database.reading() as session:
            found = reports.scores(
                session, site.settings, operator(AgentFigures.NAMED), chosen, now=site.clock()
            )
        page = leader.get(f"/figures?{query}")
        shown = re.findall(r'(?s)<p class="score shown">(.*?)</p>', page.text.partition('id="response"')[0])
        assert shown == [figure_words.headline(words, each.score) for each in found if each.score], query
        assert [each.metric for each in found] == re.findall(r'id="metric-(\w+)"', page.text), query


def test_every_figure_leads_on_with_its_filter(site: Site) -> None:
    given(site, 5, 5, 5, 5, 5, team="north")
    ways = links(staff(site, Role.LEADER).get("/figures?period=7d&team=north"))
    for page in ("answers", "breakdown", "act"):
        assert f"/admin/figures/{page}?period=7d&team=north&metric=csat" in ways
    assert "/admin/figures/comments?period=7d&team=north&metric=csat&first=unfavourable" in ways
    deaf = staff(site, Role.LEADER, allowed={Permission.COMMENTS: False}).get("/figures")
    assert not [each for each in links(deaf) if "first=unfavourable" in each]


# --- trends ----------------------------------------------------------------------------------------


def test_the_trend_is_drawn_as_finely_as_somebody_wants(site: Site) -> None:
    given(site, 5, 5, 5, 5, 5)
    leader = staff(site, Role.LEADER)
    assert "Trend by week" in leader.get("/figures").words
    assert "Trend by day" in leader.get("/figures?grain=day").words
    assert "Trend by day" in leader.get("/figures?period=7d").words
    assert "Trend by month" in leader.get("/figures?period=90d&grain=month").words
    assert "/admin/figures?period=90d&grain=month" in links(leader.get("/figures?period=90d"))


def test_the_file_of_the_trend_is_the_trend_that_is_drawn(site: Site) -> None:
    for days in (0, 9, 20):
        given(site, 5, 5, 5, 5, 5, days=days)
    [leader] = trends(site, Role.LEADER, "/figures?period=30d")
    assert "grain=week" in leader and "period=30d" in leader
    for query, grain, first, last, steps in (
        ("period=last-month", "month", "2026-01-01", "2026-02-28", 2),
        ("from=2026-02-16&to=2026-02-22", "week", "2026-02-09", "2026-02-22", 2),
    ):
        viewer = staff(site, Role.VIEWER)
        [file] = trends(site, Role.VIEWER, f"/figures?{query}")
        assert f"from={first}&to={last}" in file and f"grain={grain}" in file
        reply = viewer.get(file.removeprefix("/admin"))
        assert reply.status == 200 and len(reply.response.text.splitlines()) == 1 + steps


def trends(site: Site, role: Role, path: str) -> list[str]:
    """Where the trend is downloaded as CSV."""
    return [each for each in links(staff(site, role).get(path)) if "/trend.csv" in each]


# --- response --------------------------------------------------------------------------------------


def test_the_response_is_told_from_the_invitation_to_the_comment(site: Site) -> None:
    given(site, 5, 4, 3, team="north")
    given(site, 5, team="south")
    for team in ("north", "north", "south"):
        site.invited(team=team)
    admin = staff(site)
    rows = {query: stages_of(admin.get(f"/figures{query}")) for query in ("", "?team=north")}
    stages = ["Invited", "Email accepted", "Answered", "Commented"]
    assert rows[""] == list(zip(stages, ["7", "7", "4", "0"], strict=True))
    assert rows["?team=north"] == list(zip(stages, ["5", "5", "3", "0"], strict=True))
    words = admin.get("/figures").words
    assert "57% answered" in words and "scores go by the answers' own day" in words
    assert "Response rate 57%: 4 of 7 emails" in words
    assert "are counted as answered" not in words


def test_where_pressed_answers_alone_are_chosen_the_response_has_no_other(site: Site) -> None:
    given(site, 5, 4)
    Visitor(site, site.invited()).press(5)
    with site.database.transaction() as session:
        first = select(Answer.invitation_id).order_by(Answer.invitation_id).limit(1).scalar_subquery()
        settled = update(Answer).where(Answer.invitation_id == first)
        session.execute(settled.values(evidence=Evidence.SETTLED, comment="Words"))
    leader = staff(site, Role.LEADER)
    assert "100% answered" in leader.get("/figures").words
    page = leader.get("/figures?pressed=1")
    assert "67% answered" in page.words and "Only answers that a person confirmed are counted" in page.words
    assert [n for _, n in stages_of(page)] == ["3", "3", "2", "0"]


def stages_of(page: Page) -> list[tuple[str, str]]:
    stage = r'(?s)data-label="Stage">(\w[^<]*)</th>\s*<td data-label="Number"[^>]*>(\d+)</td>'
    return re.findall(stage, page.text)


def test_what_was_asked_and_never_answered_has_a_card(site: Site) -> None:
    given(site, 5, 5, 5, 5, 5)
    site.invited("nps")
    said = card(staff(site).get("/figures"), "nps")
    assert "no answers yet" in said and "Response rate 0%: 0 of 1 email" in said


# --- what is waiting, nothing, and the way in ------------------------------------------------------


def test_what_waits_leads_to_where_it_is_done(site: Site) -> None:
    given(site, 5)
    store(site, [Given("csat", (1,), "held")])
    site.clock.at = START
    site.invited(is_mailed=True, address="else@example.se")
    assert "Waiting: 1 answer is held 1 survey waits to be sent" in staff(site).get("/figures").words
    leader = staff(site, Role.LEADER).get("/figures")
    assert "Waiting: 1 survey waits to be sent" in leader.words
    assert "Waiting" not in staff(site, Role.VIEWER).get("/figures").words


def test_an_empty_installation_says_how_answers_come_in(site: Site) -> None:
    page = staff(site).get("/figures")
    assert "No customer has answered yet" in page.words and "With 5 answers, the first figure" in page.words
    assert "/admin/settings/helpdesks" in links(page) and "/admin/send" in links(page)
    viewer = staff(site, Role.VIEWER).get("/figures")
    assert "No customer has answered yet" in viewer.words and "/admin/send" not in links(viewer)


def test_days_without_answers_are_no_empty_installation(site: Site) -> None:
    given(site, 5, 5, 5, 5, 5)
    page = staff(site).get("/figures?from=2025-01-01&to=2025-01-31&metric=csat&team=north")
    assert "no answers yet" in card(page, "csat")
    page = staff(site).get("/figures?from=2025-01-01&to=2025-01-31&team=north")
    assert "No answers in these days" in page.words and "No customer" not in page.words
    assert "/admin/figures?from=2025-01-01&to=2025-01-31" in links(page)


def test_leaders_and_viewers_begin_with_the_figures(site: Site) -> None:
    for role in (Role.LEADER, Role.VIEWER):
        assert staff(site, role).get("/").location == "/admin/figures"
    for role in (Role.ADMIN, Role.SUPPORT):
        assert staff(site, role).get("/").status == 200
    assert staff(site, Role.SUPPORT).get("/figures").status == 403


# --- readers who may not open answers --------------------------------------------------------------


def test_who_may_not_open_answers_sees_closed_periods_and_no_way_to_them(site: Site) -> None:
    given(site, 5, 5, 5, 5, 4, 1, days=20)
    viewer = staff(site, Role.VIEWER)
    page = viewer.get("/figures")
    assert "1 February 2026 to 28 February 2026" in page.words
    page = viewer.get("/figures?from=2026-02-09&to=2026-02-15")
    assert "83% satisfied" in card(page, "csat") and "Trend by week" in page.words
    assert not [
        each for each in links(page) if "/admin/figures/answers" in each or "/admin/figures/comments" in each
    ]
    assert "Where to act" not in page.words


def test_what_they_may_not_ask_is_said_and_no_figure_shown(site: Site) -> None:
    given(site, 5, 5, 5, 5, 4, 1, days=20, team="north", channel="email")
    page = staff(site, Role.VIEWER).get("/figures?from=2026-02-09&to=2026-02-15&team=north")
    assert page.status == 200 and "Choose a whole month, quarter or year that has ended." in page.words
    assert "satisfied" not in page.words.partition("Show")[2]


# --- dated markers ---------------------------------------------------------------------------------


def add(somebody: Staff, day: date = TODAY, words: str = "New phone menu", **fields: str) -> Page:
    return somebody.post("/figures/markers", day=str(day), words=words, **fields)


def test_a_marker_is_added_where_somebody_looks_at_the_trends(site: Site) -> None:
    given(site, 5, 5, 5, 5, 5)
    given(site, 5, team="Süd")
    leader = staff(site, Role.LEADER)
    page = leader.get("/figures?period=90d&metric=csat&team=Süd&grain=day")
    [back] = {each["value"] or "" for each in page.inputs if each.get("name") == "back"}
    assert leader.follow(add(leader, back=back)).response.request.args.to_dict() == {
        "period": "90d",
        "metric": "csat",
        "team": "Süd",
        "grain": "day",
    }
    page = leader.get("/figures")
    assert "2 Mar 2026: New phone menu" in card(page, "csat")
    assert 'class="event"' in page.text


def test_before_and_after_a_marker_are_compared(site: Site) -> None:
    given(site, *(5,) * 12, days=10)
    given(site, *(1,) * 12)
    leader = staff(site, Role.LEADER)
    add(leader)
    add(leader, TODAY + timedelta(days=7), "Prices go up")
    words = leader.get("/figures?period=7d").words
    assert "Before, 2 Feb 2026 to 1 Mar 2026 After, 2 Mar 2026" in words
    assert "100% satisfied (12 answers) 0% satisfied (12 answers) ↓ worse: −100.0" in words.replace("\n", " ")
    assert "Prices go up" not in words
    calm = leader.get("/figures?period=7d&team=north").words
    assert "No answers around this day." in calm


def test_a_markers_words_stay_words(site: Site) -> None:
    given(site, 5, 5, 5, 5, 5)
    leader = staff(site, Role.LEADER)
    add(leader, words=HOSTILE)
    for path in ("/figures", "/figures/markers"):
        page = leader.get(path)
        assert "<script>alert" not in page.response.text and HOSTILE in page.words


def test_a_marker_is_removed_with_one_button(site: Site) -> None:
    leader = staff(site, Role.LEADER)
    assert add(leader).location == "/admin/figures/markers"
    [row] = site.rows(Marker)
    assert "New phone menu" in leader.get("/figures/markers").words
    for _ in range(2):
        assert leader.post(f"/figures/markers/{row['id']}/remove", back="//evil.example").location == (
            "/admin/figures/markers"
        )
    assert site.rows(Marker) == []
    assert "Nothing has been noted yet." in leader.get("/figures/markers").words


def test_what_is_no_marker_comes_back_with_what_is_wrong(site: Site) -> None:
    leader = staff(site, Role.LEADER)
    for day, words, said in (
        ("yesterday", "x", "This must be a date such as 2026-03-02."),
        ("2062-03-02", "x", "This is more than a year away."),
        ("2026-03-02", "", "This is missing."),
        ("2026-03-02", "x" * 201, "This is longer than 200 characters."),
    ):
        page = leader.post("/figures/markers", day=day, words=words)
        assert page.status == 422 and said in page.words
    assert site.rows(Marker) == []


def test_who_sets_no_targets_sees_markers_and_cannot_change_them(site: Site) -> None:
    given(site, 5, 5, 5, 5, 4, 1, days=20)
    add(staff(site), TODAY - timedelta(days=18))
    viewer = staff(site, Role.VIEWER)
    page = viewer.get("/figures?from=2026-02-09&to=2026-02-15")
    assert "New phone menu" in page.words and "Add a marker" not in page.words
    assert "/remove" not in page.text and "Before," not in page.words
    assert add(viewer).status == 403 and viewer.get("/figures/markers").status == 403
    assert len(site.rows(Marker)) == 1

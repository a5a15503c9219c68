"""A leader's morning: how are we doing, where does it come from, what was written, and off to the meeting."""

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Download, Locator, Page, ViewportSize, expect

from surveyapp import reports
from surveyapp.core.access import AgentFigures, Role, operator
from surveyapp.core.deeds import Deed
from surveyapp.core.evidence import Verdict
from surveyapp.core.periods import Period, Preset, period_of, today
from surveyapp.core.scales import Metric
from surveyapp.figure_words import headline, interval
from surveyapp.figures import Figures
from surveyapp.i18n import LANGUAGES
from surveyapp.models import Invitation, Record
from surveyapp.selecting import By, Dimension, Filter
from tests.support import colleagues
from tests.support.colleagues import Colleague
from tests.support.databases import SqliteFiles
from tests.support.office import NAMES, SETTINGS, TEAM, Office, office
from tests.test_exports import of_xlsx

PAGES = "Pages with figures"
PAPER: ViewportSize = {"width": 906, "height": 1280}
"""A4 between its margins, and a third more: so wide Chromium lays pages out before it shrinks them."""
DESK: ViewportSize = {"width": 1280, "height": 900}
WORST = "moving"
"""What tests.support.figures_data makes most people dissatisfied with."""


@pytest.fixture(scope="module")
def furnished(sqlite: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), sqlite.clone()) as started:
        yield started


@pytest.fixture(
    params=[(code, True) for code in LANGUAGES] + [("ro", False)],
    ids=[*LANGUAGES, "ro-without-script"],
)
def leader(
    request: pytest.FixtureRequest, furnished: Office, browser_of: Callable[..., BrowserContext]
) -> Colleague:
    code, has_script = request.param
    browser = browser_of(locale=code, java_script_enabled=has_script, viewport=DESK)
    return colleagues.colleague(furnished, browser, code, Role.LEADER)


def test_a_leaders_morning_from_the_login_to_the_logout(leader: Colleague) -> None:
    assert urlsplit(leader.page.url).path == "/admin/figures"
    narrow(leader)
    before = assert_overview(leader, Preset.LAST_90, case_type=WORST)
    assert_every_answer_is_there(leader, before.n)
    read_a_ticket_and_come_back(leader)
    withdrawn = withdraw_the_first_comment(leader)
    leader.begin()
    leader.go("Overview", PAGES)
    after = assert_overview(leader, Preset.LAST_90, case_type=WORST)
    assert after.n == before.n - 1
    assert_it_is_in_the_log(leader.office, withdrawn)
    take_the_table_along(leader)
    leader.begin()
    leader.press("Log out", leader.page.get_by_role("navigation", name=leader.words("Main menu")))
    leader.page.wait_for_url("**/admin/login")


def narrow(leader: Colleague) -> None:
    """To another period, then to one case type, by the bar above the figures."""
    assert_overview(leader, Preset.LAST_30)
    leader.page.locator("#period").select_option("90d")
    leader.press("Show")
    assert_overview(leader, Preset.LAST_90)
    leader.begin()
    leader.click(leader.page.get_by_text(leader.words("More filters"), exact=True))
    leader.page.locator("#f-case_type").select_option(WORST)
    leader.press("Show")


def assert_overview(leader: Colleague, preset: Preset, case_type: str | None = None) -> Figures:
    """The card says what the figures are; they are of the leader's own team alone."""
    found = figures(leader, preset, case_type=case_type)[0]
    card = leader.page.locator("section.metric", has=leader.page.locator("#metric-csat"))
    counted = leader.tongue.ngettext(
        "{n} answer that counts, by the day on which it was given",
        "{n} answers that count, by the day on which they were given",
        found.n,
    )
    assert found.score is not None
    expect(card).to_contain_text(counted)
    expect(card.locator(".score")).to_have_text(headline(leader.tongue, found.score))
    expect(card).to_contain_text(interval(leader.tongue, found.score))
    return found


def assert_every_answer_is_there(leader: Colleague, n: int) -> None:
    leader.begin()
    leader.click(behind(leader))
    heading = leader.page.get_by_role("heading", level=1)
    expect(heading).to_have_text(leader.words("Answers behind the figures"))
    rows = leader.page.locator("table.sheet tbody tr")
    listed, first = rows.count(), leader.page.url
    while (more := leader.page.get_by_role("link", name=leader.words("Show more"))).count():
        more.click()
        leader.page.wait_for_load_state()
        listed += rows.count()
    assert listed == n
    leader.page.goto(first)


def behind(leader: Colleague) -> Locator:
    words = leader.words("The answers behind it")
    card = leader.page.locator("section.metric", has=leader.page.locator("#metric-csat"))
    return card.get_by_role("link", name=words)


def read_a_ticket_and_come_back(leader: Colleague) -> None:
    link = leader.page.locator("table.sheet tbody th a").first
    ticket, listed = link.inner_text(), leader.page.url
    leader.click(link)
    heading = leader.page.get_by_role("heading", level=1)
    expect(heading).to_have_text(leader.words("Ticket {ticket}", ticket=ticket))
    leader.page.go_back()
    leader.page.wait_for_url(listed)
    expect(link).to_have_text(ticket)


def withdraw_the_first_comment(leader: Colleague) -> str:
    """The ticket of the newest dissatisfied customer who wrote something."""
    leader.begin()
    leader.go("Comments", PAGES)
    leader.page.get_by_label(leader.words("Unfavourable ratings first")).check()
    leader.press("Look up")
    assert query(leader.page)["first"] == ["unfavourable"]
    first = leader.page.locator(".stream > li").first
    expect(first).to_contain_text(leader.words("Unfavourable"))
    ticket = first.locator("h2 a").inner_text()
    leader.begin()
    leader.click(first.locator("summary"))
    first.get_by_label(leader.words("Reason")).select_option(Verdict.CUSTOMERS_WISH)
    leader.press("Withdraw this answer", first)
    leader.reads("The answer is withdrawn and counts no more.")
    leader.reads("The answer about {ticket} is withdrawn.", ticket=ticket)
    expect(leader.page.locator(".stream h2 a").get_by_text(ticket, exact=True)).to_have_count(0)
    return ticket


def assert_it_is_in_the_log(office: Office, ticket: str) -> None:
    invited = next(each["id"] for each in office.site.rows(Invitation) if each["ticket_ref"] == ticket)
    found = [each for each in office.site.rows(Record) if each["target"] == invited]
    assert [(each["deed"], each["detail"]["why"]) for each in found] == [
        (Deed.VOIDED, Verdict.CUSTOMERS_WISH)
    ]


def take_the_table_along(leader: Colleague) -> None:
    """As files whose numbers are those of the page."""
    leader.begin()
    leader.go("Breakdown", PAGES)
    leader.click(leader.page.get_by_role("link", name=leader.words("Clear filters")))
    leader.go("Case type", "What figures are divided by")
    # A group without answers has no link to them.
    links = leader.page.locator(".groups tbody:not(.total) tr td.number a").all()
    shown = {query_of(each.get_attribute("href") or "")["case_type"][0]: number(each) for each in links}
    assert len(shown) == 3 and WORST in shown
    assert of_csv(download(leader, "CSV")) == shown
    assert sheet_of(download(leader, "Excel")) == shown


def number(link: Locator) -> int:
    """What stands in a cell behind the words for screen readers."""
    return int(link.inner_text().split()[-1])


def download(leader: Colleague, name: str) -> Path:
    area = leader.page.locator(".downloads li").filter(has_text=leader.words("Scores"))
    with leader.page.expect_download() as started:
        area.get_by_role("link", name=name).click()
    found: Download = started.value
    return Path(found.path())


def of_csv(path: Path) -> dict[str, int]:
    rows = csv.DictReader(StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    return {row["group"]: int(row["n"]) for row in rows if row["n"] != "0"}


def sheet_of(path: Path) -> dict[str, int]:
    """Its headers are in the leader's language; the columns are those of the CSV file."""
    columns = {"group": "B", "n": "C"}
    _, *rows = of_xlsx(path.read_bytes())
    assert all(row[columns["n"]][0] == "n" for row in rows), "a number is a text"
    # The cell of those of whom no group is known is empty.
    found = {row.get(columns["group"], ("", ""))[1]: int(row[columns["n"]][1]) for row in rows}
    return {group: n for group, n in found.items() if n}


# --- three clicks ----------------------------------------------------------------------------------


def test_worst_case_type_printing_and_what_was_written_are_three_clicks_away_at_most(
    leader: Colleague,
) -> None:
    worst = min(figures(leader, Preset.LAST_30, by=By(Dimension.CASE_TYPE)), key=value_of)
    assert worst.group == WORST and worst.score is not None
    whole = figures(leader, Preset.LAST_30)[0]
    assert whole.score is not None
    assert_on_paper(leader, headline(leader.tongue, whole.score), interval(leader.tongue, whole.score))
    leader.go("Breakdown", PAGES)
    first = leader.page.locator(".groups tbody tr").first
    expect(first).to_contain_text(headline(leader.tongue, worst.score))
    assert query_of(first.locator("td.number a").get_attribute("href") or "")["case_type"] == [WORST]
    assert_on_paper(leader, headline(leader.tongue, worst.score), interval(leader.tongue, worst.score))
    leader.click(first.locator("th a"))
    leader.go("Comments", PAGES)
    cards = leader.page.locator(".stream > li")
    assert cards.count() > 3
    expect(cards.filter(has_text=WORST)).to_have_count(cards.count())


def assert_on_paper(leader: Colleague, *figures: str) -> None:
    """Company, days and figures, and nothing that could only be pressed."""
    page, tongue = leader.page, leader.tongue
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    printed = " ".join(page.locator("body").inner_text().split())
    days = period(leader.office, Preset.LAST_30)
    for words in (SETTINGS["SURVEYAPP_COMPANY"], tongue.date(days.first), tongue.date(days.last), *figures):
        assert " ".join(words.split()) in printed, f"{words}\n{printed}"
    for words in (NAMES[Role.LEADER], leader.words("Log out"), leader.words("More filters")):
        assert words not in printed
    expect(page.locator("nav:visible, form:visible, button:visible")).to_have_count(0)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="screen")
    page.set_viewport_size(DESK)


# --- a keyboard ------------------------------------------------------------------------------------


def test_arrow_keys_go_through_a_trend_and_say_its_values(
    furnished: Office, browser_of: Callable[..., BrowserContext]
) -> None:
    leader = colleagues.colleague(furnished, browser_of(locale="en"), "en", Role.LEADER)
    trend = leader.page.locator("#metric-csat-trend")
    plot, told = trend.locator(".plot"), trend.locator(".told")
    rows = trend.locator("tbody tr")
    for _ in range(100):
        leader.page.keyboard.press("Tab")
        if plot.evaluate("plot => plot === document.activeElement"):
            break
    expect(plot).to_be_focused()
    assert told.get_attribute("aria-live") == "polite"
    newest = told.inner_text()
    assert (rows.last.locator("th").text_content() or "nothing") in newest
    leader.page.keyboard.press("ArrowLeft")
    before = told.inner_text()
    assert before != newest
    leader.page.keyboard.press("ArrowRight")
    expect(told).to_have_text(newest)
    leader.page.keyboard.press("Escape")
    expect(told).to_have_text("")


# --- how -------------------------------------------------------------------------------------------


def figures(
    leader: Colleague, preset: Preset, by: By | None = None, case_type: str | None = None
) -> list[Figures]:
    """What the leader may read of CSAT, computed beside the pages."""
    site, days = leader.office.site, period(leader.office, preset)
    chosen = Filter(Metric.CSAT, days.first, days.last, team=TEAM, case_type=case_type)
    with site.database.reading() as session:
        reader = operator(AgentFigures.PSEUDONYMOUS)
        return reports.scores(session, site.settings, reader, chosen, by, now=site.clock())


def value_of(figures: Figures) -> float:
    return float(figures.score.value) if figures.score else 101


def period(office: Office, preset: Preset) -> Period:
    return period_of(preset, today(office.site.clock(), office.site.settings.timezone))


def query(page: Page) -> dict[str, list[str]]:
    return query_of(page.url)


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)

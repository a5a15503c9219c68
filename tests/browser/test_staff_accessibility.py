"""Every page behind the login can be used by everybody, in every role, on any screen."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from surveyapp.core.access import Role
from surveyapp.i18n import LANGUAGES
from tests.support.databases import SqliteFiles
from tests.support.office import ACTS, Office, bring, log_in, office

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PATIENCE_MS = 20_000

# What sticks out to the right, to name it where a page has to be scrolled.
WIDE = """width => [...document.querySelectorAll("main *, footer *, header *")]
    .filter((each) => each.checkVisibility() && each.getBoundingClientRect().right > width + 0.5)
    .slice(0, 5).map((each) => each.outerHTML.slice(0, 120))"""
# What can be met outside of tables, and is no link inside a sentence.
TARGETS = """() => [...document.querySelectorAll("a, button, summary, textarea, select, input, label.option")]
    .filter((each) => each.type !== "hidden")
    .filter((each) => each.checkVisibility() && !each.closest("table, p, dd, li, .skip, label > *"))
    .map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect().height])
    .filter(([, height]) => height < 44)"""


@pytest.fixture(scope="module")
def furnished(sqlite: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), sqlite.clone()) as started:
        yield started


@pytest.fixture(scope="module")
def logged_in(chromium: Browser, furnished: Office) -> Iterator[Callable[..., BrowserContext]]:
    """The browser of a role in a language, logged in once for the module; None is somebody outside."""
    known: dict[tuple[Role | None, str], BrowserContext] = {}

    def open_one(role: Role | None, code: str = "en") -> BrowserContext:
        if (role, code) not in known:
            known[role, code] = context = chromium.new_context(locale=code, viewport=DESKTOP)
            context.set_default_timeout(PATIENCE_MS)
            if role is not None:
                page = context.new_page()
                log_in(page, furnished.url, role)
                page.close()
        return known[role, code]

    yield open_one
    for context in known.values():
        context.close()


def axe_finds_nothing(page: Page, where: str) -> None:
    found = Axe().run(page)
    assert not found.violations_count, f"{where}\n{found.generate_report()}"


def every_page(office: Office, role: Role | None) -> dict[str, str | None]:
    """Those with an address, and for an admin those that a form leads to."""
    return {**office.pages(role), **(dict.fromkeys(ACTS) if role is Role.ADMIN else {})}


@pytest.mark.parametrize("role", [None, *Role])
def test_axe_finds_nothing_on_any_page_in_any_role(
    furnished: Office, logged_in: Callable[..., BrowserContext], role: Role | None
) -> None:
    page = logged_in(role).new_page()
    for name, path in every_page(furnished, role).items():
        bring(name, path, page, furnished.url)
        axe_finds_nothing(page, f"{name} for {role}")
        if role is Role.ADMIN:
            page.emulate_media(color_scheme="dark")
            # Nothing but the colours can be another matter in the dark.
            dark = AxeResults(page.evaluate("axe.run({runOnly: ['color-contrast']})"))
            assert not dark.violations_count, f"{name}, dark\n{dark.generate_report()}"
            page.emulate_media(color_scheme="light")
    page.close()


def test_axe_finds_nothing_on_a_phone(furnished: Office, logged_in: Callable[..., BrowserContext]) -> None:
    page = logged_in(Role.ADMIN).new_page()
    page.set_viewport_size(PHONE)
    for name, path in every_page(furnished, Role.ADMIN).items():
        bring(name, path, page, furnished.url)
        axe_finds_nothing(page, f"{name}, 360 px")
    page.close()


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_page_fits_a_phone_and_has_one_heading(
    furnished: Office, logged_in: Callable[..., BrowserContext], code: str
) -> None:
    wrong: dict[str, object] = {}
    for role in (None, Role.ADMIN):
        page = logged_in(role, code).new_page()
        page.set_viewport_size(PHONE)
        for name, path in every_page(furnished, role).items():
            bring(name, path, page, furnished.url)
            assert page.locator("html").get_attribute("lang") == code, name
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong[name] = page.evaluate(WIDE, 360)
            if small := page.evaluate(TARGETS):
                wrong[f"{name}: small"] = small
        page.close()
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


def test_a_keyboard_skips_the_menu_and_opens_it_on_a_phone(
    furnished: Office, logged_in: Callable[..., BrowserContext]
) -> None:
    page = logged_in(Role.ADMIN).new_page()
    page.set_viewport_size(PHONE)
    page.goto(f"{furnished.url}/admin/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.reload()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.locator(".menu summary")).to_be_focused()
    surveys = page.get_by_role("link", name="Surveys", exact=True)
    expect(surveys).to_be_hidden()
    page.keyboard.press("Enter")
    expect(surveys).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if surveys.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Surveys")
    page.close()


# Those with a frame, a script or many fields: elsewhere nothing could keep the keyboard.
@pytest.mark.parametrize("name", ["surveys-show", "send-previewed", "surveys-rules", "held-index"])
def test_no_page_keeps_the_keyboard(
    furnished: Office, logged_in: Callable[..., BrowserContext], name: str
) -> None:
    page = logged_in(Role.ADMIN).new_page()
    path = every_page(furnished, Role.ADMIN)[name]
    bring(name, path, page, furnished.url)
    last = page.locator("footer a").last
    for _ in range(400):
        page.keyboard.press("Tab")
        if last.evaluate("link => link === document.activeElement"):
            break
    expect(last).to_be_focused()
    page.close()

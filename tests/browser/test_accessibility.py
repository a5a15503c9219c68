"""Every page can be used by everybody: seen or heard, with a finger or a keyboard, on any screen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from surveyapp.app import STATIC
from surveyapp.i18n import LANGUAGES
from tests.support.scenes import COMMENTS, HOUR, SCENES, Stage, customers_browser, show, stage

PHONE: ViewportSize = {"width": 360, "height": 640}
FINGER_PX = 44
LARGEST_PAGE = 30 * 1024
PATIENCE_MS = 20_000

# Controls and links that can be met, and what is drawn of each: a radio button is its label.
TARGETS = """() => [...document.querySelectorAll("a, button, textarea, input:not([type=hidden])")]
    .filter((each) => each.checkVisibility())
    .map((each) => {
        const {width, height} = each.getBoundingClientRect();
        return {what: each.outerHTML.slice(0, 90), width, height};
    })"""
RINGS = """() => {
    const drawn = document.activeElement.type === "radio"
        ? document.activeElement.nextElementSibling : document.activeElement;
    const style = getComputedStyle(drawn);
    return [style.outlineStyle, parseFloat(style.outlineWidth)];
}"""


@dataclass(slots=True)
class Shown:
    """A page in front of a customer, and what the browser said and asked for while it came."""

    name: str
    locale: str
    page: Page
    said: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        # A page that comes with an error's status is said to have failed.
        if not message.text.startswith("Failed to load resource: the server responded with a status of"):
            self.said.append(message.text)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as started:
        yield started


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with customers_browser(chromium, viewport=PHONE) as opened:
        opened.set_default_timeout(PATIENCE_MS)
        yield opened


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    yield opened
    opened.close()


@pytest.fixture(
    scope="module",
    params=[(name, locale) for name in SCENES for locale in LANGUAGES],
    ids=lambda param: "-".join(param),
)
def shown(request: pytest.FixtureRequest, app: Stage, context: BrowserContext) -> Iterator[Shown]:
    """Each kind of page in each language, once for all tests that only look at it."""
    name, locale = request.param
    this = Shown(name, locale, context.new_page())
    this.page.on("console", lambda message: this.note(message))
    this.page.on("pageerror", lambda error: this.said.append(str(error)))
    this.page.on("request", lambda each: this.asked_for.append(each.url))
    show(name, this.page, app, locale)
    yield this
    this.page.close()


def test_it_says_in_its_language_what_it_is_and_how_to_go_on(shown: Shown) -> None:
    page = shown.page
    assert page.locator("html").get_attribute("lang") == shown.locale
    assert "Nordvik Energi" in page.title()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    if shown.name != "saving":
        ways = page.get_by_role("main").locator("a, button").filter(visible=True)
        expect(ways).not_to_have_count(0)


def test_every_target_is_as_large_as_a_finger(shown: Shown) -> None:
    targets = shown.page.evaluate(TARGETS)
    assert targets
    assert [each for each in targets if min(each["width"], each["height"]) < FINGER_PX] == []


# 320 px is also what 400 % of zoom leaves of 1280 px.
@pytest.mark.parametrize("width", [360, 320])
def test_nothing_has_to_be_scrolled_sideways(shown: Shown, width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 640})
    needed = shown.page.evaluate("document.documentElement.scrollWidth")
    shown.page.set_viewport_size(PHONE)
    assert needed <= width


def test_it_sets_no_cookie_asks_nobody_else_and_breaks_no_policy(shown: Shown, app: Stage) -> None:
    assert shown.page.context.cookies() == []
    assert [url for url in shown.asked_for if not url.startswith((app.url, app.broken_url))] == []
    assert shown.said == []


def test_the_button_of_a_scale_is_in_sight_on_a_small_phone(shown: Shown) -> None:
    for button in shown.page.locator(".asking + .act button").filter(visible=True).all():
        expect(button).to_be_in_viewport(ratio=1)


# What axe looks at is the same in each language; what differs, such as the width of words, is measured above.
@pytest.mark.parametrize("name", SCENES)
def test_axe_finds_nothing_in_light_or_dark(app: Stage, page: Page, name: str) -> None:
    show(name, page, app, LANGUAGES[list(SCENES).index(name) % len(LANGUAGES)])
    axe = Axe()
    page.emulate_media(color_scheme="light")
    light = axe.run(page)
    assert not light.violations_count, light.generate_report()
    page.emulate_media(color_scheme="dark")
    # Nothing but the colours can be another matter in the dark.
    dark = AxeResults(page.evaluate("axe.run({runOnly: ['color-contrast']})"))
    assert not dark.violations_count, dark.generate_report()


def test_the_ratings_are_one_group_named_by_the_question(app: Stage, page: Page) -> None:
    page.goto(app.invite("nps", "en")[1].page)
    group = page.get_by_role("radiogroup", name="How likely are you to recommend Nordvik Energi")
    expect(group.get_by_role("radio")).to_have_count(11)
    expect(group.get_by_role("radio", name="0 – Not at all likely", exact=True)).to_be_visible()
    expect(group.get_by_role("radio", name="7 on a scale from 0 to 10", exact=True)).to_be_visible()
    expect(group.get_by_role("radio", name="10 – Very likely", exact=True)).to_be_visible()


def test_a_rating_is_read_out_as_it_is_spoken(app: Stage, page: Page) -> None:
    page.goto(app.invite("csat", "ro")[1].page)
    expect(page.get_by_role("radiogroup", name="Cât de mulțumit sau mulțumită sunteți")).to_be_visible()
    expect(page.get_by_role("radio", name="5 – Foarte mulțumit sau mulțumită", exact=True)).to_be_visible()
    expect(page.get_by_text("Foarte mulțumit(ă)")).to_be_visible()


def test_a_keyboard_answers_in_the_order_of_reading(app: Stage, page: Page) -> None:
    page.goto(app.invite("csat", "en")[1].ratings[4])
    for key, role, name in [
        ("Tab", "radio", "4 – Satisfied"),
        ("ArrowUp", "radio", "3 – Neutral"),
        ("ArrowUp", "radio", "2 – Dissatisfied"),
        ("Tab", "button", "Send answer"),
        ("Tab", "link", "svenska"),
        ("Shift+Tab", "button", "Send answer"),
    ]:
        page.keyboard.press(key)
        expect(page.get_by_role(role, name=name)).to_be_focused()  # type: ignore[arg-type]
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you for your answer!")).to_be_visible()
    expect(page.get_by_text("2 – Dissatisfied")).to_be_visible()


@pytest.mark.parametrize(
    "name", ["chosen-nps", "one-click-csat", "further-question", "unsubscribe", "privacy"]
)
def test_the_focus_is_always_seen(app: Stage, page: Page, name: str) -> None:
    show(name, page, app, "de")
    # The two links on each side of ours belong to the browser.
    for _ in range(len(page.evaluate(TARGETS))):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        style, width = page.evaluate(RINGS)
        assert style == "solid" and width >= 2, page.evaluate("document.activeElement.outerHTML")


def test_the_bar_with_send_never_covers_the_focus(app: Stage, page: Page) -> None:
    page.goto(app.invite("ces", "de")[1].ratings[1])
    page.keyboard.press("Tab")
    for _ in range(6):
        page.keyboard.press("ArrowDown")
        bar = box(page, ".act")
        face = box(page, "input:focus + .face")
        assert face["y"] >= 0
        assert face["y"] + face["height"] <= bar["y"]


def test_a_screen_too_low_for_a_bar_scrolls_it_away(app: Stage, page: Page) -> None:
    page.set_viewport_size({"width": 640, "height": 320})
    page.goto(app.invite("ces", "de")[1].ratings[1])
    expect(page.locator(".act button")).not_to_be_in_viewport()


@pytest.mark.parametrize(("survey", "columns"), [("nps", 6), ("nki", 5)])
def test_each_end_of_the_numbers_stands_by_its_own_number(
    app: Stage, page: Page, survey: str, columns: int
) -> None:
    page.goto(app.invite(survey, "de")[1].page)
    faces = [box(page, f".choice:nth-of-type({n}) .face") for n in (1, columns + 1)]
    assert faces[0]["x"] == faces[1]["x"], "the second row begins below the first"
    low, first = box(page, ".low"), box(page, ".choice .face")
    high, last = box(page, ".high"), box(page, "label:last-of-type .face")
    assert low["y"] + low["height"] <= first["y"]
    assert high["y"] >= last["y"] + last["height"]
    words_end = page.locator(".high").evaluate(
        """element => {
            const range = document.createRange();
            range.selectNodeContents(element);
            return range.getBoundingClientRect().right;
        }"""
    )
    assert words_end == pytest.approx(last["x"] + last["width"], abs=1)


def test_a_comment_that_is_the_answer_can_be_read_again_to_change_it(app: Stage, page: Page) -> None:
    show("change-my-comment", page, app, "en")
    expect(page.get_by_role("textbox", name="What would you like to tell us")).to_have_value(COMMENTS["en"])


def test_without_a_script_the_page_names_no_rating_that_is_not_chosen_any_more(
    app: Stage, chromium: Browser
) -> None:
    with customers_browser(chromium, java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(app.invite("csat", "en")[1].ratings[4])
        expect(page.get_by_text("You chose: 4 – Satisfied.")).to_be_visible()
        page.get_by_role("radio", name="2 – Dissatisfied").check()
        expect(page.get_by_text("You chose: 4 – Satisfied.")).to_be_hidden()


def test_a_page_that_may_turn_into_thanks_is_not_painted_before_that_is_decided(
    app: Stage, page: Page
) -> None:
    page.goto(app.invite("csat", "en", HOUR)[1].ratings[4])
    page.locator("#done h1").wait_for()
    painted, decided = page.evaluate(
        """async () => {
            const paint = await new Promise((found) => new PerformanceObserver(
                (list) => found(list.getEntries()[0])).observe({type: "paint", buffered: true}));
            const script = performance.getEntriesByType("resource").find((each) => each.name.includes(".js"));
            return [paint.startTime, script.responseEnd];
        }"""
    )
    assert painted > decided


@pytest.mark.parametrize("name", ["chosen-ces", "one-click-nki", "already-answered", "privacy"])
def test_a_page_with_all_that_belongs_to_it_is_light(app: Stage, chromium: Browser, name: str) -> None:
    # In a browser that has nothing in its cache yet.
    with customers_browser(chromium) as fresh:
        page = fresh.new_page()
        page.set_default_timeout(PATIENCE_MS)
        network = fresh.new_cdp_session(page)
        network.send("Network.enable")
        received: list[dict[str, Any]] = []
        network.on("Network.loadingFinished", lambda each: received.append(each))
        show(name, page, app, "ro")
        page.wait_for_function("document.readyState === 'complete'")
        # Browsers with a window load the icon too.
        icon = page.request.get(f"{app.url}/static/icon.svg")
        weight = sum(each["encodedDataLength"] for each in received) + size(icon.headers, icon.body())
    assert (STATIC / "public.css").stat().st_size < weight < LARGEST_PAGE


def size(headers: dict[str, str], body: bytes) -> int:
    """Bytes over the wire."""
    return sum(len(name) + len(value) + 4 for name, value in headers.items()) + len(body)


def box(page: Page, selector: str) -> Any:
    """Where it stands in the window."""
    return page.locator(selector).first.bounding_box()

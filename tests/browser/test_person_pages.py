"""The customer's other ways through the pages: keys alone, languages, more questions, the way out, Safari."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from surveyapp.core.scales import Metric
from surveyapp.i18n import LANGUAGES
from tests.support.customer import (
    Reports,
    change_answer,
    choose,
    click_once,
    comment,
    expect_thanks,
    is_gesture,
    open_from_mail,
    radio,
    send,
)
from tests.support.helpdesk import Helpdesk, eventually
from tests.support.safari import USER_AGENT, as_safari

SAVED = {
    "sv": "Ditt svar är sparat: 5 – Mycket nöjd.",
    "ro": "Răspunsul dumneavoastră a fost salvat: 5 – Foarte mulțumit(ă).",
    "de": "Ihre Antwort ist gespeichert: 5 – Sehr zufrieden.",
    "en": "Your answer is saved: 5 – Very satisfied.",
}


def test_keys_alone_open_choose_and_send(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.goto(invited.mail)
    tab_to(customer, f'a[href="{invited.urls.ratings[5]}"]')
    customer.keyboard.press("Enter")
    expect(customer.locator("#done h1")).to_be_focused()
    tab_to(customer, "a.change")
    customer.keyboard.press("Enter")
    expect(radio(customer, 5)).to_be_focused()
    with customer.expect_response(is_gesture) as reply:
        customer.keyboard.press("ArrowUp")
    assert reply.value.status == 204
    expect(radio(customer, 4)).to_be_checked()
    assert desk.history(invited)[-1] == ("counted", "gesture", {"csat": 4})
    tab_to(customer, "#ask button[type=submit]")
    customer.keyboard.press("Space")
    expect_thanks(customer)
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 4})


def test_space_chooses_and_enter_sends_from_the_rating_itself(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.goto(invited.urls.page)
    tab_to(customer, "input[type=radio][value='1']")
    with customer.expect_response(is_gesture):
        customer.keyboard.press("Space")
    assert desk.history(invited) == [("counted", "gesture", {"csat": 1})]
    customer.keyboard.press("Enter")
    expect_thanks(customer)
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 1})


def test_tabbing_scrolling_and_the_language_switch_are_no_gestures(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    desk.note_acceptance(invited, ago=-timedelta(hours=1))
    reports = Reports(customer)
    open_from_mail(customer, invited, 5)
    for _ in range(8):
        customer.keyboard.press("Tab")
    customer.mouse.wheel(0, 400)
    customer.get_by_text("How satisfied are you").click()
    customer.get_by_role("link", name="Deutsch").click()
    expect(customer.locator("html")).to_have_attribute("lang", "de")
    assert "gesture" not in reports.events
    assert desk.answer(invited)["state"] == "held"


def test_the_language_can_be_switched_and_the_rating_stays(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    click_once(customer, invited, 5)
    customer.get_by_role("link", name="Deutsch").click()
    expect(customer.locator("html")).to_have_attribute("lang", "de")
    expect(radio(customer, 5)).to_be_checked()
    send(customer)
    expect(customer.get_by_text(SAVED["de"])).to_be_visible()
    comment(customer, "Danke")
    expect(customer.locator("html")).to_have_attribute("lang", "de")
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 5})


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_leads_from_the_mail_to_the_score(desk: Helpdesk, customer: Page, code: str) -> None:
    invited = desk.invite(locale=code)
    click_once(customer, invited, 5)
    expect(customer.locator("html")).to_have_attribute("lang", code)
    change_answer(customer)
    send(customer)
    expect(customer.get_by_text(SAVED[code])).to_be_visible()
    comment(customer, "Tack, mulțumesc, danke: ÅÄÖ ș ț ß")
    assert desk.answer(invited)["comment"] == "Tack, mulțumesc, danke: ÅÄÖ ș ț ß"
    [figures] = desk.scores("--team", invited.team, "--by", "locale")
    assert (figures["group"], figures["n"], figures["score"]) == (code, 1, 100)


def test_nki_asks_its_three_questions_and_counts_when_all_are_answered(
    desk: Helpdesk, customer: Page
) -> None:
    invited = desk.invite("nki")
    click_once(customer, invited, 8)
    for rating, question in ((7, "further_nki2"), (6, "further_nki3")):
        choose(customer, rating, question)
        customer.locator("form.more button[type=submit]").click()
        expect(radio(customer, rating, question)).to_have_count(0)
    expect(customer.locator("textarea[name=comment]:visible")).to_have_count(1)
    assert desk.ratings(invited) == {"nki1": 8, "nki2": 7, "nki3": 6}
    [figures] = desk.scores("--team", invited.team)
    assert (figures["metric"], figures["n"], figures["mean"]) == ("nki", 1, 7)


def test_a_further_question_is_answered_or_skipped(desk: Helpdesk, customer: Page) -> None:
    desk.ask_also("ces", Metric.NPS)
    answered, skipped = desk.invite("ces"), desk.invite("ces")
    for invited in (answered, skipped):
        customer.goto(invited.urls.page)
        choose(customer, 2)
        send(customer)
        expect(customer.get_by_text("Question 2 of 2")).to_be_visible()
        if invited is answered:
            choose(customer, 9, "further_nps")
            customer.locator("form.more button[type=submit]").click()
        else:
            customer.get_by_role("link", name="Skip").click()
        comment(customer, "That is all.")
        assert desk.answer(invited)["comment"] == "That is all."
    assert desk.ratings(answered) == {"ces": 2, "nps": 9}
    assert desk.ratings(skipped) == {"ces": 2}


def test_whoever_skips_after_one_click_keeps_the_answer_that_is_settled_later(
    desk: Helpdesk, customer: Page
) -> None:
    desk.ask_also("ces", Metric.NPS)
    invited = desk.invite("ces")
    click_once(customer, invited, 2)
    eventually(lambda: desk.answer(invited)["has_stayed"])
    customer.get_by_role("link", name="Skip").click()
    expect(customer.get_by_role("textbox", name="What made it easy?")).to_be_visible()
    assert desk.history(invited)[-1][0] == "held"
    desk.work_later(timedelta(hours=1))
    assert desk.history(invited)[-1] == ("counted", "settled", {"ces": 2})


def test_an_open_question_is_answered_by_words(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite("open")
    customer.goto(invited.mail)
    customer.click(f'a[href="{invited.urls.page}"] >> nth=0')
    customer.locator("textarea").fill("All good")
    send(customer)
    assert desk.answer(invited)["comment"] == "All good"
    assert [state for state, _, _ in desk.history(invited)] == ["counted"]


def test_unsubscribing_needs_a_press(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.goto(invited.mail)
    customer.click(f'a[href="{invited.urls.unsubscribe}"]')
    expect(customer.get_by_role("heading", name="Stop sending me surveys")).to_be_visible()
    assert not desk.is_unsubscribed(invited)
    customer.get_by_role("button", name="Unsubscribe").click()
    expect(customer.get_by_role("heading", name="No more surveys")).to_be_visible()
    assert desk.is_unsubscribed(invited)


@pytest.fixture
def safari(desk: Helpdesk) -> Iterator[Callable[[str], str]]:
    """Turns a link into one by which the app meets a browser that cannot prove a press."""
    with as_safari(desk.served.url) as url:
        yield lambda link: link.replace(desk.served.url, url)


def test_in_safari_our_script_sees_the_press(
    desk: Helpdesk, browser_of: Callable[..., BrowserContext], safari: Callable[[str], str]
) -> None:
    invited = desk.invite()
    customer = browser_of(user_agent=USER_AGENT).new_page()
    customer.goto(safari(invited.urls.page))
    tab_to(customer, "input[type=radio][value='1']")
    customer.keyboard.press("Space")
    customer.keyboard.press("Enter")
    expect_thanks(customer)
    assert desk.history(invited)[-1] == ("counted", "press_unverified", {"csat": 1})


def test_in_safari_without_javascript_a_second_press_counts(
    desk: Helpdesk, browser_of: Callable[..., BrowserContext], safari: Callable[[str], str]
) -> None:
    invited = desk.invite()
    customer = browser_of(user_agent=USER_AGENT, java_script_enabled=False).new_page()
    customer.goto(safari(invited.urls.ratings[2]))
    customer.locator("#ask button[type=submit]").click()
    expect(customer.get_by_text("Please press Send once more")).to_be_visible()
    assert desk.answer(invited)["reason"] == "unverified"
    shown_at = datetime.now(UTC)
    eventually(lambda: datetime.now(UTC) - shown_at > desk.settings.rules.stay)
    send(customer)
    assert desk.history(invited)[-1] == ("counted", "press_unverified", {"csat": 2})


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until it has the focus."""
    wanted = page.locator(f"{selector}:focus")
    for _ in range(30):
        if wanted.count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"No key leads to {selector}")

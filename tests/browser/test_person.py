"""A person answers in a real browser, from the mail on another site to the score."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import BrowserContext, Page, expect

from surveyapp.links import Links, Nonce
from tests.support.customer import (
    Reports,
    change_answer,
    choose,
    choose_and_save,
    click_once,
    comment,
    expect_thanks,
    is_gesture,
    open_from_mail,
    radio,
    send,
)
from tests.support.helpdesk import Helpdesk, Invited, eventually

# A page is in the background until the test brings it to the front; playwright itself shows every page.
IN_BACKGROUND = """
    let state = "hidden";
    Object.defineProperty(Document.prototype, "visibilityState", { get: () => state });
    addEventListener("come-to-front", () => {
        state = "visible";
        document.dispatchEvent(new Event("visibilitychange"));
    });
"""
NO_TIMERS = "window.setTimeout = () => 0;"


def test_a_click_in_the_mail_comes_from_another_site(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.goto(invited.mail)
    with customer.expect_request(invited.urls.ratings[5]) as asked:
        customer.click(f'a[href="{invited.urls.ratings[5]}"]')
    headers = asked.value.all_headers()
    assert (headers["sec-fetch-site"], headers["sec-fetch-user"]) == ("cross-site", "?1")
    assert customer.evaluate("navigator.webdriver") is False
    assert customer.context.cookies() == []


def test_one_click_and_nothing_more_counts_once_it_is_settled(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    click_once(customer, invited, 5)
    expect(customer.get_by_text("Your answer: 5 – Very satisfied.")).to_be_visible()
    assert desk.answer(invited)["state"] == "held"
    eventually(lambda: desk.answer(invited)["has_stayed"])
    assert desk.held()[invited.id] == "waiting"
    desk.settle()
    assert desk.history(invited)[-1] == ("counted", "settled", {"csat": 5})
    [figures] = desk.scores("--team", invited.team)
    assert (figures["n"], figures["favourable"], figures["score"], figures["held"]) == (1, 1, 100, 0)


def test_one_click_and_a_press_count_at_once(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    click_once(customer, invited, 2)
    change_answer(customer)
    expect(radio(customer, 2)).to_be_checked()
    send(customer)
    expect(customer.get_by_text("Your answer is saved: 2 – Dissatisfied.")).to_be_visible()
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 2})
    [figures] = desk.scores("--team", invited.team)
    assert (figures["n"], figures["unfavourable"], figures["score"], figures["held"]) == (1, 1, 0, 0)


def test_one_click_soon_after_the_mail_is_asked_for_a_press(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    desk.note_acceptance(invited, ago=-timedelta(hours=1))
    open_from_mail(customer, invited, 4)
    chosen = customer.get_by_text("You chose: 4 – Satisfied. Send your answer or choose another.")
    expect(chosen).to_be_visible()
    eventually(lambda: desk.answer(invited).get("seen"))
    assert desk.answer(invited)["state"] == "held"
    send(customer)
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 4})


def test_one_click_on_a_page_that_is_closed_at_once_is_held(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    click_once(customer, invited, 5)
    customer.close()
    desk.settle()
    desk.work_later(timedelta(days=2))
    assert desk.held()[invited.id] == "left_early"
    [figures] = desk.scores("--team", invited.team)
    assert (figures["n"], figures["held"]) == (0, 1)


def test_whoever_leaves_late_has_stayed_whatever_became_of_the_timer(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.add_init_script(NO_TIMERS)
    click_once(customer, invited, 5)
    seen_at = datetime.fromisoformat(min(desk.answer(invited)["seen"].values()))
    eventually(lambda: datetime.now(UTC) - seen_at > desk.settings.rules.stay)
    assert not desk.answer(invited)["has_stayed"]
    customer.goto(invited.mail)
    eventually(lambda: desk.answer(invited)["has_stayed"])
    desk.work_later(timedelta(hours=1))
    assert desk.history(invited)[-1] == ("counted", "settled", {"csat": 5})


def test_a_page_in_the_background_is_not_seen(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.add_init_script(IN_BACKGROUND)
    open_from_mail(customer, invited, 5)
    customer.wait_for_load_state()
    eventually(lambda: desk.touches(invited))
    expect(customer.locator("#ask")).to_be_visible()
    assert desk.answer(invited) == {}
    customer.evaluate("dispatchEvent(new Event('come-to-front'))")
    expect(customer.locator("#done h1")).to_be_focused()
    assert desk.answer(invited)["state"] == "held"


def test_without_javascript_the_page_asks_for_a_press(
    desk: Helpdesk, browser_of: Callable[..., BrowserContext]
) -> None:
    invited = desk.invite()
    customer = browser_of(java_script_enabled=False).new_page()
    open_from_mail(customer, invited, 1)
    chosen = customer.get_by_text("You chose: 1 – Very dissatisfied. Send your answer or choose another.")
    expect(chosen).to_be_visible()
    expect(customer.locator("#done")).to_be_hidden()
    assert desk.answer(invited) == {}
    send(customer)
    comment(customer, "Without JavaScript, too.")
    assert desk.history(invited) == [("counted", "press", {"csat": 1})]
    assert desk.answer(invited)["comment"] == "Without JavaScript, too."


def test_a_rating_that_is_clicked_on_the_page_counts_at_once(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.goto(invited.urls.page)
    choose_and_save(customer, 4)
    expect(customer.get_by_role("status")).to_have_text("Your answer is saved: 4 – Satisfied.")
    assert desk.history(invited) == [("counted", "gesture", {"csat": 4})]


def test_a_click_on_the_rating_that_is_chosen_already_counts_too(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    click_once(customer, invited, 4)
    change_answer(customer)
    choose_and_save(customer, 4)
    assert desk.history(invited)[-1] == ("counted", "gesture", {"csat": 4})


def test_where_only_a_press_counts_a_click_on_a_rating_does_not(desk: Helpdesk, customer: Page) -> None:
    desk.set_mode("ces_ease", "confirm")
    invited = desk.invite("ces_ease")
    reports = Reports(customer)
    open_from_mail(customer, invited, 6)
    choose(customer, 5)
    eventually(lambda: desk.answer(invited).get("seen"))
    expect(customer.locator("#done")).to_have_count(0)
    send(customer)
    assert reports.events.count("gesture") == 0
    assert [state for state, _, _ in desk.history(invited)] == ["held", "counted"]
    assert desk.ratings(invited) == {"ces_ease": 5}


def test_who_clicks_two_ratings_of_the_mail_chooses_by_a_press(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite("nps")
    click_once(customer, invited, 9)
    open_from_mail(customer, invited, 3)
    expect(customer.get_by_text("You chose: 3.")).to_be_visible()
    desk.work_later(timedelta(days=2))
    assert desk.answer(invited)["reason"] == "several_ratings"
    send(customer)
    assert desk.history(invited)[-1] == ("counted", "press", {"nps": 3})


def test_a_change_of_mind_on_the_page_replaces_the_rating(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite("nps")
    click_once(customer, invited, 9)
    change_answer(customer)
    choose_and_save(customer, 8)
    choose_and_save(customer, 3)
    assert desk.ratings(invited) == {"nps": 3}
    send(customer)
    assert [each for each in desk.history(invited) if each[0] == "counted"] == [
        ("counted", "gesture", {"nps": 8}),
        ("counted", "gesture", {"nps": 3}),
        ("counted", "press", {"nps": 3}),
    ]


def test_after_a_press_only_a_press_changes_the_answer_and_the_page_claims_nothing_else(
    desk: Helpdesk, customer: Page
) -> None:
    invited = desk.invite()
    reports = Reports(customer)
    customer.goto(invited.urls.page)
    choose(customer, 5)
    send(customer)
    change_answer(customer)
    reports.events.clear()
    choose(customer, 1)
    expect(radio(customer, 1)).to_be_checked()
    expect(customer.get_by_text("You have already answered: 5 – Very satisfied.")).to_be_visible()
    expect(customer.get_by_text("is saved")).to_be_hidden()
    assert desk.ratings(invited) == {"csat": 5}
    send(customer)
    assert reports.events == []
    expect(customer.get_by_text("Your answer has been changed: 1 – Very dissatisfied.")).to_be_visible()
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 1})


def test_a_comment_below_the_thanks_counts_as_a_press(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    click_once(customer, invited, 5)
    comment(customer, "Snabbt & vänligt <3\nTack!")
    expect(customer.get_by_role("heading", name="Thank you! We have received your comment.")).to_be_visible()
    expect(customer.get_by_text("Snabbt & vänligt <3")).to_be_visible()
    assert desk.answer(invited)["comment"] == "Snabbt & vänligt <3\nTack!"
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 5})


def test_a_tab_that_was_left_open_overnight_still_sends(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.goto(invited.urls.page)
    let_a_day_pass(desk, invited, customer)
    with customer.expect_response(is_gesture) as reply:
        choose(customer, 4)
    assert reply.value.status == 422
    expect(customer.get_by_text("is saved")).to_have_count(0)
    assert desk.answer(invited) == {}
    send(customer)
    assert desk.history(invited) == [("counted", "press", {"csat": 4})]


def test_a_double_click_on_send_is_one_answer(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    desk.note_acceptance(invited, ago=-timedelta(hours=1))
    open_from_mail(customer, invited, 4)
    customer.locator("#ask button[type=submit]").dblclick()
    expect_thanks(customer)
    assert [each for each in desk.history(invited) if each[0] == "counted"] == [
        ("counted", "press", {"csat": 4})
    ]


def test_a_double_click_in_the_mail_is_one_rating(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.goto(invited.mail)
    customer.dblclick(f'a[href="{invited.urls.ratings[5]}"]')
    expect(customer.locator("#done h1")).to_be_focused()
    eventually(lambda: desk.answer(invited)["has_stayed"])
    desk.work_later(timedelta(hours=1))
    assert desk.history(invited)[-1] == ("counted", "settled", {"csat": 5})


def test_the_same_link_in_two_tabs_is_one_click(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    other = customer.context.new_page()
    click_once(customer, invited, 5)
    click_once(other, invited, 5)
    eventually(lambda: desk.answer(invited)["has_stayed"])
    desk.work_later(timedelta(hours=1))
    assert desk.history(invited)[-1] == ("counted", "settled", {"csat": 5})


def test_the_later_press_of_two_tabs_stands(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    other = customer.context.new_page()
    for tab in (customer, other):
        tab.goto(invited.urls.page)
    choose(customer, 5)
    send(customer)
    choose(other, 2)
    send(other)
    assert desk.ratings(invited) == {"csat": 2}
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 2})


def test_going_back_and_sending_again_changes_the_one_answer(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    click_once(customer, invited, 5)
    change_answer(customer)
    send(customer)
    customer.go_back()
    expect(customer.get_by_text("You have already answered: 5 – Very satisfied.")).to_be_visible()
    change_answer(customer)
    choose(customer, 3)
    send(customer)
    assert [each for each in desk.history(invited) if each[0] == "counted"] == [
        ("counted", "press", {"csat": 5}),
        ("counted", "press", {"csat": 3}),
    ]


def test_the_thanks_may_be_loaded_again(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.goto(invited.urls.page)
    choose(customer, 4)
    send(customer)
    stored = desk.stored(invited)
    customer.reload()
    expect(customer.get_by_text("Your answer is saved: 4 – Satisfied.")).to_be_visible()
    assert desk.stored(invited) == stored


def test_where_our_server_cannot_be_reached_the_page_still_offers_send(
    desk: Helpdesk, customer: Page
) -> None:
    invited = desk.invite()
    customer.route("**/seen", lambda route: route.abort())
    open_from_mail(customer, invited, 5)
    expect(customer.locator("#done")).to_be_hidden()
    send(customer)
    assert desk.history(invited) == [("counted", "press", {"csat": 5})]


def test_on_a_slow_line_the_page_does_not_stay_empty(desk: Helpdesk, customer: Page) -> None:
    invited = desk.invite()
    customer.route("**/seen", lambda route: None)
    open_from_mail(customer, invited, 5)
    expect(customer.locator("#ask")).to_be_visible()
    send(customer)
    assert desk.history(invited) == [("counted", "press", {"csat": 5})]


def let_a_day_pass(desk: Helpdesk, invited: Invited, page: Page) -> None:
    """Make the page's nonce as old as it would be."""
    served_at = datetime.now(UTC) - timedelta(hours=25)
    old = Links(desk.settings.link_keys).sign_page(invited.id, Nonce("page", served_at, can_prove=True))
    page.locator("#ask input[name=nonce]").evaluate("(input, old) => { input.value = old; }", old)

"""Scanners open, read, run and submit what we mail, in a real browser, and no score moves."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.customer import choose, choose_and_save, click_once, open_from_mail, send
from tests.support.helpdesk import Helpdesk, Invited, eventually
from tests.support.safari import USER_AGENT, as_safari
from tests.support.scanner import ATTACKS, SUBMITTING, Scanner

# No page of this module stays for so long, so that nothing but evidence of a person can count. Without it
# one late link that is left open may settle, as DESIGN.md section 4 says.
SETTINGS = {"SURVEYAPP_STAY_SECONDS": "600"}

OFTEN = 10
# The others are variations.
PLAIN = ("form.submit()", "button.click()", "form.requestSubmit()")


@pytest.fixture
def scanner(browser_of: Callable[..., BrowserContext]) -> Scanner:
    """Looks like any customer's browser."""
    return Scanner(browser_of())


def test_opening_every_link_of_fifty_mails_counts_nothing(desk: Helpdesk, scanner: Scanner) -> None:
    invited = [desk.invite() for _ in range(50)]
    for each in invited:
        scanner.open_all(each.links)
    assert {len(desk.touches(each)) for each in invited} == {5 + 3}
    desk.settle()
    counts_nothing(desk, invited)
    held = desk.held()
    assert {held[each.id] for each in invited} == {"several_ratings"}


def test_reading_the_page_after_its_script_has_run_counts_nothing(desk: Helpdesk, scanner: Scanner) -> None:
    invited = [desk.invite() for _ in range(OFTEN)]
    for each in invited:
        assert "Thank you for your answer!" in scanner.dump(each.urls.ratings[5])
    eventually(lambda: all(desk.answer(each) for each in invited))
    desk.settle()
    counts_nothing(desk, invited)
    assert {desk.answer(each)["reason"] for each in invited} == {"left_early"}


def test_virtual_time_is_no_time(desk: Helpdesk, scanner: Scanner) -> None:
    invited = [desk.invite() for _ in range(OFTEN)]
    for each in invited:
        scanner.run_clock(each.urls.ratings[5], seconds=3600)
    assert scanner.reports.count("stayed") >= OFTEN
    desk.settle()
    counts_nothing(desk, invited)
    assert {desk.answer(each)["reason"] for each in invited} == {"left_early"}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_a_script_in_the_page_does_counts_nothing(desk: Helpdesk, scanner: Scanner, name: str) -> None:
    invited = [desk.invite() for _ in range(OFTEN if name in PLAIN else 2)]
    for each in invited:
        scanner.attack(name, each.urls.ratings[1])
    assert len(scanner.sent) >= len(invited) * SUBMITTING.get(name, 0)
    assert "gesture" not in scanner.reports
    eventually(lambda: all(desk.answer(each) for each in invited))
    if name in PLAIN:
        desk.settle()
    counts_nothing(desk, invited)
    assert {desk.answer(each)["reason"] for each in invited} == {"left_early"}


@pytest.mark.parametrize("name", SUBMITTING)
def test_a_form_that_a_script_sends_unsubscribes_nobody(desk: Helpdesk, scanner: Scanner, name: str) -> None:
    invited = desk.invite()
    scanner.attack(name, invited.urls.unsubscribe)
    assert len(scanner.sent) == SUBMITTING[name]
    assert not desk.is_unsubscribed(invited)


@pytest.mark.parametrize("again", ["reload", "back and forward"])
@pytest.mark.parametrize("kind", ["answer", "unsubscribe"])
def test_loading_again_what_a_script_sent_is_no_press(
    desk: Helpdesk, scanner: Scanner, kind: str, again: str
) -> None:
    """A browser sends the form once more then, as if a person had pressed."""
    invited = desk.invite()
    link = invited.urls.ratings[1] if kind == "answer" else invited.urls.unsubscribe
    scanner.attack("form.submit()", link)
    sent = len(scanner.sent)
    if again == "reload":
        scanner.tab.reload()
    else:
        scanner.tab.go_back()
        scanner.tab.go_forward()
    assert len(scanner.sent) == sent
    assert not desk.is_unsubscribed(invited)
    counts_nothing(desk, [invited])


def test_a_script_in_a_browser_that_cannot_prove_a_press_counts_nothing(
    desk: Helpdesk, browser_of: Callable[..., BrowserContext]
) -> None:
    scanner = Scanner(browser_of(user_agent=USER_AGENT))
    invited = [desk.invite() for _ in PLAIN]
    with as_safari(desk.served.url) as url:
        for name, each in zip(PLAIN, invited, strict=True):
            scanner.attack(name, each.urls.ratings[1].replace(desk.served.url, url))
    counts_nothing(desk, invited)
    assert {desk.answer(each)["reason"] for each in invited} == {"unverified"}


def test_a_browser_that_says_it_is_automated_never_settles(
    desk: Helpdesk, browser_of: Callable[..., BrowserContext]
) -> None:
    context = browser_of()
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => true });")
    invited = desk.invite()
    context.new_page().goto(invited.urls.ratings[5])
    eventually(lambda: desk.answer(invited))
    assert desk.answer(invited)["reason"] == "automated"


def test_a_person_counts_by_pressing_whatever_a_scanner_did_before(
    desk: Helpdesk, scanner: Scanner, customer: Page
) -> None:
    invited = desk.invite()
    scanner.open_all(invited.links)
    scanner.attack("form.submit()", invited.urls.ratings[1])
    scanner.attack("radio.click()", invited.urls.ratings[2])
    open_from_mail(customer, invited, 5)
    expect(customer.get_by_text("You chose: 5 – Very satisfied.")).to_be_visible()
    send(customer)
    assert desk.history(invited)[-1] == ("counted", "press", {"csat": 5})
    [figures] = desk.scores("--team", invited.team)
    assert (figures["n"], figures["score"]) == (1, 100)


def test_a_person_counts_by_choosing_whatever_a_scanner_did_before(
    desk: Helpdesk, scanner: Scanner, customer: Page
) -> None:
    invited = desk.invite()
    scanner.open_all(invited.links)
    open_from_mail(customer, invited, 5)
    choose_and_save(customer, 4)
    assert desk.history(invited)[-1] == ("counted", "gesture", {"csat": 4})


@pytest.mark.parametrize("evidence", ["gesture", "press"])
def test_a_scanner_after_the_person_changes_nothing(
    desk: Helpdesk, scanner: Scanner, customer: Page, evidence: str
) -> None:
    invited = desk.invite()
    customer.goto(invited.urls.page)
    if evidence == "press":
        choose(customer, 4)
        send(customer)
    else:
        choose_and_save(customer, 4)
    stored = desk.stored(invited)
    scanner.open_all(invited.links)
    for name in (*PLAIN, "radio.click()", "a filled form"):
        scanner.attack(name, invited.urls.ratings[1])
    desk.work_later(timedelta(days=2))
    assert desk.stored(invited) == stored
    assert desk.history(invited)[-1] == ("counted", evidence, {"csat": 4})


def test_three_scanned_mails_mark_their_domain_and_one_click_is_not_enough_there(
    desk: Helpdesk, scanner: Scanner, customer: Page
) -> None:
    for name in ("anna", "bo", "cem"):
        scanner.open_all(desk.invite(address=f"{name}@scanned.example").links)
    invited = desk.invite(address="dora@scanned.example")
    open_from_mail(customer, invited, 5)
    expect(customer.get_by_text("You chose: 5 – Very satisfied.")).to_be_visible()
    eventually(lambda: desk.answer(invited))
    assert desk.answer(invited)["reason"] == "scanning_domain"
    neighbour = desk.invite(address="eve@quiet.example")
    click_once(customer, neighbour, 5)


def counts_nothing(desk: Helpdesk, invited: list[Invited]) -> None:
    """Neither now nor after every duration has passed and the worker looked."""
    ids = {each.id for each in invited}
    assert desk.counted().isdisjoint(ids)
    desk.work_later(timedelta(days=2))
    assert desk.counted().isdisjoint(ids)

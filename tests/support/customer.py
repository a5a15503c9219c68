"""What customers do in their browsers, and what our script says about it."""

import re
from urllib.parse import parse_qs

from playwright.sync_api import Locator, Page, Request, Response, expect

from tests.support.helpdesk import Invited


def open_from_mail(page: Page, invited: Invited, rating: int) -> None:
    """Read the mail and click one of its ratings."""
    page.goto(invited.mail)
    page.click(f'a[href="{invited.urls.ratings[rating]}"]')
    page.wait_for_url(invited.urls.ratings[rating])


def click_once(page: Page, invited: Invited, rating: int) -> None:
    """The same; returns when the page has turned into thanks, which it does after the server took note."""
    open_from_mail(page, invited, rating)
    expect(page.locator("#done h1")).to_be_focused()


def radio(page: Page, rating: int, question: str = "rating") -> Locator:
    """The control of a rating; of the question that the mail asked, unless another one is named."""
    return page.locator(f'input[type="radio"][name="{question}"][value="{rating}"]')


def choose(page: Page, rating: int, question: str = "rating") -> None:
    """Click a rating of the page where people click it, in the middle of its face."""
    page.locator("label", has=radio(page, rating, question)).click()


def choose_and_save(page: Page, rating: int) -> None:
    """The same; returns when our script's report was answered."""
    with page.expect_response(is_gesture) as reply:
        choose(page, rating)
    assert reply.value.status == 204


def change_answer(page: Page) -> None:
    """From the thanks back to the ratings."""
    page.locator("a.change:visible").click()
    expect(page.locator("#ask")).to_be_visible()


def send(page: Page) -> None:
    """Press the question's own button and arrive at the thanks."""
    page.locator("#ask button[type=submit]").click()
    expect_thanks(page)


def comment(page: Page, text: str) -> None:
    """Write into the field below the thanks and send it."""
    page.locator("textarea[name=comment]:visible").fill(text)
    page.locator("form.more button[type=submit]").click()
    expect_thanks(page)


def expect_thanks(page: Page) -> None:
    """The page after a form was taken."""
    expect(page).to_have_url(re.compile("/thanks"))


def is_gesture(response: Response) -> bool:
    """Whether it answers the report of a gesture."""
    return event_of(response.request) == "gesture"


class Reports:
    """What the script of a page told our server, as it happens."""

    def __init__(self, page: Page) -> None:
        self.events: list[str] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if event := event_of(request):
            self.events.append(event)


def event_of(request: Request) -> str:
    """What our script reports by this request; "" when it is another one."""
    if not request.url.endswith("/seen"):
        return ""
    return parse_qs(request.post_data or "").get("event", ["?"])[0]

"""The API's description, as a person reads it."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, expect

from tests.support.served import Served


def test_the_page_shows_every_operation_and_asks_nobody_else(
    chromium: Browser, served_app: Callable[..., Served], own_database_url: str
) -> None:
    app = served_app(own_database_url)
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    asked_for: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda each: asked_for.append(each.url))
    page.goto(f"{app.url}/api/v1/docs")
    for words in ("Invite a customer to answer about one ticket.", "Scores with their number of answers"):
        expect(page.get_by_text(words).first).to_be_visible(timeout=20_000)
    expect(page.locator(".opblock")).to_have_count(operations(page))
    page.locator("#operations-invitations-invite .opblock-summary-control").click()
    expect(page.locator("#operations-invitations-invite .opblock-body")).to_contain_text("ticket_ref")
    assert [url for url in asked_for if not url.startswith((app.url, "data:"))] == []
    assert said == []
    context.close()


def operations(page: Any) -> int:
    described = page.request.get(page.url.replace("/docs", "/openapi.json")).json()
    assert described["openapi"] == "3.1.0"
    return sum(len(methods.keys() & {"get", "post"}) for methods in described["paths"].values())

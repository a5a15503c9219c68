"""A helpdesk with the app beside it, and the browsers of customers and of scanners."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.databases import SqliteFiles
from tests.support.helpdesk import Helpdesk, helpdesk

PATIENCE_MS = 10_000


@pytest.fixture(scope="module")
def desk(
    sqlite: SqliteFiles, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Helpdesk]:
    """One installation for all tests of a module, with its SETTINGS; each test invites its own customers."""
    settings = getattr(request.module, "SETTINGS", {})
    with helpdesk(tmp_path_factory.mktemp("desk"), sqlite.clone(), settings) as started:
        yield started


@pytest.fixture
def browser_of(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a browser like any customer's; arguments are those of playwright's new_context."""
    opened: list[BrowserContext] = []
    major = chromium.version.partition(".")[0]
    user_agent = (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{major}.0.0.0 Safari/537.36"
    )

    def open_one(**options: Any) -> BrowserContext:
        context = chromium.new_context(**{"user_agent": user_agent, "locale": "en-GB", **options})
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def customer(browser_of: Callable[..., BrowserContext]) -> Page:
    """An empty tab of one customer."""
    return browser_of().new_page()

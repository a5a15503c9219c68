"""Somebody behind the login in a real browser, who reads one language and has counted clicks."""

import gettext
from dataclasses import dataclass
from pathlib import Path
from typing import Never

from playwright.sync_api import BrowserContext, Locator, Page, expect

from surveyapp import i18n
from surveyapp.core.access import Role
from surveyapp.i18n import Language, language
from tests.support.office import Office, log_in

MOST_CLICKS = 3
TRANSLATIONS = Path(__file__).parents[2] / "translations"


class Untranslated(gettext.NullTranslations):
    """Behind a catalogue: what it does not have."""

    def gettext(self, message: str) -> Never:
        raise AssertionError(f"Nobody has translated {message!r}.")


@dataclass(slots=True)
class Colleague:
    """Somebody on the start page, whose clicks are counted; typing is none."""

    page: Page
    office: Office
    tongue: Language
    catalogue: gettext.NullTranslations
    clicks: int = 0

    def words(self, message: str, **values: object) -> str:
        """As they stand on this person's pages; AssertionError where the language has none."""
        self.catalogue.gettext(message)
        return self.tongue.gettext(message, **values)

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_role("main").get_by_label(label).first.fill(text)

    def click(self, what: Locator) -> None:
        """Follow a link or press a button: one click more, of three."""
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS, "This takes too many clicks."
        what.click()
        self.page.wait_for_load_state()

    def begin(self) -> None:
        """Another task, for which clicks are counted anew."""
        self.clicks = 0

    def go(self, message: str, menu: str = "Main menu") -> None:
        """By the menu, or by the links of another name."""
        links = self.page.get_by_role("navigation", name=self.words(menu))
        self.click(links.get_by_role("link", name=self.words(message), exact=True))

    def press(self, message: str, inside: Locator | None = None) -> None:
        area = inside or self.page.get_by_role("main")
        self.click(area.get_by_role("button", name=self.words(message), exact=True).first)

    def sees(self, words: str) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(words)

    def reads(self, message: str, **values: object) -> None:
        self.sees(self.words(message, **values))


def colleague(office: Office, context: BrowserContext, code: str, role: Role) -> Colleague:
    """The only user of this role, logged in with a browser that wishes this language."""
    page = context.new_page()
    log_in(page, office.url, role)
    catalogue = i18n.catalogue(code, TRANSLATIONS)
    if code != "en":
        catalogue.add_fallback(Untranslated())
    return Colleague(page, office, language(code), catalogue)

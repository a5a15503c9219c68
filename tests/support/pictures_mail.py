"""Pictures of every mail, so that people can look: `python -m tests.support.pictures_mail`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from surveyapp.i18n import LANGUAGES
from surveyapp.mail import write
from tests.support import chromium
from tests.support.letters import ASKED, SENDER, letter

FOLDER = Path(__file__).parents[2] / "build" / "pictures"
WIDTHS = (360, 640)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def take(browser: Browser, folder: Path = FOLDER) -> list[Path]:
    """Write one PNG for each question, language, width and colour scheme, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = browser.new_context(
                viewport={"width": width, "height": 600}, color_scheme=scheme, device_scale_factor=2
            )
            page = context.new_page()
            for key in ASKED:
                for code in LANGUAGES:
                    page.set_content(_html(key, code))
                    path = folder / f"mail-{key}-{code}-{width}-{scheme}.png"
                    page.screenshot(path=path, full_page=True)
                    taken.append(path)
            context.close()
    return taken


def _html(question_key: str, code: str) -> str:
    message = write(letter(question_key, code), SENDER, datetime(2026, 3, 5, 9, 30, tzinfo=UTC))
    return str(message.get_body(("html",)).get_payload(decode=True).decode())  # type: ignore[union-attr]


if __name__ == "__main__":
    with chromium.find().launched() as browser:
        print(f"{len(take(browser))} pictures in {FOLDER}")

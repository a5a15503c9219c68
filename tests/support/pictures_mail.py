"""Pictures of every mail, so that people can look: `python -m tests.support.pictures_mail`."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from surveyapp.i18n import LANGUAGES
from tests.support import chromium
from tests.support.letters import ASKED, content_of, letter, read_back

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
            for key, is_reminder in [*((key, False) for key in ASKED), ("csat", True)]:
                for code in LANGUAGES:
                    mail = replace(letter(key, code), is_reminder=is_reminder)
                    page.set_content(content_of(read_back(mail), "html"))
                    name = f"mail-{key}{'-reminder' if is_reminder else ''}"
                    path = folder / f"{name}-{code}-{width}-{scheme}.png"
                    page.screenshot(path=path, full_page=True)
                    taken.append(path)
            context.close()
    return taken


if __name__ == "__main__":
    with chromium.find().launched() as browser:
        print(f"{len(take(browser))} pictures in {FOLDER}")

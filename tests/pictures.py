"""Pictures of every mail and page, so that people can look: `python -m tests.pictures [WORD ...]`.

They lie in build/pictures, with an index.html that shows them side by side. With words, only the pages
whose names contain one of them are taken anew.
"""

import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from html import escape
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import BrowserContext, Page

from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES
from tests.support import chromium, pictures_mail
from tests.support.scenes import SCENES, Stage, customers_browser, show, stage

FOLDER = pictures_mail.FOLDER
Scheme = Literal["light", "dark"]
# What is dark at 640 px is no other dark on a wider screen.
VIEWS: dict[int, tuple[Scheme, ...]] = {360: ("light", "dark"), 640: ("light", "dark"), 1280: ("light",)}
PATIENCE_MS = 30_000


def take_all(words: Sequence[str]) -> list[Path]:
    """Write the PNG files and return their paths; two browsers at a time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not words:
        for old in FOLDER.glob("*.png"):
            old.unlink()
    with (
        TemporaryDirectory() as folder,
        stage(Path(folder)) as app,
        # Not forked: playwright's own threads would be copied halfway.
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
    ):
        jobs = [
            pool.submit(take_pages, app.url, app.broken_url, app.settings, code, words) for code in LANGUAGES
        ]
        if not words:
            jobs.append(pool.submit(take_mails))
        return [path for job in jobs for path in job.result()]


def take_mails() -> list[Path]:
    """Every mail."""
    with chromium.find().launched() as browser:
        return pictures_mail.take(browser, FOLDER)


def take_pages(url: str, broken_url: str, settings: Settings, code: str, words: Sequence[str]) -> list[Path]:
    """Every page in one language, from the app of another process."""
    names = [name for name in SCENES if not words or any(word in name for word in words)]
    app = Stage(url, broken_url, settings, Database(settings.database_url))
    with (
        chromium.find().launched() as browser,
        customers_browser(browser, device_scale_factor=2) as customer,
    ):
        customer.set_default_timeout(PATIENCE_MS)
        return [path for name in names for path in _take(customer, app, name, code)]


def _take(customer: BrowserContext, app: Stage, name: str, code: str) -> Iterable[Path]:
    page = customer.new_page()
    show(name, page, app, code)
    for width, schemes in VIEWS.items():
        _make_room(page, width)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            path = FOLDER / f"page-{name}-{code}-{width}-{scheme}.png"
            # A phone's picture is looked at closely.
            page.screenshot(path=path, full_page=True, scale="device" if width < 400 else "css")
            yield path
    page.close()


def _make_room(page: Page, width: int) -> None:
    """A window as high as the page, so that nothing sticks to its lower edge."""
    page.set_viewport_size({"width": width, "height": 740})
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": height})


def write_index(folder: Path) -> Path:
    """A page that shows all pictures of the folder: a row for each subject, width and scheme."""
    rows: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.png")):
        kind, code, width, scheme = path.stem.rsplit("-", 3)
        rows.setdefault(f"{kind}, {width} px, {scheme}", []).append(
            f'<a href="{path.name}"><img src="{path.name}" alt="{code}" width="{width}" loading="lazy"></a>'
        )
    index = folder / "index.html"
    index.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><title>Pictures</title>'
        "<style>body { font: 16px sans-serif } div { display: flex; gap: 16px; align-items: start }</style>"
        + "".join(f"<h2>{escape(title)}</h2><div>{''.join(cells)}</div>" for title, cells in rows.items()),
        encoding="utf-8",
    )
    return index


if __name__ == "__main__":
    print("Taking pictures; this takes a minute or two ...", flush=True)
    print(f"{len(take_all(sys.argv[1:]))} pictures: {write_index(FOLDER)}")

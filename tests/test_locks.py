"""What is installed is pinned by hash, and no file of ours says where it comes from."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP, DEV = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"

pytestmark = pytest.mark.static


@pytest.mark.parametrize("lock", [APP, DEV], ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+==\S+", entry), entry
        assert " --hash=sha256:" in entry


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "package-lock.json"])
def test_no_lock_names_an_address(name: str) -> None:
    assert "://" not in (ROOT / name).read_text()


def test_the_development_lock_contains_the_apps_lock() -> None:
    """So that `make test` and `make demo` may share one environment."""
    assert pins(APP) <= pins(DEV)


def test_every_npm_package_is_pinned_by_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    for name, package in installed.items():
        assert package["integrity"].startswith("sha512-"), name


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+==\S+)", lock.read_text(), flags=re.MULTILINE))

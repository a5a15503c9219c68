"""The wheel holds all that the app needs when there is no checkout beside it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_carries_catalogues_migrations_templates_and_static_files(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    beside = {
        f"surveyapp/{path.relative_to(ROOT)}"
        for pattern in ("translations/*/*/*.mo", "migrations/**/*.py", "migrations/*.mako")
        for path in ROOT.glob(pattern)
    }
    inside = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob("surveyapp/**/*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {f"surveyapp/translations/{code}/LC_MESSAGES/messages.mo" for code in ("de", "ro", "sv")} <= held
    assert beside | inside == {name for name in held if name.startswith("surveyapp/")}


def test_the_installed_wheel_starts_from_any_folder_with_every_language(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    program = (
        "import surveyapp, surveyapp.i18n as i18n;"
        "print(surveyapp.__file__, [i18n.language(code).gettext('Send answer') for code in i18n.LANGUAGES])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(str(site)), done.stderr
    assert str(["Skicka svar", "Trimiteți răspunsul", "Antwort absenden", "Send answer"]) in done.stdout

"""The wheel holds all that the app needs when there is no checkout beside it."""

import subprocess
import sys
import sysconfig
import venv
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


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel and, borrowed from ours, what it depends on.

    Our own editable install is not among that: its .pth file counts only in the folder it was made for.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", str(wheel)]
    subprocess.run(install, check=True)
    [site] = home.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


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


def test_the_command_of_the_wheel_runs_from_any_folder(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed / "surveyapp", "--help"], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert "scores" in done.stdout, done.stderr


def test_the_installed_wheel_speaks_every_language(installed: Path, tmp_path: Path) -> None:
    program = (
        "import surveyapp, surveyapp.i18n as i18n;"
        "print(surveyapp.__file__, [i18n.language(code).gettext('Send answer') for code in i18n.LANGUAGES])"
    )
    done = subprocess.run(
        [installed / "python", "-c", program],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(str(installed.parent)), done.stderr
    assert str(["Skicka svar", "Trimiteți răspunsul", "Antwort absenden", "Send answer"]) in done.stdout

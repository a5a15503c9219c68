"""`surveyapp demo` as a newcomer meets it: from an empty folder, by clicking, stopping and starting again."""

import http.client
import json
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from surveyapp.i18n import LANGUAGES
from tests.support.processes import end, free_port, running
from tests.support.served import COMMAND

# A shell of a newcomer: no settings, and the command not on the path.
SHELL = {"PATH": os.environ.get("PATH", os.defpath)}

PRESS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
}


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo in `folder`."""

    folder: Path
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text()

    @property
    def link(self) -> str:
        """The link that it offers."""
        [found] = re.findall(r"http://127\.0\.0\.1:\d+/s/\S+", self.text)
        return str(found)

    def command(self, arguments: str) -> str:
        """What `surveyapp` says in a shell that has sourced the printed file."""
        script = f". instance/demo/settings.sh && surveyapp {arguments}"
        done = subprocess.run(
            ["sh", "-ec", script], cwd=self.folder, env=SHELL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def answers(self) -> dict[str, int]:
        """Metric -> how many answers count."""
        return {row["metric"]: row["n"] for row in json.loads(self.command("scores --json"))}


@contextmanager
def demo(folder: Path, port: int) -> Iterator[Demo]:
    """A demo on this port, ended by Ctrl-C; what it started is gone afterwards."""
    log = folder / f"demo-{port}.log"
    command = [str(COMMAND), "demo", "--port", str(port)]
    is_ready = _says(log, "Ctrl-C")
    with running(command, answers=is_ready, log=log, environment=SHELL, stop=signal.SIGINT) as process:
        started = descendants(process.pid)
        assert len(started) >= 2  # the server and its worker
        yield Demo(folder, process, log)
        assert end(process, signal.SIGINT) == 0, log.read_text()
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
    assert "Traceback" not in log.read_text()


def descendants(pid: int) -> list[int]:
    """The processes that this one started, and those that they started."""
    children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(below for child in children for below in descendants(child))]


def _says(log: Path, word: str) -> Callable[[], bool]:
    return lambda: word in log.read_text()


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_from_an_empty_folder_to_a_second_start(tmp_path: Path) -> None:
    began = _processor_seconds()
    with demo(tmp_path, free_port()) as first:
        for path in ("/readyz", urlsplit(first.link).path):
            with urlopen("http://" + urlsplit(first.link).netloc + path) as response:
                assert response.status == 200
        _check_files(first)
        before = first.answers()
        assert len(before) == 6 and min(before.values()) > 10
        assert len({row["reason"] for row in json.loads(first.command("held --json"))}) > 5
        _press(first.link)
        assert first.answers() == before | {"csat": before["csat"] + 1}
    first_took, began = _processor_seconds() - began, _processor_seconds()

    with demo(tmp_path, free_port()) as second:
        assert urlsplit(second.link).path == urlsplit(first.link).path
        assert urlsplit(second.link).netloc != urlsplit(first.link).netloc
        _check_files(second)
        with urlopen(second.link) as response:
            assert "Already answered" in response.read().decode()
        assert second.answers()["csat"] == before["csat"] + 1
    assert _processor_seconds() - began < first_took


def _check_files(running_demo: Demo) -> None:
    home = running_demo.folder / "instance" / "demo"
    assert stat.S_IMODE((home / "settings.sh").stat().st_mode) == 0o600
    assert str(home / "inbox.html") in running_demo.text
    listed = re.findall(r'href="(mail/[^"]+)"', (home / "inbox.html").read_text())
    assert {home / page for page in listed} == set(home.glob("mail/*.html"))
    address = urlsplit(running_demo.link).netloc
    pages = [(home / page).read_text() for page in listed]
    assert all(f"http://{address}/s/" in page for page in pages)
    for code in LANGUAGES:
        assert sum(f'<html lang="{code}"' in page for page in pages) >= 2
    mails = [path.read_text() for path in home.glob("mail/*.eml")]
    assert len(mails) == len(pages) and all("List-Unsubscribe" in mail for mail in mails)


def _press(link: str) -> None:
    """Send the form as a person's browser does."""
    url = urlsplit(link)
    page, _, rating = url.path.rpartition("/")
    connection = http.client.HTTPConnection(url.netloc)
    connection.request("POST", page, f"rating={rating}", PRESS)
    assert connection.getresponse().status == 303
    connection.close()


def test_a_busy_port_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(tmp_path, "--port", str(port))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and f"Port {port} is in use" in done.stderr
    assert not (tmp_path / "instance").exists()


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("a file where the folder should be")
    done = run(tmp_path, "--port", "0")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "SURVEYAPP_HOME" in done.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_stopped_while_it_prepares_it_leaves_nothing_half_done(tmp_path: Path, name: str) -> None:
    log, database = tmp_path / "demo.log", tmp_path / "instance/demo/surveyapp.db"
    with running(
        [str(COMMAND), "demo", "--port", "0"], answers=database.exists, log=log, environment=SHELL
    ) as process:
        time.sleep(0.3)
        process.send_signal(signal.Signals[name])
        assert process.wait(20) == 0
    assert "Traceback" not in log.read_text() and "Stopped" in log.read_text()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`surveyapp demo` that is not expected to run for long."""
    return subprocess.run(
        [COMMAND, "demo", *arguments],
        cwd=folder,
        env=SHELL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

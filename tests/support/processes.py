"""Processes of the tests' own: started, watched until they answer, and ended by their id whatever happens."""

import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 60
STOP_SECONDS = 15


@contextmanager
def running(
    command: Sequence[str],
    *,
    answers: Callable[[], bool],
    log: Path,
    environment: Mapping[str, str],
    user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command from the folder of its log until the block ends; yields when `answers` says so.

    An `OSError` out of `answers` means "not yet". AssertionError with the log when the process ends or
    does not answer in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_tied_to_us(stop), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env=environment,
            **as_user(user),
            # Its own group: a Ctrl-C at the terminal reaches the tests, which then end it in their order.
            process_group=0,
        )
    try:
        _wait(process, answers, log)
        yield process
    finally:
        end(process, stop)


def end(process: subprocess.Popen[bytes], stop: signal.Signals = signal.SIGTERM) -> int:
    """Ask the process to stop, insist when it does not, and return its exit code."""
    if process.poll() is None:
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def as_user(name: str | None) -> dict[str, Any]:
    """Arguments of Popen that run a process as this user, with that user's rights only; None is us."""
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []} if name else {}


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _does(answers):
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            state = f"ended with {code}" if code is not None else f"said nothing in {START_SECONDS} s"
            raise AssertionError(f"{process.args!r} {state}:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)


def _does(answers: Callable[[], bool]) -> bool:
    try:
        return answers()
    except OSError:
        return False


def _tied_to_us(stop: signal.Signals) -> list[str]:
    """Let the kernel end the process when the tests are killed and cannot do it themselves."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", stop.name.removeprefix("SIG")] if setpriv else []

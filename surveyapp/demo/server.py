"""The demo's web server: a process of its own that ends with the demo."""

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from surveyapp.demo.home import DemoError

HOST = "127.0.0.1"
START_SECONDS = 30
STOP_SECONDS = 5


def port_to_use(wanted: int) -> int:
    """`wanted` itself, or any free port for 0. DemoError when it cannot be had."""
    try:
        with socket.create_server((HOST, wanted)) as server:
            return int(server.getsockname()[1])
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
        raise DemoError(
            f"Port {wanted} {why}: choose another one with --port, or let --port 0 find a free one."
        ) from error


@contextmanager
def served(port: int, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Serve until the block ends; yields when the server is ready. DemoError when it does not become so."""
    # -P: a file in the folder where somebody stands must not be taken for one of our modules.
    command = [sys.executable, "-P", "-m", "surveyapp", "serve", "--host", HOST, "--port", str(port)]
    server = subprocess.Popen(  # noqa: S603 - every word of it is ours
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        # A group of its own: Ctrl-C at the terminal reaches the demo alone, which then ends all in order.
        process_group=0,
    )
    try:
        _wait(server, port)
        yield server
    finally:
        _end(server)


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise DemoError("The server did not start; if it said why, that stands above.")
        time.sleep(0.05)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()

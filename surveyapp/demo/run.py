"""Run the demo: prepare it, say where to look, and work until somebody ends it."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread
from typing import Any

import click

from surveyapp.config import settings_from
from surveyapp.db import Database
from surveyapp.demo import aims, called, prepare, staff, words
from surveyapp.demo.home import DemoError, Home, environment, home_in, with_ours
from surveyapp.demo.inbox import Inbox
from surveyapp.demo.server import port_to_use, served
from surveyapp.links import Links, links_of
from surveyapp.worker import Worker

# The tables, the three months, the mails, the accounts, the server.
STEPS = 1 + prepare.STEPS + 1 + 1 + 1
# What the link to try at once answers: any rating that every scale has.
RATING = 4


def run(base: Path, port: int) -> None:
    """Run the demo that is kept below `base` until Ctrl-C, SIGTERM or the end of the terminal.

    `port` 0 is any free one. DemoError when it cannot run here.
    """
    _when_told_to_stop(_break_off)
    try:
        _run(home_in(base), port_to_use(port))
    except KeyboardInterrupt:
        click.echo(f"\n{words.BROKEN_OFF}")
    else:
        click.echo(f"\n{words.FAREWELL}")


def _run(home: Home, port: int) -> None:
    values = environment(home, port)
    settings = settings_from(values)
    worker = Worker(settings, Database(settings.database_url), Links(settings.link_keys), Inbox(home), _now)
    with ExitStack() as stack:
        with click.progressbar(length=STEPS, label="Preparing the demo") as bar:
            worker.database.upgrade()
            bar.update(1)
            for _ in prepare.fill(worker.database, settings, _now()):
                bar.update(1)
            first = prepare.send(worker, home)
            bar.update(1)
            staff.employ(worker.database, values[staff.PASSWORD], _now())
            aims.note(worker.database, settings, _now())
            called.name_all(worker.database, _now())
            bar.update(1)
            server = stack.enter_context(served(port, with_ours(os.environ, values)))
            bar.update(STEPS - bar.pos)
        link = links_of(worker.links, settings.public_url, first, [RATING]).ratings[RATING]
        click.echo(words.welcome(settings, home, link, values[staff.PASSWORD]))
        _work(worker, server)


def _work(worker: Worker, server: Popen[bytes]) -> None:
    """Work until told to stop, or until there is no server left to work for."""
    stop = Event()
    _when_told_to_stop(lambda *_: stop.set())
    Thread(target=_stop_with, args=(server, stop), daemon=True).start()
    worker.run(stop)
    if server.poll() is not None:
        raise DemoError("The server has ended; if it said why, that stands above.")


def _stop_with(server: Popen[bytes], stop: Event) -> None:
    server.wait()
    stop.set()


def _when_told_to_stop(act: Callable[..., Any]) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A demo under `nohup` shall outlive its terminal.
        if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN:
            signal.signal(name, act)


def _break_off(*_: object) -> None:
    raise KeyboardInterrupt


def _now() -> datetime:
    return datetime.now(UTC)

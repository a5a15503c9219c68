"""Workers in processes of their own, which can kill themselves at a chosen step of a send."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from itertools import count
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from threading import Event
from typing import Any

from surveyapp import outbox
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.smtp import SmtpRelay
from surveyapp.worker import Worker, build

STOP_SECONDS = 60
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


class Step(StrEnum):
    """A moment between two things that a worker does for one mail."""

    CLAIMING = "after the claim, before its commit"
    CLAIMED = "after the claim's commit"
    ANNOUNCED = "before the mark"
    MARKED = "after the mark, before the body"
    CONFIRMED = "after the reply, before the outcome"
    NOTING = "after the outcome, before its commit"
    NOTED = "after the outcome's commit"


@contextmanager
def worker_process(
    settings: Settings, now: datetime, senders: int = 1, step: Step | None = None, nth: int = 1
) -> Iterator[ForkServerProcess]:
    """A worker that runs until SIGTERM on a clock that stands at `now`.

    With a step it kills itself when that comes for the nth time. At the end of the block it is told to stop.
    """
    process = _FORKS.Process(target=_work, args=(settings, now, senders, step, nth), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(STOP_SECONDS)
        process.kill()
        process.join()


def _work(settings: Settings, now: datetime, senders: int, step: Step | None, nth: int) -> None:
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if step:
        _arrange(step, nth)
    replace(build(settings, Database(settings.database_url), senders), clock=lambda: now).run(stop)


def _arrange(step: Step, nth: int) -> None:
    calls = count(1)

    def die_in_time() -> None:
        if next(calls) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    owner, name, is_before = _PLACES[step]
    function = getattr(owner, name)

    def killing(*arguments: Any, **options: Any) -> Any:
        if is_before:
            die_in_time()
        result = function(*arguments, **options)
        if not is_before:
            die_in_time()
        return result

    setattr(owner, name, killing)


_PLACES: dict[Step, tuple[Any, str, bool]] = {
    Step.CLAIMING: (outbox, "claim", False),
    Step.CLAIMED: (Worker, "_deliver", True),
    Step.ANNOUNCED: (Worker, "_mark", True),
    Step.MARKED: (Worker, "_mark", False),
    Step.CONFIRMED: (SmtpRelay, "deliver", False),
    Step.NOTING: (outbox, "note_outcome", False),
    Step.NOTED: (Worker, "_send", False),
}

"""The production server: granian in WSGI mode, one process for each worker."""

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

APPLICATION = "surveyapp.app:create_app"

# Its own words go where ours go, in the same form.
LOGGING = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}


def serve(host: str, port: int, workers: int, threads: int, application: str = APPLICATION) -> None:
    """Serve until SIGTERM or SIGINT; requests that are being answered are finished first.

    Its access log would hold paths, and so tokens: it stays off. `application` is module:factory; the
    benchmark serves another one just like ours.
    """
    Server(
        application,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        factory=True,
        websockets=False,
        log_access=False,
        log_dictconfig=LOGGING,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
    ).serve()

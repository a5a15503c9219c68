"""What Prometheus asks: the figures of the whole installation, whichever of its processes answers."""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from surveyapp.metrics import Figures, figures
from surveyapp.web.wiring import parts

if TYPE_CHECKING:
    from prometheus_client import Metric

bp = Blueprint("metrics", __name__)

MISSING = "The metrics need the package prometheus-client: install surveyapp[metrics].\n"

# Whoever lacks the token meets what is met at an address that does not exist, whatever the method.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@bp.route("/metrics", methods=METHODS, provide_automatic_options=False)
def read() -> ResponseReturnValue:
    """The figures in Prometheus' text form, or in OpenMetrics where that is asked for."""
    if not _may_read():
        abort(404)
    if request.method not in ("GET", "HEAD"):
        abort(405)
    try:
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import choose_encoder
    except ImportError:
        return Response(MISSING, 503, content_type="text/plain; charset=utf-8")
    with parts().database.reading() as session:
        found = figures(session, parts().clock())
    # A registry of its own: the library's common one would add figures of this one process.
    registry = CollectorRegistry()
    registry.register(Collector(found))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


@dataclass(frozen=True, slots=True, eq=False)
class Collector:
    """Hands one look at the database to the library, which tells collectors apart by identity."""

    found: Figures

    def collect(self) -> Iterator["Metric"]:
        """Every figure, all of them gauges: what is purged or resolved makes them fall."""
        from prometheus_client.core import GaugeMetricFamily

        for name, help_text, value in _numbers(self.found):
            yield GaugeMetricFamily(f"surveyapp_{name}", help_text, value=value)
        for name, help_text, label, values in _tallies(self.found):
            family = GaugeMetricFamily(f"surveyapp_{name}", help_text, labels=[label])
            for key, value in values.items():
                family.add_metric([key], value)
            yield family


def _may_read() -> bool:
    token = parts().settings.metrics_token
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    is_bearer = kind.lower() == "bearer"
    return token is not None and is_bearer and hmac.compare_digest(given.strip().encode(), token.encode())


def _numbers(found: Figures) -> Iterator[tuple[str, str, float]]:
    yield "queue_depth", "Mails that wait, whenever they are due, and those under way.", found.queue_depth
    yield "queue_due", "Mails that are due now.", found.queue_due
    yield "oldest_due_seconds", "How long the mail that is due longest has waited.", found.oldest_due_seconds
    yield (
        "unknown_30d",
        "Invitations of the last 30 days of which nobody knows whether their mail went out.",
        found.unknown,
    )
    yield "hook_events_waiting", "Events of helpdesks that are not done.", found.hook_events_waiting
    yield "domains_marked", "Recipients' domains that are marked as scanning.", found.domains_marked


def _tallies(found: Figures) -> Iterator[tuple[str, str, str, Mapping[str, float]]]:
    yield "invitations_24h", "Invitations made in the last 24 hours.", "status", found.invitations
    yield "refused_24h", "Of these, the ones that policy refused.", "reason", found.refused
    yield "answers_24h", "Answers that last changed in the last 24 hours.", "state", found.answers
    yield "held_24h", "Of these, the held ones, by the reason noted at the change.", "reason", found.held
    seconds = {str(quantile): value for quantile, value in found.smtp_seconds.items()}
    yield (
        "smtp_seconds",
        "From a mail's last line to the relay's yes, of the last 1,000 accepted mails.",
        "quantile",
        seconds,
    )

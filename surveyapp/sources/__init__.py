"""Helpdesks that tell us of their tickets by webhook: who proves what, and how it is read."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from surveyapp.sources import chatwoot, freshdesk, freshservice, generic, standard, zammad, zendesk
from surveyapp.sources.event import Delivery, Event
from surveyapp.sources.fields import check_mapping

__all__ = ["SOURCES", "Source", "check_mapping"]


class Source(Protocol):
    """One kind of helpdesk; each is a module of this package."""

    def verify(self, delivery: Delivery, secret: str, now: datetime) -> str | None:
        """Check the raw body against the secret, which may be several, one to a line.

        Gives what tells a replay: an id that the sender could not change without the secret; None when there
        is none and a hash of the body must do. UnverifiedError when nothing proves where it comes from, or
        when it was signed more than five minutes before or after `now`. An empty secret verifies nothing.
        """

    def read(self, delivery: Delivery, mapping: Mapping[str, str]) -> Event:
        """What happened, by the source's own fields and an admin's mapping, which comes first.

        UnreadableError when the body is no JSON object; nothing else is an error.
        """


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "generic": generic,
        "zammad": zammad,
        "zendesk": zendesk,
        "freshdesk": freshdesk,
        "freshservice": freshservice,
        "chatwoot": chatwoot,
        "standard": standard,
    }
)

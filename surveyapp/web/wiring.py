"""What a request needs of the installation: settings, database, links, the clock and the language."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import current_app, g, request

from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES, Language, closest, language, negotiated
from surveyapp.links import Links
from surveyapp.preferences import Cache


@dataclass(frozen=True, slots=True)
class Parts:
    """One installation's parts, shared by all requests of a process."""

    installed: Settings
    database: Database
    links: Links
    clock: Callable[[], datetime]
    style: str
    """The version of our own style sheets and scripts, so that browsers may keep them for good."""
    preferences: Cache = field(default_factory=Cache)

    @property
    def settings(self) -> Settings:
        """The environment's, with what was set in the browser since."""
        return self.preferences.settings(self.installed, self.database)


def parts() -> Parts:
    """The parts of the application that serves this request."""
    return cast(Parts, current_app.extensions["surveyapp"])


def speak(locale: str) -> Language:
    """The language of this request's page: the one chosen on it, else the invitation's."""
    chosen = chosen_language()
    g.language = language(chosen or closest(locale, parts().settings.locale))
    return cast(Language, g.language)


def spoken_language() -> Language:
    """What `speak` found, else what the browser wishes; for pages without an invitation."""
    if "language" not in g:
        wish = negotiated(request.headers.get("Accept-Language"), parts().settings.locale)
        g.language = language(chosen_language() or wish)
    return cast(Language, g.language)


def chosen_language() -> str | None:
    """The language that the customer switched to; None while the invitation's will do."""
    wanted = request.args.get("lang")
    return wanted if wanted in LANGUAGES else None

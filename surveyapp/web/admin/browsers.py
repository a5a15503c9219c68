"""What browsers are called, by what they say of themselves."""

import re

from surveyapp.i18n import Language

# The first that fits counts: many browsers also say that they are the ones before them.
_BROWSERS = (
    ("Edge", re.compile(r"\bEdg(e|A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\b(Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(Chrome|CriOS|Chromium)/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iOS", re.compile(r"\b(iPhone|iPad|iPod)\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("macOS", re.compile(r"\b(Macintosh|Mac OS X)\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


def browser_name(tongue: Language, agent: str) -> str:
    """Browser and system of a User-Agent header, as a person would say it."""
    browser, system = _first(_BROWSERS, agent), _first(_SYSTEMS, agent)
    if browser and system:
        # i18n: A browser in which somebody is logged in. {browser}: Firefox, {system}: Windows
        return tongue.gettext("{browser} on {system}", browser=browser, system=system)
    # i18n: A browser in which somebody is logged in, and that does not say its name
    return browser or system or tongue.gettext("A browser without a name")


def plain_name(agent: str) -> str:
    """The same in no language: "Firefox, Windows"; "" when neither is known."""
    return ", ".join(each for each in (_first(_BROWSERS, agent), _first(_SYSTEMS, agent)) if each)


def _first(known: tuple[tuple[str, re.Pattern[str]], ...], agent: str) -> str:
    return next((name for name, pattern in known if pattern.search(agent)), "")

"""Tell from a request what it proves: who opened a link, and whether a person sent a form."""

import re
from datetime import datetime
from enum import Enum

from flask import Request

from surveyapp.config import Settings
from surveyapp.core.evidence import Link, Touch
from surveyapp.core.hashes import network_hash
from surveyapp.links import Nonce

_PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_PREFETCH = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)

# What programs call themselves when they do not pretend to be a browser; in small letters, because a search
# that ignores case takes four times as long.
_AUTOMATED = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|preview|scanner|headless|phantom|selenium|playwright|puppeteer"
    r"|\b(python|curl|wget|libwww|java|okhttp|axios|node|php|ruby|perl)\b|http-?client"
)

# Chrome and Firefox on iPhones are WebKit under another name, and so call themselves CriOS and FxiOS.
_PROVING_BROWSERS = re.compile(r"\b(Chrome|Chromium|Firefox)/[0-9]")


class Proof(Enum):
    """What a sent form proves."""

    VERIFIED = "a press, which no script can forge"
    UNVERIFIED = "a press, of a browser that cannot prove it"
    UNPROVEN = "perhaps a press"
    NONE = "nothing: the form is shown again"


def touch_of(request: Request, settings: Settings, link: Link, rating: int | None, now: datetime) -> Touch:
    """What a request for a mail's link tells about who made it."""
    return Touch(
        at=now,
        link=link,
        rating=rating,
        network=network_hash(settings.hash_key, request.remote_addr),
        is_prefetch=any(_PREFETCH.search(request.headers.get(name, "")) for name in _PREFETCH_HEADERS),
        is_automated=bool(_AUTOMATED.search(request.headers.get("User-Agent", "").lower())),
    )


def is_own_link(request: Request) -> bool:
    """Links on our own pages say so; they are no links of the mail, so opening them is no touch."""
    return request.args.get("from") == "page"


def can_prove(request: Request) -> bool:
    """Whether this browser would send `Sec-Fetch-User` with a person's press.

    Chromium and Firefox do. A page that was not opened by a click lacks the header even there, and
    Chromium leaves out its client hints when its name was changed, so the name counts too.
    """
    headers = request.headers
    if "Sec-Fetch-User" in headers or "Sec-CH-UA" in headers:
        return True
    return bool(_PROVING_BROWSERS.search(headers.get("User-Agent", "")))


def is_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site's page made the request."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"


def proof_of(request: Request, nonce: Nonce | None, settings: Settings, now: datetime) -> Proof:
    """What the sent form proves; `nonce` is None when its page is not ours or too old."""
    headers = request.headers
    if is_from_elsewhere(request):
        return Proof.NONE
    if headers.get("Sec-Fetch-User") == "?1" and headers.get("Sec-Fetch-Site") == "same-origin":
        return Proof.VERIFIED if headers.get("Sec-Fetch-Mode", "navigate") == "navigate" else Proof.NONE
    if nonce is None or nonce.can_prove or can_prove(request):
        return Proof.NONE
    is_second_press = nonce.is_second and now - nonce.served_at >= settings.rules.stay
    if is_second_press or request.form.get("trusted") == "1":
        return Proof.UNVERIFIED
    return Proof.UNPROVEN

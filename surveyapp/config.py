"""The settings: read once from the environment, checked before anything starts."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit
from zoneinfo import ZoneInfo

from surveyapp.core.access import AgentFigures
from surveyapp.core.errors import SettingError
from surveyapp.core.evidence import Rules

LOCALES = ("sv", "ro", "de", "en")
MODES = ("adaptive", "confirm")
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("info", "warning", "error")
SECRET_LENGTH = 32
# A secret of few different characters was typed, not drawn.
SECRET_VARIETY = 6
METRICS_TOKEN_LENGTH = 16

_DIGITS = 9
# Mails carry the host as it is; names in other scripts have a spelling in these letters.
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+")
# What Links.return_address can make signed addresses of, in ASCII, which every mail server takes.
_BOUNCE_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,21}@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+")
_METRICS_TOKEN = re.compile(rf"[!-~]{{{METRICS_TOKEN_LENGTH},}}")
_SELECTOR = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_OIDC = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_NAME")
_OIDC_PACKAGES = ("authlib", "joserfc", "requests")


@dataclass(frozen=True, slots=True)
class Own:
    """What only the organisation itself sets, in the browser; surveyapp.preferences checks it."""

    agent_figures: AgentFigures = AgentFigures.PSEUDONYMOUS
    ticket_url: str = ""
    """Where a ticket is found in the helpdesk, with {ticket} in it; "": nowhere."""
    colour: str = ""
    """The brand's, as #rrggbb; "": ours."""
    logo: str = ""
    """The digest of a stored file; "": the company's initial."""
    senders: Mapping[str, str] = field(default_factory=dict)
    """Language -> From, where it differs from `mail_from`."""
    reply_to: Mapping[str, str] = field(default_factory=dict)
    """Language -> where replies go, where that is not the sender."""
    privacy: Mapping[str, str] = field(default_factory=dict)
    """Language -> the organisation's own words on privacy; a blank line divides paragraphs."""
    touches_days: int = 30
    comments_days: int = 1095
    identity_days: int = 365
    """How long names, addresses and customer references are kept with what was asked."""
    agents_days: int = 730
    """How long answers are tied to an agent."""


@dataclass(frozen=True, slots=True)
class Oidc:
    """The OpenID provider at which people may log in."""

    issuer: str
    """Exactly as the provider says it, so that a slash at its end matters."""
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    """What people call it; stands on the button."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation's settings; strings stay strings until they are checked here."""

    home: Path
    database_url: str = field(repr=False)
    public_url: str
    secret_key: str = field(repr=False)
    link_keys: tuple[str, ...] = field(repr=False)
    hash_key: str = field(repr=False)
    mail_url: str = field(repr=False)
    mail_from: str
    company: str
    contact: str
    timezone: ZoneInfo
    locale: str
    answer_mode: str
    link_days: int
    smallest_n: int
    smallest_n_agent: int
    trusted_proxies: int
    rules: Rules
    bounce_address: str | None
    """Bounces come back to it with a signed token before the @; None: to the address in From."""
    bounce_token: str | None = field(repr=False)
    """Who hands bounces over by HTTP knows it; None: nobody may."""
    dkim_selectors: tuple[str, ...]
    log_format: str
    log_level: str
    metrics_token: str | None = field(repr=False)
    """Who reads the metrics knows it; None: there are none to read."""
    oidc: Oidc | None
    """None: people log in with passwords alone."""
    own: Own = field(default_factory=Own)

    @property
    def public_host(self) -> str:
        """The host of the public URL, without its port."""
        return urlsplit(self.public_url).hostname or ""


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment; raises SettingError, a sentence that names the first wrong one."""
    read = _Reader(environment)
    home = read.home()
    public = read.public_url()
    mail_url = read.mail_url(home)
    sender = read.sender(public, is_needed=mail_url.startswith("smtp:"))
    return Settings(
        home=home,
        database_url=read.database_url(home),
        public_url=public.geturl().rstrip("/"),
        secret_key=read.secret("SECRET_KEY"),
        link_keys=read.secrets("LINK_KEYS"),
        hash_key=read.secret("HASH_KEY"),
        mail_url=mail_url,
        mail_from=sender,
        company=read.line("COMPANY", public.hostname or ""),
        contact=read.line("CONTACT", parseaddr(sender)[1]),
        timezone=read.timezone(),
        locale=read.choice("LOCALE", "en", LOCALES),
        answer_mode=read.choice("ANSWER_MODE", "adaptive", MODES),
        link_days=read.number("LINK_DAYS", 60, 1, 3650),
        smallest_n=read.number("SMALLEST_N", 5, 1, 10_000),
        smallest_n_agent=read.number("SMALLEST_N_AGENT", 10, 1, 10_000),
        trusted_proxies=read.number("TRUSTED_PROXIES", 0, 0, 10),
        rules=Rules(
            stay=timedelta(seconds=read.number("STAY_SECONDS", 3, 0, 3600)),
            early=timedelta(seconds=read.number("EARLY_SECONDS", 600, 0, 86_400)),
            settle=timedelta(seconds=read.number("SETTLE_SECONDS", 1800, 0, 86_400)),
            edit=timedelta(days=read.number("EDIT_DAYS", 14, 0, 3650)),
        ),
        bounce_address=read.bounce_address(),
        bounce_token=read.optional_secret("BOUNCE_TOKEN"),
        dkim_selectors=read.selectors(),
        log_format=read.choice("LOG_FORMAT", "text", LOG_FORMATS),
        log_level=read.choice("LOG_LEVEL", "info", LOG_LEVELS),
        metrics_token=read.metrics_token(),
        oidc=read.oidc(),
    )


class _Reader:
    """Reads one setting at a time and says in one sentence what is wrong with it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str) -> str:
        return self._environment.get(f"SURVEYAPP_{name}", "").strip() or default

    def home(self) -> Path:
        value = self.text("HOME", "./instance")
        try:
            return Path(value).expanduser().absolute()
        except RuntimeError as error:
            raise SettingError(
                f"SURVEYAPP_HOME must be a folder; nobody has the home of {value!r}."
            ) from error

    def line(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not value.isprintable() or len(value) > 200:
            raise SettingError(f"SURVEYAPP_{name} must be one line of at most 200 printable characters.")
        return value

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self.text(name, str(default))
        is_number = value.isascii() and value.isdigit() and len(value) <= _DIGITS
        if not (is_number and lowest <= int(value) <= highest):
            raise SettingError(
                f"SURVEYAPP_{name} must be a whole number from {lowest} to {highest}, not {value!r}."
            )
        return int(value)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise SettingError(f"SURVEYAPP_{name} must be one of {', '.join(choices)}, not {value!r}.")
        return value

    def secret(self, name: str) -> str:
        value = self.text(name, "")
        _check_secret(name, value)
        return value

    def secrets(self, name: str) -> tuple[str, ...]:
        keys = tuple(key.strip() for key in self.text(name, "").split(","))
        for key in keys:
            _check_secret(name, key)
        return keys

    def optional_secret(self, name: str) -> str | None:
        return self.secret(name) if self.text(name, "") else None

    def metrics_token(self) -> str | None:
        value = self.text("METRICS_TOKEN", "")
        if value and not _METRICS_TOKEN.fullmatch(value):
            raise SettingError(
                f"SURVEYAPP_METRICS_TOKEN must be at least {METRICS_TOKEN_LENGTH} ASCII letters, digits or "
                "signs without spaces."
            )
        return value or None

    def oidc(self) -> Oidc | None:
        values = {name: self.line(name, "") for name in _OIDC}
        if not any(values.values()):
            return None
        if missing := next((name for name, value in values.items() if not value), None):
            raise SettingError(
                f"SURVEYAPP_{missing} is missing: an OpenID provider needs its issuer, a client id, a client "
                "secret and a name, or none of them."
            )
        issuer, client_id, client_secret, name = values.values()
        _check_issuer(issuer)
        if not all(find_spec(package) for package in _OIDC_PACKAGES):
            raise SettingError(
                "SURVEYAPP_OIDC_ISSUER needs packages that are not installed: install surveyapp[oidc]."
            )
        return Oidc(issuer, client_id, client_secret, name)

    def timezone(self) -> ZoneInfo:
        name = self.text("TIMEZONE", "UTC")
        try:
            return ZoneInfo(name)
        except (KeyError, OSError, ValueError) as error:
            raise SettingError(
                f"SURVEYAPP_TIMEZONE must be a time zone such as Europe/Stockholm, not {name!r}."
            ) from error

    def public_url(self) -> SplitResult:
        value = self.text("PUBLIC_URL", "http://127.0.0.1:8000")
        url = _split(value)
        host = url.hostname or ""
        is_plain = not (url.query or url.fragment or "@" in url.netloc) and url.path in ("", "/")
        is_safe = url.scheme == "https" or (url.scheme == "http" and _is_loopback(host))
        if _HOST.fullmatch(host) and is_plain and is_safe:
            return url
        raise SettingError(
            "SURVEYAPP_PUBLIC_URL must be https://host (or http:// on this machine itself) without a path, "
            "because browsers prove a person's press only there."
        )

    def database_url(self, home: Path) -> str:
        value = self.text("DATABASE_URL", f"sqlite:///{home / 'surveyapp.db'}")
        if value.startswith("postgres://"):
            value = "postgresql://" + value.removeprefix("postgres://")
        if value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            return value
        raise SettingError("SURVEYAPP_DATABASE_URL must begin with postgresql:// or sqlite:///.")

    def mail_url(self, home: Path) -> str:
        value = self.text("MAIL_URL", f"file://{quote(str(home / 'mail'))}")
        url = _split(value)
        if (url.scheme == "smtp" and url.hostname) or (url.scheme == "file" and url.path.startswith("/")):
            return value
        raise SettingError("SURVEYAPP_MAIL_URL must be smtp://user:password@host:port or file:///folder.")

    def sender(self, public: SplitResult, is_needed: bool) -> str:
        host = public.hostname or ""
        default = f"surveys@{'localhost' if ':' in host else host}"
        value = self.line("MAIL_FROM", "" if is_needed else default)
        address = parseaddr(value)[1]
        if "@" not in address or not address.isascii():
            raise SettingError(
                f"SURVEYAPP_MAIL_FROM must be an address such as surveys@example.com, not {value!r}."
            )
        return value

    def bounce_address(self) -> str | None:
        value = self.text("BOUNCE_ADDRESS", "")
        if not value:
            return None
        if not _BOUNCE_ADDRESS.fullmatch(value):
            raise SettingError(
                "SURVEYAPP_BOUNCE_ADDRESS must be an address such as bounces@example.com, with at most 21 "
                f"characters before its @, not {value!r}."
            )
        return value

    def selectors(self) -> tuple[str, ...]:
        value = self.text("DKIM_SELECTORS", "")
        names = tuple(name.strip() for name in value.split(",")) if value else ()
        if not all(_SELECTOR.fullmatch(name) for name in names):
            raise SettingError(
                "SURVEYAPP_DKIM_SELECTORS must be names such as mail, or s1,s2 with commas between them, "
                f"not {value!r}."
            )
        return names


def _check_secret(name: str, value: str) -> None:
    if len(value) < SECRET_LENGTH or len(set(value)) < SECRET_VARIETY:
        fault = "is missing" if not value else "is too weak"
        raise SettingError(
            f"SURVEYAPP_{name} {fault}: give at least {SECRET_LENGTH} random characters, "
            'for example from `python3 -c "import secrets; print(secrets.token_hex(32))"`.'
        )


def _check_issuer(value: str) -> None:
    url = _split(value)
    host = url.hostname or ""
    is_safe = url.scheme == "https" or (url.scheme == "http" and _is_loopback(host))
    is_plain = not (url.query or url.fragment or "@" in url.netloc)
    if not (_HOST.fullmatch(host) and is_safe and is_plain):
        raise SettingError(
            "SURVEYAPP_OIDC_ISSUER must be the provider's address such as https://login.example.com, exactly "
            f"as the provider writes it, not {value!r}."
        )


def _split(value: str) -> SplitResult:
    """The URL's parts; an unreadable one (a bad port, a broken bracket) has no host and fails its check."""
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        return urlsplit("")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Is this installation ready for customers? What can be found out without asking one."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import dns.exception
import dns.resolver

from surveyapp import sender_domain, surveys
from surveyapp.config import Settings, settings_from
from surveyapp.core.errors import SettingError, SurveyappError
from surveyapp.core.policy import Policy
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES, language
from surveyapp.links import Links
from surveyapp.models import new_id
from surveyapp.outbox import Claimed
from surveyapp.rehearsal import Serve, mail_of, rehearse
from surveyapp.relay import relay
from surveyapp.sender_domain import examine
from surveyapp.smtp import Server, SmtpRelay, Tls
from surveyapp.surveys import BUILT_IN, Question, Version
from surveyapp.texts import QUESTIONS, built_in_text
from surveyapp.worker import letter

log = logging.getLogger(__name__)

_NOBODY = "check@example.com"


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"
    """Nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence for the operator on one subject."""

    name: str
    level: Level
    sentence: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the checks cannot know themselves."""

    environment: Mapping[str, str]
    clock: Callable[[], datetime]
    resolver: Callable[[], dns.resolver.Resolver]
    serve: Serve


def check(around: Surroundings, to: str | None = None) -> Iterator[Finding]:
    """Look at one thing after the other; never raises, and no sentence holds a secret.

    Writes nothing to the installation's database and sends nothing, but to the address `to`: one mail of
    each built-in survey in each language, whose links lead nowhere.
    """
    try:
        settings = settings_from(around.environment)
    except SettingError as error:
        yield Finding("configuration", Level.PROBLEM, str(error))
        skipped = "Nothing else can be looked at before the settings are right."
        yield Finding("everything else", Level.SKIPPED, skipped)
        return
    steps: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("configuration", lambda: _configuration(settings)),
        ("database", lambda: _database(settings)),
        ("templates", lambda: _templates(settings, around.clock())),
        ("relay", lambda: _relay(settings)),
        ("dns", lambda: _dns(settings, around.resolver)),
        ("pages", lambda: _pages(settings, around)),
    ]
    if to is not None:
        steps.append(("mails", lambda: _mails(settings, to, around.clock())))
    for name, step in steps:
        yield from _guarded(name, step)


def _guarded(name: str, step: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from step()
    except SurveyappError as error:
        yield Finding(name, Level.PROBLEM, str(error) or _mistake(error))
    except Exception as error:  # a mistake of ours in one check must not hide what the others find
        log.exception("the check of the %s failed", name)
        # Without its words, which may repeat anything.
        yield Finding(name, Level.PROBLEM, _mistake(error))


def _mistake(error: Exception) -> str:
    return f"This check itself met an error that nobody foresaw ({type(error).__name__})."


# --- settings and database -------------------------------------------------------------------------


def _configuration(settings: Settings) -> Iterator[Finding]:
    yield Finding("configuration", Level.OK, "Every setting has a value that can be used.")
    if _is_here(settings.public_host):
        alone = f"Only this machine itself can open links to {settings.public_url} (SURVEYAPP_PUBLIC_URL)."
        yield Finding("configuration", Level.WARNING, alone)
    if settings.bounce_address is None:
        lost = "SURVEYAPP_BOUNCE_ADDRESS is not set: addresses whose mail comes back are asked again."
        yield Finding("configuration", Level.WARNING, lost)


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with _existing(settings) as database:
            database.check()
            with database.reading() as session:
                number = len(surveys.all_surveys(session))
            kind, head = database.url.get_backend_name(), database.head
    except ImportError:
        missing = "The driver for PostgreSQL is not installed: install surveyapp[postgres]."
        yield Finding("database", Level.PROBLEM, missing)
        return
    if not number:
        yield Finding("database", Level.PROBLEM, "There is no survey yet: run `surveyapp db upgrade`.")
        return
    ready = f"The database ({kind}) answers, is at schema {head} and has {number} surveys."
    yield Finding("database", Level.OK, ready)


@contextmanager
def _existing(settings: Settings) -> Iterator[Database]:
    """The installation's own; a check makes no database where there is none."""
    database = Database(settings.database_url)
    file = database.url.database or ""
    if database.url.get_backend_name() == "sqlite" and not Path(file).is_file():
        raise SettingError(f"There is no database at {file}: run `surveyapp db upgrade`.")
    try:
        yield database
    finally:
        database.dispose()


# --- templates -------------------------------------------------------------------------------------


def _templates(settings: Settings, now: datetime) -> Iterator[Finding]:
    versions, count = _versions(settings), 0
    for version in versions:
        for is_reminder in (False, True):
            mails = [_written(settings, version, code, _NOBODY, now, is_reminder) for code in LANGUAGES]
            count += len(mails)
            if len({str(mail["Subject"]) for mail in mails}) < len(mails):
                # A catalogue that is missing or not compiled falls back to English without a word.
                alike = (
                    f"The mails of {version.survey_key} are alike in two languages: translations are missing."
                )
                yield Finding("templates", Level.PROBLEM, alike)
                return
    all_ = f"{len(versions)} surveys in {len(LANGUAGES)} languages, each with its reminder"
    yield Finding("templates", Level.OK, f"All {count} mails can be written: {all_}.")


def _versions(settings: Settings) -> list[Version]:
    """What the installation asks, or the built-in surveys where it cannot tell."""
    try:
        with _existing(settings) as database, database.reading() as session:
            found = [surveys.current_version(session, each) for each in surveys.all_surveys(session)]
    except (SurveyappError, ImportError):
        return _built_in()
    except Exception:  # a database without our tables; the check of the database says so
        log.exception("the surveys cannot be read")
        return _built_in()
    return found or _built_in()


def _built_in() -> list[Version]:
    return [
        Version(
            key,
            1,
            tuple(Question(question, QUESTIONS[question]) for question in questions),
            {code: {each: built_in_text(each, language(code)) for each in questions} for code in LANGUAGES},
        )
        for key, questions in BUILT_IN.items()
    ]


def _written(
    settings: Settings, version: Version, code: str, to: str, now: datetime, is_reminder: bool = False
) -> EmailMessage:
    """The mail of an invitation that is nowhere stored."""
    claimed = Claimed(
        id=new_id(),
        claim="",
        address=to,
        domain=None,
        recipient_name=None,
        locale=code,
        ticket_ref=f"check-{now:%Y-%m-%d}",
        is_reminder=is_reminder,
        timezone=None,
        version=version,
        policy=Policy(),
    )
    return mail_of(letter(claimed, settings, Links(settings.link_keys)), settings, now)


# --- the mail server -------------------------------------------------------------------------------


def _relay(settings: Settings) -> Iterator[Finding]:
    with relay(settings.mail_url) as post:
        if not isinstance(post, SmtpRelay):
            nowhere = "SURVEYAPP_MAIL_URL names a folder: mails are put there, and none reaches a customer."
            yield Finding("relay", Level.WARNING, nowhere)
            return
        post.greet()
        server = post.server
    yield Finding("relay", Level.OK, f"{server.host}:{server.port} lets us in ({_manner(server)}).")
    if server.tls is Tls.NONE and not _is_here(server.host):
        open_ = "Mails and the login go to the mail server unencrypted; give SURVEYAPP_MAIL_URL tls=starttls."
        yield Finding("relay", Level.WARNING, open_)


def _manner(server: Server) -> str:
    tls = "without TLS" if server.tls is Tls.NONE else "with TLS"
    return f"{tls}, {'with' if server.login else 'without'} a login"


def _mails(settings: Settings, to: str, now: datetime) -> Iterator[Finding]:
    """Their invitations are nowhere stored, so that no score has to leave them out."""
    links, count = Links(settings.link_keys), 0
    try:
        with relay(settings.mail_url) as post:
            for version in _built_in():
                for code in LANGUAGES:
                    mail = _written(settings, version, code, to, now)
                    post.deliver(mail, lambda: None, _return_address(settings, links))
                    count += 1
    except SurveyappError as error:
        yield Finding("mails", Level.PROBLEM, f"{count} mails were handed over, then: {error}")
        return
    yield Finding(
        "mails", Level.OK, f"{count} mails were handed over; their links say that they are not valid."
    )


def _return_address(settings: Settings, links: Links) -> str | None:
    """Of an invitation that does not exist, so that a bounce concerns nobody."""
    return links.return_address(settings.bounce_address, new_id()) if settings.bounce_address else None


# --- the sender's domain ---------------------------------------------------------------------------


def _dns(settings: Settings, resolver: Callable[[], dns.resolver.Resolver]) -> Iterator[Finding]:
    sender = _domain(parseaddr(settings.mail_from)[1])
    if "." not in sender or _address(sender):
        yield Finding("dns", Level.SKIPPED, f"Mails come from {sender}, which the DNS does not know.")
        return
    try:
        asked = resolver()
    except dns.exception.DNSException:
        yield Finding("dns", Level.SKIPPED, "This machine has no DNS server to ask.")
        return
    found = examine(sender, settings.dkim_selectors, asked)
    returns = _domain(settings.bounce_address or "")
    if returns not in ("", sender):
        # Receivers look up SPF for the domain to which bounces go.
        found += [each for each in examine(returns, (), asked) if each.name in ("spf", "mx")]
    yield from (_of_dns(each) for each in found)


def _of_dns(found: sender_domain.Finding) -> Finding:
    is_known = found.level is not sender_domain.Level.UNREACHABLE
    return Finding(found.name, Level(found.level) if is_known else Level.SKIPPED, found.sentence)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _is_here(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


# --- the customer's pages --------------------------------------------------------------------------


def _pages(settings: Settings, around: Surroundings) -> Iterator[Finding]:
    seen = rehearse(settings, around.serve, around.clock)
    if seen.failures:
        more = f" (and {len(seen.failures) - 1} more)" if len(seen.failures) > 1 else ""
        yield Finding("pages", Level.PROBLEM, f"Not every page opens: {seen.failures[0]}{more}.")
    else:
        opened = f"All {seen.links} links of {seen.mails} mails open, and every page in every language."
        yield Finding("pages", Level.OK, opened)
    if seen.scanned:
        where = ", ".join(seen.scanned)
        yield Finding("scanner", Level.PROBLEM, f"Opening links alone answered or unsubscribed: {where}.")
    else:
        nothing = (
            "A scanner that opened every link by HEAD and by GET left no answer and unsubscribed nobody."
        )
        yield Finding("scanner", Level.OK, nothing)
    if seen.is_press_counted:
        yield Finding("press", Level.OK, "A person who then pressed Send was counted.")
    else:
        yield Finding("press", Level.PROBLEM, "A person who pressed Send was not counted.")

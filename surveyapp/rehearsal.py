"""Play a customer's mail through, links and pages, with an installation's settings but none of its data."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from surveyapp import invitations, outbox, surveys
from surveyapp.config import Settings
from surveyapp.core.evidence import State
from surveyapp.db import Database, Session
from surveyapp.i18n import LANGUAGES
from surveyapp.invitations import Request
from surveyapp.links import Links
from surveyapp.mail import Letter, sender_for, write
from surveyapp.models import Answer
from surveyapp.outbox import Claimed
from surveyapp.worker import letter

_NOBODY = "check@example.com"
# What a browser sends along with a person's press, and with nothing else.
_PRESS = {
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-User": "?1",
}
_LINK = re.compile(r"https?://[^\s<>\"']+")


class Visit(Protocol):
    """Opens a URL of the installation as whoever sends these headers; returns the status."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str] = ..., fields: Mapping[str, str] | None = ...
    ) -> int: ...


Serve = Callable[[Settings], AbstractContextManager[Visit]]
"""The web application with these settings, for as long as the block lasts."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How it went."""

    mails: int
    links: int
    """Different ones, in all of these mails."""
    failures: tuple[str, ...]
    """Which links and pages did not open, in words that hold no token."""
    scanned: tuple[str, ...]
    """The surveys in which opening links alone answered or unsubscribed; there should be none."""
    is_press_counted: bool
    """Whether a person's press of Send made the answer that it should."""


@dataclass(frozen=True, slots=True)
class _Played:
    """One invitation, its letter, and the links that its mail has."""

    survey: str
    letter: Letter
    links: Sequence[str]


def rehearse(settings: Settings, serve: Serve, clock: Callable[[], datetime]) -> Rehearsal:
    """Write a mail of each built-in survey and open all its links as a scanner does, by HEAD and by GET.

    Then look for answers, and only then press Send once. All that is written is thrown away.
    """
    with _thrown_away(settings, clock()) as (ours, database), serve(ours) as visit:
        played = _invited(ours, database, clock())
        failures = [*_scan(visit, played), *_look_around(visit, ours, played)]
        with database.reading() as session:
            scanned = [each.survey for each in played if _left_something(session, each)]
        pressed = next(each for each in played if each.survey == "csat")
        failures += _press(visit, pressed)
        with database.reading() as session:
            answer = session.get(Answer, pressed.letter.invitation_id)
    return Rehearsal(
        mails=len(played),
        links=sum(len(each.links) for each in played),
        failures=tuple(failures),
        scanned=tuple(scanned),
        is_press_counted=answer is not None and answer.state == State.COUNTED,
    )


def mail_of(letter: Letter, settings: Settings, now: datetime) -> EmailMessage:
    """The mail that the worker would send."""
    return write(letter, sender_for(settings, letter.locale), now)


@contextmanager
def _thrown_away(settings: Settings, now: datetime) -> Iterator[tuple[Settings, Database]]:
    """A database as the migrations make it, with the built-in surveys, and the settings that lead to it."""
    with TemporaryDirectory(prefix="surveyapp-check-") as folder:
        ours = replace(settings, home=Path(folder), database_url=f"sqlite:///{Path(folder) / 'check.db'}")
        database = Database(ours.database_url)
        try:
            database.upgrade()
            with database.transaction() as session:
                surveys.install_built_ins(session, now)
            yield ours, database
        finally:
            database.dispose()


def _invited(settings: Settings, database: Database, now: datetime) -> list[_Played]:
    """Somebody for each survey, with links that were handed out: their mails go to nobody."""
    nobody = Request("", "check", address=_NOBODY, locale=settings.locale, is_mailed=False)
    with database.transaction() as session:
        made = [
            invitations.invite(session, settings, replace(nobody, survey=each.key), now)
            for each in surveys.all_surveys(session)
        ]
        claims = [outbox.claimed(session, each) for each in made]
    return [_played(settings, claim, now) for claim in claims if claim]


def _played(settings: Settings, claim: Claimed, now: datetime) -> _Played:
    written = letter(claim, settings, Links(settings.link_keys))
    links = _links(mail_of(written, settings, now), settings)
    return _Played(claim.version.survey_key, written, sorted(links))


def _links(mail: EmailMessage, settings: Settings) -> set[str]:
    """The mail's links to us, wherever they stand in it."""
    bodies = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    texts = [unescape(body.decode()) for body in bodies if isinstance(body, bytes)]
    found = _LINK.findall(" ".join([*texts, str(mail["List-Unsubscribe"])]))
    return {link for link in found if link.startswith(f"{settings.public_url}/")}


def _scan(visit: Visit, played: Sequence[_Played]) -> Iterator[str]:
    for each in played:
        statuses = [(m, visit(m, link)) for link in each.links for m in ("HEAD", "GET")]
        yield from (
            f"a link in the mail of {each.survey} answers {status} to {method}"
            for method, status in statuses
            if status != 200
        )


def _look_around(visit: Visit, settings: Settings, played: Sequence[_Played]) -> Iterator[str]:
    """Every page in every language, also the one for a link that is not valid."""
    for code in LANGUAGES:
        for each in played:
            pages = {
                "question": each.letter.page_url,
                "unsubscribe": each.letter.unsubscribe_url,
                "privacy": each.letter.privacy_url,
            }
            for name, url in pages.items():
                if (status := visit("GET", f"{url}?lang={code}")) != 200:
                    yield f"the {name} page of {each.survey} in {code} answers {status}"
        if (status := visit("GET", f"{settings.public_url}/s/none?lang={code}")) != 404:
            yield f"the page for a link that is not valid in {code} answers {status}"


def _left_something(session: Session, played: _Played) -> bool:
    invitation_id = played.letter.invitation_id
    is_answered = session.get(Answer, invitation_id) is not None
    return is_answered or invitations.is_suppressed(session, invitation_id)


def _press(visit: Visit, played: _Played) -> Iterator[str]:
    page = played.letter.page_url
    rating = min(played.letter.rating_urls)
    if (status := visit("POST", page, _PRESS, {"rating": str(rating)})) != 303:
        yield f"pressing Send answers {status}"
        return
    for code in LANGUAGES:
        if (status := visit("GET", f"{page}/thanks?lang={code}")) != 200:
            yield f"the thanks in {code} answer {status}"

"""A helpdesk with our app beside it: it invites customers by real mails and reads what came of it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from sqlalchemy import select, update

from surveyapp import invitations, surveys, worker
from surveyapp.config import Settings, settings_from
from surveyapp.core.scales import Metric
from surveyapp.db import Base, Database, table_of
from surveyapp.invitations import Request
from surveyapp.links import Links, Urls, links_of
from surveyapp.models import Answer, AnswerEvent, Invitation, Rating, Suppression, Touch
from tests.support.mail_page import parsed
from tests.support.served import Served, served
from tests.support.webmail import Webmail, webmail

# Short, but longer than a hiccup of a busy machine; a link may be opened as soon as it is there.
DURATIONS = {
    "SURVEYAPP_STAY_SECONDS": "2",
    "SURVEYAPP_EARLY_SECONDS": "0",
    "SURVEYAPP_SETTLE_SECONDS": "1",
    "SURVEYAPP_SMALLEST_N": "1",
}


@dataclass(frozen=True, slots=True)
class Invited:
    """One invitation, where its mail can be read, and the links in that mail."""

    id: str
    mail: str
    links: tuple[str, ...]
    """Every link of the mail's HTML part, in its order."""
    urls: Urls
    team: str
    """Nobody else has it, so that the scores of this team are this answer's."""


@dataclass(frozen=True, slots=True)
class Helpdesk:
    """Everything of one installation that a test needs at hand."""

    served: Served
    settings: Settings
    database: Database
    webmail: Webmail

    def invite(self, survey: str = "csat", locale: str = "en", address: str = "") -> Invited:
        """Invite by a mail that the worker writes and puts into the folder.

        Without an address it is one at a domain of its own, so that no customer spoils another's domain.
        """
        team = uuid4().hex
        given = address or f"anna@{team}.example"
        request = Request(survey, ticket_ref=team, team=team, locale=locale, address=given)
        with self.database.transaction() as session:
            invitation = invitations.invite(session, self.settings, request, _now())
            scale = surveys.version_of_invitation(session, invitation).main.scale
        self._work(lambda mine: mine.send_due())
        html = self._mail(invitation.id)
        links = tuple(a.attributes["href"] for a in parsed(html).all("a"))
        urls = links_of(
            Links(self.settings.link_keys),
            self.settings.public_url,
            invitation.id,
            scale.ratings if scale else (),
        )
        return Invited(invitation.id, self.webmail.show(invitation.id, html), links, urls, team)

    def set_mode(self, survey: str, mode: str) -> None:
        """`adaptive` or `confirm`."""
        with self.database.transaction() as session:
            surveys.set_mode(session, survey, mode)

    def ask_also(self, survey: str, *metrics: Metric) -> None:
        """Ask these too, on the page after the first answer."""
        with self.database.transaction() as session:
            surveys.set_further(session, survey, metrics, _now())

    def note_acceptance(self, invited: Invited, ago: timedelta) -> None:
        """Let the relay have accepted the mail so long ago; a negative time is still to come."""
        invitation = table_of(Invitation)
        with self.database.transaction() as session:
            session.execute(
                update(invitation).where(invitation.c.id == invited.id).values(accepted_at=_now() - ago)
            )

    def answer(self, invited: Invited) -> dict[str, Any]:
        """The answer's row; empty when there is none."""
        rows = self._rows(Answer, invited)
        return rows[0] if rows else {}

    def ratings(self, invited: Invited) -> dict[str, int]:
        """Question -> rating, held or counted."""
        return {row["question"]: row["rating"] for row in self._rows(Rating, invited)}

    def history(self, invited: Invited) -> list[tuple[str, str | None, dict[str, int]]]:
        """State, evidence and ratings, as they came to be."""
        rows = sorted(self._rows(AnswerEvent, invited), key=lambda row: cast("int", row["revision"]))
        return [(row["state"], row["evidence"], row["ratings"]) for row in rows]

    def touches(self, invited: Invited) -> list[tuple[str, int | None]]:
        """The links of the mail that were opened, with their ratings."""
        rows = sorted(self._rows(Touch, invited), key=lambda row: cast("int", row["number"]))
        return [(row["link"], row["rating"]) for row in rows]

    def stored(self, invited: Invited) -> object:
        """All that is stored of the answer, to see whether anything changed."""
        return [self._rows(model, invited) for model in (Answer, Rating, AnswerEvent)]

    def is_unsubscribed(self, invited: Invited) -> bool:
        """Whether the customer's address gets no survey any more."""
        with self.database.reading() as session:
            return invitations.is_suppressed(session, invited.id)

    def unsubscriptions(self) -> int:
        """How many addresses get no survey any more."""
        with self.database.reading() as session:
            return len(session.execute(select(Suppression.address_hash)).all())

    def counted(self) -> set[str]:
        """The ids of the invitations whose answers count."""
        with self.database.reading() as session:
            return set(session.scalars(select(Answer.invitation_id).where(Answer.state == "counted")))

    def scores(self, *arguments: str) -> list[dict[str, Any]]:
        """What `surveyapp scores --json` prints."""
        return self._json("scores", *arguments)

    def held(self) -> dict[str, str]:
        """Invitation -> reason, as `surveyapp held --json` prints it."""
        with_reasons = self._json("held")
        return {self._id_of(row["ticket"]): row["reason"] for row in with_reasons}

    def settle(self) -> None:
        """Wait until every held answer is due, then run `surveyapp worker --once`."""
        eventually(lambda: not self._has_undue(), seconds=30)
        done = self.served.command("worker", "--once")
        assert done.returncode == 0, done.stderr

    def work_later(self, after: timedelta) -> None:
        """Let a worker do what is due when so much time has passed."""
        self._work(lambda mine: mine.settle_due(), after)

    def _work(self, work: Callable[[worker.Worker], object], after: timedelta = timedelta(0)) -> None:
        mine = worker.build(self.settings, self.database)
        with closing(mine.relay):
            work(replace(mine, clock=lambda: _now() + after))

    def _mail(self, invitation_id: str) -> str:
        folder = Path(unquote(urlsplit(self.settings.mail_url).path))
        mail = message_from_bytes((folder / f"{invitation_id}.eml").read_bytes(), policy=policy.default)
        html = mail.get_body(("html",))
        assert html is not None
        return cast("str", html.get_content())

    def _rows(self, model: type[Base], invited: Invited) -> list[dict[str, Any]]:
        table = table_of(model)
        with self.database.reading() as session:
            rows = session.execute(select(table).where(table.c.invitation_id == invited.id)).mappings()
            return [dict(row) for row in rows]

    def _has_undue(self) -> bool:
        with self.database.reading() as session:
            return session.scalar(select(Answer.invitation_id).where(Answer.settle_at > _now())) is not None

    def _id_of(self, ticket: str) -> str:
        with self.database.reading() as session:
            return session.scalars(select(Invitation.id).where(Invitation.ticket_ref == ticket)).one()

    def _json(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.served.command(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return cast("list[dict[str, Any]]", json.loads(done.stdout))


@contextmanager
def helpdesk(home: Path, database_url: str, settings: Mapping[str, str]) -> Iterator[Helpdesk]:
    """Serve the migrated database with the built-in surveys until the block ends."""
    with served(home, database_url, {**DURATIONS, **settings}) as app, webmail() as mails:
        given = settings_from(app.environment)
        database = Database(given.database_url)
        with database.transaction() as session:
            surveys.install_built_ins(session, _now())
        yield Helpdesk(app, given, database, mails)
        database.dispose()


def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until it holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"It did not come true within {seconds} s"
        time.sleep(0.02)


def _now() -> datetime:
    return datetime.now(UTC)

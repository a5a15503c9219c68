"""The loop behind the pages: send what is due, settle what is held, purge what is old."""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

from surveyapp import answers, invitations
from surveyapp.config import Settings
from surveyapp.core.errors import (
    DatabaseFailedError,
    MailDelayedError,
    MailRefusedError,
    MailUnknownError,
    SettingError,
    SurveyappError,
)
from surveyapp.db import Database
from surveyapp.invitations import Claimed, Outcome
from surveyapp.links import Links, links_of
from surveyapp.mail import Letter, Sender, write
from surveyapp.relay import Relay, relay

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
PURGE_EVERY = timedelta(hours=1)


class LeaseLostError(SurveyappError):
    """Another worker has taken over the invitation, so this one must not send it."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker; several may share one database."""

    settings: Settings
    database: Database
    links: Links
    relay: Relay
    clock: Callable[[], datetime]

    def run(self, stop: Event) -> None:
        """Work until told to stop, which is heard between two mails."""
        purged_at = datetime.min.replace(tzinfo=UTC)
        while not stop.is_set():
            try:
                busy = self.send_due(stop) + self.settle_due(stop)
                if self.clock() - purged_at > PURGE_EVERY:
                    self.purge_old(stop)
                    purged_at = self.clock()
            except DatabaseFailedError:
                # The database may be restarting; what was claimed meanwhile is taken up when its lease ends.
                busy = 0
            if not busy:
                stop.wait(PAUSE_SECONDS)

    def send_due(self, stop: Event | None = None) -> int:
        """Try every invitation that is due once; returns how many."""
        sent = 0
        while not (stop and stop.is_set()):
            now = self.clock()
            with self.database.transaction() as session:
                claimed = invitations.claim(session, self.settings, now)
            if claimed is None:
                break
            self._send(claimed)
            sent += 1
        return sent

    def settle_due(self, stop: Event | None = None) -> int:
        """Judge every held answer whose time has come; returns how many."""
        return self._until_none(lambda session, now: answers.settle(session, self.settings, now), stop)

    def purge_old(self, stop: Event | None = None) -> int:
        """Delete what has been kept long enough; returns how many rows."""
        return self._until_none(answers.purge_touches, stop)

    def _until_none(self, work: Callable[..., int], stop: Event | None) -> int:
        total = 0
        while not (stop and stop.is_set()):
            with self.database.transaction() as session:
                done = work(session, self.clock())
            if not done:
                break
            total += done
        return total

    def _send(self, claimed: Claimed) -> None:
        try:
            outcome, detail = self._deliver(claimed)
        except LeaseLostError:
            log.warning("invitation %s was taken over by another worker", claimed.id)
            return
        log.info("invitation %s: %s", claimed.id, outcome)
        with self.database.transaction() as session:
            invitations.note_outcome(session, self.settings, claimed, outcome, detail, self.clock())

    def _deliver(self, claimed: Claimed) -> tuple[Outcome, str | None]:
        """One try, while which no transaction is open: only the mark is committed in between."""
        is_marked = False

        def mark() -> None:
            nonlocal is_marked
            self._mark(claimed)
            is_marked = True

        try:
            message = write(letter(claimed, self.settings, self.links), _sender(self.settings), self.clock())
            self.relay.deliver(message, mark)
        except MailUnknownError as error:
            return Outcome.UNKNOWN, str(error)
        except MailRefusedError as error:
            return Outcome.FAILED, str(error)
        except (MailDelayedError, SettingError) as error:
            # A wrong setting would fail every mail until somebody puts it right: that must cost none.
            return Outcome.DELAYED, str(error)
        except SurveyappError:
            raise
        except Exception:  # a mistake of ours in one mail must not stop the others
            log.exception("invitation %s met a mistake of ours", claimed.id)
            return Outcome.UNKNOWN if is_marked else Outcome.DELAYED, "a mistake of ours; see the log"
        return Outcome.ACCEPTED, None

    def _mark(self, claimed: Claimed) -> None:
        with self.database.transaction() as session:
            if not invitations.mark(session, claimed, self.clock()):
                raise LeaseLostError


def build(settings: Settings, database: Database) -> Worker:
    """The worker of an installation, on the real clock and relay."""
    return Worker(
        settings, database, Links(settings.link_keys), relay(settings.mail_url), lambda: datetime.now(UTC)
    )


def run_once(worker: Worker) -> None:
    """Do everything that is due."""
    with closing(worker.relay):
        worker.send_due()
        worker.settle_due()
        worker.purge_old()


def letter(claimed: Claimed, settings: Settings, links: Links) -> Letter:
    """What the mail of an invitation needs."""
    question = claimed.version.main
    urls = links_of(links, settings.public_url, claimed.id, question.scale.ratings if question.scale else ())
    return Letter(
        invitation_id=claimed.id,
        to_address=claimed.address,
        to_name=claimed.recipient_name,
        locale=claimed.locale,
        ticket_ref=claimed.ticket_ref,
        metric=question.metric,
        text=claimed.version.text(claimed.locale, question),
        page_url=urls.page,
        rating_urls=urls.ratings,
        unsubscribe_url=urls.unsubscribe,
        privacy_url=urls.privacy,
    )


def _sender(settings: Settings) -> Sender:
    return Sender(settings.company, settings.mail_from, settings.public_url)

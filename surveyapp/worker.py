"""The loop behind the pages: send what is due, settle what is held, purge what is old."""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from time import monotonic

from surveyapp import (
    answers,
    hooks,
    limits,
    logs,
    notes,
    outbox,
    replies,
    retention,
    signins,
    summaries,
    summary_mail,
    uploads,
    user_mail,
    users,
)
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
from surveyapp.i18n import closest, language
from surveyapp.links import Links, links_of
from surveyapp.look import shown_logo
from surveyapp.mail import Letter, sender_for, write
from surveyapp.notes import ClaimedNote, Ending
from surveyapp.outbox import Claimed, Ended, Outcome
from surveyapp.preferences import Cache
from surveyapp.relay import Relay, relay
from surveyapp.summaries import ClaimedSummary

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
PURGE_EVERY = timedelta(hours=1)
NOTES_EVERY_SECONDS = 1.0

# Not for speed, which comes from more processes: while one of them waits for a server, the other one works.
# This holds for SQLite as well, because nobody waits for a mail server inside a transaction.
SENDERS = 2

SLOW_SECONDS = 5.0
REMEMBERED_SECONDS = 600.0
MOST_DOMAINS = 10_000
LONGEST_PAUSE_SECONDS = 60.0


class LeaseLostError(SurveyappError):
    """Another worker has taken over the invitation, so this one must not send it."""


class Lanes:
    """What the senders of one process have seen of the recipients' domains and of the relay.

    One sender at most is busy with slow domains, and of a domain that is not known to be quick one mail at
    most is under way: so a domain that hangs holds up one sender. One that was quick until now may hold up
    all of them once, for as long as a time-out.
    """

    def __init__(self, slow_seconds: float = SLOW_SECONDS, clock: Callable[[], float] = monotonic) -> None:
        self._slow_seconds, self._clock = slow_seconds, clock
        self._choosing, self._noting = Lock(), Lock()
        self._under_way: dict[str, tuple[str, float]] = {}
        self._slow_until: dict[str, float] = {}
        self._quick_until: dict[str, float] = {}
        self._failures = 0
        self._paused_until = 0.0
        self._notes_from = 0.0

    def choose(self, claim: Callable[[Collection[str]], Claimed | None]) -> Claimed | None:
        """Claim, without the domains that must wait; slow ones have their turn when nothing else is due."""
        # One sender after the other, because what one of them takes is what the next one must leave alone.
        with self._choosing:
            if self.is_paused():
                return None
            slow, busy = self._slow(), self._busy()
            claimed = claim(slow | busy)
            if claimed is None and slow and not busy:
                claimed = claim(busy)
            if claimed is not None:
                with self._noting:
                    self._under_way[claimed.claim] = claimed.domain or "", self._clock()
            return claimed

    def note(self, claimed: Claimed) -> None:
        """A try is over; the time that it took says how its domain is."""
        with self._noting:
            domain, began_at = self._under_way.pop(claimed.claim)
            now = self._clock()
            if now - began_at > self._slow_seconds:
                self._slow_until[domain] = now + REMEMBERED_SECONDS
                self._quick_until.pop(domain, None)
            else:
                self._quick_until[domain] = now + REMEMBERED_SECONDS
                self._slow_until.pop(domain, None)
            if len(self._quick_until) > MOST_DOMAINS:
                # What is forgotten only costs each domain one careful mail.
                self._quick_until.clear()

    def is_paused(self) -> bool:
        """Whether nothing goes out at present."""
        return self._clock() < self._paused_until

    def take_turn_for_notes(self) -> bool:
        """Whether to look for mails to users: once a second, whichever sender asks first."""
        with self._noting:
            now = self._clock()
            if now < self._notes_from:
                return False
            self._notes_from = now + NOTES_EVERY_SECONDS
            return True

    def note_contact(self) -> None:
        """The relay has judged a mail, so it is there."""
        with self._noting:
            self._failures, self._paused_until = 0, 0.0

    def note_failure(self, reason: str | None) -> None:
        """A mail failed for a reason that the next one would meet too: from the second one on, wait.

        So a relay that is down costs one mail a try with each pause, of 1, 2, 4 up to 60 seconds; the mails
        behind it are not even claimed and keep their tries. The first failure may have been that mail's own,
        such as a connection that was reset, and the others go on at once.
        """
        with self._noting:
            self._failures += 1
            if self._failures > 1:
                pause = min(2.0 ** min(self._failures - 2, 10), LONGEST_PAUSE_SECONDS)
                self._paused_until = self._clock() + pause
                log.error("no mail goes out at present; the next try is in %d s: %s", pause, reason)

    def _slow(self) -> frozenset[str]:
        with self._noting:
            now = self._clock()
            self._slow_until = {domain: until for domain, until in self._slow_until.items() if until > now}
            return frozenset(self._slow_until)

    def _busy(self) -> frozenset[str]:
        """The domains under way that may hang."""
        with self._noting:
            now = self._clock()
            return frozenset(
                domain
                for domain, began_at in self._under_way.values()
                if self._quick_until.get(domain, now) <= now or now - began_at > self._slow_seconds
            )


@dataclass(frozen=True, slots=True)
class Try:
    """How one try to send ended. `is_general`: the next mail would fare alike; None: nobody can tell."""

    outcome: Outcome
    detail: str | None = None
    is_address_gone: bool = False
    is_general: bool | None = False


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker; several may share one database.

    While it runs it has a sender, a thread, for `relay` and for each of the `further` relays.
    """

    installed: Settings
    database: Database
    links: Links
    relay: Relay
    clock: Callable[[], datetime]
    further: tuple[Relay, ...] = ()
    lanes: Lanes = field(default_factory=Lanes)
    preferences: Cache = field(default_factory=Cache)

    @property
    def settings(self) -> Settings:
        """The environment's, with what was set in the browser since."""
        return self.preferences.settings(self.installed, self.database)

    def run(self, stop: Event) -> None:
        """Work until told to stop, which every sender hears between two mails."""
        relays = (self.relay, *self.further)
        with ThreadPoolExecutor(len(relays), "sender") as pool:
            senders = [pool.submit(self._run_sender, relay, stop) for relay in relays]
            self._keep_house(stop)
        for sender in senders:
            sender.result()

    def send_due(self, stop: Event | None = None) -> int:
        """Try every invitation that is due once, in this thread and over the first relay; returns how many.

        Ends early when the relay cannot be reached. Mails to users go first and are not among them.
        """
        return self._send_due(self.relay, stop)

    def send_notes(self, stop: Event | None = None) -> int:
        """Try every mail to a user that is due once, as `send_due` does; returns how many."""
        return self._send_notes(self.relay, stop)

    def send_summaries(self, stop: Event | None = None) -> int:
        """Try every summary of figures that is due once, as `send_due` does; returns how many."""
        return self._send_summaries(self.relay, stop)

    def settle_due(self, stop: Event | None = None) -> int:
        """Judge every held answer whose time has come; returns how many."""
        return self._until_none(lambda session, now: answers.settle(session, self.settings, now), stop)

    def hear_helpdesks(self, stop: Event | None = None) -> int:
        """Do what every waiting event of a helpdesk asks for; returns how many."""
        return self._until_none(lambda session, now: hooks.work_off(session, self.settings, now), stop)

    def invite_uploaded(self) -> int:
        """Invite the next customers of a file that somebody put in; returns how many rows were done.

        A few at a time, so that helpdesks' events do not wait for a long list.
        """
        with self.database.transaction() as session:
            return uploads.work_off(session, self.settings, self.clock())

    def purge_old(self, stop: Event | None = None) -> int:
        """Delete what has been kept long enough; returns how many rows."""
        purges = (
            replies.purge,
            hooks.purge,
            notes.purge,
            uploads.purge,
            limits.purge,
            signins.purge,
            users.purge_links,
        )
        return sum(self._until_none(purge, stop) for purge in purges) + self._forget(stop)

    def _forget(self, stop: Event | None) -> int:
        """Retention: one round a day at most, with one entry in the audit log."""
        with self.database.reading() as session:
            if not retention.is_due(session, self.clock()):
                return 0
        purge = retention.Purge(self.settings)
        done = self._until_none(purge, stop)
        with self.database.transaction() as session:
            retention.note(session, purge.counts, self.clock())
        return done

    def _run_sender(self, relay: Relay, stop: Event) -> None:
        with closing(relay):
            self._keep(lambda: self._send_due(relay, stop), stop)

    def _keep_house(self, stop: Event) -> None:
        purged_at = datetime.min.replace(tzinfo=UTC)

        def settle_and_purge() -> int:
            nonlocal purged_at
            settled = self.settle_due(stop) + self.hear_helpdesks(stop) + self.invite_uploaded()
            if self.clock() - purged_at > PURGE_EVERY:
                self.purge_old(stop)
                purged_at = self.clock()
            return settled

        self._keep(settle_and_purge, stop)

    def _keep(self, work: Callable[[], int], stop: Event) -> None:
        try:
            while not stop.is_set():
                try:
                    busy = work()
                except DatabaseFailedError:
                    # It may be restarting; what was claimed meanwhile is taken up when its lease ends.
                    busy = 0
                if not busy:
                    stop.wait(PAUSE_SECONDS)
        finally:
            # A mistake of ours in one thread ends them all: a worker that does half its work looks well.
            stop.set()

    def _until_none(self, work: Callable[..., int], stop: Event | None) -> int:
        total = 0
        while not (stop and stop.is_set()):
            with self.database.transaction() as session:
                done = work(session, self.clock())
            if not done:
                break
            total += done
        return total

    def _send_due(self, relay: Relay, stop: Event | None) -> int:
        sent = 0
        while not (stop and stop.is_set()):
            # Between two invitations as well: a link for a password waits behind no ten thousand of them.
            if self.lanes.take_turn_for_notes():
                self._send_notes(relay, stop)
                self._send_summaries(relay, stop)
            claimed = self.lanes.choose(self._claim)
            if claimed is None:
                break
            try:
                with logs.bound(invitation_id=claimed.id):
                    self._send(claimed, relay)
            finally:
                self.lanes.note(claimed)
            sent += 1
        return sent

    def _claim(self, without: Collection[str]) -> Claimed | None:
        while True:
            with self.database.transaction() as session:
                found = outbox.claim(session, self.settings, self.clock(), without)
            if not isinstance(found, Ended):
                return found

    def _send(self, claimed: Claimed, relay: Relay) -> None:
        try:
            tried = self._deliver(claimed, relay)
        except LeaseLostError:
            log.warning("invitation %s was taken over by another worker", claimed.id)
            return
        log.info("invitation %s: %s", claimed.id, tried.outcome)
        self._learn(tried)
        with self.database.transaction() as session:
            outbox.note_outcome(
                session,
                self.settings,
                claimed,
                tried.outcome,
                tried.detail,
                self.clock(),
                is_address_gone=tried.is_address_gone,
            )

    def _deliver(self, claimed: Claimed, relay: Relay) -> Try:
        """One try, while which no transaction is open: only the mark is committed in between."""
        is_marked = False

        def mark() -> None:
            nonlocal is_marked
            self._mark(claimed)
            is_marked = True

        try:
            settings = self.settings
            sender = sender_for(settings, claimed.locale, shown_logo(settings, self.database))
            message = write(letter(claimed, settings, self.links), sender, self.clock())
            relay.deliver(message, mark, self._return_address(claimed))
        except MailUnknownError as error:
            return Try(Outcome.UNKNOWN, str(error), is_general=_is_general(error))
        except MailRefusedError as error:
            if error.is_policy:
                log.error("invitation %s was refused by policy: %s", claimed.id, error)
            return Try(Outcome.FAILED, str(error), is_address_gone=error.is_address_gone)
        except (MailDelayedError, SettingError) as error:
            # A wrong setting would fail every mail until somebody puts it right: that must cost none.
            return Try(Outcome.DELAYED, str(error), is_general=_is_general(error))
        except SurveyappError:
            raise
        except Exception:  # a mistake of ours in one mail must not stop the others
            log.exception("invitation %s met a mistake of ours", claimed.id)
            outcome = Outcome.UNKNOWN if is_marked else Outcome.DELAYED
            return Try(outcome, "a mistake of ours; see the log", is_general=None)
        return Try(Outcome.ACCEPTED)

    def _learn(self, tried: Try) -> None:
        if tried.is_general:
            self.lanes.note_failure(tried.detail)
        elif tried.is_general is False:
            self.lanes.note_contact()

    def _send_notes(self, relay: Relay, stop: Event | None) -> int:
        sent = 0
        while not (stop and stop.is_set()) and not self.lanes.is_paused():
            settings, now = self.settings, self.clock()
            with self.database.transaction() as session:
                claimed = notes.claim(session, now)
                link = notes.new_link(session, settings, claimed, now) if claimed else None
            if claimed is None:
                break
            tried = self._deliver_note(claimed, settings, link, relay)
            log.info("mail %s to a user, %s: %s", claimed.id, claimed.kind, tried.outcome)
            self._learn(tried)
            with self.database.transaction() as session:
                notes.note_outcome(session, claimed, Ending(tried.outcome), tried.detail, self.clock())
            sent += 1
        return sent

    def _deliver_note(self, claimed: ClaimedNote, settings: Settings, link: str | None, relay: Relay) -> Try:
        """One try without a mark: twice is better than never for these, so what is unknown goes out again."""
        try:
            tongue = language(closest(claimed.locale, settings.locale))
            logo = shown_logo(settings, self.database)
            relay.deliver(user_mail.write(claimed, settings, tongue, link, self.clock(), logo), _no_mark)
        except MailRefusedError as error:
            return Try(Outcome.FAILED, str(error))
        except (MailDelayedError, MailUnknownError, SettingError) as error:
            return Try(Outcome.DELAYED, str(error), is_general=_is_general(error))
        except Exception:  # a mistake of ours in one mail must not stop the others
            log.exception("mail %s to a user met a mistake of ours", claimed.id)
            return Try(Outcome.DELAYED, "a mistake of ours; see the log", is_general=None)
        return Try(Outcome.ACCEPTED)

    def _send_summaries(self, relay: Relay, stop: Event | None) -> int:
        sent = 0
        while not (stop and stop.is_set()) and not self.lanes.is_paused():
            settings = self.settings
            with self.database.transaction() as session:
                claimed = summaries.claim(session, settings, self.clock())
            if claimed is None:
                break
            tried = self._deliver_summary(claimed, settings, relay)
            log.info("summary %s of a %s: %s", claimed.id, claimed.every, tried.outcome)
            self._learn(tried)
            ending = Ending(tried.outcome)
            with self.database.transaction() as session:
                summaries.note_outcome(session, settings, claimed, ending, tried.detail, self.clock())
            sent += 1
        return sent

    def _deliver_summary(self, claimed: ClaimedSummary, settings: Settings, relay: Relay) -> Try:
        """One try without a mark, as of a note: twice in the worst case, and never not at all."""
        try:
            tongue = language(closest(claimed.locale, settings.locale))
            logo = shown_logo(settings, self.database)
            with self.database.reading() as session:
                told = summaries.contents(session, settings, claimed, self.clock())
            message = summary_mail.write(claimed, told, settings, self.links, tongue, self.clock(), logo)
            relay.deliver(message, _no_mark)
        except MailRefusedError as error:
            return Try(Outcome.FAILED, str(error))
        except (MailDelayedError, MailUnknownError, SettingError) as error:
            return Try(Outcome.DELAYED, str(error), is_general=_is_general(error))
        except DatabaseFailedError:
            raise
        except Exception:  # a mistake of ours in one mail must not stop the others
            log.exception("summary %s met a mistake of ours", claimed.id)
            return Try(Outcome.DELAYED, "a mistake of ours; see the log", is_general=None)
        return Try(Outcome.ACCEPTED)

    def _return_address(self, claimed: Claimed) -> str | None:
        base = self.settings.bounce_address
        return self.links.return_address(base, claimed.id) if base else None

    def _mark(self, claimed: Claimed) -> None:
        with self.database.bare_transaction() as session:
            if not outbox.mark(session, claimed, self.clock()):
                raise LeaseLostError


def build(settings: Settings, database: Database, senders: int = SENDERS) -> Worker:
    """The worker of an installation, on the real clock and relays, one for each of its senders."""
    first, *further = (relay(settings.mail_url) for _ in range(senders))
    links = Links(settings.link_keys)
    return Worker(settings, database, links, first, lambda: datetime.now(UTC), tuple(further))


def run_once(worker: Worker) -> None:
    """Do everything that is due."""
    with closing(worker.relay):
        worker.hear_helpdesks()
        while worker.invite_uploaded():
            pass
        worker.send_notes()
        worker.send_summaries()
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
        is_reminder=claimed.is_reminder,
    )


def _no_mark() -> None:
    """A mail to a user and a summary may go out twice."""


def _is_general(error: SurveyappError) -> bool | None:
    """Whether the next mail would meet the same; None where silence may come of one recipient's server."""
    if isinstance(error.__cause__, TimeoutError):
        return None
    # A relay that answered has judged this one mail; an OSError behind the failure says that it did not.
    is_said = isinstance(error, MailDelayedError) and error.is_general
    return is_said or isinstance(error, SettingError) or isinstance(error.__cause__, OSError)

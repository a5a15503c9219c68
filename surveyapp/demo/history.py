"""Three months that never happened: every invitation, what came of it, and the rows it left."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from surveyapp import answers
from surveyapp.config import Settings
from surveyapp.core import evidence
from surveyapp.core.hashes import address_hash
from surveyapp.core.policy import Refusal
from surveyapp.core.status import Status
from surveyapp.db import Base
from surveyapp.demo.behaviour import Move, invitation_name
from surveyapp.demo.comments import Comments
from surveyapp.demo.company import CHANNELS, PLAN, REGION
from surveyapp.demo.course import Row, answer_row, played, rating_rows, touch_rows
from surveyapp.demo.people import customers
from surveyapp.demo.replies import reply, way_out
from surveyapp.demo.tickets import SEED, Ticket, tickets_of
from surveyapp.models import Answer, AnswerEvent, Domain, Invitation, Rating, Suppression, Touch
from surveyapp.surveys import Version

FIRST_TICKET = 48_000
UNSUBSCRIBES = 0.006
REPLY_LOST = 0.0006

NO_SUCH_USER = "The mail server refused the recipient: 550 5.1.1 (address): no such user"
CUT_OFF = "The connection broke before the mail was confirmed: timed out"

TABLES = (Invitation, Touch, Answer, Rating, AnswerEvent, Suppression, Domain)
"""In the order in which their rows can be stored."""

Rows = dict[type[Base], list[Row]]


class History:
    """The three months before `today`; call `week` from 0 on, one after the other, then `marks`."""

    def __init__(self, settings: Settings, versions: Mapping[str, Version], today: date) -> None:
        """`versions` has the version of each survey that was asked."""
        self._settings, self._versions, self._today = settings, versions, today
        midnight = datetime.combine(today, time(), settings.timezone).astimezone(UTC)
        # Early enough that what is opened last has been answered and judged on the same day.
        self._last_visit = midnight - timedelta(hours=1)
        self._keeps_touches_since = midnight - answers.TOUCHES_KEPT_FOR + timedelta(days=1)
        self._people = customers(SEED)
        self._comments = Comments()
        self._last_number = FIRST_TICKET
        self._suppressed_at: dict[str, datetime] = {}
        self._domains: defaultdict[str, _Domain] = defaultdict(_Domain)

    def week(self, number: int) -> Rows:
        """The rows of one week, by table."""
        rows: Rows = {table: [] for table in TABLES}
        for ticket in tickets_of(number, self._today, self._settings.timezone, self._people):
            self._ask(ticket, rows)
        return rows

    def marks(self) -> Rows:
        """The domains that are marked as scanning in the end."""
        marked = [
            {"domain": name, "marked_until": domain.marked_until}
            for name, domain in self._domains.items()
            if domain.marked_until
        ]
        return {Domain: marked}

    def _ask(self, ticket: Ticket, rows: Rows) -> None:
        invitation = self._invitation(ticket)
        accepted_at, hashed = invitation["accepted_at"], invitation["address_hash"]
        moves: list[Move] = []
        is_new = hashed and hashed not in self._suppressed_at
        if accepted_at and is_new and ticket.rng.random() < UNSUBSCRIBES:
            moves = way_out(ticket, accepted_at, self._last_visit)
            at = moves[-1].event.at + timedelta(seconds=6)
            self._suppressed_at[hashed] = at
            rows[Suppression].append({"address_hash": hashed, "reason": Refusal.UNSUBSCRIBED, "at": at})
        elif accepted_at:
            version = self._versions[ticket.survey]
            moves = reply(ticket, version, accepted_at, self._last_visit, self._comments)
        self._store(invitation, moves, rows)

    def _store(self, invitation: Row, moves: list[Move], rows: Rows) -> None:
        domain = self._domains[invitation["domain"] or ""]
        accepted_at = invitation["accepted_at"]
        blank = evidence.Case(
            accepted_at, is_domain_scanning=bool(moves) and domain.is_marked(moves[0].event.at)
        )
        course = played(invitation["id"], self._versions[invitation["survey_key"]], blank, moves)
        if invitation["domain"] and accepted_at:
            domain.note(accepted_at, course.scanned_at)
        rows[Invitation].append(
            invitation | {"touch_count": len(course.case.touches), "scanned_at": course.scanned_at}
        )
        rows[Touch] += touch_rows(course, self._keeps_touches_since)
        if answer := answer_row(course, self._settings.timezone):
            rows[Answer].append(answer)
            rows[Rating] += rating_rows(course)
            rows[AnswerEvent] += course.events

    def _invitation(self, ticket: Ticket) -> Row:
        self._last_number += ticket.rng.randint(1, 3)
        is_mailed, customer = CHANNELS[ticket.channel].is_mailed, ticket.customer
        hashed = address_hash(self._settings.hash_key, customer.address) if is_mailed else None
        name = invitation_name(ticket.rng)
        outcome = self._outcome(ticket, hashed)
        asked_at = outcome["accepted_at"] or ticket.solved_at
        return {
            "id": name,
            "survey_key": ticket.survey,
            "survey_version": self._versions[ticket.survey].number,
            "ticket_ref": f"T-{self._last_number}",
            "occasion": "solved",
            "agent_ref": ticket.agent and ticket.agent.ref,
            "agent_name": ticket.agent and ticket.agent.name,
            "team": ticket.team.key,
            "case_type": ticket.case_type,
            "channel": ticket.channel,
            "locale": customer.locale,
            "customer_ref": customer.ref,
            "properties": {PLAN: customer.plan, REGION: customer.region},
            "address": customer.address if is_mailed else None,
            "recipient_name": customer.name if is_mailed else None,
            "address_hash": hashed,
            "domain": customer.domain if is_mailed else None,
            "agent_replies": None,
            "timezone": None,
            "source": "api",
            "allowed_from": None,
            "ended_at": ticket.solved_at,
            "day": ticket.solved_at.astimezone(self._settings.timezone).date(),
            "created_at": ticket.solved_at,
            "is_reminder": False,
            "planned_at": ticket.solved_at if is_mailed else None,
            "asked_on": asked_at.astimezone(self._settings.timezone).date(),
            **outcome,
        }

    def _outcome(self, ticket: Ticket, hashed: str | None) -> Row:
        """What became of the sending, as the worker would have noted it."""
        at = ticket.solved_at
        row: Row = {
            "status": Status.LINKED,
            "reason": None,
            "expires_at": at + timedelta(days=self._settings.link_days),
            "accepted_at": at,
            "send_at": None,
            "attempts": 0,
            "claim": None,
            "marked_at": None,
        }
        if hashed is None:
            return row
        if hashed in self._suppressed_at and self._suppressed_at[hashed] <= at:
            return row | {"status": Status.REFUSED, "reason": Refusal.UNSUBSCRIBED, "accepted_at": None}
        return row | self._sending(ticket, at + timedelta(seconds=ticket.rng.uniform(1, 60)))

    def _sending(self, ticket: Ticket, at: datetime) -> Row:
        row: Row = {"attempts": 1, "claim": invitation_name(ticket.rng), "accepted_at": None}
        if ticket.customer.is_bouncing:
            return row | {"status": Status.FAILED, "reason": NO_SUCH_USER}
        row["marked_at"] = at
        if ticket.rng.random() < REPLY_LOST:
            return row | {"status": Status.UNKNOWN, "reason": CUT_OFF}
        expires_at = at + timedelta(days=self._settings.link_days)
        return row | {"status": Status.SENT, "accepted_at": at, "expires_at": expires_at}


class _Domain:
    """What is known of one domain: the rule of `answers` that marks it, over this history."""

    def __init__(self) -> None:
        self.marked_until: datetime | None = None
        self._mails: list[tuple[datetime, bool]] = []

    def is_marked(self, at: datetime) -> bool:
        """Whether the mark lasts at that time."""
        return self.marked_until is not None and self.marked_until > at

    def note(self, accepted_at: datetime, scanned_at: datetime | None) -> None:
        """One more mail to this domain, and when it was scanned."""
        self._mails.append((accepted_at, scanned_at is not None))
        if scanned_at is None:
            return
        recent = [was for at, was in self._mails if at >= scanned_at - answers.MARK_LASTS]
        if sum(recent) >= max(answers.MARK_INVITATIONS, answers.MARK_SHARE * len(recent)):
            self.marked_until = scanned_at + answers.MARK_LASTS

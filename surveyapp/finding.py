"""Look up invitations and what became of them, as far as somebody may see it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session

from surveyapp.asked import look
from surveyapp.config import Settings
from surveyapp.core import evidence
from surveyapp.core.access import AgentFigures, Permission, Viewer
from surveyapp.core.errors import FieldError, NotAllowedError, UnknownInvitationError, UnknownThingError
from surveyapp.core.evidence import Evidence, Reason, State, Verdict
from surveyapp.core.hashes import address_hash
from surveyapp.core.policy import Refusal
from surveyapp.core.scales import Metric
from surveyapp.core.status import Cause, Status
from surveyapp.invitations import hash_of
from surveyapp.listing import cursor_of, is_before, read_cursor
from surveyapp.models import Answer, Invitation, Rating
from surveyapp.sight import find_visible, visible_to
from surveyapp.surveys import Version, version_of_invitation
from surveyapp.timeline import Entry, timeline

OUR_WORDS = frozenset(str(word) for kind in (Refusal, Cause, Reason, Verdict, Evidence) for word in kind)
"""What stands as the reason of an invitation or in its timeline, where it is not a mail server's reply."""
MOST_OF_A_TICKET = 100
"""Of a ticket's invitations only so many are told, the newest; no ticket has more in earnest."""


@dataclass(frozen=True, slots=True)
class Found:
    """An invitation in a list; never with a rating."""

    id: str
    ticket_ref: str
    survey: str
    status: Status
    reason: str | None
    """In our words; a mail server's only for those who may see who the customer is."""
    allowed_from: datetime | None
    created_at: datetime
    accepted_at: datetime | None
    send_at: datetime | None
    is_answered: bool
    """By an answer that counts."""
    customer: str | None
    """Name, else address, else reference; None: not known, or not for this viewer."""
    agent: str | None
    """Name, else reference; None as for the customer."""
    team: str | None
    case_type: str | None
    channel: str | None
    locale: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for, so that it may stand in an address or a log: it names nobody."""

    words: str = ""
    """A ticket or its beginning, or a reference; "" is no limit."""
    person: str | None = None
    """The keyed hash of a customer's address."""
    agent: str | None = None
    """The id of an invitation: those of the same agent."""
    customer: str | None = None
    """The id of an invitation: those with the same reference of a customer."""

    @property
    def may_stand_in_an_address(self) -> bool:
        """Tickets and references have no spaces; what has some may be somebody's name."""
        return " " not in self.words


@dataclass(frozen=True, slots=True)
class Customer:
    """Who was asked; None is not known, or erased."""

    name: str | None
    address: str | None
    ref: str | None


@dataclass(frozen=True, slots=True)
class Given:
    """One question's rating."""

    question: str
    metric: Metric
    rating: int


@dataclass(frozen=True, slots=True)
class Told:
    """The answer as it stands."""

    state: State
    reason: str | None
    """Of a held one a Reason, of a judged one a Verdict."""
    evidence: Evidence | None
    version: Version
    """Has the words of the questions and their ratings."""
    ratings: tuple[Given, ...]
    """In the order in which the questions are asked."""
    has_comment: bool
    comment: str | None
    """None as well where the viewer may not read it."""
    began_at: datetime
    changed_at: datetime
    settles_at: datetime | None
    """When a held one is looked at; None: it waits for somebody."""


@dataclass(frozen=True, slots=True)
class Story:
    """One invitation with all that became of it.

    Without INVITATIONS the timeline is empty, without ANSWERS and CUSTOMERS there is neither answer nor
    customer.
    """

    invitation: Found
    timeline: tuple[Entry, ...]
    answer: Told | None
    customer: Customer | None


@dataclass(frozen=True, slots=True)
class Own:
    """An answer that counts, in a list of those about somebody's own tickets; never with the customer."""

    ticket_ref: str
    survey: str
    day: date
    """On which it counts."""
    rating: int | None
    """Of the question asked in the mail; None: a comment alone."""
    version: Version
    """Has the words of that question and its ratings."""
    comment: str | None
    """None as well where the viewer may not read it."""


@dataclass(frozen=True, slots=True)
class TicketStory:
    """Everything asked, answered and refused for one ticket, the newest first."""

    ticket_ref: str
    invitations: tuple[Story, ...]


def wanted(session: Session, settings: Settings, viewer: Viewer, words: str) -> Wanted:
    """What somebody typed, without the address or name in it; what finds nothing stays so."""
    words = " ".join(words.split())
    mode = settings.own.agent_figures
    if viewer.sees_agents(mode) and (found := _of_agent(session, viewer, mode, words)):
        return Wanted(agent=found)
    if "@" in words:
        return Wanted(person=_hash(settings, words) or address_hash(settings.hash_key, words))
    if viewer.may(Permission.CUSTOMERS) and (found := _of_customer(session, viewer, mode, words)):
        return Wanted(customer=found)
    return Wanted(words)


def search(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    words: str = "",
    *,
    person: str | None = None,
    agent: str | None = None,
    customer: str | None = None,
    status: Status | None = None,
    survey: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[Found], str | None]:
    """A page of invitations, the newest first, and the cursor of the next; None when there is no more.

    `words` is a ticket or its beginning, or exactly a customer's reference or address, or an agent; "" is no
    limit. `person`, `agent` and `customer` as in Wanted. Who may not see customers or agents does not find by
    them either. Raises FieldError for a cursor that is none of ours, NotAllowedError for somebody who sees no
    invitations at all, UnknownInvitationError for an `agent` or `customer` that this viewer does not see.
    """
    mode = settings.own.agent_figures
    found = _selected(viewer, mode)
    if person is not None:
        found = found.where(_is_person(viewer, person))
    if agent is not None:
        found = found.where(_is_agent(session, viewer, mode, agent))
    if customer is not None:
        found = found.where(_is_customer(session, viewer, mode, customer))
    if words := " ".join(words.split()):
        found = found.where(or_(*_matching(settings, viewer, words)))
    if status is not None:
        found = found.where(Invitation.status == status)
    if survey is not None:
        found = found.where(Invitation.survey_key == survey)
    if cursor is not None:
        found = found.where(is_before(Invitation.created_at, Invitation.id, *read_cursor(cursor)))
    found = found.order_by(Invitation.created_at.desc(), Invitation.id.desc()).limit(limit + 1)
    rows = session.execute(found).all()
    page = [_found(invitation, state, viewer, mode) for invitation, state in rows[:limit]]
    return page, cursor_of(page[-1].created_at, page[-1].id) if len(rows) > limit else None


def of_ticket(session: Session, settings: Settings, viewer: Viewer, ticket_ref: str) -> list[Found]:
    """Those of exactly this ticket, in either case, the newest first; [] when the viewer sees none."""
    mode = settings.own.agent_figures
    if not ticket_ref.isprintable():
        return []
    # Not lower(): the index on tickets would not answer it.
    spellings = {ticket_ref, ticket_ref.upper(), ticket_ref.lower()}
    found = _selected(viewer, mode).where(Invitation.ticket_ref.in_(sorted(spellings)))
    found = found.order_by(Invitation.created_at.desc(), Invitation.id.desc()).limit(MOST_OF_A_TICKET)
    return [_found(invitation, state, viewer, mode) for invitation, state in session.execute(found)]


def ticket(
    session: Session, settings: Settings, viewer: Viewer, ticket_ref: str, now: datetime
) -> TicketStory:
    """All that is known of one ticket; UnknownThingError when there is nothing that this viewer sees.

    NotAllowedError as `search`.
    """
    found = _selected(viewer, settings.own.agent_figures).where(
        Invitation.ticket_ref == ticket_ref if ticket_ref.isprintable() else false()
    )
    found = found.order_by(Invitation.created_at.desc(), Invitation.id.desc()).limit(MOST_OF_A_TICKET)
    rows = session.execute(found).all()
    if not rows:
        raise UnknownThingError("Nobody was asked about a ticket of that reference.")
    stories = (_story(session, settings, viewer, now, *row) for row in rows)
    return TicketStory(ticket_ref, tuple(stories))


def detail(session: Session, settings: Settings, viewer: Viewer, invitation_id: str, now: datetime) -> Story:
    """One invitation; UnknownInvitationError when there is none that this viewer sees.

    NotAllowedError as `search`.
    """
    found = _selected(viewer, settings.own.agent_figures).where(
        Invitation.id == invitation_id if invitation_id.isprintable() else false()
    )
    row = session.execute(found).one_or_none()
    if row is None:
        raise UnknownInvitationError("There is no invitation of that id.")
    return _story(session, settings, viewer, now, *row)


def may_hand_out(session: Session, invitation: Invitation) -> bool:
    """Whether its links are for staff to pass on: not those of a mail, and not once they show an answer."""
    return invitation.status == Status.LINKED and session.get(Answer, invitation.id) is None


def reason_for(viewer: Viewer, words: str | None) -> str | None:
    """Our own words; a mail server's often repeat the address, so they are for those who may see it."""
    return words if words in OUR_WORDS or viewer.may(Permission.CUSTOMERS) else None


def own_answers(
    session: Session, settings: Settings, viewer: Viewer, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[Own], str | None]:
    """A page of what counts about the viewer's own tickets, the newest first, and the next page's cursor.

    Nothing for whoever is no agent of the support system, and nothing where agents are not named. Raises
    FieldError for a cursor that is none of ours, NotAllowedError without ANSWERS.
    """
    mode = settings.own.agent_figures
    if not viewer.may(Permission.ANSWERS):
        raise NotAllowedError("Single answers are not for you to see.")
    if mode is not AgentFigures.NAMED or viewer.agent_ref is None:
        return [], None
    found = (
        select(Answer, Invitation)
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .where(Answer.state == State.COUNTED, Invitation.agent_ref == viewer.agent_ref)
        .where(*visible_to(viewer, mode))
    )
    if cursor is not None:
        found = found.where(is_before(Answer.began_at, Answer.invitation_id, *read_cursor(cursor)))
    found = found.order_by(Answer.began_at.desc(), Answer.invitation_id.desc()).limit(limit + 1)
    rows = session.execute(found).all()
    last = rows[limit - 1].Answer if len(rows) > limit else None
    page = [_own(session, viewer, *row) for row in rows[:limit]]
    return page, cursor_of(last.began_at, last.invitation_id) if last else None


def _selected(viewer: Viewer, mode: AgentFigures) -> Any:
    """Invitations with their answer's state; who may see answers alone gets those that have one."""
    found = (
        select(Invitation, Answer.state)
        .outerjoin(Answer, Answer.invitation_id == Invitation.id)
        .where(*visible_to(viewer, mode))
    )
    if viewer.may(Permission.INVITATIONS):
        return found
    if viewer.may(Permission.ANSWERS):
        return found.where(Answer.state == State.COUNTED)
    raise NotAllowedError("Single invitations are not for you to see.")


def _matching(settings: Settings, viewer: Viewer, words: str) -> Iterator[ColumnElement[bool]]:
    if not words.isprintable():
        # PostgreSQL takes no NUL even to compare with.
        yield false()
        return
    yield Invitation.ticket_ref == words
    # Not LIKE: it minds the case on one of our databases and not on the other.
    yield func.lower(func.substr(Invitation.ticket_ref, 1, len(words))) == words.lower()
    if viewer.may(Permission.CUSTOMERS):
        yield Invitation.customer_ref == words
        if (hashed := _hash(settings, words)) is not None:
            yield Invitation.address_hash == hashed
    if viewer.sees_agents(settings.own.agent_figures):
        yield Invitation.agent_ref == words
        yield Invitation.agent_name == words


def _of_customer(session: Session, viewer: Viewer, mode: AgentFigures, words: str) -> str | None:
    """The newest invitation with this customer's reference; none where the words are a ticket, too."""
    if not words.isprintable():
        return None
    is_ticket = select(Invitation.id).where(Invitation.ticket_ref == words, *visible_to(viewer, mode))
    if session.scalar(is_ticket.limit(1)) is not None:
        return None
    found = select(Invitation.id).where(Invitation.customer_ref == words, *visible_to(viewer, mode))
    return session.scalar(found.order_by(Invitation.created_at.desc(), Invitation.id.desc()).limit(1))


def _is_customer(
    session: Session, viewer: Viewer, mode: AgentFigures, invitation_id: str
) -> ColumnElement[bool]:
    """Who may not see customers finds nothing."""
    ref = find_visible(session, viewer, mode, invitation_id).customer_ref
    if ref is None or not viewer.may(Permission.CUSTOMERS):
        return false()
    return Invitation.customer_ref == ref


def _of_agent(session: Session, viewer: Viewer, mode: AgentFigures, words: str) -> str | None:
    """The newest invitation of the agent of this name; or of this reference, where it is an address."""
    if not words.isprintable():
        return None
    is_it = Invitation.agent_name == words
    if "@" in words:
        is_it = or_(is_it, Invitation.agent_ref == words)
    # Whoever sees agents by a number looks for a ticket of that number as often, so that stays in the words.
    found = select(Invitation.id).where(is_it, *visible_to(viewer, mode))
    return session.scalar(found.order_by(Invitation.created_at.desc(), Invitation.id.desc()).limit(1))


def _is_person(viewer: Viewer, hashed: str) -> ColumnElement[bool]:
    if not viewer.may(Permission.CUSTOMERS) or not hashed.isprintable():
        return false()
    return Invitation.address_hash == hashed


def _is_agent(
    session: Session, viewer: Viewer, mode: AgentFigures, invitation_id: str
) -> ColumnElement[bool]:
    if not viewer.sees_agents(mode):
        return false()
    known = find_visible(session, viewer, mode, invitation_id)
    if known.agent_ref is not None:
        return Invitation.agent_ref == known.agent_ref
    return Invitation.agent_name == known.agent_name if known.agent_name is not None else false()


def _hash(settings: Settings, words: str) -> str | None:
    """By its hash an address is found in any spelling, and after it was erased."""
    try:
        return hash_of(settings, words) if "@" in words else None
    except FieldError:
        return None


def _found(invitation: Invitation, state: str | None, viewer: Viewer, mode: AgentFigures) -> Found:
    sees_customers, sees_agents = viewer.may(Permission.CUSTOMERS), viewer.sees_agents(mode)
    customer = invitation.recipient_name or invitation.address or invitation.customer_ref
    agent = invitation.agent_name or invitation.agent_ref
    return Found(
        id=invitation.id,
        ticket_ref=invitation.ticket_ref,
        survey=invitation.survey_key,
        status=Status(invitation.status),
        reason=reason_for(viewer, invitation.reason),
        allowed_from=invitation.allowed_from,
        created_at=invitation.created_at,
        accepted_at=invitation.accepted_at,
        send_at=invitation.send_at,
        is_answered=state == State.COUNTED,
        customer=customer if sees_customers else None,
        agent=agent if sees_agents else None,
        team=invitation.team,
        case_type=invitation.case_type,
        channel=invitation.channel,
        locale=invitation.locale,
    )


def _own(session: Session, viewer: Viewer, answer: Answer, invitation: Invitation) -> Own:
    return Own(
        ticket_ref=invitation.ticket_ref,
        survey=invitation.survey_key,
        day=answer.day,
        rating=answer.rating,
        version=version_of_invitation(session, invitation),
        comment=answer.comment if viewer.may(Permission.COMMENTS) else None,
    )


def _story(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    now: datetime,
    invitation: Invitation,
    state: str | None,
) -> Story:
    entries = timeline(session, invitation) if viewer.may(Permission.INVITATIONS) else []
    customer = Customer(invitation.recipient_name, invitation.address, invitation.customer_ref)
    has_answer = state is not None and viewer.may(Permission.ANSWERS)
    return Story(
        invitation=_found(invitation, state, viewer, settings.own.agent_figures),
        timeline=tuple(replace(entry, detail=reason_for(viewer, entry.detail)) for entry in entries),
        answer=_told(session, settings, viewer, invitation, now) if has_answer else None,
        customer=customer if viewer.may(Permission.CUSTOMERS) else None,
    )


def _told(
    session: Session, settings: Settings, viewer: Viewer, invitation: Invitation, now: datetime
) -> Told:
    answer = session.get_one(Answer, invitation.id)
    asked = look(session, settings, invitation.id, now)
    return Told(
        state=State(answer.state),
        # Of one that is still to be judged: the touches since it was held are not in its row.
        reason=evidence.reason(asked.case, settings.rules) if answer.settle_at else answer.reason,
        evidence=Evidence(answer.evidence) if answer.evidence else None,
        version=asked.version,
        ratings=_ratings(session, invitation.id, [each.key for each in asked.version.questions]),
        has_comment=answer.comment is not None,
        comment=answer.comment if viewer.may(Permission.COMMENTS) else None,
        began_at=answer.began_at,
        changed_at=answer.changed_at,
        settles_at=answer.settle_at,
    )


def _ratings(session: Session, invitation_id: str, order: Sequence[str]) -> tuple[Given, ...]:
    found = session.scalars(select(Rating).where(Rating.invitation_id == invitation_id))
    given = [Given(each.question, Metric(each.metric), each.rating) for each in found]
    return tuple(sorted(given, key=lambda each: order.index(each.question) if each.question in order else 99))

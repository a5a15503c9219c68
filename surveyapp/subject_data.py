"""Tell a person what is stored about them, as plain values that become JSON."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from surveyapp import erasure
from surveyapp.config import Settings
from surveyapp.db import Base, table_of
from surveyapp.erasure import Person
from surveyapp.models import (
    Answer,
    AnswerEvent,
    HookEvent,
    Invitation,
    Rating,
    Reply,
    Summary,
    Suppression,
    Ticket,
    Touch,
    Upload,
)
from surveyapp.timeline import timeline
from surveyapp.users import spelling


def of_person(
    session: Session,
    settings: Settings,
    *,
    customer_ref: str | None = None,
    address: str | None = None,
    now: datetime,
) -> dict[str, Any]:
    """Everything that `erasure.find` leads to; instants are ISO 8601 in UTC. Raises as `find`.

    Of a file with many people's rows only its name is told, and of a helpdesk's event all of it.
    """
    person = erasure.find(session, settings, customer_ref=customer_ref, address=address)
    return {
        "told_at": now.isoformat(),
        "invitations": [_invitation(session, each) for each in person.invitation_ids],
        "suppressions": _all(session, Suppression, "address_hash", person.hashes),
        "tickets": _all(session, Ticket, "ticket_ref", person.tickets),
        "helpdesk_events": _all(session, HookEvent, "id", erasure.events_of(session, person)),
        "stored_replies": _replies(session, person),
        "uploads": _uploads(session, person),
        "summaries": _all(session, Summary, "address", {spelling(each) for each in person.addresses}),
    }


def counts(data: dict[str, Any]) -> dict[str, int]:
    """How much of each kind there is, for people and for the audit log; all 0: nothing is stored."""
    return {name: len(found) for name, found in data.items() if isinstance(found, list)}


# What guards our own work and says nothing of anybody.
_OWN = frozenset({"claim", "due_at", "attempts", "settle_at"})


def _invitation(session: Session, invitation_id: str) -> dict[str, Any]:
    row = session.get_one(Invitation, invitation_id)
    [stored] = _rows(session, Invitation, select(table_of(Invitation)).where(Invitation.id == invitation_id))
    return {
        **stored,
        "timeline": [
            {"at": entry.at.isoformat(), "what": entry.what, "detail": entry.detail}
            for entry in timeline(session, row)
        ],
        "answer": next(iter(_of(session, Answer, invitation_id)), None),
        "ratings": _of(session, Rating, invitation_id),
        "history": _of(session, AnswerEvent, invitation_id),
        "touches": _of(session, Touch, invitation_id),
    }


def _of(session: Session, model: type[Base], invitation_id: str) -> list[dict[str, Any]]:
    table = table_of(model)
    of_it = select(table).where(table.c.invitation_id == invitation_id).order_by(*table.primary_key.columns)
    return _rows(session, model, of_it, without={"invitation_id"})


def _all(session: Session, model: type[Base], name: str, values: Iterable[str]) -> list[dict[str, Any]]:
    column = table_of(model).c[name]
    found = (select(table_of(model)).where(column == value) for value in sorted(values))
    return [row for each in found for row in _rows(session, model, each)]


def _replies(session: Session, person: Person) -> list[dict[str, Any]]:
    found = (session.get_one(Reply, key) for key in erasure.replies_of(session, person))
    return [{"at": each.at.isoformat(), "key": each.key, "body": each.body} for each in found]


def _uploads(session: Session, person: Person) -> list[dict[str, Any]]:
    found = (session.get_one(Upload, each) for each in erasure.uploads_of(session, person))
    return [{"created_at": each.created_at.isoformat(), "file_name": each.file_name} for each in found]


def _rows(
    session: Session, model: type[Base], wanted: Select[Any], without: Iterable[str] = ()
) -> list[dict[str, Any]]:
    hidden = _OWN | set(without)
    return [
        {name: _plain(value) for name, value in row.items() if name not in hidden}
        for row in session.execute(wanted).mappings()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value.decode(errors="replace") if isinstance(value, bytes) else value

"""Erase a person: who they are and what they wrote goes from every table, the bare ratings stay."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote, unquote_plus, urlsplit

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session

from surveyapp.asked import rows
from surveyapp.config import Settings
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.policy import Refusal
from surveyapp.core.status import ERASED, Cause, Happening, Status
from surveyapp.db import table_of
from surveyapp.invitations import hash_of, reference
from surveyapp.models import (
    Answer,
    Domain,
    HookEvent,
    Invitation,
    InvitationEvent,
    Reply,
    Summary,
    Suppression,
    Ticket,
    Touch,
    Upload,
    new_id,
)
from surveyapp.sheets import Flaw
from surveyapp.timeline import note
from surveyapp.users import spelling

# A shorter reference stands in texts of all kinds; it is looked for only where we know that it is one.
SHORTEST = 4

UPLOAD_PROBLEM = Flaw.ERASED


@dataclass(frozen=True, slots=True)
class Person:
    """Everything stored that leads to one person."""

    invitation_ids: tuple[str, ...] = field(repr=False)
    customer_refs: frozenset[str] = field(repr=False)
    addresses: frozenset[str] = field(repr=False)
    hashes: frozenset[str] = field(repr=False)
    tickets: frozenset[str] = field(repr=False)
    domains: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of each kind were emptied or deleted. `invitation_ids`: for `mail_files`."""

    invitation_ids: tuple[str, ...] = field(repr=False)
    invitations: int
    comments: int
    touches: int
    timeline: int
    helpdesk_events: int
    tickets: int
    replies: int
    uploads: int
    suppressions: int
    domains: int
    summaries: int
    """Addresses without an account that got the figures by mail."""

    @property
    def counts(self) -> dict[str, int]:
        """By kind, for people and for the audit log."""
        return {name: value for name, value in asdict(self).items() if name != "invitation_ids"}

    @property
    def is_nothing(self) -> bool:
        """Nothing was stored about this person."""
        return not any(self.counts.values())


def find(
    session: Session, settings: Settings, *, customer_ref: str | None = None, address: str | None = None
) -> Person:
    """Whoever the reference or the address leads to, with every further reference and address of theirs.

    Invitations belong together that share a customer reference or an address. Raises FieldError for what is
    neither, and when nothing is given.
    """
    refs = {_customer(customer_ref)} if customer_ref else set()
    hashes = {hash_of(settings, address)} if address else set()
    if not refs and not hashes:
        raise FieldError("customer", Problem.MISSING)
    found: dict[str, Any] = {}
    new_refs, new_hashes = set(refs), set(hashes)
    while new_refs or new_hashes:
        sharing = list(_sharing(session, new_refs, new_hashes))
        found |= {row.id: row for row in sharing}
        # Who has neither belongs to nobody: emptiness is nothing to share.
        new_refs = {row.customer_ref for row in sharing if row.customer_ref} - refs
        new_hashes = {row.address_hash for row in sharing if row.address_hash} - hashes
        refs |= new_refs
        hashes |= new_hashes
    return Person(
        tuple(sorted(found)),
        frozenset(refs),
        frozenset(_spellings(found.values(), address)),
        frozenset(hashes),
        frozenset(row.ticket_ref for row in found.values()),
        frozenset(row.domain for row in found.values() if row.domain),
    )


def erase(
    session: Session,
    settings: Settings,
    *,
    customer_ref: str | None = None,
    address: str | None = None,
    now: datetime,
) -> Erased:
    """Erase whoever `find` finds; the second time nothing is found.

    Ratings, their days, agents and case types stay, so that no score moves; what waited to be sent is called
    off, and links open no question any more. That the person wants no surveys stays, as a keyed hash. After
    the commit `Database.clean` and `mail_files` are due. Raises as `find`.
    """
    wanted = {"customer_ref": customer_ref, "address": address}
    person = find(session, settings, **wanted)
    helpdesk_events = _delete_events(session, person)
    uploads = _empty_uploads(session, person, now)
    # One that was being worked off until it could be had may have made one more invitation.
    person = find(session, settings, **wanted)
    ids = person.invitation_ids
    for part in _parts(ids):
        _forget_invitations(session, part, now)
    return Erased(
        invitation_ids=ids,
        invitations=len(ids),
        comments=_forget_answers(session, ids, now),
        touches=_sum(session, ids, lambda part: delete(Touch).where(Touch.invitation_id.in_(part))),
        timeline=_sum(session, ids, _emptied_details),
        helpdesk_events=helpdesk_events,
        tickets=_delete_unshared(session, Ticket, "ticket_ref", person.tickets),
        replies=_delete_replies(session, person),
        uploads=uploads,
        suppressions=_sum(session, person.hashes, _bounced),
        domains=_delete_unshared(session, Domain, "domain", person.domains),
        summaries=_sum(session, {spelling(each) for each in person.addresses}, _getting_figures),
    )


def events_of(session: Session, person: Person) -> list[str]:
    """The ids of the helpdesks' events that are about this person or name them anywhere."""
    names_them = _finder(person)
    columns = HookEvent.id, HookEvent.ticket_ref, HookEvent.invitation_id, HookEvent.body
    ids = set(person.invitation_ids)
    return [
        row.id
        for row in session.execute(select(*columns).execution_options(yield_per=_PART))
        if row.ticket_ref in person.tickets or row.invitation_id in ids or names_them(row.body)
    ]


def replies_of(session: Session, person: Person) -> list[tuple[str, str]]:
    """The keys of the stored replies of the API that name this person or an invitation of theirs."""
    names_them = _finder(person)
    found = session.execute(select(Reply.api_key, Reply.key, Reply.body).execution_options(yield_per=_PART))
    return [
        (row.api_key, row.key)
        for row in found
        if any(each in row.body for each in person.invitation_ids)
        or names_them(f"{row.key}\n{row.body}".encode())
    ]


def uploads_of(session: Session, person: Person) -> list[str]:
    """The ids of the files put in by hand that name this person, or whose name does."""
    names_them = _finder(person)
    found = session.execute(
        select(Upload.id, Upload.file_name, Upload.content).execution_options(yield_per=1)
    )
    return [row.id for row in found if names_them(_title(row.file_name)) or names_them(row.content or b"")]


def mail_files(settings: Settings, invitation_ids: Iterable[str]) -> list[Path]:
    """The mails of these invitations that lie in the folder of the settings; none with a mail server."""
    parts = urlsplit(settings.mail_url)
    if parts.scheme != "file":
        return []
    wanted = set(invitation_ids)
    names = ((path, _MAIL.fullmatch(path.name)) for path in Path(unquote(parts.path)).glob("*"))
    return sorted(path for path, name in names if name and name[1] in wanted)


_PART = 500
_OWN_WORDS = frozenset({*map(str, Cause), *map(str, Refusal)})
# As relay.FolderRelay names them, also while one is being written.
_MAIL = re.compile(r"\.?([A-Za-z0-9_-]{22})(?:_reminder)?\.(?:eml|\d+\.part)")
_ESCAPED = re.compile(r'\\+(?:u([0-9A-Fa-f]{4})|([nrtbf])|([/"]))')
_ANSWERS = table_of(Answer)


def _customer(customer_ref: str) -> str:
    """As it is stored."""
    try:
        return reference(customer_ref)
    except FieldError as error:
        raise FieldError("customer", error.problem, **error.values) from None


def _sharing(session: Session, refs: set[str], hashes: set[str]) -> Iterator[Any]:
    columns = (
        Invitation.id,
        Invitation.customer_ref,
        Invitation.address_hash,
        Invitation.address,
        Invitation.domain,
        Invitation.ticket_ref,
    )
    for column, values in ((Invitation.customer_ref, refs), (Invitation.address_hash, hashes)):
        for part in _parts(sorted(values)):
            yield from session.execute(select(*columns).where(column.in_(part)))


def _spellings(found: Iterable[Any], given: str | None) -> Iterator[str]:
    if given:
        yield given.strip()
    for row in found:
        if row.address:
            yield row.address
            # A domain in other letters may be told in ASCII.
            yield f"{row.address.rpartition('@')[0]}@{row.domain}"


def _parts(values: Iterable[str]) -> Iterator[Sequence[str]]:
    """Databases take only so many values in one statement."""
    every = sorted(values)
    for start in range(0, len(every), _PART):
        yield every[start : start + _PART]


def _sum(session: Session, values: Iterable[str], statement: Callable[[Sequence[str]], Any]) -> int:
    return sum(rows(session.execute(statement(part))) for part in _parts(values))


def _forget_invitations(session: Session, ids: Sequence[str], now: datetime) -> None:
    found = select(Invitation).where(Invitation.id.in_(ids)).order_by(Invitation.id).with_for_update()
    for invitation in session.scalars(found.execution_options(populate_existing=True)):
        _call_off(session, invitation, now)
        # Both in one: what the helpdesk said of the ticket may stand in either.
        invitation.ticket_ref = invitation.occasion = ERASED + new_id()
        invitation.address = invitation.recipient_name = invitation.customer_ref = None
        invitation.address_hash = invitation.domain = invitation.timezone = invitation.agent_replies = None
        invitation.properties = {}
        if invitation.reason not in _OWN_WORDS:
            invitation.reason = None
        invitation.expires_at = min(invitation.expires_at, now - timedelta(seconds=1))
    session.flush()


def _call_off(session: Session, invitation: Invitation, now: datetime) -> None:
    """Let nothing be sent any more; a worker that has it already loses its lease, and so notes nothing."""
    is_leaving = invitation.status == Status.SENDING and invitation.marked_at is not None
    was_due = invitation.send_at is not None
    invitation.send_at = invitation.claim = None
    if not was_due:
        return
    invitation.reason = None if invitation.is_reminder else Cause.ERASED
    if is_leaving:
        # Its last line may have gone out, and who could say so is not heard any more.
        invitation.status, what = Status.UNKNOWN, Happening.UNKNOWN
    elif invitation.is_reminder:
        invitation.status, what = Status.SENT, Happening.NOT_REMINDED
    else:
        invitation.status, what = Status.CANCELLED, Happening.CANCELLED
    note(session, invitation.id, what, Cause.ERASED, now)


def _forget_answers(session: Session, ids: Sequence[str], now: datetime) -> int:
    """Returns how many comments there were."""
    columns = _ANSWERS.c
    values: dict[str, Any] = {
        "comment": None,
        "seen": {},
        # Without its touches an answer that is held could only be judged wrongly: it stays as it is.
        "settle_at": None,
        # Whoever has this answer open saves against an older revision, and then finds the link closed.
        "revision": columns.revision + 1,
        # Programs that read answers page by page learn that the comment is gone.
        "changed_at": now,
    }
    comments = 0
    for part in _parts(ids):
        these = columns.invitation_id.in_(part)
        found = select(columns.comment).where(these, columns.comment.is_not(None)).with_for_update()
        comments += len(session.execute(found).all())
        session.execute(update(_ANSWERS).where(these).values(values))
    return comments


def _emptied_details(ids: Sequence[str]) -> Any:
    detail = InvitationEvent.detail
    foreign = detail.is_not(None), detail.not_in(_OWN_WORDS)
    return update(InvitationEvent).where(InvitationEvent.invitation_id.in_(ids), *foreign).values(detail=None)


def _bounced(hashes: Sequence[str]) -> Any:
    """What a mail server said goes; what the person wished stays."""
    return delete(Suppression).where(
        Suppression.address_hash.in_(hashes), Suppression.reason == Refusal.BOUNCED
    )


def _getting_figures(addresses: Sequence[str]) -> Any:
    return delete(Summary).where(Summary.address.in_(addresses))


def _delete_unshared(session: Session, model: Any, name: str, values: Iterable[str]) -> int:
    """Delete what is known of these tickets or domains, unless it concerns somebody else as well."""
    column: ColumnElement[str] = getattr(model, name)
    others = exists().where(getattr(Invitation, name) == column)
    return _sum(session, values, lambda part: delete(model).where(column.in_(part), ~others))


def _delete_events(session: Session, person: Person) -> int:
    ids = events_of(session, person)
    return _sum(session, ids, lambda part: delete(HookEvent).where(HookEvent.id.in_(part)))


def _delete_replies(session: Session, person: Person) -> int:
    found = replies_of(session, person)
    for api_key, key in found:
        session.execute(delete(Reply).where(Reply.api_key == api_key, Reply.key == key))
    return len(found)


def _empty_uploads(session: Session, person: Person, now: datetime) -> int:
    """A file that is still to be done fails; of one that has ended only what its rows became may go."""
    names_them = _finder(person)
    found = uploads_of(session, person)
    for upload in (session.get_one(Upload, each, with_for_update=True) for each in found):
        if names_them(_title(upload.file_name)):
            upload.file_name = f"{ERASED}{upload.id}.csv"
        if upload.content is None or not names_them(upload.content):
            continue
        upload.content = None
        if upload.ended_at is None:
            upload.state, upload.problem, upload.ended_at = "failed", UPLOAD_PROBLEM, now
    session.flush()
    return len(found)


def _title(file_name: str) -> bytes:
    """The name also without its ending, which would look like more of an address."""
    return f"{file_name}\n{file_name.rpartition('.')[0]}".encode()


def _finder(person: Person) -> Callable[[bytes], bool]:
    """Whether bytes of any kind name the person: an address, a customer reference or a ticket of theirs.

    Other people's are not meant: johanna@ is not anna@, and T-170 is not T-17.
    """
    refs = (each for each in person.customer_refs | person.tickets if len(each) >= SHORTEST)
    forms = dict.fromkeys(refs, r"(?<![^\W_]){}(?![^\W_])")
    forms |= dict.fromkeys(person.addresses, r"(?<![\w.+-]){}(?![\w-]|\.\w)")
    wanted = [
        (_fragments(each), re.compile(form.replace("{}", re.escape(_folded(each)))))
        for each, form in forms.items()
    ]

    def names_them(raw: bytes) -> bool:
        bare = raw.replace(b"\0", b"").lower()
        likely = [pattern for fragments, pattern in wanted if all(fragment in bare for fragment in fragments)]
        text = _text(raw) if likely else ""
        return any(pattern.search(text) for pattern in likely)

    return names_them


def _fragments(name: str) -> list[bytes]:
    """The runs of plain letters and digits, which nobody encodes; most texts lack one of them."""
    return re.findall(rb"[a-z0-9]+", normalize("NFC", name).lower().encode())


def _text(raw: bytes) -> str:
    """Whatever can be read in it, without JSON's and URLs' ways to write characters."""
    try:
        text = raw.decode("utf-16" if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    text = _ESCAPED.sub(_unescaped, text.replace("\0", ""))
    return _folded(f"{text}\n{unquote_plus(text)}" if "%" in text else text)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else found[3] or " "


def _folded(text: str) -> str:
    return normalize("NFC", text).casefold()

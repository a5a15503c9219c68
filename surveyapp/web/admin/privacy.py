"""Erase a person's data, and give it to the person."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, session
from flask.typing import ResponseReturnValue

from surveyapp import audit, erasure, subject_data
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.errors import FieldError, NotAllowedError
from surveyapp.erasure import Erased
from surveyapp.i18n import Language
from surveyapp.invitations import hash_of
from surveyapp.web.admin import guard
from surveyapp.web.admin.connect_events import sent_body
from surveyapp.web.admin.forms import LINE, Form, line, needed
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("privacy")

ERASED = "erased"
"""In the cookie: how many of each kind the last erasure took, and whether the file was cleaned."""

_AGENT = ("agent_ref", "agent_name")


class PersonForm(Form):
    """Whose data it is."""

    whom = line("", needed, longest=320)

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: a customer's reference in the support system, or their email address
        self.whom.label.text = spoken_language().gettext("Customer's reference or email address")
        self.whom.render_kw = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}

    def wanted(self) -> dict[str, str]:
        """For erasure and export: what is an address may be a reference, too."""
        said = self.whom.data or ""
        if not _is_address(said):
            return {"customer_ref": said}
        return {"address": said} | ({"customer_ref": said} if len(said) <= LINE else {})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is shown of a person before anything is done."""

    references: frozenset[str] = field(repr=False)
    addresses: frozenset[str] = field(repr=False)
    hashes: frozenset[str] = field(repr=False)
    """One for each address, also where that itself was forgotten."""
    counts: Mapping[str, int]
    answers: int
    comments: int
    first_at: datetime | None
    last_at: datetime | None
    """Of the first and the last invitation; None: there is none."""

    @property
    def is_nothing(self) -> bool:
        """Nothing is stored."""
        return not any(self.counts.values())


@bp.get("/privacy")
@guard.needs(Permission.ERASE)
def index() -> ResponseReturnValue:
    """Ask whose data it is."""
    return render("privacy.html", form=PersonForm())


@bp.post("/privacy")
@guard.needs(Permission.ERASE)
def look_up() -> ResponseReturnValue:
    """Show how much is stored; no redirect, because nothing personal may stand in an address."""
    form = PersonForm()
    if form.is_sent():
        try:
            return render("privacy_person.html", form=form, **_shown(_facts(form)))
        except FieldError as error:
            form.blame(error)
    return render("privacy.html", form=form), 422


@bp.post("/privacy/export")
@guard.needs(Permission.ERASE)
def export() -> ResponseReturnValue:
    """All that is stored, as a file; the agents' names only for those who may see them."""
    form, now = PersonForm(), parts().clock()
    if not _may_export():
        raise NotAllowedError("A person's data holds who they are and what they wrote.")
    if not form.is_sent():
        return render("privacy.html", form=form), 422
    try:
        with parts().database.reading() as reading:
            data = subject_data.of_person(reading, parts().settings, **form.wanted(), now=now)
    except FieldError as error:
        form.blame(error)
        return render("privacy.html", form=form), 422
    counts = subject_data.counts(data)
    if any(counts.values()):
        # Only now: looking through every event takes its time, and customers who answer would wait for it.
        with parts().database.transaction() as writing:
            audit.record(
                writing, guard.viewer().id, Deed.SUBJECT_EXPORTED, now, None, actor=Actor.USER, **counts
            )
    return _file(data)


@bp.post("/privacy/erase")
@guard.needs(Permission.ERASE)
def erase() -> ResponseReturnValue:
    """Erase for good; the second time there is nothing left."""
    form, now = PersonForm(), parts().clock()
    if not form.is_sent():
        return render("privacy.html", form=form), 422
    try:
        with parts().database.transaction() as writing:
            erased = erasure.erase(writing, parts().settings, **form.wanted(), now=now)
            if not erased.is_nothing:
                audit.record(
                    writing, guard.viewer().id, Deed.ERASED, now, None, actor=Actor.USER, **erased.counts
                )
    except FieldError as error:
        form.blame(error)
        return render("privacy.html", form=form), 422
    return _after(erased)


@bp.get("/privacy/erased")
@guard.needs(Permission.ERASE)
def erased() -> ResponseReturnValue:
    """What the last erasure took, once."""
    kept = session.pop(ERASED, None)
    if not isinstance(kept, dict):
        return go(".index")
    tongue = spoken_language()
    rows = [(words(tongue), int(kept.get(name, 0))) for name, words in _ERASED.items()]
    return render("privacy_erased.html", rows=rows, is_clean=bool(kept.get("is_clean")))


@bp.post("/privacy/clean")
@guard.needs(Permission.ERASE)
def clean() -> ResponseReturnValue:
    """Try again to leave no copy in the database's file, where somebody was in the way before."""
    if not parts().database.clean():
        session[ERASED] = {"is_clean": False}
        return go(".erased")
    # i18n: Said after the database's file was written anew, so that it holds nothing that was erased
    say(spoken_language().gettext("The database's file is clean."))
    return go(".index")


def _after(erased: Erased) -> ResponseReturnValue:
    """What is due once the erasure is committed; the file is cleaned even when there was nothing.

    What an erasure before this one could not clean is cleaned now.
    """
    files = _delete(erasure.mail_files(parts().settings, erased.invitation_ids))
    is_clean = parts().database.clean()
    if erased.is_nothing and is_clean:
        # i18n: Said after an erasure for which there was nothing
        say(spoken_language().gettext("Nothing is stored about this person."))
        return go(".index")
    session[ERASED] = {**erased.counts, "mail_files": files, "is_clean": is_clean}
    return go(".erased")


def _delete(files: Iterable[Path]) -> int:
    found = list(files)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _facts(form: PersonForm) -> Facts:
    now = parts().clock()
    with parts().database.reading() as reading:
        data = subject_data.of_person(reading, parts().settings, **form.wanted(), now=now)
    invitations = data["invitations"]
    answers = [each["answer"] for each in invitations if each["answer"]]
    moments = [datetime.fromisoformat(each["created_at"]) for each in invitations]
    return Facts(
        references=_all(invitations, "customer_ref"),
        addresses=_all(invitations, "address"),
        hashes=_all(invitations, "address_hash"),
        counts=subject_data.counts(data),
        answers=len(answers),
        comments=sum(1 for each in answers if each["comment"]),
        first_at=min(moments, default=None),
        last_at=max(moments, default=None),
    )


def _all(invitations: Iterable[Mapping[str, Any]], name: str) -> frozenset[str]:
    return frozenset(each[name] for each in invitations if each[name])


def _shown(facts: Facts) -> dict[str, Any]:
    tongue, is_open = spoken_language(), guard.viewer().may(Permission.CUSTOMERS)
    numbers = {**facts.counts, "answers": facts.answers, "comments": facts.comments}
    return {
        "facts": facts,
        "rows": [(words(tongue), numbers[name]) for name, words in _STORED.items()],
        "references": sorted(facts.references) if is_open else [],
        "addresses": sorted(facts.addresses) if is_open else [],
        "is_joined": len(facts.references) > 1 or len(facts.hashes) > 1,
        "may_export": _may_export(),
    }


def _may_export() -> bool:
    viewer = guard.viewer()
    return viewer.may(Permission.CUSTOMERS) and viewer.may(Permission.COMMENTS)


def _file(data: dict[str, Any]) -> Response:
    if not guard.viewer().sees_agents(parts().settings.own.agent_figures):
        data = _without_agents(data)
    text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    headers = {"Content-Disposition": 'attachment; filename="person.json"'}
    return Response(text, headers=headers, content_type="application/json; charset=utf-8")


def _without_agents(data: dict[str, Any]) -> dict[str, Any]:
    """The file where nobody may see which agent got which rating; it says itself what it lacks."""
    for invitation in data["invitations"]:
        invitation |= dict.fromkeys(_AGENT)
    # What helpdesks and programs sent names agents wherever it likes.
    for each in (*data["helpdesk_events"], *data["stored_replies"]):
        each["body"] = sent_body(each["body"].encode(), is_whole=False)
    # i18n: In a file with all that is stored about a customer: why some of it is not there
    said = spoken_language().gettext(
        "Agents are not named here. Of what helpdesks sent and of stored replies, this file therefore holds "
        "the names of the fields alone."
    )
    return {"told_at": data["told_at"], "left_out": said, **data}


def _is_address(said: str) -> bool:
    try:
        hash_of(parts().settings, said)
    except FieldError:
        return False
    return True


_Words = Callable[[Language], str]

_STORED: Mapping[str, _Words] = {
    # i18n: Beside a number: how many of these are stored about a person
    "invitations": lambda tongue: tongue.gettext("Invitations"),
    # i18n: Beside a number: how many of these are stored about a person
    "answers": lambda tongue: tongue.gettext("Answers"),
    # i18n: Beside a number: how many of these are stored about a person
    "comments": lambda tongue: tongue.gettext("Comments"),
    # i18n: Beside a number: how many of these are stored about a person
    "helpdesk_events": lambda tongue: tongue.gettext("Events of the helpdesk"),
    # i18n: Beside a number: how many of these are stored about a person; a program asked, this is our reply
    "stored_replies": lambda tongue: tongue.gettext("Replies to programs"),
    # i18n: Beside a number: how many CSV files name a person
    "uploads": lambda tongue: tongue.gettext("Uploaded lists"),
    # i18n: Beside a number: how many tickets of a person were opened again
    "tickets": lambda tongue: tongue.gettext("Reopened tickets"),
    # i18n: Beside a number: how many entries of the do-not-survey list are about a person
    "suppressions": lambda tongue: tongue.gettext("Entries of the do-not-survey list"),
}

_ERASED: Mapping[str, _Words] = {
    # i18n: Beside a number: how many of these were emptied
    "invitations": lambda tongue: tongue.gettext("Invitations"),
    # i18n: Beside a number: how many of these were erased
    "comments": lambda tongue: tongue.gettext("Comments"),
    # i18n: Beside a number: how many records of opened links were erased
    "touches": lambda tongue: tongue.gettext("Openings of links"),
    # i18n: Beside a number: how many words of mail servers were erased
    "timeline": lambda tongue: tongue.gettext("Replies of mail servers"),
    # i18n: Beside a number: how many of these were erased
    "helpdesk_events": lambda tongue: tongue.gettext("Events of the helpdesk"),
    # i18n: Beside a number: how many of these were erased; a program asked, and this is our reply
    "replies": lambda tongue: tongue.gettext("Replies to programs"),
    # i18n: Beside a number: how many CSV files were erased
    "uploads": lambda tongue: tongue.gettext("Uploaded lists"),
    # i18n: Beside a number: how many records of tickets that were opened again were erased
    "tickets": lambda tongue: tongue.gettext("Reopened tickets"),
    # i18n: Beside a number: how many entries of the do-not-survey list were erased because mail came back
    "suppressions": lambda tongue: tongue.gettext("Entries of the do-not-survey list: bounced"),
    # i18n: Beside a number: how many domains were forgotten that are known for link scanners
    "domains": lambda tongue: tongue.gettext("Domains that open links by machine"),
    # i18n: Beside a number: how many mails in a folder of this app were erased
    "mail_files": lambda tongue: tongue.gettext("Mails in this app's own folder"),
}

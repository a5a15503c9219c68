"""The invitations: look them up, see what became of each, and act on one."""

from collections.abc import Callable

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import audit, finding, outbox, surveys
from surveyapp import invitations as outgoing
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.status import Status
from surveyapp.db import Session
from surveyapp.finding import Found, Wanted
from surveyapp.models import Invitation
from surveyapp.names import Kind, Labels
from surveyapp.reasons import nothing_known
from surveyapp.sight import find_visible
from surveyapp.web.admin import guard
from surveyapp.web.admin.forms import Form, line
from surveyapp.web.admin.frame import go, render, say, with_query
from surveyapp.web.admin.wording import helpdesk_url, state_choices, survey_name, words_for
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("invitations")

ON_A_PAGE = 50


class SearchForm(Form):
    """What somebody looks for."""

    q = line("", longest=320)

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of the search field above the list of invitations
        self.q.label.text = spoken_language().gettext("Look up an invitation")


# --- the list --------------------------------------------------------------------------------------


@bp.get("/invitations")
@guard.needs(Permission.INVITATIONS)
def index() -> ResponseReturnValue:
    """The newest first, narrowed down by what the address says; one ticket alone is told in sentences."""
    args = request.args
    return _list(Wanted(args.get("q", ""), args.get("person"), args.get("agent"), args.get("customer")))


@bp.post("/invitations/search")
@guard.needs(Permission.INVITATIONS)
def search() -> ResponseReturnValue:
    """To the list, by an address in which nobody's name or address stands."""
    form = SearchForm()
    if not form.is_sent():
        return render("invitation_search.html", form=form), 422
    with parts().database.reading() as session:
        wanted = finding.wanted(session, parts().settings, guard.viewer(), form.q.data or "")
    if not wanted.may_stand_in_an_address:
        return _list(wanted)
    return go(
        ".index",
        q=wanted.words or None,
        person=wanted.person,
        agent=wanted.agent,
        customer=wanted.customer,
    )


def _list(wanted: Wanted) -> ResponseReturnValue:
    with parts().database.reading() as session:
        page, more = _page(session, wanted)
        exact = finding.of_ticket(session, parts().settings, guard.viewer(), wanted.words.strip())
        labels = Labels(session)
        keys = [survey.key for survey in surveys.all_surveys(session)]
    return render(
        "invitations.html",
        form=SearchForm(),
        query=request.args,
        q=wanted.words,
        wanted=wanted,
        rows=page,
        told=exact or _only_ticket(page, wanted),
        nothing=nothing_known(spoken_language(), wanted.words) if wanted.words else "",
        more=with_query(cursor=more) if more else "",
        states=state_choices(),
        surveys=[(key, survey_name(key)) for key in keys],
        labels=labels,
        kinds=Kind,
        **words_for(),
    )


# --- one -------------------------------------------------------------------------------------------


@bp.get("/invitations/<invitation_id>")
@guard.needs(Permission.ACCOUNT)
def show(invitation_id: str) -> ResponseReturnValue:
    """What it was about, what happened to it, and what can be done now."""
    settings, viewer, now = parts().settings, guard.viewer(), parts().clock()
    with parts().database.reading() as session:
        story = finding.detail(session, settings, viewer, invitation_id, now)
        invitation = find_visible(session, viewer, settings.own.agent_figures, invitation_id)
        may_resend = outbox.may_resend(invitation)
        may_remind = outbox.may_remind(session, invitation, now)
        labels = Labels(session)
    return render(
        "invitation.html",
        story=story,
        may_resend=may_resend,
        may_remind=may_remind,
        labels=labels,
        kinds=Kind,
        helpdesk=helpdesk_url(story.invitation.ticket_ref),
        **words_for(),
    )


@bp.post("/invitations/<invitation_id>/cancel")
@guard.needs(Permission.SEND)
def cancel(invitation_id: str) -> ResponseReturnValue:
    """Call it off before its mail goes out."""
    # i18n: Said after a survey was called off
    said = spoken_language().gettext("It is called off.")
    return _done(invitation_id, Deed.CANCELLED, outgoing.cancel, said)


@bp.post("/invitations/<invitation_id>/resend")
@guard.needs(Permission.SEND)
def resend(invitation_id: str) -> ResponseReturnValue:
    """Send its mail once more, when that failed or nobody knows."""
    # i18n: Said after somebody had an email sent once more
    said = spoken_language().gettext("The email is sent once more.")
    return _done(invitation_id, Deed.RESENT, outbox.resend, said)


@bp.post("/invitations/<invitation_id>/give-up")
@guard.needs(Permission.SEND)
def give_up(invitation_id: str) -> ResponseReturnValue:
    """Let a mail be of which nobody knows whether it arrived."""
    # i18n: Said after somebody decided that an email is not sent again
    said = spoken_language().gettext("The email is not sent again.")
    return _done(invitation_id, Deed.GIVEN_UP, outbox.give_up, said)


@bp.post("/invitations/<invitation_id>/remind")
@guard.needs(Permission.SEND)
def remind(invitation_id: str) -> ResponseReturnValue:
    """Send the one reminder."""
    # i18n: Said after somebody asked for a reminder to a customer
    said = spoken_language().gettext("The reminder goes out, at the latest when the hours for sending begin.")
    settings = parts().settings
    return _done(
        invitation_id, Deed.REMINDED, lambda session, *which: outbox.remind(session, settings, *which), said
    )


def _done(invitation_id: str, deed: Deed, act: Callable[..., Invitation], said: str) -> ResponseReturnValue:
    viewer, now = guard.viewer(), parts().clock()
    with parts().database.transaction() as session:
        find_visible(session, viewer, parts().settings.own.agent_figures, invitation_id)
        act(session, invitation_id, now)
        audit.record(session, viewer.id, deed, now, invitation_id)
    say(said)
    return go(".show", invitation_id=invitation_id)


def _page(session: Session, wanted: Wanted) -> tuple[list[Found], str | None]:
    return finding.search(
        session,
        parts().settings,
        guard.viewer(),
        wanted.words,
        person=wanted.person,
        agent=wanted.agent,
        customer=wanted.customer,
        status=_status(),
        survey=request.args.get("survey") or None,
        cursor=request.args.get("cursor"),
        limit=ON_A_PAGE,
    )


def _status() -> Status | None:
    said = request.args.get("status")
    return Status(said) if said in set(Status) else None


def _only_ticket(page: list[Found], wanted: Wanted) -> list[Found]:
    """All of it where somebody looked for something and found one ticket."""
    is_one = len({found.ticket_ref for found in page}) == 1
    return page if is_one and (wanted.words or wanted.person) else []

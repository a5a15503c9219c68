"""Everything about one ticket, and answers taken out of the scores: the page to link from a helpdesk."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from surveyapp import finding, judging
from surveyapp.core.access import Permission
from surveyapp.core.errors import UnknownThingError
from surveyapp.judging import TO_VOID
from surveyapp.names import Kind, Labels
from surveyapp.reasons import nothing_known
from surveyapp.sight import find_visible
from surveyapp.web.admin import guard
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.admin.wording import chosen_verdict, helpdesk_url, verdicts, words_for
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("tickets")


# A helpdesk's own references may hold two slashes in a row.
@bp.get("/tickets/<path:ticket_ref>", merge_slashes=False)
@guard.needs(Permission.ACCOUNT)
def show(ticket_ref: str) -> ResponseReturnValue:
    """What was asked, answered and refused; where nobody was asked, a sentence that says so."""
    try:
        with parts().database.reading() as session:
            found = finding.ticket(session, parts().settings, guard.viewer(), ticket_ref, parts().clock())
            labels = Labels(session)
    except UnknownThingError:
        return _nothing(ticket_ref), 404
    return render(
        "ticket.html",
        ticket_ref=ticket_ref,
        stories=found.invitations,
        labels=labels,
        kinds=Kind,
        helpdesk=helpdesk_url(ticket_ref),
        reasons=verdicts(TO_VOID),
        **words_for(),
    )


@bp.post("/answers/<invitation_id>/withdraw")
@guard.needs(Permission.VOID)
def withdraw(invitation_id: str) -> ResponseReturnValue:
    """Take the answer out of the scores, with a reason."""
    settings, viewer = parts().settings, guard.viewer()
    with parts().database.transaction() as session:
        invitation = find_visible(session, viewer, settings.own.agent_figures, invitation_id)
        judging.void(session, settings, viewer, invitation_id, chosen_verdict(TO_VOID), parts().clock())
        ticket_ref = invitation.ticket_ref
    # i18n: Said after an answer was withdrawn
    say(spoken_language().gettext("The answer is withdrawn and counts no more."))
    return _back(ticket_ref)


@bp.post("/answers/<invitation_id>/restore")
@guard.needs(Permission.VOID)
def restore(invitation_id: str) -> ResponseReturnValue:
    """Let a withdrawn answer count again."""
    settings, viewer = parts().settings, guard.viewer()
    with parts().database.transaction() as session:
        invitation = find_visible(session, viewer, settings.own.agent_figures, invitation_id)
        judging.restore(session, settings, viewer, invitation_id, parts().clock())
        ticket_ref = invitation.ticket_ref
    # i18n: Said after a withdrawn answer was restored, or a held one was released
    say(spoken_language().gettext("The answer counts."))
    return _back(ticket_ref)


def _back(ticket_ref: str) -> ResponseReturnValue:
    """To the comments or answers among which it was done, where the form names them, else to the ticket."""
    wanted = request.form.get("next", "")
    lists = {url_for("admin_comments.index"), url_for("admin_comments.behind")}
    if wanted.partition("?")[0] in lists and wanted.isascii() and wanted.isprintable():
        return redirect(wanted, 303)
    return go(".show", ticket_ref=ticket_ref)


def _nothing(ticket_ref: str) -> str:
    words = nothing_known(spoken_language(), ticket_ref)
    return render(
        "ticket_unknown.html", ticket_ref=ticket_ref, words=words, helpdesk=helpdesk_url(ticket_ref)
    )

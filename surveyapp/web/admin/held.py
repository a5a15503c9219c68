"""The answers that are held or refused, and the domains whose scanners open mails."""

from collections.abc import Callable

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import audit, judging, scanning
from surveyapp.answers import MARK_LASTS
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError
from surveyapp.core.evidence import Reason, State, Verdict
from surveyapp.judging import TO_REFUSE, TO_RELEASE, Listed
from surveyapp.sight import find_visible
from surveyapp.web.admin import guard
from surveyapp.web.admin.forms import Form, line, needed
from surveyapp.web.admin.frame import go, render, say, with_query
from surveyapp.web.admin.wording import chosen_verdict, verdicts, words_for
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("held")

ON_A_PAGE = 50
SCANNERS = frozenset(
    {
        Reason.SEVERAL_RATINGS,
        Reason.OTHER_LINK,
        Reason.TOO_EARLY,
        Reason.SEVERAL_NETWORKS,
        Reason.PREFETCH,
        Reason.AUTOMATED,
        Reason.SCANNING_DOMAIN,
    }
)
"""What is held so is most likely refused as a scanner's."""


class DomainForm(Form):
    """A domain to mark."""

    domain = line("", needed, longest=scanning.NAME_LENGTH)

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: the part of email addresses after the @
        self.domain.label.text = spoken_language().gettext("Email domain")
        self.domain.render_kw = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


@bp.get("/held")
@guard.needs(Permission.JUDGE)
def index() -> ResponseReturnValue:
    """What is held, why, and two buttons."""
    return _listed("held", State.HELD)


@bp.get("/held/refused")
@guard.needs(Permission.JUDGE)
def refused() -> ResponseReturnValue:
    """What was refused, by whom it may be released after all."""
    return _listed("refused", State.REFUSED)


@bp.post("/held/<invitation_id>/release")
@guard.needs(Permission.JUDGE)
def release(invitation_id: str) -> ResponseReturnValue:
    """Let the answer count."""
    # i18n: Said after a withdrawn answer was restored, or a held one was released
    return _judged(
        invitation_id, judging.release, TO_RELEASE, spoken_language().gettext("The answer counts.")
    )


@bp.post("/held/<invitation_id>/refuse")
@guard.needs(Permission.JUDGE)
def refuse(invitation_id: str) -> ResponseReturnValue:
    """Refuse the answer."""
    # i18n: Said after a held answer was refused
    said = spoken_language().gettext("The answer is refused.")
    return _judged(invitation_id, judging.refuse, TO_REFUSE, said)


@bp.get("/held/domains")
@guard.needs(Permission.JUDGE)
def domains() -> ResponseReturnValue:
    """How much of the mail to each domain is opened by scanners."""
    return _domains(DomainForm())


@bp.post("/held/domains")
@guard.needs(Permission.JUDGE)
def mark() -> ResponseReturnValue:
    """Treat a domain as one whose scanners open mails, for as long as we would have marked it."""
    form, now = DomainForm(), parts().clock()
    if not form.is_sent():
        return _domains(form), 422
    try:
        with parts().database.transaction() as session:
            scanning.mark(session, form.domain.data or "", now + MARK_LASTS)
            # Not which: a small domain is a person, and what is logged is never erased.
            audit.record(session, guard.viewer().id, Deed.SETTING_CHANGED, now, "scanning", is_marked=True)
    except FieldError as error:
        form.blame(error)
        return _domains(form), 422
    # i18n: Said after an email domain was marked as one whose scanners open mails
    say(spoken_language().gettext("The domain is marked."))
    return go(".domains")


@bp.post("/held/domains/trust")
@guard.needs(Permission.JUDGE)
def unmark() -> ResponseReturnValue:
    """Trust a domain again."""
    now = parts().clock()
    with parts().database.transaction() as session:
        scanning.unmark(session, request.form.get("domain", ""))
        audit.record(session, guard.viewer().id, Deed.SETTING_CHANGED, now, "scanning", is_marked=False)
    # i18n: Said after the mark was taken from an email domain
    say(spoken_language().gettext("The domain is not marked any more."))
    return go(".domains")


def _listed(tab: str, state: State) -> ResponseReturnValue:
    cursor = request.args.get("cursor")
    with parts().database.reading() as session:
        page, more = judging.held(
            session,
            parts().settings,
            guard.viewer(),
            parts().clock(),
            state=state,
            cursor=cursor,
            limit=ON_A_PAGE,
        )
    return render(
        "held.html",
        tab=tab,
        rows=page,
        more=with_query(cursor=more) if more else "",
        to_release=verdicts(TO_RELEASE),
        to_refuse=verdicts(TO_REFUSE),
        likely_release=Verdict.LOOKS_GENUINE,
        likely_refusal=_likely_refusal,
        **words_for(),
    )


def _likely_refusal(listed: Listed) -> Verdict:
    return Verdict.KNOWN_SCANNER if listed.reason in SCANNERS else Verdict.OTHER


def _judged(
    invitation_id: str, act: Callable[..., None], offered: tuple[Verdict, ...], said: str
) -> ResponseReturnValue:
    settings, viewer = parts().settings, guard.viewer()
    with parts().database.transaction() as session:
        find_visible(session, viewer, settings.own.agent_figures, invitation_id)
        act(session, settings, viewer, invitation_id, chosen_verdict(offered), parts().clock())
    say(said)
    return go(".refused" if request.form.get("tab") == "refused" else ".index")


def _domains(form: DomainForm) -> str:
    sees_small = guard.viewer().may(Permission.CUSTOMERS)
    with parts().database.reading() as session:
        found = scanning.domains(session, parts().clock())
        marks = scanning.marked(session, parts().clock()) if sees_small else {}
    known = {traffic.domain for traffic in found}
    others = {domain: until for domain, until in marks.items() if domain not in known}
    return render(
        "held_domains.html", tab="domains", form=form, rows=found, others=others, days=MARK_LASTS.days
    )

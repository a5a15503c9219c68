"""Send surveys: by hand, from a file, or as a link."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import segno
from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from surveyapp import audit, finding, flaws, invitations, look, previews, reasons, surveys, uploads
from surveyapp.bulk import LinkColumns
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, NotWaitingError, SurveyappError, UnknownInvitationError
from surveyapp.core.policy import next_in_window
from surveyapp.core.status import Status
from surveyapp.db import Session
from surveyapp.i18n import closest
from surveyapp.invitations import FIELD_LENGTH, Forecast, Invited, Request, find_invitation
from surveyapp.links import links_of
from surveyapp.models import Upload
from surveyapp.names import Words
from surveyapp.questions import label_of
from surveyapp.sheets import SheetError
from surveyapp.sight import find_visible
from surveyapp.survey_edits import draft_of
from surveyapp.surveys import find_survey, policy_of
from surveyapp.uploads import Stage
from surveyapp.user_mail import EXAMPLE_TICKET
from surveyapp.web.admin import guard
from surveyapp.web.admin.frame import go, render, say, with_query
from surveyapp.web.admin.framing import framed, framing
from surveyapp.web.admin.send_forms import MAIL, LinkForm, ListForm, MailForm, Offered, offered
from surveyapp.web.admin.send_rows import STAGES, counted, row, sheet
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("send")

SOURCE = "hand"
ROWS = 50
"""Of a file, on one page of its preview."""
LARGEST = uploads.MEGABYTES * 1024 * 1024 + 64 * 1024
"""A request with a file that is just too large, so that the page can say so."""
MODULE_MM = 1.6
"""How wide one square of a printed code is."""


@dataclass(frozen=True, slots=True)
class Look:
    """What would become of one request, in words, and the mail; its document is at `mail_url`."""

    words: str
    is_refused: bool
    mail: previews.Preview
    mail_url: str


# --- by hand ---------------------------------------------------------------------------------------


@bp.get("/send")
@guard.needs(Permission.SEND)
def one() -> ResponseReturnValue:
    """One customer, one ticket."""
    return _by_hand(MailForm(_offered()))


@bp.post("/send")
@guard.needs(Permission.SEND)
def invite() -> ResponseReturnValue:
    """Show what would go out, or send it."""
    form = MailForm(_offered())
    if not form.is_sent():
        return _by_hand(form), 422
    try:
        if request.form.get("step") == "send":
            return go("admin_invitations.show", invitation_id=_invited(form.wish(is_mailed=True)).id)
        return framing(_by_hand(form, _looked_at(form)))
    except FieldError as error:
        form.blame(error)
        return _by_hand(form), 422


@bp.get("/send/preview")
@guard.needs(Permission.SEND)
def mail() -> ResponseReturnValue:
    """The mail as a document of its own, for a customer who does not exist; UnknownSurveyError."""
    locale, ticket = closest(request.args.get("locale"), "en"), request.args.get("ticket", "")
    with parts().database.reading() as session:
        draft = draft_of(session, request.args.get("survey", ""))
    found = previews.mail_preview(
        parts().settings,
        draft,
        locale,
        parts().clock(),
        logo=look.shown_logo(parts().settings, parts().database),
        ticket_ref=ticket[:FIELD_LENGTH] or EXAMPLE_TICKET,
        # Whom it goes to stands in no address of ours, and another name would look like a mistake.
        name="",
    )
    return framed(found.html)


# --- a list ----------------------------------------------------------------------------------------


@bp.get("/send/list")
@guard.needs(Permission.SEND)
def lists() -> ResponseReturnValue:
    """Put a file in, and the files of before."""
    return _lists(ListForm(_offered()))


@bp.post("/send/list")
@guard.needs(Permission.SEND)
def put_in() -> ResponseReturnValue:
    """Keep a file, to look at it first."""
    form = ListForm(_offered())
    if not form.is_sent():
        return _lists(form), 422
    try:
        with parts().database.transaction() as session:
            upload = uploads.put_in(
                session,
                guard.viewer(),
                form.file.data.filename,
                form.file.data.read(),
                survey=form.survey.data or None,
                locale=form.locale.data or None,
                is_mailed=form.way.data == MAIL,
                now=parts().clock(),
            )
            return go(".show_list", upload_id=upload.id)
    except SheetError as error:
        form.file.errors = [flaws.sentence(spoken_language(), error)]
    except FieldError as error:
        form.blame(error)
    return _lists(form), 422


put_in.largest = LARGEST  # type: ignore[attr-defined]


@bp.get("/send/list/<upload_id>")
@guard.needs(Permission.SEND)
def show_list(upload_id: str) -> ResponseReturnValue:
    """What would become of a file's rows; once it was started, how far it is and what became of them."""
    with parts().database.reading() as session:
        upload = uploads.progress(session, guard.viewer(), upload_id)
        if upload.state == Stage.PREVIEWED:
            return _previewed(session, upload)
    is_running = upload.state in (Stage.WAITING, Stage.RUNNING)
    page = render(
        "send_progress.html",
        upload=upload,
        is_running=is_running,
        is_waiting=upload.state == Stage.WAITING,
        is_still=bool(request.args.get("still")),
        counted=counted(upload.outcomes),
        state=STAGES[upload.state](spoken_language()),
        ending=flaws.ending(spoken_language(), upload.problem) if upload.problem else "",
    )
    # In the page itself, the same would be out of reach of those who need more time: this they can stop.
    return page, 200, {"Refresh": "3"} if is_running and not request.args.get("still") else {}


@bp.post("/send/list/<upload_id>/start")
@guard.needs(Permission.SEND)
def start_list(upload_id: str) -> ResponseReturnValue:
    """Let the worker invite the file's customers."""
    with parts().database.transaction() as session:
        uploads.start(session, guard.viewer(), upload_id, parts().clock())
    return go(".show_list", upload_id=upload_id)


@bp.post("/send/list/<upload_id>/discard")
@guard.needs(Permission.SEND)
def discard_list(upload_id: str) -> ResponseReturnValue:
    """Throw the file away while nobody was invited; NotWaitingError once it is too late."""
    with parts().database.transaction() as session:
        if not uploads.cancel(session, guard.viewer(), upload_id):
            raise NotWaitingError("Customers of this file were invited already.")
    # i18n: Said above the page on which files are put in
    say(spoken_language().gettext("The file was thrown away. Nobody was asked."))
    return go(".lists")


@bp.get("/send/list/<upload_id>/result.csv")
@guard.needs(Permission.SEND)
def result(upload_id: str) -> ResponseReturnValue:
    """What became of each row, as a file; with the links where the customers got no mail."""
    with parts().database.reading() as session:
        upload = uploads.progress(session, guard.viewer(), upload_id)
        columns = None if upload.is_mailed else LinkColumns(parts().settings, _ratings(session))
        rows = uploads.result_rows(session, parts().settings, guard.viewer(), upload_id)
        content = sheet(rows, columns, spoken_language())
    with parts().database.transaction() as session:
        audit.record(session, guard.viewer().id, Deed.EXPORTED, parts().clock(), upload_id, what="upload")
    headers = {"Content-Disposition": 'attachment; filename="surveyapp-result.csv"'}
    return Response(content, mimetype="text/csv", headers=headers)


# --- a link ----------------------------------------------------------------------------------------


@bp.get("/send/link")
@guard.needs(Permission.SEND)
def link() -> ResponseReturnValue:
    """Links for a customer who gets no mail of ours."""
    return _link(LinkForm(_offered()))


@bp.post("/send/link")
@guard.needs(Permission.SEND)
def make_link() -> ResponseReturnValue:
    """Make them; where the rules are against it, the invitation's page says why."""
    form = LinkForm(_offered())
    if not form.is_sent():
        return _link(form), 422
    try:
        made = _invited(form.wish(is_mailed=False))
    except FieldError as error:
        form.blame(error)
        return _link(form), 422
    with parts().database.reading() as session:
        is_there = finding.may_hand_out(session, find_invitation(session, made.id))
    return go(".show_link" if is_there else "admin_invitations.show", invitation_id=made.id)


@bp.get("/send/link/<invitation_id>")
@guard.needs(Permission.SEND)
def show_link(invitation_id: str) -> ResponseReturnValue:
    """The links of an invitation without mail and answer, and a code for paper; UnknownInvitationError."""
    settings = parts().settings
    with parts().database.reading() as session:
        found = find_visible(session, guard.viewer(), settings.own.agent_figures, invitation_id)
        if not finding.may_hand_out(session, found):
            # Whoever has them could answer in the customer's place, or read and change what was answered.
            raise UnknownInvitationError("This invitation has no links to hand out.")
        version = surveys.version_of_invitation(session, found)
    scale = version.main.scale
    urls = links_of(parts().links, settings.public_url, found.id, scale.ratings if scale else ())
    text = version.text(found.locale, version.main)
    return render(
        "send_handout.html",
        invitation=found,
        urls=urls,
        ratings=[(label_of(rating, text), url) for rating, url in urls.ratings.items()],
        question=text.question.replace("{company}", settings.company),
        spoken=closest(found.locale, "en"),
        code=_code(urls.page),
    )


# --- how -------------------------------------------------------------------------------------------


def _offered() -> Offered:
    with parts().database.reading() as session:
        return offered(session, parts().settings, guard.viewer(), spoken_language())


def _by_hand(form: MailForm, seen: Look | None = None) -> str:
    return render("send.html", form=form, seen=seen)


def _link(form: LinkForm) -> str:
    return render("send_link.html", form=form)


def _lists(form: ListForm) -> str:
    with parts().database.reading() as session:
        recent = uploads.recent(session, guard.viewer())
    return render("send_list.html", form=form, recent=recent, stages=STAGES, megabytes=uploads.MEGABYTES)


def _invited(wish: Request) -> Invited:
    """The same wish again finds the invitation that was made for it."""
    now = parts().clock()
    with parts().database.transaction() as session:
        wish = uploads.within_teams(guard.viewer(), wish, Words(session))
        [made] = invitations.invite_many(session, parts().settings, [wish], now, SOURCE)
        if isinstance(made, SurveyappError):
            raise made
        if made.is_new:
            audit.record(session, guard.viewer().id, Deed.INVITED, now, made.id, status=made.status)
    return made


def _looked_at(form: MailForm) -> Look:
    settings, now = parts().settings, parts().clock()
    with parts().database.reading() as session:
        wish = uploads.within_teams(guard.viewer(), form.wish(is_mailed=True), Words(session))
        [found] = Forecast(session, settings, now, SOURCE).of([wish])
        if isinstance(found, SurveyappError):
            raise found
        policy, draft = policy_of(find_survey(session, wish.survey)), draft_of(session, wish.survey)
    return Look(
        words=_fate(found, next_in_window(policy, now, settings.timezone)),
        is_refused=found.status is Status.REFUSED,
        mail=previews.mail_preview(
            settings,
            draft,
            wish.locale or settings.locale,
            now,
            logo=look.shown_logo(settings, parts().database),
            ticket_ref=wish.ticket_ref,
            name=wish.recipient_name or "",
        ),
        mail_url=url_for(".mail", survey=wish.survey, locale=wish.locale, ticket=wish.ticket_ref),
    )


def _fate(found: Invited, send_at: datetime) -> str:
    tongue = spoken_language()
    if not found.is_new:
        # i18n: In place of a preview: the same form was sent already
        return tongue.gettext("This was sent already. Sending it again changes nothing.")
    zone = parts().settings.timezone
    return reasons.explanation(
        tongue, zone, found.status, found.reason, allowed_from=found.allowed_from, send_at=send_at
    )


def _previewed(session: Session, upload: Upload) -> str:
    first = request.args.get("first", 0, type=int)
    first = min(max(first, 0), uploads.MOST_ROWS)
    settings, viewer, now = parts().settings, guard.viewer(), parts().clock()
    # To know what becomes of a row all rows before it are decided; of the first page's, all there are.
    most = ROWS if first else uploads.MOST_ROWS
    found = uploads.preview(session, settings, viewer, upload.id, now, first, most)
    counts = None if first else Counter(uploads.kind_of(each) for each in found)
    notices = uploads.notices(session, viewer, upload.id)
    return render(
        "send_preview.html",
        upload=upload,
        first=first,
        counted=counted(counts or {}),
        invited=counts["queued"] + counts["linked"] if counts else 0,
        rows=[row(each) for each in found[:ROWS]],
        notices=[flaws.sentence(spoken_language(), each) for each in notices],
        more=with_query(first=str(first + ROWS)) if first + ROWS < upload.rows else None,
    )


def _ratings(session: Session) -> dict[str, Sequence[int]]:
    """Survey -> the ratings of its first question."""
    found = {each.key: surveys.current_version(session, each) for each in surveys.all_surveys(session)}
    scales = {key: version.main.scale for key, version in found.items()}
    return {key: scale.ratings if scale else () for key, scale in scales.items()}


def _code(url: str) -> Markup:
    """The address as a code; black on white with a margin of its own, because cameras need both."""
    made = segno.make(url, error="m", micro=False)
    drawing = made.svg_inline(
        scale=MODULE_MM, unit="mm", dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return Markup(drawing)  # noqa: S704 - segno writes nothing into it but lengths

"""The customer's pages: the question, the thanks, the way out and what is stored."""

import logging
from datetime import datetime
from urllib.parse import quote, urlencode

from flask import Blueprint, current_app, g, redirect, request
from flask.typing import ResponseReturnValue

from surveyapp import answers, invitations
from surveyapp.asked import Asked, look
from surveyapp.core import evidence
from surveyapp.core.errors import (
    ClosedSurveyError,
    CommentMissingError,
    DatabaseFailedError,
    EditWindowOverError,
    ExpiredLinkError,
    RatingNotOnScaleError,
    StaleNonceError,
    SurveyappError,
)
from surveyapp.core.evidence import Link, Seen, State, Stayed, Submitted
from surveyapp.links import Nonce, Purpose, new_page
from surveyapp.web import errors, pages
from surveyapp.web.forms import AnswerForm
from surveyapp.web.press import Proof, can_prove, is_from_elsewhere, is_own_link, proof_of, touch_of
from surveyapp.web.wiring import chosen_language, parts, speak

bp = Blueprint("public", __name__)
log = logging.getLogger(__name__)

ONE_CLICK_UNSUBSCRIBE = {"List-Unsubscribe": ["One-Click"]}


@bp.get("/s/<token>")
@bp.get("/s/<token>/<rating:rating>")
def ask(token: str, rating: int | None = None) -> ResponseReturnValue:
    """The question, with the rating of the link chosen; or what was recorded already."""
    now, invitation_id = parts().clock(), _read(Purpose.ANSWER, token)
    asked = _opened(invitation_id, Link.QUESTION if rating is None else Link.RATING, rating, now)
    asked.check_open(now, parts().settings)
    if asked.case.is_counted and rating in (None, asked.case.rating) and "change" not in request.args:
        return _thanks(asked, token, now, done="before")
    # A rating that is only held may be a machine's: it is not put before a person who comes with none.
    known = asked.case.rating if asked.case.is_counted or is_own_link(request) else None
    return pages.question_page(
        asked,
        token,
        known if rating is None else rating,
        _nonce(now),
        is_linked=rating is not None and not is_own_link(request),
        is_one_click=rating is not None and asked.is_one_click(rating, now, parts().settings),
        # Where nothing but a comment is asked for, it is the answer that may be changed.
        comment="" if asked.version.main.scale else asked.comment or "",
    )


@bp.post("/s/<token>")
def answer(token: str) -> ResponseReturnValue:
    """Store what a person pressed; show the form again when no press is proven or something is missing."""
    now, invitation_id = parts().clock(), _read(Purpose.ANSWER, token)
    settings, form = parts().settings, AnswerForm()
    proof = proof_of(request, _nonce_of(invitation_id, form.nonce.data, now), settings, now)
    entry = form.entry()
    if not form.validate() or entry is None or proof is Proof.NONE:
        return _again(invitation_id, token, form, now)
    with parts().database.bare_transaction() as connection:
        if proof is Proof.UNPROVEN:
            answers.hold(connection, settings, invitation_id, Submitted(now, entry.rating), now)
        else:
            is_verified = proof is Proof.VERIFIED
            change = answers.count(
                connection, settings, invitation_id, entry, is_verified=is_verified, now=now
            )
    if proof is Proof.UNPROVEN:
        return _again(invitation_id, token, form, now, is_second=True)
    return redirect(f"{_path(token)}/thanks{_query(done=_done(change, entry))}", 303)


@bp.get("/s/<token>/thanks")
def thanks(token: str) -> ResponseReturnValue:
    """What was recorded; the question while nothing is."""
    now, invitation_id = parts().clock(), _read(Purpose.ANSWER, token)
    asked = _looked(invitation_id, now)
    # After one click the answer is still held when a person skips the next question on our page.
    has_skipped = asked.case.state is State.HELD and "after" in request.args
    if not asked.case.is_counted and not has_skipped:
        return redirect(f"{_path(token)}{_query(**{'from': 'page'})}", 303)
    return _thanks(asked, token, now, done=request.args.get("done", ""))


@bp.post("/s/<token>/seen")
def report(token: str) -> ResponseReturnValue:
    """Take our script's report: seen, stayed or gesture."""
    now, invitation_id = parts().clock(), _read(Purpose.ANSWER, token)
    nonce = parts().links.read_page(invitation_id, request.form.get("nonce", ""), now)
    event = _event(nonce, now)
    if event is None or is_from_elsewhere(request):
        return "", 422
    with parts().database.bare_transaction() as connection:
        answers.hold(connection, parts().settings, invitation_id, event, now)
    return "", 204


@bp.get("/p/<token>")
def explain(token: str) -> ResponseReturnValue:
    """What is stored, why, for how long."""
    now, invitation_id = parts().clock(), _read(Purpose.PRIVACY, token)
    return pages.privacy_page(_opened(invitation_id, Link.PRIVACY, None, now), token, _nonce(now))


@bp.get("/u/<token>")
def offer_way_out(token: str) -> ResponseReturnValue:
    """Ask whether surveys shall stop; opening the link alone stops nothing."""
    now, invitation_id = parts().clock(), _read(Purpose.UNSUBSCRIBE, token)
    asked = _opened(invitation_id, Link.UNSUBSCRIBE, None, now)
    with parts().database.reading() as session:
        is_done = invitations.is_suppressed(session, invitation_id)
    return pages.unsubscribe_page(asked, token, _nonce(now), is_done=is_done)


@bp.post("/u/<token>")
def unsubscribe(token: str) -> ResponseReturnValue:
    """Stop all surveys to this address: at a mail program's one-click request, or at a person's press."""
    now, invitation_id = parts().clock(), _read(Purpose.UNSUBSCRIBE, token)
    asked = _looked(invitation_id, now)
    is_one_click = not request.files and request.form.to_dict(flat=False) == ONE_CLICK_UNSUBSCRIBE
    nonce = _nonce_of(invitation_id, request.form.get("nonce"), now)
    proof = proof_of(request, nonce, parts().settings, now)
    if not is_one_click and proof not in (Proof.VERIFIED, Proof.UNVERIFIED):
        second = _nonce(now, is_second=proof is Proof.UNPROVEN)
        return pages.unsubscribe_page(asked, token, second, is_done=False, is_again=True)
    with parts().database.transaction() as session:
        invitations.suppress(session, invitation_id, now)
    return pages.unsubscribe_page(asked, token, _nonce(now), is_done=True)


@bp.errorhandler(RatingNotOnScaleError)
@bp.errorhandler(CommentMissingError)
def choose_again(error: SurveyappError) -> ResponseReturnValue:
    """A rating that is not on the scale, or nothing at all: the question once more, nothing lost."""
    token = (request.view_args or {})["token"]
    now, invitation_id = parts().clock(), _read(Purpose.ANSWER, token)
    if request.path.endswith("/seen"):
        return "", 422
    try:
        return _again(invitation_id, token, AnswerForm(), now)
    except SurveyappError as closed:
        # Nothing is asked any more; Flask hands no handler's error to another handler by itself.
        return current_app.handle_user_exception(closed)


@bp.errorhandler(ExpiredLinkError)
@bp.errorhandler(ClosedSurveyError)
def say_it_is_over(error: SurveyappError) -> ResponseReturnValue:
    """In the customer's language, also where a sent form found it out."""
    token = (request.view_args or {})["token"]
    _looked(_read(Purpose.ANSWER, token), parts().clock())
    return errors.notice(error)


@bp.errorhandler(EditWindowOverError)
def show_recorded(error: EditWindowOverError) -> ResponseReturnValue:
    """Too late for a change: what was recorded, and whom to write to."""
    token = (request.view_args or {})["token"]
    now, invitation_id = parts().clock(), _read(Purpose.ANSWER, token)
    if request.path.endswith("/seen"):
        return "", 410
    return _thanks(_looked(invitation_id, now), token, now, done="before")


def _read(purpose: Purpose, token: str) -> str:
    """The invitation that the token belongs to; the log names it, and never the token."""
    invitation_id = parts().links.read(purpose, token)
    g.invitation_id = invitation_id
    return invitation_id


def _opened(invitation_id: str, link: Link, rating: int | None, now: datetime) -> Asked:
    """What the link belongs to, its opening noted; a touch that cannot be noted still shows the page."""
    if is_own_link(request):
        return _looked(invitation_id, now)
    noted = touch_of(request, parts().settings, link, rating, now)
    try:
        with parts().database.bare_transaction() as connection:
            asked = answers.touch(connection, parts().settings, invitation_id, noted, now)
    except DatabaseFailedError:
        log.warning("a touch of invitation %s could not be noted", invitation_id)
        return _looked(invitation_id, now)
    speak(asked.locale)
    return asked


def _looked(invitation_id: str, now: datetime) -> Asked:
    with parts().database.bare_reading() as connection:
        asked = look(connection, parts().settings, invitation_id, now)
    speak(asked.locale)
    return asked


def _thanks(asked: Asked, token: str, now: datetime, *, done: str) -> ResponseReturnValue:
    may_change = asked.may_change(now, parts().settings)
    page = pages.thanks_page(
        asked, token, _nonce(now), done=done, after=request.args.get("after", ""), may_change=may_change
    )
    return page, 200 if may_change else 410


def _again(
    invitation_id: str, token: str, form: AnswerForm, now: datetime, *, is_second: bool = False
) -> ResponseReturnValue:
    """The form once more, with what was chosen and written, and a word on what is missing."""
    asked = _looked(invitation_id, now)
    asked.check_open(now, parts().settings)
    entry, scale = form.entry(), asked.version.main.scale
    if entry is not None and asked.case.is_counted and _is_the_same(asked, entry):
        # The second click of a double click proves nothing by itself, and need not: the first one counted.
        return redirect(f"{_path(token)}/thanks{_query(**{'from': 'page'})}", 303)
    rating = entry.rating if entry and scale and entry.rating in scale else None
    if scale is not None:
        missing = "rating" if rating is None else ""
    else:
        missing = "" if form.comment.data else "comment"
    problem = _problem(form, is_second=is_second, missing=missing)
    page = pages.question_page(
        asked,
        token,
        rating,
        _nonce(now, is_second=is_second),
        comment=form.comment.data or "",
        problem=problem,
    )
    return page, 422 if problem in ("rating", "comment", "length") else 200


def _is_the_same(asked: Asked, entry: answers.Entry) -> bool:
    """Whether storing this would change nothing."""
    has_comment = entry.comment is None or entry.comment == (asked.comment or "")
    return (
        entry.rating == asked.case.rating and has_comment and entry.further.items() <= asked.further.items()
    )


def _problem(form: AnswerForm, *, is_second: bool, missing: str) -> str:
    if form.comment.errors:
        return "length"
    return missing or ("second" if is_second else "press")


def _event(nonce: Nonce, now: datetime) -> evidence.Event | None:
    """What our script reports; None when it is nothing that it would say."""
    entry = AnswerForm().entry()
    if entry is None or entry.rating is None:
        return None
    match request.form.get("event"):
        case "seen":
            return Seen(now, nonce.page, entry.rating, is_automated=request.form.get("automated") == "1")
        case "stayed":
            return Stayed(now, nonce.page, entry.rating)
        case "gesture":
            return evidence.Gestured(now, entry.rating)
    return None


def _done(change: answers.Change, entry: answers.Entry) -> str:
    """What the thanks are for, beside the answer itself."""
    if entry.comment:
        return "comment"
    is_changed = change.before.case.is_counted and change.before.case.rating != change.after.case.rating
    return "changed" if is_changed else ""


def _nonce(now: datetime, *, is_second: bool = False) -> Nonce:
    return Nonce(new_page(), now, can_prove(request), is_second)


def _nonce_of(invitation_id: str, token: str | None, now: datetime) -> Nonce | None:
    """None for a page that is not ours or too old: a verified press counts without."""
    try:
        return parts().links.read_page(invitation_id, token or "", now)
    except StaleNonceError:
        return None


def _path(token: str) -> str:
    """Where the question is; a token that verifies may still hold characters that no header may."""
    return f"/s/{quote(token, safe='')}"


def _query(**values: str) -> str:
    """The query of an address on our own pages: what is said, and the language that was switched to."""
    said = {name: value for name, value in {**values, "lang": chosen_language() or ""}.items() if value}
    return f"?{urlencode(said)}" if said else ""

"""The surveys: their texts, questions, rules and versions."""

from datetime import datetime, timedelta

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import audit, notes, survey_edits, surveys
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.errors import FieldError, PolicyError, Problem
from surveyapp.core.policy import as_values
from surveyapp.core.wording import pieces
from surveyapp.db import Session
from surveyapp.i18n import LANGUAGES, language
from surveyapp.notes import NoteKind
from surveyapp.survey_edits import Draft
from surveyapp.web.admin import guard, survey_pages, survey_sheet
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.admin.survey_forms import (
    ModeForm,
    RulesForm,
    TrialForm,
    chosen_further,
    further_rows,
)
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("surveys")

RECENT = timedelta(days=30)
# Every text of many questions in four languages, however long, with each letter sent as six.
LARGEST_TEXTS = 512 * 1024


@bp.get("/surveys")
@guard.needs(Permission.SURVEYS)
def index() -> ResponseReturnValue:
    """Every survey with what is asked and whether it is open."""
    now = parts().clock()
    with parts().database.reading() as session:
        invited = survey_edits.invited_since(session, now - RECENT)
        rows = [survey_pages.row(session, survey, invited, now) for survey in surveys.all_surveys(session)]
    return render("surveys.html", rows=rows)


@bp.get("/surveys/<key>")
@guard.needs(Permission.SURVEYS)
def show(key: str) -> ResponseReturnValue:
    """The texts to edit, with a preview."""
    with parts().database.reading() as session:
        draft = survey_edits.draft_of(session, key)
        return survey_pages.texts_page(session, key, draft)


@bp.post("/surveys/<key>")
@guard.needs(Permission.SURVEYS)
def save(key: str) -> ResponseReturnValue:
    """Make what was typed the next version; not over one that somebody else has saved meanwhile."""
    now = parts().clock()
    with parts().database.transaction() as session:
        current = surveys.survey_to_change(session, key).current_version
        draft = _typed(survey_edits.draft_of(session, key))
        problems = survey_edits.problems_of(draft)
        is_overtaken = request.form.get("version") != str(current)
        if problems or is_overtaken:
            page = survey_pages.texts_page(session, key, draft, problems, is_overtaken=is_overtaken)
            return page, 409 if is_overtaken else 422
        number = _save(session, key, draft, now)
    _say_saved(number)
    return go(".show", key=key, only=survey_pages.only_language())


save.largest = LARGEST_TEXTS  # type: ignore[attr-defined]


@bp.get("/surveys/<key>/preview")
@guard.needs(Permission.SURVEYS)
def preview(key: str) -> ResponseReturnValue:
    """The page or, with ?view=mail, the mail of the current version; the links of a test mail lead here."""
    with parts().database.reading() as session:
        draft = survey_edits.draft_of(session, key)
    code, rating = spoken_language().code, request.args.get("rating", "")
    return survey_pages.preview(key, draft, request.args.get("view", ""), code, rating)


@bp.post("/surveys/<key>/preview")
@guard.needs(Permission.SURVEYS)
def preview_typed(key: str) -> ResponseReturnValue:
    """The same of what was typed and not saved."""
    with parts().database.reading() as session:
        draft = _typed(survey_edits.draft_of(session, key))
    wanted = request.form.get("language", "")
    code = wanted if wanted in LANGUAGES else spoken_language().code
    return survey_pages.preview(key, draft, request.form.get("view", ""), code)


preview_typed.largest = LARGEST_TEXTS  # type: ignore[attr-defined]


@bp.post("/surveys/<key>/trial")
@guard.needs(Permission.SURVEYS)
def try_out(key: str) -> ResponseReturnValue:
    """Send the mail to oneself."""
    form, user = TrialForm(), guard.person().user
    if not form.is_sent():
        raise FieldError("locale", Problem.UNKNOWN)
    with parts().database.transaction() as session:
        wish = {"survey": key, "locale": str(form.locale.data), "spoken": spoken_language().code}
        notes.ask(session, user.id, NoteKind.TEST, parts().clock(), **wish)
    # i18n: Said after somebody asked for a survey's mail to try it out
    say(spoken_language().gettext("The test mail is on its way to your own address."))
    return go(".show", key=key)


# --- questions and mode ----------------------------------------------------------------------------


@bp.get("/surveys/<key>/questions")
@guard.needs(Permission.SURVEYS)
def questions(key: str) -> ResponseReturnValue:
    """What is asked after the first question, when an answer counts, and whether the survey is open."""
    tongue, settings = spoken_language(), parts().settings
    with parts().database.reading() as session:
        survey, draft = surveys.find_survey(session, key), survey_edits.draft_of(session, key)
        page = survey_pages.top(session, survey, "questions")
    words = {each: survey_pages.question(draft, each, tongue) for each in survey_edits.further_choices(draft)}
    form = ModeForm(settings.answer_mode, mode=survey.mode or "")
    return render("survey_questions.html", **page, form=form, further=further_rows(draft, tongue, words))


@bp.post("/surveys/<key>/questions")
@guard.needs(Permission.SURVEYS)
def set_further(key: str) -> ResponseReturnValue:
    """Ask these further questions in this order, in a new version."""
    with parts().database.transaction() as session:
        surveys.survey_to_change(session, key)
        draft = survey_edits.with_further(survey_edits.draft_of(session, key), chosen_further(request.form))
        number = _save(session, key, draft, parts().clock())
    _say_saved(number)
    return go(".questions", key=key)


@bp.post("/surveys/<key>/mode")
@guard.needs(Permission.SURVEYS)
def set_mode(key: str) -> ResponseReturnValue:
    """Let answers count otherwise."""
    form = ModeForm(parts().settings.answer_mode)
    if not form.is_sent():
        raise FieldError("mode", Problem.UNKNOWN)
    mode = form.mode.data or None
    with parts().database.transaction() as session:
        surveys.set_mode(session, key, mode)
        _record(session, Deed.SURVEY_CHANGED, key, mode=mode)
    # i18n: Said after a survey's mode was changed
    say(spoken_language().gettext("Saved. It holds for open invitations too."))
    return go(".questions", key=key)


@bp.post("/surveys/<key>/state")
@guard.needs(Permission.SURVEYS)
def set_state(key: str) -> ResponseReturnValue:
    """Close the survey, or open it again."""
    now, is_closing = parts().clock(), request.form.get("state") == "closed"
    with parts().database.transaction() as session:
        surveys.set_closed(session, key, now if is_closing else None)
        _record(session, Deed.SURVEY_CHANGED, key, closed=is_closing)
    tongue = spoken_language()
    # i18n: Said after a survey was closed
    closed = tongue.gettext("The survey is closed.")
    # i18n: Said after a survey was opened again
    say(closed if is_closing else tongue.gettext("The survey is open again."))
    return go(".questions", key=key)


# --- rules and versions ----------------------------------------------------------------------------


@bp.route("/surveys/<key>/rules", methods=["GET", "POST"])
@guard.needs(Permission.SURVEYS)
def rules(key: str) -> ResponseReturnValue:
    """Who is asked and when."""
    with parts().database.reading() as session:
        survey = surveys.find_survey(session, key)
        form, page = RulesForm(surveys.policy_of(survey)), survey_pages.top(session, survey, "rules")
    if form.is_sent():
        try:
            _set_rules(key, form)
        except PolicyError:
            # Each field was checked by itself; what is left is what the two times are to each other.
            form.blame_window()
        else:
            # i18n: Said after the rules of a survey were changed
            say(spoken_language().gettext("The rules are saved. They hold for mails that still wait too."))
            return go(".rules", key=key)
    return render("survey_rules.html", **page, form=form), 422 if form.errors else 200


@bp.get("/surveys/<key>/versions")
@guard.needs(Permission.SURVEYS)
def versions(key: str) -> ResponseReturnValue:
    """Every version, and what two of them say differently: the newest two unless others are chosen."""
    with parts().database.reading() as session:
        page = survey_pages.top(session, surveys.find_survey(session, key), "versions")
        found = survey_edits.versions(session, key)
        newer = _number("newer", found[0].number)
        older = _number("older", max(1, newer - 1))
        changes = survey_edits.differences(session, key, older, newer)
    tongue = spoken_language()
    differences = [
        {
            "language": language(each.language).own_name,
            "code": each.language,
            "name": survey_sheet.difference_name(each, tongue),
            "pieces": pieces(each.before or "", each.after or ""),
        }
        for each in changes
        # A comment is asked for after the first question alone.
        if each.question == found[0].questions[0] or not each.field.startswith("prompts.")
    ]
    return render(
        "survey_versions.html", **page, versions=found, older=older, newer=newer, differences=differences
    )


# --- how -------------------------------------------------------------------------------------------


def _typed(draft: Draft) -> Draft:
    typed = survey_sheet.typed(request.form, survey_edits.words(draft).keys())
    return survey_edits.with_words(draft, typed)


def _save(session: Session, key: str, draft: Draft, now: datetime) -> int | None:
    number = survey_edits.save(session, key, draft, now)
    if number is not None:
        _record(session, Deed.SURVEY_CHANGED, key, version=number)
    return number


def _say_saved(number: int | None) -> None:
    tongue = spoken_language()
    if number is None:
        # i18n: Said after somebody pressed Save and nothing was another than before
        say(tongue.gettext("Nothing has changed, so there is no new version."))
        return
    # i18n: Said after a survey was saved. {n}: 4
    words = tongue.gettext(
        "Version {n} is saved. New invitations use it; those already made keep the version they have.",
        n=number,
    )
    say(words)


def _set_rules(key: str, form: RulesForm) -> None:
    with parts().database.transaction() as session:
        before = as_values(surveys.policy_of(surveys.survey_to_change(session, key)))
        after = as_values(surveys.set_policy(session, key, form.rules()))
        changed = {
            name: ", ".join(value) if isinstance(value, list) else str(value)
            for name, value in after.items()
            if value != before[name]
        }
        if changed:
            _record(session, Deed.POLICY_CHANGED, key, **changed)


def _record(session: Session, deed: Deed, key: str, **detail: str | int | bool | None) -> None:
    audit.record(session, guard.person().user.id, deed, parts().clock(), key, actor=Actor.USER, **detail)


def _number(name: str, default: int) -> int:
    """A version's number from the address; one that there is not is found by nobody."""
    typed = request.args.get(name, "")
    if not typed:
        return default
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 0

"""What belongs to whoever is logged in: password, second step, browsers, language."""

import re

import segno
from flask import request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import HiddenField, PasswordField

from surveyapp import audit, notes, second_step, signins, users
from surveyapp.core.access import Permission, Role
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, NotWaitingError, Problem, UnknownThingError
from surveyapp.db import Session
from surveyapp.i18n import LANGUAGES, language
from surveyapp.models import User
from surveyapp.notes import NoteKind
from surveyapp.signins import Refused
from surveyapp.web.admin import guard, login, oidc
from surveyapp.web.admin.browsers import browser_name
from surveyapp.web.admin.forms import Form, choice, needed
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.admin.roles import ROLES, allowed_words
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("account")

_SECRET = re.compile(r"[A-Z2-7]{32}")


class LanguageForm(Form):
    """In which language somebody reads."""

    locale = choice("", [])

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field: in which language somebody reads these pages
        self.locale.label.text = tongue.gettext("Language")
        # i18n: A choice for one's language: the one that the browser asks for
        wish = tongue.gettext("As the browser wishes")
        self.locale.choices = [("", wish), *((code, language(code).own_name) for code in LANGUAGES)]


class ChangeForm(login.PasswordForm):
    """The old password, and the new one twice."""

    old = PasswordField(validators=[needed])

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: the password that is valid until now
        self.old.label.text = spoken_language().gettext("Your password until now")
        self.old.render_kw = {"autocomplete": "current-password"}

    def refuse(self, refused: Refused) -> None:
        """Say at the old password why it was not taken."""
        self.old.errors = [login.not_yours(refused)]


class SwitchOnForm(login.CodeForm):
    """The first code of an app, for the secret that the page showed."""

    secret = HiddenField()


# --- the page --------------------------------------------------------------------------------------


@bp.get("/account")
@guard.needs(Permission.ACCOUNT)
def show() -> ResponseReturnValue:
    """Who somebody is here, what they may do, and where they are logged in."""
    person, tongue = guard.person(), spoken_language()
    with parts().database.reading() as reading:
        browsers = signins.active_of_user(reading, person.user.id, parts().clock())
        left = second_step.codes_left(reading, person.user)
    return render(
        "account.html",
        role=ROLES[person.viewer.role](tongue),
        allowed=allowed_words(tongue, person.viewer),
        has_teams=person.viewer.role not in (Role.ADMIN, Role.AGENT),
        form=LanguageForm(locale=person.user.locale or ""),
        browsers=[(each, browser_name(tongue, each.browser)) for each in browsers],
        codes_left=left,
        is_linked=oidc.is_linked(),
        own_form=oidc.OwnForm(),
    )


@bp.post("/account/language")
@guard.needs(Permission.ACCOUNT)
def speak() -> ResponseReturnValue:
    """Read in another language from now on."""
    form = LanguageForm()
    if not form.is_sent():
        raise FieldError("locale", Problem.UNKNOWN)
    with parts().database.transaction() as writing:
        users.set_locale(writing, guard.person().user.id, form.locale.data or None)
    return go(".show")


# --- password --------------------------------------------------------------------------------------


@bp.route("/account/password", methods=["GET", "POST"])
@guard.needs(Permission.ACCOUNT)
def change_password() -> ResponseReturnValue:
    """Set another password; only this browser stays logged in."""
    user, form = guard.person().user, ChangeForm()
    if form.is_sent():
        try:
            refused = _changed(user, form.old.data or "", form.password.data or "")
        except FieldError as error:
            form.blame(error)
        else:
            if refused is None:
                # i18n: Said after the own password was changed
                say(spoken_language().gettext("Your password is changed. All other browsers are logged out."))
                return go(".show")
            form.refuse(refused)
    return render("account_password.html", form=form), 422 if form.errors else 200


def _changed(user: User, old: str, new: str) -> Refused | None:
    """None when it is done; the old password costs a try of the same ones as at the login."""
    found = login.tried(user.email, old)
    if isinstance(found, Refused):
        return found
    now, settings = parts().clock(), parts().settings
    with parts().database.transaction() as writing:
        users.set_password(writing, found, new, now, about=[settings.company])
        token = signins.begin(writing, found, request.headers.get("User-Agent", ""), now)
        audit.record(writing, found.id, Deed.PASSWORD_SET, now)
        notes.ask(writing, found.id, NoteKind.PASSWORD_SET, now, spoken=spoken_language().code)
    login.keep(token)
    return None


# --- the second step -------------------------------------------------------------------------------


@bp.get("/account/second-step")
@guard.needs(Permission.ACCOUNT)
def second_step_page() -> ResponseReturnValue:
    """Switch it on; where it is on, get new recovery codes or switch it off."""
    user = guard.person().user
    if user.totp_secret is not None:
        return render("second_step_on.html", form=login.CodeForm(), left=_codes_left(user))
    return _offer(user, SwitchOnForm(), second_step.new_secret())


@bp.post("/account/second-step/on")
@guard.needs(Permission.ACCOUNT)
def switch_on() -> ResponseReturnValue:
    """From now on a code is asked for; the recovery codes are shown this once."""
    user, form, now = _without_second_step(), SwitchOnForm(), parts().clock()
    secret = form.secret.data or ""
    if not _SECRET.fullmatch(secret):
        raise FieldError("secret", Problem.UNKNOWN)
    if form.is_sent():
        try:
            with parts().database.transaction() as writing:
                codes = second_step.switch_on(writing, user, secret, form.code.data or "", now)
                audit.record(writing, user.id, Deed.SECOND_STEP_ON, now)
        except FieldError as error:
            form.blame(error)
        else:
            return render("second_step_codes.html", codes=codes)
    return _offer(user, form, secret), 422


@bp.post("/account/second-step/codes")
@guard.needs(Permission.ACCOUNT)
def new_codes() -> ResponseReturnValue:
    """Ten new recovery codes, shown this once, for a code of the app."""
    user, form = _with_second_step(), login.CodeForm()
    if form.is_sent():
        with parts().database.transaction() as writing:
            is_right = _passes(writing, user, form)
            codes = second_step.new_recovery_codes(writing, user) if is_right else []
            if is_right:
                audit.record(writing, user.id, Deed.RECOVERY_CODES_MADE, parts().clock())
        if is_right:
            return render("second_step_codes.html", codes=codes)
    return render("second_step_on.html", form=form, left=_codes_left(user)), 422


@bp.post("/account/second-step/off")
@guard.needs(Permission.ACCOUNT)
def switch_off() -> ResponseReturnValue:
    """The password alone will do again, for a code of the app or a recovery code; a mail tells of it."""
    user, form, now = _with_second_step(), login.CodeForm(), parts().clock()
    if form.is_sent():
        with parts().database.transaction() as writing:
            is_right = _passes(writing, user, form)
            if is_right:
                second_step.switch_off(writing, user)
                audit.record(writing, user.id, Deed.SECOND_STEP_OFF, now)
                notes.ask(writing, user.id, NoteKind.SECOND_STEP_OFF, now, spoken=spoken_language().code)
        if is_right:
            # i18n: Said after the second step was switched off
            say(spoken_language().gettext("The second step is switched off."))
            return go(".show")
    return render("second_step_on.html", form=form, left=_codes_left(user)), 422


def _passes(writing: Session, user: User, form: login.CodeForm) -> bool:
    """Whether the code is right; what a wrong one costs must be committed."""
    if login.has_code(writing, user, form.code.data or ""):
        return True
    form.blame(FieldError("code", Problem.CODE))
    return False


def _codes_left(user: User) -> int:
    with parts().database.reading() as reading:
        return second_step.codes_left(reading, user)


def _with_second_step() -> User:
    user = guard.person().user
    if user.totp_secret is None:
        raise NotWaitingError("The second step is off.")
    return user


def _without_second_step() -> User:
    user = guard.person().user
    if user.totp_secret is not None:
        raise NotWaitingError("The second step is on already.")
    return user


def _offer(user: User, form: SwitchOnForm, secret: str) -> str:
    form.secret.data = secret
    code = segno.make(second_step.uri(user, secret, parts().settings.company), error="m")
    picture = Markup(code.svg_inline(border=4, light="#fff", omitsize=True, svgclass=None, lineclass=None))  # noqa: S704
    spoken = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render("second_step_off.html", form=form, picture=picture, secret=spoken)


# --- browsers --------------------------------------------------------------------------------------


@bp.post("/account/browsers/<signin_id>/end")
@guard.needs(Permission.ACCOUNT)
def end(signin_id: str) -> ResponseReturnValue:
    """Log one browser out; UnknownThingError for one that is not the person's own."""
    user_id, now = guard.person().user.id, parts().clock()
    with parts().database.transaction() as writing:
        if not signins.end(writing, user_id, signin_id):
            raise UnknownThingError("There is no such browser.")
        audit.record(writing, user_id, Deed.SIGNIN_ENDED, now, user_id, n=1)
    # i18n: Said after a browser was logged out
    say(spoken_language().gettext("The browser is logged out."))
    return go(".show")


@bp.post("/account/browsers/end-others")
@guard.needs(Permission.ACCOUNT)
def end_others() -> ResponseReturnValue:
    """Log all browsers out but this one."""
    person, now = guard.person(), parts().clock()
    with parts().database.transaction() as writing:
        n = signins.end_all(writing, person.user.id, but=person.signin.id)
        audit.record(writing, person.user.id, Deed.SIGNIN_ENDED, now, person.user.id, n=n)
    # i18n: Said after all other browsers were logged out
    say(spoken_language().gettext("All other browsers are logged out."))
    return go(".show")

"""The way in and the way out."""

from urllib.parse import unquote

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response
from wtforms import PasswordField

from surveyapp import audit, limits, notes, second_step, setup_code, signins, users
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.errors import FieldError, LoginRefusedError, Problem, TooManyTriesError
from surveyapp.db import Session
from surveyapp.limits import Limit
from surveyapp.models import User
from surveyapp.notes import NoteKind
from surveyapp.signins import Refused
from surveyapp.web.admin import guard
from surveyapp.web.admin.browsers import plain_name
from surveyapp.web.admin.forms import Form, line, needed
from surveyapp.web.admin.frame import render, say
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("login")

HALF_WAY = "half_way"
"""In the cookie: who has given the right password and owes the second step, since when, and where to."""
HALF_WAY_SECONDS = 600
DEVICE = "surveyapp_device"
DEVICE_SECONDS = 400 * 86_400

FORGETFUL = Limit("forgetful", 10, 120)
"""Links for new passwords that one network asks for."""
FORGOTTEN = Limit("forgotten", 5, 720)
"""Links for one address; when they are used up, five that work lie in its mailbox already."""

LONGEST_WAY = 1000
# After decoding: what is encoded twice is no link of ours.
_NEVER_IN_PATHS = frozenset("\\%#")
_WAYS_IN = (
    "/admin/login",
    "/admin/logout",
    "/admin/language/",
    "/admin/link/",
    "/admin/oidc/",
    "/admin/setup",
)


class LoginForm(Form):
    """Address and password."""

    email = line("", needed, longest=320)
    password = PasswordField(validators=[needed])

    def __init__(self) -> None:
        super().__init__()
        tongue = spoken_language()
        # i18n: Label of a field: one's own email address
        self.email.label.text = tongue.gettext("Email address")
        # i18n: Label of a field
        self.password.label.text = tongue.gettext("Password")
        self.email.render_kw = {"type": "email", "autocomplete": "username", "autocapitalize": "none"}
        self.password.render_kw = {"autocomplete": "current-password"}


class CodeForm(Form):
    """The second step."""

    code = line("", needed, longest=40)

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: the six digits of an authenticator app, or a recovery code
        self.code.label.text = spoken_language().gettext("Code")
        self.code.render_kw = {"autocomplete": "one-time-code", "class": "code", "inputmode": "text"}


class ForgotForm(Form):
    """Where a link is to be mailed."""

    email = line("", needed, longest=320)

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: one's own email address
        self.email.label.text = spoken_language().gettext("Email address")
        self.email.render_kw = {"type": "email", "autocomplete": "username", "autocapitalize": "none"}


class PasswordForm(Form):
    """A new password, twice."""

    password = PasswordField(validators=[needed])
    again = PasswordField(validators=[needed])

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field
        self.password.label.text = tongue.gettext("New password")
        # i18n: Label of a field: the new password a second time
        self.again.label.text = tongue.gettext("New password once more")
        for field in (self.password, self.again):
            field.render_kw = {"autocomplete": "new-password", "minlength": 12}

    def is_sent(self) -> bool:
        """Both are the same, too."""
        if not super().is_sent():
            return False
        if self.password.data != self.again.data:
            self.blame(FieldError("again", Problem.PAIR))
            return False
        return True


class SetupForm(PasswordForm):
    """The first admin."""

    code = line("", needed, longest=60)
    name = line("", needed)
    email = line("", needed, longest=320)

    def __init__(self) -> None:
        super().__init__()
        tongue = spoken_language()
        # i18n: Label of a field: a code that the server printed when it started
        self.code.label.text = tongue.gettext("Set-up code")
        # i18n: Label of a field: a person's name
        self.name.label.text = tongue.gettext("Your name")
        # i18n: Label of a field: one's own email address
        self.email.label.text = tongue.gettext("Email address")
        self.code.render_kw = {"autocomplete": "off", "class": "code", "autocapitalize": "characters"}
        self.name.render_kw = {"autocomplete": "name"}
        self.email.render_kw = {"type": "email", "autocomplete": "username"}


# --- in --------------------------------------------------------------------------------------------


@bp.get("/login")
@guard.open_to_all
def offer() -> ResponseReturnValue:
    """The form; an empty installation asks for its first admin instead."""
    if guard.visitor() is not None:
        return redirect(wanted_page(), 303)
    with parts().database.reading() as reading:
        if users.is_empty(reading):
            return redirect(url_for(".set_up"), 303)
    return render("login.html", form=LoginForm(), refusal="")


@bp.post("/login")
@guard.open_to_all
def log_in() -> ResponseReturnValue:
    """Let in whoever's password this is, or ask for the second step."""
    form = LoginForm()
    if not form.is_sent():
        return render("login.html", form=form, refusal=""), 422
    found = tried(form.email.data or "", form.password.data or "")
    if isinstance(found, Refused):
        return _refused(form, found)
    if found.totp_secret is None:
        return enter(found, wanted_page())
    with parts().database.transaction() as writing:
        _leave(writing)
    now, mark = parts().clock(), signins.password_mark(parts().settings, found)
    session[HALF_WAY] = [found.id, int(now.timestamp()), wanted_page(), mark]
    return redirect(url_for(".ask_second_step"), 303)


@bp.get("/login/second-step")
@guard.open_to_all
def ask_second_step() -> ResponseReturnValue:
    """The code of an app, or a recovery code."""
    if _half_way() is None:
        return redirect(url_for(".offer"), 303)
    return render("second_step.html", form=CodeForm(), refusal="")


@bp.post("/login/second-step")
@guard.open_to_all
def take_second_step() -> ResponseReturnValue:
    """Let in whoever has the code too."""
    half_way, form = _half_way(), CodeForm()
    if half_way is None:
        return redirect(url_for(".offer"), 303)
    if not form.is_sent():
        return render("second_step.html", form=form, refusal=""), 422
    user_id, wanted, mark = half_way
    try:
        user = _passed(user_id, mark, form.code.data or "")
    except TooManyTriesError as error:
        return _refused_code(form, wait_words(error.seconds), 429, error.seconds)
    if user is None:
        # i18n: Above the form for the second step
        return _refused_code(form, spoken_language().gettext("This code is wrong or was used before."), 401)
    return enter(user, wanted)


@bp.post("/logout")
@guard.needs(Permission.ACCOUNT)
def log_out() -> ResponseReturnValue:
    """End the sign-in, in the database too."""
    person = guard.person()
    with parts().database.transaction() as writing:
        signins.end(writing, person.user.id, person.signin.id)
        audit.record(writing, person.user.id, Deed.LOGGED_OUT, parts().clock())
    session.clear()
    # i18n: Said on the login page
    say(spoken_language().gettext("You are logged out."))
    return redirect(url_for(".offer"), 303)


# --- passwords -------------------------------------------------------------------------------------


@bp.route("/forgot", methods=["GET", "POST"])
@guard.open_to_all
def forgot() -> ResponseReturnValue:
    """Mail a link to set a new password; what is said is the same for every address."""
    form = ForgotForm()
    if not form.is_sent():
        return render("forgot.html", form=form, is_done=False), 422 if form.errors else 200
    with parts().database.transaction() as writing:
        _ask_for_link(writing, form.email.data or "")
    return render("forgot.html", form=form, is_done=True)


@bp.route("/link/<token>", methods=["GET", "POST"])
@guard.open_to_all
def set_password(token: str) -> ResponseReturnValue:
    """Set a password by a mailed link, once; the browser is known from then on. UsedLinkError."""
    form, now = PasswordForm(), parts().clock()
    with parts().database.reading() as reading:
        user = users.user_of_link(reading, token, now)
    if form.is_sent():
        try:
            with parts().database.transaction() as writing:
                about = [parts().settings.company]
                user = users.use_link(writing, token, form.password.data or "", now, about=about)
                audit.record(writing, user.id, Deed.PASSWORD_SET, now)
                notes.ask(writing, user.id, NoteKind.PASSWORD_SET, now, spoken=spoken_language().code)
                _leave(writing)
        except FieldError as error:
            form.blame(error)
        else:
            # i18n: Said on the login page
            say(spoken_language().gettext("Your password is set. Log in with it now."))
            return known(redirect(url_for(".offer"), 303), user)
    page = render("password.html", form=form, user=user)
    return page, 422 if form.errors else 200


@bp.route("/setup", methods=["GET", "POST"])
@guard.open_to_all
def set_up() -> ResponseReturnValue:
    """Make the first admin of an empty installation, with the code that the server printed."""
    with parts().database.reading() as reading:
        if not users.is_empty(reading):
            return redirect(url_for(".offer"), 303)
    form, now = SetupForm(), parts().clock()
    if form.is_sent():
        try:
            with parts().database.transaction() as writing:
                user = setup_code.make_first_admin(
                    writing,
                    parts().settings,
                    form.code.data or "",
                    form.email.data or "",
                    form.name.data or "",
                    form.password.data or "",
                    now,
                )
                audit.record(writing, user.id, Deed.USER_ADDED, now, user.id, role=user.role)
        except FieldError as error:
            form.blame(error)
        else:
            with parts().database.reading() as reading:
                made = users.find_user(reading, user.id)
            return enter(made, url_for("admin_home.start"))
    return render("setup.html", form=form), 422 if form.errors else 200


# --- how -------------------------------------------------------------------------------------------


def enter(user: User, wanted: str) -> ResponseReturnValue:
    """Log this user in, in a new session, and lead to `wanted`, which must be a page of ours.

    LoginRefusedError when the account was disabled or got another password since `user` was read.
    """
    now, browser = parts().clock(), request.headers.get("User-Agent", "")
    is_known = signins.is_device_of(parts().settings, request.cookies.get(DEVICE), user.id)
    with parts().database.transaction() as writing:
        _leave(writing)
        token = signins.begin(writing, user, browser, now)
        if not signins.is_unchanged(writing, user):
            raise LoginRefusedError("The account has changed since the password was looked at.")
        audit.record(writing, user.id, Deed.LOGGED_IN, now)
        if not is_known and user.last_seen_at is not None:
            about = {"browser": plain_name(browser), "spoken": spoken_language().code}
            notes.ask(writing, user.id, NoteKind.NEW_DEVICE, now, **about)
    keep(token)
    return known(redirect(wanted, 303), user)


def keep(token: str) -> None:
    """Give the browser a session of its own for this sign-in.

    Nothing of before stays: neither what somebody may have planted, nor the old form token.
    """
    session.clear()
    session[guard.SIGNIN] = token
    session.permanent = True


def known(response: Response, user: User) -> Response:
    """Mark the browser as one in which this user was let in."""
    response.set_cookie(
        DEVICE,
        signins.device_mark(parts().settings, user.id),
        max_age=DEVICE_SECONDS,
        path="/admin",
        secure=parts().settings.public_url.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )
    return response


def wanted_page() -> str:
    """The page that somebody wanted before the login; the first one for all that is none of ours."""
    wanted = request.args.get("next", "")
    return wanted if _is_page_of_ours(wanted) else url_for("admin_home.start")


def has_code(writing: Session, user: User, code: str) -> bool:
    """Whether the code lets this user in, in this browser; raises as second_step.passes."""
    settings, now = parts().settings, parts().clock()
    network, device = request.remote_addr or "", request.cookies.get(DEVICE)
    return second_step.passes(writing, settings, user, code, network, device, now)


def tried(email: str, password: str) -> User | Refused:
    """Whose address and password these are; a wrong password is recorded.

    Two short transactions: nobody's answer waits while a password is looked at, which takes its time.
    """
    settings, now = parts().settings, parts().clock()
    network, device = request.remote_addr or "", request.cookies.get(DEVICE)
    with parts().database.transaction() as writing:
        attempt = signins.begin_try(writing, settings, email, network, device, now)
    if isinstance(attempt, Refused):
        return attempt
    is_right = attempt.is_right(password)
    with parts().database.transaction() as writing:
        if is_right:
            return signins.pass_try(writing, settings, attempt, password, now)
        audit.record(writing, None, Deed.LOGIN_REFUSED, now, attempt.user_id, actor=Actor.NOBODY)
    return Refused()


def wait_words(seconds: int) -> str:
    """What is said to whoever has tried too often."""
    minutes = -(-seconds // 60)
    # i18n: Above the login form. {n}: 5
    return spoken_language().ngettext(
        "There were too many tries. Please wait {n} minute, or have a link mailed to you.",
        "There were too many tries. Please wait {n} minutes, or have a link mailed to you.",
        minutes,
    )


def not_yours(refused: Refused) -> str:
    """What is said at the own password, which somebody who is logged in gave once more."""
    if refused.wait_seconds is not None:
        return wait_words(refused.wait_seconds)
    # i18n: What is wrong with a field
    return spoken_language().gettext("This is not your password.")


def _passed(user_id: str, mark: str, code: str) -> User | None:
    """Who has given the right code; None for a wrong one, whose price is committed."""
    settings, now = parts().settings, parts().clock()
    with parts().database.transaction() as writing:
        user = users.find_user(writing, user_id)
        # Whoever knows only the password of before owes the new one first.
        is_open = user.disabled_at is None and signins.password_mark(settings, user) == mark
        if is_open and has_code(writing, user, code):
            return user
        audit.record(writing, None, Deed.LOGIN_REFUSED, now, user_id, actor=Actor.NOBODY, second_step=True)
    return None


def _ask_for_link(writing: Session, email: str) -> None:
    """Mail a link where there is an account; TooManyTriesError for a network that asks for many.

    What is spent and recorded is the same for every address, and so few are answered that what little time
    the mail takes tells nothing.
    """
    settings, now, device = parts().settings, parts().clock(), request.cookies.get(DEVICE)
    user, address = users.by_email(writing, email), users.spelling(email)
    if user is None or not signins.is_device_of(settings, device, user.id):
        network = limits.network_of(settings, request.remote_addr or "")
        limits.check(writing, settings, FORGETFUL, network, now)
        limits.spend(writing, settings, FORGETFUL, network, now)
    try:
        limits.check(writing, settings, FORGOTTEN, address, now)
    except TooManyTriesError:
        return
    limits.spend(writing, settings, FORGOTTEN, address, now)
    audit.record(writing, None, Deed.RESET_ASKED, now, user.id if user else None, actor=Actor.NOBODY)
    if user is not None and user.disabled_at is None:
        notes.ask(writing, user.id, NoteKind.RESET, now, spoken=spoken_language().code)


def _leave(writing: Session) -> None:
    """End whatever this browser was logged in as, and empty its session."""
    token = session.get(guard.SIGNIN)
    if isinstance(token, str):
        signins.end_token(writing, token)
    session.clear()


def _half_way() -> tuple[str, str, str] | None:
    """Who owes the second step, where they want to go, and the mark of the password they gave."""
    found = session.get(HALF_WAY)
    if not isinstance(found, list) or parts().clock().timestamp() - found[1] > HALF_WAY_SECONDS:
        return None
    user_id, _, wanted, mark = found
    return str(user_id), str(wanted), str(mark)


def _refused(form: LoginForm, refused: Refused) -> ResponseReturnValue:
    if refused.wait_seconds is not None:
        page = render("login.html", form=form, refusal=wait_words(refused.wait_seconds))
        return page, 429, {"Retry-After": str(refused.wait_seconds)}
    # i18n: Above the login form; it is not said which of the two is wrong
    words = spoken_language().gettext("Address or password are not right.")
    return render("login.html", form=form, refusal=words), 401


def _refused_code(form: CodeForm, words: str, status: int, seconds: int | None = None) -> ResponseReturnValue:
    page = render("second_step.html", form=form, refusal=words)
    return page, status, {"Retry-After": str(seconds)} if seconds else {}


def _is_page_of_ours(wanted: str) -> bool:
    """Nothing that a browser could read as another site, however it is spelled, and no part of the way in."""
    path = unquote(wanted.partition("?")[0])
    *above, last = path.removeprefix("/admin/").split("/")
    return (
        len(wanted) <= LONGEST_WAY
        and wanted.startswith("/admin/")
        and (wanted + path).isprintable()
        and not _NEVER_IN_PATHS & set(path)
        and not {"", ".", ".."} & set(above)
        and last not in (".", "..")
        and not path.startswith(_WAYS_IN)
    )

"""Users: invite, change, disable, and help those who cannot get in."""

from datetime import datetime

from flask import request
from flask.typing import ResponseReturnValue
from wtforms import RadioField

from surveyapp import audit, identities, names, notes, second_step, signins, users
from surveyapp.core.access import SEPARATE, Permission, Role
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, NotWaitingError, Problem
from surveyapp.db import Session
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.models import User
from surveyapp.names import Kind, Labels
from surveyapp.notes import NoteKind
from surveyapp.web.admin import guard
from surveyapp.web.admin.browsers import browser_name
from surveyapp.web.admin.forms import Form, choice, choices, line, needed, text
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.admin.roles import PERMISSIONS, PURPOSES, ROLES
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("users")

ALL, SOME = "all", "some"
ROLE, YES, NO = "", "yes", "no"
MOST_OFFERED = 40


class UserForm(Form):
    """What there is to say about any user."""

    name = line("", needed)
    role = RadioField(choices=[])
    scope = RadioField(choices=[])
    known = choices("", [])
    teams = text("")
    agent_ref = line("")

    def __init__(self, offered: list[tuple[str, str]], **values: object) -> None:
        """`offered`: teams to tick, as (value, name)."""
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field: a person's name
        self.name.label.text = tongue.gettext("Name")
        # i18n: Label of a group of buttons: what a user may do
        self.role.label.text = tongue.gettext("Role")
        self.role.choices = [(str(role), PURPOSES[role](tongue)) for role in Role]
        # i18n: Label of a group of buttons: of which teams a user sees the data
        self.scope.label.text = tongue.gettext("Whose data")
        # i18n: A choice: of which teams a user sees the data
        every = tongue.gettext("All teams")
        # i18n: A choice: of which teams a user sees the data; the teams are chosen below
        some = tongue.gettext("Only these teams")
        self.scope.choices = [(ALL, every), (SOME, some)]
        # i18n: Label of a group of boxes: teams that tickets were of
        self.known.label.text = tongue.gettext("Teams")
        self.known.choices = offered
        # i18n: Label of a field: names of teams, one on each line
        self.teams.label.text = tongue.gettext("Other teams")
        # i18n: Label of a field: who an agent is in the support system, such as an id or an address there
        self.agent_ref.label.text = tongue.gettext("Reference as an agent")

    @property
    def chosen_teams(self) -> list[str] | None:
        """None: all there are, or an agent, who has none.

        FieldError when only some were meant and none is named.
        """
        if self.scope.data == ALL or self.role.data in (Role.ADMIN, Role.AGENT):
            return None
        found = [*(self.known.data or []), *(self.teams.data or "").replace(",", "\n").split("\n")]
        if not any(each.strip() for each in found):
            raise FieldError("teams", Problem.MISSING)
        return found


class InviteForm(UserForm):
    """A colleague who is to get an account."""

    email = line("", needed, longest=users.LONGEST_ADDRESS)
    locale = choice("", [])

    def __init__(self, offered: list[tuple[str, str]]) -> None:
        super().__init__(offered, role=Role.SUPPORT, scope=SOME)
        tongue = spoken_language()
        # i18n: Label of a field: a colleague's email address
        self.email.label.text = tongue.gettext("Email address")
        self.email.render_kw = {"type": "email", "autocomplete": "off", "autocapitalize": "none"}
        # i18n: Label of a field: in which language a colleague reads these pages
        self.locale.label.text = tongue.gettext("Language")
        # i18n: A choice for a language: the one that the browser asks for
        wish = tongue.gettext("As the browser wishes")
        self.locale.choices = [("", wish), *((code, language(code).own_name) for code in LANGUAGES)]


class ChangeForm(UserForm):
    """A user as they are, with the rights that are given one by one."""

    comments = choice("", [])
    customers = choice("", [])
    agent_names = choice("", [])

    def __init__(self, offered: list[tuple[str, str]], **values: object) -> None:
        super().__init__(offered, **values)
        tongue = spoken_language()
        # i18n: A choice for a right: as the role has it
        usual = tongue.gettext("As the role")
        # i18n: A choice for a right that is given
        yes = tongue.gettext("Yes")
        # i18n: A choice for a right that is not given
        no = tongue.gettext("No")
        for permission in SEPARATE:
            field = self[str(permission)]
            field.label.text = PERMISSIONS[permission](tongue)
            field.choices = [(ROLE, usual), (YES, yes), (NO, no)]

    @property
    def allowed(self) -> dict[Permission, bool]:
        """What was given or taken, whatever the role."""
        said = {permission: self[str(permission)].data for permission in SEPARATE}
        return {permission: value == YES for permission, value in said.items() if value != ROLE}


# --- everybody -------------------------------------------------------------------------------------


@bp.get("/settings/users")
@guard.needs(Permission.USERS)
def index() -> ResponseReturnValue:
    """Everybody who was ever added."""
    tongue = spoken_language()
    with parts().database.reading() as reading:
        labels = Labels(reading)
        newcomers = users.newcomers(reading)
        rows = [
            {
                "user": user,
                "role": ROLES[Role(user.role)](tongue),
                "teams": _said_teams(tongue, labels, user),
                "is_new": user.id in newcomers,
            }
            for user in users.all_users(reading)
        ]
    return render("users.html", rows=rows)


@bp.route("/settings/users/new", methods=["GET", "POST"])
@guard.needs(Permission.USERS)
def invite() -> ResponseReturnValue:
    """Add a colleague, who gets a mail with a link to set a password."""
    form, now = InviteForm(_offered(now=parts().clock())), parts().clock()
    if form.is_sent():
        try:
            with parts().database.transaction() as writing:
                user_id = _add(writing, form, now)
        except FieldError as error:
            form.blame(error)
        else:
            tongue = spoken_language()
            # i18n: Said after a colleague was invited
            say(tongue.gettext("The invitation is on its way by email. Its link works for seven days."))
            return go(".show", user_id=user_id)
    return render("user_new.html", form=form), 422 if form.errors else 200


# --- one -------------------------------------------------------------------------------------------


@bp.route("/settings/users/<user_id>", methods=["GET", "POST"])
@guard.needs(Permission.USERS)
def show(user_id: str) -> ResponseReturnValue:
    """What somebody may do, to change; UnknownThingError."""
    now = parts().clock()
    with parts().database.reading() as reading:
        user = users.find_user(reading, user_id)
        browsers = signins.active_of_user(reading, user_id, now)
        oidc = parts().settings.oidc
        is_linked = oidc is not None and identities.is_linked(reading, user_id, oidc.issuer)
    offered = _offered(now, user.teams or [])
    form = ChangeForm(offered, **_values_of(user, {value for value, _ in offered}))
    if form.is_sent():
        try:
            with parts().database.transaction() as writing:
                _change(writing, user_id, form, now)
        except FieldError as error:
            form.blame(error)
        else:
            return _saved(user_id, form)
    tongue = spoken_language()
    shown = [(each, browser_name(tongue, each.browser)) for each in browsers]
    page = render(
        "user.html",
        form=form,
        user=user,
        browsers=shown,
        is_self=user_id == guard.person().user.id,
        is_linked=is_linked,
    )
    return page, 422 if form.errors else 200


@bp.post("/settings/users/<user_id>/disable")
@guard.needs(Permission.USERS)
def disable(user_id: str) -> ResponseReturnValue:
    """Log somebody out everywhere and in nowhere any more; LastAdminError."""
    now = parts().clock()
    with parts().database.transaction() as writing:
        was_active = users.find_user(writing, user_id).disabled_at is None
        users.disable(writing, user_id, now)
        if was_active:
            audit.record(writing, guard.person().user.id, Deed.USER_DISABLED, now, user_id)
    # i18n: Said after a user was disabled
    say(spoken_language().gettext("This user is disabled and logged out everywhere."))
    return go(".show", user_id=user_id)


@bp.post("/settings/users/<user_id>/enable")
@guard.needs(Permission.USERS)
def enable(user_id: str) -> ResponseReturnValue:
    """Let somebody log in again, with the old password."""
    now = parts().clock()
    with parts().database.transaction() as writing:
        was_disabled = users.find_user(writing, user_id).disabled_at is not None
        users.enable(writing, user_id, now)
        if was_disabled:
            audit.record(writing, guard.person().user.id, Deed.USER_ENABLED, now, user_id)
    # i18n: Said after a user was enabled again
    say(spoken_language().gettext("This user can log in again."))
    return go(".show", user_id=user_id)


@bp.post("/settings/users/<user_id>/link")
@guard.needs(Permission.USERS)
def mail_link(user_id: str) -> ResponseReturnValue:
    """Mail a link to set a password: as an invitation to who never had one."""
    now, person = parts().clock(), guard.person().user
    with parts().database.transaction() as writing:
        user = _active(writing, user_id)
        if user.password is None:
            notes.ask(writing, user_id, NoteKind.INVITED, now, by=person.name, spoken=spoken_language().code)
        else:
            notes.ask(writing, user_id, NoteKind.RESET, now, spoken=spoken_language().code)
        audit.record(writing, person.id, Deed.RESET_ASKED, now, user_id)
    # i18n: Said after a link to set a password was mailed to a user
    say(spoken_language().gettext("The link is on its way by email."))
    return go(".show", user_id=user_id)


@bp.post("/settings/users/<user_id>/log-out")
@guard.needs(Permission.USERS)
def log_out(user_id: str) -> ResponseReturnValue:
    """End all of somebody's sign-ins; one's own stays in the browser that asks."""
    person, now = guard.person(), parts().clock()
    with parts().database.transaction() as writing:
        users.find_user(writing, user_id)
        n = signins.end_all(writing, user_id, but=person.signin.id)
        audit.record(writing, person.user.id, Deed.SIGNIN_ENDED, now, user_id, n=n)
    # i18n: Said after a user was logged out in all browsers
    say(spoken_language().gettext("This user is logged out everywhere."))
    return go(".show", user_id=user_id)


@bp.route("/settings/users/<user_id>/second-step", methods=["GET", "POST"])
@guard.needs(Permission.USERS)
def second_step_off(user_id: str) -> ResponseReturnValue:
    """Ask once, then switch somebody's second step off: their phone is lost. A mail tells them."""
    now = parts().clock()
    with parts().database.reading() as reading:
        user = users.find_user(reading, user_id)
    if user.totp_secret is None:
        raise NotWaitingError("The second step is off already.")
    if request.method == "GET":
        return render("user_second_step.html", user=user)
    with parts().database.transaction() as writing:
        second_step.switch_off(writing, user)
        audit.record(writing, guard.person().user.id, Deed.SECOND_STEP_OFF, now, user_id)
        notes.ask(writing, user_id, NoteKind.SECOND_STEP_OFF, now, spoken=spoken_language().code)
    # i18n: Said after a user's second step was switched off
    say(spoken_language().gettext("The second step of this user is switched off."))
    return go(".show", user_id=user_id)


@bp.post("/settings/users/<user_id>/unlink")
@guard.needs(Permission.USERS)
def unlink(user_id: str) -> ResponseReturnValue:
    """Let somebody in by the provider no more, and log them out everywhere; one's own goes in My account."""
    person, oidc, now = guard.person(), parts().settings.oidc, parts().clock()
    if user_id == person.user.id:
        return go("admin_account.show")
    with parts().database.transaction() as writing:
        users.find_user(writing, user_id)
        if oidc is None or not identities.unlink(writing, user_id, oidc.issuer, person.user.id, now):
            raise NotWaitingError("The user has no login at the provider.")
        signins.end_all(writing, user_id)
    # i18n: Said after a user's login at a provider was removed. {name}: the provider, such as Entra ID
    said = spoken_language().gettext(
        "{name} no longer opens this account, and the user is logged out everywhere.", name=oidc.name
    )
    say(said)
    return go(".show", user_id=user_id)


# --- how -------------------------------------------------------------------------------------------


def _add(writing: Session, form: InviteForm, now: datetime) -> str:
    person = guard.person().user
    added = users.add_user(
        writing,
        form.email.data or "",
        form.name.data or "",
        Role(form.role.data),
        now,
        teams=form.chosen_teams,
        agent_ref=form.agent_ref.data or None,
        locale=form.locale.data or None,
    )
    audit.record(writing, person.id, Deed.USER_ADDED, now, added.id, role=added.role)
    notes.ask(writing, added.id, NoteKind.INVITED, now, by=person.name, spoken=spoken_language().code)
    return added.id


def _change(writing: Session, user_id: str, form: ChangeForm, now: datetime) -> None:
    role = Role(form.role.data)
    changed = users.change_user(
        writing,
        user_id,
        now,
        name=form.name.data or "",
        role=role,
        teams=form.chosen_teams,
        agent_ref=form.agent_ref.data or None,
        allowed=form.allowed,
    )
    if changed:
        person, said = guard.person().user, ", ".join(changed)
        audit.record(writing, person.id, Deed.USER_CHANGED, now, user_id, changed=said, role=str(role))


def _saved(user_id: str, form: ChangeForm) -> ResponseReturnValue:
    """Back to the page, where whoever has just changed their own role may have no business any more."""
    # i18n: Said after a user was changed
    say(spoken_language().gettext("Saved. It holds from this user's next click on."))
    if user_id == guard.person().user.id and form.role.data != Role.ADMIN:
        return go("admin_home.start")
    return go(".show", user_id=user_id)


def _active(writing: Session, user_id: str) -> User:
    user = users.find_user(writing, user_id)
    if user.disabled_at is not None:
        raise NotWaitingError("The user is disabled.")
    return user


def _offered(now: datetime, more: list[str] | None = None) -> list[tuple[str, str]]:
    """The teams that most tickets were of; and `more`, which somebody has."""
    settings = parts().settings
    with parts().database.reading() as reading:
        found = names.all_names(reading, Kind.TEAM, now.astimezone(settings.timezone).date())
        labels = Labels(reading)
    values = [row.value for row in found[:MOST_OFFERED]]
    values += [each for each in more or [] if each not in values]
    return [(value, labels.of(Kind.TEAM, value, spoken_language().code)) for value in values]


def _values_of(user: User, offered: set[str]) -> dict[str, object]:
    said = {True: YES, False: NO, None: ROLE}
    return {
        "name": user.name,
        "role": user.role,
        "scope": ALL if user.teams is None else SOME,
        "known": [each for each in user.teams or [] if each in offered],
        "agent_ref": user.agent_ref or "",
        **{str(each): said[user.allowed.get(str(each))] for each in SEPARATE},
    }


def _said_teams(tongue: Language, labels: Labels, user: User) -> str:
    if user.role == Role.AGENT:
        # i18n: In a list of users, instead of teams: an agent sees the data of the own tickets alone
        return tongue.gettext("Own tickets")
    if user.teams is None:
        # i18n: In a list of users: of which teams a user sees the data
        return tongue.gettext("All teams")
    return ", ".join(labels.of(Kind.TEAM, each, tongue.code) for each in user.teams)

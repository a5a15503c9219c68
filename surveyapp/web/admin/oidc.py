"""The way in through an OpenID provider, and linking its login with one's account."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, urlsplit

from flask import Flask, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField

from surveyapp import audit, identities, limits, notes, signins
from surveyapp.config import Oidc
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Actor, Deed
from surveyapp.i18n import Language
from surveyapp.identities import Fault, Proven, ProviderLoginError
from surveyapp.limits import Limit
from surveyapp.models import User
from surveyapp.notes import NoteKind
from surveyapp.signins import Refused
from surveyapp.web.admin import guard, login
from surveyapp.web.admin.forms import Form, needed
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.wiring import parts, spoken_language

if TYPE_CHECKING:
    from surveyapp.oidc import Provider, Trip

bp = guard.blueprint("oidc")

TRIP = "provider_trip"
"""In the cookie: what must come back from the provider, since when, for whom and where to."""
TRIP_SECONDS = 600
_PROVIDER = "surveyapp_oidc"

RETURNS = Limit("provider", 20, 15)
"""Returns from the provider that prove nothing, from one network; each of them makes us ask the provider."""

STATUS: Mapping[Fault, int] = {
    Fault.SILENT: 503,
    Fault.BROKEN: 400,
    Fault.FORGED: 401,
    Fault.STRANGER: 401,
    Fault.TAKEN: 409,
    Fault.SECOND: 409,
}


@dataclass(frozen=True, slots=True)
class _Begun:
    """A login that is under way. `user_id`: who is linking; None: somebody is logging in."""

    trip: "Trip"
    user_id: str | None
    wanted: str


class OwnForm(Form):
    """One's own password, before it is changed how one's account is opened."""

    password = PasswordField(validators=[needed])

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: one's own password, asked for once more
        self.password.label.text = spoken_language().gettext("Your password")
        self.password.render_kw = {"autocomplete": "current-password"}

    def is_own(self) -> bool:
        """Whether it is the password of whoever is logged in; costs the tries of the login."""
        if not self.is_sent():
            return False
        found = login.tried(guard.person().user.email, self.password.data or "")
        if isinstance(found, Refused):
            self.password.errors = [login.not_yours(found)]
            return False
        return True


def install(app: Flask) -> None:
    """Add these pages where a provider is configured."""
    settings = app.extensions["surveyapp"].installed
    if settings.oidc is None:
        return
    from surveyapp.oidc import Provider

    app.extensions[_PROVIDER] = Provider(settings.oidc, f"{settings.public_url}/admin/oidc/back")
    app.register_blueprint(bp)


def is_linked() -> bool:
    """Whether whoever is logged in can log in at the provider; False where there is none."""
    oidc = parts().settings.oidc
    if oidc is None:
        return False
    with parts().database.reading() as reading:
        return identities.is_linked(reading, guard.person().user.id, oidc.issuer)


# --- there and back --------------------------------------------------------------------------------


@bp.get("/oidc/login")
@guard.open_to_all
def begin() -> ResponseReturnValue:
    """To the provider; a link and no form, because browsers let no form end on another site."""
    came = urlsplit(request.headers.get("Referer", ""))
    wanted = parse_qs(came.query).get("next", [""])[0]
    if wanted and "next" not in request.args and came.path == url_for("admin_login.offer"):
        return go(".begin", next=wanted)
    return redirect(_way_there(None, login.wanted_page()), 303)


@bp.post("/oidc/link")
@guard.needs(Permission.ACCOUNT)
def link() -> ResponseReturnValue:
    """A page that leads on to the provider, to come back with a login to link; for the password."""
    form = OwnForm()
    if not form.is_own():
        return _asked_again(form)
    url = _way_there(guard.person().user.id, url_for("admin_account.show"))
    return render("oidc_leave.html", url=url, name=_oidc().name)


@bp.post("/oidc/unlink")
@guard.needs(Permission.ACCOUNT)
def unlink() -> ResponseReturnValue:
    """Let the provider's login open the account no more, for the password; only this browser stays."""
    form, person, now = OwnForm(), guard.person(), parts().clock()
    # Who has no password passes here never, and so keeps the only way in.
    if not form.is_own():
        return _asked_again(form)
    with parts().database.transaction() as writing:
        if identities.unlink(writing, person.user.id, _oidc().issuer, person.user.id, now):
            signins.end_all(writing, person.user.id, but=person.signin.id)
    # i18n: Said after a login at a provider was unlinked. {name}: the provider, such as Entra ID
    say(spoken_language().gettext("{name} no longer opens your account.", name=_oidc().name))
    return go("admin_account.show")


@bp.get("/oidc/back")
@guard.open_to_all
def come_back() -> ResponseReturnValue:
    """Log in, or link, whoever the provider says it was."""
    begun = _begun()
    proven = _proven(begun.trip)
    if begun.user_id is not None:
        return _link(begun.user_id, proven, begun.wanted)
    return login.enter(_known(proven), begun.wanted)


@bp.errorhandler(ProviderLoginError)
def explain(error: ProviderLoginError) -> ResponseReturnValue:
    """Why nobody was logged in, and what to do about it."""
    heading, words = _WORDS[error.fault](spoken_language(), _oidc().name)
    inside = guard.visitor() is not None
    url = url_for("admin_account.show" if inside else "admin_login.offer")
    return render("oidc_refused.html", heading=heading, words=words, url=url), STATUS[error.fault]


def _asked_again(form: OwnForm) -> ResponseReturnValue:
    return render("oidc_own.html", own_form=form, is_linked=is_linked()), 422


def _way_there(user_id: str | None, wanted: str) -> str:
    from surveyapp.oidc import new_trip

    trip = new_trip()
    url = _provider().way_there(trip)
    session[TRIP] = [asdict(trip), user_id, wanted, int(parts().clock().timestamp())]
    return url


def _begun() -> _Begun:
    """What was begun in this browser and is not too old; it can be gone on with once."""
    from surveyapp.oidc import Trip

    found = session.pop(TRIP, None)
    if not isinstance(found, list):
        raise ProviderLoginError(Fault.BROKEN)
    trip, user_id, wanted, at = found
    begun = _Begun(Trip(**trip), user_id, wanted)
    is_late = parts().clock().timestamp() - at > TRIP_SECONDS
    is_ours = hmac.compare_digest(begun.trip.state.encode(), request.args.get("state", "").encode())
    # Providers that say who they are must be ours (RFC 9207).
    if is_late or not is_ours or request.args.get("iss", _oidc().issuer) != _oidc().issuer:
        raise ProviderLoginError(Fault.BROKEN)
    return begun


def _proven(trip: "Trip") -> Proven:
    """Who it was, by the provider's signed word; asking costs a try, given back when it was right."""
    settings, now = parts().settings, parts().clock()
    code = request.args.get("code", "")
    if not code or "error" in request.args:
        raise ProviderLoginError(Fault.BROKEN)
    network = limits.network_of(settings, request.remote_addr or "")
    with parts().database.transaction() as writing:
        limits.check(writing, settings, RETURNS, network, now)
        limits.spend(writing, settings, RETURNS, network, now)
    proven = _provider().prove(code, trip, now)
    with parts().database.transaction() as writing:
        limits.give_back(writing, settings, RETURNS, network, now)
    return proven


def _known(proven: Proven) -> User:
    now = parts().clock()
    with parts().database.transaction() as writing:
        user = identities.user_of(writing, proven, now)
        if user is None:
            audit.record(writing, None, Deed.LOGIN_REFUSED, now, actor=Actor.NOBODY, issuer=proven.issuer)
    if user is None:
        raise ProviderLoginError(Fault.STRANGER)
    return user


def _link(user_id: str, proven: Proven, wanted: str) -> ResponseReturnValue:
    person = guard.visitor()
    if person is None or person.user.id != user_id:
        raise ProviderLoginError(Fault.BROKEN)
    now, said = parts().clock(), {"provider": _oidc().name, "spoken": spoken_language().code}
    with parts().database.transaction() as writing:
        if identities.link(writing, user_id, proven, now):
            notes.ask(writing, user_id, NoteKind.IDENTITY_LINKED, now, **said)
    # i18n: Said after somebody linked their login at a provider. {name}: the provider, such as Entra ID
    say(spoken_language().gettext("From now on you can log in with {name}.", name=_oidc().name))
    return redirect(wanted, 303)


def _provider() -> "Provider":
    return cast("Provider", current_app.extensions[_PROVIDER])


def _oidc() -> Oidc:
    return _provider().oidc


_WORDS: Mapping[Fault, Callable[[Language, str], tuple[str, str]]] = {
    Fault.SILENT: lambda tongue, name: (
        # i18n: Heading of a page. {name}: a company's login service, such as Entra ID
        tongue.gettext("{name} does not answer", name=name),
        # i18n: The company's login service does not answer
        tongue.gettext("Try again in a moment, or log in with your password."),
    ),
    Fault.BROKEN: lambda tongue, _name: (
        # i18n: Heading of a page: a login at the company's login service came to nothing
        tongue.gettext("This login was not finished"),
        # i18n: A login at the company's login service came to nothing
        tongue.gettext(
            "It took too long, was called off or was begun in another browser. Please begin again."
        ),
    ),
    Fault.FORGED: lambda tongue, name: (
        # i18n: Heading of a page: what the company's login service is said to have sent is not genuine
        tongue.gettext("This login could not be checked"),
        # i18n: {name}: a company's login service, such as Entra ID
        tongue.gettext(
            "What came back from {name} is not what it should be, so nobody was logged in. "
            "If this happens again, tell an admin.",
            name=name,
        ),
    ),
    Fault.STRANGER: lambda tongue, name: (
        # i18n: Heading of a page: somebody logged in at the company's login service, but has no account here
        tongue.gettext("No account here belongs to this login"),
        # i18n: {name}: a company's login service, such as Entra ID
        tongue.gettext(
            "Ask an admin for an account. If you have one, log in with your password and link {name} under "
            "My account.",
            name=name,
        ),
    ),
    Fault.TAKEN: lambda tongue, name: (
        # i18n: Heading of a page: a login that somebody wanted to link is linked with another account
        tongue.gettext("This login belongs to another account here"),
        # i18n: {name}: a company's login service, such as Entra ID
        tongue.gettext("Nothing was changed. Log out of {name} first if you meant another login.", name=name),
    ),
    Fault.SECOND: lambda tongue, name: (
        # i18n: Heading of a page: somebody wanted to link a second login of the same login service
        tongue.gettext("Your account is linked with another login"),
        # i18n: {name}: a company's login service, such as Entra ID
        tongue.gettext("Nothing was changed. Unlink {name} under My account first.", name=name),
    ),
}

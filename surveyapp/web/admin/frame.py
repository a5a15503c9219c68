"""What stands around every page behind the login, and how its templates are filled."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from surveyapp.core.access import Permission, Role
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.web.admin.guard import Person, visitor
from surveyapp.web.wiring import parts, spoken_language

SAID = "said"


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the menu."""

    endpoint: str
    area: str
    """The part of the address below /admin that says where somebody is."""
    permission: Permission
    words: Callable[[Language], str]
    role: Role | None = None
    """Whom it is for alone; None: everybody who has the permission."""
    not_for: tuple[Role, ...] = ()
    """Who has the permission and is led elsewhere all the same."""


MENU = (
    # i18n: Menu behind the login: the first page
    Place(
        "admin_home.start",
        "",
        Permission.ACCOUNT,
        lambda tongue: tongue.gettext("Start"),
        not_for=(Role.LEADER, Role.VIEWER),
    ),
    # i18n: Menu entry, title and heading of the page on which agents read the answers about their own tickets
    Place(
        "admin_mine.index",
        "mine",
        Permission.ANSWERS,
        lambda tongue: tongue.gettext("My answers"),
        Role.AGENT,
    ),
    # i18n: Menu behind the login: scores, trends and comments
    Place("admin_figures.index", "figures", Permission.FIGURES, lambda tongue: tongue.gettext("Figures")),
    # i18n: Menu behind the login: send surveys
    Place("admin_send.one", "send", Permission.SEND, lambda tongue: tongue.gettext("Send")),
    # i18n: Menu behind the login: the list of invitations
    Place(
        "admin_invitations.index",
        "invitations",
        Permission.INVITATIONS,
        lambda tongue: tongue.gettext("Invitations"),
    ),
    # i18n: Menu behind the login: the answers that are held or refused
    Place("admin_held.index", "held", Permission.JUDGE, lambda tongue: tongue.gettext("Held answers")),
    # i18n: Menu behind the login: the surveys, to edit
    Place("admin_surveys.index", "surveys", Permission.SURVEYS, lambda tongue: tongue.gettext("Surveys")),
    # i18n: Menu behind the login: erase a person's data, or give it to the person
    Place("admin_privacy.index", "privacy", Permission.ERASE, lambda tongue: tongue.gettext("Privacy")),
    # i18n: Menu behind the login: everything that is set once
    Place(
        "admin_settings.index",
        "settings",
        Permission.ORGANISATION,
        lambda tongue: tongue.gettext("Settings"),
    ),
)


def render(template: str, **values: Any) -> str:
    """The template of templates/admin in the language of this request.

    It knows `person` (None before the login), `may(permission)`, `url_for`, `csrf`, `said` (what the last
    page left to say), `moment` and `day` (instants as people of the organisation read them), `today()` in
    full and `settings`.
    """
    tongue, found = spoken_language(), visitor()
    return tongue.environment.get_template(f"admin/{template}").render(
        person=found,
        may=_may(found),
        menu=_menu(found, tongue),
        languages=_switches(tongue),
        url_for=url_for,
        csrf=generate_csrf,
        said=session.pop(SAID, None),
        moment=_moment,
        day=_day,
        short_moment=_short_moment,
        today=_today,
        settings=parts().settings,
        company=parts().settings.company,
        style=parts().style,
        **values,
    )


def say(words: str) -> None:
    """Let the next page begin with this; for what was done before a redirect."""
    session[SAID] = words


def go(endpoint: str, **values: Any) -> ResponseReturnValue:
    """To another page, after something was done."""
    return redirect(url_for(endpoint, **values), 303)


def with_query(**changes: str | None) -> str:
    """This page's address with another query: None takes a value out."""
    values = {**request.args.to_dict(), **changes}
    said = urlencode({name: value for name, value in values.items() if value})
    return f"{request.path}?{said}" if said else request.path


def _may(found: Person | None) -> Callable[[str], bool]:
    return lambda permission: found is not None and found.viewer.may(Permission(permission))


def _menu(found: Person | None, tongue: Language) -> list[dict[str, Any]]:
    if found is None:
        return []
    here = request.path.removeprefix("/admin").strip("/").partition("/")[0]
    return [
        {"url": url_for(place.endpoint), "words": place.words(tongue), "is_current": place.area == here}
        for place in MENU
        if found.viewer.may(place.permission)
        and place.role in (None, found.viewer.role)
        and found.viewer.role not in place.not_for
    ]


def _switches(tongue: Language) -> list[dict[str, object]]:
    return [
        {"code": code, "name": language(code).own_name, "is_current": code == tongue.code}
        for code in LANGUAGES
    ]


def _moment(at: datetime | None) -> str:
    return g.language.moment(at.astimezone(parts().settings.timezone)) if at else ""


def _short_moment(at: datetime | None) -> str:
    """For tables: 5 Mar 2026, 14:00."""
    return g.language.short_moment(at.astimezone(parts().settings.timezone)) if at else ""


def _day(at: datetime | None) -> str:
    return g.language.short_date(at.astimezone(parts().settings.timezone).date()) if at else ""


def _today() -> str:
    """In the organisation's time zone: 5 March 2026."""
    return str(g.language.date(parts().clock().astimezone(parts().settings.timezone).date()))

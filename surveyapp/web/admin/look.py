"""How pages and mails look, and who they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import audit, look, preferences, surveys
from surveyapp.config import Settings
from surveyapp.core.access import Permission
from surveyapp.core.colours import DARK, LEAST_CONTRAST, OURS, Shades, contrast, shades, weakest
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, Problem
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.web.admin import guard
from surveyapp.web.admin.forms import Form
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.admin.framing import framing
from surveyapp.web.admin.look_forms import LogoForm, LookForm, PrivacyForm
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("look")

LIGHT_LOGO = 20 * 1024
"""Up to so many bytes a logo adds little to a mail."""
LARGEST_FILE = 5 * 1024 * 1024
"""A picture that is too large is told so beside its field, unless it is larger than this."""
LARGEST_TEXTS = 1024 * 1024
LOGO_BOX = (320, 96)


@dataclass(frozen=True, slots=True)
class Shade:
    """One colour that is really used: where, the colour of words on it, and what it contrasts with."""

    where: str
    colour: str
    on: str
    contrast: float


# --- colour and sender -----------------------------------------------------------------------------


@bp.get("/settings/look")
@guard.needs(Permission.ORGANISATION)
def edit() -> ResponseReturnValue:
    """What is in force, with the mail and the page as customers see them."""
    return framing(_page(LookForm(**_in_force(parts().settings))))


@bp.post("/settings/look")
@guard.needs(Permission.ORGANISATION)
def save() -> ResponseReturnValue:
    """From the next mail and page on."""
    form = LookForm()
    if form.is_sent():
        try:
            return _saved(_changes(form))
        except FieldError as error:
            form.blame(error)
    page = framing(_page(form))
    page.status_code = 422
    return page


# --- logo ------------------------------------------------------------------------------------------


@bp.get("/settings/look/logo")
@guard.needs(Permission.ORGANISATION)
def logo() -> ResponseReturnValue:
    """The logo in use, and a way to put another in."""
    return _logo_page(LogoForm())


@bp.post("/settings/look/logo")
@guard.needs(Permission.ORGANISATION)
def put_logo() -> ResponseReturnValue:
    """Use another picture."""
    form = LogoForm()
    sent = request.files.get("logo")
    try:
        return _saved({}, sent.read() if sent else b"")
    except FieldError as error:
        form.blame(error)
        return _logo_page(form), 422


put_logo.largest = LARGEST_FILE  # type: ignore[attr-defined]


@bp.post("/settings/look/logo/remove")
@guard.needs(Permission.ORGANISATION)
def remove_logo() -> ResponseReturnValue:
    """Show the initial instead."""
    return _saved({"logo": None})


# --- privacy ---------------------------------------------------------------------------------------


@bp.get("/settings/look/privacy")
@guard.needs(Permission.ORGANISATION)
def privacy() -> ResponseReturnValue:
    """The organisation's own words on privacy in each language."""
    said = parts().settings.own.privacy
    return render("look_privacy.html", form=PrivacyForm(**_named("privacy", said)))


@bp.post("/settings/look/privacy")
@guard.needs(Permission.ORGANISATION)
def save_privacy() -> ResponseReturnValue:
    """From the next page on."""
    form = PrivacyForm()
    if form.is_sent():
        try:
            return _saved({"privacy": _by_language(form, "privacy") or None})
        except FieldError as error:
            form.blame(error)
    return render("look_privacy.html", form=form), 422


save_privacy.largest = LARGEST_TEXTS  # type: ignore[attr-defined]


# --- how -------------------------------------------------------------------------------------------


def _page(form: LookForm) -> str:
    settings, tongue = parts().settings, spoken_language()
    found = shades(settings.own.colour) if settings.own.colour else OURS
    with parts().database.reading() as session:
        now = parts().clock()
        open_ones = (
            each for each in surveys.all_surveys(session) if each.closed_at is None or each.closed_at > now
        )
        survey = next(open_ones, None)
    return render(
        "look.html",
        form=form,
        languages_offered=LANGUAGES,
        logo=_shown_logo(settings),
        found=found,
        shades=_shades(found, tongue),
        least=LEAST_CONTRAST,
        strangers=_strangers(settings),
        own_domain=_domain(settings.mail_from),
        survey=survey.key if survey else "",
        code=tongue.code,
    )


def _logo_page(form: LogoForm) -> str:
    return render(
        "look_logo.html",
        form=form,
        logo=_shown_logo(parts().settings),
        light=LIGHT_LOGO // 1024,
        most=look.LOGO_BYTES // 1024,
        pixels=look.LOGO_PIXELS,
    )


def _shown_logo(settings: Settings) -> dict[str, Any] | None:
    found = look.shown_logo(settings, parts().database)
    if found is None:
        return None
    width, height = found.within(*LOGO_BOX)
    size = len(found.content)
    return {"found": found, "width": width, "height": height, "kb": size / 1024, "light": size <= LIGHT_LOGO}


def _saved(changes: Mapping[str, Any], picture: bytes | None = None) -> ResponseReturnValue:
    """Store the changes, and with them a picture; FieldError for what cannot be used."""
    now = parts().clock()
    with parts().database.transaction() as session:
        if picture is not None:
            if not picture:
                raise FieldError("logo", Problem.MISSING)
            changes = {**changes, "logo": look.put_logo(session, picture, now)}
        changed = preferences.save(session, changes, now)
        if changed:
            names = ", ".join(changed)
            audit.record(session, guard.person().user.id, Deed.SETTING_CHANGED, now, names=names)
    parts().preferences.forget()
    # i18n: Said after the look, the sender or a text was saved
    say(spoken_language().gettext("Saved. The next mail and the next page show it."))
    return go(".edit")


def _in_force(settings: Settings) -> dict[str, Any]:
    own = settings.own
    return {
        "is_own": bool(own.colour),
        "colour": own.colour or OURS.accent,
        "contact": settings.contact,
        **_named("senders", own.senders),
        **_named("reply_to", own.reply_to),
    }


def _changes(form: LookForm) -> dict[str, Any]:
    """What is as the environment has it, or empty, is stored as nothing."""
    contact = form.contact.data
    return {
        "colour": form.colour.data if form.is_own.data else None,
        "contact": None if contact == parts().installed.contact else contact,
        "senders": _by_language(form, "senders") or None,
        "reply_to": _by_language(form, "reply_to") or None,
    }


def _named(name: str, values: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}.{code}": values.get(code, "") for code in LANGUAGES}


def _by_language(form: Form, name: str) -> dict[str, str]:
    said = {code: form[f"{name}.{code}"].data for code in LANGUAGES}
    return {code: each for code, each in said.items() if each}


def _strangers(settings: Settings) -> list[dict[str, str]]:
    """The senders of other domains than the one that the server is set up for."""
    own = _domain(settings.mail_from)
    domains = {code: _domain(settings.own.senders.get(code, "")) for code in LANGUAGES}
    return [
        {"language": language(code).own_name, "domain": domain}
        for code, domain in domains.items()
        if domain and domain != own
    ]


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2].lower()


def _shades(found: Shades, tongue: Language) -> list[Shade]:
    day, night = found.accent, found.dark_accent
    hover, dark_hover = found.hover, found.dark_hover
    on, on_dark = found.on_accent, found.on_dark_accent
    # i18n: Where a colour is used: a button with the mouse over it, on a dark page
    pointed = tongue.gettext("A dark page's button under the pointer")
    return [
        # i18n: Where a colour is used
        Shade(tongue.gettext("Links and buttons on a light page"), day, on, weakest(day)),
        # i18n: Where a colour is used: a button with the mouse over it, on a light page
        Shade(tongue.gettext("A light page's button under the pointer"), hover, on, contrast(on, hover)),
        # i18n: Where a colour is used
        Shade(tongue.gettext("Links and buttons on a dark page"), night, on_dark, weakest(night, DARK)),
        Shade(pointed, dark_hover, on_dark, contrast(on_dark, dark_hover)),
    ]

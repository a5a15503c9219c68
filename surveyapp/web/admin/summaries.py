"""The figures by mail: each reader's own choice, and the addresses without an account."""

from collections.abc import Mapping

from flask.typing import ResponseReturnValue
from wtforms import RadioField

from surveyapp import summaries
from surveyapp.core.access import Permission
from surveyapp.core.errors import FieldError
from surveyapp.core.periods import Whole
from surveyapp.i18n import LANGUAGES, language
from surveyapp.web.admin import guard
from surveyapp.web.admin.forms import Form, choice, line, needed
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("summaries")


class AddressForm(Form):
    """Somebody without an account."""

    email = line("", needed, longest=320)
    every = RadioField(choices=[])
    locale = choice("", [])

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field: an email address
        self.email.label.text = tongue.gettext("Email address")
        self.email.render_kw = {"autocomplete": "off", "inputmode": "email", "autocapitalize": "none"}
        # i18n: Label of a group of buttons: how often an email with figures comes
        self.every.label.text = tongue.gettext("How often")
        self.every.choices = [(str(each), words) for each, words in _every().items()]
        # i18n: Label of a field: the language of an email
        self.locale.label.text = tongue.gettext("Language")
        self.locale.choices = [(code, language(code).own_name) for code in LANGUAGES]


class OwnForm(Form):
    """How often somebody wants the figures."""

    every = RadioField(choices=[])

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a group of buttons: how often an email with figures comes
        self.every.label.text = tongue.gettext("How often")
        # i18n: A choice: no email with figures comes
        never = tongue.gettext("Never")
        self.every.choices = [("", never), *((str(each), words) for each, words in _every().items())]


@bp.get("/settings/summaries")
@guard.needs(Permission.ORGANISATION)
def index() -> ResponseReturnValue:
    """Which addresses without an account get the figures."""
    return _page(_blank())


@bp.post("/settings/summaries")
@guard.needs(Permission.ORGANISATION)
def add() -> ResponseReturnValue:
    """Let an address get the figures that a viewer sees, from the next week or month on."""
    form, settings, now = AddressForm(), parts().settings, parts().clock()
    if not form.is_sent():
        return _page(form), 422
    every, locale = Whole(form.every.data), form.locale.data or ""
    try:
        with parts().database.transaction() as session:
            summaries.add_address(
                session, settings, form.email.data or "", every, locale, now, by_user=guard.viewer().id
            )
    except FieldError as error:
        form.blame(error)
        return _page(form), 422
    # i18n: Said after an email address was put down for figures by email
    say(spoken_language().gettext("The address gets the figures from the next time on."))
    return go(".index")


@bp.post("/settings/summaries/<summary_id>/remove")
@guard.needs(Permission.ORGANISATION)
def remove(summary_id: str) -> ResponseReturnValue:
    """Forget an address."""
    with parts().database.transaction() as session:
        summaries.remove_address(session, summary_id, parts().clock(), by_user=guard.viewer().id)
    # i18n: Said after an email address was taken from those that get figures by email
    say(spoken_language().gettext("The address was deleted. It gets no more figures."))
    return go(".index")


@bp.get("/account/summaries")
@guard.needs(Permission.FIGURES)
def mine() -> ResponseReturnValue:
    """How often I want the figures by mail."""
    with parts().database.reading() as session:
        every = summaries.chosen_by(session, guard.viewer().id)
    return _own_page(OwnForm(every=str(every or "")))


@bp.post("/account/summaries")
@guard.needs(Permission.FIGURES)
def choose() -> ResponseReturnValue:
    """Have them so often from now on, or no more."""
    form, viewer = OwnForm(), guard.viewer()
    if not form.is_sent():
        return _own_page(form), 422
    every = Whole(form.every.data) if form.every.data else None
    with parts().database.transaction() as session:
        summaries.choose(session, parts().settings, viewer.id, viewer, every, parts().clock())
    tongue = spoken_language()
    # i18n: Said after somebody has chosen to get figures by email
    chosen = tongue.gettext("You get the figures by email from the next time on.")
    # i18n: Said after somebody has chosen to get no figures by email
    say(chosen if every else tongue.gettext("You get no figures by email."))
    return go(".mine")


def _every() -> Mapping[Whole, str]:
    tongue = spoken_language()
    return {
        # i18n: How often an email with figures comes
        Whole.WEEK: tongue.gettext("Every week, on Monday"),
        # i18n: How often an email with figures comes
        Whole.MONTH: tongue.gettext("Every month"),
    }


def _blank() -> AddressForm:
    return AddressForm(every=str(Whole.WEEK), locale=parts().settings.locale)


def _page(form: AddressForm) -> str:
    with parts().database.reading() as session:
        found = summaries.addresses(session)
    names = {code: language(code).own_name for code in LANGUAGES}
    return render("summaries.html", form=form, rows=found, every=_every(), names=names)


def _own_page(form: OwnForm) -> str:
    return render("summaries_mine.html", form=form, email=guard.person().user.email)

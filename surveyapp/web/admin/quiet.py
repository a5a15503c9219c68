"""The do-not-survey list: put addresses on it, look one up, take one off at the person's wish."""

from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue
from wtforms import BooleanField
from wtforms.validators import StopValidation

from surveyapp import audit, suppressions
from surveyapp.core.access import Permission
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, PolicyError
from surveyapp.core.policy import Refusal
from surveyapp.models import Suppression
from surveyapp.web.admin import guard
from surveyapp.web.admin.forms import Form, line, needed, text
from surveyapp.web.admin.frame import go, render, say
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("quiet")

LONGEST = 20_000


def _all_addresses(form: Any, _field: Any) -> None:
    wrong = suppressions.wrong_lines(parts().settings, form.lines())
    if not wrong:
        return
    # i18n: What is wrong with a list of addresses, one in each line. {lines}: 2, 5
    words = spoken_language().ngettext(
        "This line is no email address: {lines}. Nothing was added.",
        "These lines are no email addresses: {lines}. Nothing was added.",
        len(wrong),
        lines=", ".join(map(str, wrong)),
    )
    raise StopValidation(words)


class AddForm(Form):
    """Addresses that are to be asked no more."""

    addresses = text("", needed, _all_addresses, longest=LONGEST)

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: email addresses, one in each line
        self.addresses.label.text = spoken_language().gettext("Addresses, one in each line")
        self.addresses.render_kw = {"autocomplete": "off", "spellcheck": "false"}

    def lines(self) -> list[str]:
        """As they were typed; those without anything in them stand for nothing, yet keep their number."""
        return [each.strip() for each in (self.addresses.data or "").split("\n")]


class AddressForm(Form):
    """One address."""

    email = line("", needed, longest=320)

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: a customer's email address
        self.email.label.text = spoken_language().gettext("Customer's email address")
        self.email.render_kw = {"autocomplete": "off", "inputmode": "email", "autocapitalize": "none"}

    @property
    def address(self) -> str:
        """As it was typed."""
        return self.email.data or ""


class RemoveForm(AddressForm):
    """An address that is to be asked again."""

    at_their_wish = BooleanField()

    def __init__(self) -> None:
        super().__init__()
        # i18n: Box to tick before somebody who has unsubscribed is asked again
        self.at_their_wish.label.text = spoken_language().gettext("This person wants surveys again")


@bp.get("/settings/do-not-survey")
@guard.needs(Permission.ORGANISATION)
def index() -> ResponseReturnValue:
    """How many there are for which reason; the addresses themselves are not stored."""
    return _page(AddForm(), AddressForm())


@bp.post("/settings/do-not-survey")
@guard.needs(Permission.ORGANISATION)
def add() -> ResponseReturnValue:
    """Ask these no more: all of them, or none."""
    form, now = AddForm(), parts().clock()
    if not form.is_sent():
        return _page(form, AddressForm()), 422
    with parts().database.transaction() as session:
        number = suppressions.add(session, parts().settings, list(filter(None, form.lines())), now)
        audit.record(session, guard.person().user.id, Deed.SUPPRESSED, now, count=number)
    # i18n: Said after addresses were put on the do-not-survey list. {n}: 12
    sentence = spoken_language().ngettext(
        "{n} address was added to the list.", "{n} addresses were added to the list.", number
    )
    say(sentence)
    return go(".index")


@bp.post("/settings/do-not-survey/look-up")
@guard.needs(Permission.ORGANISATION)
def look_up() -> ResponseReturnValue:
    """Whether an address gets surveys; asked by a form, so that it stands in no address and no log."""
    form = AddressForm()
    if not form.is_sent():
        return _page(AddForm(), form), 422
    try:
        with parts().database.reading() as session:
            found = suppressions.find(session, parts().settings, form.address)
    except FieldError as error:
        form.blame(error)
        return _page(AddForm(), form), 422
    return _found(RemoveForm(), found)


@bp.post("/settings/do-not-survey/remove")
@guard.needs(Permission.ORGANISATION)
def remove() -> ResponseReturnValue:
    """Ask this address again; one that a person has unsubscribed comes back at that person's wish alone."""
    form, now = RemoveForm(), parts().clock()
    if not form.is_sent():
        return _page(AddForm(), form), 422
    email, is_wish = form.address, bool(form.at_their_wish.data)
    try:
        with parts().database.transaction() as session:
            is_removed = suppressions.remove(session, parts().settings, email, at_their_wish=is_wish)
            if is_removed:
                audit.record(session, guard.person().user.id, Deed.UNSUPPRESSED, now, count=1)
    except FieldError as error:
        form.blame(error)
        return _page(AddForm(), form), 422
    except PolicyError:
        return _not_their_wish(form)
    _say_removed(is_removed)
    return go(".index")


# --- how -------------------------------------------------------------------------------------------


def _page(adding: AddForm, looking: AddressForm) -> str:
    with parts().database.reading() as session:
        counts = suppressions.counts(session)
    return render(
        "quiet.html", adding=adding, looking=looking, counts=_worded(counts), sum=sum(counts.values())
    )


def _worded(counts: Mapping[Refusal, int]) -> list[tuple[str, int]]:
    return [(_reason(reason), number) for reason, number in counts.items()]


def _reason(reason: Refusal) -> str:
    tongue = spoken_language()
    if reason is Refusal.UNSUBSCRIBED:
        # i18n: Why an address is on the do-not-survey list
        return tongue.gettext("Unsubscribed by the person")
    if reason is Refusal.BOUNCED:
        # i18n: Why an address is on the do-not-survey list
        return tongue.gettext("Mail came back")
    # i18n: Why an address is on the do-not-survey list: colleagues or a command put it there
    return tongue.gettext("Added by your organisation")


def _found(form: RemoveForm, found: Suppression | None) -> str:
    reason = Refusal(found.reason) if found else None
    return render(
        "quiet_found.html",
        form=form,
        found=found,
        words=_reason(reason) if reason else "",
        is_wish_needed=reason is Refusal.UNSUBSCRIBED,
    )


def _not_their_wish(form: RemoveForm) -> ResponseReturnValue:
    # i18n: What is wrong with a box that was not ticked
    words = spoken_language().gettext("Somebody who has unsubscribed is asked again only at their own wish.")
    form.at_their_wish.errors = [words]
    with parts().database.reading() as session:
        found = suppressions.find(session, parts().settings, form.address)
    return _found(form, found), 422


def _say_removed(is_removed: bool) -> None:
    tongue = spoken_language()
    # i18n: Said after an address was taken off the do-not-survey list
    done = tongue.gettext("The address may be asked again.")
    # i18n: Said when an address was to be taken off the do-not-survey list and was not on it
    say(done if is_removed else tongue.gettext("The address was not on the list."))

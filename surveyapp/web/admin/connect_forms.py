"""The forms by which helpdesks are connected, and what sources and their fields are called."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import BooleanField
from wtforms.validators import StopValidation

from surveyapp.i18n import Language
from surveyapp.invitations import FIELD_LENGTH
from surveyapp.sources import SOURCES, check_mapping
from surveyapp.sources.event import MappingError
from surveyapp.web.admin.forms import Form, choice, line, pairs, text
from surveyapp.web.wiring import spoken_language

NAME_LENGTH = 40

_VERBATIM = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
_VENDORS = {
    "zammad": "Zammad",
    "zendesk": "Zendesk",
    "freshdesk": "Freshdesk",
    "freshservice": "Freshservice",
    "chatwoot": "Chatwoot",
    "standard": "Standard Webhooks",
}


class ConnectForm(Form):
    """A helpdesk that is not connected yet."""

    source = choice("", ())
    survey = choice("", ())
    name = line("", longest=NAME_LENGTH)
    secret = text("", longest=FIELD_LENGTH)

    def __init__(self, surveys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        tongue = spoken_language()
        # i18n: Label of a field: the helpdesk's make, such as Zendesk
        self.source.label.text = tongue.gettext("Helpdesk")
        # i18n: Label of a field: which survey is sent
        self.survey.label.text = tongue.gettext("Survey after a solved ticket")
        # i18n: Label of a field: part of an address
        self.name.label.text = tongue.gettext("Name in the address")
        # i18n: Label of a field: what proves that an event comes from the helpdesk
        self.secret.label.text = tongue.gettext("Secret")
        self.source.choices = pairs({source: source_name(tongue, source) for source in _in_order()})
        self.survey.choices = list(surveys)
        self.name.render_kw = _VERBATIM
        self.secret.render_kw = {**_VERBATIM, "rows": 2, "class": "code"}


class ChangeForm(Form):
    """One that is: an empty secret leaves the one there is."""

    survey = choice("", ())
    secret = text("", longest=FIELD_LENGTH)
    is_fresh = BooleanField()
    mapping = text("")

    def __init__(self, surveys: Sequence[tuple[str, str]], **values: Any) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field: which survey is sent
        self.survey.label.text = tongue.gettext("Survey after a solved ticket")
        # i18n: Label of a field: what proves that an event comes from the helpdesk
        self.secret.label.text = tongue.gettext("Another secret")
        # i18n: A box to tick: what proves that an event comes from the helpdesk
        self.is_fresh.label.text = tongue.gettext("Make a new secret")
        # i18n: Label of a field: lines such as team=/ticket/group/name
        self.mapping.label.text = tongue.gettext("Where fields stand")
        self.survey.choices = list(surveys)
        for field, rows in ((self.secret, 2), (self.mapping, 6)):
            field.render_kw = {**_VERBATIM, "rows": rows, "class": "code"}

    def validate_mapping(self, field: Any) -> None:
        """Every line is a field and where it stands, and no field is there twice."""
        seen: set[str] = set()
        for said in _lines(field.data):
            name, pointer = _pair(said)
            try:
                check_mapping({name: pointer})
            except MappingError as error:
                raise StopValidation(_unusable(said)) from error
            if name in seen:
                raise StopValidation(_unusable(said))
            seen.add(name)

    def pointers(self) -> dict[str, str]:
        """Field -> where it stands."""
        return dict(_pair(said) for said in _lines(self.mapping.data))


def as_lines(mapping: Mapping[str, str]) -> str:
    """A mapping as it is typed."""
    return "\n".join(f"{name}={pointer}" for name, pointer in mapping.items())


def source_name(tongue: Language, source: str) -> str:
    """What a kind of helpdesk is called."""
    # i18n: In place of a helpdesk's make: a program that the organisation wrote itself
    return _VENDORS.get(source) or tongue.gettext("A program of your own")


def field_names(tongue: Language) -> Mapping[str, str]:
    """Every field that an event can tell, in words."""
    return {
        # i18n: Field of a helpdesk's event: that the ticket was solved, reopened, merged ...
        "kind": tongue.gettext("what happened"),
        # i18n: Field of a helpdesk's event: the ticket's number
        "ticket_ref": tongue.gettext("ticket"),
        # i18n: Field of a helpdesk's event: what names one of several solvings of one ticket
        "occasion": tongue.gettext("which solving of the ticket"),
        # i18n: Field of a helpdesk's event: the time
        "at": tongue.gettext("when it happened"),
        # i18n: Field of a helpdesk's event
        "address": tongue.gettext("the customer's email address"),
        # i18n: Field of a helpdesk's event
        "recipient_name": tongue.gettext("the customer's name"),
        # i18n: Field of a helpdesk's event
        "customer_ref": tongue.gettext("the customer's reference"),
        # i18n: Field of a helpdesk's event
        "locale": tongue.gettext("the customer's language"),
        # i18n: Field of a helpdesk's event: the reference of who solved the ticket
        "agent_ref": tongue.gettext("the agent's reference"),
        # i18n: Field of a helpdesk's event
        "agent_name": tongue.gettext("the agent's name"),
        # i18n: Field of a helpdesk's event: how often the agent wrote to the customer
        "agent_replies": tongue.gettext("number of the agent's replies"),
        # i18n: Field of a helpdesk's event: the support team
        "team": tongue.gettext("team"),
        # i18n: Field of a helpdesk's event
        "case_type": tongue.gettext("case type"),
        # i18n: Field of a helpdesk's event: email, phone, chat
        "channel": tongue.gettext("channel"),
        # i18n: Field of a helpdesk's event: the ticket's tags
        "tags": tongue.gettext("tags"),
    }


def _in_order() -> list[str]:
    """Helpdesks by name, then what is none."""
    return sorted(SOURCES, key=lambda source: (source in ("generic", "standard"), source))


def _unusable(said: str) -> str:
    # i18n: What is wrong with a field of several lines. {line}: team=group/name
    return spoken_language().gettext("This line cannot be used: {line}", line=said)


def _lines(typed: str | None) -> list[str]:
    return [said.strip() for said in (typed or "").splitlines() if said.strip()]


def _pair(said: str) -> tuple[str, str]:
    name, _, pointer = said.partition("=")
    return name.strip(), pointer.strip()

"""The forms of the organisation's settings."""

from collections.abc import Mapping
from typing import Any

from wtforms import BooleanField, RadioField

from surveyapp.core.access import AgentFigures
from surveyapp.i18n import LANGUAGES, language
from surveyapp.web.admin.forms import Form, WholeField, choice, line, needed
from surveyapp.web.wiring import spoken_language

ORGANISATION = (
    "company",
    "contact",
    "timezone",
    "locale",
    "answer_mode",
    "link_days",
    "smallest_n",
    "smallest_n_agent",
    "ticket_url",
)
RETENTION = ("touches_days", "comments_days", "identity_days", "agents_days")


class OrganisationForm(Form):
    """Who asks, how answers count and what figures hide."""

    company = line("", needed)
    contact = line("", needed)
    timezone = line("", needed)
    locale = choice("", [])
    answer_mode = RadioField()
    link_days = WholeField("", 1, 3650, validators=[needed])
    smallest_n = WholeField("", 1, 10_000, validators=[needed])
    smallest_n_agent = WholeField("", 1, 10_000, validators=[needed])
    ticket_url = line("")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field: the organisation's name as customers read it
        self.company.label.text = tongue.gettext("Company name")
        # i18n: Label of a field: an address, number or page where customers reach the support team
        self.contact.label.text = tongue.gettext("Contact for customers")
        # i18n: Label of a field: Europe/Stockholm
        self.timezone.label.text = tongue.gettext("Time zone")
        # i18n: Label of a field: the language of customers and users of whom none is known
        self.locale.label.text = tongue.gettext("Language where none is known")
        # i18n: Above two buttons: when a click in a mail counts as an answer
        self.answer_mode.label.text = tongue.gettext("When an answer counts")
        # i18n: Label of a field: a number of days
        self.link_days.label.text = tongue.gettext("Days in which a survey can be answered")
        # i18n: Label of a field: a number of answers
        self.smallest_n.label.text = tongue.gettext("Fewest answers for a figure")
        # i18n: Label of a field: a number of answers
        self.smallest_n_agent.label.text = tongue.gettext("Fewest answers for a figure about one agent")
        # i18n: Label of a field: the address of a ticket in the helpdesk, with a placeholder
        self.ticket_url.label.text = tongue.gettext("Address of a ticket in your helpdesk")
        self.locale.choices = [(code, language(code).own_name) for code in LANGUAGES]
        # i18n: Button: when an answer counts. Send is the button of the customer's page
        adaptive = tongue.gettext("At once where a person clicked, after Send where a scanner might have")
        # i18n: Button: when an answer counts. Send is the button of the customer's page
        confirm = tongue.gettext("Only after Send, for everybody")
        self.answer_mode.choices = [("adaptive", adaptive), ("confirm", confirm)]
        self.timezone.render_kw = {"list": "zones", "autocomplete": "off"}
        self.ticket_url.render_kw = {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}


class RetentionForm(Form):
    """How long each kind of data is kept, in days."""

    touches_days = WholeField("", 1, 30, validators=[needed])
    comments_days = WholeField("", 1, 36_500, validators=[needed])
    identity_days = WholeField("", 1, 36_500, validators=[needed])
    agents_days = WholeField("", 1, 36_500, validators=[needed])
    sure = BooleanField()

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field: a number of days; when links were opened
        self.touches_days.label.text = tongue.gettext("Opened links, days")
        # i18n: Label of a field: a number of days
        self.comments_days.label.text = tongue.gettext("Comments, days")
        # i18n: Label of a field: a number of days; names, addresses and references of customers
        self.identity_days.label.text = tongue.gettext("Who the customer is, days")
        # i18n: Label of a field: a number of days; which agent an answer is about
        self.agents_days.label.text = tongue.gettext("Which agent it was, days")
        # i18n: Box to tick before data is deleted
        self.sure.label.text = tongue.gettext("Yes, delete what is older for good")

    def shortened(self, before: Mapping[str, Any]) -> list[str]:
        """What would be kept shorter than before, by its label."""
        return [self[name].label.text for name in RETENTION if self[name].data < before[name]]


class AgentsForm(Form):
    """How figures name agents."""

    mode = RadioField()
    was_asked = BooleanField()

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Above three buttons: off, pseudonymous or named
        self.mode.label.text = tongue.gettext("Figures about agents")
        self.mode.choices = [
            # i18n: Button: figures about agents
            (AgentFigures.OFF, tongue.gettext("Off: no figure is about one agent.")),
            (
                AgentFigures.PSEUDONYMOUS,
                # i18n: Button: figures about agents
                tongue.gettext("Pseudonymous: figures are about one agent each, but do not say who it is."),
            ),
            (
                AgentFigures.NAMED,
                # i18n: Button: figures about agents
                tongue.gettext(
                    "Named: figures say who the agent is, and agents who log in see their own answers."
                ),
            ),
        ]
        # i18n: Box to tick before figures name agents
        self.was_asked.label.text = tongue.gettext("The works council or union has been asked")

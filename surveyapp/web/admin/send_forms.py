"""The forms by which surveys are sent, and what they offer to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request
from wtforms import FileField, HiddenField

from surveyapp import names, surveys
from surveyapp.bulk import digest
from surveyapp.config import Settings
from surveyapp.core.access import Viewer
from surveyapp.db import Session
from surveyapp.i18n import LANGUAGES, Language, closest, language
from surveyapp.invitations import FIELD_LENGTH, LONGEST_ADDRESS, Request
from surveyapp.models import new_id
from surveyapp.names import Kind, Labels
from surveyapp.sight import visible_to
from surveyapp.web.admin.forms import Form, choice, line, needed
from surveyapp.web.wiring import parts, spoken_language

MOST_SUGGESTED = 50
MAIL, LINKS = "mail", "links"
"""How the customers of a list get at the survey."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen: surveys as (key, words), and for each kind of name (value, words)."""

    surveys: Sequence[tuple[str, str]]
    known: Mapping[str, Sequence[tuple[str, str]]]
    own_team: str = ""
    """The viewer's, where there is only one."""


def offered(session: Session, settings: Settings, viewer: Viewer, tongue: Language) -> Offered:
    """The surveys that are open, and of case types, channels and teams those that this viewer sees."""
    now = parts().clock()
    labels, today = Labels(session), now.astimezone(settings.timezone).date()
    seen = list(visible_to(viewer, settings.own.agent_figures))
    values = {
        kind: [row.value for row in names.all_names(session, kind, today, *seen)[:MOST_SUGGESTED]]
        for kind in (Kind.CASE_TYPE, Kind.CHANNEL, Kind.TEAM)
    }
    if viewer.teams is not None:
        values[Kind.TEAM] = sorted(viewer.teams)
    return Offered(
        surveys=_open_surveys(session, settings, tongue),
        known={
            str(kind): [(value, labels.of(kind, value, tongue.code)) for value in found]
            for kind, found in values.items()
        },
        own_team=next(iter(viewer.teams)) if viewer.teams and len(viewer.teams) == 1 else "",
    )


class LinkForm(Form):
    """One customer and one ticket, to make links for."""

    survey = choice("", ())
    locale = choice("", ())
    ticket = line("", needed, longest=FIELD_LENGTH)
    email = line("", longest=LONGEST_ADDRESS)
    name = line("", longest=FIELD_LENGTH)
    customer = line("", longest=FIELD_LENGTH)
    agent = line("", longest=FIELD_LENGTH)
    agent_name = line("", longest=FIELD_LENGTH)
    team = line("", longest=FIELD_LENGTH)
    case_type = line("", longest=FIELD_LENGTH)
    channel = line("", longest=FIELD_LENGTH)
    form_id = HiddenField()
    """Of this very form, so that it invites once however often its button is pressed."""

    def __init__(self, choices: Offered) -> None:
        super().__init__(
            survey="csat",
            locale=closest(parts().settings.locale, "en"),
            team=choices.own_team,
            form_id=new_id(),
        )
        self.known, tongue = choices.known, spoken_language()
        self.survey.choices, self.locale.choices = list(choices.surveys), _languages()
        # i18n: Label of a field: which survey
        self.survey.label.text = tongue.gettext("Survey")
        # i18n: Label of a field: in which language the customer is asked
        self.locale.label.text = tongue.gettext("Language of the survey")
        # i18n: Label of a field: the reference of a support ticket
        self.ticket.label.text = tongue.gettext("Ticket")
        # i18n: Label of a field: the customer's email address
        self.email.label.text = tongue.gettext("Customer's email address")
        # i18n: Label of a field
        self.name.label.text = tongue.gettext("Customer's name")
        # i18n: Label of a field: by which the support system knows the customer
        self.customer.label.text = tongue.gettext("Customer's reference")
        # i18n: Label of a field: by which the support system knows the agent
        self.agent.label.text = tongue.gettext("Agent's reference")
        # i18n: Label of a field
        self.agent_name.label.text = tongue.gettext("Agent's name")
        # i18n: Label of a field
        self.team.label.text = tongue.gettext("Team")
        # i18n: Label of a field: what kind of case a ticket is
        self.case_type.label.text = tongue.gettext("Case type")
        # i18n: Label of a field: the channel of a case: email, phone, chat ...
        self.channel.label.text = tongue.gettext("Channel")
        self._dress()

    def _dress(self) -> None:
        # Nothing of a customer is for the browser to remember.
        for field in (self.ticket, self.name, self.customer, self.agent, self.agent_name):
            field.render_kw = {"autocomplete": "off"}
        self.email.render_kw = {"autocomplete": "off", "autocapitalize": "none", "inputmode": "email"}
        for field in (self.team, self.case_type, self.channel):
            field.render_kw = {"autocomplete": "off", "list": f"known-{field.name}"}

    def wish(self, *, is_mailed: bool) -> Request:
        """What was typed, as a request; the same form with the same in it is the same occasion."""
        told = {each.name: each.data or None for each in self if each.name != "csrf_token"}
        return Request(
            survey=self.survey.data,
            ticket_ref=self.ticket.data or "",
            occasion=f"hand:{digest(told[name] or '' for name in sorted(told))}",
            agent_ref=told["agent"],
            agent_name=told["agent_name"],
            team=told["team"],
            case_type=told["case_type"],
            channel=told["channel"],
            locale=told["locale"],
            address=told["email"],
            recipient_name=told["name"],
            customer_ref=told["customer"],
            is_mailed=is_mailed,
        )

    @property
    def has_more(self) -> bool:
        """Whether something stands, or is wrong, in the fields that are not always needed."""
        more = (self.customer, self.agent, self.agent_name, self.case_type, self.channel)
        return any(field.data or field.errors for field in more)


class MailForm(LinkForm):
    """As LinkForm, for a customer who gets a mail."""

    def __init__(self, choices: Offered) -> None:
        super().__init__(choices)
        # Another field in its place would come last of all.
        self.email.validators = (needed, *self.email.validators)
        self.email.flags.required = True


class ListForm(Form):
    """A file of customers, and what holds for rows that say nothing else."""

    file = FileField(validators=[needed])
    survey = choice("", ())
    locale = choice("", ())
    way = choice("", ())

    def __init__(self, choices: Offered) -> None:
        super().__init__(survey="csat")
        tongue = spoken_language()
        # i18n: Choice in a list of surveys or languages: what the file's own column says
        by_row = ("", tongue.gettext("As each row says"))
        self.survey.choices = [*choices.surveys, by_row]
        self.locale.choices = [by_row, *_languages()]
        self.way.choices = [
            # i18n: Choice: how the customers of a list are asked
            (MAIL, tongue.gettext("Email the survey to each customer")),
            # i18n: Choice: how the customers of a list are asked
            (LINKS, tongue.gettext("Only make links, email nothing")),
        ]
        # i18n: Label of a field: a file to upload
        self.file.label.text = tongue.gettext("CSV file")
        # i18n: Label of a field: the survey for rows of a file that name none
        self.survey.label.text = tongue.gettext("Survey for rows that name none")
        # i18n: Label of a field: the language for rows of a file that name none
        self.locale.label.text = tongue.gettext("Language for rows that name none")
        # i18n: Label of a field: whether the customers of a list get mails or links
        self.way.label.text = tongue.gettext("What to do")
        self.file.render_kw = {"accept": ".csv,.txt,text/csv"}
        if request.method == "POST":
            # A form of text alone was read; files come beside it.
            self.file.data = request.files.get("file")


def _open_surveys(session: Session, settings: Settings, tongue: Language) -> list[tuple[str, str]]:
    now, found = parts().clock(), []
    for survey in surveys.all_surveys(session):
        if survey.closed_at is None or survey.closed_at > now:
            version = surveys.current_version(session, survey)
            question = version.text(tongue.code, version.main).question
            found.append((survey.key, f"{survey.key} – {question.replace('{company}', settings.company)}"))
    return found


def _languages() -> list[tuple[str, str]]:
    return [(code, language(code).own_name) for code in LANGUAGES]

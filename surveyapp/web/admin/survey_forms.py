"""The forms of a survey's page: its further questions, its mode and its rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from wtforms import BooleanField, Field, RadioField
from wtforms.validators import StopValidation
from wtforms.widgets import TextInput

from surveyapp.core.errors import Problem
from surveyapp.core.policy import Policy
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.metric_names import metric_name
from surveyapp.survey_edits import Draft, further_choices
from surveyapp.texts import QUESTIONS
from surveyapp.web.admin.forms import Form, WholeField, choice, line, say, text
from surveyapp.web.wiring import spoken_language

LONGEST_LIST = 4_000


@dataclass(frozen=True, slots=True)
class Further:
    """One question that can be asked after the first, and its place when it is."""

    key: str
    name: str
    question: str
    is_asked: bool
    place: int


def further_rows(draft: Draft, tongue: Language, questions: Mapping[str, str]) -> list[Further]:
    """Those that are asked first, in their order; `questions` are in the reader's words."""
    choices = further_choices(draft)
    asked = [key for key in draft.questions if key in choices]
    rest = [key for key in choices if key not in asked]
    return [
        Further(key, metric_name(tongue, QUESTIONS[key]), questions[key], key in asked, place)
        for place, key in enumerate([*asked, *rest], 1)
    ]


def chosen_further(sent: Any) -> list[str]:
    """The keys that were ticked, by the place given to each; those of one place as they stand on the page."""
    return sorted(sent.getlist("further"), key=lambda key: _place(sent.get(f"place.{key}", "")))


def _place(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 99


class ModeForm(Form):
    """What makes an answer count; "" follows the settings."""

    mode = RadioField()

    def __init__(self, standard: str, **values: Any) -> None:
        """`standard`: the mode of the settings."""
        super().__init__(**values)
        tongue = spoken_language()
        words = mode_words(tongue)
        # i18n: One of the modes of a survey. {mode}: One click is enough
        default = tongue.gettext("As in the settings, at present: {mode}", mode=words[standard])
        self.mode.choices = [("", default), *words.items()]
        # i18n: Label of a choice: when an answer to a survey counts
        self.mode.label.text = tongue.gettext("When an answer counts")


def mode_words(tongue: Language) -> dict[str, str]:
    """The modes by their names for people."""
    return {
        # i18n: A mode of a survey: when an answer counts
        "adaptive": tongue.gettext("One click is enough"),
        # i18n: A mode of a survey: when an answer counts
        "confirm": tongue.gettext("Only a press of Send counts"),
    }


class TrialForm(Form):
    """In which language a survey's mail is tried out."""

    locale = choice("", [])

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.locale.choices = [(code, language(code).own_name) for code in LANGUAGES]
        # i18n: Label of a field: in which language
        self.locale.label.text = spoken_language().gettext("Language")


class PercentField(Field):
    """A share as percent, with decimals where somebody wants them; None when it is no such thing."""

    widget = TextInput()

    def _value(self) -> str:
        if self.raw_data is not None:
            return str(self.raw_data[0]) if self.raw_data else ""
        return f"{(Decimal(str(self.data)) * 100).normalize():f}"

    def process_formdata(self, valuelist: Any) -> None:
        """As typed, with a comma or a point."""
        try:
            percent = Decimal((valuelist[0] if valuelist else "").strip().replace(",", "."))
        except InvalidOperation:
            percent = Decimal(-1)
        self.data = float(percent / 100) if percent.is_finite() and 0 <= percent <= 100 else None

    def pre_validate(self, form: Any) -> None:
        """Say which there are."""
        if self.data is None:
            raise StopValidation(say(Problem.NUMBER, low=0, high=100))


class RulesForm(Form):
    """Who is asked and when."""

    quiet_days = WholeField("", 0, 3650, is_needed=True)
    is_quiet_across_surveys = BooleanField()
    delay_minutes = WholeField("", 0, 43_200, is_needed=True)
    window_from = line("", longest=5)
    window_to = line("", longest=5)
    share = PercentField()
    most_per_domain = WholeField("", 1, 1_000_000)
    case_types = text("", longest=LONGEST_LIST)
    channels = text("", longest=LONGEST_LIST)
    teams = text("", longest=LONGEST_LIST)
    least_replies = WholeField("", 0, 1000, is_needed=True)
    is_once_per_ticket = BooleanField()
    allows_role_addresses = BooleanField()
    remind_after_days = WholeField("", 1, 365)

    def __init__(self, policy: Policy) -> None:
        super().__init__(**_shown(policy))
        for name, words in _labels(spoken_language()).items():
            self._fields[name].label.text = words
        for name in ("quiet_days", "delay_minutes", "least_replies", "share"):
            self._fields[name].flags.required = True
        for field in (self.window_from, self.window_to):
            field.render_kw = {"type": "time", "class": "number"}
        self.share.render_kw = {"inputmode": "decimal", "maxlength": 9, "class": "number"}

    def rules(self) -> dict[str, Any]:
        """What was typed, by the names of the policy's rules."""
        found = {name: field.data for name, field in self._fields.items()}
        lists = {name: _lines(found[name]) for name in ("case_types", "channels", "teams")}
        window = {name: found[name] or None for name in ("window_from", "window_to")}
        return {**found, **lists, **window}

    def blame_window(self) -> None:
        """Of the two times."""
        # i18n: What is wrong with the two times between which mails go out
        words = spoken_language().gettext("Give two different times, or leave both empty.")
        self.window_from.errors = [*self.window_from.errors, words]


def _shown(policy: Policy) -> dict[str, Any]:
    values = {name: getattr(policy, name) for name in _NAMES}
    lists = {name: "\n".join(values[name] or ()) for name in ("case_types", "channels", "teams")}
    return {**values, **lists}


_NAMES = (
    "quiet_days",
    "is_quiet_across_surveys",
    "delay_minutes",
    "window_from",
    "window_to",
    "share",
    "most_per_domain",
    "case_types",
    "channels",
    "teams",
    "least_replies",
    "is_once_per_ticket",
    "allows_role_addresses",
    "remind_after_days",
)


def _lines(typed: str) -> Sequence[str] | None:
    found = list(dict.fromkeys(filter(None, (each.strip() for each in typed.splitlines()))))
    return found or None


def _labels(tongue: Language) -> dict[str, str]:
    _ = tongue.gettext
    return {
        # i18n: Label of a rule of a survey
        "quiet_days": _("Quiet period in days"),
        # i18n: Label of a rule of a survey, as a box to tick
        "is_quiet_across_surveys": _("The quiet period counts mails of all surveys"),
        # i18n: Label of a rule of a survey
        "delay_minutes": _("Minutes between the end of a ticket and the mail"),
        # i18n: Label of a rule of a survey: a time of day such as 08:00
        "window_from": _("Send mails from"),
        # i18n: Label of a rule of a survey: a time of day such as 17:00
        "window_to": _("Send mails until"),
        # i18n: Label of a rule of a survey: a share of the customers
        "share": _("Share of customers who are asked, in percent"),
        # i18n: Label of a rule of a survey
        "most_per_domain": _("Most mails a day to one domain"),
        # i18n: Label of a rule of a survey
        "case_types": _("Only these case types"),
        # i18n: Label of a rule of a survey
        "channels": _("Only these channels"),
        # i18n: Label of a rule of a survey
        "teams": _("Only these teams"),
        # i18n: Label of a rule of a survey
        "least_replies": _("Least number of replies by an agent"),
        # i18n: Label of a rule of a survey, as a box to tick
        "is_once_per_ticket": _("Ask once for each ticket"),
        # i18n: Label of a rule of a survey, as a box to tick; such addresses are noreply@ or postmaster@
        "allows_role_addresses": _("Ask addresses that nobody reads in person"),
        # i18n: Label of a rule of a survey
        "remind_after_days": _("Remind after days"),
    }

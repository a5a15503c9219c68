"""The forms of names, and what a value is called on the pages about names."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from wtforms import SelectField

from surveyapp.core.errors import FieldError, Problem
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.names import NameRow
from surveyapp.web.admin.forms import Form, line, needed, text
from surveyapp.web.wiring import spoken_language


def shown(row: NameRow, tongue: Language) -> str:
    """What it is called in this language; the value itself when nobody has said."""
    return row.labels.get(tongue.code) or row.labels.get("") or row.told or row.value


class NameForm(Form):
    """One value's names and the words that mean the same."""

    value = line("", needed)
    sv = line("")
    ro = line("")
    de = line("")
    en = line("")
    synonyms = text("")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field: the word as helpdesks and files say it
        self.value.label.text = tongue.gettext("Word that stands for it")
        # i18n: Label of a field: other words for the same case type, team or channel
        self.synonyms.label.text = tongue.gettext("Words that mean the same")
        for code in LANGUAGES:
            self[code].label.text = language(code).own_name
            self[code].render_kw = {"lang": code}

    def labels(self) -> dict[str, str]:
        """What was typed, by language."""
        return {code: self[code].data for code in LANGUAGES}

    def words(self) -> list[str]:
        """The synonyms, one from each line."""
        return (self.synonyms.data or "").split("\n")

    def last_day(self) -> date | None:
        """None: only agents leave."""
        return None

    def blame(self, error: FieldError) -> None:
        """A synonym's place is the text area, whichever line it stands in."""
        name, _, detail = error.field.partition(".")
        if name == "synonyms" and detail and error.problem is Problem.TAKEN:
            # i18n: What is wrong with a word: it stands for another team, say. {word}: faktura
            words = spoken_language().gettext(
                "This word belongs to another name already: {word}", word=self.words()[int(detail)]
            )
            self.synonyms.errors = [*self.synonyms.errors, words]
            return
        super().blame(FieldError(detail if name == "labels" else name, error.problem, **error.values))


class AgentForm(Form):
    """One agent's name and last day."""

    value = line("", needed)
    name = line("")
    left_on = line("")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: Label of a field: an agent's key in the helpdesk
        self.value.label.text = tongue.gettext("Agent in the helpdesk")
        # i18n: Label of a field: what an agent is called
        self.name.label.text = tongue.gettext("Name to show")
        # i18n: Label of a field: a date
        self.left_on.label.text = tongue.gettext("Last day of work")
        self.left_on.render_kw = {"type": "date"}

    def labels(self) -> dict[str, str]:
        """One name in all languages."""
        return {"": self.name.data or ""}

    def words(self) -> list[str]:
        """Agents have no synonyms."""
        return []

    def last_day(self) -> date | None:
        """None while they are here; FieldError when it is no date."""
        try:
            return date.fromisoformat(self.left_on.data) if self.left_on.data else None
        except ValueError as error:
            raise FieldError("left_on", Problem.DATE) from error

    def blame(self, error: FieldError) -> None:
        """The name is the only label."""
        name = "name" if error.field.startswith("labels") else error.field
        super().blame(FieldError(name, error.problem, **error.values))


class MergeForm(Form):
    """Which other value a value is the same as."""

    value = line("", needed)
    same_as = SelectField()

    def __init__(self, row: NameRow | None, rows: Sequence[NameRow]) -> None:
        super().__init__(value=row.value if row else "")
        tongue = spoken_language()
        # i18n: Label of a choice: the word that a case type, team or channel means the same as
        self.same_as.label.text = tongue.gettext("This is the same as")
        self.same_as.choices = [
            (each.value, shown(each, tongue)) for each in rows if row is None or each.value != row.value
        ]

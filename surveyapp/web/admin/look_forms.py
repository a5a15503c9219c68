"""The forms of the page on the look and the sender; fields are named as preferences are."""

from typing import Any

from wtforms import BooleanField, ColorField, FileField

from surveyapp import preferences
from surveyapp.i18n import LANGUAGES, language
from surveyapp.web.admin.forms import Form, line, needed, text
from surveyapp.web.wiring import spoken_language


class LookForm(Form):
    """The colour, the sender, and where customers reach somebody."""

    is_own = BooleanField()
    colour = ColorField()
    contact = line("", needed)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        # i18n: A box to tick: pages and mails have the organisation's own colour
        self.is_own.label.text = tongue.gettext("Use a colour of our own")
        # i18n: Label of a field: the organisation's colour
        self.colour.label.text = tongue.gettext("Our colour")
        # i18n: Label of a field: an address, number or page where customers reach the support team
        self.contact.label.text = tongue.gettext("Contact for customers")
        for code in LANGUAGES:
            name = language(code).own_name
            # i18n: Label of a field: who mails in one language come from. {language}: svenska
            sender = tongue.gettext("Sender in {language}", language=name)
            # i18n: Label of a field: where replies to mails in one language go. {language}: svenska
            replies = tongue.gettext("Replies in {language} go to", language=name)
            self[f"senders.{code}"].label.text, self[f"reply_to.{code}"].label.text = sender, replies
            for field in (self[f"senders.{code}"], self[f"reply_to.{code}"]):
                field.render_kw = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class PrivacyForm(Form):
    """The organisation's own words on privacy."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        tongue = spoken_language()
        for code in LANGUAGES:
            field, name = self[f"privacy.{code}"], language(code).own_name
            # i18n: Label of a field: the organisation's words on privacy in one language. {language}: svenska
            field.label.text = tongue.gettext("Text in {language}", language=name)
            field.render_kw = {"lang": code, "rows": 10}


# Named as the use case names them when one of them is wrong.
for _code in LANGUAGES:
    setattr(LookForm, f"senders.{_code}", line(""))
    setattr(LookForm, f"reply_to.{_code}", line(""))
    setattr(PrivacyForm, f"privacy.{_code}", text("", longest=preferences.TEXT_LENGTH))


class LogoForm(Form):
    """A picture."""

    logo = FileField()

    def __init__(self) -> None:
        super().__init__()
        # i18n: Label of a field: a file with the organisation's logo
        self.logo.label.text = spoken_language().gettext("Picture")
        self.logo.render_kw = {"accept": "image/png,image/jpeg,image/gif,image/webp", "required": True}

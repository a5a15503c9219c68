"""What customers may send: the fields, cleaned and checked."""

import unicodedata

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from surveyapp.answers import COMMENT_LENGTH, Entry

FURTHER = "further_"

# Spelled out, because Python reads "１", " 1" and "1_0" as numbers too.
_RATINGS = {str(rating): rating for rating in range(11)}


def read_comment(text: str | None) -> str | None:
    """One kind of line end, no characters that are no text; None when the form had no such field."""
    if text is None:
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


class AnswerForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """The customer's form. It has no CSRF token: the signed link and the page's nonce replace it."""

    class Meta:
        csrf = False

    rating = StringField()
    comment = TextAreaField(filters=[read_comment], validators=[Length(max=COMMENT_LENGTH)])
    nonce = HiddenField()

    def __init__(self) -> None:
        # By itself the form would take uploaded files for texts.
        super().__init__(request.form)

    def entry(self) -> Entry | None:
        """What was sent; None when a rating is not even a number of any of our scales."""
        further = {
            name.removeprefix(FURTHER): _RATINGS.get(value)
            for name, value in request.form.items()
            if name and name.startswith(FURTHER)  # a part of a broken multipart form may have no name
        }
        given = {key: rating for key, rating in further.items() if rating is not None}
        rating = _RATINGS.get(self.rating.data or "")
        if len(given) < len(further) or (rating is None and self.rating.data):
            return None
        return Entry(rating, self.comment.data, given)

"""Letters for the tests of mails and for the pictures of them."""

from surveyapp.core.scales import SCALES, Metric
from surveyapp.i18n import language
from surveyapp.mail import Letter, Sender
from surveyapp.texts import QUESTIONS, built_in_text

HOST = "https://survey.nordvik.example"
TOKEN = "Q2s1bXpXN2RkUjJ4.Yk3nq0fX1mPz7Vd2uB8sWc4tLrEjHgA6oNiKxTbCvMy"
SENDER = Sender(company="Nordvik Energi", mail_from="enkat@nordvik.example", public_url=HOST)
NAMES = {"sv": "Maria Öberg", "ro": "Ștefan Ionescu", "de": "Jürgen Müller", "en": "Anna Bell"}
# The question of each metric that a mail asks; NKI's others follow on the page.
ASKED = ("nps", "csat", "ces", "ces_ease", "nki1", "open")


def letter(question_key: str = "csat", locale: str = "sv") -> Letter:
    """A letter as the worker makes it."""
    metric = QUESTIONS[question_key]
    ratings = () if metric is Metric.OPEN else SCALES[metric].ratings
    page = f"{HOST}/s/{TOKEN}"
    return Letter(
        invitation_id="Q2s1bXpXN2RkUjJ4",
        to_address="kund@example.se",
        to_name=NAMES[locale],
        locale=locale,
        ticket_ref="T-1042",
        metric=metric,
        text=built_in_text(question_key, language(locale)),
        page_url=page,
        rating_urls={rating: f"{page}/{rating}" for rating in ratings},
        unsubscribe_url=f"{HOST}/u/{TOKEN}",
        privacy_url=f"{HOST}/p/{TOKEN}",
    )

"""Letters for the tests of mails and for pictures of them, and their mails as they are read."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from surveyapp.core.scales import SCALES, Metric
from surveyapp.i18n import language
from surveyapp.mail import Letter, Sender, write
from surveyapp.texts import QUESTIONS, built_in_text
from tests.support.mail_page import Element, parsed

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
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


def read_back(sent: Letter, sender: Sender = SENDER) -> EmailMessage:
    """The mail of a letter as it is parsed at its destination."""
    message: EmailMessage = message_from_bytes(write(sent, sender, NOW).as_bytes(), policy=policy.default)
    return message


def text_of(message: EmailMessage) -> str:
    return content_of(message, "plain")


def page_of(message: EmailMessage) -> Element:
    return parsed(content_of(message, "html"))


def content_of(message: EmailMessage, kind: str) -> str:
    """One view, "plain" or "html", decoded."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def links_of(message: EmailMessage) -> list[str]:
    """The links of the HTML view in order."""
    return [link.attributes["href"] for link in page_of(message).all("a")]

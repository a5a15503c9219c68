"""A mail to hand over, and marks that are counted."""

from collections.abc import Callable
from email import policy
from email.message import EmailMessage

from surveyapp.relay import relay


def message(identity: str = "inv-1", to: str = "kund@example.se", body: str = "Hej\n") -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = "Nordvik Energi <enkat@nordvik.example>"
    mail["To"] = to
    mail["Message-ID"] = f"<{identity}@nordvik.example>"
    mail["Subject"] = "Hej"
    mail.set_content(body)
    return mail


def no_mark() -> None:
    """For mails whose mark nobody looks at."""


class Marks(list[str]):
    def __call__(self) -> None:
        self.append("mark")


def send(url: str, mark: Callable[[], None], mail: EmailMessage | None = None) -> None:
    with relay(url) as post:
        post.deliver(mail or message(), mark)

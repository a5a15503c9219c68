"""Relays for tests that need no server."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Self


@dataclass(slots=True)
class Counting:
    """Takes every mail and remembers of which invitation it was; `before` and `after` run around the mark."""

    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    delivered: list[str] = field(default_factory=list)

    def deliver(self, message: EmailMessage, mark: Callable[[], None], sender: str | None = None) -> None:
        self.before()
        mark()
        self.after()
        self.delivered.append(message["Message-ID"].strip("<>").partition("@")[0])

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

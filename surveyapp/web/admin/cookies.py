"""The cookie of those who log in: only below /admin, so that customers never meet one."""

from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin

PATH = "/admin"


class AdminSessions(SecureCookieSessionInterface):
    """A signed cookie with the form token and, once somebody has logged in, the secret of their sign-in.

    What it opens is looked up in the database each time: a sign-in that was ended there opens nothing.
    """

    def open_session(self, app: Flask, request: Request) -> Any:
        """Elsewhere a session that says so when somebody wants to write to it."""
        if not is_below(request.path):
            return self.make_null_session(app)
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing but what changed is sent again."""
        if not self.is_null_session(session):
            super().save_session(app, session, response)

    def get_cookie_path(self, app: Flask) -> str:
        """Below which no customer's page lies."""
        return PATH


def is_below(path: str) -> bool:
    """Whether this is one of the pages behind the login, or the login itself."""
    return path == PATH or path.startswith(f"{PATH}/")

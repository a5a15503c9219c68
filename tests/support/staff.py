"""Somebody who is logged in, and what their browser sends."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from flask.testing import FlaskClient

from surveyapp import signins, users
from surveyapp.core.access import Permission, Role, Viewer
from surveyapp.models import User
from surveyapp.web.admin.guard import SIGNIN
from tests.support.people import HOST, Page, Site

PASSWORD = "correct horse battery staple"
_numbers = count(1)


@dataclass(slots=True)
class Staff:
    """One browser of one user; it keeps its cookies, follows no redirect by itself and sends form tokens."""

    site: Site
    user: User | None
    client: FlaskClient = field(repr=False)
    language: str = "en"
    network: str = "198.51.100.7"

    @property
    def viewer(self) -> Viewer:
        assert self.user is not None
        return users.viewer_of(self.user)

    def get(self, path: str, **headers: str) -> Page:
        """A page; `path` may be given without /admin."""
        return self._send("GET", path, None, headers)

    def post(self, path: str, data: Any = None, **fields: Any) -> Page:
        """Send a form, with the token that the session's pages carry; lists are sent several times."""
        return self._send("POST", path, {"csrf_token": self.token, **(data or {}), **fields}, {})

    def send(self, path: str, data: Any) -> Page:
        """Send just this."""
        return self._send("POST", path, data, {})

    def follow(self, page: Page) -> Page:
        """Where a redirect leads."""
        assert page.status in (302, 303), page.text
        return self.get(page.location)

    @property
    def token(self) -> str:
        """The form token of a page that everybody sees."""
        page = self.get("/forgot")
        return next(each["value"] or "" for each in page.inputs if each.get("name") == "csrf_token")

    def _send(self, method: str, path: str, data: Any, headers: dict[str, str]) -> Page:
        path = path if path.startswith("/admin") else f"/admin{path}"
        response = self.client.open(
            path,
            method=method,
            data=data,
            base_url=HOST,
            headers={"Accept-Language": self.language, "Referer": f"{HOST}{path}", **headers},
            environ_base={"REMOTE_ADDR": self.network},
        )
        return Page(response)


def stranger(site: Site, **about: Any) -> Staff:
    """A browser in which nobody is logged in."""
    return Staff(site, None, site.app.test_client(), **about)


def account(
    site: Site,
    role: Role = Role.ADMIN,
    *,
    teams: list[str] | None = None,
    agent_ref: str | None = None,
    allowed: dict[Permission, bool] | None = None,
    password: str | None = None,
    email: str | None = None,
    name: str = "Anna Berg",
) -> User:
    """A user, without a password unless one is given."""
    number = next(_numbers)
    with site.database.transaction() as session:
        user = users.add_user(
            session,
            email or f"user{number}@nordlicht.example",
            name,
            role,
            site.clock(),
            teams=teams,
            agent_ref=agent_ref or ("nobody's" if role is Role.AGENT else None),
        )
        user.allowed = {str(key): value for key, value in (allowed or {}).items()}
        if password is not None:
            users.set_password(session, user, password, site.clock())
    return user


def staff(site: Site, role: Role = Role.ADMIN, **about: Any) -> Staff:
    """A user of this role, logged in: `staff(site, Role.SUPPORT, teams=["Billing"])`."""
    language = about.pop("language", "en")
    return logged_in(site, account(site, role, **about), language=language)


def logged_in(site: Site, user: User, **about: Any) -> Staff:
    """A new browser in which this user is logged in."""
    client = site.app.test_client()
    with site.database.transaction() as session:
        token = signins.begin(session, user, "a test's browser", site.clock())
    with client.session_transaction("/admin/", base_url=HOST) as kept:
        kept[SIGNIN] = token
    return Staff(site, user, client, **about)

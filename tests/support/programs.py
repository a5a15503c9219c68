"""A program that speaks to the API with a key."""

from dataclasses import dataclass, field
from typing import Any, cast

from werkzeug.test import TestResponse

from surveyapp import keys
from surveyapp.keys import Scope
from tests.support.people import Site

HOST = "survey.nordlicht.example"


@dataclass(frozen=True, slots=True)
class Program:
    """A helpdesk's program, or a spreadsheet's."""

    site: Site
    key: str = field(repr=False)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One request; header names with underscores: `call("GET", "/scores", Accept_Language="sv")`."""
        given = {"Authorization": f"Bearer {self.key}", "Host": HOST}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        options = {} if body is None else {"json": body}
        return self.site.client.open(f"/api/v1{path}", method=method, headers=given, **options)

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        """The JSON of a page that is there."""
        response = self.call("GET", path, **headers)
        assert response.status_code == 200, response.text
        return cast("dict[str, Any]", response.json)

    def invite(self, **about: Any) -> dict[str, Any]:
        """A new invitation."""
        body = {"survey": "csat", "ticket_ref": "T-1", "recipient": {"email": "kund@example.se"}} | about
        response = self.call("POST", "/invitations", body)
        assert response.status_code in (200, 201), response.text
        return cast("dict[str, Any]", response.json)


def program(site: Site, *scopes: Scope) -> Program:
    """With these scopes, or with all."""
    with site.database.transaction() as session:
        _, key = keys.add_key(session, "a test", scopes or list(Scope), None, site.clock())
    return Program(site, key)

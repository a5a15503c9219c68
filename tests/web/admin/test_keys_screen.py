"""API keys in the browser: made, shown once, revoked."""

import re
from datetime import timedelta

import pytest

from surveyapp import keys
from surveyapp.core.access import Role
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import KeyRefusedError
from surveyapp.db import Database
from surveyapp.i18n import language
from surveyapp.models import ApiKey, Record
from tests.support.people import START, Page, Site, opened
from tests.support.staff import Staff, staff

NAME = "<b>Nightly</b> \"figures\" & 'more'"
KEY = re.compile(r"surveyapp_[a-z0-9]{8}_[\w-]{43}")


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def anna(site: Site) -> Staff:
    return staff(site, Role.ADMIN)


def made(anna: Staff, name: str = "Nightly", **fields: object) -> str:
    """A new key, as the page shows it."""
    page = anna.post("/settings/keys", name=name, **{"scopes": ["read"], **fields})
    assert page.status == 200, page.words
    found = KEY.search(page.text)
    assert found
    return found[0]


def prefix(site: Site) -> str:
    return str(site.rows(ApiKey)[0]["prefix"])


def deeds(site: Site) -> list[tuple[str, str | None]]:
    return sorted((row["deed"], row["target"]) for row in site.rows(Record))


def ticked(page: Page) -> list[str | None]:
    return [each["value"] for each in page.inputs if each.get("name") == "scopes" and "checked" in each]


def test_a_key_is_shown_once_and_opens_what_was_ticked(site: Site, anna: Staff) -> None:
    key = made(anna, scopes=["read", "export"], days="30")
    with site.database.reading() as session:
        row = keys.find_key(session, key, site.clock())
    assert (row.scopes, row.expires_at) == (["export", "read"], START + timedelta(days=30))
    listed = anna.get("/settings/keys")
    assert key not in listed.text
    assert f"surveyapp_{row.prefix}" in listed.words
    assert "read states and scores, read answers and comments" in listed.words
    assert "Valid never 1 Apr 2026" in listed.words
    assert deeds(site) == [(Deed.KEY_ADDED, row.prefix)]


def test_the_page_with_the_key_is_kept_by_no_browser(anna: Staff) -> None:
    page = anna.post("/settings/keys", name="Nightly", scopes=["read"])
    assert page.headers["Cache-Control"] == "no-store"
    assert "cannot be shown again" in page.words


def test_a_key_that_is_revoked_opens_nothing(site: Site, anna: Staff) -> None:
    key = made(anna)
    page = anna.follow(anna.post(f"/settings/keys/{prefix(site)}/revoke"))
    assert "The key Nightly opens nothing any more." in page.words
    assert "Revoked" in page.words and "Revoke this key" not in page.words
    with site.database.reading() as session, pytest.raises(KeyRefusedError):
        keys.find_key(session, key, site.clock())


def test_revoking_twice_is_recorded_once(site: Site, anna: Staff) -> None:
    made(anna)
    for _ in range(2):
        assert anna.post(f"/settings/keys/{prefix(site)}/revoke").status == 303
    assert deeds(site) == [(Deed.KEY_ADDED, prefix(site)), (Deed.KEY_REVOKED, prefix(site))]


def test_before_it_is_revoked_the_page_says_what_that_does(anna: Staff) -> None:
    made(anna)
    assert "Programs with this key are refused from that moment on." in anna.get("/settings/keys").words


def test_an_expired_key_is_called_so(site: Site, anna: Staff) -> None:
    made(anna, days="1")
    assert "Valid" in anna.get("/settings/keys").words
    site.clock.forward(days=1)
    page = staff(site).get("/settings/keys")
    assert "Expired" in page.words and "Valid" not in page.words


@pytest.mark.parametrize(
    ("fields", "alert"),
    [
        ({"name": "", "scopes": ["read"]}, "This is missing."),
        ({"name": "Nightly"}, "This is missing."),
        ({"name": "Nightly", "scopes": ["all"]}, "This is not known."),
        ({"name": "Nightly", "scopes": ["read"], "days": "0"}, "a whole number from 1 to 3"),
        ({"name": "Nightly", "scopes": ["read"], "days": "soon"}, "a whole number from 1 to 3"),
        ({"name": "x" * 201, "scopes": ["read"]}, "This is longer than 200 characters."),
    ],
)
def test_what_is_wrong_is_said_and_makes_no_key(
    site: Site, anna: Staff, fields: dict[str, object], alert: str
) -> None:
    page = anna.post("/settings/keys", data=fields)
    assert (page.status, site.rows(ApiKey)) == (422, [])
    assert alert in page.words


def test_what_was_typed_is_kept(anna: Staff) -> None:
    page = anna.post("/settings/keys", name=NAME, scopes=["read", "export"], days="never")
    values = {each.get("name"): each.get("value") for each in page.inputs}
    assert (values["name"], values["days"], ticked(page)) == (NAME, "never", ["read", "export"])


def test_a_name_with_markup_is_text(anna: Staff) -> None:
    shown = anna.post("/settings/keys", name=NAME, scopes=["read"])
    listed = anna.get("/settings/keys")
    for page in (shown, listed):
        assert "<b>Nightly" not in page.response.text
        assert NAME in page.text


@pytest.mark.parametrize("unknown", ["aaaaaaaa", "%00", "..%5c", "x" * 300])
def test_a_key_that_there_is_not_is_not_found(anna: Staff, unknown: str) -> None:
    assert anna.post(f"/settings/keys/{unknown}/revoke").status == 404


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_admins_gets_in(site: Site, role: Role) -> None:
    other = staff(site, role)
    assert other.get("/settings/keys").status == 403
    assert other.post("/settings/keys", name="Nightly", scopes=["read"]).status == 403
    assert site.rows(ApiKey) == []


def test_the_page_speaks_swedish(site: Site) -> None:
    page = staff(site, language="sv").post("/settings/keys", name="")
    assert page.language == "sv"
    assert language("sv").gettext("Please look at these fields:") in page.words

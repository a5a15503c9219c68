"""Keys to the API."""

from datetime import timedelta

import pytest

from surveyapp import keys
from surveyapp.core.errors import KeyRefusedError, UnknownKeyError
from surveyapp.db import Database
from surveyapp.keys import Scope
from surveyapp.models import ApiKey
from tests.support.people import START, Site, opened


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def made(site: Site, days: int | None = None) -> tuple[str, str]:
    with site.database.transaction() as session:
        expires_at = site.clock() + timedelta(days=days) if days else None
        row, key = keys.add_key(session, "helpdesk", [Scope.READ, Scope.INVITE], expires_at, site.clock())
        return row.prefix, key


def opens(site: Site, key: str) -> bool:
    with site.database.reading() as session:
        try:
            keys.find_key(session, key, site.clock())
        except KeyRefusedError:
            return False
    return True


def test_a_key_is_known_again_and_not_stored(site: Site) -> None:
    prefix, key = made(site)
    [row] = site.rows(ApiKey)
    assert opens(site, key) and prefix in key
    assert key not in str(row) and key.rsplit("_", 1)[1] not in str(row)
    assert (row["name"], row["scopes"]) == ("helpdesk", ["invite", "read"])


def test_one_letter_off_opens_nothing(site: Site) -> None:
    _, key = made(site)
    for place in range(len(key)):
        other = key[:place] + ("x" if key[place] != "x" else "y") + key[place + 1 :]
        assert not opens(site, other)
    assert not opens(site, key + "x") and not opens(site, key[:-1]) and not opens(site, "")


def test_a_key_expires(site: Site) -> None:
    _, key = made(site, days=1)
    site.clock.forward(hours=23, minutes=59)
    assert opens(site, key)
    site.clock.forward(minutes=1)
    assert not opens(site, key)


def test_a_revoked_key_opens_nothing_and_stays_revoked_since(site: Site) -> None:
    prefix, key = made(site)
    for _ in range(2):
        with site.database.transaction() as session:
            keys.revoke_key(session, prefix, site.clock())
        assert not opens(site, key)
        site.clock.forward(days=1)
    assert site.rows(ApiKey)[0]["revoked_at"] == START


def test_a_key_that_is_none_cannot_be_revoked(site: Site) -> None:
    with pytest.raises(UnknownKeyError), site.database.transaction() as session:
        keys.revoke_key(session, "abcdefgh", site.clock())


def test_its_last_use_is_known_to_the_minute(site: Site) -> None:
    from tests.support.programs import program

    helpdesk = program(site, Scope.READ)
    helpdesk.get("/scores?from=2026-02-01&to=2026-02-28")
    site.clock.forward(seconds=59)
    helpdesk.get("/scores?from=2026-02-01&to=2026-02-28")
    assert site.rows(ApiKey)[0]["last_used_at"] == START
    site.clock.forward(seconds=1)
    helpdesk.get("/scores?from=2026-02-01&to=2026-02-28")
    assert site.rows(ApiKey)[0]["last_used_at"] == START + timedelta(minutes=1)

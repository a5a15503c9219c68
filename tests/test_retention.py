"""What is kept for how long, and that it goes without anything else."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from surveyapp import retention
from surveyapp.config import Own, Settings
from surveyapp.core.errors import MailRefusedError
from surveyapp.db import Database
from surveyapp.models import Answer, Invitation, InvitationEvent, Record, Touch
from surveyapp.retention import Purge
from tests.support.people import START, Invited, Site, Visitor, opened
from tests.support.relays import Counting

KEPT = Own(touches_days=30, comments_days=100, identity_days=200, agents_days=300)
IDENTITY = ("address", "recipient_name", "customer_ref", "address_hash", "domain")


class Refusing(Counting):
    """Takes no mail, and says why as mail servers do: with the address."""

    def deliver(self, *_: object) -> None:
        raise MailRefusedError("550 <kund@example.se> is unknown here", is_address_gone=True)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return opened(database, MAIL_URL=(tmp_path / "mail").as_uri(), EARLY_SECONDS="0", SMALLEST_N="1")


def asked(site: Site, **about: Any) -> Invited:
    values = {"customer_ref": "c-1", "recipient_name": "Åsa", "agent_ref": "anna", "agent_name": "Anna"}
    return site.invited(**(values | {"properties": {"plan": "gold"}} | about))


def answered(site: Site, invited: Invited, comment: str = "tack") -> None:
    person = Visitor(site, invited)
    person.open(4)
    person.press(4, comment=comment)


def purge(site: Site, own: Own = KEPT, most: int = 1000) -> dict[str, int]:
    """What a whole round forgets."""
    purge = Purge(settings_with(site, own), most)
    for _ in range(100):
        with site.database.transaction() as session:
            if not purge(session, site.clock()):
                return {kind: number for kind, number in purge.counts.items() if number}
    raise AssertionError("a round without an end")


def settings_with(site: Site, own: Own) -> Settings:
    return replace(site.settings, own=own)


def test_everything_goes_in_its_own_time(site: Site) -> None:
    invited = asked(site)
    answered(site, invited)
    gone = []
    for days in (30, 100, 200, 300):
        site.clock.at = START + timedelta(days=days)
        assert purge(site) == {}, "kept on its last day"
        site.clock.forward(seconds=1)
        gone.append(purge(site))
    assert gone == [{"touches": 1}, {"comments": 1}, {"identities": 1}, {"agents": 1}]
    assert purge(site) == {}


def test_the_rating_and_its_day_stay(site: Site) -> None:
    invited = asked(site, team="first")
    answered(site, invited)
    before = site.scores(team="first")
    site.clock.forward(days=400)
    purge(site)
    assert site.scores(team="first") == before and before[0].n == 1
    [answer], row = site.rows(Answer), site.invitation(invited)
    assert (answer["comment"], answer["rating"], site.rows(Touch)) == (None, 4, [])
    assert [row[name] for name in (*IDENTITY, "agent_ref", "agent_name")] == [None] * 7
    assert row["properties"] == {} and row["ticket_ref"].startswith("T-") and row["team"] == "first"


def test_a_comment_is_as_old_as_its_last_change(site: Site) -> None:
    invited = asked(site)
    answered(site, invited)
    site.clock.forward(days=10)
    answered(site, invited, "tack igen")
    site.clock.forward(days=95)
    assert "comments" not in purge(site)
    site.clock.forward(days=6)
    assert purge(site)["comments"] == 1


def test_whoever_still_waits_for_a_mail_keeps_the_address(site: Site) -> None:
    waiting = asked(site, is_mailed=True, send_at=site.clock() + timedelta(days=300))
    site.clock.forward(days=250)
    assert purge(site) == {}
    site.clock.forward(days=51)
    post = Counting()
    site.worker(post).send_due()
    assert post.delivered == [waiting.id]
    assert purge(site)["identities"] == 1


def test_a_link_can_be_answered_when_nobody_knows_any_more_whose_it_is(site: Site) -> None:
    invited = asked(site)
    site.clock.forward(days=50)
    own = Own(identity_days=40, agents_days=40)
    assert purge(site, own) == {"identities": 1, "agents": 1}
    answered(site, invited)
    assert site.state(invited) == ("counted", "press", 4)


def test_a_mail_servers_words_go_with_the_identity_and_ours_stay(site: Site) -> None:
    asked(site, is_mailed=True)
    site.worker(Refusing()).send_due()
    refused = asked(site, is_mailed=True, address="no-reply@example.se")
    site.clock.forward(days=201)
    assert purge(site)["identities"] == 2
    reasons = {row["id"]: row["reason"] for row in site.rows(Invitation)}
    assert reasons.pop(refused.id) == "role_address" and list(reasons.values()) == [None]
    assert [row["detail"] for row in site.rows(InvitationEvent)] == [None]


@pytest.mark.parametrize("name", ["recipient_name", "customer_ref", "properties", "address"])
def test_each_part_of_an_identity_is_found_alone(site: Site, name: str) -> None:
    nothing: dict[str, Any] = {
        "recipient_name": None,
        "customer_ref": None,
        "properties": {},
        "address": None,
    }
    values = {"properties": {"plan": "gold"}, "address": "kund@example.se"}
    asked(site, **(nothing | {name: values.get(name, "x")}))
    site.clock.forward(days=201)
    assert purge(site) == {"identities": 1}


def test_a_round_goes_batch_by_batch_through_all_of_it(site: Site) -> None:
    for _ in range(7):
        asked(site)
    site.clock.forward(days=1)
    young = asked(site)
    site.clock.forward(days=300, seconds=-1)
    assert purge(site, most=2) == {"identities": 8, "agents": 7}
    assert site.invitation(young)["agent_ref"] == "anna"


def test_a_round_is_recorded_with_its_counts_once_a_day(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "surveyapp")
    with site.database.transaction() as session:
        assert retention.is_due(session, site.clock())
        retention.note(session, {"comments": 0}, site.clock())
        assert retention.is_due(session, site.clock())
        retention.note(session, {"touches": 0, "identities": 2, "comments": 1}, site.clock())
        assert not retention.is_due(session, site.clock() + timedelta(hours=23))
        assert retention.is_due(session, site.clock() + timedelta(hours=24))
    [record] = site.rows(Record)
    assert (record["deed"], record["actor"], record["user_id"]) == ("purged", "worker", None)
    assert record["detail"] == {"comments": 1, "identities": 2}
    assert "comments 1, identities 2" in caplog.text

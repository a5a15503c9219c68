"""One filter for every query: whose invitations somebody sees."""

import pytest
from sqlalchemy import select

from surveyapp.core.access import AgentFigures, Role, Viewer
from surveyapp.core.errors import UnknownInvitationError
from surveyapp.db import Database
from surveyapp.models import Invitation
from surveyapp.sight import find_visible, visible_to
from tests.support.people import Site, opened
from tests.support.viewers import viewer

NAMED = AgentFigures.NAMED


@pytest.fixture
def site(database: Database) -> Site:
    """With three invitations: of two teams, and of none."""
    site = opened(database)
    site.invited(ticket_ref="north", team="Nord", agent_ref="anna")
    site.invited(ticket_ref="south", team="Süd", agent_ref="björn")
    site.invited(ticket_ref="nowhere")
    return site


def seen(site: Site, somebody: Viewer, mode: AgentFigures = NAMED) -> set[str]:
    with site.database.reading() as session:
        return set(session.scalars(select(Invitation.ticket_ref).where(*visible_to(somebody, mode))))


def test_who_has_no_teams_of_their_own_sees_all_there_are(site: Site) -> None:
    for role in (Role.ADMIN, Role.LEADER, Role.SUPPORT, Role.VIEWER):
        assert seen(site, viewer(role)) == {"north", "south", "nowhere"}


def test_who_has_teams_sees_theirs_and_nothing_that_has_none(site: Site) -> None:
    for role in (Role.ADMIN, Role.LEADER, Role.SUPPORT, Role.VIEWER):
        assert seen(site, viewer(role, "Nord")) == {"north"}
    assert seen(site, viewer(Role.SUPPORT, "Nord", "Süd")) == {"north", "south"}
    assert seen(site, viewer(Role.SUPPORT, "nord")) == set()
    assert seen(site, Viewer("x", Role.LEADER, frozenset())) == set()


def test_an_agent_sees_the_own_ones_where_agents_are_named_and_nowhere_else(site: Site) -> None:
    anna = viewer(Role.AGENT, agent_ref="anna")
    assert seen(site, anna) == {"north"}
    assert seen(site, anna, AgentFigures.OFF) == seen(site, anna, AgentFigures.PSEUDONYMOUS) == set()
    assert seen(site, viewer(Role.AGENT)) == set()


def test_what_is_none_of_yours_is_as_unknown_as_what_is_not_there(site: Site) -> None:
    ids = {row["ticket_ref"]: row["id"] for row in site.rows(Invitation)}
    leader = viewer(Role.LEADER, "Nord")
    with site.database.reading() as session:
        assert find_visible(session, leader, NAMED, ids["north"]).ticket_ref == "north"
        told = set()
        for unknown in (ids["south"], ids["nowhere"], "nothing", "nul\0"):
            with pytest.raises(UnknownInvitationError) as error:
                find_visible(session, leader, NAMED, unknown)
            told.add(str(error.value))
    assert len(told) == 1

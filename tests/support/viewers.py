"""People who are logged in, and what of an installation they look with."""

from dataclasses import replace

from surveyapp.config import Settings
from surveyapp.core.access import AgentFigures, Permission, Role, Viewer
from surveyapp.models import User
from tests.support.people import START, Site


def viewer(
    role: Role = Role.ADMIN,
    *teams: str,
    agent_ref: str | None = None,
    given: tuple[Permission, ...] = (),
    taken: tuple[Permission, ...] = (),
) -> Viewer:
    """Somebody of all teams, unless some are named."""
    allowed = dict.fromkeys(given, True) | dict.fromkeys(taken, False)
    return Viewer(f"the {role}", role, frozenset(teams) or None, agent_ref, allowed)


def employed(site: Site, somebody: Viewer) -> Viewer:
    """The same, with a user of that id, so that the audit log can tell who it was."""
    with site.database.transaction() as session:
        session.add(
            User(
                id=somebody.id,
                email=f"{somebody.role}@nordlicht.example",
                name=somebody.id,
                role=somebody.role,
                allowed={},
                created_at=START,
            )
        )
    return somebody


def with_agents(settings: Settings, mode: AgentFigures) -> Settings:
    """The settings of an installation that names agents so."""
    return replace(settings, own=replace(settings.own, agent_figures=mode))

"""The people of the invented company who log in: one for each role."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from surveyapp import users
from surveyapp.core.access import Role
from surveyapp.db import Database

PASSWORD = "SURVEYAPP_DEMO_PASSWORD"  # noqa: S105
"""The setting that holds the password of all of them, drawn once for each demo."""


@dataclass(frozen=True, slots=True)
class Employee:
    """Who they are; `teams` None: all there are."""

    name: str
    role: Role
    teams: tuple[str, ...] | None = None
    agent_ref: str | None = None


STAFF: Mapping[str, Employee] = {
    "admin@nordvik.example": Employee("Ingrid Holm", Role.ADMIN),
    "leader@nordvik.example": Employee("Radu Marin", Role.LEADER, ("north",)),
    "support@nordvik.example": Employee("Lena Vogt", Role.SUPPORT, ("north",)),
    "agent@nordvik.example": Employee("Johan Ek", Role.AGENT, agent_ref="johan"),
    "viewer@nordvik.example": Employee("Sales", Role.VIEWER),
}
"""Address -> employee."""


def employ(database: Database, password: str, now: datetime) -> None:
    """Give each an account with the password; those who have one keep theirs."""
    for email, each in STAFF.items():
        with database.transaction() as session:
            if users.by_email(session, email) is not None:
                continue
            user = users.add_user(
                session, email, each.name, each.role, now, teams=each.teams, agent_ref=each.agent_ref
            )
            users.set_password(session, user, password, now)

"""Who may do what: roles, permissions, and whose data somebody sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for."""

    ADMIN = "admin"
    LEADER = "leader"
    SUPPORT = "support"
    AGENT = "agent"
    VIEWER = "viewer"


class Permission(StrEnum):
    """One thing that may be allowed; what is not allowed is refused."""

    ACCOUNT = "account"
    """See and change what belongs to oneself."""
    SEND = "send"
    """Invite customers of the own teams; call off, send again, remind."""
    INVITATIONS = "invitations"
    """See the invitations of the own teams and what became of them, without ratings."""
    ANSWERS = "answers"
    """See single answers with their ratings."""
    FIGURES = "figures"
    """See scores of the own teams."""
    EXPORT = "export"
    COMMENTS = "comments"
    """Read what customers wrote."""
    CUSTOMERS = "customers"
    """See who a customer is: name, address and reference."""
    AGENT_NAMES = "agent_names"
    """See who an agent is, where agents are named."""
    VOID = "void"
    """Take an answer out of the scores, with a reason."""
    JUDGE = "judge"
    """Release or refuse what is held."""
    SURVEYS = "surveys"
    """Edit questions, texts and rules."""
    CONNECT = "connect"
    """Connect helpdesks and make API keys."""
    TARGETS = "targets"
    """Set targets and dated markers for the figures."""
    ORGANISATION = "organisation"
    """Look, sender, names, settings, the do-not-survey list."""
    USERS = "users"
    AUDIT = "audit"
    ERASE = "erase"
    """Erase a person's data, and give a person what is stored about them."""


class AgentFigures(StrEnum):
    """How figures name agents; works councils and unions must be asked before `named`."""

    OFF = "off"
    PSEUDONYMOUS = "pseudonymous"
    NAMED = "named"


SEPARATE = frozenset({Permission.COMMENTS, Permission.CUSTOMERS, Permission.AGENT_NAMES})
"""Given to and taken from each user on their own, whatever the role; agents and viewers never have them."""

_ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.LEADER: frozenset(
        {
            Permission.ACCOUNT,
            Permission.INVITATIONS,
            Permission.ANSWERS,
            Permission.FIGURES,
            Permission.EXPORT,
            Permission.COMMENTS,
            Permission.AGENT_NAMES,
            Permission.VOID,
            Permission.TARGETS,
        }
    ),
    Role.SUPPORT: frozenset(
        {
            Permission.ACCOUNT,
            Permission.SEND,
            Permission.INVITATIONS,
            Permission.CUSTOMERS,
            Permission.AGENT_NAMES,
        }
    ),
    Role.AGENT: frozenset({Permission.ACCOUNT, Permission.ANSWERS}),
    Role.VIEWER: frozenset({Permission.ACCOUNT, Permission.FIGURES}),
}
_NEVER_MORE = frozenset({Role.AGENT, Role.VIEWER})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who is logged in, as far as it decides what they see."""

    id: str
    role: Role
    teams: frozenset[str] | None
    """The own ones; None: all there are."""
    agent_ref: str | None = None
    allowed: Mapping[Permission, bool] = field(default_factory=dict)
    """What of SEPARATE was given or taken, where it differs from the role."""

    def may(self, permission: Permission) -> bool:
        """Whether it is allowed, wherever it concerns what this viewer sees at all."""
        if permission in SEPARATE and self.role not in _NEVER_MORE:
            return self.allowed.get(permission, permission in _ROLES[self.role])
        return permission in _ROLES[self.role]

    def sees_agents(self, mode: AgentFigures) -> bool:
        """Whether agents stand beside tickets.

        Who sees single ratings could add up an agent's figures from them, and so sees agents only where
        those are named.
        """
        return self.may(Permission.AGENT_NAMES) and (
            mode is AgentFigures.NAMED or not self.may(Permission.ANSWERS)
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads figures, as far as it decides which: a person, a program, or the operator at a terminal."""

    teams: frozenset[str] | None
    """Whose answers are seen; None: of all teams."""
    is_bound: bool
    """May not open single answers, so that withholding has to hold against adding and subtracting."""
    agents: AgentFigures
    """How figures of agents appear to this reader."""


def reader_of(viewer: Viewer, mode: AgentFigures) -> Reader:
    """Somebody who is logged in. Who may not open single answers sees no figures of agents at all."""
    is_bound = not viewer.may(Permission.ANSWERS)
    if is_bound:
        agents = AgentFigures.OFF
    elif mode is AgentFigures.NAMED and not viewer.may(Permission.AGENT_NAMES):
        agents = AgentFigures.PSEUDONYMOUS
    else:
        agents = mode
    return Reader(viewer.teams, is_bound, agents)


def operator(mode: AgentFigures) -> Reader:
    """Whoever sits at the installation's terminal: all teams, withheld by n alone, agents as everywhere."""
    return Reader(None, is_bound=False, agents=mode)


def program(mode: AgentFigures, *, opens_answers: bool) -> Reader:
    """A program with a key; one that may not fetch single answers is bound as a person would be."""
    is_off = not opens_answers and mode is not AgentFigures.NAMED
    return Reader(None, is_bound=not opens_answers, agents=AgentFigures.OFF if is_off else mode)

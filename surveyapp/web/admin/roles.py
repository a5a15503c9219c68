"""What roles and permissions are called."""

from collections.abc import Callable, Mapping

from surveyapp.core.access import Permission, Role, Viewer
from surveyapp.i18n import Language

Words = Callable[[Language], str]

ROLES: Mapping[Role, Words] = {
    # i18n: A role
    Role.ADMIN: lambda tongue: tongue.gettext("Admin"),
    # i18n: A role: somebody who leads teams and looks at their figures
    Role.LEADER: lambda tongue: tongue.gettext("Leader"),
    # i18n: A role: somebody in customer support who sends surveys
    Role.SUPPORT: lambda tongue: tongue.gettext("Support"),
    # i18n: A role: somebody who handles tickets and sees what customers say about their own work
    Role.AGENT: lambda tongue: tongue.pgettext("role", "Agent"),
    # i18n: A role: somebody who sees figures and nothing else
    Role.VIEWER: lambda tongue: tongue.gettext("Viewer"),
}

PURPOSES: Mapping[Role, Words] = {
    # i18n: A choice of a role, and what it is for: the role Admin
    Role.ADMIN: lambda tongue: tongue.gettext("Admin: everything, in all teams"),
    # i18n: A choice of a role, and what it is for: the role Leader
    Role.LEADER: lambda tongue: tongue.gettext("Leader: figures, answers and comments of the own teams"),
    # i18n: A choice of a role, and what it is for: the role Support
    Role.SUPPORT: lambda tongue: tongue.gettext(
        "Support: send surveys to the own teams' customers and follow them up"
    ),
    # i18n: A choice of a role, and what it is for: the role Agent
    Role.AGENT: lambda tongue: tongue.gettext(
        "Agent: the answers about their own work, where agents are named"
    ),
    # i18n: A choice of a role, and what it is for: the role Viewer
    Role.VIEWER: lambda tongue: tongue.gettext(
        "Viewer: figures of the own teams, without comments and names"
    ),
}

PERMISSIONS: Mapping[Permission, Words] = {
    # i18n: Something that somebody may do
    Permission.ACCOUNT: lambda tongue: tongue.gettext("Change the own password, language and second step"),
    # i18n: Something that somebody may do
    Permission.SEND: lambda tongue: tongue.gettext("Send surveys to customers"),
    # i18n: Something that somebody may do
    Permission.INVITATIONS: lambda tongue: tongue.gettext("See invitations and what became of them"),
    # i18n: Something that somebody may do
    Permission.ANSWERS: lambda tongue: tongue.gettext("See single answers with their ratings"),
    # i18n: Something that somebody may do
    Permission.FIGURES: lambda tongue: tongue.gettext("See figures"),
    # i18n: Something that somebody may do
    Permission.EXPORT: lambda tongue: tongue.gettext("Take answers out as files"),
    # i18n: Something that somebody may do
    Permission.COMMENTS: lambda tongue: tongue.gettext("Read what customers wrote"),
    # i18n: Something that somebody may do: name, address and reference
    Permission.CUSTOMERS: lambda tongue: tongue.gettext("See who a customer is"),
    # i18n: Something that somebody may do
    Permission.AGENT_NAMES: lambda tongue: tongue.gettext("See who an agent is, where agents are named"),
    # i18n: Something that somebody may do
    Permission.VOID: lambda tongue: tongue.gettext("Take answers out of the scores"),
    # i18n: Something that somebody may do
    Permission.JUDGE: lambda tongue: tongue.gettext("Release and refuse held answers"),
    # i18n: What a user may do
    Permission.TARGETS: lambda tongue: tongue.gettext("Set targets and dated markers"),
    # i18n: Something that somebody may do
    Permission.SURVEYS: lambda tongue: tongue.gettext("Edit surveys"),
    # i18n: Something that somebody may do
    Permission.CONNECT: lambda tongue: tongue.gettext("Connect helpdesks and make API keys"),
    # i18n: Something that somebody may do
    Permission.ORGANISATION: lambda tongue: tongue.gettext("Change the settings"),
    # i18n: Something that somebody may do
    Permission.USERS: lambda tongue: tongue.gettext("Invite and change users"),
    # i18n: Something that somebody may do
    Permission.AUDIT: lambda tongue: tongue.gettext("Read the audit log"),
    # i18n: Something that somebody may do
    Permission.ERASE: lambda tongue: tongue.gettext("Erase a person's data, or give it to the person"),
}


def allowed_words(tongue: Language, viewer: Viewer) -> list[str]:
    """What somebody may do, line by line."""
    return [words(tongue) for permission, words in PERMISSIONS.items() if viewer.may(permission)]

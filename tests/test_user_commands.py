"""Users, from a terminal."""

from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest

from surveyapp import audit, cli, identities, second_step, user_commands, users
from surveyapp.core.deeds import Actor
from surveyapp.core.errors import UsedLinkError
from surveyapp.models import User
from tests.support.terminal import Terminal

for _command in user_commands.COMMANDS:
    cli.main.add_command(_command)

GOOD = "tre gröna paraplyer"
MAJA = ("maja@example.se", "--name", "Maja Lind", "--role")


def now() -> datetime:
    return datetime.now(UTC)


def added(terminal: Terminal, role: str = "admin", *options: str) -> Any:
    return terminal.json("user", "add", *MAJA, role, *options)


def token_of(values: Any) -> str:
    return str(values["link"].rsplit("/", 1)[1])


def opens(terminal: Terminal, token: str) -> bool:
    with terminal.database.reading() as session:
        try:
            users.user_of_link(session, token, now())
        except UsedLinkError:
            return False
    return True


def stored(terminal: Terminal) -> User:
    with terminal.database.reading() as session:
        found = users.by_email(session, "maja@example.se")
    assert found is not None
    return found


def recorded(terminal: Terminal) -> list[str]:
    with terminal.database.reading() as session:
        entries = audit.entries(session, 50)
    assert {entry.actor for entry in entries} <= {Actor.COMMAND}
    assert {entry.target for entry in entries} <= {stored(terminal).id}
    return sorted(str(entry.deed) for entry in entries)


def test_somebody_is_added_with_a_link_that_sets_a_password_once(terminal: Terminal) -> None:
    made = added(terminal, "leader", "--team", "Nord", "--team", "Syd", "--agent", "A-1", "--locale", "sv")
    assert "/admin/link/" in made["link"] and made["link"].startswith(
        terminal.environment["SURVEYAPP_PUBLIC_URL"]
    )
    assert (made["role"], made["teams"], made["state"]) == ("leader", ["Nord", "Syd"], "invited")
    assert (stored(terminal).agent_ref, stored(terminal).locale) == ("A-1", "sv")
    with terminal.database.transaction() as session:
        users.use_link(session, token_of(made), GOOD, now())
    assert not opens(terminal, token_of(made))
    [row] = terminal.json("user", "list")
    assert (row["email"], row["state"], row["second_step"]) == ("maja@example.se", "active", "off")
    listed = terminal.run("user", "list").stdout
    assert "Nord, Syd" in listed and "link" not in listed
    assert recorded(terminal) == ["user_added"]


def test_without_a_team_somebody_sees_all_teams(terminal: Terminal) -> None:
    assert added(terminal, "support")["teams"] is None
    assert "all" in terminal.run("user", "list").stdout


def test_an_agent_needs_a_reference_and_sees_the_own_tickets(terminal: Terminal) -> None:
    assert "--agent" in terminal.fails("user", "add", *MAJA, "agent")
    assert added(terminal, "agent", "--agent", "A-1", "--team", "Nord")["teams"] is None
    assert "own tickets" in terminal.run("user", "list").stdout


def test_whoever_got_in_without_a_password_is_no_longer_called_invited(terminal: Terminal) -> None:
    added(terminal)
    proven = identities.Proven("https://login.example", "maja", "maja@example.se")
    with terminal.database.transaction() as session:
        assert identities.user_of(session, proven, now()) is not None
    assert [row["state"] for row in terminal.json("user", "list")] == ["active"]


def test_the_link_is_printed_for_people_too(terminal: Terminal) -> None:
    said = terminal.run("user", "add", *MAJA, "admin").stdout
    assert opens(terminal, said.split("link: ")[1].strip().rsplit("/", 1)[1])


def test_somebody_is_disabled_and_enabled_and_it_is_recorded_once(terminal: Terminal) -> None:
    token = token_of(added(terminal, "support"))
    for _ in range(2):
        assert "is disabled" in terminal.run("user", "disable", "MAJA@example.se").stdout
    assert [row["state"] for row in terminal.json("user", "list")] == ["disabled"]
    assert not opens(terminal, token)
    assert "user enable" in terminal.fails("user", "link", "maja@example.se")
    for _ in range(2):
        assert "can log in" in terminal.run("user", "enable", "maja@example.se").stdout
    assert [row["state"] for row in terminal.json("user", "list")] == ["invited"]
    assert recorded(terminal) == ["user_added", "user_disabled", "user_enabled"]


def test_a_new_link_can_turn_the_second_step_off(terminal: Terminal) -> None:
    added(terminal)
    secret = second_step.new_secret()
    with terminal.database.transaction() as session:
        user = users.by_email(session, "maja@example.se")
        assert user is not None
        second_step.switch_on(session, user, secret, pyotp.TOTP(secret).at(now()), now())
    assert opens(terminal, token_of(terminal.json("user", "link", "maja@example.se")))
    assert [row["second_step"] for row in terminal.json("user", "list")] == ["on"]
    made = terminal.json("user", "link", "maja@example.se", "--without-second-step")
    assert opens(terminal, token_of(made)) and stored(terminal).totp_secret is None
    assert recorded(terminal) == ["reset_asked", "reset_asked", "second_step_off", "user_added"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", *MAJA, "boss"), "boss"),
        (("add", *MAJA, "admin"), "email: This is already in use."),
        (("add", "nobody", "--name", "x", "--role", "admin"), "email: This is not an email address."),
        (("add", "b@example.se", "--role", "admin"), "--name"),
        (("add", "b@example.se", "--name", "Bo", "--role", "agent", "--locale", "fi"), "fi"),
        (("disable", "nobody@example.se"), "surveyapp user list"),
        (("enable", "nobody@example.se"), "surveyapp user list"),
        (("link", "nobody@example.se"), "surveyapp user list"),
        (("disable", "maja@example.se"), "Nobody would be left"),
    ],
)
def test_what_cannot_be_is_explained(terminal: Terminal, arguments: tuple[str, ...], said: str) -> None:
    added(terminal)
    assert said in terminal.fails("user", *arguments)
    assert recorded(terminal) == ["user_added"]

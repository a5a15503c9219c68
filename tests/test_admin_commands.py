"""Keys, policy, helpdesks and questions about tickets, from a terminal."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner

from surveyapp import cli, invitations, keys, outbox
from surveyapp.config import settings_from
from surveyapp.core.errors import KeyRefusedError
from surveyapp.i18n import LANGUAGES
from tests.support.terminal import Terminal

INVITE = ("invite", "--survey", "csat", "--email", "kund@example.se", "--ticket")


def opens(terminal: Terminal, key: str) -> bool:
    with terminal.database.reading() as session:
        try:
            keys.find_key(session, key, datetime.now(UTC))
        except KeyRefusedError:
            return False
    return True


# --- keys ------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_listed_by_its_prefix_and_revoked(terminal: Terminal) -> None:
    made = terminal.json("key", "add", "Zammad", "--scope", "invite", "--scope", "read", "--days", "30")
    assert opens(terminal, made["key"]) and made["scopes"] == ["invite", "read"]
    listed = terminal.run("key", "list").stdout
    assert made["prefix"] in listed and "Zammad" in listed and made["key"] not in listed
    assert terminal.run("key", "revoke", made["prefix"]).exit_code == 0
    assert not opens(terminal, made["key"])
    assert [row["state"] for row in terminal.json("key", "list")] == ["revoked"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("key", "add", "x"), "--scope"),
        (("key", "add", "x", "--scope", "everything"), "everything"),
        (("key", "revoke", "abcdefgh"), "surveyapp key list"),
    ],
)
def test_a_key_that_cannot_be_is_explained(terminal: Terminal, arguments: tuple[str, ...], said: str) -> None:
    assert said in terminal.fails(*arguments)


# --- policy ----------------------------------------------------------------------------------------


def test_rules_are_changed_one_by_one_and_removed(terminal: Terminal) -> None:
    usual = terminal.json("policy", "show", "csat")
    assert (usual["quiet_days"], usual["case_types"]) == (30, None)
    changed = terminal.json(
        "policy", "set", "csat", "quiet_days=14", "window_from=08:00", "window_to=17:00", "share=0.5",
        "case_types=billing, outage", "allows_role_addresses=true",
    )  # fmt: skip
    assert (changed["quiet_days"], changed["window_from"], changed["share"]) == (14, "08:00", 0.5)
    assert changed["case_types"] == ["billing", "outage"] and changed["allows_role_addresses"] is True
    back = terminal.json("policy", "set", "csat", "case_types=", "quiet_days=")
    assert (back["case_types"], back["quiet_days"], back["share"]) == (None, 30, 0.5)
    assert terminal.json("policy", "show", "nps") == usual
    assert "case_types: -" in terminal.run("policy", "show", "csat").stdout


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("colour=red", "colour is no rule"),
        ("quiet_days", "is no rule"),
        ("quiet_days=many", "quiet_days must be a number"),
        ("quiet_days=-1", "quiet_days must be"),
        ("share=2", "share must be"),
        ("allows_role_addresses=maybe", "true or false"),
        ("window_from=08:00", "window_from must be"),
        ("window_from=8", "window_from must be"),
    ],
)
def test_a_rule_that_is_none_is_explained(terminal: Terminal, rule: str, said: str) -> None:
    assert said in terminal.fails("policy", "set", "csat", rule)


def test_rules_of_no_survey_are_explained(terminal: Terminal) -> None:
    assert "no survey 'nope'" in terminal.fails("policy", "show", "nope")


# --- what became of a ticket -----------------------------------------------------------------------


def test_why_tells_in_four_languages_what_became_of_a_tickets_survey(terminal: Terminal) -> None:
    terminal.json(*INVITE, "T-1")
    refused = terminal.json(*INVITE, "T-2")
    assert (refused["status"], refused["reason"]) == ("refused", "quiet_period") and refused["allowed_from"]
    told = {code: terminal.run("why", "T-2", "--locale-out", code).stdout for code in LANGUAGES}
    assert "Kunden har fått en enkät helt nyligen." in told["sv"]
    assert "erst vor Kurzem befragt" in told["de"] and "recent" in told["ro"]
    assert "csat: The customer was asked only recently. A new survey may be sent from" in told["en"]
    assert "goes out on" in terminal.run("why", "T-1").stdout
    [row] = terminal.json("why", "T-2")
    assert row["id"] == refused["id"] and row["explanation"]


def test_why_says_when_nobody_was_asked(terminal: Terminal) -> None:
    assert "T-9" in terminal.run("why", "T-9").stdout
    assert terminal.json("why", "T-9") == []


def test_an_invitation_that_waits_can_be_called_off(terminal: Terminal) -> None:
    made = terminal.json(*INVITE, "T-1")
    assert terminal.run("cancel", made["id"]).exit_code == 0
    assert "called the survey off" in terminal.run("why", "T-1").stdout
    assert "no invitation" in terminal.fails("cancel", "nobody")


def unknown_mail(terminal: Terminal) -> str:
    made = terminal.json(*INVITE, "T-1")
    settings = settings_from(terminal.environment)
    now = datetime.now(UTC)
    with terminal.database.transaction() as session:
        claimed = outbox.claim(session, settings, now)
        assert isinstance(claimed, outbox.Claimed) and outbox.mark(session, claimed, now)
        outbox.note_outcome(session, settings, claimed, outbox.Outcome.UNKNOWN, "cut off", now)
    return str(made["id"])


def test_unknown_mails_are_listed_and_resolved(terminal: Terminal) -> None:
    assert terminal.json("unknown") == []
    made = unknown_mail(terminal)
    [row] = terminal.json("unknown")
    assert (row["id"], row["ticket"], row["reason"]) == (made, "T-1", "cut off")
    assert "cut off" in terminal.run("unknown").stdout
    assert terminal.run("unknown", "resend", made).exit_code == 0
    assert terminal.json("unknown") == []
    assert "unknown" in terminal.fails("unknown", "give-up", made)
    assert "goes out on" in terminal.run("why", "T-1").stdout


def test_an_unknown_mail_can_be_given_up(terminal: Terminal) -> None:
    made = unknown_mail(terminal)
    assert terminal.run("unknown", "give-up", made).exit_code == 0
    assert "could not be delivered" in terminal.run("why", "T-1").stdout


# --- who is never asked ----------------------------------------------------------------------------


def test_an_address_on_the_list_is_never_asked_and_not_stored(terminal: Terminal) -> None:
    assert terminal.run("do-not-survey", "add", "Kund@Example.se", "b@example.se").stdout.startswith("2 on")
    assert terminal.json(*INVITE, "T-1")["reason"] == "do_not_survey"
    assert terminal.json("do-not-survey", "show", "KUND@example.se")["reason"] == "do_not_survey"
    assert terminal.run("do-not-survey", "remove", "kund@example.se").exit_code == 0
    assert terminal.json("do-not-survey", "show", "kund@example.se") == {"reason": None, "since": None}
    assert terminal.json(*INVITE, "T-2")["status"] == "queued"


def test_many_addresses_come_line_by_line_and_all_or_none(terminal: Terminal) -> None:
    run = partial(CliRunner().invoke, cli.main, ["do-not-survey", "add", "-"], env=terminal.environment)
    assert run(input="a@example.se\n\nnobody\n").exit_code == 2
    assert terminal.json("do-not-survey", "show", "a@example.se")["reason"] is None
    assert run(input="a@example.se\n\nb@example.se\n").stdout.startswith("2 on")
    assert terminal.json("do-not-survey", "show", "b@example.se")["reason"] == "do_not_survey"


def test_what_a_person_unsubscribed_from_comes_back_at_their_wish_alone(terminal: Terminal) -> None:
    made = terminal.json(*INVITE, "T-1")
    with terminal.database.transaction() as session:
        invitations.suppress(session, made["id"], datetime.now(UTC))
    assert "--at-their-wish" in terminal.fails("do-not-survey", "remove", "kund@example.se")
    assert terminal.run("do-not-survey", "remove", "kund@example.se", "--at-their-wish").exit_code == 0
    assert terminal.json("do-not-survey", "show", "kund@example.se")["reason"] is None


# --- helpdesks -------------------------------------------------------------------------------------


def events(terminal: Terminal, *arguments: str) -> Any:
    return terminal.json("hook", "events", *arguments)


def test_a_helpdesk_is_connected_with_an_address_and_a_secret(terminal: Terminal) -> None:
    made = terminal.json("hook", "add", "zammad", "--survey", "csat")
    assert made["url"].endswith("/hooks/zammad") and len(made["secret"]) >= 32
    given = terminal.json(
        "hook", "add", "generic", "--survey", "nps", "--name", "phone", "--secret", "a secret of the phone",
        "--map", "ticket_ref=/call",
    )  # fmt: skip
    assert given["url"].endswith("/hooks/phone") and given["secret"] == "a secret of the phone"
    assert [row["name"] for row in terminal.json("hook", "list")] == ["phone", "zammad"]
    assert given["secret"] not in terminal.run("hook", "list").stdout
    assert terminal.run("hook", "remove", "phone").exit_code == 0
    assert [row["state"] for row in terminal.json("hook", "list")] == ["closed", "open"]
    assert events(terminal) == [] == events(terminal, "--name", "zammad")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "jira", "--survey", "csat"), "jira"),
        (("add", "zammad", "--survey", "nope"), "no survey 'nope'"),
        (("add", "zammad", "--survey", "csat", "--name", "Ä"), "name:"),
        (("add", "zammad", "--survey", "csat", "--secret", "short"), "secret:"),
        (("add", "generic", "--survey", "csat", "--map", "colour=/x"), "colour"),
        (("remove", "nobody"), "nobody"),
    ],
)
def test_a_helpdesk_that_cannot_be_connected_is_explained(
    terminal: Terminal, arguments: tuple[str, ...], said: str
) -> None:
    assert said in terminal.fails("hook", *arguments)

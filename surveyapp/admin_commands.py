"""The commands of whoever runs the app: keys, policy, helpdesks, and what became of a ticket's survey."""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from surveyapp import hooks, invitations, keys, listing, outbox, shell, surveys, tables
from surveyapp.config import LOCALES
from surveyapp.core.errors import PolicyError
from surveyapp.core.policy import Policy, Refusal, as_values
from surveyapp.core.status import Status
from surveyapp.i18n import language
from surveyapp.keys import Scope
from surveyapp.listing import Which
from surveyapp.models import ApiKey, Hook, Invitation
from surveyapp.reasons import explanation, nothing_known
from surveyapp.selecting import Filter
from surveyapp.sources import SOURCES

# --- keys ------------------------------------------------------------------------------------------


@click.group("key")
def key() -> None:
    """Make and revoke keys to the API."""


@key.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([str(scope) for scope in Scope]),
    help="What the key may do (repeatable).",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Let it expire after so many days.")
@shell.as_json
def add_key(name: str, scopes: Sequence[str], days: int | None, is_json: bool) -> None:
    """Make a key; it is printed once and can never be shown again."""
    now = shell.now()
    expires_at = now + timedelta(days=days) if days else None
    with shell.ready(shell.settings()).transaction() as session:
        row, made = keys.add_key(session, name, [Scope(each) for each in scopes], expires_at, now)
        values = {"key": made, **_key_row(row, now)}
    shell.show(values, is_json)


@key.command("list")
@shell.as_json
def list_keys(is_json: bool) -> None:
    """List the keys by their prefixes, with their last use."""
    with shell.ready(shell.settings()).reading() as session:
        rows = [_key_row(row, shell.now()) for row in keys.all_keys(session)]
    if is_json:
        shell.echo_json(rows)
    else:
        click.echo(tables.plain(["prefix", "name", "scopes", "state", "expires", "last_used"], rows))


@key.command("revoke")
@click.argument("prefix")
def revoke_key(prefix: str) -> None:
    """Let a key open nothing from now on."""
    with shell.ready(shell.settings()).transaction() as session:
        row = keys.revoke_key(session, prefix, shell.now())
    click.echo(f"The key {prefix} ({row.name}) is revoked.")


def _key_row(row: ApiKey, now: datetime) -> dict[str, Any]:
    is_over = row.expires_at is not None and row.expires_at <= now
    return {
        "prefix": row.prefix,
        "name": row.name,
        "scopes": row.scopes,
        "state": "revoked" if row.revoked_at else "expired" if is_over else "good",
        "expires": shell.iso(row.expires_at),
        "last_used": shell.iso(row.last_used_at),
    }


# --- policy ----------------------------------------------------------------------------------------


@click.group("policy")
def policy() -> None:
    """Who is asked, when, and who is not."""


@policy.command("show")
@click.argument("survey")
@shell.as_json
def show_policy(survey: str, is_json: bool) -> None:
    """Show a survey's rules."""
    with shell.ready(shell.settings()).reading() as session:
        found = surveys.policy_of(surveys.find_survey(session, survey))
    _show_policy(found, is_json)


@policy.command("set")
@click.argument("survey")
@click.argument("rules", nargs=-1, required=True, metavar="RULE=VALUE...")
@shell.as_json
def set_policy(survey: str, rules: Sequence[str], is_json: bool) -> None:
    """Change a survey's rules, for example quiet_days=14 window_from=08:00 window_to=17:00.

    Lists are divided by commas (case_types=billing,outage); nothing after the sign removes a rule.
    """
    changes = dict(_rule(each) for each in rules)
    with shell.ready(shell.settings()).transaction() as session:
        found = surveys.set_policy(session, survey, changes)
    _show_policy(found, is_json)


def _rule(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    usual = as_values(Policy())
    if not sign or name not in usual:
        raise PolicyError(f"{name} is no rule; there are: {', '.join(sorted(usual))}.")
    if not value:
        return name, usual[name] if usual[name] is not None else None
    if name in ("case_types", "channels", "teams"):
        return name, [each.strip() for each in value.split(",")]
    if isinstance(usual[name], bool):
        if value not in ("true", "false"):
            raise PolicyError(f"{name} must be true or false.")
        return name, value == "true"
    if name.startswith("window"):
        return name, value
    try:
        return name, float(value) if name == "share" else int(value)
    except ValueError as error:
        raise PolicyError(f"{name} must be a number.") from error


def _show_policy(found: Policy, is_json: bool) -> None:
    values = as_values(found)
    shown = values if is_json else {name: _shown(value) for name, value in values.items()}
    shell.show(shown, is_json)


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else value


# --- what became of it -----------------------------------------------------------------------------


@click.command("why")
@click.argument("ticket")
@click.option("--locale-out", type=click.Choice(LOCALES), help="Language of the sentences.")
@shell.as_json
def why(ticket: str, locale_out: str | None, is_json: bool) -> None:
    """Say whether and when a ticket's customer was asked, or why not, in words to read out."""
    settings = shell.settings()
    tongue = language(locale_out or settings.locale)
    with shell.ready(settings).reading() as session:
        found, _ = listing.invitations(session, Filter(), Which(ticket_ref=ticket), None, 100)
        rows = [
            {
                "id": each.id,
                "survey": each.survey_key,
                "asked_on": each.created_at.isoformat(),
                "status": each.status,
                "reason": each.reason,
                "allowed_from": shell.iso(each.allowed_from),
                "explanation": explanation(
                    tongue,
                    settings.timezone,
                    Status(each.status),
                    each.reason,
                    allowed_from=each.allowed_from,
                    send_at=each.send_at,
                    accepted_at=each.accepted_at,
                ),
            }
            for each in found
        ]
    if is_json:
        shell.echo_json(rows)
    elif not rows:
        click.echo(nothing_known(tongue, ticket))
    for row in [] if is_json else rows:
        at = datetime.fromisoformat(str(row["asked_on"])).astimezone(settings.timezone)
        click.echo(f"{tongue.moment(at)}, {row['survey']}: {row['explanation']}")


@click.group("unknown", invoke_without_command=True)
@click.pass_context
@shell.as_json
def unknown(context: click.Context, is_json: bool) -> None:
    """List the mails of which nobody can know whether they went out; then resend or give up each."""
    if context.invoked_subcommand is not None:
        return
    with shell.ready(shell.settings()).reading() as session:
        rows = [_unknown_row(each) for each in outbox.unknown(session)]
    if is_json:
        shell.echo_json(rows)
    else:
        click.echo(tables.plain(["id", "ticket", "survey", "marked", "reason"], rows))


@unknown.command("resend")
@click.argument("invitation_id", metavar="ID")
def resend(invitation_id: str) -> None:
    """Send it once more; the customer may then get it twice."""
    with shell.ready(shell.settings()).transaction() as session:
        outbox.resend(session, invitation_id, shell.now())
    click.echo("It will be sent once more.")


@unknown.command("give-up")
@click.argument("invitation_id", metavar="ID")
def give_up(invitation_id: str) -> None:
    """Let it be; the customer may then never get it."""
    with shell.ready(shell.settings()).transaction() as session:
        outbox.give_up(session, invitation_id, shell.now())
    click.echo("It will not be sent again.")


@click.command("cancel")
@click.argument("invitation_id", metavar="ID")
def cancel(invitation_id: str) -> None:
    """Call off an invitation whose mail still waits."""
    with shell.ready(shell.settings()).transaction() as session:
        invitations.cancel(session, invitation_id, shell.now())
    click.echo("The survey is called off.")


def _unknown_row(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "ticket": invitation.ticket_ref,
        "survey": invitation.survey_key,
        "marked": shell.iso(invitation.marked_at),
        "reason": invitation.reason,
    }


# --- who is never asked ----------------------------------------------------------------------------


@click.group("do-not-survey")
def do_not_survey() -> None:
    """Keep addresses from ever being asked; only a keyed hash of each is stored."""


@do_not_survey.command("add")
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
def add_addresses(addresses: Sequence[str]) -> None:
    """Ask these no more; a lone - reads one from each line of standard input. All of them, or none."""
    settings = shell.settings()
    given = _addresses(addresses)
    hashes = [invitations.hash_of(settings, address) for address in given]
    with shell.ready(settings).transaction() as session:
        for hashed in hashes:
            invitations.suppress_hash(session, hashed, Refusal.DO_NOT_SURVEY, shell.now())
    click.echo(f"{len(hashes)} on the do-not-survey list.")


@do_not_survey.command("show")
@click.argument("address")
@shell.as_json
def show_address(address: str, is_json: bool) -> None:
    """Say whether an address gets surveys, and if not, why and since when."""
    settings = shell.settings()
    with shell.ready(settings).reading() as session:
        found = invitations.suppression_of(session, invitations.hash_of(settings, address))
    reason, since = (found.reason, shell.iso(found.at)) if found else (None, None)
    shell.show({"reason": reason, "since": since}, is_json)


@do_not_survey.command("remove")
@click.argument("address")
@click.option("--at-their-wish", is_flag=True, help="They have unsubscribed and now want surveys again.")
def remove_address(address: str, at_their_wish: bool) -> None:
    """Ask this address again. What a person has unsubscribed from comes back at that person's wish alone."""
    settings = shell.settings()
    hashed = invitations.hash_of(settings, address)
    with shell.ready(settings).transaction() as session:
        found = invitations.suppression_of(session, hashed)
        if found is not None and found.reason == Refusal.UNSUBSCRIBED and not at_their_wish:
            raise PolicyError("This person has unsubscribed; give --at-their-wish if they want it undone.")
        invitations.release(session, hashed)
    click.echo("The address may be asked again.")


def _addresses(given: Sequence[str]) -> list[str]:
    if list(given) != ["-"]:
        return list(given)
    return [line.strip() for line in sys.stdin if line.strip()]


# --- helpdesks -------------------------------------------------------------------------------------


@click.group("hook")
def hook() -> None:
    """Connect helpdesks that tell of their tickets by webhook."""


@hook.command("add")
@click.argument("source", type=click.Choice(sorted(SOURCES)))
@click.option("--survey", required=True, help="The survey to ask, such as csat.")
@click.option("--name", help="Part of the address; without it the source's name.")
@click.option("--secret", help="The secret that the helpdesk gave you; without it one is made.")
@click.option(
    "--map", "pairs", multiple=True, metavar="FIELD=POINTER", help="Where a field stands (repeatable)."
)
@shell.as_json
def add_hook(
    source: str, survey: str, name: str | None, secret: str | None, pairs: Sequence[str], is_json: bool
) -> None:
    """Connect a helpdesk; prints the address and the secret to put into it."""
    settings = shell.settings()
    mapping = {field: pointer for field, _, pointer in (each.partition("=") for each in pairs)}
    with shell.ready(settings).transaction() as session:
        row = hooks.add(session, source, survey, name or source, secret, mapping, shell.now())
        values = {"url": f"{settings.public_url}/hooks/{row.name}", "secret": row.secret, **_hook_row(row)}
    shell.show(values, is_json)


@hook.command("list")
@shell.as_json
def list_hooks(is_json: bool) -> None:
    """List the connected helpdesks."""
    with shell.ready(shell.settings()).reading() as session:
        rows = [_hook_row(row) for row in hooks.all_hooks(session)]
    if is_json:
        shell.echo_json(rows)
    else:
        click.echo(tables.plain(["name", "source", "survey", "state"], rows))


@hook.command("remove")
@click.argument("name")
def remove_hook(name: str) -> None:
    """Take no more events under this name."""
    with shell.ready(shell.settings()).transaction() as session:
        hooks.close(session, name, shell.now())
    click.echo(f"Events at /hooks/{name} are refused from now on.")


@hook.command("events")
@click.option("--name", help="Of this helpdesk alone.")
@shell.as_json
def list_events(name: str | None, is_json: bool) -> None:
    """List the last 20 events and what was made of each."""
    with shell.ready(shell.settings()).reading() as session:
        rows = [
            {
                "received": shell.iso(each.received_at),
                "hook": each.hook,
                "kind": each.kind,
                "ticket": each.ticket_ref,
                "outcome": each.outcome,
                "empty": each.empty,
                "invitation": each.invitation_id,
            }
            for each in hooks.last_events(session, name)
        ]
    if is_json:
        shell.echo_json(rows)
    else:
        click.echo(tables.plain(["received", "hook", "kind", "ticket", "outcome", "empty"], rows))


def _hook_row(row: Hook) -> dict[str, Any]:
    return {
        "name": row.name,
        "source": row.source,
        "survey": row.survey_key,
        "state": "closed" if row.closed_at else "open",
    }


COMMANDS = (key, policy, why, unknown, cancel, do_not_survey, hook)

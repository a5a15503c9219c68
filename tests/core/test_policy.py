"""Who is asked, when, and why not: each rule, their order, and the hours of three countries' clocks."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.core.errors import PolicyError
from surveyapp.core.policy import (
    Facts,
    Policy,
    Refusal,
    as_values,
    decide,
    is_role_address,
    next_in_window,
    policy_from,
    reminds_at,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ZONES = [ZoneInfo("Europe/Stockholm"), ZoneInfo("Europe/Bucharest"), ZoneInfo("Europe/Berlin")]
STOCKHOLM = ZONES[0]

# Each rule alone: the policy and the facts that make it speak.
SPEAKING: dict[Refusal, tuple[dict[str, Any], dict[str, Any]]] = {
    Refusal.UNSUBSCRIBED: ({}, {"suppressed": Refusal.UNSUBSCRIBED}),
    Refusal.DO_NOT_SURVEY: ({}, {"suppressed": Refusal.DO_NOT_SURVEY}),
    Refusal.BOUNCED: ({}, {"suppressed": Refusal.BOUNCED}),
    Refusal.ROLE_ADDRESS: ({}, {"address": "no-reply@example.se"}),
    Refusal.REOPENED: ({}, {"is_reopened": True}),
    Refusal.ALREADY_ANSWERED: ({}, {"is_answered": True}),
    Refusal.ALREADY_ASKED: ({"is_once_per_ticket": True}, {"is_ticket_asked": True}),
    Refusal.CASE_TYPE: ({"case_types": ("billing",)}, {"case_type": "outage"}),
    Refusal.CHANNEL: ({"channels": ("email",)}, {"channel": None}),
    Refusal.TEAM: ({"teams": ("north",)}, {"team": "south"}),
    Refusal.NO_AGENT_REPLY: ({"least_replies": 1}, {"agent_replies": 0}),
    Refusal.FEW_REPLIES: ({"least_replies": 3}, {"agent_replies": 2}),
    Refusal.NOT_SAMPLED: ({"share": 0.25}, {"draw": 0.25}),
    Refusal.QUIET_PERIOD: ({"quiet_days": 30}, {"last_asked_at": NOW - timedelta(days=29)}),
    Refusal.DOMAIN_CAP: ({"most_per_domain": 5}, {"asked_in_domain_today": 5}),
}
LIMITS = {Refusal.NOT_SAMPLED, Refusal.QUIET_PERIOD, Refusal.DOMAIN_CAP}


def decided(rules: dict[str, Any], facts: dict[str, Any], earliest: datetime = NOW) -> Any:
    return decide(Policy(**rules), Facts(**facts), earliest, STOCKHOLM)


def test_without_a_reason_against_it_a_customer_is_asked_at_once() -> None:
    assert decided({}, {}).send_at == NOW


@pytest.mark.parametrize("refusal", list(Refusal))
def test_each_rule_refuses_with_its_own_reason(refusal: Refusal) -> None:
    rules, facts = SPEAKING[refusal]
    found = decided(rules, facts)
    assert (found.refusal, found.send_at) == (refusal, None)


@pytest.mark.parametrize("refusal", list(Refusal))
def test_what_the_rule_allows_is_allowed(refusal: Refusal) -> None:
    rules, facts = SPEAKING[refusal]
    if rules:
        assert decided({}, facts | {"last_asked_at": None}).refusal is None
    assert decided(rules, {"case_type": "billing", "channel": "email", "team": "north"}).refusal is None


@given(st.sets(st.sampled_from(list(Refusal)), min_size=1))
def test_of_several_reasons_the_first_in_their_order_is_told(against: set[Refusal]) -> None:
    suppressions = {Refusal.UNSUBSCRIBED, Refusal.DO_NOT_SURVEY, Refusal.BOUNCED}
    order = [each for each in Refusal if each in against]
    # An address has one suppression at most.
    told = [each for each in order if each in suppressions][:1]
    told += [each for each in order if each not in suppressions]
    rules: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for each in reversed(told):
        rules |= SPEAKING[each][0]
        facts |= SPEAKING[each][1]
    assert decided(rules, facts).refusal is told[0]


@pytest.mark.parametrize("refusal", list(Refusal))
def test_links_that_a_helpdesk_hands_out_keep_to_its_own_limits(refusal: Refusal) -> None:
    rules, facts = SPEAKING[refusal]
    night = {"window_from": "22:00", "window_to": "23:00"}
    found = decided(rules | night, facts | {"is_mailed": False})
    assert found.refusal is (None if refusal in LIMITS else refusal)
    assert found.send_at == (NOW if refusal in LIMITS else None)


def test_replies_that_nobody_counted_are_no_reason() -> None:
    assert decided({"least_replies": 5}, {"agent_replies": None}).send_at == NOW


def test_the_quiet_period_ends_to_the_second_and_says_when() -> None:
    asked_at = NOW - timedelta(days=30) + timedelta(seconds=1)
    found = decided({}, {"last_asked_at": asked_at})
    assert (found.refusal, found.allowed_from) == (Refusal.QUIET_PERIOD, NOW + timedelta(seconds=1))
    assert decided({}, {"last_asked_at": asked_at}, found.allowed_from).send_at == found.allowed_from


def test_a_quiet_period_of_no_days_asks_after_each_interaction() -> None:
    assert decided({"quiet_days": 0}, {"last_asked_at": NOW}).send_at == NOW


def test_what_waiting_does_not_change_has_no_date() -> None:
    dated = {each for each in Refusal if decided(*SPEAKING[each]).allowed_from is not None}
    assert dated == {Refusal.QUIET_PERIOD, Refusal.DOMAIN_CAP}


@given(st.sampled_from(ZONES), st.integers(0, 366 * 24 * 60))
def test_the_days_limit_of_a_domain_ends_at_the_local_midnight(zone: ZoneInfo, minutes: int) -> None:
    earliest = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = decide(Policy(most_per_domain=1), Facts(asked_in_domain_today=1), earliest, zone)
    assert found.allowed_from is not None
    local = found.allowed_from.astimezone(zone)
    assert local.time() == time(0) and local.date() == earliest.astimezone(zone).date() + timedelta(days=1)


# --- the hours of mailing --------------------------------------------------------------------------

CLOCK = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))


def is_inside(instant: datetime, zone: ZoneInfo, opens: str, closes: str) -> bool:
    shown = instant.astimezone(zone).strftime("%H:%M:%S")
    return opens <= shown < closes if opens < closes else shown >= opens or shown < closes


@given(st.sampled_from(ZONES), CLOCK, CLOCK, st.integers(0, 366 * 24 * 60))
def test_a_mail_goes_out_inside_its_hours_and_not_a_moment_later_than_it_may(
    zone: ZoneInfo, opens: str, closes: str, minutes: int
) -> None:
    if opens == closes:
        return
    earliest = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = next_in_window(Policy(window_from=opens, window_to=closes), earliest, zone)
    assert found >= earliest and is_inside(found, zone, opens, closes)
    # The model: minute after minute, the first one that the clock on the wall shows inside the hours.
    step = earliest
    while not is_inside(step, zone, opens, closes):
        step += timedelta(minutes=1)
    assert found == step


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        # The last Sundays of March and October; Bucharest's clock changes at 3 and 4.
        (ZONES[0], ("2026-03-29T01:00", "2026-10-25T01:00")),
        (ZONES[1], ("2026-03-29T01:00", "2026-10-25T01:00")),
        (ZONES[2], ("2026-03-29T01:00", "2026-10-25T01:00")),
    ],
)
def test_hours_keep_their_local_time_on_both_sides_of_a_change_of_the_clock(
    zone: ZoneInfo, changes: tuple[str, str]
) -> None:
    policy = Policy(window_from="08:00", window_to="17:00")
    for change in changes:
        before = datetime.fromisoformat(change).replace(tzinfo=UTC) - timedelta(hours=6)
        for day in range(3):
            opening = next_in_window(policy, before + timedelta(days=day), zone).astimezone(zone)
            assert opening.time() == time(8)


def test_an_hour_that_spring_leaves_out_opens_when_the_clock_has_passed_it() -> None:
    policy = Policy(window_from="02:30", window_to="17:00")
    night = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)  # 01:00 in Stockholm, an hour before the change
    assert next_in_window(policy, night, STOCKHOLM) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_an_hour_that_autumn_shows_twice_is_open_twice() -> None:
    policy = Policy(window_from="02:30", window_to="02:45")
    between = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # 02:00 for the second time
    assert next_in_window(policy, between, STOCKHOLM) == between + timedelta(minutes=30)


def test_a_quiet_period_that_ends_at_night_allows_from_the_morning_on() -> None:
    rules = {"window_from": "08:00", "window_to": "17:00"}
    found = decided(rules, {"last_asked_at": datetime(2026, 2, 10, 20, 0, tzinfo=UTC)})
    assert found.allowed_from == datetime(2026, 3, 13, 7, 0, tzinfo=UTC)


# --- reminders -------------------------------------------------------------------------------------


def test_the_reminder_is_due_inside_the_hours_and_only_while_the_links_live() -> None:
    policy = Policy(remind_after_days=3, window_from="08:00", window_to="17:00")
    accepted_at = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    due = datetime(2026, 3, 6, 7, 0, tzinfo=UTC)
    assert reminds_at(policy, accepted_at, due + timedelta(seconds=1), STOCKHOLM) == due
    assert reminds_at(policy, accepted_at, due, STOCKHOLM) is None
    never = replace(policy, remind_after_days=None)
    assert reminds_at(never, accepted_at, due + timedelta(days=50), STOCKHOLM) is None


# --- role addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["postmaster", "No-Reply", "noreply", "no_reply", "do-not-reply", "donotreply", "MAILER-DAEMON", "abuse",
     "noreply+T-1", "bounces", "hostmaster", "webmaster", "root"],
)  # fmt: skip
def test_nobody_reads_a_role_address(name: str) -> None:
    assert is_role_address(f"{name}@example.se")


@pytest.mark.parametrize(
    "name", ["anna", "info", "support", "norbert.reply", "rootsi", "abuse.nilsson", "reply", "a+noreply"]
)
def test_a_shared_address_of_people_is_none(name: str) -> None:
    assert not is_role_address(f"{name}@example.se")


def test_a_policy_may_allow_role_addresses() -> None:
    assert decided({"allows_role_addresses": True}, {"address": "noreply@example.se"}).send_at == NOW


# --- the rules themselves --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [
        {"quiet_days": -1},
        {"quiet_days": 3651},
        {"delay_minutes": -1},
        {"share": 1.01},
        {"share": -0.1},
        {"most_per_domain": 0},
        {"least_replies": -1},
        {"window_from": "08:00"},
        {"window_from": "08:00", "window_to": "08:00"},
        {"window_from": "8:00", "window_to": "17:00"},
        {"window_from": "24:00", "window_to": "25:00"},
        {"remind_after_days": 0},
        {"quiet_days": "thirty"},
        {"colour": "red"},
    ],
)
def test_what_is_no_rule_is_refused_by_its_name(rules: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as error:
        policy_from(rules)
    assert any(name in str(error.value) for name in (*rules, "wrong type", "window_from"))


@given(
    st.builds(
        Policy,
        quiet_days=st.integers(0, 3650),
        share=st.floats(0, 1),
        case_types=st.none() | st.lists(st.text(), max_size=3).map(tuple),
        most_per_domain=st.none() | st.integers(1, 10**6),
        window_from=st.just("08:00"),
        window_to=st.just("17:30"),
    )
)
def test_a_stored_policy_is_read_as_it_was(policy: Policy) -> None:
    assert policy_from(as_values(policy)) == policy

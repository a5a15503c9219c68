"""DESIGN.md section 4 by example: one mail, one event after another, and what is known then."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from surveyapp.core.evidence import (
    Case,
    Event,
    Evidence,
    Gestured,
    Judged,
    Link,
    Pressed,
    Reason,
    Refused,
    Released,
    Restored,
    Rules,
    Seen,
    State,
    Stayed,
    Submitted,
    Touch,
    Verdict,
    Voided,
    is_one_click,
    may_change,
    reason,
    settles_at,
    shows_scanner,
    step,
    takes_gestures,
)

RULES = Rules()
ACCEPTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OPENED = ACCEPTED + timedelta(hours=1)
DUE = OPENED + timedelta(minutes=30)
MOMENT = timedelta(microseconds=1)
MAIL = Case(ACCEPTED)
SENT_FORM = Pressed(OPENED, 9)


def after(*events: Event, case: Case = MAIL, rules: Rules = RULES) -> Case:
    for event in events:
        case = step(case, event, rules)
    return case


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def opened(at: datetime = OPENED, rating: int = 9, network: str = "home") -> Touch:
    return Touch(at, Link.RATING, rating, network)


def other(at: datetime, link: Link = Link.PRIVACY) -> Touch:
    return Touch(at, link, network="home")


def visit(at: datetime = OPENED, rating: int = 9, page: str = "first") -> tuple[Event, ...]:
    """A click in the mail, and a page that stays open for three seconds."""
    return opened(at, rating), Seen(at, page, rating), Stayed(at + RULES.stay, page, rating)


def why(case: Case) -> Reason:
    assert case.state is State.HELD
    return reason(case, RULES)


def answer(case: Case) -> tuple[State | None, int | None, Evidence | None]:
    return case.state, case.rating, case.evidence


# Touches


def test_an_opened_link_is_noted_and_changes_no_answer() -> None:
    assert after(opened()) == Case(ACCEPTED, touches=(opened(),))


def test_an_opened_link_changes_no_held_answer() -> None:
    held = after(*visit())
    assert after(opened(rating=1), case=held) == replace(held, touches=(opened(), opened(rating=1)))


def test_an_opened_link_changes_no_counted_answer() -> None:
    counted = after(opened(), SENT_FORM)
    assert after(opened(rating=1), case=counted) == replace(counted, touches=(opened(), opened(rating=1)))


# Seen and stayed


def test_a_visible_page_is_held_as_left_early() -> None:
    held = after(opened(), Seen(OPENED, "first", 9))
    assert answer(held) == (State.HELD, 9, None)
    assert why(held) is Reason.LEFT_EARLY


def test_a_page_that_stays_three_seconds_waits() -> None:
    held = after(*visit())
    assert answer(held) == (State.HELD, 9, None)
    assert why(held) is Reason.WAITING


def test_a_page_that_goes_a_moment_sooner_was_left_early() -> None:
    seen = after(opened(), Seen(OPENED, "first", 9))
    assert after(Stayed(OPENED + seconds(3) - MOMENT, "first", 9), case=seen) == seen


def test_a_page_that_becomes_visible_again_goes_on_with_its_time() -> None:
    held = after(opened(), Seen(OPENED, "first", 9), Seen(OPENED + seconds(2), "first", 9))
    assert why(after(Stayed(OPENED + seconds(3), "first", 9), case=held)) is Reason.WAITING


def test_one_page_load_does_not_lend_its_time_to_another() -> None:
    held = after(opened(), Seen(OPENED, "first", 9), opened(), Seen(OPENED + seconds(8), "second", 9))
    assert why(after(Stayed(OPENED + seconds(10), "second", 9), case=held)) is Reason.LEFT_EARLY
    assert why(after(Stayed(OPENED + seconds(11), "second", 9), case=held)) is Reason.WAITING
    assert why(after(Stayed(OPENED + seconds(11), "third", 9), case=held)) is Reason.LEFT_EARLY


def test_a_person_and_a_scanner_who_look_at_once_do_not_disturb_each_other() -> None:
    scanner = Touch(OPENED + seconds(1), Link.RATING, 9, "gateway"), Seen(OPENED + seconds(1), "second", 9)
    held = after(opened(), Seen(OPENED, "first", 9), *scanner)
    assert why(after(Stayed(OPENED + seconds(3), "first", 9), case=held)) is Reason.WAITING
    assert why(after(Stayed(OPENED + seconds(4), "second", 9), case=held)) is Reason.WAITING


def test_the_first_twenty_page_loads_are_remembered() -> None:
    pages = [f"page {number}" for number in range(21)]
    held = after(opened(), *(Seen(OPENED, page, 9) for page in pages))
    assert why(after(Stayed(LATE, pages[19], 9), case=held)) is Reason.WAITING
    assert after(Stayed(LATE, pages[20], 9), case=held) == held


def test_a_stay_whose_first_report_was_lost_is_the_first_report() -> None:
    held = after(opened(), Stayed(OPENED + seconds(5), "first", 9))
    assert why(held) is Reason.LEFT_EARLY
    assert why(after(Stayed(OPENED + seconds(8), "first", 9), case=held)) is Reason.WAITING


def test_staying_with_another_rating_is_no_stay() -> None:
    held = after(opened(), Seen(OPENED, "first", 9), Stayed(OPENED + seconds(5), "first", 1))
    assert why(held) is Reason.LEFT_EARLY


def test_a_page_with_another_rating_neither_overwrites_nor_stays() -> None:
    held = after(opened(), Seen(OPENED, "first", 9))
    later = after(Seen(OPENED, "second", 1), Stayed(OPENED + seconds(5), "second", 1), case=held)
    assert later == held


def test_a_page_that_is_opened_after_a_stay_changes_nothing() -> None:
    held = after(*visit())
    again = Seen(OPENED + seconds(9), "second", 9), Stayed(OPENED + seconds(10), "second", 9)
    assert after(*again, case=held) == held


def test_a_stay_counts_until_a_day_after_the_first_touch() -> None:
    day = OPENED + timedelta(hours=24)
    held = after(opened(), Seen(day - seconds(60), "first", 9))
    assert why(after(Stayed(day, "first", 9), case=held)) is Reason.WAITING
    assert why(after(Stayed(day + MOMENT, "first", 9), case=held)) is Reason.LEFT_EARLY


@pytest.mark.parametrize("counted", [after(opened(), Gestured(OPENED, 9)), after(opened(), SENT_FORM)])
def test_a_counted_answer_hears_no_script(counted: Case) -> None:
    later = OPENED + seconds(9)
    reports = Seen(later, "x", 1, is_automated=True), Stayed(later + seconds(9), "x", 1), Submitted(later, 1)
    assert after(*reports, Judged(later + timedelta(days=2)), case=counted) == counted


# Settling


def test_a_waiting_answer_settles_half_an_hour_after_the_last_touch() -> None:
    held = after(*visit(), opened(OPENED + seconds(600)))
    due = OPENED + seconds(600) + timedelta(minutes=30)
    assert settles_at(held, RULES) == due
    assert after(Judged(due - MOMENT), case=held) == held
    assert answer(after(Judged(due), case=held)) == (State.COUNTED, 9, Evidence.SETTLED)


def test_touching_on_and_on_puts_the_settling_off_for_a_day_at_most() -> None:
    touches = (opened(OPENED + timedelta(minutes=20) * number) for number in range(1, 80))
    assert settles_at(after(*visit(), *touches), RULES) == OPENED + timedelta(hours=24)


def test_a_worker_that_was_down_settles_late() -> None:
    settled = after(*visit(), Judged(OPENED + timedelta(days=3)))
    assert answer(settled) == (State.COUNTED, 9, Evidence.SETTLED)
    assert settled.first_counted_at == OPENED + timedelta(days=3)


def test_judged_twice_is_judged_once() -> None:
    settled = after(*visit(), Judged(DUE))
    assert after(Judged(DUE), Judged(DUE + timedelta(days=1)), case=settled) == settled


def test_there_is_nothing_to_judge_unless_an_answer_is_held() -> None:
    assert settles_at(after(opened()), RULES) is None
    assert settles_at(after(opened(), SENT_FORM), RULES) is None
    assert after(Judged(DUE), case=after(opened())) == after(opened())


def test_what_was_reported_without_a_noted_touch_never_settles() -> None:
    held = after(*visit()[1:])
    assert settles_at(held, RULES) is None
    assert after(Judged(DUE), case=held) == held


def test_a_report_for_a_rating_that_was_never_opened_never_settles() -> None:
    held = after(Touch(OPENED, Link.QUESTION), *visit()[1:])
    assert after(Judged(DUE), case=held) == held


# The rules, and how close one may come to them

LATE = OPENED + seconds(300)
BROKEN: dict[Reason, Iterable[Event]] = {
    Reason.SEVERAL_RATINGS: [opened(LATE, rating=1)],
    Reason.OTHER_LINK: [other(OPENED + seconds(60))],
    Reason.SEVERAL_NETWORKS: [opened(network="phone"), opened(OPENED + seconds(120), network="gateway")],
    Reason.PREFETCH: [Touch(LATE, Link.RATING, 9, "home", is_prefetch=True)],
    Reason.UNVERIFIED: [Submitted(LATE, 9)],
}


@pytest.mark.parametrize(("expected", "events"), BROKEN.items(), ids=BROKEN)
def test_a_broken_rule_holds_the_answer_by_its_name(expected: Reason, events: Iterable[Event]) -> None:
    held = after(*visit(), *events)
    assert why(held) is expected
    assert after(Judged(OPENED + timedelta(days=2)), case=held) == held


@pytest.mark.parametrize("link", [Link.PRIVACY, Link.UNSUBSCRIBE, Link.QUESTION])
def test_every_other_link_of_the_mail_is_an_other_link(link: Link) -> None:
    assert why(after(other(OPENED - seconds(60), link), *visit())) is Reason.OTHER_LINK


@pytest.mark.parametrize(
    "machine",
    [
        Touch(LATE, Link.RATING, 9, "home", is_automated=True),
        Touch(LATE, Link.PRIVACY, None, "home", is_automated=True),
        Seen(LATE, "second", 9, is_automated=True),
        Seen(LATE, "second", 1, is_automated=True),
    ],
)
def test_a_browser_that_says_it_is_a_machine_is_believed(machine: Event) -> None:
    assert why(after(*visit(), machine)) is Reason.AUTOMATED


def test_a_machine_does_not_become_a_person_by_staying() -> None:
    held = after(opened(), Seen(OPENED, "first", 9, is_automated=True), *visit(LATE, page="second"))
    assert why(held) is Reason.AUTOMATED


@pytest.mark.parametrize(
    "events",
    [
        [opened(OPENED + seconds(30))],
        [other(OPENED + seconds(60) + MOMENT)],
        [opened(network="phone"), opened(OPENED + seconds(120) + MOMENT, network="gateway")],
        [opened(network="phone"), opened(OPENED + seconds(60))],
        [other(OPENED + seconds(300)), other(OPENED + seconds(301), Link.UNSUBSCRIBE)],
        [Seen(LATE, "second", 1)],
    ],
)
def test_what_people_do_breaks_no_rule(events: Iterable[Event]) -> None:
    assert why(after(*visit(), *events)) is Reason.WAITING


def test_a_first_touch_within_ten_minutes_is_too_early() -> None:
    ten = ACCEPTED + timedelta(minutes=10)
    assert why(after(*visit(ten))) is Reason.WAITING
    assert why(after(*visit(ten - MOMENT))) is Reason.TOO_EARLY
    assert why(after(other(ten - MOMENT), *visit(LATE))) is Reason.TOO_EARLY
    assert why(after(opened(ACCEPTED - seconds(1)), *visit(LATE))) is Reason.TOO_EARLY


def test_a_mail_that_nobody_accepted_is_always_early() -> None:
    assert why(after(*visit(), case=Case(None))) is Reason.TOO_EARLY


def test_a_scanning_domain_holds_until_somebody_presses() -> None:
    held = after(*visit(), case=replace(MAIL, is_domain_scanning=True))
    assert why(held) is Reason.SCANNING_DOMAIN
    assert after(Judged(DUE), case=held) == held
    assert answer(after(Pressed(LATE, 9), case=held)) == (State.COUNTED, 9, Evidence.PRESS)


def test_leaving_early_is_named_before_coming_early() -> None:
    assert why(after(opened(ACCEPTED), Seen(ACCEPTED, "first", 9))) is Reason.LEFT_EARLY


@pytest.mark.parametrize(("expected", "events"), BROKEN.items(), ids=BROKEN)
def test_a_machine_is_named_before_haste(expected: Reason, events: Iterable[Event]) -> None:
    assert why(after(opened(ACCEPTED), opened(), Seen(OPENED, "first", 9), *events)) is expected


def test_touches_need_not_be_noted_in_the_order_of_their_times() -> None:
    disordered = after(*visit(LATE), opened(OPENED))
    assert settles_at(disordered, RULES) == LATE + timedelta(minutes=30)
    assert why(after(*visit(LATE), opened(ACCEPTED))) is Reason.TOO_EARLY
    roaming = opened(LATE + seconds(1), network="phone"), opened(LATE - seconds(119), network="gateway")
    assert why(after(*visit(LATE), *roaming)) is Reason.SEVERAL_NETWORKS
    travelling = opened(LATE + seconds(600), network="phone"), opened(LATE - seconds(600), network="train")
    assert why(after(*visit(LATE), *travelling)) is Reason.WAITING
    day = OPENED + timedelta(hours=24)
    held = after(opened(LATE), opened(OPENED), Seen(LATE, "first", 9))
    assert after(Stayed(day + MOMENT, "first", 9), case=held) == held
    assert after(opened(LATE), opened(OPENED), Gestured(LATE, 9)).began_at == OPENED


# Confirm mode

CONFIRM = replace(MAIL, is_confirm=True)


def test_in_confirm_mode_only_a_press_counts() -> None:
    held = after(*visit(), Gestured(LATE, 9), Judged(OPENED + timedelta(days=1)), case=CONFIRM)
    assert answer(held) == (State.HELD, 9, None)
    assert why(held) is Reason.CONFIRM_MODE
    assert answer(after(Pressed(LATE, 7), case=held)) == (State.COUNTED, 7, Evidence.PRESS)


def test_in_confirm_mode_a_gesture_is_held_and_overwrites_nothing() -> None:
    held = after(Gestured(OPENED, 9), Gestured(LATE, 1), case=CONFIRM)
    assert answer(held) == (State.HELD, 9, None)


def test_in_confirm_mode_a_press_without_proof_counts_too() -> None:
    counted = after(Pressed(LATE, 7, is_verified=False), case=CONFIRM)
    assert answer(counted) == (State.COUNTED, 7, Evidence.PRESS_UNVERIFIED)


# Gestures and presses


def test_a_gesture_counts_at_once_whatever_machines_did_before() -> None:
    burst = [opened(ACCEPTED, rating) for rating in range(11)]
    held = after(*burst, Seen(ACCEPTED, "x", 0, is_automated=True), Submitted(ACCEPTED, 0))
    assert answer(after(Gestured(OPENED, 9), case=held)) == (State.COUNTED, 9, Evidence.GESTURE)


def test_a_later_gesture_changes_the_mind_of_an_earlier_one() -> None:
    assert answer(after(Gestured(OPENED, 9), Gestured(LATE, 7))) == (State.COUNTED, 7, Evidence.GESTURE)


@pytest.mark.parametrize("is_verified", [True, False])
def test_a_gesture_never_replaces_a_press(is_verified: bool) -> None:
    pressed = after(Pressed(OPENED, 9, is_verified))
    assert after(Gestured(LATE, 7), case=pressed) == pressed


def test_a_press_replaces_weaker_evidence() -> None:
    for weaker in (after(*visit(), Judged(DUE)), after(opened(), Gestured(OPENED, 9))):
        assert answer(after(Pressed(DUE, 7), case=weaker)) == (State.COUNTED, 7, Evidence.PRESS)


def test_a_gesture_replaces_what_had_settled() -> None:
    settled = after(*visit(), Judged(DUE))
    assert answer(after(Gestured(DUE, 7), case=settled)) == (State.COUNTED, 7, Evidence.GESTURE)


def test_stronger_evidence_of_the_same_rating_is_remembered() -> None:
    settled = after(*visit(), Judged(DUE))
    assert answer(after(Gestured(DUE, 9), case=settled)) == (State.COUNTED, 9, Evidence.GESTURE)
    assert answer(after(Pressed(DUE, 9, False), case=settled)) == (
        State.COUNTED,
        9,
        Evidence.PRESS_UNVERIFIED,
    )


def test_both_kinds_of_press_are_equally_strong() -> None:
    proven, unproven = after(Pressed(OPENED, 9)), after(Pressed(OPENED, 9, is_verified=False))
    assert answer(unproven) == (State.COUNTED, 9, Evidence.PRESS_UNVERIFIED)
    assert after(Pressed(LATE, 9, is_verified=False), case=proven) == proven
    assert after(Pressed(LATE, 9), case=unproven) == unproven
    changed = after(Pressed(LATE, 7, is_verified=False), case=proven)
    assert answer(changed) == (State.COUNTED, 7, Evidence.PRESS_UNVERIFIED)


def test_the_same_again_adds_nothing() -> None:
    pressed, gestured = after(opened(), Pressed(OPENED, 9)), after(opened(), Gestured(OPENED, 9))
    assert after(Pressed(LATE, 9), case=pressed) == pressed
    assert after(Gestured(LATE, 9), case=gestured) == gestured


def test_a_comment_without_a_rating_counts_by_a_press() -> None:
    assert answer(after(Pressed(OPENED, None))) == (State.COUNTED, None, Evidence.PRESS)
    assert answer(after(Submitted(OPENED, None))) == (State.HELD, None, None)


def test_a_page_takes_gestures_unless_only_a_press_can_count() -> None:
    for open_to_gestures in (MAIL, after(*visit()), after(*visit(), Judged(DUE)), after(Gestured(OPENED, 9))):
        assert takes_gestures(open_to_gestures)
    for case in (CONFIRM, after(Pressed(OPENED, 9)), after(Pressed(OPENED, 9, is_verified=False))):
        assert not takes_gestures(case)


# Forms without proof


def test_a_form_without_proof_is_held_until_one_more_press() -> None:
    held = after(opened(), Submitted(OPENED, 9))
    assert answer(held) == (State.HELD, 9, None)
    assert why(held) is Reason.UNVERIFIED
    pressed = after(Pressed(LATE, 9, is_verified=False), case=held)
    assert answer(pressed) == (State.COUNTED, 9, Evidence.PRESS_UNVERIFIED)


def test_a_form_without_proof_is_remembered_against_every_later_visit() -> None:
    held = after(opened(), Submitted(OPENED, 9), *visit(LATE), Judged(OPENED + timedelta(days=2)))
    assert why(held) is Reason.UNVERIFIED


def test_a_form_without_proof_overwrites_nothing() -> None:
    held = after(*visit(), Submitted(LATE, 1))
    assert answer(held) == (State.HELD, 9, None)
    assert held.began_at == OPENED


# Changing one's mind, and until when


def test_an_answer_may_change_for_fourteen_days_after_the_first_count() -> None:
    last = OPENED + timedelta(days=14)
    counted = after(Pressed(OPENED, 9), Pressed(OPENED + timedelta(days=7), 8))
    assert may_change(counted, last, RULES)
    assert answer(after(Pressed(last, 7), case=counted)) == (State.COUNTED, 7, Evidence.PRESS)
    assert not may_change(counted, last + MOMENT, RULES)
    assert after(Pressed(last + MOMENT, 7), case=counted) == counted


def test_a_gesture_has_the_same_fourteen_days() -> None:
    gestured = after(Gestured(OPENED, 9))
    late = OPENED + timedelta(days=14) + MOMENT
    assert after(Gestured(late, 7), Pressed(late, 7), case=gestured) == gestured


def test_the_days_run_from_settling_as_well() -> None:
    settled = after(*visit(), Judged(DUE))
    assert may_change(settled, DUE + timedelta(days=14), RULES)
    assert not may_change(settled, DUE + timedelta(days=14) + MOMENT, RULES)


def test_a_held_answer_may_always_be_replaced_by_a_press() -> None:
    held = after(*visit(rating=1))
    later = OPENED + timedelta(days=80)
    assert may_change(held, later, RULES)
    assert answer(after(Pressed(later, 9), case=held)) == (State.COUNTED, 9, Evidence.PRESS)


# Refused and void


def test_an_answer_that_was_refused_counts_again_when_it_is_pressed() -> None:
    refused = replace(after(*visit(rating=1)), state=State.REFUSED)
    assert after(Seen(LATE, "x", 9), Submitted(LATE, 9), Judged(DUE), case=refused) == refused
    assert settles_at(refused, RULES) is None
    assert answer(after(Pressed(LATE, 1, False), case=refused)) == (
        State.COUNTED,
        1,
        Evidence.PRESS_UNVERIFIED,
    )


def test_the_same_press_after_a_refusal_is_news() -> None:
    refused = replace(after(opened(), Pressed(OPENED, 9)), state=State.REFUSED)
    assert answer(after(Pressed(LATE, 9, False), case=refused)) == (
        State.COUNTED,
        9,
        Evidence.PRESS_UNVERIFIED,
    )


def test_a_refused_press_yields_to_no_gesture() -> None:
    refused = replace(after(opened(), Pressed(OPENED, 9)), state=State.REFUSED)
    assert after(Gestured(LATE, 1), case=refused) == refused


def test_a_refusal_neither_moves_the_date_nor_gives_more_time() -> None:
    refused = replace(after(opened(), Pressed(LATE, 9)), state=State.REFUSED)
    pressed = after(opened(DUE, 1), Pressed(DUE, 1), case=refused)
    assert (pressed.began_at, pressed.first_counted_at) == (OPENED, LATE)
    assert after(Pressed(LATE + timedelta(days=14) + MOMENT, 1), case=refused) == refused


def test_what_was_withdrawn_stays_withdrawn() -> None:
    for before in (after(*visit()), after(opened(), SENT_FORM)):
        void = replace(before, state=State.VOID)
        assert not may_change(void, LATE, RULES)
        events = Seen(LATE, "x", 1), Submitted(LATE, 1), Gestured(LATE, 1), Pressed(LATE, 1), Judged(DUE)
        assert after(*events, case=void) == void
        assert settles_at(void, RULES) is None


# What we judge

CONFIRMED, SCANNER, TEST = Verdict.PERSON_CONFIRMED, Verdict.KNOWN_SCANNER, Verdict.TEST


def test_a_released_answer_counts_from_then_on_and_is_dated_by_its_touch() -> None:
    released = after(*visit(), Released(DUE, CONFIRMED))
    assert answer(released) == (State.COUNTED, 9, Evidence.RELEASED)
    assert (released.began_at, released.first_counted_at, released.verdict) == (OPENED, DUE, CONFIRMED)
    assert settles_at(released, RULES) is None


def test_a_refused_answer_settles_no_more() -> None:
    refused = after(*visit(), Refused(LATE, SCANNER), Judged(DUE))
    assert answer(refused) == (State.REFUSED, 9, None)
    assert (refused.verdict, refused.first_counted_at) == (SCANNER, None)


def test_what_we_judged_can_be_judged_again_long_after_the_customers_days() -> None:
    later = OPENED + timedelta(days=99)
    released = after(*visit(), Released(LATE, CONFIRMED))
    refused = after(Refused(later, SCANNER), case=released)
    assert (refused.state, refused.verdict) == (State.REFUSED, SCANNER)
    again = after(Released(later, CONFIRMED), case=refused)
    assert again == released


@pytest.mark.parametrize("judgement", [Released(LATE, CONFIRMED), Refused(LATE, SCANNER)])
@pytest.mark.parametrize("person", [Pressed(DUE, 1), Gestured(DUE, 1)])
def test_a_person_has_the_last_word_over_a_judgement(judgement: Event, person: Event) -> None:
    counted = after(*visit(), judgement, person)
    assert counted.is_counted and counted.rating == 1 and counted.verdict is None
    assert counted.evidence in (Evidence.PRESS, Evidence.GESTURE)


@pytest.mark.parametrize(
    "counted",
    [after(*visit(), Judged(DUE)), after(opened(), Gestured(OPENED, 9)), after(opened(), SENT_FORM)],
)
def test_what_counts_by_itself_is_not_refused_but_may_be_withdrawn(counted: Case) -> None:
    later = DUE + timedelta(days=40)
    assert (
        after(Refused(later, SCANNER), Released(later, CONFIRMED), Restored(later), case=counted) == counted
    )
    void = after(Voided(later, TEST), case=counted)
    assert void == replace(counted, state=State.VOID, verdict=TEST)
    assert after(Restored(later), case=void) == counted


def test_a_withdrawn_answer_hears_nobody_but_its_restorer() -> None:
    void = after(*visit(), Released(LATE, CONFIRMED), Voided(LATE, TEST))
    events = Pressed(DUE, 1), Gestured(DUE, 1), Released(DUE, CONFIRMED), Refused(DUE, SCANNER)
    assert after(*events, Voided(DUE, Verdict.SPAM), case=void) == void
    assert answer(after(Restored(DUE), case=void)) == (State.COUNTED, 9, Evidence.RELEASED)


def test_nothing_is_judged_where_there_is_no_answer_and_nothing_withdrawn_that_is_held() -> None:
    judgements = Released(LATE, CONFIRMED), Refused(LATE, SCANNER), Voided(LATE, TEST), Restored(LATE)
    assert after(*judgements, case=after(opened())) == after(opened())
    held = after(*visit())
    assert after(Voided(LATE, TEST), Restored(LATE), case=held) == held
    assert after(Restored(LATE), case=replace(held, state=State.VOID)).state is State.VOID


# The answer's date


def test_an_answer_is_dated_by_the_first_touch_of_its_rating() -> None:
    touches = opened(OPENED, 1), opened(OPENED + seconds(90), 9), opened(LATE, 9)
    assert after(*touches, Pressed(DUE, 9)).began_at == OPENED + seconds(90)
    assert after(*touches, Seen(DUE, "x", 1)).began_at == OPENED


def test_an_answer_whose_rating_was_never_opened_is_dated_by_its_post() -> None:
    assert after(opened(OPENED, 1), Pressed(DUE, 9)).began_at == DUE
    assert after(other(OPENED), Pressed(DUE, None)).began_at == DUE


def test_neither_settling_nor_editing_moves_the_date() -> None:
    settled = after(*visit(), Judged(DUE))
    edited = after(opened(DUE, 1), Pressed(DUE + seconds(9), 1), case=settled)
    assert settled.began_at == edited.began_at == OPENED
    assert settled.first_counted_at == edited.first_counted_at == DUE


def test_a_person_who_counts_after_a_machine_was_held_has_a_date_of_their_own() -> None:
    held = after(opened(ACCEPTED, 1), Seen(ACCEPTED, "x", 1))
    assert held.began_at == ACCEPTED
    assert after(opened(OPENED), Gestured(LATE, 9), case=held).began_at == OPENED


# What the page may promise


def test_the_first_visit_is_one_click() -> None:
    assert is_one_click(after(opened()), 9, OPENED, RULES)


def test_a_visit_that_went_on_for_too_short_a_time_may_be_repeated_in_one_click() -> None:
    held = after(opened(), Seen(OPENED, "first", 9), opened(LATE))
    assert is_one_click(held, 9, LATE, RULES)


@pytest.mark.parametrize(
    "case",
    [
        after(opened(ACCEPTED)),
        after(opened(OPENED, 1), opened(LATE)),
        after(other(LATE), opened(LATE)),
        after(Touch(LATE, Link.RATING, 9, is_prefetch=True)),
        after(opened(), case=CONFIRM),
        after(opened(), case=replace(MAIL, is_domain_scanning=True)),
        after(opened(), Submitted(OPENED, 9)),
        after(opened(), Seen(OPENED, "first", 1)),
        after(opened(), Pressed(OPENED, 9)),
        after(opened(), Gestured(OPENED, 9)),
        replace(after(*visit()), state=State.REFUSED),
        replace(after(*visit()), state=State.VOID),
        MAIL,
    ],
)
def test_one_click_is_not_promised_when_a_rule_fails_or_the_answer_is_decided(case: Case) -> None:
    assert not is_one_click(case, 9, LATE, RULES)


def test_one_click_is_promised_while_a_stay_can_end_within_a_day() -> None:
    last = OPENED + timedelta(hours=24) - RULES.stay
    assert is_one_click(after(opened()), 9, last, RULES)
    assert not is_one_click(after(opened()), 9, last + MOMENT, RULES)


# What a scanner looks like


@pytest.mark.parametrize(
    "touches",
    [
        [opened(OPENED, 1), opened(OPENED + seconds(60), 9)],
        [opened(OPENED, 1), other(OPENED + seconds(10)), opened(OPENED + seconds(60), 9)],
        [other(OPENED, Link.UNSUBSCRIBE), opened(OPENED + seconds(60))],
        [opened(OPENED + seconds(60), 9), opened(OPENED, 1)],
        [opened(OPENED, 1), opened(OPENED + seconds(100), 1), opened(OPENED + seconds(101), 9)],
    ],
)
def test_two_links_within_a_minute_look_like_a_scanner(touches: list[Touch]) -> None:
    assert shows_scanner(iter(touches), RULES)


@pytest.mark.parametrize(
    "touches",
    [
        [],
        [opened(ACCEPTED)],
        [opened(), opened(OPENED + seconds(1))],
        [opened(OPENED, 1), opened(OPENED + seconds(60) + MOMENT, 9)],
        [opened(), other(OPENED + seconds(60) + MOMENT)],
        [other(OPENED), other(OPENED, Link.UNSUBSCRIBE)],
    ],
)
def test_repeated_early_or_slow_touches_do_not(touches: list[Touch]) -> None:
    assert not shows_scanner(touches, RULES)


# Settings


def test_every_duration_is_a_setting() -> None:
    rules = Rules(
        stay=seconds(10),
        early=seconds(20),
        settle=seconds(40),
        latest=seconds(200),
        burst=seconds(5),
        roaming=seconds(4),
        networks=3,
        edit=seconds(30),
    )
    start = ACCEPTED + seconds(20)
    nets = [opened(start, network=name) for name in ("a", "b", "c")]
    quiet: list[Event] = [
        *nets,
        opened(start + seconds(5), network="d"),
        other(start + seconds(11)),
        Seen(start, "x", 9),
    ]
    held = after(*quiet, Stayed(start + seconds(10), "x", 9), rules=rules)
    due = start + seconds(51)
    assert settles_at(held, rules) == due
    settled = after(Judged(due), case=held, rules=rules)
    assert answer(settled) == (State.COUNTED, 9, Evidence.SETTLED)
    assert may_change(settled, due + seconds(30), rules)
    assert not may_change(settled, due + seconds(31), rules)
    assert settles_at(after(opened(start + seconds(190)), case=held, rules=rules), rules) == start + seconds(
        200
    )

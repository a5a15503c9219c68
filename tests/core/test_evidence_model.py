"""DESIGN.md section 4 told once more: a model that keeps the whole history and judges it from scratch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

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
)

Judgement = Released | Refused | Voided | Restored
"""What somebody of ours does to an answer; nothing, where it fits none of that state."""

History = Sequence[Event]

RULES = Rules()
SENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
PRESSES = (Evidence.PRESS, Evidence.PRESS_UNVERIFIED)


# The model


@dataclass(frozen=True)
class Count:
    """Something in the history that makes a rating count; `place` is its position there."""

    place: int
    at: datetime
    rating: int | None
    evidence: Evidence


@dataclass(frozen=True)
class Told:
    """What DESIGN.md says of an answer."""

    state: State | None = None
    rating: int | None = None
    evidence: Evidence | None = None
    began_at: datetime | None = None
    first_counted_at: datetime | None = None
    why: Verdict | None = None


def told_of(mail: Case, history: History) -> Told:
    return judged(mail, fitting(mail, history))


def fitting(mail: Case, history: History) -> list[Event]:
    """Without judgements that fitted no answer of that state, and what a withdrawn one did not hear."""
    kept: list[Event] = []
    for it in history:
        if isinstance(it, Judgement):
            kept.extend([it] if fits(it, judged(mail, kept)) else [])
        elif isinstance(it, Touch) or not is_void(kept):
            kept.append(it)
    return kept


def fits(it: Judgement, told: Told) -> bool:
    is_released = (told.state, told.evidence) == (State.COUNTED, Evidence.RELEASED)
    match it:
        case Released():
            return told.state in (State.HELD, State.REFUSED)
        case Refused():
            return told.state is State.HELD or is_released
        case Voided():
            return told.state is State.COUNTED
        case Restored():
            return told.state is State.VOID


def is_void(fitting: History) -> bool:
    last = [it for it in fitting if isinstance(it, Voided | Restored)][-1:]
    return isinstance(next(iter(last), None), Voided)


def judged(mail: Case, history: History) -> Told:
    """Of a history in which every judgement fits."""
    report = opening(history)
    if report is None:
        return Told()
    if is_void(history):
        end = max(places(history, Voided))
        voided = history[end]
        assert isinstance(voided, Voided)
        return replace(judged(mail, history[:end]), state=State.VOID, why=voided.why)
    counts = counting(mail, history)
    refusal = max(places(history, Refused), default=-1)
    date = dated(history, report, held_rating(history))
    if not counts:
        state = State.HELD if refusal < 0 else State.REFUSED
        return Told(state, held_rating(history), began_at=date, why=last_word(history, -1))
    earliest, latest = counts[0], counts[-1]
    is_released = earliest.evidence is Evidence.RELEASED
    return Told(
        state=State.COUNTED if refusal < latest.place else State.REFUSED,
        rating=latest.rating,
        evidence=first_of_the_same(counts, history).evidence,
        began_at=date if is_released else dated(history, earliest.place, earliest.rating),
        first_counted_at=earliest.at,
        why=last_word(history, latest.place),
    )


def last_word(history: History, since: int) -> Verdict | None:
    """Why it was judged last; nothing once it was restored, or the customer has had the last word."""
    last = max(places(history, Released, Refused, Voided, Restored), default=-1)
    return getattr(history[last], "why", None) if 0 <= last >= since else None


def opening(history: History) -> int | None:
    """Where the first report about a rating came in, from a script or from a person."""
    reports = Seen | Stayed | Submitted | Gestured | Pressed
    return first(place for place, it in enumerate(history) if isinstance(it, reports))


def held_rating(history: History) -> int | None:
    """The first rating reported: nothing but a person overwrites it."""
    place = opening(history)
    assert place is not None
    report = history[place]
    assert isinstance(report, Seen | Stayed | Submitted | Gestured | Pressed)
    return report.rating


def counting(mail: Case, history: History) -> list[Count]:
    """All that counted, in its order: perhaps a settling, then gestures, then presses, for fourteen days."""
    people = [count for place, it in enumerate(history) if (count := by_person(mail, place, it))]
    settled = settling(mail, history[: people[0].place] if people else history)
    found = [*([settled] if settled else []), *people, *by_us(history)]
    everything = sorted(found, key=lambda count: count.place)
    late = everything[0].at + timedelta(days=14) if everything else NEVER
    timely = [count for count in everything if count.at <= late or count.evidence is Evidence.RELEASED]
    press = first(count.place for count in timely if count.evidence in PRESSES)
    return [count for count in timely if press is None or count.place < press or count.evidence in PRESSES]


def by_us(history: History) -> list[Count]:
    """What was released counts whenever that was."""
    return [
        Count(place, it.at, held_rating(history), Evidence.RELEASED)
        for place, it in enumerate(history)
        if isinstance(it, Released)
    ]


def by_person(mail: Case, place: int, it: Event) -> Count | None:
    if isinstance(it, Pressed):
        evidence = Evidence.PRESS if it.is_verified else Evidence.PRESS_UNVERIFIED
        return Count(place, it.at, it.rating, evidence)
    if isinstance(it, Gestured) and not mail.is_confirm:
        return Count(place, it.at, it.rating, Evidence.GESTURE)
    return None


def settling(mail: Case, history: History) -> Count | None:
    """The first look at which the answer was held, due, and passed every rule."""
    for place, it in enumerate(history):
        past = history[:place]
        if not isinstance(it, Judged) or not is_undecided(past) or not touches_of(past):
            continue
        if it.at >= due(past) and not broken(mail, past):
            return Count(place, it.at, held_rating(past), Evidence.SETTLED)
    return None


def is_undecided(past: History) -> bool:
    """Whether there is an answer and nobody of ours decided on it."""
    return opening(past) is not None and not any(isinstance(it, Judgement) for it in past)


def due(past: History) -> datetime:
    times = [touch.at for touch in touches_of(past)]
    return min(max(times) + timedelta(minutes=30), min(times) + timedelta(hours=24))


def broken(mail: Case, past: History) -> set[Reason]:
    """Every rule of settling that the held answer breaks."""
    touches = touches_of(past)
    ratings = [touch for touch in touches if touch.link is Link.RATING]
    others = [touch for touch in touches if touch.link is not Link.RATING]
    accepted_at = mail.accepted_at or NEVER
    checks = {
        Reason.CONFIRM_MODE: mail.is_confirm,
        Reason.UNVERIFIED: any(isinstance(it, Submitted) for it in past),
        Reason.AUTOMATED: any(it.is_automated for it in past if isinstance(it, Touch | Seen)),
        Reason.PREFETCH: any(touch.is_prefetch for touch in touches),
        Reason.SEVERAL_RATINGS: {touch.rating for touch in ratings} != {held_rating(past)},
        Reason.OTHER_LINK: any(apart(one, two) <= 60 for one in ratings for two in others),
        Reason.SCANNING_DOMAIN: mail.is_domain_scanning,
        Reason.SEVERAL_NETWORKS: any(len(networks(touches, touch.at)) > 2 for touch in touches),
        Reason.LEFT_EARLY: not any(has_stayed(past, page) for page in PAGES),
        Reason.TOO_EARLY: any(touch.at - accepted_at < timedelta(minutes=10) for touch in touches),
    }
    return {name for name, is_broken in checks.items() if is_broken}


def has_stayed(past: History, page: str) -> bool:
    """Whether the page load was there twice, three seconds apart, while staying could still help."""
    last_at = min((touch.at + timedelta(hours=24) for touch in touches_of(past)), default=NEVER)
    since: datetime | None = None
    for it in past:
        if not isinstance(it, Seen | Stayed) or (it.rating, it.page) != (held_rating(past), page):
            continue
        if since is None:
            since = it.at
        elif isinstance(it, Stayed) and it.at - since >= timedelta(seconds=3) and it.at <= last_at:
            return True
    return False


def dated(history: History, place: int, rating: int | None) -> datetime:
    """The rating's first touch before it was held or counted; without one, that moment."""
    it = history[place]
    ratings = [touch for touch in touches_of(history[:place]) if touch.link is Link.RATING]
    return min((touch.at for touch in ratings if touch.rating == rating), default=it.at)


def first_of_the_same(counts: Sequence[Count], history: History) -> Count:
    """The same again adds nothing, so the first in a row of the same stands; a refusal ends a row."""
    start = counts[-1]
    for count in reversed(counts[:-1]):
        is_same = count.evidence is start.evidence or {count.evidence, start.evidence} == set(PRESSES)
        if count.rating != start.rating or not is_same or places(history[count.place : start.place], Refused):
            break
        start = count
    return start


def touches_of(history: History) -> list[Touch]:
    return [it for it in history if isinstance(it, Touch)]


def networks(touches: Sequence[Touch], start: datetime) -> set[str]:
    return {touch.network for touch in touches if start <= touch.at <= start + timedelta(minutes=2)}


def apart(one: Touch, two: Touch) -> float:
    return abs((one.at - two.at).total_seconds())


def places(history: History, *kinds: type[Judgement]) -> list[int]:
    return [place for place, it in enumerate(history) if isinstance(it, kinds)]


def first(numbers: Iterator[int]) -> int | None:
    return next(numbers, None)


# The machine, and what happens to it


def play(mail: Case, history: History) -> Iterator[Case]:
    """The case after each happening."""
    case = mail
    for it in history:
        case = step(case, it, RULES)
        yield case


def end_of(mail: Case, history: History) -> Case:
    return [mail, *play(mail, history)][-1]


PAGES = ("monday", "tuesday", "wednesday")
MOMENTS = [timedelta(seconds=number) for number in (0, 1, 2, 3, 59, 60, 61, 119, 120, 121)]
SPELLS = [timedelta(minutes=number) for number in (9, 10, 29, 30, 31)] + [timedelta(hours=24)]
LIMITS = [timedelta(days=14), timedelta(days=14, seconds=1)]
AGES = [timedelta(hours=23, minutes=59, seconds=57), timedelta(days=7), timedelta(days=14)]

# Lists to draw whole events from, because drawing them field by field takes many times as long.
STARTS = [SENT + timedelta(minutes=number) for number in (10, 60, 9)]
RATINGS = (9, 9, 3)
NETWORKS = ("home", "phone", "inn")
TOUCHES = [Touch(SENT, Link.RATING, rating, network) for rating in RATINGS for network in NETWORKS]
OTHERS = [Touch(SENT, link, None, "home") for link in (Link.QUESTION, Link.PRIVACY, Link.UNSUBSCRIBE)]
CONFESSIONS: list[Event] = [
    Touch(SENT, Link.RATING, 9, "home", is_prefetch=True),
    Touch(SENT, Link.PRIVACY, None, "home", is_automated=True),
    Seen(SENT, PAGES[0], 9, is_automated=True),
    Submitted(SENT, 9),
    Submitted(SENT, 3),
]
SEEN = [Seen(SENT, page, rating) for page in PAGES for rating in RATINGS]
STAYED = [Stayed(SENT, page, rating) for page in PAGES for rating in RATINGS]
PEOPLE: list[Event] = [
    *[Gestured(SENT, rating) for rating in RATINGS],
    *[Pressed(SENT, rating, is_verified) for rating in RATINGS for is_verified in (True, False)],
]
JUDGEMENTS: list[Judgement] = [
    Released(SENT, Verdict.PERSON_CONFIRMED),
    Refused(SENT, Verdict.KNOWN_SCANNER),
    Voided(SENT, Verdict.TEST),
    Restored(SENT),
]
MACHINES: list[Event] = [*TOUCHES, *OTHERS, *SEEN, *STAYED, *[Judged(SENT)] * 9, *CONFESSIONS]

rarely = st.sampled_from([False] * 15 + [True])
ratings = st.sampled_from(RATINGS)
mails = st.builds(
    Case, accepted_at=st.sampled_from([SENT] * 19 + [None]), is_confirm=rarely, is_domain_scanning=rarely
)
people = st.sampled_from(PEOPLE)
presses = people.filter(lambda event: isinstance(event, Pressed))


def moved(event: Event, by: timedelta) -> Event:
    return replace(event, at=event.at + by)


def visit(rating: int, network: str, page: str, stay: timedelta, patience: timedelta | None) -> list[Event]:
    """One click in the mail, a page that stays, or nearly, and perhaps the worker."""
    click = Touch(SENT, Link.RATING, rating, network)
    look = [] if patience is None else [Judged(SENT + patience)]
    return [click, Seen(SENT, page, rating), Stayed(SENT + stay, page, rating), *look]


def alone(event: Event) -> list[Event]:
    return [event]


def burst(events: Sequence[Event]) -> list[Event]:
    """A scanner: many links at once, and their pages' scripts."""
    return [moved(event, timedelta(seconds=place // 2)) for place, event in enumerate(events)]


visits = st.builds(
    visit,
    ratings,
    st.sampled_from(NETWORKS),
    st.sampled_from(PAGES),
    st.sampled_from(MOMENTS[2:5]),
    st.sampled_from([*SPELLS[3:6], None]),
)
bursts = st.lists(st.sampled_from(MACHINES[: -len(CONFESSIONS)]), min_size=2, max_size=4).map(burst)
machines = st.sampled_from(MACHINES)
scenes = st.one_of(visits, visits, machines.map(alone), people.map(alone), bursts)


def told(
    start: datetime, chapters: list[tuple[timedelta, Judgement | None, list[Event]]], is_of_one_mind: bool
) -> History:
    """Each scene begins so long after the beginning of the last, and so may run into it."""
    timeline: list[tuple[datetime, Event]] = []
    for pause, judgement, scene in chapters:
        timeline.extend([(start, moved(judgement, start - SENT))] if judgement else [])
        for event in scene:
            here = moved(agreeing(event) if is_of_one_mind else event, start - SENT)
            timeline.append((here.at, here))
        start += pause
    return [it for _, it in sorted(timeline, key=lambda entry: entry[0])]


def agreeing(event: Event) -> Event:
    """The event with the rating 9 instead of another, since histories with two seldom settle."""
    if isinstance(event, Judged | Judgement) or event.rating != 3:
        return event
    return replace(event, rating=9)


def histories(
    pauses: Sequence[timedelta], judgements: Sequence[Judgement], rarity: int = 40
) -> st.SearchStrategy[History]:
    """Scanners, people, edits, judgements and time, in any order; the greater `rarity`, the less we judge."""
    judgement = st.sampled_from([*[None] * rarity, *judgements])
    chapters = st.lists(st.tuples(st.sampled_from(pauses), judgement, scenes), min_size=1, max_size=8)
    return st.builds(told, st.sampled_from(STARTS), chapters, st.booleans())


any_history = histories([*SPELLS, *MOMENTS, *AGES], JUDGEMENTS)
judged_history = histories([*SPELLS, *MOMENTS, *AGES], JUDGEMENTS, rarity=1)
short_history = histories([*SPELLS, *MOMENTS], [])


def now_after(history: History) -> datetime:
    return max((it.at for it in history), default=SENT)


# What is promised


@settings(max_examples=800, deadline=None)
@given(mails, any_history)
def test_machine_and_model_agree_after_every_event(mail: Case, history: History) -> None:
    assert_agreed(mail, history)


@settings(max_examples=400, deadline=None)
@given(mails, judged_history)
def test_machine_and_model_agree_where_we_judge_again_and_again(mail: Case, history: History) -> None:
    assert_agreed(mail, history)


def assert_agreed(mail: Case, history: History) -> None:
    for length, case in enumerate(play(mail, history), start=1):
        past = history[:length]
        found = Told(
            case.state, case.rating, case.evidence, case.began_at, case.first_counted_at, case.verdict
        )
        assert found == told_of(mail, past)
        is_due = case.state is State.HELD and touches_of(past)
        assert settles_at(case, RULES) == (due(past) if is_due else None)
        if case.state is State.HELD:
            assert_named_rightly(reason(case, RULES), broken(mail, past))


def assert_named_rightly(named: Reason, failures: set[Reason]) -> None:
    """One of the broken rules is named: the decisive ones first, haste last."""
    for decisive in (Reason.CONFIRM_MODE, Reason.UNVERIFIED):
        if decisive in failures:
            assert named is decisive
            return
    machine_signs = failures - {Reason.LEFT_EARLY, Reason.TOO_EARLY}
    if machine_signs:
        assert named in machine_signs
    else:
        haste = [name for name in (Reason.LEFT_EARLY, Reason.TOO_EARLY) if name in failures]
        assert named is (haste[0] if haste else Reason.WAITING)


@settings(max_examples=200, deadline=None)
@given(mails, any_history)
def test_nothing_a_script_sends_counts_or_changes_what_counts(mail: Case, history: History) -> None:
    before = mail
    for it, case in zip(history, play(mail, history), strict=True):
        if isinstance(it, Touch | Seen | Stayed | Submitted):
            assert case.is_counted == before.is_counted
            if before.is_counted:
                assert replace(case, touches=before.touches) == before
        before = case


@settings(max_examples=100, deadline=None)
@given(mails, any_history, st.sampled_from([*SPELLS, *LIMITS]), ratings, st.booleans())
def test_a_press_always_counts_within_its_days(
    mail: Case, history: History, pause: timedelta, rating: int, is_verified: bool
) -> None:
    case = end_of(mail, history)
    counted_at = case.first_counted_at
    at = max(now_after(history), (counted_at or now_after(history)) + pause)
    is_timely = counted_at is None or at - counted_at <= timedelta(days=14)
    pressed = step(case, Pressed(at, rating, is_verified), RULES)
    if case.state is not State.VOID and is_timely:
        assert (pressed.state, pressed.rating) == (State.COUNTED, rating)
        assert pressed.evidence in PRESSES
    else:
        assert pressed == case
    assert may_change(case, at, RULES) == (case.state is not State.VOID and is_timely)


@settings(max_examples=200, deadline=None)
@given(mails, judged_history, st.sampled_from(JUDGEMENTS))
def test_a_judgement_changes_no_rating_and_is_made_once(
    mail: Case, history: History, judgement: Judgement
) -> None:
    case, at = end_of(mail, history), now_after(history)
    once = step(case, moved(judgement, at - SENT), RULES)
    assert (once.rating, once.began_at, once.touches) == (case.rating, case.began_at, case.touches)
    assert step(once, moved(judgement, at - SENT), RULES) == once


@settings(max_examples=100, deadline=None)
@given(mails, any_history, presses, ratings)
def test_a_gesture_never_replaces_a_press(mail: Case, history: History, press: Event, rating: int) -> None:
    at = now_after(history)
    pressed = step(end_of(mail, history), replace(press, at=at), RULES)
    gestured = step(pressed, Gestured(at, rating), RULES)
    assert gestured == pressed


@settings(max_examples=100, deadline=None)
@given(mails, any_history, people, st.sampled_from(MOMENTS))
def test_the_same_again_adds_nothing(mail: Case, history: History, event: Event, pause: timedelta) -> None:
    at = now_after(history)
    once = step(end_of(mail, history), replace(event, at=at), RULES)
    assert step(once, replace(event, at=at + pause), RULES) == once


@settings(max_examples=200, deadline=None)
@given(mails, any_history)
def test_the_date_never_moves_after_the_first_count(mail: Case, history: History) -> None:
    counted = [case for case in play(mail, history) if case.first_counted_at is not None]
    assert len({(case.began_at, case.first_counted_at) for case in counted}) <= 1


@settings(max_examples=200, deadline=None)
@given(mails, short_history)
def test_a_person_who_presses_is_heard_as_if_there_were_no_machines(mail: Case, history: History) -> None:
    alone = [it for it in history if isinstance(it, Gestured | Pressed)]
    assume(any(isinstance(it, Pressed) for it in alone))
    with_machines, without = end_of(mail, history), end_of(mail, alone)
    assert with_machines.state is State.COUNTED
    assert (with_machines.rating, with_machines.evidence) == (without.rating, without.evidence)


@settings(max_examples=100, deadline=None)
@given(mails, any_history, st.sampled_from(SPELLS))
def test_judged_twice_is_judged_once(mail: Case, history: History, pause: timedelta) -> None:
    at = now_after(history) + pause
    once = step(end_of(mail, history), Judged(at), RULES)
    assert step(once, Judged(at), RULES) == once


@settings(max_examples=200, deadline=None)
@given(mails, any_history)
def test_a_settled_answer_passed_every_rule(mail: Case, history: History) -> None:
    before = None
    for place, case in enumerate(play(mail, history)):
        if case.evidence is Evidence.SETTLED and before is None:
            assert isinstance(history[place], Judged)
            assert not broken(mail, history[:place])
        before = case.evidence


@settings(max_examples=200, deadline=None)
@given(mails, any_history, ratings, st.sampled_from(MOMENTS + AGES))
def test_one_click_is_promised_when_staying_would_settle_the_answer(
    mail: Case, history: History, rating: int, pause: timedelta
) -> None:
    case = end_of(mail, history)
    now = now_after(history) + pause
    visit: list[Event] = [Seen(now, "now", rating), Stayed(now + RULES.stay, "now", rating)]
    stayed = end_of(case, [*visit, Judged(now + timedelta(days=2))])
    would_settle = not case.is_counted and (stayed.rating, stayed.evidence) == (rating, Evidence.SETTLED)
    is_promised = is_one_click(case, rating, now, RULES)
    if is_promised or not case.has_stayed:
        assert is_promised == would_settle


@settings(max_examples=200, deadline=None)
@given(st.lists(st.builds(moved, st.sampled_from([*TOUCHES, *OTHERS]), st.sampled_from(MOMENTS)), max_size=5))
def test_a_scanner_shows_in_any_pair_of_touches_within_a_minute(found: list[Touch]) -> None:
    is_pair = any(
        apart(one, two) <= 60 and one.link is Link.RATING and (one.link, one.rating) != (two.link, two.rating)
        for one in found
        for two in found
    )
    assert shows_scanner(found, RULES) == is_pair

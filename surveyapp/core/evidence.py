"""Which answers count: what is known of one invitation, and what each event changes about it.

Mail gateways open links, run scripts and submit forms, so that somebody answered is concluded from
evidence of growing strength. DESIGN.md section 4 is the rule book; `step` is that table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

# A scanner often looks at the same moment as the person, so one page load must not drive out another; but
# what is kept of them has an end.
PAGES_KEPT = 20


class Link(StrEnum):
    """The links of a mail."""

    RATING = "rating"
    QUESTION = "question"
    PRIVACY = "privacy"
    UNSUBSCRIBE = "unsubscribe"


class State(StrEnum):
    """What an answer is worth: counted ones make the scores."""

    HELD = "held"
    COUNTED = "counted"
    REFUSED = "refused"
    VOID = "void"


class Evidence(StrEnum):
    """Why we believe that a person gave a counted rating, weakest first."""

    SETTLED = "settled"
    GESTURE = "gesture"
    PRESS_UNVERIFIED = "press_unverified"
    PRESS = "press"
    IMPORTED = "imported"
    """Of an answer that a team brought along: how it was given is not known to us."""
    RELEASED = "released"
    """Of an answer that was held until somebody of ours let it count."""

    @property
    def strength(self) -> int:
        """Greater is stronger; both kinds of press are one strength, because both are a person's own.

        What was released is as weak as what settled: whatever the customer does later replaces it.
        """
        return {Evidence.SETTLED: 0, Evidence.RELEASED: 0, Evidence.GESTURE: 1}.get(self, 2)


class Reason(StrEnum):
    """Why an answer is held; `waiting` alone passes every rule."""

    WAITING = "waiting"
    LEFT_EARLY = "left_early"
    SEVERAL_RATINGS = "several_ratings"
    OTHER_LINK = "other_link"
    TOO_EARLY = "too_early"
    SEVERAL_NETWORKS = "several_networks"
    PREFETCH = "prefetch"
    AUTOMATED = "automated"
    SCANNING_DOMAIN = "scanning_domain"
    CONFIRM_MODE = "confirm_mode"
    UNVERIFIED = "unverified"


class Verdict(StrEnum):
    """Why somebody of ours judged an answer; stored where a held one has its Reason: no word is in both."""

    PERSON_CONFIRMED = "person_confirmed"
    LOOKS_GENUINE = "looks_genuine"
    KNOWN_SCANNER = "known_scanner"
    TEST = "test"
    WRONG_PERSON = "wrong_person"
    DUPLICATE = "duplicate"
    SPAM = "spam"
    CUSTOMERS_WISH = "customers_wish"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rules:
    """The durations that decide; the defaults are DESIGN.md's."""

    stay: timedelta = timedelta(seconds=3)
    early: timedelta = timedelta(minutes=10)
    settle: timedelta = timedelta(minutes=30)
    latest: timedelta = timedelta(hours=24)
    burst: timedelta = timedelta(seconds=60)
    roaming: timedelta = timedelta(minutes=2)
    networks: int = 2
    edit: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Touch:
    """Somebody or something opened a link of the mail; `rating` is None for links without one."""

    at: datetime
    link: Link
    rating: int | None = None
    network: str = ""
    is_prefetch: bool = False
    is_automated: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Our script says that page load `page` became visible with the link's rating chosen."""

    at: datetime
    page: str
    rating: int
    is_automated: bool = False


@dataclass(frozen=True, slots=True)
class Stayed:
    """Our script says again that page load `page` is there; how long it was is our clock's."""

    at: datetime
    page: str
    rating: int


@dataclass(frozen=True, slots=True)
class Gestured:
    """A trusted click, change or Enter on a rating control left `rating` chosen."""

    at: datetime
    rating: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """A person sent the form; `rating` is None where the question has none (a comment alone)."""

    at: datetime
    rating: int | None
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class Submitted:
    """The form came from a browser that cannot prove a press, and without other proof."""

    at: datetime
    rating: int | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The worker looks whether a held answer may settle."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Released:
    """Somebody of ours lets a held or refused answer count."""

    at: datetime
    why: Verdict


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody of ours refuses a held answer, or takes back that it was released."""

    at: datetime
    why: Verdict


@dataclass(frozen=True, slots=True)
class Voided:
    """Somebody of ours takes a counted answer out of the scores."""

    at: datetime
    why: Verdict


@dataclass(frozen=True, slots=True)
class Restored:
    """Somebody of ours lets a withdrawn answer count again."""

    at: datetime


Event = (
    Touch | Seen | Stayed | Gestured | Pressed | Submitted | Judged | Released | Refused | Voided | Restored
)


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one invitation's answer; `state` is None while there is nothing.

    `seen` says of each page load with the held rating when it was first reported visible; `verdict` is the
    last word of somebody of ours, until the customer has another.
    """

    accepted_at: datetime | None
    is_confirm: bool = False
    is_domain_scanning: bool = False
    touches: tuple[Touch, ...] = field(default=())
    state: State | None = None
    rating: int | None = None
    evidence: Evidence | None = None
    began_at: datetime | None = None
    first_counted_at: datetime | None = None
    seen: Mapping[str, datetime] = field(default_factory=dict)
    has_stayed: bool = False
    is_automated: bool = False
    is_unverified: bool = False
    verdict: Verdict | None = None

    @property
    def is_counted(self) -> bool:
        return self.state is State.COUNTED


def step(case: Case, event: Event, rules: Rules) -> Case:
    """What is known after the event. An event that proves nothing new returns the case unchanged."""
    match event:
        case Touch():
            return replace(case, touches=(*case.touches, event))
        case Seen():
            return _see(case, event)
        case Stayed():
            return _stay(case, event, rules)
        case Gestured():
            return _gesture(case, event, rules)
        case Pressed():
            kind = Evidence.PRESS if event.is_verified else Evidence.PRESS_UNVERIFIED
            return _count(case, event.rating, kind, event.at, rules)
        case Submitted():
            return _submit(case, event)
        case Judged():
            return _judge(case, event, rules)
        case Released() | Refused() | Voided() | Restored():
            return _decide(case, event)


def reason(case: Case, rules: Rules) -> Reason:
    """Why the held answer does not count yet; signs of a machine are named before signs of haste."""
    if case.is_confirm:
        return Reason.CONFIRM_MODE
    if case.is_unverified:
        return Reason.UNVERIFIED
    if broken := _broken_rule(case, rules):
        return broken
    if not case.has_stayed:
        return Reason.LEFT_EARLY
    return Reason.TOO_EARLY if _came_early(case, rules) else Reason.WAITING


def is_one_click(case: Case, rating: int, now: datetime, rules: Rules) -> bool:
    """Whether staying on a page with this rating, opened now, would be enough to settle, as far as is known.

    False once the answer counts, and when a stay could not end within `latest` of the first touch: then only
    a gesture or a press does.
    """
    if case.state not in (None, State.HELD) or case.rating not in (None, rating):
        return False
    if _is_late(case, now + rules.stay, rules):
        return False
    staying = replace(case, rating=rating, has_stayed=True)
    return reason(staying, rules) is Reason.WAITING


def takes_gestures(case: Case) -> bool:
    """Whether choosing a rating can count without sending it; once something was pressed, it cannot."""
    known = Evidence.SETTLED if case.evidence is None else case.evidence
    return not case.is_confirm and known.strength <= Evidence.GESTURE.strength


def settles_at(case: Case, rules: Rules) -> datetime | None:
    """When a held answer is to be judged: `settle` after the last touch, but not later than `latest` after
    the first, however long the touching goes on. None when it is not held or nothing was touched.
    """
    if case.state is not State.HELD or not case.touches:
        return None
    times = [touch.at for touch in case.touches]
    return min(max(times) + rules.settle, min(times) + rules.latest)


def shows_scanner(touches: Iterable[Touch], rules: Rules) -> bool:
    """Two ratings, or a rating and another link of the mail, within a burst.

    Give it the touches before the first gesture or press: afterwards a person may look around.
    """
    return _has_burst(touches, rules, lambda touch: touch.rating)


def may_change(case: Case, now: datetime, rules: Rules) -> bool:
    """Whether rating and comment may still change: always before the first count, then for `edit`."""
    if case.state is State.VOID:
        return False
    return case.first_counted_at is None or now <= case.first_counted_at + rules.edit


def _see(case: Case, event: Seen) -> Case:
    if case.state not in (None, State.HELD):
        return case
    held = _hold(case, event.rating, event.at)
    is_automated = case.is_automated or event.is_automated
    if case.has_stayed or held.rating != event.rating or len(held.seen) >= PAGES_KEPT:
        return replace(held, is_automated=is_automated)
    return replace(held, seen={event.page: event.at, **held.seen}, is_automated=is_automated)


def _stay(case: Case, event: Stayed, rules: Rules) -> Case:
    if case.state not in (None, State.HELD):
        return case
    if event.page not in case.seen:
        return _see(case, Seen(event.at, event.page, event.rating))
    lasted = event.at - case.seen[event.page]
    if event.rating != case.rating or lasted < rules.stay or _is_late(case, event.at, rules):
        return case
    return replace(case, has_stayed=True)


def _gesture(case: Case, event: Gestured, rules: Rules) -> Case:
    if case.is_confirm:
        return _hold(case, event.rating, event.at)
    return _count(case, event.rating, Evidence.GESTURE, event.at, rules)


def _submit(case: Case, event: Submitted) -> Case:
    if case.state not in (None, State.HELD):
        return case
    return replace(_hold(case, event.rating, event.at), is_unverified=True)


def _hold(case: Case, rating: int | None, at: datetime) -> Case:
    """Hold the rating; what is held already stays, because a script must not overwrite."""
    if case.state is not None:
        return case
    return replace(case, state=State.HELD, rating=rating, began_at=_first_touch(case, rating, at))


def _count(case: Case, rating: int | None, kind: Evidence, at: datetime, rules: Rules) -> Case:
    known = -1 if case.evidence is None else case.evidence.strength
    is_same = case.is_counted and rating == case.rating and kind.strength == known
    if kind.strength < known or is_same or not may_change(case, at, rules):
        return case
    counted = replace(case, state=State.COUNTED, rating=rating, evidence=kind, verdict=None)
    if case.first_counted_at is not None:
        return counted
    return replace(counted, began_at=_first_touch(case, rating, at), first_counted_at=at)


def _judge(case: Case, event: Judged, rules: Rules) -> Case:
    due = settles_at(case, rules)
    if due is None or event.at < due or reason(case, rules) is not Reason.WAITING:
        return case
    return _count(case, case.rating, Evidence.SETTLED, event.at, rules)


def _decide(case: Case, event: Released | Refused | Voided | Restored) -> Case:
    """A judgement of ours; one that fits no answer of this state changes nothing."""
    is_released = case.is_counted and case.evidence is Evidence.RELEASED
    match event:
        case Released() if case.state in (State.HELD, State.REFUSED):
            # Its date stays that of the touch: whenever we decide, the customer answered then.
            counted = replace(case, state=State.COUNTED, evidence=Evidence.RELEASED, verdict=event.why)
            return replace(counted, first_counted_at=case.first_counted_at or event.at)
        case Refused() if case.state is State.HELD or is_released:
            return replace(case, state=State.REFUSED, verdict=event.why)
        case Voided() if case.is_counted:
            return replace(case, state=State.VOID, verdict=event.why)
        case Restored() if case.state is State.VOID and case.evidence is not None:
            return replace(case, state=State.COUNTED, verdict=None)
    return case


def _first_touch(case: Case, rating: int | None, otherwise: datetime) -> datetime:
    return min((t.at for t in case.touches if _is_of_rating(t) and t.rating == rating), default=otherwise)


def _is_late(case: Case, at: datetime, rules: Rules) -> bool:
    """Whether `at` is past the latest check; touches need not stand in the order of their times."""
    return any(at > touch.at + rules.latest for touch in case.touches)


def _broken_rule(case: Case, rules: Rules) -> Reason | None:
    touches = case.touches
    if case.is_automated or any(touch.is_automated for touch in touches):
        return Reason.AUTOMATED
    if any(touch.is_prefetch for touch in touches):
        return Reason.PREFETCH
    if {touch.rating for touch in touches if _is_of_rating(touch)} != {case.rating}:
        return Reason.SEVERAL_RATINGS
    if _has_burst(touches, rules, _is_of_rating):
        return Reason.OTHER_LINK
    if case.is_domain_scanning:
        return Reason.SCANNING_DOMAIN
    if _roams(touches, rules):
        return Reason.SEVERAL_NETWORKS
    return None


def _came_early(case: Case, rules: Rules) -> bool:
    if case.accepted_at is None:
        return True
    return any(touch.at < case.accepted_at + rules.early for touch in case.touches)


def _has_burst(touches: Iterable[Touch], rules: Rules, trait: Callable[[Touch], object]) -> bool:
    """Two touches of different trait within a burst; if any two are, then two neighbours in time are."""
    ordered = sorted(touches, key=_time)
    return any(
        later.at - earlier.at <= rules.burst and trait(later) != trait(earlier)
        for earlier, later in pairwise(ordered)
    )


def _roams(touches: Iterable[Touch], rules: Rules) -> bool:
    """More networks than a person changes between within the window."""
    last_at: dict[str, datetime] = {}
    for touch in sorted(touches, key=_time):
        last_at[touch.network] = touch.at
        if sum(touch.at - at <= rules.roaming for at in last_at.values()) > rules.networks:
            return True
    return False


def _is_of_rating(touch: Touch) -> bool:
    return touch.link is Link.RATING


def _time(touch: Touch) -> datetime:
    return touch.at

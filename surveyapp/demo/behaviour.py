"""What people and machines do with an invitation, as the events that the evidence machine knows."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from surveyapp.core import evidence
from surveyapp.core.evidence import Gestured, Link, Pressed, Seen, Stayed, Submitted, Touch

SOON = timedelta(seconds=0.7)


@dataclass(frozen=True, slots=True)
class Move:
    """One event, and what a press brought along."""

    event: evidence.Event
    comment: str | None = None
    further: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody on this network opens the mail at this instant."""

    rng: Random
    at: datetime
    accepted_at: datetime
    network: str

    def after(self, least: float, most: float) -> datetime:
        """So many seconds after the mail was opened."""
        return self.at + timedelta(seconds=self.rng.uniform(least, most))

    def touch(self, link: Link, rating: int | None = None, **about: bool) -> Touch:
        """A link of the mail, opened at once."""
        return Touch(self.at, link, rating, self.network, **about)

    def seen(self, rating: int, *, is_automated: bool = False) -> Seen:
        """The page of that link, shown."""
        return Seen(self.at + SOON, page_name(self.rng), rating, is_automated)


Way = Callable[[Visit, int, int], list[evidence.Event]]
"""How somebody answers with this rating; the second one is for those who waver."""


def answer(visit: Visit, rating: int, other: int) -> list[Move]:
    """A person answers in one of the ways that count."""
    return _moves(*visit.rng.choices(list(_SURE), list(_SURE.values()))[0](visit, rating, other))


def answer_doubtfully(visit: Visit, rating: int, other: int) -> list[Move]:
    """Perhaps a person, yet not surely: such an answer is held, and each way has a reason of its own."""
    return _moves(*visit.rng.choices(list(_DOUBTFUL), list(_DOUBTFUL.values()))[0](visit, rating, other))


def comment_alone(visit: Visit, comment: str) -> list[Move]:
    """The answer to an open question."""
    return [
        Move(visit.touch(Link.QUESTION)),
        Move(Pressed(visit.after(40, 240), None), comment=comment),
    ]


def add(visit: Visit, rating: int, further: Sequence[Mapping[str, int]], comment: str | None) -> list[Move]:
    """What the same person sends from the page that follows: further ratings one by one, then a comment."""
    at, moves = visit.after(40, 70), []
    for given in further:
        moves.append(Move(Pressed(at, rating), further=given))
        at += timedelta(seconds=visit.rng.uniform(6, 20))
    if comment:
        moves.append(Move(Pressed(at, rating), comment=comment))
    return moves


def look_around(visit: Visit) -> list[Move]:
    """Somebody opens a link and answers nothing."""
    return _moves(visit.touch(visit.rng.choice((Link.QUESTION, Link.QUESTION, Link.PRIVACY))))


def look_for_the_way_out(visit: Visit) -> list[Move]:
    """The first step of unsubscribing."""
    return _moves(visit.touch(Link.UNSUBSCRIBE))


def open_everything(visit: Visit, ratings: Sequence[int]) -> list[Move]:
    """A mail gateway opens all links within seconds of the delivery; some gateways run the pages' scripts."""
    rng, at = visit.rng, visit.accepted_at + timedelta(seconds=visit.rng.uniform(1, 6))
    runs_scripts = rng.random() < 0.6
    links: list[tuple[Link, int | None]] = [(Link.RATING, rating) for rating in ratings]
    events: list[evidence.Event] = []
    for link, rating in [(Link.QUESTION, None), *links, (Link.PRIVACY, None), (Link.UNSUBSCRIBE, None)]:
        events.append(Touch(at, link, rating, visit.network))
        if runs_scripts and rating is not None:
            events.append(Seen(at, page_name(rng), rating))
        at += timedelta(seconds=rng.uniform(0.05, 0.6))
    return _moves(*events)


def page_name(rng: Random) -> str:
    """As `links.new_page` names a page, yet the same for the same seed."""
    return _token(rng, 9)


def invitation_name(rng: Random) -> str:
    """As `models.new_id` names an invitation, yet the same for the same seed."""
    return _token(rng, 16)


def _token(rng: Random, size: int) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(size)).rstrip(b"=").decode()


def _moves(*events: evidence.Event) -> list[Move]:
    return [Move(event) for event in events]


def _stay(visit: Visit, rating: int, _: int) -> list[evidence.Event]:
    seen = visit.seen(rating)
    return [visit.touch(Link.RATING, rating), seen, Stayed(visit.after(4, 6), seen.page, rating)]


def _press(visit: Visit, rating: int, _: int) -> list[evidence.Event]:
    seen = [visit.seen(rating)] if visit.rng.random() < 0.9 else []
    return [visit.touch(Link.RATING, rating), *seen, Pressed(visit.after(5, 30), rating)]


def _press_in_safari(visit: Visit, rating: int, _: int) -> list[evidence.Event]:
    return [visit.touch(Link.RATING, rating), Pressed(visit.after(5, 30), rating, is_verified=False)]


def _gesture(visit: Visit, rating: int, _: int) -> list[evidence.Event]:
    return [visit.touch(Link.RATING, rating), visit.seen(rating), Gestured(visit.after(3, 15), rating)]


def _change_of_mind(visit: Visit, rating: int, other: int) -> list[evidence.Event]:
    """The other one came first."""
    return [
        visit.touch(Link.RATING, other),
        Pressed(visit.after(5, 15), other),
        Pressed(visit.after(20, 35), rating),
    ]


def _leave_early(visit: Visit, rating: int, _: int) -> list[evidence.Event]:
    return [visit.touch(Link.RATING, rating), visit.seen(rating)]


def _come_early(visit: Visit, rating: int, other: int) -> list[evidence.Event]:
    at = visit.accepted_at + timedelta(seconds=visit.rng.uniform(90, 400))
    return _stay(Visit(visit.rng, at, visit.accepted_at, visit.network), rating, other)


def _open_two_ratings(visit: Visit, rating: int, other: int) -> list[evidence.Event]:
    second = Touch(visit.after(90, 400), Link.RATING, other, visit.network)
    return [*_stay(visit, rating, other), second]


def _open_another_link(visit: Visit, rating: int, other: int) -> list[evidence.Event]:
    second = Touch(visit.after(15, 50), Link.UNSUBSCRIBE, None, visit.network)
    return [*_stay(visit, rating, other), second]


def _open_from_everywhere(visit: Visit, rating: int, other: int) -> list[evidence.Event]:
    networks = [f"{visit.rng.getrandbits(64):016x}" for _ in range(2)]
    others = [
        Touch(visit.after(10 + n * 30, 30 + n * 30), Link.RATING, rating, at) for n, at in enumerate(networks)
    ]
    return [*_stay(visit, rating, other), *others]


def _be_prefetched(visit: Visit, rating: int, _: int) -> list[evidence.Event]:
    return [visit.touch(Link.RATING, rating, is_prefetch=True), visit.seen(rating)]


def _be_a_robot(visit: Visit, rating: int, _: int) -> list[evidence.Event]:
    return [visit.touch(Link.RATING, rating, is_automated=True), visit.seen(rating, is_automated=True)]


def _send_without_proof(visit: Visit, rating: int, _: int) -> list[evidence.Event]:
    return [visit.touch(Link.RATING, rating), Submitted(visit.after(5, 20), rating)]


# Way -> how many of a hundred go it.
_SURE: Mapping[Way, int] = {_stay: 44, _press: 32, _press_in_safari: 9, _gesture: 11, _change_of_mind: 4}
_DOUBTFUL: Mapping[Way, int] = {
    _leave_early: 26,
    _come_early: 14,
    _open_two_ratings: 12,
    _open_another_link: 10,
    _open_from_everywhere: 9,
    _be_prefetched: 10,
    _be_a_robot: 10,
    _send_without_proof: 9,
}

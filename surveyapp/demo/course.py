"""The rows that one invitation's events leave in the database, by the rules of the real machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from surveyapp.core import evidence
from surveyapp.core.evidence import Case, Evidence, Judged, Rules, State, Touch
from surveyapp.demo.behaviour import Move
from surveyapp.surveys import Version

# The invented three months lie behind us in a company with the ordinary durations.
RULES = Rules()

Row = dict[str, Any]


@dataclass(slots=True)
class Course:
    """What has become of one invitation so far."""

    id: str
    version: Version
    case: Case
    scanned_at: datetime | None = None
    comment: str | None = None
    further: Mapping[str, int] = field(default_factory=dict)
    revision: int = 0
    changed_at: datetime | None = None
    events: list[Row] = field(default_factory=list)

    @property
    def ratings(self) -> dict[str, int]:
        """Question -> rating."""
        main = {} if self.case.rating is None else {self.version.main.key: self.case.rating}
        return {**main, **self.further}


def played(invitation_id: str, version: Version, case: Case, moves: Sequence[Move]) -> Course:
    """The course after all moves; a held answer has been judged at its time."""
    course = Course(invitation_id, version, case)
    for move in moves:
        _play(course, move)
    due = evidence.settles_at(course.case, RULES)
    if due is not None:
        _play(course, Move(Judged(due)))
    return course


def answer_row(course: Course, zone: ZoneInfo) -> Row | None:
    """The answer as `answers` keeps it; None when there is none."""
    case = course.case
    if case.began_at is None:
        return None
    return {
        "invitation_id": course.id,
        "metric": course.version.main.metric,
        "state": case.state,
        "reason": _reason(case),
        "evidence": case.evidence,
        "rating": case.rating,
        "began_at": case.began_at,
        "day": case.began_at.astimezone(zone).date(),
        "first_counted_at": case.first_counted_at,
        "changed_at": course.changed_at,
        "comment": course.comment,
        "revision": course.revision,
        "seen": {page: at.isoformat() for page, at in case.seen.items()},
        "has_stayed": case.has_stayed,
        "is_automated": case.is_automated,
        "is_unverified": case.is_unverified,
        "settle_at": None,
    }


def rating_rows(course: Course) -> list[Row]:
    """One for each question that was rated."""
    metrics = {question.key: question.metric for question in course.version.questions}
    return [
        {"invitation_id": course.id, "question": key, "metric": metrics[key], "rating": rating}
        for key, rating in course.ratings.items()
    ]


def touch_rows(course: Course, since: datetime) -> list[Row]:
    """Those that are young enough to be kept; the older ones are only counted."""
    return [
        {
            "invitation_id": course.id,
            "number": number,
            "at": touch.at,
            "link": touch.link,
            "rating": touch.rating,
            "network": touch.network,
            "is_prefetch": touch.is_prefetch,
            "is_automated": touch.is_automated,
        }
        for number, touch in enumerate(course.case.touches, 1)
        if touch.at >= since
    ]


def _play(course: Course, move: Move) -> None:
    before, fact = (course.case, course.comment, course.further), _fact(course)
    at = move.event.at
    course.case = evidence.step(course.case, move.event, RULES)
    course.comment = move.comment or course.comment
    course.further = {**course.further, **move.further}
    if isinstance(move.event, Touch):
        _note_scan(course, at)
        if course.case.state is not State.HELD:
            return
    if course.case.state is None or before == (course.case, course.comment, course.further):
        return
    course.revision += 1
    course.changed_at = at
    if _fact(course) != fact:
        course.events.append(
            {"invitation_id": course.id, "revision": course.revision, "at": at, **_fact(course)}
        )


def _note_scan(course: Course, at: datetime) -> None:
    is_person = course.case.evidence not in (None, Evidence.SETTLED)
    if course.scanned_at is None and not is_person and evidence.shows_scanner(course.case.touches, RULES):
        course.scanned_at = at


def _fact(course: Course) -> Row:
    """What the history keeps of an answer: never a comment's text."""
    case = course.case
    return {
        "state": case.state,
        "reason": _reason(case),
        "evidence": case.evidence,
        "ratings": course.ratings,
    }


def _reason(case: Case) -> str | None:
    return evidence.reason(case, RULES) if case.state is State.HELD else None

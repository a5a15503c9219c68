"""Read the single answers behind a figure, and what customers wrote with them."""

import binascii
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal, or_, select
from sqlalchemy.orm import Session

from surveyapp import reports
from surveyapp.config import Settings
from surveyapp.core.access import AgentFigures, Permission, Viewer, reader_of
from surveyapp.core.errors import FieldError, NotAllowedError, Problem
from surveyapp.core.evidence import Evidence, State
from surveyapp.core.scales import SCALES, Group, Metric, prompt_group
from surveyapp.finding import Given
from surveyapp.models import Answer, Invitation, Rating
from surveyapp.selecting import Filter, conditions
from surveyapp.sight import visible_to
from surveyapp.surveys import Version, version_of_invitation

READ_AT_ONCE = 1000
MOST_SEARCHED = 20_000
"""One page of a search looks through so many comments at most; the next one goes on behind them."""


@dataclass(frozen=True, slots=True)
class Read:
    """One answer that counts; never with the customer."""

    id: str
    ticket_ref: str
    day: date
    """On which it counts."""
    survey: str
    version: Version
    """Has the words of the questions and their ratings."""
    metric: Metric
    """Of the question asked in the mail."""
    rating: int | None
    """Of that question; None: a comment alone."""
    further: tuple[Given, ...]
    """The ratings of the questions that followed, in the order in which they were asked."""
    group: Group | None
    """Of the rating of the metric that was asked for, else of `rating`; None: that metric has no groups."""
    comment: str | None
    """None as well where the viewer may not read it."""
    evidence: Evidence | None
    team: str | None
    case_type: str | None
    channel: str | None
    locale: str
    agent: str | None
    """Name, else reference; None: not known, or not for this viewer to see beside a ticket."""


def answers(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    chosen: Filter,
    *,
    words: str = "",
    is_commented: bool = False,
    group: Group | None = None,
    rating: int | None = None,
    unfavourable_first: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[Read], str | None]:
    """A page of the answers that count, the newest first, and the cursor of the next; None for no more.

    A metric in the filter means the answers that the metric's figures count, whichever question had it, and
    `group` and `rating` then go by it (where several questions make one figure, by their sum). Every one of
    `words` must stand in the comment, whatever its case; a page of a search may hold fewer than `limit`, or
    nothing, and still have a next. `unfavourable_first` puts ratings without a group last.

    Raises NotAllowedError without ANSWERS and FIGURES, and without COMMENTS where comments are asked for;
    FieldError as `reports.seen`, and for a cursor that is none of ours.
    """
    is_about_comments = is_commented or bool(words.strip())
    _check(viewer, Permission.ANSWERS, Permission.FIGURES)
    if is_about_comments:
        _check(viewer, Permission.COMMENTS)
    mode = settings.own.agent_figures
    chosen = reports.seen(session, reader_of(viewer, mode), chosen)
    subject = _subject(chosen.metric)
    urgency = _urgency(chosen.metric, subject) if unfavourable_first else literal(0)
    wanted = [
        Answer.state == State.COUNTED,
        *visible_to(viewer, mode),
        *conditions(chosen),
        *_of_metric(chosen.metric, subject),
        *([_in_group(chosen.metric, subject, group)] if group is not None else []),
        *([subject == rating] if rating is not None else []),
        *([Answer.comment.is_not(None), Answer.comment != ""] if is_about_comments else []),
    ]
    order: list[Any] = [Answer.day, Answer.began_at, Answer.invitation_id]
    order = [urgency, *order] if unfavourable_first else order
    found = (
        select(*_place_of(urgency), Answer.comment)
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .where(*wanted)
        .order_by(*(each.desc() for each in order))
    )
    places, more = _page(session, found, order, words, cursor, limit)
    return _read(session, viewer, mode, chosen.metric, [place.invitation_id for place in places]), more


def _check(viewer: Viewer, *permissions: Permission) -> None:
    for permission in permissions:
        if not viewer.may(permission):
            raise NotAllowedError("Single answers are not for you to see.")


# --- which of them ---------------------------------------------------------------------------------


def _subject(metric: Metric | None) -> Any:
    """The rating that a figure counts: that of the mail's question, or of the metric, or its ratings' sum."""
    if metric is None or metric not in SCALES:
        return Answer.rating
    is_complete = func.count() == SCALES[metric].questions
    return (
        select(case((is_complete, func.sum(Rating.rating))))
        .where(Rating.invitation_id == Answer.invitation_id, Rating.metric == metric)
        .correlate(Answer)
        .scalar_subquery()
    )


def _of_metric(metric: Metric | None, subject: Any) -> Iterator[ColumnElement[bool]]:
    if metric in SCALES:
        yield subject.is_not(None)
    elif metric is not None:
        yield Answer.metric == metric


def _in_group(metric: Metric | None, subject: Any, group: Group) -> ColumnElement[bool]:
    return _is_one_of(
        metric,
        subject,
        {
            each: [rating for rating in scale.ratings if scale.group(rating) is group]
            for each, scale in SCALES.items()
        },
    )


def _urgency(metric: Metric | None, subject: Any) -> ColumnElement[int]:
    """3 for unfavourable to 1 for favourable, 0 without a rating.

    An index has no groups that are counted, but a low rating of it is no less urgent: it goes by the groups
    that its comment is asked for by.
    """
    steps = []
    for urgency, group in ((3, Group.UNFAVOURABLE), (2, Group.NEUTRAL), (1, Group.FAVOURABLE)):
        ratings = {each: list(_prompted(each, group, is_summed=metric is not None)) for each in SCALES}
        steps.append((_is_one_of(metric, subject, ratings), urgency))
    return case(*steps, else_=0)


def _prompted(metric: Metric, group: Group, *, is_summed: bool) -> Iterator[int]:
    scale = SCALES[metric]
    questions = scale.questions if is_summed else 1
    for rating in scale.sums if is_summed else scale.ratings:
        if prompt_group(metric, rating // questions) is group:
            yield rating


def _is_one_of(metric: Metric | None, subject: Any, ratings: dict[Metric, list[int]]) -> ColumnElement[bool]:
    """Whether the rating is among those of its metric."""
    if metric is not None:
        return subject.in_(ratings.get(metric, []))  # type: ignore[no-any-return]
    each = [and_(Answer.metric == one, subject.in_(few)) for one, few in ratings.items() if few]
    return or_(false(), *each)


# --- page after page -------------------------------------------------------------------------------


def _place_of(urgency: ColumnElement[int]) -> list[Any]:
    """What a cursor says of the row that it stands behind."""
    return [urgency.label("urgency"), Answer.day, Answer.began_at, Answer.invitation_id]


def _page(
    session: Session, found: Any, order: Sequence[Any], words: str, cursor: str | None, limit: int
) -> tuple[list[Any], str | None]:
    """The places of one page, and the cursor of the next."""
    sought = _folded(words).split()
    place = _read_cursor(cursor) if cursor is not None else None
    size, looked = (READ_AT_ONCE if sought else limit + 1), 0
    page: list[Any] = []
    while True:
        rest = found if place is None else found.where(_is_behind(order, place[-len(order) :]))
        rows = session.execute(rest.limit(size)).all()
        # Not in SQL: neither database folds the case of every letter wherever it runs.
        for row in (row for row in rows if _has(sought, row.comment)):
            if len(page) == limit:
                return page, _cursor_of(page[-1])
            page.append(row)
        looked += len(rows)
        if len(rows) < size:
            return page, None
        if looked >= MOST_SEARCHED:
            return page, _cursor_of(rows[-1])
        place = rows[-1][:4]


def _is_behind(order: Sequence[Any], place: Sequence[Any]) -> ColumnElement[bool]:
    """Later in a list that falls by all of these columns."""
    pairs = list(zip(order, place, strict=True))
    later = [
        and_(*(column == value for column, value in pairs[:number]), pairs[number][0] < pairs[number][1])
        for number in range(len(pairs))
    ]
    # The bound on the first column says nothing new, but an index can be entered by it.
    return and_(pairs[0][0] <= pairs[0][1], or_(*later))


def _cursor_of(row: Any) -> str:
    text = f"{row.urgency} {row.day.isoformat()} {row.began_at.isoformat()} {row.invitation_id}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[int, date, datetime, str]:
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
        urgency, day, began_at, invitation_id = text.split(" ")
        place = (
            ["0", "1", "2", "3"].index(urgency),
            date.fromisoformat(day),
            datetime.fromisoformat(began_at).astimezone(UTC),
            invitation_id,
        )
    except (binascii.Error, UnicodeError, ValueError, OverflowError) as error:
        raise FieldError("cursor", Problem.CURSOR) from error
    if not invitation_id.isprintable():
        raise FieldError("cursor", Problem.CURSOR)
    return place


_COMMA_BELOW = str.maketrans("şţ", "șț")
"""Old keyboards and old systems write Romanian with cedillas."""


def _folded(text: str) -> str:
    """For comparing: without case, and in one spelling of letters that have several."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return plain.translate(_COMMA_BELOW)


def _has(sought: Sequence[str], comment: str | None) -> bool:
    if not sought:
        return True
    text = _folded(comment or "")
    return all(word in text for word in sought)


# --- what is told of each --------------------------------------------------------------------------


def _read(
    session: Session, viewer: Viewer, mode: AgentFigures, metric: Metric | None, ids: Sequence[str]
) -> list[Read]:
    """In the order of the ids."""
    rows = session.execute(
        select(Answer, Invitation)
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .where(Answer.invitation_id.in_(ids))
    ).all()
    given: dict[str, list[Given]] = {each: [] for each in ids}
    for row in session.scalars(select(Rating).where(Rating.invitation_id.in_(ids))):
        given[row.invitation_id].append(Given(row.question, Metric(row.metric), row.rating))
    versions: dict[tuple[str, int], Version] = {}
    for _, invitation in rows:
        key = (invitation.survey_key, invitation.survey_version)
        if key not in versions:
            versions[key] = version_of_invitation(session, invitation)
    told = {
        invitation.id: _told(
            viewer,
            mode,
            metric,
            answer,
            invitation,
            versions[invitation.survey_key, invitation.survey_version],
            given[invitation.id],
        )
        for answer, invitation in rows
    }
    return [told[each] for each in ids]


def _told(
    viewer: Viewer,
    mode: AgentFigures,
    metric: Metric | None,
    answer: Answer,
    invitation: Invitation,
    version: Version,
    given: Sequence[Given],
) -> Read:
    place = {question.key: number for number, question in enumerate(version.questions)}
    further = [each for each in given if each.question != version.main.key]
    agent = invitation.agent_name or invitation.agent_ref
    return Read(
        id=invitation.id,
        ticket_ref=invitation.ticket_ref,
        day=answer.day,
        survey=invitation.survey_key,
        version=version,
        metric=Metric(answer.metric),
        rating=answer.rating,
        further=tuple(sorted(further, key=lambda each: place.get(each.question, len(place)))),
        group=_group(metric or Metric(answer.metric), answer, given),
        comment=(answer.comment or None) if viewer.may(Permission.COMMENTS) else None,
        evidence=Evidence(answer.evidence) if answer.evidence else None,
        team=invitation.team,
        case_type=invitation.case_type,
        channel=invitation.channel,
        locale=invitation.locale,
        agent=agent if viewer.sees_agents(mode) else None,
    )


def _group(metric: Metric, answer: Answer, given: Sequence[Given]) -> Group | None:
    rating = next((each.rating for each in given if each.metric is metric), None)
    if answer.metric == metric:
        rating = answer.rating
    scale = SCALES.get(metric)
    return scale.group(rating) if scale is not None and rating is not None else None

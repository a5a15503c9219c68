"""The three months that the demo shows: whole, believable, and the same for everybody."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from surveyapp import surveys
from surveyapp.answers import TOUCHES_KEPT_FOR
from surveyapp.asked import look
from surveyapp.config import settings_from
from surveyapp.core import evidence
from surveyapp.core.evidence import Reason, State
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import change
from surveyapp.core.status import Status
from surveyapp.db import Base, Database
from surveyapp.demo import prepare, refused
from surveyapp.demo.company import DESK_WEEK, FORM_WEEK, GATEWAY_DOMAIN, TEAMS, WEEKS
from surveyapp.demo.course import RULES
from surveyapp.demo.history import History
from surveyapp.figures import Figures
from surveyapp.models import (
    Answer,
    AnswerEvent,
    Domain,
    Invitation,
    Rating,
    Suppression,
    SurveyVersion,
    Touch,
)
from surveyapp.selecting import Dimension, Filter
from tests.support import scored
from tests.support.databases import SqliteFiles
from tests.support.served import SETTINGS

settings = settings_from(SETTINGS)
ASKED = set(Metric) - {Metric.SOLVED, Metric.TREATMENT, Metric.COMPETENCE}

# One in the middle of a week and one on the morning after the clocks went forward.
DAYS = [datetime(2026, 3, 5, 9, 30, tzinfo=UTC), datetime(2026, 3, 29, 22, 30, tzinfo=UTC)]


class Filled:
    """A database with the three months before `now`."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.today = now.astimezone(settings.timezone).date()
        self._rows: dict[type[Base], list[Any]] = {}
        for _ in prepare.fill(database, settings, now):
            pass

    def rows(self, table: type[Base]) -> list[Any]:
        """All of a table, read once."""
        if table not in self._rows:
            with self.database.reading() as session:
                self._rows[table] = list(session.execute(select(*table.__table__.columns)).all())
        return self._rows[table]

    def scores(self, chosen: Filter, by: Dimension | None = None) -> list[Figures]:
        """The figures as the command line reads them."""
        with self.database.reading() as session:
            return scored.scores(session, settings, chosen, by)

    def tally(self, metric: Metric, first_week: int, end_week: int, **limits: str) -> Counter[int]:
        """Rating -> how many of these weeks gave it."""
        first, end = (self.today - timedelta(weeks=WEEKS - week) for week in (first_week, end_week))
        of = select(Rating.rating).join(Answer, Answer.invitation_id == Rating.invitation_id)
        of = of.join(Invitation, Invitation.id == Rating.invitation_id)
        of = of.where(Rating.metric == metric, Answer.state == State.COUNTED)
        of = of.where(Answer.day >= first, Answer.day < end)
        for name, value in limits.items():
            of = of.where(getattr(Invitation, name) == value)
        with self.database.reading() as session:
            return Counter(session.scalars(of))


@pytest.fixture(scope="module", params=DAYS, ids=["thursday", "monday"])
def filled(sqlite: SqliteFiles, request: pytest.FixtureRequest) -> Iterator[Filled]:
    url = sqlite.clone()
    database = Database(url)
    yield Filled(database, request.param)
    database.dispose()
    sqlite.drop(url)


def test_either_database_takes_it_and_the_scores_by_agent_add_up(database: Database) -> None:
    filled = Filled(database, DAYS[0])
    total = {figures.metric: (figures.n, figures.held) for figures in filled.scores(Filter())}
    assert set(total) == ASKED
    for dimension in scored.DIMENSIONS:
        summed: dict[Metric, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for figures in filled.scores(Filter(), dimension):
            n, held = summed[figures.metric]
            summed[figures.metric] = n + figures.n, held + figures.held
        assert summed == total, dimension


def test_the_same_day_tells_the_same_story(filled: Filled) -> None:
    with filled.database.reading() as session:
        every = {each.key: surveys.current_version(session, each) for each in surveys.all_surveys(session)}
    told = set(refused.TICKETS.values())
    stored = {row.id: row for row in filled.rows(Invitation) if row.ticket_ref not in told}
    history = History(settings, every, filled.today)
    for week in range(WEEKS):
        for row in history.week(week)[Invitation]:
            assert row.items() <= stored.pop(row["id"])._mapping.items()
    assert stored == {}
    assert history.marks()[Domain] == [row._asdict() for row in filled.rows(Domain)]


def test_a_database_that_has_invitations_is_left_alone(filled: Filled) -> None:
    assert list(prepare.fill(filled.database, settings, filled.now)) == []
    with filled.database.reading() as session:
        count = session.scalar(select(func.count()).select_from(Invitation))
    assert count == len(filled.rows(Invitation))


def test_every_metric_has_more_answers_than_a_score_needs(filled: Filled) -> None:
    figures = filled.scores(Filter())
    assert [each.metric for each in figures] == [metric for metric in Metric if metric in ASKED]
    assert all(each.n > 100 and not each.is_withheld for each in figures)


def test_most_agents_have_a_score_of_their_own(filled: Filled) -> None:
    figures = filled.scores(Filter(metric=Metric.CSAT), Dimension.AGENT)
    assert sum(each.score is not None for each in figures) == 10


def test_every_language_has_answers_and_comments(filled: Filled) -> None:
    with filled.database.reading() as session:
        found = session.execute(
            select(Invitation.locale, func.count(), func.count(Answer.comment))
            .join(Answer, Answer.invitation_id == Invitation.id)
            .group_by(Invitation.locale)
        ).all()
    assert {row[0] for row in found} == {"sv", "ro", "de", "en"}
    assert all(answers > 150 and comments > 40 for _, answers, comments in found)


def test_every_rating_lies_on_the_scale_of_its_metric(filled: Filled) -> None:
    assert all(row.rating in SCALES[Metric(row.metric)] for row in filled.rows(Rating))


def test_a_counted_answer_has_its_rating_and_the_history_that_led_to_it(filled: Filled) -> None:
    ratings: dict[str, dict[str, int]] = defaultdict(dict)
    for row in filled.rows(Rating):
        ratings[row.invitation_id][row.question] = row.rating
    last: dict[str, Any] = {}
    for row in sorted(filled.rows(AnswerEvent), key=lambda row: row.revision):
        last[row.invitation_id] = row
    answers = filled.rows(Answer)
    assert {row.invitation_id for row in answers} == set(last)
    for row in answers:
        event = last[row.invitation_id]
        assert (event.state, event.reason, event.evidence) == (row.state, row.reason, row.evidence)
        assert event.ratings == ratings[row.invitation_id]
        assert event.revision <= row.revision and event.at <= row.changed_at
        assert row.metric == Metric.OPEN or row.rating in ratings[row.invitation_id].values()
        assert (row.state == State.COUNTED) == (row.evidence is not None) == (row.reason is None)


def test_an_answer_belongs_to_an_invitation_that_reached_its_customer(filled: Filled) -> None:
    invitations = {row.id: row for row in filled.rows(Invitation)}
    versions = {(row.survey_key, row.number) for row in filled.rows(SurveyVersion)}
    assert {(row.survey_key, row.survey_version) for row in invitations.values()} <= versions
    for row in filled.rows(Answer):
        invitation = invitations[row.invitation_id]
        assert invitation.status in (Status.SENT, Status.LINKED)
        assert invitation.accepted_at < row.began_at <= row.changed_at < filled.now


def test_everything_happened_in_the_three_months_before_today(filled: Filled) -> None:
    days = {row.day for row in filled.rows(Answer)}
    assert filled.today - timedelta(weeks=WEEKS) <= min(days) < filled.today - timedelta(weeks=WEEKS - 1)
    assert max(days) == filled.today - timedelta(days=1)
    assert all(row.created_at < filled.now for row in filled.rows(Invitation))


def test_weekends_are_quiet(filled: Filled) -> None:
    mails = Counter(row.created_at.weekday() for row in filled.rows(Invitation))
    assert mails[0] == max(mails.values()) and mails[5] + mails[6] < mails[4]


def test_only_touches_that_would_not_have_been_purged_are_there(filled: Filled) -> None:
    touches = filled.rows(Touch)
    assert touches and min(row.at for row in touches) > filled.now - TOUCHES_KEPT_FOR
    counts = {row.id: row.touch_count for row in filled.rows(Invitation)}
    assert all(row.number <= counts[row.invitation_id] for row in touches)


def test_held_answers_have_many_reasons_and_none_is_judged_any_more(filled: Filled) -> None:
    held = [row for row in filled.rows(Answer) if row.state == State.HELD]
    assert {row.reason for row in held} == set(Reason) - {Reason.WAITING, Reason.CONFIRM_MODE}
    assert 0.02 < len(held) / len(filled.rows(Answer)) < 0.1
    assert all(row.settle_at is None for row in filled.rows(Answer))


def test_a_held_answer_reads_back_with_the_reason_it_was_stored_with(filled: Filled) -> None:
    since = filled.now - TOUCHES_KEPT_FOR + timedelta(days=2)
    domains = {row.id: row.domain for row in filled.rows(Invitation)}
    recent = [
        row
        for row in filled.rows(Answer)
        # The mark came to the domain after some of its answers.
        if row.state == State.HELD and row.began_at > since and domains[row.invitation_id] != GATEWAY_DOMAIN
    ]
    assert len(recent) > 10
    for row in recent:
        with filled.database.reading() as session:
            case = look(session, settings, row.invitation_id, filled.now).case
        assert evidence.reason(case, RULES) == row.reason


def test_some_mails_failed_and_some_customers_want_none(filled: Filled) -> None:
    invitations = filled.rows(Invitation)
    assert set(Counter(row.status for row in invitations)) == {
        Status.SENT,
        Status.LINKED,
        Status.FAILED,
        Status.REFUSED,
        Status.UNKNOWN,
    }
    suppressed_at = {row.address_hash: row.at for row in filled.rows(Suppression)}
    for row in invitations:
        if row.address_hash in suppressed_at:
            is_refused = row.created_at >= suppressed_at[row.address_hash]
            assert (row.status == Status.REFUSED) == is_refused or row.status == Status.FAILED


def test_one_domain_is_marked_as_scanning_and_holds_answers(filled: Filled) -> None:
    [mark] = filled.rows(Domain)
    assert mark.domain == GATEWAY_DOMAIN and mark.marked_until > filled.now
    of_domain = {row.id for row in filled.rows(Invitation) if row.domain == GATEWAY_DOMAIN}
    held = Counter(row.reason for row in filled.rows(Answer) if row.invitation_id in of_domain and row.reason)
    assert held[Reason.SEVERAL_RATINGS] >= 3 and held[Reason.SCANNING_DOMAIN] >= 1


def test_moving_house_became_harder_and_that_is_real(filled: Filled) -> None:
    before = filled.tally(Metric.CSAT, 0, FORM_WEEK, case_type="moving")
    after = filled.tally(Metric.CSAT, FORM_WEEK, WEEKS, case_type="moving")
    found = change(Metric.CSAT, before, after)
    assert found.is_demonstrable and (found.difference or 0) < -15


def test_the_young_team_is_withheld_in_every_metric(filled: Filled) -> None:
    [young] = [team.key for team in TEAMS if team.weeks.start == DESK_WEEK]
    figures = {each.metric: each for each in filled.scores(Filter(team=young))}
    assert figures[Metric.CSAT].n > 0
    assert all(each.score is None for each in figures.values())


def test_the_low_score_of_johan_is_that_of_his_cases(filled: Filled) -> None:
    by_agent = {
        each.group: each for each in filled.scores(Filter(metric=Metric.CSAT, team="north"), Dimension.AGENT)
    }
    scores = {group: each.score.value for group, each in by_agent.items() if each.score}
    assert scores["johan"] == min(scores.values()) and scores["johan"] < scores["erik"] - 8
    hard = Filter(metric=Metric.CSAT, case_type="complaint")
    [everybody] = filled.scores(hard)
    [johan] = filled.scores(Filter(metric=Metric.CSAT, case_type="complaint", agent="johan"))
    assert everybody.score and johan.score
    assert abs(johan.score.value - everybody.score.value) < 5

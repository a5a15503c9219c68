"""A team's older answers become part of its figures, labelled as what they are."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from surveyapp import history_import, reports, surveys
from surveyapp.bulk import Outcome, Summary
from surveyapp.core.access import AgentFigures, Reader
from surveyapp.core.evidence import Evidence, State
from surveyapp.core.periods import Whole, whole_of
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.status import Happening, Status
from surveyapp.db import Database
from surveyapp.models import Answer, AnswerEvent, Invitation, Rating
from surveyapp.selecting import Filter
from surveyapp.sheets import DateOrder, Row, RowError, Sheet
from surveyapp.timeline import timeline
from tests.support.people import Site, opened
from tests.support.scored import scores

NOON = datetime(2025, 11, 3, 11, tzinfo=UTC)
"""In Berlin."""


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, SMALLEST_N="1")


def row(number: int = 1, **cells: Any) -> Row:
    given = {"ticket": f"T-{number}", "metric": "csat", "rating": "4", "date": "2025-11-03"}
    return Row(number + 1, given | cells, {})


def run(site: Site, *rows: Row | RowError, **changes: Any) -> tuple[Summary, list[Outcome]]:
    outcomes: list[Outcome] = []
    arguments = {"survey": None, "metric": None, "order": None, "progress": outcomes.extend, **changes}
    summary = history_import.import_rows(site.database, site.settings, rows, site.clock(), **arguments)
    return summary, outcomes


def problem(site: Site, given: Row, **changes: Any) -> str | None:
    _, [outcome] = run(site, given, **changes)
    assert site.rows(Invitation) == []
    return outcome.problem


def test_an_older_answer_is_stored_as_one_that_counts(site: Site) -> None:
    cells: dict[str, Any] = {
        "agent": "anna",
        "agent_name": "Anna  Ö.",
        "team": "north",
        "case_type": "billing",
        "channel": "email",
        "locale": "sv-SE",
        "customer": "C-1",
        "comment": "Tack!\r\nBra.",
    }
    summary, [outcome] = run(site, replace(row(**cells), properties={"plan": "gold"}))
    assert (summary.statuses, outcome.is_new) == ({Status.IMPORTED: 1}, True)
    [invitation], [answer] = site.rows(Invitation), site.rows(Answer)
    about = (
        "agent_ref",
        "agent_name",
        "team",
        "case_type",
        "channel",
        "locale",
        "customer_ref",
        "properties",
    )
    assert [invitation[name] for name in about] == [
        "anna", "Anna Ö.", "north", "billing", "email", "sv", "C-1", {"plan": "gold"},
    ]  # fmt: skip
    assert (invitation["status"], invitation["source"]) == (Status.IMPORTED, "import")
    assert (invitation["survey_key"], invitation["survey_version"]) == ("csat", 1)
    assert (invitation["day"], invitation["created_at"], invitation["ended_at"]) == (
        date(2025, 11, 3),
        NOON,
        NOON,
    )
    assert (answer["state"], answer["evidence"], answer["reason"]) == (State.COUNTED, Evidence.IMPORTED, None)
    assert (answer["metric"], answer["rating"], answer["comment"]) == ("csat", 4, "Tack!\nBra.")
    assert (answer["day"], answer["began_at"], answer["revision"]) == (date(2025, 11, 3), NOON, 1)
    # It is of that day, and known since the import: what was fixed by then stays as it is.
    assert (answer["first_counted_at"], answer["changed_at"]) == (site.clock(), site.clock())
    [rating], [event] = site.rows(Rating), site.rows(AnswerEvent)
    assert (rating["question"], rating["metric"], rating["rating"]) == ("csat", "csat", 4)
    assert (event["revision"], event["at"], event["evidence"], event["ratings"]) == (
        1, site.clock(), Evidence.IMPORTED, {"csat": 4},
    )  # fmt: skip


def test_nobody_was_asked_and_nothing_is_ever_sent(site: Site) -> None:
    run(site, row())
    [invitation] = site.rows(Invitation)
    nothing = ("accepted_at", "send_at", "planned_at", "address", "address_hash", "domain", "claim")
    assert [invitation[name] for name in nothing] == [None] * len(nothing)


def test_the_figures_have_it_on_its_day_and_by_its_agent(site: Site) -> None:
    run(site, *(row(number, agent="anna", rating=str(1 + number % 5)) for number in range(1, 11)))
    assert site.n(metric=Metric.CSAT, agent="anna", first=date(2025, 11, 3), last=date(2025, 11, 3)) == 10
    assert site.n(metric=Metric.CSAT, first=date(2025, 11, 4)) == 0


def test_of_a_closed_period_whoever_may_not_open_answers_has_only_what_was_imported_by_then(
    site: Site,
) -> None:
    def n(day: date) -> int:
        week = Filter(Metric.CSAT).within(whole_of(Whole.WEEK, day))
        reader = Reader(None, is_bound=True, agents=AgentFigures.OFF)
        with site.database.reading() as session:
            [figures] = reports.scores(session, site.settings, reader, week, None, now=site.clock())
        return figures.n

    run(site, row(1), row(2, date=str(site.clock().date())))
    site.clock.forward(days=7)
    assert [n(date(2025, 11, 3)), n(date(2026, 3, 2))] == [0, 1]
    assert site.n(metric=Metric.CSAT) == 2


def test_an_answer_to_a_question_that_only_follows_another_has_no_survey_to_go_to(site: Site) -> None:
    summary, _ = run(site, row(metric="solved", rating="3"))
    assert summary.problems != [] and site.rows(Rating) == []


def test_its_timeline_says_that_it_was_imported(site: Site) -> None:
    _, [outcome] = run(site, row())
    with site.database.reading() as session:
        entries = timeline(session, session.get_one(Invitation, outcome.id))
    assert [(each.what, each.detail) for each in entries] == [
        (Happening.IMPORTED, None),
        (Happening.COUNTED, Evidence.IMPORTED),
    ]


@pytest.mark.parametrize("metric", [metric for metric in SCALES if metric in surveys.BUILT_IN])
@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_every_scale_is_taken_from_end_to_end(site: Site, metric: Metric, end: str) -> None:
    rating = str(getattr(SCALES[metric], end))
    name = metric.upper().replace("_", " ")
    parts: dict[str, Any] = dict.fromkeys(history_import.PARTS, rating) if metric is Metric.NKI else {}
    summary, _ = run(site, row(metric=name, rating="" if parts else rating, **parts))
    assert summary.problems == []
    stored = {each["question"]: str(each["rating"]) for each in site.rows(Rating)}
    assert stored == (parts or {metric: rating})
    with site.database.reading() as session:
        [figures] = scores(session, site.settings, Filter(metric))
    assert figures.n == 1


def test_an_open_question_is_its_comment(site: Site) -> None:
    run(site, row(metric="open", rating="", comment="Good."))
    [answer] = site.rows(Answer)
    assert (answer["metric"], answer["rating"], answer["comment"], site.rows(Rating)) == (
        "open",
        None,
        "Good.",
        [],
    )


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"metric": ""}, "metric: This is missing."),
        ({"metric": "stars"}, "metric: This must be one of these: nps, csat,"),
        ({"rating": ""}, "rating: This is missing."),
        ({"rating": "6"}, "rating: This must be a whole number from 1 to 5."),
        ({"ticket": ""}, "ticket: This is missing."),
        ({"date": ""}, "date: This is missing."),
        ({"date": "1/2/2026"}, "date: 1/2/2026 may mean two days"),
        ({"date": "2026-03-03"}, "date: This is in the future, or before 1970."),
        ({"date": "1969-12-31"}, "date: This is in the future, or before 1970."),
        ({"metric": "nki", "rating": "8"}, "rating: An NKI cannot be taken apart"),
        ({"metric": "nki", "rating": "", "nki1": "8", "nki2": "9"}, "nki3: This is missing."),
        ({"metric": "nki", "rating": ""}, "nki1: This is missing."),
        ({"metric": "open", "rating": "5", "comment": "Good."}, "rating: An open question has no rating."),
        ({"metric": "open", "rating": "", "comment": ""}, "comment: This is missing"),
        ({"comment": "x" * 2001}, "comment: This is longer than 2000 characters."),
        ({"team": "x" * 201}, "team: This is longer than 200 characters."),
        ({"agent": "an\x07na"}, "agent: This has characters that are no text."),
        ({"survey": "none"}, "There is no survey 'none'"),
        ({"survey": "nps"}, "metric: The survey nps asks for nps, not for csat."),
    ],
)
def test_what_is_wrong_is_said_by_field(site: Site, cells: dict[str, Any], said: str) -> None:
    assert (problem(site, row(**cells)) or "").startswith(said)


def test_metric_and_survey_may_be_said_once_for_all_rows(site: Site) -> None:
    run(site, row(1, metric=""), metric=Metric.NPS, survey=None)
    run(site, row(2, metric=""), survey="ces")
    assert {each["survey_key"] for each in site.rows(Invitation)} == {"nps", "ces"}
    assert {each["metric"] for each in site.rows(Answer)} == {"nps", "ces"}


def test_dates_with_slashes_follow_the_order(site: Site) -> None:
    run(site, row(date="2/1/2026"), order=DateOrder.DAY_FIRST)
    assert [each["day"] for each in site.rows(Answer)] == [date(2026, 1, 2)]


def test_the_day_is_the_organisations(site: Site) -> None:
    run(site, row(date="2025-11-02T23:30:00Z"))
    [answer] = site.rows(Answer)
    assert (answer["day"], answer["began_at"].hour) == (date(2025, 11, 3), 23)


def test_an_nki_keeps_its_questions_also_when_the_survey_asks_more(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "nki", [Metric.NPS], site.clock())
    run(site, row(metric="nki", rating="", nki1="1", nki2="2", nki3="3"))
    assert {each["question"]: each["rating"] for each in site.rows(Rating)} == {
        "nki1": 1,
        "nki2": 2,
        "nki3": 3,
    }


def test_the_same_rows_again_change_nothing(site: Site) -> None:
    rows = [row(1), row(2, comment="Bra"), row(2), row(1)]
    first, before = run(site, *rows)
    stored = [site.rows(model) for model in (Invitation, Answer, Rating, AnswerEvent)]
    site.clock.forward(days=1)
    second, after = run(site, *rows)
    assert [site.rows(model) for model in (Invitation, Answer, Rating, AnswerEvent)] == stored
    assert (first.again, second.again, len(stored[0])) == (1, 4, 3)
    assert [each.id for each in after] == [each.id for each in before]


def test_another_notation_of_the_same_answer_is_the_same(site: Site) -> None:
    run(site, row())
    summary, _ = run(site, row(metric="CSAT", rating="4,0", date="03.11.2025", team=""))
    assert summary.again == 1


def test_a_bad_row_costs_no_good_one(site: Site) -> None:
    rows: list[Row | RowError] = [
        RowError(2, "Bad."),
        *(row(number) for number in range(2, 1500)),
        row(1500, rating="9"),
        row(1501),
    ]
    summary, outcomes = run(site, *rows)
    assert (summary.rows, summary.bad, len(site.rows(Answer))) == (1501, 2, 1499)
    assert [each.line for each in outcomes if each.problem] == [2, 1501]


def test_a_sheet_feeds_it(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "betyg.csv"
    path.write_text("Mått\tBetyg\tDatum\tÄrende\nNPS\t9\t2026-01-02\tT-1\n", encoding="utf-16")
    with Sheet(path, history_import.FIELDS, ["ticket", "date"]) as sheet:
        summary, _ = run(site, *sheet.rows())
    assert (summary.problems, site.n(metric=Metric.NPS)) == ([], 1)

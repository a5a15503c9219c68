"""What there is to find in the demo, found by the use cases that the pages ask, on whatever day it begins."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from surveyapp import explaining, finding, markers, names, reports, scanning, targets, users
from surveyapp.core.access import AgentFigures, Viewer, operator
from surveyapp.core.casemix import expected
from surveyapp.core.decomposition import change_by_group
from surveyapp.core.evidence import State
from surveyapp.core.periods import Grain, Preset, period_of
from surveyapp.core.policy import Refusal
from surveyapp.core.scales import Group, Metric
from surveyapp.core.scoring import Tallies
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.demo import aims, called, prepare, refused, staff
from surveyapp.demo.company import (
    FORM_MARKER,
    FORM_WEEK,
    GATEWAY_DOMAIN,
    JOHAN,
    NOT_ASKED_AFTER,
    PLAN,
    PLANS,
    REGION,
    REGIONS,
    TARGET,
    TARGET_PURPOSE,
    WEEKS,
)
from surveyapp.figure_words import changed
from surveyapp.figures import Figures
from surveyapp.i18n import language
from surveyapp.models import Answer, Invitation, User
from surveyapp.selecting import By, Dimension, Filter
from surveyapp.tallies import tallies
from tests.support.databases import SqliteFiles
from tests.support.people import Clock, Site, opened
from tests.support.staff import logged_in

ROOT = Path(__file__).resolve().parents[2]
READER = operator(AgentFigures.PSEUDONYMOUS)
CASE_TYPE, TEAM = By(Dimension.CASE_TYPE), By(Dimension.TEAM)

# The first day of a quarter, a Wednesday, and the Sunday on which the clocks go back.
DAYS = [datetime(2026, 7, 1, 0, 20, tzinfo=UTC), datetime(2026, 10, 25, 9, 30, tzinfo=UTC)]

# What the README leads to -> what is found there.
PAGES = {
    "/admin/figures?case_type=moving": FORM_MARKER,
    "/admin/figures/act?metric=csat&by=case_type": "Moving",
    "/admin/figures/breakdown?metric=csat&by=case_type": "no demonstrable change",
    "/admin/figures/breakdown?metric=csat&by=team": "Chargers",
    "/admin/figures/breakdown?metric=csat&by=property.plan": "Hourly price",
    "/admin/figures/act?metric=csat&view=target": TARGET_PURPOSE,
    "/admin/figures/agents": "Agents",
    "/admin/figures/both": "CSAT",
    "/admin/figures/comments": "Comments",
    "/admin/held": GATEWAY_DOMAIN,
    "/admin/held/domains": GATEWAY_DOMAIN,
    "/admin/invitations?q=T-701": "T-70101",
}


class Begun:
    """A demo that was started for the first time at this instant, with its staff."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.site: Site = opened(database, Clock(now), TIMEZONE="Europe/Stockholm")
        self.settings, self.database, self.now = self.site.settings, database, now
        for _ in prepare.fill(database, self.settings, now):
            pass
        staff.employ(database, "correct horse battery staple", now)
        aims.note(database, self.settings, now)
        self.today = now.astimezone(self.settings.timezone).date()
        self.period = period_of(Preset.LAST_30, self.today)

    @property
    def admin(self) -> User:
        with self.database.reading() as session:
            user = users.by_email(session, aims.BY)
        assert user is not None
        return user

    @property
    def viewer(self) -> Viewer:
        return users.viewer_of(self.admin)

    def chosen(self, **about: object) -> Filter:
        """CSAT in the period that the pages show unless another is asked for."""
        chosen = Filter(metric=Metric.CSAT, first=self.period.first, last=self.period.last)
        return replace(chosen, **about)  # type: ignore[arg-type]

    def by_group(self, by: By) -> dict[str | None, Figures]:
        """The breakdown, compared with the period before."""
        with self.database.reading() as session:
            found = reports.scores(
                session, self.settings, READER, self.chosen(), by, now=self.now, is_compared=True
            )
        return {each.group: each for each in found}

    def tallies(self, chosen: Filter, by: By) -> Tallies:
        with self.database.reading() as session:
            return {group: tally for (_, group), tally in tallies(session, chosen, by).items()}


@pytest.fixture(scope="module", params=DAYS, ids=["wednesday", "sunday"])
def begun(sqlite: SqliteFiles, request: pytest.FixtureRequest) -> Iterator[Begun]:
    url = sqlite.clone()
    database = Database(url)
    yield Begun(database, request.param)
    database.dispose()
    sqlite.drop(url)


def test_moving_house_is_the_one_case_type_that_changed_for_sure(begun: Begun) -> None:
    moved = {group: each.change for group, each in begun.by_group(CASE_TYPE).items() if each.change}
    assert [group for group, change in moved.items() if change.is_demonstrable] == ["moving"]
    assert (moved["moving"].difference or 0) < -20


def test_moving_house_comes_first_where_to_act(begun: Begun) -> None:
    before, after = begun.chosen().within(begun.period.previous), begun.chosen()
    explained = change_by_group(
        Metric.CSAT, begun.tallies(before, CASE_TYPE), begun.tallies(after, CASE_TYPE), smallest=5
    )
    assert explained is not None
    first = explained.parts[0]
    assert first.group == "moving" and first.within < 0 and abs(first.within) > abs(first.mix)


def test_power_cuts_only_seem_to_go_better(begun: Begun) -> None:
    outage = begun.by_group(CASE_TYPE)["outage"]
    assert outage.change is not None and (outage.change.difference or 0) > 7
    assert changed(language("en"), outage).words == "no demonstrable change"


def test_the_desk_for_chargers_is_withheld_and_the_other_teams_are_not(begun: Begun) -> None:
    teams = begun.by_group(TEAM)
    assert {group for group, each in teams.items() if each.is_withheld} == {"chargers"}
    assert 0 < teams["chargers"].n < teams["chargers"].smallest


def test_the_marker_stands_where_the_scores_part(begun: Begun) -> None:
    with begun.database.reading() as session:
        [marker] = markers.within(session, begun.period)
        around = reports.overview(
            session,
            begun.settings,
            READER,
            begun.chosen(case_type="moving"),
            Grain.WEEK,
            now=begun.now,
            events=[marker.day],
        ).around
    assert (marker.words, marker.day) == (FORM_MARKER, begun.today - timedelta(weeks=WEEKS - FORM_WEEK))
    [moving] = around[0].figures
    assert moving.change is not None and moving.change.is_demonstrable


def test_there_is_one_target_with_its_purpose_and_it_is_not_reached(begun: Begun) -> None:
    with begun.database.reading() as session:
        [aim] = targets.all_targets(session).values()
        [whole] = reports.scores(session, begun.settings, READER, begun.chosen(), now=begun.now)
    assert (aim.metric, int(aim.value), aim.purpose) == (Metric.CSAT, TARGET, TARGET_PURPOSE)
    assert whole.score is not None and whole.score.value < aim.value


def test_what_was_removed_stays_away_at_the_next_start(begun: Begun) -> None:
    with begun.database.transaction() as session:
        [marker] = markers.within(session)
        day, words = marker.day, marker.words
        markers.remove(session, begun.viewer, marker.id, begun.now)
    aims.note(begun.database, begun.settings, begun.now)
    with begun.database.transaction() as session:
        assert not markers.within(session)
        markers.add(session, begun.settings, begun.viewer, day, words, begun.now)


def test_one_domain_scans_and_its_answers_wait(begun: Begun) -> None:
    with begun.database.reading() as session:
        assert set(scanning.marked(session, begun.now)) == {GATEWAY_DOMAIN}
        held = select(func.count(Answer.invitation_id)).join(
            Invitation, Invitation.id == Answer.invitation_id
        )
        held = held.where(Answer.state == State.HELD, Invitation.domain == GATEWAY_DOMAIN)
        assert (session.scalar(held) or 0) >= 3


def test_the_cases_of_johan_explain_his_low_score(begun: Begun) -> None:
    period = period_of(Preset.LAST_90, begun.today)
    everybody = begun.chosen().within(period)
    own = begun.tallies(replace(everybody, agent=JOHAN.ref), CASE_TYPE)
    found = expected(Metric.CSAT, own, begun.tallies(everybody, CASE_TYPE))
    assert found is not None and found.is_explained and abs(found.difference) < 5


def test_each_common_reason_refuses_the_ticket_that_is_told(begun: Begun) -> None:
    with begun.database.reading() as session:
        found = {
            reason: finding.search(session, begun.settings, begun.viewer, ticket)[0]
            for reason, ticket in refused.TICKETS.items()
        }
    for reason, tickets in found.items():
        assert [each.reason for each in tickets if each.status is Status.REFUSED] == [reason]
    assert [each.status for each in found[Refusal.ALREADY_ASKED]] == [Status.REFUSED, Status.LINKED]
    [quiet] = found[Refusal.QUIET_PERIOD]
    assert quiet.allowed_from is not None and quiet.allowed_from > begun.now


def test_the_history_keeps_to_the_rule_that_refuses_a_case_type(begun: Begun) -> None:
    [(survey, never)] = NOT_ASKED_AFTER.items()
    asked = select(func.count()).where(Invitation.survey_key == survey, Invitation.status != Status.REFUSED)
    with begun.database.reading() as session:
        assert session.scalar(asked.where(Invitation.case_type.in_(never))) == 0
        assert (session.scalar(asked) or 0) > 100


def test_a_plan_of_the_customers_says_more_than_chance(begun: Begun) -> None:
    plans = begun.by_group(By(Dimension.PROPERTY, PLAN))
    assert set(plans) == set(PLANS)
    worst = plans["Hourly price"].contrast
    assert worst is not None and worst.is_demonstrable and (worst.difference or 0) < 0
    regions = begun.by_group(By(Dimension.PROPERTY, REGION))
    assert set(regions) == {region for each in REGIONS.values() for region in each}


def test_csat_and_nps_of_the_same_people_make_a_table(begun: Begun) -> None:
    with begun.database.reading() as session:
        cross = explaining.cross(session, begun.settings, READER, begun.chosen())
        page, _ = explaining.satisfied_but(session, begun.settings, begun.viewer, begun.chosen())
    assert cross.counts is not None and cross.n > 50
    assert len(page) == cross.counts[Group.FAVOURABLE, Group.UNFAVOURABLE] > 0


@pytest.mark.parametrize(
    ("code", "own"),
    [
        ("sv", r"elnät|autogiro|anläggnings-id"),
        ("ro", r"index|regularizare|mama"),
        ("de", r"Abschlag|Zählerstand"),
        ("en", r"switched to English|New to the country|speak the language"),
    ],
)
def test_customers_of_each_language_have_troubles_of_their_own(begun: Begun, code: str, own: str) -> None:
    written = select(Invitation.locale, Answer.comment).join(Answer, Answer.invitation_id == Invitation.id)
    with begun.database.reading() as session:
        rows = session.execute(written.where(Answer.comment.is_not(None))).all()
    assert {locale for locale, comment in rows if re.search(own, comment or "")} == {code}


def test_what_the_readme_leads_to_is_there(begun: Begun) -> None:
    admin = logged_in(begun.site, begun.admin)
    assert set(_paths(ROOT / "README.md")) == set(PAGES)
    assert set(_paths(ROOT / "docs" / "demo.md")) <= {*PAGES, "/admin/figures"}
    for path, words in PAGES.items():
        page = admin.get(path)
        assert (page.status, page.alert) == (200, None), path
        assert words.lower() in page.text.lower(), path


def test_the_readme_tells_each_refused_ticket() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(ticket in text for ticket in refused.TICKETS.values())


def _paths(file: Path) -> Sequence[str]:
    """The addresses behind the login that a page names."""
    return re.findall(r"`(/admin/(?:figures|held|invitations)[^`]*)`", file.read_text(encoding="utf-8"))


def test_groups_have_names_in_the_readers_language_and_keep_those_somebody_gave(begun: Begun) -> None:
    called.name_all(begun.database, begun.now)
    with begun.database.reading() as session:
        labels = names.Labels(session)
        assert labels.of(names.Kind.CASE_TYPE, "outage", "de") == "Stromausfall"
        assert labels.of(names.Kind.TEAM, "north", "ro") == "Nord"
    with begun.database.transaction() as session:
        names.save_name(session, names.Kind.CASE_TYPE, "outage", {"de": "Ausfall"}, [], None, begun.now)
    called.name_all(begun.database, begun.now)
    with begun.database.reading() as session:
        assert names.Labels(session).of(names.Kind.CASE_TYPE, "outage", "de") == "Ausfall"

"""The answers behind a figure and the comments, against plain lists of the same answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import update

from surveyapp import answers, stream, surveys
from surveyapp.answers import Entry
from surveyapp.config import Settings
from surveyapp.core.access import AgentFigures, Permission, Role, Viewer
from surveyapp.core.errors import FieldError, NotAllowedError
from surveyapp.core.evidence import Seen
from surveyapp.core.scales import Group, Metric
from surveyapp.db import Database
from surveyapp.models import Answer
from surveyapp.selecting import Filter
from surveyapp.stream import Read
from tests.support.people import START, Invited, Site, opened

LEADER = Viewer("leader", Role.LEADER, None)
UNFAVOURABLE = {
    Metric.CSAT: range(1, 3),
    Metric.NPS: range(7),
    Metric.CES: range(5, 8),
    Metric.NKI: range(1, 5),
}
FAVOURABLE = {
    Metric.CSAT: range(4, 6),
    Metric.NPS: range(9, 11),
    Metric.CES: range(1, 4),
    Metric.NKI: range(7, 11),
}


@pytest.fixture
def site(database: Database) -> Site:
    """Asks how likely customers are to recommend after how satisfied they are."""
    site = opened(database)
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    return site


@dataclass(frozen=True, slots=True)
class Given:
    """What a customer gave."""

    id: str
    metric: Metric
    rating: int | None
    nps: int | None
    comment: str | None
    at: datetime
    team: str | None


def give(
    site: Site,
    survey: str = "csat",
    rating: int | None = 4,
    comment: str | None = None,
    further: dict[str, int] | None = None,
    **about: Any,
) -> Invited:
    made = site.invited(survey, **about)
    with site.database.transaction() as session:
        entry = Entry(rating, comment, further or {})
        answers.count(session, site.settings, made.id, entry, is_verified=True, now=site.clock())
    return made


def in_mode(site: Site, mode: AgentFigures) -> Settings:
    return replace(site.settings, own=replace(site.settings.own, agent_figures=mode))


def read(site: Site, chosen: Filter | None = None, viewer: Viewer = LEADER, **wanted: Any) -> list[Read]:
    """All pages, one after the other."""
    settings = wanted.pop("settings", site.settings)
    found: list[Read] = []
    cursor: str | None = ""
    while cursor is not None:
        with site.database.reading() as session:
            page, cursor = stream.answers(
                session, settings, viewer, chosen or Filter(), cursor=cursor or None, **wanted
            )
        assert len(page) <= wanted.get("limit", 50)
        found += page
    return found


def ids(found: Sequence[Read]) -> list[str]:
    return [each.id for each in found]


# --- page after page -------------------------------------------------------------------------------


def many(site: Site, random: Random, number: int) -> list[Given]:
    """Answers of which many share a day, and some a moment."""
    made = []
    for _ in range(number):
        at = START + timedelta(days=random.randrange(4), hours=random.randrange(2))
        site.clock.at = at
        metric = random.choice([Metric.CSAT, Metric.CSAT, Metric.NPS, Metric.CES, Metric.OPEN])
        rating = None if metric is Metric.OPEN else random.choice([1, 2, 3, 4, 5])
        nps = random.choice([None, 3, 8, 9]) if metric is Metric.CSAT else None
        is_commented = metric is Metric.OPEN or random.random() < 0.6
        comment = random.choice(["Too slow", "All fine", "SLOW again"]) if is_commented else None
        team = random.choice(["Nord", "Süd", None])
        further = {} if nps is None else {"nps": nps}
        invited = give(site, metric.value, rating, comment, further, team=team)
        nps = rating if metric is Metric.NPS else nps
        made.append(Given(invited.id, metric, rating, nps, comment, at, team))
    return made


def urgency(each: Given, metric: Metric | None) -> int:
    rating = each.nps if metric is Metric.NPS else each.rating
    of = metric or each.metric
    if rating is None:
        return 0
    return 3 if rating in UNFAVOURABLE[of] else 1 if rating in FAVOURABLE[of] else 2


def expected(made: list[Given], metric: Metric | None, words: str, *, is_urgent: bool) -> list[str]:
    kept = [
        each
        for each in made
        if metric is None or (each.nps is not None if metric is Metric.NPS else each.metric is metric)
    ]
    if words:
        kept = [each for each in kept if each.comment and words in each.comment.lower()]
    by_id = sorted(kept, key=lambda each: each.id, reverse=True)
    newest = sorted(by_id, key=lambda each: each.at, reverse=True)
    if is_urgent:
        newest = sorted(newest, key=lambda each: urgency(each, metric), reverse=True)
    return [each.id for each in newest]


def test_pages_have_neither_gaps_nor_doubles_in_either_order(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = many(site, Random(5), 24)
    monkeypatch.setattr(stream, "READ_AT_ONCE", 4)
    monkeypatch.setattr(stream, "MOST_SEARCHED", 8)
    for metric, words, is_urgent in product(
        (None, Metric.CSAT, Metric.NPS, Metric.OPEN), ("", "slow"), (False, True)
    ):
        wanted = expected(made, metric, words, is_urgent=is_urgent)
        assert wanted
        for limit in (2, 5):
            found = read(site, Filter(metric=metric), words=words, unfavourable_first=is_urgent, limit=limit)
            assert sorted(ids(found)) == sorted(wanted)
            # Ids are in whatever order the database has them; what people see is by group and moment.
            place = {each.id: each for each in made}
            order = [
                (urgency(place[each], metric) if is_urgent else 0, place[each].at) for each in ids(found)
            ]
            assert order == sorted(order, reverse=True)


def test_an_answer_that_comes_meanwhile_shifts_no_page(site: Site) -> None:
    for _ in range(4):
        give(site)
        site.clock.forward(hours=1)
    with site.database.reading() as session:
        first, cursor = stream.answers(session, site.settings, LEADER, Filter(), limit=2)
    give(site)
    with site.database.reading() as session:
        second, _ = stream.answers(session, site.settings, LEADER, Filter(), limit=2, cursor=cursor)
    assert len({*ids(first), *ids(second)}) == 4


def test_a_page_reads_each_version_of_a_survey_once(site: Site) -> None:
    for _ in range(3):
        give(site)
    give(site, "nps", 9)
    with site.database.reading() as session:
        with patch("surveyapp.stream.version_of_invitation", wraps=surveys.version_of_invitation) as looked:
            page, _ = stream.answers(session, site.settings, LEADER, Filter())
    assert looked.call_count == 2
    assert sorted((each.survey, each.version.survey_key) for each in page) == [("csat", "csat")] * 3 + [
        ("nps", "nps")
    ]


def test_a_cursor_that_is_none_of_ours_is_told(site: Site) -> None:
    for cursor in ("", "nonsense", "ä", "NCAyMDI2LTAzLTAyIHggeQ", "OSAxIDIgMw", "AA"):
        with site.database.reading() as session, pytest.raises(FieldError) as caught:
            stream.answers(session, site.settings, LEADER, Filter(), cursor=cursor)
        assert caught.value.field == "cursor"


def test_of_an_index_low_ratings_come_first_too(site: Site) -> None:
    made = {}
    for mean in (10, 3, 6):
        further = {"nki2": mean, "nki3": mean}
        made[mean] = give(site, "nki", mean, "Words", further).id
        site.clock.forward(days=1)
    wanted = [made[mean] for mean in (3, 6, 10)]
    for metric in (None, Metric.NKI):
        assert ids(read(site, Filter(metric=metric), unfavourable_first=True)) == wanted
    assert {each.group for each in read(site)} == {None}
    assert ids(read(site, Filter(metric=Metric.NKI), rating=18)) == [made[6]]


# --- which answers ---------------------------------------------------------------------------------


def test_a_metric_means_every_answer_that_its_figures_count(site: Site) -> None:
    both = give(site, rating=5, further={"nps": 3})
    give(site, rating=1)
    mailed = give(site, "nps", 9)
    found = read(site, Filter(metric=Metric.NPS))
    assert {each.id: each.group for each in found} == {
        both.id: Group.UNFAVOURABLE,
        mailed.id: Group.FAVOURABLE,
    }
    told = next(each for each in found if each.id == both.id)
    assert (told.metric, told.rating) == (Metric.CSAT, 5)
    assert [(each.metric, each.rating) for each in told.further] == [(Metric.NPS, 3)]
    assert told.version.number == 2
    assert ids(read(site, Filter(metric=Metric.NPS), group=Group.UNFAVOURABLE)) == [both.id]
    assert ids(read(site, Filter(metric=Metric.NPS), rating=9)) == [mailed.id]
    assert read(site, Filter(metric=Metric.NPS), rating=5) == []


def test_an_index_is_counted_when_all_its_questions_are_rated(site: Site) -> None:
    whole = give(site, "nki", 5, further={"nki2": 6, "nki3": 7})
    part = give(site, "nki", 5, further={"nki2": 6})
    assert ids(read(site, Filter(metric=Metric.NKI))) == [whole.id]
    assert {*ids(read(site))} == {whole.id, part.id}
    assert read(site, Filter(metric=Metric.NKI), group=Group.UNFAVOURABLE) == []


def test_a_group_goes_by_each_metrics_own_scale(site: Site) -> None:
    for rating in range(1, 6):
        give(site, rating=rating)
    give(site, "ces", 1)
    give(site, "open", None, "Words")
    for group, ratings in {
        Group.UNFAVOURABLE: {("csat", 1), ("csat", 2)},
        Group.NEUTRAL: {("csat", 3)},
        Group.FAVOURABLE: {("csat", 4), ("csat", 5), ("ces", 1)},
    }.items():
        found = read(site, group=group)
        assert {(each.survey, each.rating) for each in found} == ratings
        assert {each.group for each in found} == {group}


def test_only_what_counts_is_listed_and_the_filter_is_held_to(site: Site) -> None:
    counted = give(site, team="Nord", case_type="Faktura", channel="email", locale="sv")
    give(site, team="Süd")
    withdrawn = give(site, team="Nord")
    held = site.invited(team="Nord")
    with site.database.transaction() as session:
        session.execute(update(Answer).where(Answer.invitation_id == withdrawn.id).values(state="void"))
        answers.hold(session, site.settings, held.id, Seen(site.clock(), "page", 4), site.clock())
    [found] = read(site, Filter(team="Nord", first=START.date(), last=START.date()))
    assert found.id == counted.id and found.day == date(2026, 3, 2)
    assert (found.team, found.case_type, found.channel, found.locale) == ("Nord", "Faktura", "email", "sv")
    assert found.evidence == "press" and found.group is Group.FAVOURABLE
    assert read(site, Filter(first=date(2026, 3, 3))) == []


def test_erased_and_empty_comments_are_no_comments(site: Site) -> None:
    kept = give(site, comment="Thanks")
    give(site)
    for gone in ("", None):
        made = give(site, comment="Gone")
        with site.database.transaction() as session:
            session.execute(update(Answer).where(Answer.invitation_id == made.id).values(comment=gone))
    assert ids(read(site, is_commented=True)) == [kept.id]
    assert len(read(site)) == 4


# --- search ----------------------------------------------------------------------------------------


FOUND = {
    "ÅTERBETALNING": "Min återbetalning dröjer",
    "återbetalat": "MIN A\u030aTERBETALATS",
    "hauptstrasse": "In der Hauptstraße wartet man",
    "FUSSWEG": "fußweg",
    "PREIßE": "zu hohe preisse",
    "așteptat": "Am A\u015eTEPTAT mult",
    "r\u0103spunde \u0163ara": "ȚARA întreagă răspunde",
    "slow phone": "The phone line\nis far too SLOW",
    "100%": "100% happy",
    "a_b": "Order a_b",
    "\\": "C:\\temp",
    "'; drop table answers; --": "I wrote '; drop table answers; --",
    ".*": "regex .* here",
}
"""Words and the only comment of these that holds them."""


def test_words_are_found_in_any_case_and_spelling_and_mean_themselves(site: Site) -> None:
    made = {words: give(site, comment=comment) for words, comment in FOUND.items()}
    give(site, comment="Something else: 1000, axb, ok")
    for words in FOUND:
        assert ids(read(site, words=words)) == [made[words].id], words


def test_wildcards_and_half_of_the_words_find_nothing(site: Site) -> None:
    give(site, comment="Far too slow")
    for words in ("%", "_", ".", "[a-z]", "\x00", "slow fast"):
        assert read(site, words=words) == []


def test_a_search_that_looked_long_enough_says_where_to_go_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "READ_AT_ONCE", 2)
    monkeypatch.setattr(stream, "MOST_SEARCHED", 4)
    old = give(site, comment="A needle")
    for _ in range(5):
        site.clock.forward(hours=1)
        give(site, comment="Hay")
    with site.database.reading() as session:
        page, cursor = stream.answers(session, site.settings, LEADER, Filter(), words="needle")
        assert page == [] and cursor is not None
        page, cursor = stream.answers(session, site.settings, LEADER, Filter(), words="needle", cursor=cursor)
    assert ids(page) == [old.id] and cursor is None


# --- who may -----------------------------------------------------------------------------------------


def test_who_may_not_open_answers_reads_none(site: Site) -> None:
    allowed = {Permission.COMMENTS: True}
    for role in (Role.VIEWER, Role.SUPPORT, Role.AGENT):
        for wanted in ({}, {"is_commented": True}, {"words": "slow"}):
            with pytest.raises(NotAllowedError):
                read(site, viewer=Viewer("x", role, None, "kim", allowed), **wanted)


def test_without_the_right_to_comments_there_are_none_and_nobody_searches_them(site: Site) -> None:
    give(site, comment="Too slow")
    deaf = Viewer("x", Role.LEADER, None, allowed={Permission.COMMENTS: False})
    assert [each.comment for each in read(site, viewer=deaf)] == [None]
    for wanted in ({"is_commented": True}, {"words": "slow"}):
        with pytest.raises(NotAllowedError):
            read(site, viewer=deaf, **wanted)


def test_a_leader_reads_the_own_teams_alone(site: Site) -> None:
    own = give(site, team="Nord", comment="Ours")
    give(site, team="Süd", comment="Theirs")
    give(site, comment="Nobody's")
    leader = Viewer("x", Role.LEADER, frozenset({"Nord"}))
    assert ids(read(site, viewer=leader)) == [own.id]
    assert read(site, Filter(team="Süd"), viewer=leader) == []


def test_agents_stand_beside_tickets_only_where_they_are_named(site: Site) -> None:
    give(site, agent_ref="kim", agent_name="Kim Berg")
    unnamed = Viewer("x", Role.LEADER, None, allowed={Permission.AGENT_NAMES: False})
    for mode in AgentFigures:
        settings = in_mode(site, mode)
        is_named = mode is AgentFigures.NAMED
        [found] = read(site, settings=settings)
        assert found.agent == ("Kim Berg" if is_named else None)
        assert read(site, settings=settings, viewer=unnamed)[0].agent is None
        for viewer in (LEADER, unnamed):
            if is_named and viewer is LEADER:
                assert len(read(site, Filter(agent="kim"), settings=settings)) == 1
                continue
            with pytest.raises(FieldError) as caught:
                read(site, Filter(agent="kim"), viewer, settings=settings)
            assert caught.value.field == "agent"

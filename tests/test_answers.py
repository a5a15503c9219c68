"""What the use cases of an answer do that no page shows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from surveyapp import answers
from surveyapp.answers import TOUCHES_KEPT_FOR, Entry
from surveyapp.asked import look, save
from surveyapp.core import evidence
from surveyapp.core.errors import (
    CommentMissingError,
    EditWindowOverError,
    ExpiredLinkError,
    InvalidLinkError,
    RatingNotOnScaleError,
)
from surveyapp.core.evidence import Gestured, Link, Pressed, State, Touch
from surveyapp.db import Database
from surveyapp.models import Answer, AnswerEvent
from surveyapp.models import Touch as TouchRow
from tests.support.people import START, Invited, Site, Visitor, opened


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def count(site: Site, invited: Invited, entry: Entry) -> answers.Change:
    with site.database.transaction() as session:
        return answers.count(session, site.settings, invited.id, entry, is_verified=True, now=site.clock())


def touch(site: Site, invited: Invited, rating: int | None) -> None:
    link = Link.QUESTION if rating is None else Link.RATING
    with site.database.transaction() as session:
        noted = Touch(site.clock(), link, rating)
        answers.touch(session, site.settings, invited.id, noted, site.clock())


def hold(site: Site, invited: Invited, event: evidence.Event) -> None:
    with site.database.transaction() as session:
        answers.hold(session, site.settings, invited.id, event, site.clock())


def test_a_change_tells_what_was_before_and_what_is_after(site: Site) -> None:
    invited = site.invited()
    first = count(site, invited, Entry(4))
    assert (first.before.case.state, first.after.case.rating) == (None, 4)
    second = count(site, invited, Entry(2, "Words"))
    assert (second.before.case.rating, second.after.case.rating) == (4, 2)
    assert (second.before.comment, second.after.comment) == (None, "Words")
    again = count(site, invited, Entry(2))
    assert again.before == again.after


def test_a_comment_alone_needs_one(site: Site) -> None:
    invited = site.invited("open")
    for entry in (Entry(None), Entry(None, "")):
        with pytest.raises(CommentMissingError):
            count(site, invited, entry)
    count(site, invited, Entry(None, "Words"))
    assert site.state(invited) == ("counted", "press", None)


@pytest.mark.parametrize(
    "entry", [Entry(None), Entry(0), Entry(6), Entry(5, None, {"nps": 5}), Entry(5, None, {"csat": 5})]
)
def test_what_was_not_asked_for_is_refused_whole(site: Site, entry: Entry) -> None:
    invited = site.invited()
    with pytest.raises(RatingNotOnScaleError):
        count(site, invited, entry)
    assert site.rows(Answer) == []


def test_a_link_of_no_mail_is_no_touch(site: Site) -> None:
    invited = site.invited()
    with pytest.raises(RatingNotOnScaleError):
        touch(site, invited, 6)
    assert site.touches(invited) == [] and site.invitation(invited)["touch_count"] == 0


def test_an_invitation_that_is_not_there_takes_nothing(site: Site) -> None:
    nobody = site.of("x" * 22)
    for act in (
        lambda: touch(site, nobody, 5),
        lambda: hold(site, nobody, Gestured(START, 5)),
        lambda: count(site, nobody, Entry(5)),
    ):
        with pytest.raises(InvalidLinkError):
            act()


def test_a_touch_changes_no_row_of_an_answer(site: Site) -> None:
    person = Visitor(site, site.invited())
    site.clock.forward(minutes=11)
    person.stay(5)
    before = site.rows(Answer), site.rows(AnswerEvent)
    for rating in (4, None, 5):
        touch(site, person.invited, rating)
    assert (site.rows(Answer), site.rows(AnswerEvent)) == before


def test_a_touch_that_came_after_an_answer_was_held_is_known_when_it_is_judged(site: Site) -> None:
    invited = [site.invited() for _ in range(2)]
    site.clock.forward(minutes=11)
    for each in invited:
        Visitor(site, each).stay(5)
    site.clock.forward(minutes=20)
    touch(site, invited[0], 5)
    touch(site, invited[1], 4)
    due = site.clock() + timedelta(minutes=30)
    site.clock.forward(minutes=11)
    assert site.worker().settle_due() == 2
    assert [site.state(each) for each in invited] == [
        ("held", "waiting", 5),
        ("held", "several_ratings", 5),
    ]
    later = site.answer(invited[0])
    assert later and later["settle_at"] == due
    site.clock.at = due
    site.worker().settle_due()
    assert site.state(invited[0]) == ("counted", "settled", 5)


def test_settling_goes_on_until_nothing_is_due(site: Site) -> None:
    for _ in range(5):
        person = Visitor(site, site.invited())
        site.clock.forward(minutes=11)
        person.stay(5)
    site.clock.forward(minutes=31)
    with site.database.transaction() as session:
        assert answers.settle(session, site.settings, site.clock(), most=2) == 2
    assert site.worker().settle_due() == 3
    assert site.n() == 5


def test_a_refused_answer_is_never_judged(site: Site) -> None:
    person = Visitor(site, site.invited())
    site.clock.forward(minutes=11)
    person.stay(5)
    with site.database.transaction() as session:
        session.execute(update(Answer).values(state=State.REFUSED))
    site.clock.forward(hours=25)
    site.worker().settle_due()
    assert site.answer(person.invited)["state"] == "refused"  # type: ignore[index]
    assert site.worker().settle_due() == 0


def test_whoever_was_overtaken_writes_nothing(site: Site) -> None:
    invited = site.invited()
    with site.database.transaction() as session:
        for rating in (5, 4):
            before = look(session, site.settings, invited.id, START)
            case = evidence.step(before.case, Pressed(START, rating), site.settings.rules)
            after = replace(before, case=case)
            assert save(session, site.settings, before, after, START)
            # Whoever makes it once more has seen what is no longer so.
            assert not save(session, site.settings, before, after, START)
    assert site.ratings(invited) == {"csat": 4}
    assert [row["revision"] for row in site.rows(AnswerEvent)] == [1, 2]


@pytest.mark.parametrize("error", [ExpiredLinkError, EditWindowOverError])
def test_reports_are_refused_when_it_is_too_late(site: Site, error: type[Exception]) -> None:
    invited = site.invited()
    if error is EditWindowOverError:
        count(site, invited, Entry(5))
    site.clock.forward(days=61)
    with pytest.raises(error):
        hold(site, invited, Gestured(site.clock(), 1))


def test_touches_are_purged_in_portions(site: Site) -> None:
    invited = site.invited()
    for _ in range(5):
        touch(site, invited, 5)
    later = START + TOUCHES_KEPT_FOR + timedelta(seconds=1)
    with site.database.transaction() as session:
        assert answers.purge_touches(session, later, most=3) == 3
        assert answers.purge_touches(session, later, most=3) == 2
        assert answers.purge_touches(session, later, most=3) == 0
        assert session.scalar(select(func.count()).select_from(TouchRow)) == 0

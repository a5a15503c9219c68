"""Summaries by mail: who gets them, when, how often at most, and that they tell what the pages tell."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from surveyapp import erasure, reports, subject_data, summaries, users
from surveyapp.core.access import AgentFigures, Permission, Reader, Role, reader_of
from surveyapp.core.errors import FieldError, MailDelayedError, MailRefusedError, Problem, UnknownThingError
from surveyapp.core.periods import Period, Whole
from surveyapp.core.scales import Metric
from surveyapp.db import Database, Session
from surveyapp.models import Record, Summary, User
from surveyapp.notes import LEASE, RETRIES, Ending
from surveyapp.selecting import Filter
from surveyapp.summaries import ClaimedSummary, Contents
from surveyapp.worker import run_once
from tests.support.people import START, Site, Visitor, opened
from tests.support.relays import Counting
from tests.support.staff import account

STOCKHOLM = ZoneInfo("Europe/Stockholm")
THIS_WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
NEXT_MONDAY = datetime(2026, 3, 9, 6, tzinfo=UTC)
"""07:00 in Stockholm, a week after START."""
MOMENT = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, TIMEZONE="Europe/Stockholm", SMALLEST_N="1")


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with site.database.transaction() as session:
        yield session


def reader(site: Site, role: Role = Role.LEADER, every: Whole = Whole.WEEK, **about: Any) -> User:
    """A user who wants summaries."""
    user = account(site, role, **about)
    with site.database.transaction() as session:
        summaries.choose(session, site.settings, user.id, users.viewer_of(user), every, site.clock())
    return user


def outsider(site: Site, email: str = "sales@nordlicht.example", every: Whole = Whole.WEEK) -> str:
    admin = account(site)
    with site.database.transaction() as session:
        return summaries.add_address(
            session, site.settings, email, every, "de", site.clock(), by_user=admin.id
        )


def claimed(site: Site, now: datetime) -> ClaimedSummary | None:
    with site.database.transaction() as session:
        return summaries.claim(session, site.settings, now)


def sure(site: Site, now: datetime = NEXT_MONDAY) -> ClaimedSummary:
    found = claimed(site, now)
    assert found is not None
    return found


def end(
    site: Site, found: ClaimedSummary, ending: Ending, now: datetime, detail: str | None = None
) -> dict[str, Any]:
    """Note the outcome; the row as it is then."""
    with site.database.transaction() as session:
        summaries.note_outcome(session, site.settings, found, ending, detail, now)
    return next(row for row in site.rows(Summary) if row["id"] == found.id)


def answered(site: Site, rating: int, comment: str = "", **about: Any) -> None:
    person = Visitor(site, site.invited(**about))
    person.open()
    person.press(rating, **({"comment": comment} if comment else {}))


def told(site: Site, found: ClaimedSummary, now: datetime = NEXT_MONDAY) -> Contents:
    with site.database.reading() as session:
        return summaries.contents(session, site.settings, found, now)


# --- when ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "is_bound", "now", "newest", "following"),
    [
        (Whole.WEEK, False, (2026, 3, 2, 6, 59), (2026, 2, 16), (2026, 3, 2)),
        (Whole.WEEK, True, (2026, 3, 2, 7, 0), (2026, 2, 23), (2026, 3, 9)),
        (Whole.MONTH, False, (2026, 3, 1, 7, 0), (2026, 2, 1), (2026, 4, 1)),
        (Whole.MONTH, False, (2026, 3, 1, 6, 59), (2026, 1, 1), (2026, 3, 1)),
        # February's last week ends on 1 March, March's on 5 April.
        (Whole.MONTH, True, (2026, 3, 2, 6, 59), (2026, 1, 1), (2026, 3, 2)),
        (Whole.MONTH, True, (2026, 4, 6, 6, 59), (2026, 2, 1), (2026, 4, 6)),
        (Whole.MONTH, True, (2026, 4, 6, 7, 0), (2026, 3, 1), (2026, 5, 4)),
    ],
)
def test_a_summary_is_due_at_seven_once_its_days_are_over_and_fixed(
    every: Whole,
    is_bound: bool,
    now: tuple[int, ...],
    newest: tuple[int, int, int],
    following: tuple[int, int, int],
) -> None:
    at = datetime(*now, tzinfo=STOCKHOLM)  # type: ignore[misc, arg-type]
    assert summaries.newest_due(every, STOCKHOLM, at, is_bound=is_bound).first == date(*newest)
    due = summaries.next_due(every, STOCKHOLM, at, is_bound=is_bound)
    assert due == datetime(*following, 7, tzinfo=STOCKHOLM)


@pytest.mark.parametrize("is_bound", [False, True])
@pytest.mark.parametrize("every", summaries.EVERY)
def test_each_week_and_month_has_its_turn_once(every: Whole, is_bound: bool) -> None:
    now = START
    seen: list[Period] = []
    while len(seen) < 40:
        now = summaries.next_due(every, STOCKHOLM, now, is_bound=is_bound)
        seen.append(summaries.newest_due(every, STOCKHOLM, now, is_bound=is_bound))
        assert now.astimezone(STOCKHOLM).hour == 7
    assert all(one == other.previous for one, other in pairwise(seen))


# --- who -------------------------------------------------------------------------------------------


def test_a_user_has_one_choice_and_the_same_again_changes_nothing(site: Site) -> None:
    user = reader(site)
    [row] = site.rows(Summary)
    assert (row["user_id"], row["every"], row["send_at"]) == (user.id, "week", NEXT_MONDAY)
    viewer = users.viewer_of(user)
    with site.database.transaction() as session:
        summaries.choose(session, site.settings, user.id, viewer, Whole.WEEK, START + DAY)
        assert summaries.chosen_by(session, user.id) is Whole.WEEK
    assert site.rows(Summary) == [row]
    with site.database.transaction() as session:
        summaries.choose(session, site.settings, user.id, viewer, Whole.MONTH, START)
        assert summaries.chosen_by(session, user.id) is Whole.MONTH
        summaries.choose(session, site.settings, user.id, viewer, None, START)
        assert summaries.chosen_by(session, user.id) is None


def test_an_address_is_listed_until_it_is_removed_and_no_log_holds_it(site: Site) -> None:
    made = outsider(site, " Sales@Nordlicht.example ")
    with site.database.transaction() as session:
        [listed] = summaries.addresses(session)
        assert (listed.id, listed.email, listed.locale) == (made, "sales@nordlicht.example", "de")
        assert (listed.every, listed.next_at, listed.problem) == (Whole.WEEK, NEXT_MONDAY, None)
        summaries.remove_address(session, made, START, by_user=account(site).id)
        assert summaries.addresses(session) == []
        with pytest.raises(UnknownThingError):
            summaries.remove_address(session, made, START, by_user="nobody")
    records = site.rows(Record)
    assert sorted(row["deed"] for row in records) == ["summary_added", "summary_removed"]
    assert {row["target"] for row in records} == {made} and "nordlicht" not in str(records)


def test_the_same_address_again_changes_how_often_and_in_which_language(site: Site) -> None:
    made = outsider(site)
    sure(site)
    site.clock.at = NEXT_MONDAY
    assert outsider(site, "SALES@nordlicht.example", Whole.MONTH) == made
    [row] = site.rows(Summary)
    april = datetime(2026, 4, 6, 7, tzinfo=STOCKHOLM)
    assert (row["every"], row["send_at"], row["claim"], row["attempts"]) == ("month", april, None, 0)
    assert len(site.rows(Record)) == 1


def test_what_is_no_address_and_who_has_an_account_are_not_put_down(site: Site) -> None:
    user = account(site)
    for email, problem in (("", "MISSING"), ("nobody", "ADDRESS"), (user.email.upper(), "TAKEN")):
        with pytest.raises(FieldError) as refused:
            outsider(site, email)
        assert (refused.value.field, refused.value.problem) == ("email", Problem[problem])
    assert site.rows(Summary) == []


def test_whoever_leaves_is_forgotten_and_the_second_time_changes_nothing(site: Site) -> None:
    made, user = outsider(site), reader(site)
    own = next(row["id"] for row in site.rows(Summary) if row["user_id"] == user.id)
    for _ in range(2):
        with site.database.transaction() as session:
            summaries.leave(session, made, START)
            # A user's choice has no such way out.
            summaries.leave(session, own, START)
    assert [row["id"] for row in site.rows(Summary)] == [own]
    removed = [(row["deed"], row["actor"], row["target"]) for row in site.rows(Record)]
    assert ("summary_removed", "nobody", made) in removed and len(removed) == 2


def test_erasing_a_person_forgets_their_address_and_before_that_it_is_told(site: Site) -> None:
    made = outsider(site, "Kund@example.se")
    kept = outsider(site, "other@example.se")
    with site.database.transaction() as session:
        data = subject_data.of_person(session, site.settings, address="KUND@example.se", now=START)
        assert [(each["id"], each["address"]) for each in data["summaries"]] == [(made, "kund@example.se")]
        done = erasure.erase(session, site.settings, address="KUND@example.se", now=START)
    assert done.counts["summaries"] == 1 and not done.is_nothing
    assert [row["id"] for row in site.rows(Summary)] == [kept]


# --- once ------------------------------------------------------------------------------------------


def test_each_reader_gets_last_week_once(site: Site) -> None:
    user = reader(site)
    assert claimed(site, NEXT_MONDAY - MOMENT) is None
    found = sure(site)
    assert (found.period, found.email, found.name) == (THIS_WEEK, user.email, user.name)
    assert claimed(site, NEXT_MONDAY) is None
    row = end(site, found, Ending.ACCEPTED, NEXT_MONDAY + MOMENT)
    assert (row["send_at"], row["outcome"]) == (NEXT_MONDAY + 7 * DAY, "accepted")
    assert (row["last_first"], row["attempts"], row["claim"]) == (THIS_WEEK.first, 0, None)
    assert claimed(site, NEXT_MONDAY + 7 * DAY - MOMENT) is None
    assert sure(site, NEXT_MONDAY + 7 * DAY).period.previous == THIS_WEEK


def test_a_worker_that_was_killed_is_followed_by_another_which_alone_is_heard(site: Site) -> None:
    reader(site)
    first = sure(site)
    assert claimed(site, NEXT_MONDAY + LEASE - MOMENT) is None
    second = sure(site, NEXT_MONDAY + LEASE)
    assert second.period == first.period and second.claim != first.claim
    assert end(site, first, Ending.ACCEPTED, NEXT_MONDAY + LEASE)["claim"] == second.claim
    assert end(site, second, Ending.ACCEPTED, NEXT_MONDAY + LEASE)["claim"] is None
    assert claimed(site, NEXT_MONDAY + DAY) is None


def test_what_every_worker_dies_of_is_given_up_until_the_next_week(site: Site) -> None:
    reader(site)
    tries = 0
    while claimed(site, NEXT_MONDAY + tries * LEASE):
        tries += 1
    assert tries == len(RETRIES) + 1
    [row] = site.rows(Summary)
    assert row["outcome"] == "given up: the worker stopped each time"
    assert row["send_at"] == NEXT_MONDAY + 7 * DAY
    assert sure(site, NEXT_MONDAY + 7 * DAY).period.previous == THIS_WEEK


def test_a_delayed_one_is_tried_with_pauses_and_then_given_up_for_its_week(site: Site) -> None:
    reader(site)
    now = NEXT_MONDAY
    for pause in RETRIES:
        row = end(site, sure(site, now), Ending.DELAYED, now, "451 Later")
        assert (row["send_at"], row["outcome"]) == (now + pause, "451 Later")
        now += pause
    row = end(site, sure(site, now), Ending.DELAYED, now, "451 Later")
    assert (row["send_at"], row["outcome"]) == (NEXT_MONDAY + 7 * DAY, "given up: 451 Later")


def test_a_refused_one_is_not_tried_again_before_the_next_week(site: Site) -> None:
    outsider(site)
    row = end(site, sure(site), Ending.FAILED, NEXT_MONDAY, "550 No such user")
    assert (row["send_at"], row["outcome"]) == (NEXT_MONDAY + 7 * DAY, "given up: 550 No such user")
    with site.database.reading() as session:
        assert summaries.addresses(session)[0].problem == "550 No such user"


def test_weeks_in_which_no_worker_ran_are_not_made_up_for(site: Site) -> None:
    reader(site)
    late = NEXT_MONDAY + 16 * DAY
    found = sure(site, late)
    assert found.period.first == THIS_WEEK.first + timedelta(days=14)
    end(site, found, Ending.ACCEPTED, late)
    assert claimed(site, late) is None


def test_another_time_zone_sends_no_week_twice(site: Site) -> None:
    reader(site)
    end(site, sure(site), Ending.ACCEPTED, NEXT_MONDAY)
    there = opened(site.database, site.clock, TIMEZONE="America/Los_Angeles")
    # In California the next week is due eight hours later, and this one is the newest until then.
    week_after = NEXT_MONDAY + 7 * DAY
    assert claimed(there, week_after) is None
    [row] = site.rows(Summary)
    assert row["send_at"] == week_after + timedelta(hours=8)
    assert (row["last_first"], row["outcome"]) == (THIS_WEEK.first, "accepted")
    assert sure(there, row["send_at"]).period.previous == THIS_WEEK


def test_a_month_waits_for_its_last_week_once_its_reader_is_bound(site: Site) -> None:
    user = reader(site, every=Whole.MONTH)
    with site.database.transaction() as session:
        session.get_one(User, user.id).role = Role.VIEWER
    first_of_april = datetime(2026, 4, 1, 7, tzinfo=STOCKHOLM)
    assert claimed(site, first_of_april) is None
    found = sure(site, datetime(2026, 4, 6, 7, tzinfo=STOCKHOLM))
    assert found.period == Period(date(2026, 3, 1), date(2026, 3, 31)) and found.is_bound


@pytest.mark.parametrize("change", ["disabled", "support"])
def test_who_may_see_no_figures_any_more_gets_none_and_holds_up_nobody(site: Site, change: str) -> None:
    account(site)
    gone, here = reader(site), reader(site)
    with site.database.transaction() as session:
        row = session.get_one(User, gone.id)
        if change == "disabled":
            row.disabled_at = START
        else:
            row.role = change
    assert sure(site).email == here.email
    assert claimed(site, NEXT_MONDAY) is None
    with site.database.transaction() as session:
        row = session.get_one(User, gone.id)
        row.disabled_at, row.role = None, Role.LEADER
    assert claimed(site, NEXT_MONDAY + MOMENT) is None
    again = {sure(site, NEXT_MONDAY + 7 * DAY).email for _ in range(2)}
    assert again == {gone.email, here.email}


def test_several_workers_at_once_claim_each_summary_once(own_database: Database) -> None:
    site = opened(own_database, TIMEZONE="Europe/Stockholm")
    for _ in range(5):
        reader(site)

    def claim(_: int) -> str | None:
        found = claimed(site, NEXT_MONDAY)
        return found.id if found else None

    with ThreadPoolExecutor(4) as pool:
        ids = [each for each in pool.map(claim, range(9)) if each]
    assert len(ids) == len(set(ids)) == 5


# --- what it tells ---------------------------------------------------------------------------------


def test_a_leader_reads_what_the_pages_say_of_the_own_teams(site: Site) -> None:
    for rating in (5, 4, 1):
        answered(site, rating, f"Said with {rating}", team="Billing")
    answered(site, 1, "Of others", team="Sales")
    answered(site, 9, survey="nps", team="Billing")
    user = reader(site, teams=["Billing"])
    found = told(site, sure(site))
    viewer = users.viewer_of(user)
    with site.database.reading() as session:
        expected = reports.scores(
            session,
            site.settings,
            reader_of(viewer, AgentFigures.PSEUDONYMOUS),
            Filter().within(THIS_WEEK),
            now=NEXT_MONDAY,
            is_compared=True,
        )
    assert list(found.figures) == expected and [each.n for each in expected] == [1, 3]
    assert (found.asked.invited, found.asked.answered, found.asked.commented) == (4, 4, 3)
    assert found.comments[0].text == "Said with 1"
    assert {each.rating for each in found.comments} == {1, 4, 5}
    assert found.held is None


def test_comments_are_for_those_who_may_read_them_and_held_answers_for_who_may_judge(site: Site) -> None:
    answered(site, 2, "Too slow")
    held = Visitor(site, site.invited())
    site.clock.forward(hours=1)
    held.open(4)
    held.tell("seen", 4)
    admin = reader(site, Role.ADMIN)
    reader(site, allowed={Permission.COMMENTS: False})
    found = {each.email: told(site, each) for each in (sure(site), sure(site))}
    for email, each in found.items():
        is_admin = email == admin.email
        assert [comment.text for comment in each.comments] == (["Too slow"] if is_admin else [])
        assert each.held == (1 if is_admin else None)


def test_an_address_without_an_account_reads_what_a_viewer_reads(site: Site) -> None:
    for rating in (5, 4, 1):
        answered(site, rating, "Words", agent_ref="anna", team="Billing")
    outsider(site)
    found = sure(site)
    assert (found.viewer, found.name, found.locale, found.is_bound) == (None, "", "de", True)
    contents = told(site, found)
    bound = Reader(None, is_bound=True, agents=AgentFigures.OFF)
    with site.database.reading() as session:
        expected = reports.scores(
            session, site.settings, bound, Filter().within(THIS_WEEK), now=NEXT_MONDAY, is_compared=True
        )
    assert list(contents.figures) == expected and expected[0].n == 3
    assert (contents.comments, contents.held) == ((), None)


def test_what_was_answered_only_the_week_before_is_told_too(site: Site) -> None:
    site.clock.at = START - 3 * DAY
    answered(site, 7, survey="nps")
    site.clock.at = START
    answered(site, 5)
    reader(site)
    figures = told(site, sure(site)).figures
    assert [(each.metric, each.n) for each in figures] == [(Metric.NPS, 0), (Metric.CSAT, 1)]
    assert figures[0].before and figures[0].before.n == 1


# --- sent ------------------------------------------------------------------------------------------


def test_the_worker_sends_what_is_due_and_then_nothing(site: Site) -> None:
    answered(site, 5, "Thank you")
    reader(site)
    outsider(site)
    site.clock.at = NEXT_MONDAY
    post = Counting()
    worker = site.worker(post)
    assert (worker.send_summaries(), worker.send_summaries()) == (2, 0)
    assert sorted(post.delivered) == sorted(f"{row['id']}.20260302" for row in site.rows(Summary))
    site.clock.forward(days=7)
    run_once(worker)
    assert len(post.delivered) == 4


def test_a_mail_server_that_refuses_or_delays_is_noted(site: Site) -> None:
    class Refusing(Counting):
        error: Exception = MailRefusedError("550 No such user")

        def deliver(self, message: EmailMessage, mark: Any, sender: str | None = None) -> None:
            raise self.error

    reader(site)
    site.clock.at = NEXT_MONDAY
    post = Refusing()
    post.error = MailDelayedError("451 Later")
    assert site.worker(post).send_summaries() == 1
    assert site.rows(Summary)[0]["send_at"] == NEXT_MONDAY + RETRIES[0]
    site.clock.at += RETRIES[0]
    post.error = MailRefusedError("550 No such user")
    assert site.worker(post).send_summaries() == 1
    assert site.rows(Summary)[0]["outcome"] == "given up: 550 No such user"


def test_an_address_that_is_forgotten_while_its_mail_is_under_way_stays_forgotten(site: Site) -> None:
    made = outsider(site)
    found = sure(site)
    with site.database.transaction() as session:
        summaries.leave(session, made, NEXT_MONDAY)
        summaries.note_outcome(session, site.settings, found, Ending.ACCEPTED, None, NEXT_MONDAY)
    assert site.rows(Summary) == []

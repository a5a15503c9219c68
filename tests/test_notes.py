"""The queue of mails to users: what is queued, claimed, tried again, given up and forgotten."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from surveyapp import notes, users
from surveyapp.core.access import Role
from surveyapp.core.errors import UnknownSurveyError, UsedLinkError
from surveyapp.db import Database, Session
from surveyapp.models import Note, UserToken
from surveyapp.notes import KEPT, LEASE, LINK_LIVES, RETRIES, ClaimedNote, Ending, NoteKind
from tests.support.people import START, opened

MOMENT = timedelta(seconds=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def colleague(session: Session, email: str = "anna@nordvik.example") -> str:
    return users.add_user(session, email, "Anna Bell", Role.SUPPORT, START).id


def waiting(session: Session) -> list[Note]:
    return list(session.scalars(select(Note).order_by(Note.created_at, Note.id)))


def claimed(session: Session, now: datetime = START) -> ClaimedNote:
    found = notes.claim(session, now)
    assert found is not None
    return found


# --- asking ----------------------------------------------------------------------------------------


def test_what_was_asked_for_is_claimed_with_all_that_its_mail_needs(session: Session) -> None:
    user_id = users.add_user(session, "Anna@nordvik.example", "Anna", Role.SUPPORT, START, locale="ro").id
    notes.ask(session, user_id, NoteKind.INVITED, START, by="Maria")
    found = claimed(session, START + MOMENT)
    assert (found.user_id, found.kind, found.detail) == (user_id, NoteKind.INVITED, {"by": "Maria"})
    assert (found.email, found.name, found.locale) == ("anna@nordvik.example", "Anna", "ro")
    assert (found.asked_at, found.version) == (START, None)


def test_the_same_mail_is_queued_once_a_minute(session: Session) -> None:
    user_id = colleague(session)
    for seconds in (0, 1, 59):
        notes.ask(session, user_id, NoteKind.PASSWORD_SET, START + timedelta(seconds=seconds))
    assert len(waiting(session)) == 1
    notes.ask(session, user_id, NoteKind.PASSWORD_SET, START + timedelta(seconds=60))
    assert len(waiting(session)) == 2


def test_other_news_and_other_users_are_not_the_same(session: Session) -> None:
    anna, bo = colleague(session), colleague(session, "bo@nordvik.example")
    notes.ask(session, anna, NoteKind.NEW_DEVICE, START, browser="Firefox, Windows")
    notes.ask(session, anna, NoteKind.NEW_DEVICE, START, browser="Safari, iPhone")
    notes.ask(session, anna, NoteKind.SECOND_STEP_OFF, START)
    notes.ask(session, bo, NoteKind.SECOND_STEP_OFF, START)
    assert len(waiting(session)) == 4


def test_nobody_gets_more_than_five_links_for_a_new_password_in_an_hour(session: Session) -> None:
    anna, bo = colleague(session), colleague(session, "bo@nordvik.example")
    for minutes in range(0, 58, 2):
        notes.ask(session, anna, NoteKind.RESET, START + timedelta(minutes=minutes))
    assert len(waiting(session)) == 5
    notes.ask(session, bo, NoteKind.RESET, START + timedelta(minutes=58))
    notes.ask(session, anna, NoteKind.RESET, START + timedelta(minutes=60))
    assert len(waiting(session)) == 7


def test_several_requests_at_once_queue_one_mail(own_database: Database) -> None:
    with own_database.transaction() as session:
        user_id = colleague(session)

    def ask(_: int) -> None:
        with own_database.transaction() as session:
            notes.ask(session, user_id, NoteKind.RESET, START)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(6)))
    with own_database.reading() as session:
        assert len(waiting(session)) == 1


def test_a_test_shows_the_surveys_current_version(database: Database) -> None:
    opened(database)
    with database.transaction() as session:
        user_id = colleague(session)
        notes.ask(session, user_id, NoteKind.TEST, START, survey="nps", locale="de")
        found = claimed(session)
    assert found.version and (found.version.survey_key, found.version.number) == ("nps", 1)


def test_a_test_of_no_survey_is_refused_at_once(session: Session) -> None:
    user_id = colleague(session)
    with pytest.raises(UnknownSurveyError):
        notes.ask(session, user_id, NoteKind.TEST, START, survey="none", locale="de")


# --- claiming --------------------------------------------------------------------------------------


def test_without_anything_due_nothing_is_claimed(session: Session) -> None:
    user_id = colleague(session)
    assert notes.claim(session, START) is None
    notes.ask(session, user_id, NoteKind.PASSWORD_SET, START + MOMENT)
    assert notes.claim(session, START) is None


def test_what_is_claimed_belongs_to_one_worker_until_its_lease_ends(session: Session) -> None:
    notes.ask(session, colleague(session), NoteKind.PASSWORD_SET, START)
    first = claimed(session)
    assert notes.claim(session, START + LEASE - MOMENT) is None
    second = claimed(session, START + LEASE)
    assert first.id == second.id and first.claim != second.claim
    notes.note_outcome(session, first, Ending.FAILED, "too late", START + LEASE)
    notes.note_outcome(session, second, Ending.ACCEPTED, None, START + LEASE)
    assert [(note.send_at, note.outcome) for note in waiting(session)] == [(None, "accepted")]


def test_the_oldest_mail_comes_first(session: Session) -> None:
    user_id = colleague(session)
    notes.ask(session, user_id, NoteKind.PASSWORD_SET, START + MOMENT)
    notes.ask(session, user_id, NoteKind.NEW_DEVICE, START)
    now = START + 2 * MOMENT
    assert [claimed(session, now).kind for _ in range(2)] == [NoteKind.NEW_DEVICE, NoteKind.PASSWORD_SET]


def test_several_workers_at_once_claim_each_mail_once(own_database: Database) -> None:
    with own_database.transaction() as session:
        for number in range(6):
            notes.ask(session, colleague(session, f"k{number}@n.example"), NoteKind.PASSWORD_SET, START)

    def claim(_: int) -> str | None:
        with own_database.transaction() as session:
            found = notes.claim(session, START)
            return found.id if found else None

    with ThreadPoolExecutor(4) as pool:
        ids = [each for each in pool.map(claim, range(10)) if each]
    assert len(ids) == len(set(ids)) == 6


def test_a_disabled_user_gets_nothing_and_holds_up_nobody(session: Session) -> None:
    users.add_user(session, "admin@nordvik.example", "Somebody must be", Role.ADMIN, START)
    gone, here = colleague(session), colleague(session, "bo@nordvik.example")
    notes.ask(session, gone, NoteKind.RESET, START)
    notes.ask(session, here, NoteKind.RESET, START + MOMENT)
    users.disable(session, gone, START)
    assert claimed(session, START + MOMENT).user_id == here
    assert [note.outcome for note in waiting(session) if note.user_id == gone] == ["the user is disabled"]


# --- links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NoteKind)
def test_only_some_mails_hold_a_link_made_as_they_go_out(database: Database, kind: NoteKind) -> None:
    site = opened(database)
    with database.transaction() as session:
        user_id = colleague(session)
        notes.ask(session, user_id, kind, START, survey="csat", locale="sv")
        assert session.scalars(select(UserToken)).all() == []
        link = notes.new_link(session, site.settings, claimed(session), START)
        if kind not in (NoteKind.INVITED, NoteKind.RESET):
            assert link is None and session.scalars(select(UserToken)).all() == []
            return
        assert link is not None
        front, _, token = link.rpartition("/")
        assert front == f"{site.settings.public_url}/admin/link"
        assert users.user_of_link(session, token, START + LINK_LIVES[kind] - MOMENT).id == user_id
        with pytest.raises(UsedLinkError):
            users.user_of_link(session, token, START + LINK_LIVES[kind] + MOMENT)
        assert token not in str([(note.detail, note.outcome, note.claim) for note in waiting(session)])


# --- outcomes --------------------------------------------------------------------------------------


def test_a_mail_that_is_delayed_is_tried_again_four_times_and_then_given_up(session: Session) -> None:
    notes.ask(session, colleague(session), NoteKind.RESET, START)
    now = START
    for wait in RETRIES:
        notes.note_outcome(session, claimed(session, now), Ending.DELAYED, "451 Later", now)
        [note] = waiting(session)
        assert (note.send_at, note.outcome) == (now + wait, "451 Later")
        assert notes.claim(session, now + wait - MOMENT) is None
        now += wait
    notes.note_outcome(session, claimed(session, now), Ending.DELAYED, "451 Later", now)
    [note] = waiting(session)
    assert (note.send_at, note.outcome) == (None, "given up: 451 Later")
    assert notes.claim(session, now + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("ending", "detail", "outcome"),
    [
        (Ending.ACCEPTED, None, "accepted"),
        (Ending.FAILED, "550 No such user", "given up: 550 No such user"),
        (Ending.FAILED, "x" * 999, "given up: " + "x" * 190),
    ],
)
def test_a_mail_that_came_to_its_end_is_not_claimed_again(
    session: Session, ending: Ending, detail: str | None, outcome: str
) -> None:
    notes.ask(session, colleague(session), NoteKind.RESET, START)
    notes.note_outcome(session, claimed(session), ending, detail, START)
    assert notes.claim(session, START + timedelta(days=1)) is None
    assert [note.outcome for note in waiting(session)] == [outcome]


def test_a_mail_that_every_worker_dies_of_is_given_up(session: Session) -> None:
    notes.ask(session, colleague(session), NoteKind.RESET, START)
    tries = 0
    while notes.claim(session, START + tries * LEASE):
        tries += 1
    assert tries == len(RETRIES) + 1
    assert [note.outcome for note in waiting(session)] == ["given up: the worker stopped each time"]


def test_what_is_over_is_forgotten_after_a_while_in_batches(session: Session) -> None:
    user_id = colleague(session)
    for number in range(3):
        notes.ask(session, user_id, NoteKind.NEW_DEVICE, START, browser=str(number))
        notes.note_outcome(session, claimed(session), Ending.ACCEPTED, None, START)
    notes.ask(session, user_id, NoteKind.PASSWORD_SET, START)
    assert notes.purge(session, START + KEPT) == 0
    later = START + KEPT + MOMENT
    assert [notes.purge(session, later, most=2) for _ in range(3)] == [2, 1, 0]
    assert [note.kind for note in waiting(session)] == [NoteKind.PASSWORD_SET]


# --- in which language -----------------------------------------------------------------------------


def test_who_chose_no_language_gets_the_one_it_was_asked_in(session: Session) -> None:
    notes.ask(session, colleague(session), NoteKind.RESET, START, spoken="de")
    assert claimed(session).locale == "de"


def test_a_users_own_language_comes_first(session: Session) -> None:
    user_id = users.add_user(session, "bo@nordvik.example", "Bo", Role.SUPPORT, START, locale="ro").id
    notes.ask(session, user_id, NoteKind.RESET, START, spoken="de")
    assert claimed(session).locale == "ro"


def test_the_same_mail_in_another_language_is_the_same(session: Session) -> None:
    user_id = colleague(session)
    for code in ("de", "sv", "de"):
        notes.ask(session, user_id, NoteKind.NEW_DEVICE, START, browser="Firefox", spoken=code)
    notes.ask(session, user_id, NoteKind.NEW_DEVICE, START, browser="Firefox")
    assert len(waiting(session)) == 1

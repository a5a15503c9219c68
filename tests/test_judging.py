"""Judging answers: what releases, refuses, withdraws and restores, and that it is written down."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from surveyapp import asked, judging, timeline
from surveyapp.core.access import Role, Viewer
from surveyapp.core.errors import FieldError, NotAllowedError, NotHeldError, UnknownInvitationError
from surveyapp.core.evidence import Reason, State, Verdict
from surveyapp.db import Database
from surveyapp.judging import Listed
from surveyapp.models import AnswerEvent, Invitation, Record
from tests.support.people import Invited, Site, Visitor, opened
from tests.support.viewers import employed, viewer

ADMIN = viewer(Role.ADMIN)
CONFIRMED, SCANNER, TEST = Verdict.PERSON_CONFIRMED, Verdict.KNOWN_SCANNER, Verdict.TEST


@pytest.fixture
def site(database: Database) -> Site:
    site = opened(database)
    employed(site, ADMIN)
    return site


def held(site: Site, **about: Any) -> Invited:
    """An answer that a scanner made, or may have."""
    invited = site.invited(**about)
    site.clock.forward(hours=1)
    machine = Visitor(site, invited)
    machine.open(4)
    machine.tell("seen", 4)
    return invited


def pressed(site: Site, rating: int = 4, **about: Any) -> Invited:
    invited = site.invited(**about)
    Visitor(site, invited).press(rating)
    return invited


def judge(act: Callable[..., None], site: Site, invited: Invited, *why: Verdict, by: Viewer = ADMIN) -> None:
    site.clock.forward(minutes=1)
    with site.database.transaction() as session:
        act(session, site.settings, by, invited.id, *why, site.clock())


def listed(site: Site, state: State = State.HELD, by: Viewer = ADMIN, **page: Any) -> list[Listed]:
    with site.database.reading() as session:
        return judging.held(session, site.settings, by, site.clock(), state=state, **page)[0]


def told(site: Site, invited: Invited) -> list[tuple[str, str | None]]:
    with site.database.reading() as session:
        entries = timeline.timeline(session, session.get_one(Invitation, invited.id))
    return [(entry.what, entry.detail) for entry in entries]


# --- release and refuse ----------------------------------------------------------------------------


def test_a_released_answer_counts_on_the_day_of_its_touch(site: Site) -> None:
    invited = held(site)
    touched_at = site.clock()
    site.clock.forward(days=40)
    assert site.n() == 0
    judge(judging.release, site, invited, CONFIRMED)
    row = site.answer(invited)
    assert row and (row["state"], row["reason"], row["evidence"]) == ("counted", CONFIRMED, "released")
    assert (row["began_at"], row["first_counted_at"]) == (touched_at, site.clock())
    assert row["settle_at"] is None and site.n() == 1


def test_a_refused_answer_is_settled_by_no_worker(site: Site) -> None:
    invited = site.invited()
    site.clock.forward(hours=1)
    Visitor(site, invited).stay(4)
    judge(judging.refuse, site, invited, SCANNER)
    site.clock.forward(days=2)
    site.worker().settle_due()
    assert site.state(invited) == ("refused", SCANNER, 4) and site.n() == 0


def test_a_refused_answer_can_be_released_and_a_released_one_refused(site: Site) -> None:
    invited = held(site)
    judge(judging.refuse, site, invited, SCANNER)
    judge(judging.release, site, invited, CONFIRMED)
    assert site.n() == 1
    judge(judging.refuse, site, invited, SCANNER)
    assert site.n() == 0
    site.clock.forward(days=20)  # the customer's time to change it is over, ours is not
    judge(judging.release, site, invited, Verdict.LOOKS_GENUINE)
    assert site.n() == 1


@pytest.mark.parametrize("act", [judging.release, judging.refuse])
def test_a_person_who_presses_later_wins_over_any_judgement(site: Site, act: Callable[..., None]) -> None:
    invited = held(site)
    judge(act, site, invited, Verdict.OTHER)
    site.clock.forward(days=1)
    Visitor(site, invited).press(1)
    row = site.answer(invited)
    assert row and (row["state"], row["reason"], row["evidence"], row["rating"]) == (
        "counted",
        None,
        "press",
        1,
    )
    with pytest.raises(NotHeldError):
        judge(judging.refuse, site, invited, SCANNER)


def test_a_machine_that_comes_later_changes_nothing(site: Site) -> None:
    released, refused = held(site), held(site)
    judge(judging.release, site, released, CONFIRMED)
    judge(judging.refuse, site, refused, SCANNER)
    before = site.state(released), site.state(refused)
    for invited in (released, refused):
        machine = Visitor(site, invited)
        machine.open(1)
        machine.tell("seen", 1)
        machine.submit(1)
    assert (site.state(released), site.state(refused)) == before


def test_what_a_customer_pressed_is_neither_released_nor_refused(site: Site) -> None:
    invited = pressed(site)
    for act in (judging.release, judging.refuse):
        with pytest.raises(NotHeldError):
            judge(act, site, invited, Verdict.OTHER)
    assert site.state(invited) == ("counted", "press", 4) and site.rows(Record) == []


def test_where_there_is_no_answer_there_is_nothing_to_judge(site: Site) -> None:
    invited = site.invited()
    for act, why in ACTS:
        with pytest.raises(NotHeldError):
            judge(act, site, invited, *why)
    assert site.rows(AnswerEvent) == [] and site.rows(Record) == []


def test_the_verdict_is_known_again(site: Site) -> None:
    invited = held(site)
    for act, why in (ACTS[0], ACTS[1]):
        judge(act, site, invited, *why)
        with site.database.reading() as session:
            assert asked.look(session, site.settings, invited.id, site.clock()).case.verdict is why[0]


def test_the_second_of_two_clicks_finds_nothing_to_do(site: Site) -> None:
    invited = held(site)
    judge(judging.release, site, invited, CONFIRMED)
    with pytest.raises(NotHeldError):
        judge(judging.release, site, invited, Verdict.OTHER)
    assert site.state(invited) == ("counted", CONFIRMED, 4) and len(site.rows(Record)) == 1


# --- withdraw and restore --------------------------------------------------------------------------


def test_a_withdrawn_answer_is_kept_and_out_of_the_scores_until_it_is_restored(site: Site) -> None:
    invited = pressed(site)
    day = (site.answer(invited) or {})["day"]
    judge(judging.void, site, invited, TEST)
    assert site.state(invited) == ("void", TEST, 4) and site.n() == 0
    site.clock.forward(days=30)
    judge(judging.restore, site, invited)
    assert site.state(invited) == ("counted", "press", 4) and site.n() == 1
    assert (site.answer(invited) or {})["day"] == day


def test_a_press_does_not_bring_back_what_was_withdrawn(site: Site) -> None:
    invited = pressed(site)
    judge(judging.void, site, invited, TEST)
    assert Visitor(site, invited).press(1).status == 410
    assert site.state(invited) == ("void", TEST, 4)


def test_only_what_counts_is_withdrawn_and_only_what_was_withdrawn_is_restored(site: Site) -> None:
    waiting, counted = held(site), pressed(site)
    for act, invited, why in ((judging.void, waiting, (TEST,)), (judging.restore, counted, ())):
        with pytest.raises(NotHeldError):
            judge(act, site, invited, *why)


# --- who may, and what is written down -------------------------------------------------------------

ACTS: list[tuple[Callable[..., None], tuple[Verdict, ...]]] = [
    (judging.release, (CONFIRMED,)),
    (judging.refuse, (SCANNER,)),
    (judging.void, (TEST,)),
    (judging.restore, ()),
]


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_may_judge(site: Site, role: Role) -> None:
    somebody = viewer(role) if role is Role.ADMIN else employed(site, viewer(role))
    may = {Role.ADMIN: {"release", "refuse", "void", "restore"}, Role.LEADER: {"void", "restore"}}.get(
        role, set()
    )
    done = set()
    for act, why in ACTS:
        invited = held(site) if act in (judging.release, judging.refuse) else pressed(site)
        if act is judging.restore:
            judge(judging.void, site, invited, TEST)
        try:
            judge(act, site, invited, *why, by=somebody)
            done.add(act.__name__)
        except NotAllowedError:
            pass
    assert done == may


def test_what_is_none_of_your_teams_is_unknown(site: Site) -> None:
    invited = pressed(site, team="Süd")
    with pytest.raises(UnknownInvitationError):
        judge(judging.void, site, invited, TEST, by=viewer(Role.LEADER, "Nord"))
    assert site.n() == 1


def test_every_judgement_stands_in_the_history_the_timeline_and_the_audit_log(site: Site) -> None:
    invited = held(site)
    for act, why in (ACTS[1], ACTS[0], ACTS[2], ACTS[3]):
        judge(act, site, invited, *why)
    history = [(row["state"], row["reason"], row["evidence"]) for row in site.rows(AnswerEvent)]
    assert history == [
        ("held", "left_early", None),
        ("refused", SCANNER, None),
        ("counted", CONFIRMED, "released"),
        ("void", TEST, "released"),
        ("counted", None, "released"),
    ]
    assert told(site, invited)[2:] == [
        ("held", "left_early"),
        ("answer_refused", SCANNER),
        ("released", CONFIRMED),
        ("withdrawn", TEST),
        ("restored", None),
    ]
    written = sorted((row["at"], row["deed"], row["detail"]) for row in site.rows(Record))
    assert [(deed, detail) for _, deed, detail in written] == [
        ("refused", {"why": "known_scanner"}),
        ("released", {"why": "person_confirmed"}),
        ("voided", {"why": "test"}),
        ("restored", {}),
    ]
    assert {(row["user_id"], row["target"]) for row in site.rows(Record)} == {(ADMIN.id, invited.id)}


def test_verdicts_and_reasons_share_a_column_and_no_word(site: Site) -> None:
    assert not set(Verdict) & {str(reason) for reason in Reason}
    assert max(len(word) for word in (*Verdict, *Reason)) <= 20
    assert set(Verdict) == {*judging.TO_RELEASE, *judging.TO_REFUSE, *judging.TO_VOID}


# --- the list --------------------------------------------------------------------------------------


def test_the_list_says_what_is_held_why_and_since_when(site: Site) -> None:
    invited = held(site, ticket_ref="T-7", address="kund@stor.example")
    Visitor(site, invited).open(4)
    [row] = listed(site)
    assert (row.id, row.ticket_ref, row.rating, row.reason) == (invited.id, "T-7", 4, "left_early")
    assert (row.since, row.domain, row.touches) == (site.clock(), "stor.example", 2)
    assert row.settles_at == site.clock() + timedelta(minutes=30)
    assert row.version.text("en", row.version.main).labels[4] == "Satisfied"


def test_the_reason_is_the_one_of_this_moment(site: Site) -> None:
    invited = held(site)
    Visitor(site, invited).open(1)
    assert [row.reason for row in listed(site)] == ["several_ratings"]


def test_refused_ones_are_a_list_of_their_own_with_the_verdict(site: Site) -> None:
    invited, other = held(site), held(site)
    judge(judging.refuse, site, invited, SCANNER)
    assert [row.id for row in listed(site)] == [other.id]
    [row] = listed(site, State.REFUSED)
    assert (row.id, row.reason, row.since, row.settles_at) == (invited.id, SCANNER, site.clock(), None)


def test_the_list_comes_in_pages_the_last_changed_first(site: Site) -> None:
    made = [held(site).id for _ in range(5)]
    found: list[str] = []
    cursor = None
    for _ in range(3):
        with site.database.reading() as session:
            page, cursor = judging.held(session, site.settings, ADMIN, site.clock(), cursor=cursor, limit=2)
        found.extend(row.id for row in page)
    assert found == made[::-1] and cursor is None
    with pytest.raises(FieldError):
        listed(site, cursor="?")


def test_the_list_is_for_those_who_see_answers_of_their_teams_and_a_domain_for_fewer(site: Site) -> None:
    held(site, team="Nord")
    held(site, team="Süd")
    [row] = listed(site, by=viewer(Role.LEADER, "Nord"))
    assert row.domain is None
    with pytest.raises(NotAllowedError):
        listed(site, by=viewer(Role.SUPPORT))

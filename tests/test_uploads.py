"""A CSV file is put in by browser, looked at, started, and worked off row by row."""

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from surveyapp import bulk, invitations, surveys, uploads
from surveyapp.bulk import BAD, Invites, Outcome
from surveyapp.core.access import Permission, Role, Viewer
from surveyapp.core.errors import DatabaseFailedError, FieldError, Problem, UnknownThingError
from surveyapp.core.status import Cause, Status
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.models import Invitation, Record, Survey, Synonym, Upload, User
from surveyapp.names import Words
from surveyapp.sheets import Flaw, Sheet, SheetError
from surveyapp.uploads import CHUNK, MOST_ROWS, Stage, kind_of, within_teams
from tests.support.people import START, Site, Visitor, opened


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def own_site(own_database: Database) -> Site:
    return opened(own_database)


def viewer(site: Site, role: Role = Role.SUPPORT, teams: Sequence[str] | None = None) -> Viewer:
    """Somebody new who may log in."""
    with site.database.transaction() as session:
        number = session.query(User).count()
        user = User(
            email=f"user{number}@example.se", name=f"User {number}", role=role,
            teams=None if teams is None else list(teams), allowed={}, created_at=START,
        )  # fmt: skip
        session.add(user)
        session.flush()
        return Viewer(user.id, role, None if teams is None else frozenset(teams))


def sheet(*numbers: int) -> bytes:
    lines = [f"T-{number};kund{number}@example.se" for number in numbers]
    return "\n".join(["ticket;email", *lines, ""]).encode()


def put_in(site: Site, viewer: Viewer, content: bytes, **changes: Any) -> str:
    given: dict[str, Any] = {"survey": "csat", "locale": "sv", "is_mailed": True, "now": site.clock()}
    with site.database.transaction() as session:
        return uploads.put_in(session, viewer, "kunder.csv", content, **given | changes).id


def started(site: Site, viewer: Viewer, content: bytes, **changes: Any) -> str:
    upload_id = put_in(site, viewer, content, **changes)
    with site.database.transaction() as session:
        uploads.start(session, viewer, upload_id, site.clock())
    return upload_id


def work_off(site: Site, most: int = 1000) -> list[int]:
    """How many rows each transaction did."""
    done = []
    for _ in range(most):
        with site.database.transaction() as session:
            done.append(uploads.work_off(session, site.settings, site.clock()))
        if not done[-1]:
            break
    return done


def stored(site: Site, upload_id: str) -> dict[str, Any]:
    return next(row for row in site.rows(Upload) if row["id"] == upload_id)


def preview(site: Site, viewer: Viewer, upload_id: str, first: int = 0, most: int = 100) -> list[Outcome]:
    with site.database.reading() as session:
        return uploads.preview(session, site.settings, viewer, upload_id, site.clock(), first, most)


def counts(site: Site, viewer: Viewer, upload_id: str) -> Counter[str]:
    """What would become of the whole file."""
    return Counter(map(uploads.kind_of, preview(site, viewer, upload_id, 0, uploads.MOST_ROWS)))


def results(site: Site, viewer: Viewer, upload_id: str) -> list[Outcome]:
    with site.database.reading() as session:
        return list(uploads.result_rows(session, site.settings, viewer, upload_id))


def set_policy(site: Site, **rules: Any) -> None:
    with site.database.transaction() as session:
        surveys.set_policy(session, "csat", rules)


def refused(site: Site, content: bytes, **changes: Any) -> FieldError | SheetError:
    with pytest.raises((FieldError, SheetError)) as caught:
        put_in(site, viewer(site), content, **changes)
    assert site.rows(Upload) == []
    error = caught.value
    assert isinstance(error, (FieldError, SheetError))
    return error


# --- putting in ------------------------------------------------------------------------------------


def test_a_file_is_kept_to_be_looked_at_and_invites_nobody(site: Site) -> None:
    upload_id = put_in(site, viewer(site), sheet(1, 2))
    assert work_off(site) == [0]
    row = stored(site, upload_id)
    assert (row["state"], row["rows"], row["done"], row["content"]) == (Stage.PREVIEWED, 2, 0, sheet(1, 2))
    assert site.rows(Invitation) == []


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (b"", Flaw.EMPTY),
        (b"ticket;email\n\n", Flaw.NO_ROWS),
        (b"name;email\nBo;bo@example.se\n", Flaw.LACKING),
        (b"ticket;email;E-Mail\n", Flaw.TWICE),
        (b'ticket;"email\n', Flaw.HEADER_UNCLOSED),
        (b"ticket;email\n" + b"x" * (5 * 1024 * 1024), Flaw.LARGE),
    ],
)
def test_what_is_no_sheet_is_not_kept(site: Site, content: bytes, flaw: Flaw) -> None:
    error = refused(site, content)
    assert isinstance(error, SheetError) and error.flaw is flaw


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"survey": "none"}, "survey", Problem.SURVEY),
        ({"survey": "n\0ne"}, "survey", Problem.SURVEY),
        ({"locale": "fi"}, "locale", Problem.CHOICE),
    ],
)
def test_what_holds_for_all_rows_is_checked(
    site: Site, changes: dict[str, Any], field: str, problem: Problem
) -> None:
    error = refused(site, sheet(1), **changes)
    assert isinstance(error, FieldError) and (error.field, error.problem) == (field, problem)


def test_a_closed_survey_takes_no_file(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", START)
    error = refused(site, sheet(1))
    assert isinstance(error, FieldError) and error.problem is Problem.CLOSED


def test_more_rows_than_a_file_may_have_are_refused(site: Site) -> None:
    error = refused(site, sheet(*range(MOST_ROWS + 1)))
    assert isinstance(error, FieldError) and (error.problem, error.values) == (Problem.MANY, {"n": MOST_ROWS})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\bo\\kunder.csv", "kunder.csv"),
        ("../../x\n.csv", "x.csv"),
        ("", "-"),
        ("å" * 300, "å" * 200),
    ],
)
def test_a_file_s_name_is_no_path(site: Site, given: str, kept: str) -> None:
    who = viewer(site)
    with site.database.transaction() as session:
        upload = uploads.put_in(
            session, who, given, sheet(1), survey="csat", locale=None, is_mailed=True, now=START
        )
    assert upload.file_name == kept


def test_what_is_odd_and_does_no_harm_is_noticed(site: Site) -> None:
    who = viewer(site)
    upload_id = put_in(site, who, "ticket;email;Fax\nÅ-1;a@example.se;\n".encode("cp1252"))
    with site.database.reading() as session:
        found = uploads.notices(session, who, upload_id)
    assert [each.flaw for each in found] == [Flaw.NOT_UTF_8, Flaw.IGNORED]


# --- looking ahead ---------------------------------------------------------------------------------


MIXED = b"""ticket;email;date;team
T-1;kund1@example.se;2026-03-01;north
T-2;kund1@example.se;2026-03-01;north
T-3;kund@;2026-03-01;north
T-4;kund4@example.se;yesterday;north
T-5;kund5@example.se;2026-03-01;south
T-6;kund6@example.se;2026-03-01
T-7;noreply@example.se;2026-03-01;north
T-8;kund8@example.se;2026-03-01;
T-1;KUND1@example.se;01.03.2026;north
"""
BECOMES = [
    "queued",
    "refused:quiet_period",
    "bad",
    "bad",
    "bad",
    "bad",
    "refused:role_address",
    "queued",
    "known",
]


def test_a_preview_says_what_would_become_of_each_row(site: Site) -> None:
    who = viewer(site, teams=["north"])
    upload_id = put_in(site, who, MIXED)
    rows = preview(site, who, upload_id)
    assert [kind_of(each) for each in rows] == BECOMES
    assert [each.line for each in rows] == list(range(2, 11))
    assert rows[1].allowed_from == START + timedelta(days=30)
    wrong = [(each.error.field, each.error.flaw) for each in rows if each.error]
    assert wrong == [
        ("email", Problem.ADDRESS), ("date", Flaw.NO_DATE), ("team", Problem.CHOICE), (None, Flaw.CELLS),
    ]  # fmt: skip
    assert preview(site, who, upload_id, 1, 2) == rows[1:3]
    assert counts(site, who, upload_id) == Counter(BECOMES)
    assert site.rows(Invitation) == []


def test_what_then_happens_is_what_the_preview_said(site: Site) -> None:
    who = viewer(site, teams=["north"])
    upload_id = started(site, who, MIXED)
    said, numbers = preview(site, who, upload_id), counts(site, who, upload_id)
    assert work_off(site) == [9, 0]
    assert Counter(stored(site, upload_id)["outcomes"]) == numbers
    done = results(site, who, upload_id)
    assert [(each.status, each.reason, each.allowed_from, each.problem) for each in done] == [
        (each.status, each.reason, each.allowed_from, each.problem) for each in said
    ]


def test_a_preview_is_exact_from_one_chunk_to_the_next(site: Site) -> None:
    set_policy(site, most_per_domain=CHUNK + 5)
    who, far = viewer(site), [*range(CHUNK + 10), 0]
    lines = [f"T-{place};kund{number}@example.se" for place, number in enumerate(far)]
    upload_id = started(site, who, "\n".join(["ticket;email", *lines]).encode())
    said = preview(site, who, upload_id, CHUNK, 20)
    assert [kind_of(each) for each in said] == [
        *["queued"] * 5, *["refused:domain_cap"] * 5, "refused:quiet_period",
    ]  # fmt: skip
    work_off(site)
    assert [(each.status, each.reason) for each in results(site, who, upload_id)][CHUNK:] == [
        (each.status, each.reason) for each in said
    ]


RULES: list[dict[str, Any]] = [
    {"quiet_days": 0, "is_once_per_ticket": True},
    {"quiet_days": 3, "most_per_domain": 8, "window_from": "08:00", "window_to": "09:30"},
    {"is_quiet_across_surveys": False, "share": 0.7, "case_types": ["billing"]},
]


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("is_mailed", [True, False])
def test_whatever_the_rules_and_the_rows_the_preview_is_what_happens(
    site: Site, rules: dict[str, Any], is_mailed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 20)
    set_policy(site, **rules)
    draw = Random(f"{rules}{is_mailed}")
    lines = ["ticket;email;survey;case_type;send_at"]
    for _ in range(100):
        person, ticket, day = draw.randrange(40), draw.randrange(50), draw.randrange(1, 29)
        survey, case_type = draw.choice(["csat", "csat", "nps", "none"]), draw.choice(["billing", ""])
        send_at = draw.choice(["", f"2026-03-{day:02}T14:00:00Z"])
        lines.append(f"T-{ticket};k{person}@example{person % 3}.se;{survey};{case_type};{send_at}")
    lines += lines[1:11]
    who = viewer(site)
    upload_id = started(site, who, "\n".join(lines).encode(), is_mailed=is_mailed)
    said, numbers = preview(site, who, upload_id, 0, 1000), counts(site, who, upload_id)
    assert len(said) == 110 and {"bad", "known"} < numbers.keys()
    work_off(site)
    assert Counter(stored(site, upload_id)["outcomes"]) == numbers
    assert [(each.line, each.status, each.reason, each.allowed_from) for each in said] == [
        (each.line, each.status, each.reason, each.allowed_from) for each in results(site, who, upload_id)
    ]


def test_a_preview_takes_no_write_lock(own_site: Site) -> None:
    who = viewer(own_site)
    upload_id = put_in(own_site, who, sheet(1, 2))
    with own_site.database.transaction() as writing:
        writing.execute(update(Survey).values(mode="confirm"))
        assert counts(own_site, who, upload_id) == {"queued": 2}


def test_a_file_in_use_shows_the_rows_that_are_done(site: Site) -> None:
    who = viewer(site)
    upload_id = started(site, who, sheet(*range(CHUNK + 1)))
    work_off(site, 1)
    assert counts(site, who, upload_id) == {"known": CHUNK, "queued": 1}


# --- starting and taking back ----------------------------------------------------------------------


def test_starting_twice_is_starting_once(site: Site) -> None:
    who = viewer(site)
    upload_id = started(site, who, sheet(1))
    site.clock.forward(minutes=1)
    with site.database.transaction() as session:
        upload = uploads.start(session, who, upload_id, site.clock())
    assert (upload.state, upload.started_at) == (Stage.WAITING, START)
    [record] = site.rows(Record)
    assert (record["deed"], record["target"], record["detail"]) == ("uploaded", upload_id, {"rows": 1})


def test_only_what_has_invited_nobody_can_be_taken_back(site: Site) -> None:
    who = viewer(site)
    looked_at, running = put_in(site, who, sheet(1)), started(site, who, sheet(*range(CHUNK + 1)))
    work_off(site, 1)
    with site.database.transaction() as session:
        assert uploads.cancel(session, who, looked_at)
        assert not uploads.cancel(session, who, running)
    assert [row["id"] for row in site.rows(Upload)] == [running]


def test_somebody_else_s_file_is_not_there_but_for_an_admin(site: Site) -> None:
    who, stranger, admin = viewer(site), viewer(site), viewer(site, Role.ADMIN)
    upload_id = put_in(site, who, sheet(1))
    with site.database.transaction() as session:
        for act in (uploads.progress, uploads.cancel, uploads.notices):
            with pytest.raises(UnknownThingError):
                act(session, stranger, upload_id)
        with pytest.raises(UnknownThingError):
            uploads.start(session, stranger, upload_id, START)
        with pytest.raises(UnknownThingError):
            uploads.progress(session, who, "n\0ne")
        assert uploads.progress(session, admin, upload_id).rows == 1
        assert [len(uploads.recent(session, each)) for each in (who, stranger, admin)] == [1, 0, 1]


def test_the_newest_file_stands_first(site: Site) -> None:
    who, ids = viewer(site), []
    for number in range(3):
        ids.append(put_in(site, who, sheet(number)))
        site.clock.forward(minutes=1)
    with site.database.reading() as session:
        assert [each.id for each in uploads.recent(session, who, 2)] == [ids[2], ids[1]]


# --- working off -----------------------------------------------------------------------------------


def test_a_file_is_worked_off_in_chunks_and_then_gone(site: Site) -> None:
    who = viewer(site)
    upload_id = started(site, who, sheet(*range(2 * CHUNK + 1)))
    assert work_off(site, 2) == [CHUNK, CHUNK]
    row = stored(site, upload_id)
    assert (row["state"], row["done"], row["outcomes"]) == (Stage.RUNNING, 2 * CHUNK, {"queued": 2 * CHUNK})
    assert results(site, who, upload_id) == []
    assert work_off(site) == [1, 0]
    row = stored(site, upload_id)
    assert (row["state"], row["done"], row["ended_at"]) == (Stage.DONE, 2 * CHUNK + 1, START)
    # What is kept of the file is nobody's name or address.
    assert {key for kept in json.loads(row["content"]) for key in kept} == {"line", "id"}
    invited = {each["id"]: each["ticket_ref"] for each in site.rows(Invitation)}
    assert {each["source"] for each in site.rows(Invitation)} == {"upload"}
    found = results(site, who, upload_id)
    assert {each.id: each.ticket for each in found} == invited and len(found) == 2 * CHUNK + 1


def test_a_worker_that_dies_between_two_rows_leaves_none_out_and_doubles_none(site: Site) -> None:
    upload_id = started(site, viewer(site), sheet(*range(2 * CHUNK)))
    work_off(site, 1)
    with pytest.raises(ZeroDivisionError), site.database.transaction() as session:
        uploads.work_off(session, site.settings, START)
        raise ZeroDivisionError
    assert (stored(site, upload_id)["done"], len(site.rows(Invitation))) == (CHUNK, CHUNK)
    assert work_off(site) == [CHUNK, 0]
    assert len({row["ticket_ref"] for row in site.rows(Invitation)}) == 2 * CHUNK
    assert stored(site, upload_id)["outcomes"] == {"queued": 2 * CHUNK}


def test_two_workers_never_do_the_same_rows(own_site: Site) -> None:
    who = viewer(own_site)
    ids = [started(own_site, who, sheet(*range(first, first + 500))) for first in (0, 1000)]
    barrier = Barrier(2)

    def work() -> int:
        barrier.wait(60)
        return sum(work_off(own_site))

    with ThreadPoolExecutor(2) as pool:
        done = [each.result() for each in [pool.submit(work) for _ in range(2)]]
    work_off(own_site)
    assert [stored(own_site, each)["outcomes"] for each in ids] == [{"queued": 500}] * 2
    assert len(own_site.rows(Invitation)) == 1000 and sum(done) <= 1000


def test_the_same_file_twice_invites_nobody_twice(site: Site) -> None:
    set_policy(site, quiet_days=0)
    who = viewer(site)
    first = started(site, who, sheet(1, 2))
    work_off(site)
    second = started(site, who, sheet(1, 2, 3))
    assert counts(site, who, second) == {"known": 2, "queued": 1}
    work_off(site)
    assert stored(site, second)["outcomes"] == {"known": 2, "queued": 1}
    assert len(site.rows(Invitation)) == 3
    assert results(site, who, second)[:2] == results(site, who, first)


def test_a_command_s_file_and_an_upload_are_the_same(site: Site) -> None:
    started(site, viewer(site), sheet(1))
    work_off(site)
    with Sheet(sheet(1), bulk.FIELDS) as opened_sheet:
        summary = bulk.invite_rows(
            site.database, site.settings, opened_sheet.rows(), START,
            defaults=bulk.Defaults("csat", "sv"), progress=lambda _: None,
        )  # fmt: skip
    assert (summary.again, len(site.rows(Invitation))) == (1, 1)


def test_a_row_that_meets_a_mistake_of_ours_costs_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = invitations.invite_many

    def failing(session: Any, settings: Any, requests: Sequence[Request], *rest: Any) -> Any:
        if any(each.ticket_ref == "T-2" for each in requests):
            raise ZeroDivisionError
        return real(session, settings, requests, *rest)

    monkeypatch.setattr("surveyapp.bulk.invite_many", failing)
    who = viewer(site)
    upload_id = started(site, who, sheet(1, 2, 3))
    assert work_off(site) == [3, 0]
    assert stored(site, upload_id)["outcomes"] == {"queued": 2, "failed": 1}
    assert [kind_of(each) for each in results(site, who, upload_id)] == ["queued", "failed", "queued"]


def test_a_database_that_fails_leaves_all_rows_for_the_next_try(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    upload_id = started(site, viewer(site), sheet(1, 2))
    with monkeypatch.context() as patched:
        patched.setattr("surveyapp.bulk.invite_many", failing)
        with pytest.raises(DatabaseFailedError):
            work_off(site)
    assert (stored(site, upload_id)["state"], stored(site, upload_id)["done"]) == (Stage.WAITING, 0)
    assert work_off(site) == [2, 0]
    assert stored(site, upload_id)["outcomes"] == {"queued": 2}


@pytest.mark.parametrize("change", [{"disabled_at": START}, {"role": Role.VIEWER}])
def test_who_may_not_invite_any_more_ends_the_file(site: Site, change: dict[str, Any]) -> None:
    who = viewer(site)
    upload_id = started(site, who, sheet(*range(CHUNK + 1)))
    work_off(site, 1)
    with site.database.transaction() as session:
        session.execute(update(User).values(change))
    assert work_off(site) == [1, 0]
    row = stored(site, upload_id)
    assert (row["state"], row["done"], row["problem"]) == (Stage.FAILED, CHUNK, Flaw.NOT_ALLOWED)
    assert len(site.rows(Invitation)) == CHUNK == len(results(site, who, upload_id))


def test_a_file_that_another_release_cannot_read_ends_with_its_reason(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = viewer(site)
    upload_id = started(site, who, sheet(1))
    monkeypatch.setattr(uploads, "FIELDS", frozenset({"email"}))
    assert work_off(site) == [1, 0]
    row = stored(site, upload_id)
    assert (row["state"], row["content"], row["done"]) == (Stage.FAILED, b"[]", 0)
    assert row["problem"].startswith("The file lacks a column: ticket.")


def test_no_more_rows_are_held_at_a_time_than_a_chunk_has(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = Invites.outcomes

    def noting(self: Invites, chunk: Any, decide: Any) -> Any:
        sizes.append(len(chunk))
        return real(self, chunk, decide)

    monkeypatch.setattr(Invites, "outcomes", noting)
    who = viewer(site)
    upload_id = started(site, who, sheet(*range(5 * CHUNK)))
    preview(site, who, upload_id, 0, 10)
    assert sizes == [CHUNK]
    work_off(site)
    assert max(sizes) == CHUNK


def test_results_show_what_the_viewer_sees(site: Site) -> None:
    who, admin = viewer(site, teams=["north"]), viewer(site, Role.ADMIN)
    upload_id = started(site, who, sheet(1))
    work_off(site)
    assert [each.ticket for each in results(site, who, upload_id)] == ["T-1"]
    moved = Viewer(who.id, Role.SUPPORT, frozenset({"south"}))
    assert [(each.ticket, each.id) for each in results(site, moved, upload_id)] == [(None, None)]
    assert [each.ticket for each in results(site, admin, upload_id)] == ["T-1"]


def test_results_tell_a_mail_servers_words_to_those_who_may_see_the_address(site: Site) -> None:
    who = viewer(site)
    upload_id = started(site, who, sheet(1, 2))
    work_off(site)
    words = "550 <kund1@example.se> unknown"
    with site.database.transaction() as session:
        for ref, reason in (("T-1", words), ("T-2", Cause.GIVEN_UP)):
            failed = update(Invitation).where(Invitation.ticket_ref == ref)
            session.execute(failed.values(status=Status.FAILED, reason=reason))
    other = Viewer(who.id, Role.SUPPORT, None, allowed={Permission.CUSTOMERS: False})
    assert [each.reason for each in results(site, who, upload_id)] == [words, "given_up"]
    assert [each.reason for each in results(site, other, upload_id)] == [None, "given_up"]


def test_results_say_what_was_answered(site: Site) -> None:
    who = viewer(site)
    upload_id = started(site, who, b"ticket\nT-1\nT-2\n", is_mailed=False)
    work_off(site)
    answered = next(row["id"] for row in site.rows(Invitation) if row["ticket_ref"] == "T-2")
    Visitor(site, site.of(answered)).press(3)
    assert [each.is_answered for each in results(site, who, upload_id)] == [False, True]


def test_files_nobody_starts_go_after_a_day_and_results_after_a_month(site: Site) -> None:
    who = viewer(site)
    put_in(site, who, sheet(1))
    waits = started(site, who, sheet(2))
    site.clock.forward(days=2)
    with site.database.transaction() as session:
        assert [uploads.purge(session, site.clock()) for _ in range(2)] == [1, 0]
    assert [row["id"] for row in site.rows(Upload)] == [waits]
    work_off(site)
    for days, gone in ((29, 0), (2, 1)):
        site.clock.forward(days=days)
        with site.database.transaction() as session:
            assert uploads.purge(session, site.clock()) == gone


# --- teams -----------------------------------------------------------------------------------------


def about(team: str | None) -> Request:
    return Request(survey="csat", ticket_ref="T-1", team=team)


def asked(site: Site, teams: Sequence[str] | None, team: str | None) -> str | None:
    who = Viewer("1", Role.SUPPORT, None if teams is None else frozenset(teams))
    with site.database.reading() as session:
        return within_teams(who, about(team), Words(session)).team


def test_who_has_all_teams_invites_for_any(site: Site) -> None:
    assert [asked(site, None, team) for team in ("south", None)] == ["south", None]


def test_the_only_own_team_goes_unsaid(site: Site) -> None:
    assert [asked(site, ["north"], team) for team in (None, " ", "north")] == ["north"] * 3


def test_another_word_for_the_own_team_is_the_own_team(site: Site) -> None:
    with site.database.transaction() as session:
        session.add(Synonym(kind="team", said="norr", value="north"))
    assert asked(site, ["north"], "Norr") == "Norr"
    assert [asked(site, ["norr"], team) for team in ("north", None)] == ["north"] * 2


@pytest.mark.parametrize(
    ("teams", "team", "problem", "values"),
    [
        (["north"], "south", Problem.CHOICE, {"choices": "north"}),
        (["north", "east"], "west", Problem.CHOICE, {"choices": "east, north"}),
        (["north", "east"], None, Problem.MISSING, {}),
        ([], None, Problem.MISSING, {}),
    ],
)
def test_another_team_or_none_is_refused(
    site: Site, teams: list[str], team: str | None, problem: Problem, values: dict[str, str]
) -> None:
    with pytest.raises(FieldError) as caught:
        asked(site, teams, team)
    assert (caught.value.field, caught.value.problem, caught.value.values) == ("team", problem, values)


def test_kinds_tell_all_outcomes_apart() -> None:
    assert kind_of(Outcome(2, status=Status.LINKED)) == "linked"
    assert kind_of(Outcome(2, status=Status.SENT, is_new=False)) == "known"
    assert Outcome(2).status == BAD

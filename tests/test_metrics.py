"""The figures that an operator watches: what each counts, and what counting costs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, update

from surveyapp import metrics
from surveyapp.db import Database, table_of
from surveyapp.metrics import OTHER, Figures, figures, quantiles
from surveyapp.models import Answer, Domain, Hook, HookEvent, Invitation
from tests.support.databases import SqliteFiles
from tests.support.people import START, Invited, Site, Visitor, opened

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def look(site: Site) -> Figures:
    with site.database.reading() as session:
        return figures(session, site.clock())


def made(site: Site, **columns: Any) -> Invited:
    """An invitation whose row says this."""
    invited = site.invited()
    change(site, Invitation, invited, **columns)
    return invited


def change(site: Site, model: Any, invited: Invited, **columns: Any) -> None:
    table = table_of(model)
    key = table.c.id if model is Invitation else table.c.invitation_id
    with site.database.transaction() as session:
        session.execute(update(table).where(key == invited.id).values(**columns))


def nonzero(values: Any) -> dict[str, int]:
    return {key: value for key, value in values.items() if value}


# --- mails -----------------------------------------------------------------------------------------


def test_an_empty_installation_has_every_figure(site: Site) -> None:
    found = look(site)
    assert (found.queue_depth, found.queue_due, found.oldest_due_seconds) == (0, 0, 0)
    assert (found.unknown, found.hook_events_waiting, found.domains_marked) == (0, 0, 0)
    assert found.invitations.keys() >= {"queued", "sent", "unknown"} and not any(found.invitations.values())
    assert found.refused.keys() >= {"quiet_period", "bounced"} and not any(found.refused.values())
    assert set(found.answers) == {"held", "counted", "refused", "void"} and not any(found.answers.values())
    assert found.held.keys() >= {"waiting", "too_early"} and not any(found.held.values())
    assert found.smtp_seconds == {}


def test_a_waiting_mail_is_in_the_queue_and_due_when_its_time_has_come(site: Site) -> None:
    for due in (START - HOUR, START, START + HOUR):
        made(site, status="queued", send_at=due)
    found = look(site)
    assert (found.queue_depth, found.queue_due, found.oldest_due_seconds) == (3, 2, 3600)


def test_a_queue_in_which_nothing_is_due_is_not_late(site: Site) -> None:
    made(site, status="queued", send_at=START + HOUR)
    assert (look(site).queue_due, look(site).oldest_due_seconds) == (0, 0)


def test_invitations_of_the_last_day_are_counted_by_status(site: Site) -> None:
    made(site, status="sent", created_at=START - DAY)
    made(site, status="sent", created_at=START - DAY - timedelta(seconds=1))
    made(site, status="failed", reason="550 no such user")
    made(site, status="failed", reason="421 come back later")
    assert nonzero(look(site).invitations) == {"sent": 1, "failed": 2}


def test_refused_ones_are_counted_by_reason_and_a_servers_words_are_none(site: Site) -> None:
    made(site, status="refused", reason="quiet_period")
    made(site, status="refused", reason="quiet_period")
    made(site, status="refused", reason="bounced")
    made(site, status="failed", reason="bounced by kund@example.se")
    assert nonzero(look(site).refused) == {"quiet_period": 2, "bounced": 1}


def test_a_word_of_a_newer_release_is_something_else(site: Site) -> None:
    made(site, status="refused", reason="moon")
    made(site, status="lost")
    found = look(site)
    assert (found.refused[OTHER], found.invitations[OTHER]) == (1, 1)


def test_unknown_ones_are_counted_for_a_month(site: Site) -> None:
    made(site, status="unknown", created_at=START - 30 * DAY)
    made(site, status="unknown", created_at=START - 31 * DAY)
    assert look(site).unknown == 1


# --- answers, events and domains -------------------------------------------------------------------


def test_answers_are_counted_by_state_and_held_ones_by_reason(site: Site) -> None:
    site.clock.forward(minutes=11)
    early, counted, old = (Visitor(site, site.invited()) for _ in range(3))
    early.stay(4)
    counted.open(4)
    counted.press(4)
    old.open(4)
    old.press(4)
    change(site, Answer, old.invited, changed_at=site.clock() - DAY - HOUR)
    assert nonzero(look(site).answers) == {"held": 1, "counted": 1}
    assert sum(look(site).held.values()) == 1 and nonzero(look(site).held).keys() <= {"too_early", "waiting"}


def test_events_that_are_not_done_wait(site: Site) -> None:
    hook = {"name": "zd", "source": "zendesk", "survey_key": "csat", "secret": "s", "mapping": {}}
    event_row = {"hook": "zd", "received_at": START, "body": b"{}", "attempts": 0, "empty": []}
    with site.database.transaction() as session:
        session.execute(insert(table_of(Hook)), hook | {"created_at": START})
        for number, due in enumerate((None, START, START + HOUR)):
            row = event_row | {"id": f"e{number}", "delivery_id": f"d{number}", "due_at": due}
            session.execute(insert(table_of(HookEvent)), row)
    assert look(site).hook_events_waiting == 2


def test_a_domain_is_marked_while_its_mark_lasts(site: Site) -> None:
    with site.database.transaction() as session:
        for name, until in (("now.example", START + HOUR), ("once.example", START)):
            session.execute(insert(table_of(Domain)), {"domain": name, "marked_until": until})
    assert look(site).domains_marked == 1


# --- how long the relay takes ----------------------------------------------------------------------


def accepted(site: Site, seconds: float, **columns: Any) -> None:
    yes = START + HOUR
    made(site, status="sent", marked_at=yes - timedelta(seconds=seconds), accepted_at=yes, **columns)


def test_the_relays_time_is_from_the_last_line_to_its_yes(site: Site) -> None:
    for seconds in (1, 2, 30):
        accepted(site, seconds)
    accepted(site, -5)  # the mark of a reminder that is under way
    made(site, status="linked", accepted_at=START)
    made(site, status="unknown", marked_at=START, accepted_at=None)
    assert look(site).smtp_seconds == {0.5: 2, 0.95: 30, 0.99: 30}


def test_the_youngest_mails_tell_the_relays_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LATENCIES", 2)
    monkeypatch.setattr(metrics, "LATENCIES_AMONG", 4)
    for age, seconds in ((1, 1), (2, 2), (3, 3), (4, 4)):
        accepted(site, seconds, created_at=START - age * HOUR)
    assert set(look(site).smtp_seconds.values()) == {1, 2}
    for _ in range(4):
        made(site, status="queued", send_at=START)
    assert look(site).smtp_seconds == {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], {}),
        ([7.0], {0.5: 7, 0.95: 7, 0.99: 7}),
        ([float(n) for n in range(100, 0, -1)], {0.5: 50, 0.95: 95, 0.99: 99}),
    ],
)
def test_a_quantile_is_a_value_that_was_measured(values: list[float], expected: dict[float, float]) -> None:
    assert quantiles(values) == expected


# --- what it costs ---------------------------------------------------------------------------------


@pytest.fixture
def statements(site: Site) -> Iterator[list[str]]:
    heard: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    event.listen(site.database.engine, "before_cursor_execute", note)
    yield heard
    event.remove(site.database.engine, "before_cursor_execute", note)


def test_a_look_takes_four_statements(site: Site, statements: list[str]) -> None:
    look(site)
    assert len([each for each in statements if each.startswith("SELECT")]) == 4


def test_no_statement_reads_a_whole_table_of_invitations_or_answers(sqlite: SqliteFiles) -> None:
    """On SQLite: PostgreSQL chooses by the size of a table, and here all are empty."""
    plans = []
    database = Database(sqlite.clone())
    with database.reading() as session:
        for statement in (
            metrics._queue(START),
            metrics._invitations(START),
            metrics._answers(START),
            metrics._latencies(),
        ):
            sql = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": False})
            rows = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {sql}",
                tuple(sql.construct_params()[name] for name in sql.positiontup or ()),
            )
            plans += [row.detail for row in rows]
    database.dispose()
    read = [each for each in plans if each.startswith(("SCAN invitations", "SCAN answers"))]
    assert plans and all("USING INDEX" in each or "USING COVERING INDEX" in each for each in read)

"""What the log says, in which form, and what it never says."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from surveyapp import logs, shell
from surveyapp.app import create_app
from surveyapp.db import Database, table_of
from surveyapp.models import Invitation
from tests.support.people import Site, Visitor, opened, settings
from tests.support.served import SETTINGS, Served

log = logging.getLogger("surveyapp.test")

Records = Callable[[], list[dict[str, Any]]]

ADDRESS, NAME, COMMENT = "anna.astrom@kund.example", "Anna Åström", "My number is 0701234567"


@pytest.fixture
def records(capsys: pytest.CaptureFixture[str]) -> Iterator[Records]:
    """The log as JSON, read record by record; each call gives what came since the last one."""
    logs.start("json")
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    logs.stop()


@pytest.fixture
def text(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """The log as people read it."""
    logs.start("text")
    yield lambda: capsys.readouterr().err
    logs.stop()


# --- the form --------------------------------------------------------------------------------------


def test_a_record_is_one_json_object_on_one_line(records: Records) -> None:
    log.warning("two\nlines, %s", "ä\u2028ö")
    (record,) = records()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("at"))
    assert record == {"level": "WARNING", "logger": "surveyapp.test", "message": "two\nlines, ä\u2028ö"}


def test_only_fields_that_were_judged_get_in(records: Records) -> None:
    log.info("sent", extra={"outcome": "accepted", "count": 3, "ms": 1.5, "address": ADDRESS, "reason": None})
    (record,) = records()
    assert record.keys() - {"at", "level", "logger", "message"} == {"outcome", "count", "ms"}
    assert (record["outcome"], record["count"], record["ms"]) == ("accepted", 3, 1.5)


def test_for_people_a_record_is_one_line(text: Callable[[], str]) -> None:
    with logs.bound(request_id="r1"):
        log.info("two\r\nlines", extra={"status": 200})
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT[\d:.]{12}Z INFO surveyapp\.test: two lines request_id=r1 status=200\n", text()
    )


def test_of_libraries_only_warnings_are_kept(records: Records) -> None:
    logging.getLogger("werkzeug").info("GET /s/token")
    logging.getLogger("alembic").warning("careful")
    assert [record["message"] for record in records()] == ["careful"]


def test_starting_twice_writes_each_record_once_and_stopping_ends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.start("json")
    logs.start("text")
    log.info("once")
    logs.stop()
    log.info("never")
    said = capsys.readouterr().err
    assert said.count("once") == 1 and not said.startswith("{") and "never" not in said


def test_a_message_that_does_not_fit_its_arguments_is_nobodys_failure(
    records: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    # By hand, because pytest's own handler would fail the test.
    logs._output.handle(log.makeRecord(log.name, logging.INFO, "x.py", 7, "%d people", (ADDRESS,), None))
    said = capsys.readouterr().err
    assert re.fullmatch(r"a record of surveyapp\.test, line 7, could not be written\n", said)


def test_a_closed_stream_is_nobodys_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    with (tmp_path / "log").open("w") as closed:
        pass
    logs.start("text")
    monkeypatch.setattr("sys.stderr", closed)
    log.info("unheard")
    logs.stop()


# --- ids -------------------------------------------------------------------------------------------


def test_ids_are_bound_until_the_block_ends(records: Records) -> None:
    with logs.bound(request_id="r1"):
        with logs.bound(invitation_id="i1"):
            log.info("both")
            log.info("another's", extra={"invitation_id": "i2"})
        log.info("one")
    log.info("none")
    known = [(record.get("request_id"), record.get("invitation_id")) for record in records()]
    assert known == [("r1", "i1"), ("r1", "i2"), ("r1", None), (None, None)]


def test_ids_are_bound_though_the_block_fails(records: Records) -> None:
    with pytest.raises(ValueError, match="a mistake"), logs.bound(invitation_id="i1"):
        raise ValueError("a mistake")
    log.info("after")
    assert "invitation_id" not in records()[0]


def test_a_thread_has_ids_of_its_own(records: Records) -> None:
    def work() -> None:
        with logs.bound(invitation_id="i2"):
            log.info("theirs")

    with logs.bound(invitation_id="i1"):
        thread = Thread(target=work)
        thread.start()
        thread.join()
        log.info("ours")
    assert [(record["message"], record["invitation_id"]) for record in records()] == [
        ("theirs", "i2"),
        ("ours", "i1"),
    ]


@pytest.mark.parametrize("given", ["a", "0-9_Z", "x" * 64])
def test_an_id_that_looks_like_one_is_taken(given: str) -> None:
    assert logs.request_id_from(given) == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a.b", "a\n", "å", ADDRESS, '"', "\x00"])
def test_anything_else_is_replaced(given: str | None) -> None:
    made = logs.request_id_from(given)
    assert made != given and re.fullmatch(r"[A-Za-z0-9_-]{16}", made)
    assert logs.request_id_from(given) != made


# --- what it never says ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        ADDRESS,
        f'{{"address":"{ADDRESS}"}}',
        f"mailto:{ADDRESS}",
        ADDRESS.replace("@", "%40"),
        "åsa@kund.example",
        f"{'A' * 22}.{'s' * 43}",
        f"/s/{'A' * 22}.{'s' * 43}/9",
        f"{'A' * 22}/page-page-12/1772442000000/p.{'s' * 43}",
        f"surveyapp_abcd2345_{'s' * 43}",
    ],
)
@pytest.mark.parametrize("form", ["json", "text"])
def test_an_address_or_a_token_in_a_message_is_taken_out(
    secret: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.start(form)
    log.info("before %s after", secret, extra={"reason": secret})
    failure = f"before {secret} after"
    try:
        raise ValueError(failure)
    except ValueError:
        log.exception("it failed")
    logs.stop()
    said = capsys.readouterr().err
    assert said.count("before") == 2 and said.count("after") == 2
    assert not re.search(r"kund\.example|astrom|åsa|\\u00e5sa|sssss", said)


@pytest.mark.parametrize("filling", ["x", "x ", "x.", "@", "a@"])
def test_a_message_without_end_is_cut_before_half_an_address(records: Records, filling: str) -> None:
    start = (filling * logs.LONGEST)[: logs.LONGEST - 12] + " "
    log.info("%s", f"{start}{ADDRESS}{filling * 1_000_000}")
    message = records()[0]["message"]
    assert message.endswith(" (cut)") and len(message) < 2_100 and "anna" not in message


def test_an_exception_is_one_string_with_what_led_to_it(records: Records) -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError(f"outer\nof {NAME}") from error
    except ValueError:
        log.exception("it failed")
    (record,) = records()
    told = record["exception"]
    assert told.index("builtins.KeyError: 'inner'") < told.index("which led to:")
    assert told.index("which led to:") < told.index("builtins.ValueError: outer")
    assert "test_logs.py" in told and NAME not in told


def test_an_exception_that_is_its_own_cause_is_told_once(records: Records) -> None:
    error = ValueError("round")
    error.__cause__ = KeyError("and round")
    error.__cause__.__cause__ = error
    log.error("it failed", exc_info=error)
    assert records()[0]["exception"].count("and round") == 1


def test_what_was_suppressed_stays_so(records: Records) -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError:
            raise ValueError("outer") from None
    except ValueError:
        log.exception("it failed")
    assert "inner" not in records()[0]["exception"]


def test_for_people_an_exception_stands_below_its_line(text: Callable[[], str]) -> None:
    try:
        raise ValueError("a mistake")
    except ValueError:
        log.exception("it failed")
    lines = text().splitlines()
    assert lines[0].endswith("it failed") and lines[-1] == "builtins.ValueError: a mistake"


def test_a_row_that_the_database_refuses_is_not_repeated(database: Database, records: Records) -> None:
    site = opened(database)
    invited = site.invited(address=ADDRESS)
    values = site.invitation(invited) | {
        "status": None,
        "address": ADDRESS,
        "recipient_name": NAME,
        "id": "x",
    }
    try:
        with database.transaction() as session:
            session.execute(insert(table_of(Invitation)), values)
    except IntegrityError:
        log.exception("it failed")
    (record,) = records()
    assert "IntegrityError" in record["exception"] and "null" in record["exception"].lower()
    assert not re.search("anna|astrom|Åström|kund", str(record))


def test_no_page_and_no_mail_leaves_a_token_or_a_person_in_the_log(
    database: Database, records: Records, tmp_path: Any
) -> None:
    site = opened(database, MAIL_URL=(tmp_path / "mail").as_uri())
    person = Visitor(site, site.invited(address=ADDRESS, recipient_name=NAME, is_mailed=True))
    site.clock.forward(hours=2)
    site.worker().send_due()
    site.clock.forward(minutes=20)
    person.stay(4)
    person.open(99)
    person.press(5, comment=COMMENT)
    person.press(5, comment="x" * 3000)
    for path in (person.invited.unsubscribe, person.invited.privacy, f"{person.invited.path}/thanks"):
        person.visit(path)
        person.visit(f"{path}?email={ADDRESS}", Host="evil.example")
    person.visit(f"{person.invited.path}x")
    site.client.post(person.invited.unsubscribe, data={"List-Unsubscribe": "One-Click"})
    person.visit(person.invited.path, "DELETE")
    said = records()
    assert {"public.ask", "public.answer", "public.report", "public.explain", "public.unsubscribe"} <= {
        record.get("endpoint") for record in said
    }
    assert any(record["logger"] == "surveyapp.worker" for record in said)
    signatures = [link.rsplit(".", 1)[-1] for link in (person.invited.path, person.invited.unsubscribe)]
    for secret in (ADDRESS, "astrom", NAME, "Anna", COMMENT, "0701234567", "evil", "203.0.113", *signatures):
        assert secret not in json.dumps(said, ensure_ascii=False), secret


def test_a_page_that_fails_says_why_without_the_address(records: Records) -> None:
    app = create_app(settings())

    def fail(token: str) -> str:
        raise ValueError(f"a mistake with {ADDRESS} and {token}")

    app.add_url_rule("/fail/<token>", view_func=fail, endpoint="fail")
    reply = app.test_client().get(f"/fail/secret?address={ADDRESS}")
    *_, failure, access = records()
    assert "a mistake with (address)" in failure["exception"]
    assert failure["request_id"] == access["request_id"] == reply.headers["X-Request-ID"]
    assert (access["status"], access["endpoint"]) == (500, "fail")
    assert "kund" not in f"{failure}{access}"


# --- requests --------------------------------------------------------------------------------------


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def test_each_request_leaves_one_record(site: Site, records: Records) -> None:
    person = Visitor(site, site.invited())
    person.open(4)
    person.press(4)
    person.visit("/nowhere")
    person.visit("/healthz", "HEAD")
    person.visit("/s/x", "BREW")
    found = [(each.get("endpoint"), each["method"], each["status"]) for each in records()]
    assert found == [
        ("public.ask", "GET", 200),
        ("public.answer", "POST", 303),
        (None, "GET", 404),
        ("health.live", "HEAD", 200),
        (None, "OTHER", 405),
    ]


def test_a_record_of_a_customers_request_names_the_invitation(site: Site, records: Records) -> None:
    person = Visitor(site, site.invited())
    person.open(4)
    person.press(4)
    person.visit(f"{person.invited.path}x")
    assert [record.get("invitation_id") for record in records()] == [person.invited.id] * 2 + [None]


def test_a_record_of_a_request_says_how_long_it_took(site: Site, records: Records) -> None:
    site.client.get("/healthz")
    (record,) = records()
    assert 0 <= record["ms"] < 60_000 and record["logger"] == "surveyapp.access"


def test_a_proxys_request_id_is_kept_and_given_back(site: Site, records: Records) -> None:
    for path in ("/healthz", "/nowhere", "/static/public.css"):
        reply = site.client.get(path, headers={"X-Request-ID": "from-the-proxy_1"}, buffered=True)
        assert reply.headers.getlist("X-Request-ID") == ["from-the-proxy_1"]
    assert {record["request_id"] for record in records()} == {"from-the-proxy_1"}


def test_a_request_without_an_id_gets_one_of_its_own(site: Site, records: Records) -> None:
    replies = [site.client.get("/healthz", headers={"X-Request-ID": "no id"}) for _ in range(2)]
    ids = [reply.headers["X-Request-ID"] for reply in replies]
    assert len(set(ids)) == 2 and [record["request_id"] for record in records()] == ids


def test_a_problem_document_names_the_request(site: Site) -> None:
    reply = site.client.get("/api/v1/invitations", headers={"X-Request-ID": "r-1"})
    assert reply.json and reply.json["request_id"] == reply.headers["X-Request-ID"] == "r-1"


def test_a_host_that_is_not_ours_is_logged_too(site: Site, records: Records) -> None:
    assert site.client.get("/nowhere", headers={"Host": "evil.example"}).status_code == 400
    (record,) = records()
    assert record["status"] == 400 and "endpoint" not in record


# --- processes -------------------------------------------------------------------------------------


def test_an_application_from_the_environment_starts_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (SETTINGS | {"SURVEYAPP_LOG_FORMAT": "json"}).items():
        monkeypatch.setenv(name, value)
    create_app().test_client().get("/healthz")
    logs.stop()
    assert json.loads(capsys.readouterr().err)["endpoint"] == "health.live"


def test_an_application_with_given_settings_leaves_the_log_to_its_caller(
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_app(settings(LOG_FORMAT="json")).test_client().get("/healthz")
    assert capsys.readouterr().err == ""


def test_a_command_logs_until_it_ends() -> None:
    @click.command()
    def work() -> None:
        shell.start_logging(settings(LOG_FORMAT="json"))
        log.info("working")

    result = CliRunner().invoke(work)
    assert json.loads(result.stderr)["message"] == "working"
    log.info("nobody listens")
    assert not any(isinstance(each, logs._Output) for each in logging.getLogger().handlers)


def test_a_real_server_writes_one_json_object_for_each_request(
    served_app: Callable[..., Served], sqlite: Any
) -> None:
    served = served_app(sqlite.clone(), SURVEYAPP_LOG_FORMAT="json")
    request = Request(f"{served.url}/healthz?token=secret", headers={"X-Request-ID": "from-outside"})
    with urlopen(request, timeout=10) as reply:
        assert reply.headers["X-Request-ID"] == "from-outside"
    said = [json.loads(line) for line in served.log.read_text().splitlines()]
    assert any("set-up code: " in each["message"] for each in said)
    (record,) = [each for each in said if each.get("request_id") == "from-outside"]
    assert (record["endpoint"], record["status"]) == ("health.live", 200)
    assert "secret" not in served.log.read_text()

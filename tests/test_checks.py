"""What `surveyapp check` finds, against a real mail server, a DNS server of ours and the real application."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

from surveyapp import checks, mail, rehearsal, surveys
from surveyapp.check_commands import _served
from surveyapp.checks import Finding, Level, Surroundings
from surveyapp.config import Settings
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.i18n import language
from surveyapp.links import Links
from surveyapp.models import Invitation, Survey, SurveyVersion, Touch
from surveyapp.rehearsal import Visit
from surveyapp.smtp import SmtpRelay
from tests.support.databases import SqliteFiles
from tests.support.dns import SILENT, Zone, dns_server, txt
from tests.support.people import HOST, opened, path_of
from tests.support.processes import free_port
from tests.support.served import environment
from tests.support.smtp import MailServer

# The real time, because the application that is checked has no other.
NOW = datetime.now(UTC)
LOGIN = ("post", "hunter2 hunter2")
DOMAIN = "nordlicht.example"
GOOD: dict[tuple[str, str], list[str] | None] = {
    (DOMAIN, "TXT"): txt("v=spf1 mx -all"),
    (f"s1._domainkey.{DOMAIN}", "TXT"): txt(f"v=DKIM1; k=ed25519; p={b64encode(b'k' * 32).decode()}"),
    (f"_dmarc.{DOMAIN}", "TXT"): txt("v=DMARC1; p=reject"),
    (DOMAIN, "MX"): [f"10 mx.{DOMAIN}."],
}
NAMES = [
    "configuration",
    "database",
    "templates",
    "relay",
    "spf",
    "dkim",
    "dmarc",
    "mx",
    "pages",
    "scanner",
    "press",
]


@pytest.fixture
def own(sqlite: SqliteFiles) -> Iterator[Database]:
    """The installation's database; where the kind matters, a test takes one of each."""
    database = Database(sqlite.clone())
    with database.transaction() as session:
        surveys.install_built_ins(session, NOW)
    yield database
    database.dispose()


@pytest.fixture
def given(own: Database, tmp_path: Path) -> dict[str, str]:
    """The environment of an installation that is ready, but that no mail leaves this machine."""
    more = {"PUBLIC_URL": HOST, "BOUNCE_ADDRESS": f"bounces@{DOMAIN}", "DKIM_SELECTORS": "s1"}
    changes = {f"SURVEYAPP_{name}": value for name, value in more.items()}
    return environment(tmp_path, str(own.url), 8000, {}) | changes


def found(
    given: Mapping[str, str], zone: Zone = GOOD, to: str | None = None, serve: Any = _served, **changes: str
) -> list[Finding]:
    surroundings = dict(given) | {f"SURVEYAPP_{name}": value for name, value in changes.items()}
    with dns_server(zone, patience=0.5) as resolver:
        return list(checks.check(Surroundings(surroundings, lambda: NOW, lambda: resolver, serve), to))


def of(findings: list[Finding], name: str) -> list[tuple[Level, str]]:
    return [(each.level, each.sentence) for each in findings if each.name == name]


@contextmanager
def no_pages(_settings: Settings) -> Iterator[Visit]:
    """For tests that look at something else."""
    yield lambda *_, **__: 200


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pages out, which take the most time."""
    monkeypatch.setattr(checks, "_pages", lambda *_: [])


# --- an installation in order ----------------------------------------------------------------------


def test_an_installation_in_order_has_nothing_to_hear(
    given: dict[str, str],
    own_database: Database,
    own_database_url: str,
    smtp_server: Callable[..., MailServer],
    certificate: Path,
) -> None:
    server = smtp_server(tls="starttls", login=LOGIN)
    with own_database.transaction() as session:
        surveys.install_built_ins(session, NOW)
    findings = found(given, MAIL_URL=f"{server.url}&ca={certificate}", DATABASE_URL=own_database_url)
    assert [(each.name, each.level) for each in findings] == [(name, Level.OK) for name in NAMES]
    assert "with TLS, with a login" in of(findings, "relay")[0][1]
    assert server.mails == []
    assert all(each.sentence.endswith(".") and "\n" not in each.sentence for each in findings)


def test_a_check_writes_nothing_to_the_installation(given: dict[str, str], own: Database) -> None:
    site = opened(own)
    before = [site.rows(model) for model in (Survey, SurveyVersion)]
    found(given, to="a@example.se")
    assert [site.rows(model) for model in (Survey, SurveyVersion)] == before
    assert site.rows(Invitation) == site.rows(Touch) == []


# --- settings and database -------------------------------------------------------------------------


def test_a_wrong_setting_is_named_and_nothing_else_is_looked_at(given: dict[str, str]) -> None:
    findings = found(given, LOCALE="fr")
    assert [(each.name, each.level) for each in findings] == [
        ("configuration", Level.PROBLEM),
        ("everything else", Level.SKIPPED),
    ]
    assert findings[0].sentence.startswith("SURVEYAPP_LOCALE ")


@pytest.mark.usefixtures("quick")
def test_what_works_but_helps_nobody_is_a_warning(given: dict[str, str]) -> None:
    findings = found(given, PUBLIC_URL="http://127.0.0.1:8000", BOUNCE_ADDRESS="")
    (_, fine), (first, alone), (second, lost) = of(findings, "configuration")
    assert fine.startswith("Every setting") and {first, second} == {Level.WARNING}
    assert "SURVEYAPP_PUBLIC_URL" in alone and "SURVEYAPP_BOUNCE_ADDRESS" in lost
    assert [level for level, _ in of(findings, "relay")] == [Level.WARNING], "Mails go into a folder"


@pytest.mark.usefixtures("quick")
def test_a_database_that_does_not_exist_is_not_made(given: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    findings = found(given, DATABASE_URL=f"sqlite:///{path}")
    assert of(findings, "database") == [
        (Level.PROBLEM, f"There is no database at {path}: run `surveyapp db upgrade`.")
    ]
    assert of(findings, "templates")[0][0] is Level.OK and not path.exists()


@pytest.mark.usefixtures("quick")
def test_a_database_of_another_release_is_a_problem(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "old.db").touch()
    findings = found(given, DATABASE_URL=f"sqlite:///{tmp_path / 'old.db'}")
    [(level, sentence)] = of(findings, "database")
    assert level is Level.PROBLEM and "`surveyapp db upgrade`" in sentence
    assert of(findings, "templates")[0][0] is Level.OK


@pytest.mark.usefixtures("quick")
def test_a_database_without_surveys_is_a_problem(given: dict[str, str], sqlite: SqliteFiles) -> None:
    findings = found(given, DATABASE_URL=sqlite.clone())
    assert of(findings, "database") == [
        (Level.PROBLEM, "There is no survey yet: run `surveyapp db upgrade`.")
    ]


@pytest.mark.usefixtures("quick")
def test_a_database_that_does_not_answer_is_a_problem_without_its_password(given: dict[str, str]) -> None:
    findings = found(given, DATABASE_URL=f"postgresql+psycopg://u:hunter2@127.0.0.1:{free_port()}/x")
    assert [level for level, _ in of(findings, "database")] == [Level.PROBLEM]
    assert "hunter2" not in str(findings)


@pytest.mark.usefixtures("quick")
def test_a_driver_that_is_not_installed_is_a_problem(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_url: str) -> Database:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr(checks, "Database", missing)
    assert "surveyapp[postgres]" in of(found(given), "database")[0][1]


# --- templates -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_the_installations_own_surveys_are_written(given: dict[str, str], own: Database) -> None:
    with own.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], NOW)
    [(level, sentence)] = of(found(given), "templates")
    assert level is Level.OK and sentence.startswith("All 48 mails can be written")


@pytest.mark.usefixtures("quick")
def test_translations_that_are_missing_are_a_problem(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "language", lambda _: language("en"))
    [(level, sentence)] = of(found(given), "templates")
    assert level is Level.PROBLEM and "translations are missing" in sentence


@pytest.mark.usefixtures("quick")
def test_a_mistake_in_one_check_hides_neither_itself_nor_the_others(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("hunter2")

    monkeypatch.setattr(checks, "mail_of", broken)
    findings = found(given)
    [(level, sentence)] = of(findings, "templates")
    assert level is Level.PROBLEM and "(KeyError)" in sentence and "hunter2" not in sentence
    assert of(findings, "spf")[0][0] is Level.OK


# --- the mail server -------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_a_wrong_password_is_a_problem_that_does_not_repeat_it(
    given: dict[str, str], smtp_server: Callable[..., MailServer], certificate: Path
) -> None:
    server = smtp_server(tls="implicit", login=LOGIN)
    url = server.url.replace("hunter2%20hunter2", "hunter3")
    [(level, sentence)] = of(found(given, MAIL_URL=f"{url}&ca={certificate}"), "relay")
    assert level is Level.PROBLEM and "535" in sentence and "hunter" not in sentence


@pytest.mark.usefixtures("quick")
def test_a_certificate_that_nobody_vouches_for_is_a_problem(
    given: dict[str, str], smtp_server: Callable[..., MailServer]
) -> None:
    [(level, sentence)] = of(found(given, MAIL_URL=smtp_server(tls="starttls").url), "relay")
    assert level is Level.PROBLEM and "certificate" in sentence.lower()


@pytest.mark.usefixtures("quick")
def test_a_mail_server_that_is_not_there_is_a_problem(given: dict[str, str]) -> None:
    url = f"smtp://post:hunter2@127.0.0.1:{free_port()}"
    [(level, sentence)] = of(found(given, MAIL_URL=url), "relay")
    assert level is Level.PROBLEM and "127.0.0.1" in sentence and "hunter2" not in sentence


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("host", "levels"), [("mx.example", ["ok", "warning"]), ("localhost", ["ok"])])
def test_mails_that_cross_a_network_unencrypted_are_a_warning(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch, host: str, levels: list[str]
) -> None:
    monkeypatch.setattr(SmtpRelay, "greet", lambda _: None)
    findings = of(found(given, MAIL_URL=f"smtp://{host}?tls=none"), "relay")
    assert [level for level, _ in findings] == levels
    assert "without TLS, without a login" in findings[0][1]


# --- the sender's domain ---------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_what_the_dns_lacks_is_a_problem(given: dict[str, str]) -> None:
    findings = found(given, zone={})
    assert [of(findings, name)[0][0] for name in ("spf", "dkim", "dmarc", "mx")] == [Level.PROBLEM] * 4


@pytest.mark.usefixtures("quick")
def test_a_dns_that_says_nothing_leaves_it_open(given: dict[str, str]) -> None:
    findings = found(given, zone=dict.fromkeys(GOOD, SILENT), DKIM_SELECTORS="")
    assert [of(findings, name)[0][0] for name in ("spf", "dmarc", "mx")] == [Level.SKIPPED] * 3
    assert of(findings, "dkim")[0][0] is Level.WARNING, "Nobody said which key signs"


@pytest.mark.usefixtures("quick")
def test_the_domain_to_which_bounces_go_needs_its_own_spf_and_servers(given: dict[str, str]) -> None:
    findings = found(given, BOUNCE_ADDRESS="bounces@returns.example")
    for name in ("spf", "mx"):
        (own, _), (returns, sentence) = of(findings, name)
        assert (own, returns) == (Level.OK, Level.PROBLEM) and "returns.example" in sentence
    assert len(of(findings, "dkim")) == len(of(findings, "dmarc")) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("sender", ["surveys@localhost", "surveys@127.0.0.1"])
def test_a_sender_of_this_machine_alone_has_no_dns(given: dict[str, str], sender: str) -> None:
    findings = found(given, MAIL_FROM=sender)
    assert [level for level, _ in of(findings, "dns")] == [Level.SKIPPED] and of(findings, "spf") == []


@pytest.mark.usefixtures("quick")
def test_a_machine_without_a_dns_server_leaves_it_open(given: dict[str, str]) -> None:
    def none() -> dns.resolver.Resolver:
        raise dns.resolver.NoResolverConfiguration

    findings = list(checks.check(Surroundings(given, lambda: NOW, none, no_pages)))
    assert of(findings, "dns") == [(Level.SKIPPED, "This machine has no DNS server to ask.")]


# --- links and pages -------------------------------------------------------------------------------


def changed(around: Callable[[Visit, str, str], int | None]) -> Any:
    """The real application, but that `around` may answer GET and HEAD itself."""

    @contextmanager
    def serve(settings: Settings) -> Iterator[Visit]:
        with _served(settings) as real:

            def visit(method: str, url: str, headers: Any = None, fields: Any = None) -> int:
                status = around(real, method, url)
                return real(method, url, headers or {}, fields) if status is None else status

            yield visit

    return serve


def test_a_link_that_does_not_open_is_a_problem_without_its_token(given: dict[str, str]) -> None:
    findings = found(given, serve=changed(lambda _, method, __: 405 if method == "HEAD" else None))
    [(level, sentence)] = of(findings, "pages")
    assert level is Level.PROBLEM and "answers 405 to HEAD (and 57 more)" in sentence
    assert HOST not in sentence


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("/u/", "the unsubscribe page of ces in sv answers 500"),
        ("/p/", "the privacy page of ces in sv answers 500"),
        ("/s/none", "the page for a link that is not valid in sv answers 500"),
        ("/thanks", "the thanks in sv answer 500"),
    ],
)
def test_every_page_is_opened_in_every_language(given: dict[str, str], part: str, words: str) -> None:
    serve = changed(lambda _, __, url: 500 if part in url and "lang=sv" in url else None)
    findings = found(given, serve=serve)
    assert words in of(findings, "pages")[0][1]


def test_an_app_that_counts_what_a_scanner_opens_is_found_out(given: dict[str, str]) -> None:
    def press_too(real: Visit, method: str, url: str) -> int | None:
        rated = re.fullmatch(r"(.*/s/[^/]+)/(\d+)", url)
        if rated and method == "GET":
            real("POST", rated[1], rehearsal._PRESS, {"rating": rated[2]})
        return None

    [(level, sentence)] = of(found(given, serve=changed(press_too)), "scanner")
    assert level is Level.PROBLEM and sentence.endswith(": ces, ces_ease, csat, nki, nps.")


def test_an_app_that_unsubscribes_whom_a_scanner_opens_is_found_out(given: dict[str, str]) -> None:
    def unsubscribe(real: Visit, method: str, url: str) -> int | None:
        if "/u/" in url and method == "HEAD":
            real("POST", url, {}, {"List-Unsubscribe": "One-Click"})
        return None

    [(level, sentence)] = of(found(given, serve=changed(unsubscribe)), "scanner")
    assert level is Level.PROBLEM and "csat" in sentence


def test_an_app_that_loses_a_persons_press_is_found_out(given: dict[str, str]) -> None:
    findings = found(given, serve=changed(lambda _, method, __: 303 if method == "POST" else None))
    assert of(findings, "press") == [(Level.PROBLEM, "A person who pressed Send was not counted.")]
    refused = found(given, serve=changed(lambda _, method, __: 422 if method == "POST" else None))
    assert "pressing Send answers 422" in of(refused, "pages")[0][1]


# --- mails to look at ------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_one_mail_of_each_survey_in_each_language_is_sent(
    given: dict[str, str], own: Database, smtp_server: Callable[..., MailServer]
) -> None:
    server = smtp_server()
    findings = found(given, to="me@nordlicht.example", MAIL_URL=server.url)
    assert of(findings, "mails")[0][0] is Level.OK
    assert len(server.mails) == len({each.identity for each in server.mails}) == 24
    assert {str(each.message["Content-Language"]) for each in server.mails} == {"sv", "ro", "de", "en"}
    assert {str(each.message["To"]) for each in server.mails} == {"me@nordlicht.example"}
    for each in server.mails:
        link = Links(["tests-only-link-key-0123456789abcdef01"]).read_return_address(each.sender)
        assert each.sender.startswith("bounces+") and link not in each.identity
    body = server.mails[0].message.get_body(("plain",))
    assert body is not None
    [url, *_] = re.findall(r"https://\S+/s/\S+", str(body.get_content()))
    assert opened(own).client.get(path_of(url)).status_code == 404


@pytest.mark.usefixtures("quick")
def test_bounces_of_the_mails_go_to_the_sender_until_there_is_an_address_for_them(
    given: dict[str, str], smtp_server: Callable[..., MailServer]
) -> None:
    server = smtp_server()
    found(given, to="me@nordlicht.example", MAIL_URL=server.url, BOUNCE_ADDRESS="")
    assert {each.sender for each in server.mails} == {"feedback@nordlicht.example"}


@pytest.mark.usefixtures("quick")
def test_a_mail_that_is_refused_ends_the_sending(
    given: dict[str, str], smtp_server: Callable[..., MailServer]
) -> None:
    server = smtp_server()
    before = server.connections
    server.refused_recipients["me@nordlicht.example"] = "550 5.1.1 No such user <me@nordlicht.example>"
    [(level, sentence)] = of(found(given, to="me@nordlicht.example", MAIL_URL=server.url), "mails")
    assert level is Level.PROBLEM and sentence.startswith("0 mails were handed over, then: ")
    assert "5.1.1" in sentence and server.connections == before + 2, "One to say hello, one for the mails"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("to", ["", "nobody", "a@b\r\nBcc: c@example.se", "a@example.se, b@example.se"])
def test_an_address_that_is_none_gets_no_mail(
    given: dict[str, str], smtp_server: Callable[..., MailServer], to: str
) -> None:
    server = smtp_server()
    [(level, _)] = of(found(given, to=to, MAIL_URL=server.url), "mails")
    assert level is Level.PROBLEM and server.mails == []

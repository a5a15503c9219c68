"""Every error of ours has its page, and nothing else gets out."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from flask import Flask, abort
from sqlalchemy import text

import surveyapp
from surveyapp.app import HEADERS, create_app
from surveyapp.core.errors import (
    DatabaseFailedError,
    EditWindowOverError,
    InvalidLinkError,
    SurveyappError,
)
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES, language
from surveyapp.identities import ProviderLoginError
from surveyapp.links import Purpose
from surveyapp.web.admin.notices import STATUS as BEHIND_THE_LOGIN
from surveyapp.web.errors import PROGRAMS, STATUS
from tests.support.people import Page, Visitor, opened, settings

# Met by the operator at a terminal or by a worker, never while a page is made.
NEVER_OVER_HTTP = {
    "DemoError",
    "LeaseLostError",
    "MailDelayedError",
    "MailRefusedError",
    "MailUnknownError",
    "MappingError",
    "MissingCatalogueError",
    "SchemaError",
    "SettingError",
    "RowError",
    "SheetError",
}
BROKEN = {code: language(code).gettext("Something went wrong") for code in LANGUAGES}


def all_errors(base: type[SurveyappError] = SurveyappError) -> Iterator[type[SurveyappError]]:
    for module in walk_packages(surveyapp.__path__, "surveyapp."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for error in base.__subclasses__():
        yield error
        yield from all_errors(error)


def raising(error: Exception | Callable[[], object]) -> Flask:
    """An app with a page that does nothing but fail."""
    app = create_app(settings())

    def fail() -> str:
        if isinstance(error, Exception):
            raise error
        error()
        return ""

    app.add_url_rule("/fail", view_func=fail)
    return app


def page_of(app: Flask, path: str = "/fail", **headers: str) -> Page:
    return Page(app.test_client().get(path, headers=headers))


def test_every_error_of_ours_has_a_status_or_never_meets_a_customer() -> None:
    errors = {error for error in all_errors() if error.__module__.startswith("surveyapp")}
    known = STATUS.keys() | PROGRAMS.keys() | BEHIND_THE_LOGIN.keys() | {ProviderLoginError}
    assert {error.__name__ for error in errors - known} == NEVER_OVER_HTTP
    assert not NEVER_OVER_HTTP & {error.__name__ for error in known}


@pytest.mark.parametrize("error", STATUS)
def test_each_has_a_page_of_its_own_in_every_language(error: type[SurveyappError]) -> None:
    app = raising(error("never to be shown"))
    for code in LANGUAGES:
        page = page_of(app, **{"Accept-Language": code})
        assert (page.status, page.language) == (STATUS[error][0], code)
        assert page.heading and "never to be shown" not in page.text
        if error is not EditWindowOverError:  # which shows the recorded answer instead
            assert page.heading != BROKEN[code]


@pytest.mark.parametrize("code", [400, 403, 404, 405, 408, 411, 413, 414, 415, 416, 422, 429, 431])
def test_what_the_framework_refuses_is_said_on_a_page_of_ours(code: int) -> None:
    page = page_of(raising(lambda: abort(code)), **{"Accept-Language": "de"})
    assert (page.status, page.language) == (code, "de")
    assert page.heading not in ("", BROKEN["de"])
    assert "feedback@nordlicht.example" in page.text  # a way on


@pytest.mark.parametrize("error", [ValueError("secret words"), KeyError("secret")])
def test_an_unforeseen_error_says_nothing_of_itself(error: Exception) -> None:
    for code in LANGUAGES:
        page = page_of(raising(error), **{"Accept-Language": code})
        assert (page.status, page.heading) == (500, BROKEN[code])
        assert "secret" not in page.text and "Traceback" not in page.text
        assert all(page.headers.get(name) == value for name, value in HEADERS.items())


def test_an_unforeseen_error_is_logged_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    app = raising(ValueError("a mistake of ours"))
    page_of(app, "/fail?token=abc.def")
    assert "a mistake of ours" in caplog.text and "abc.def" not in caplog.text


def test_a_busy_database_asks_to_come_back() -> None:
    page = page_of(raising(DatabaseFailedError("the database")))
    assert (page.status, page.headers["Retry-After"]) == (503, "5")
    assert page.heading == "One moment, please"


def test_an_error_page_speaks_the_browsers_language_or_the_organisations() -> None:
    app = create_app(settings(LOCALE="ro"))
    assert page_of(app, "/nowhere", **{"Accept-Language": "fr, de-CH;q=0.9, sv;q=0.8"}).language == "de"
    assert page_of(app, "/nowhere", **{"Accept-Language": "fr"}).language == "ro"
    assert page_of(app, "/nowhere").language == "ro"
    assert page_of(app, "/nowhere?lang=sv", **{"Accept-Language": "de"}).language == "sv"


def test_a_forged_link_is_404_with_a_way_on() -> None:
    page = page_of(create_app(settings()), "/s/forged.token/5")
    assert (page.status, page.heading) == (404, "Link not valid")
    assert "feedback@nordlicht.example" in page.text
    assert STATUS[InvalidLinkError][0] == 404


def test_without_a_database_customers_are_asked_to_come_back(tmp_path: Path) -> None:
    app = create_app(settings(f"sqlite:///{tmp_path}/nowhere/x.db"))
    signed = app.extensions["surveyapp"].links.sign
    for path in (f"/s/{signed(Purpose.ANSWER, 'x' * 22)}/5", f"/u/{signed(Purpose.UNSUBSCRIBE, 'x' * 22)}"):
        page = page_of(app, path)
        assert (page.status, page.headers["Retry-After"]) == (503, "5")
    assert page_of(app, "/healthz").status == 200
    assert page_of(app, "/readyz").status == 503


def test_a_database_that_is_not_migrated_is_not_ready(own_database: Database) -> None:
    site = opened(own_database)
    assert Page(site.client.get("/readyz")).status == 200
    with own_database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    response = site.client.get("/readyz")
    assert response.status_code == 503 and "db upgrade" in response.text
    assert Page(site.client.get("/healthz")).status == 200


def test_an_invitation_that_is_gone_is_an_invalid_link(database: Database) -> None:
    site = opened(database)
    gone = site.of("x" * 22)
    person = Visitor(site, gone)
    for page in (person.open(5), person.open(), person.visit(gone.privacy), person.visit(gone.unsubscribe)):
        assert (page.status, page.heading) == (404, "Link not valid")
    assert person.press(5).status == 404
    assert person.tell("seen", 5) in (404, 422)

"""What people log in for: five tasks, each at most three clicks away, in every language, scripts or not."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from surveyapp import invitations, surveys
from surveyapp.core.access import Role
from surveyapp.i18n import LANGUAGES
from surveyapp.invitations import Request
from surveyapp.models import Invitation
from tests.support import colleagues
from tests.support.colleagues import Colleague
from tests.support.databases import SqliteFiles
from tests.support.office import Office, office


@pytest.fixture(scope="module")
def furnished(sqlite: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), sqlite.clone()) as started:
        with started.site.database.transaction() as session:
            surveys.set_policy(session, "csat", {"delay_minutes": 0})
        yield started


@pytest.fixture(
    params=[(code, True) for code in LANGUAGES] + [("de", False)],
    ids=[*LANGUAGES, "de-without-script"],
)
def colleague(
    request: pytest.FixtureRequest, furnished: Office, browser_of: Callable[..., BrowserContext]
) -> Colleague:
    code, has_script = request.param
    browser = browser_of(locale=code, java_script_enabled=has_script)
    return colleagues.colleague(furnished, browser, code, Role.ADMIN)


@pytest.fixture
def ticket(request: pytest.FixtureRequest) -> str:
    """Nobody else's in this module."""
    return f"T-{request.node.callspec.id}"


def test_send_a_survey_by_hand_and_see_it_queued(colleague: Colleague, ticket: str) -> None:
    address = f"{ticket.lower()}@hand.example"
    colleague.go("Send")
    colleague.fill(colleague.words("Ticket"), ticket)
    colleague.fill(colleague.words("Customer's email address"), address)
    colleague.press("Send")
    expect(colleague.page.get_by_role("heading", level=1)).to_have_text(
        colleague.words("Invitation about {ticket}", ticket=ticket)
    )
    invited = invitation_about(colleague.office, ticket)
    assert invited["status"] == "queued"
    mail = mail_of(colleague.office, invited["id"])
    assert mail["To"] == address
    colleague.page.reload()
    assert invitation_about(colleague.office, ticket)["status"] == "sent"


def test_why_was_t_17_not_asked(colleague: Colleague) -> None:
    colleague.fill(colleague.words("Was a customer asked, and if not, why?"), "T-17")
    colleague.press("Look up")
    colleague.reads("The customer was asked only recently.")


def test_release_a_held_answer_and_it_counts(colleague: Colleague, ticket: str) -> None:
    made = colleague.office.held(ticket)
    before = colleague.office.site.n()
    colleague.go("Held answers")
    row = colleague.page.get_by_role("row").filter(
        has=colleague.page.get_by_role("link", name=ticket, exact=True)
    )
    colleague.press("Release", row)
    colleague.reads("The answer counts.")
    assert colleague.office.site.n() == before + 1
    assert colleague.office.site.state(made) == ("counted", "looks_genuine", 4)


def test_edit_a_question_and_see_it_in_the_mail(colleague: Colleague, ticket: str) -> None:
    code, page = colleague.tongue.code, colleague.page
    words = f"Ny fråga «{ticket}» <b>?"
    colleague.go("Surveys")
    colleague.click(page.get_by_role("main").locator("a[href$='/surveys/csat']"))
    name = f"{colleague.words('Question')} ({colleague.tongue.own_name})"
    page.get_by_role("textbox", name=name, exact=True).fill(words)
    colleague.press("Save")
    frame = page.frame_locator(f"iframe[title='{colleague.words('Preview of the mail or the page')}']")
    expect(frame.locator("body")).to_contain_text(words)
    mail = mail_of(colleague.office, asked(colleague.office, f"{ticket}-asked", code))
    plain = mail.get_body(("plain",))
    assert plain is not None and words in plain.get_content()


def test_erase_a_customer_and_nothing_is_found(colleague: Colleague, ticket: str) -> None:
    ticket = f"{ticket}-erased"
    address = f"{ticket.lower()}@kund.example"
    invited = asked(colleague.office, ticket, "sv", address, recipient_name=f"Name {ticket}")
    assert address in mail_of(colleague.office, invited)["To"]
    colleague.go("Privacy")
    colleague.fill(colleague.words("Customer's reference or email address"), address)
    colleague.press("Look up")
    colleague.press("Erase for good")
    expect(colleague.page.get_by_role("heading", level=1)).to_have_text(colleague.words("Erased"))
    assert not mail_file(colleague.office, invited).exists()
    for said in (address, ticket):
        assert_nothing_is_found(colleague, said)
    row = next(each for each in colleague.office.site.rows(Invitation) if each["id"] == invited)
    assert address not in str(row) and ticket not in str(row)


def assert_nothing_is_found(colleague: Colleague, said: str) -> None:
    colleague.page.goto(f"{colleague.office.url}/admin/")
    colleague.fill(colleague.words("Was a customer asked, and if not, why?"), said)
    colleague.page.get_by_role("button", name=colleague.words("Look up")).click()
    colleague.page.wait_for_load_state()
    expect(colleague.page.get_by_role("main").get_by_role("table")).to_have_count(0)
    assert colleague.page.get_by_role("main").get_by_role("link", name=said, exact=True).count() == 0


# --- how -------------------------------------------------------------------------------------------


def asked(office: Office, ticket: str, locale: str, address: str = "", **about: Any) -> str:
    """The id of an invitation that the helpdesk asks for."""
    given = address or f"{ticket.lower()}@asked.example"
    request = Request("csat", ticket_ref=ticket, locale=locale, address=given, **about)
    with office.site.database.transaction() as session:
        return invitations.invite(session, office.site.settings, request, datetime.now(UTC)).id


def invitation_about(office: Office, ticket: str) -> dict[str, Any]:
    return next(each for each in office.site.rows(Invitation) if each["ticket_ref"] == ticket)


def mail_of(office: Office, invitation_id: str) -> Any:
    """What the worker has put into its folder."""
    assert office.served is not None
    done = office.served.command("worker", "--once")
    assert done.returncode == 0, done.stderr
    return message_from_bytes(mail_file(office, invitation_id).read_bytes(), policy=policy.default)


def mail_file(office: Office, invitation_id: str) -> Path:
    assert office.served is not None
    return Path(office.served.environment["SURVEYAPP_HOME"]) / "mail" / f"{invitation_id}.eml"

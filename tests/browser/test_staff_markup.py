"""What somebody types is text, wherever it is shown: no page behind the login runs it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Locator, Page

from surveyapp import answers, keys
from surveyapp.answers import Entry
from surveyapp.core.access import AgentFigures, Role
from surveyapp.i18n import LANGUAGES
from surveyapp.keys import Scope
from surveyapp.models import (
    Answer,
    Hook,
    HookEvent,
    Invitation,
    Marker,
    Name,
    Preference,
    SurveyVersion,
    Target,
    Upload,
    User,
)
from surveyapp.sources.signing import SECRET_HEADER
from tests.support.databases import SqliteFiles
from tests.support.office import ACTS, Office, bring, log_in, office, token_of

MARKUP = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}"
BARE = MARKUP.partition("{{")[0]
"""Without the braces, which a survey's texts refuse."""
TYPED = (Answer, HookEvent, Invitation, Marker, Name, Preference, SurveyVersion, Target, Upload, User)
"""Tables that hold what somebody typed."""

# In every page, before anything of it.
WATCH = """document.addEventListener("securitypolicyviolation", (event) =>
    console.log(`violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""
# Whatever the browser itself would have refused.
PRESS = """form => {
    form.noValidate = true;
    form.requestSubmit(form.querySelector("[type=submit]"));
}"""
FIELDS = "input:not([type=hidden],[type=checkbox],[type=radio],[type=file]), textarea"
# The places of the forms with fields among all forms.
TYPED_INTO = """fields => [...document.querySelectorAll("main form")].flatMap(
    (form, place) => form.querySelector(fields) ? [place] : [])"""
EXPECTED = (
    "Failed to load resource: the server responded with a status of",
    # What was typed comes back in a field for a colour.
    "The specified value",
    "Error parsing a meta element's content",
)


@dataclass(slots=True)
class Watched:
    """A browser in which an admin is logged in, and everything that it complained of."""

    context: BrowserContext
    office: Office
    complaints: list[str] = field(default_factory=list)

    def page(self) -> Page:
        page = self.context.new_page()
        page.on("dialog", lambda dialog: self._dialog(dialog))
        page.on("console", lambda message: self._said(message))
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def send(self, path: str, status: int = 303, /, **fields: Any) -> None:
        """A form of ours, filled by somebody whose browser checks no lengths."""
        url = f"{self.office.url}/admin{path}"
        form = {"csrf_token": token_of(self.context, self.office.url), **fields}
        kind = "multipart" if any(isinstance(value, dict) for value in fields.values()) else "form"
        reply = self.context.request.post(url, **{kind: form}, max_redirects=0)  # type: ignore[arg-type]
        assert reply.status == status, (
            path,
            reply.status,
            re.findall(r'(?s)<li>.*?</li>|role="alert".*?</p>', reply.text()),
        )

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _said(self, message: ConsoleMessage) -> None:
        if not message.text.startswith(EXPECTED):
            self.complaints.append(f"{message.location['url']}: {message.text}")


@pytest.fixture(scope="module")
def furnished(sqlite: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), sqlite.clone()) as started:
        yield started


@pytest.fixture
def admin(furnished: Office, browser_of: Callable[..., BrowserContext]) -> Watched:
    context = browser_of(locale="en", viewport={"width": 1280, "height": 900})
    context.add_init_script(WATCH)
    watched = Watched(context, furnished)
    log_in(watched.page(), furnished.url, Role.ADMIN)
    return watched


def test_stored_markup_is_shown_as_it_was_typed_on_every_page(admin: Watched) -> None:
    invited = everything_typed(admin)
    assert_all_of_it_is_stored(admin.office)
    page, shown = admin.page(), 0
    own = {"typed": f"/admin/invitations/{invited}", "in-ticket": "/admin/tickets/in-markup"}
    for name, path in {**admin.office.pages(Role.ADMIN), **own, **dict.fromkeys(ACTS)}.items():
        bring(name, path, page, admin.office.url)
        assert page.locator("img[src=x]").count() == 0, name
        shown += page.locator("body").inner_text().count(MARKUP)
    assert shown > 30, "hardly anything of it was to be seen"
    assert not admin.complaints, "\n".join(admin.complaints)


def test_every_field_of_every_page_gives_back_what_was_typed_as_text(admin: Watched) -> None:
    page, sent = admin.page(), 0
    for name, path in admin.office.pages(Role.ADMIN).items():
        bring(name, path, page, admin.office.url)
        for number in [] if "password" in name else page.evaluate(TYPED_INTO, FIELDS):
            bring(name, path, page, admin.office.url)
            form = page.locator("main form").nth(number)
            fields = form.locator(FIELDS)
            # What was sent before may have taken it away.
            if not fields.count():
                continue
            fill_all(fields)
            with page.expect_navigation():
                form.evaluate(PRESS)
            sent += 1
            assert page.locator("img[src=x]").count() == 0, name
    assert sent > 20
    assert not admin.complaints, "\n".join(admin.complaints)


def fill_all(fields: Locator) -> None:
    fields.evaluate_all(
        """(fields, text) => fields.forEach((field) => {
            field.removeAttribute("maxlength");
            if (field.type !== "date" && field.type !== "time") field.type === "textarea"
                ? field.value = text : (field.type = "text", field.value = text);
        })""",
        MARKUP,
    )


# --- typing ----------------------------------------------------------------------------------------


def everything_typed(admin: Watched) -> str:
    """Put it wherever something can be put; the id of the invitation that it is about."""
    admin.send("/settings/organisation", **ORGANISATION)
    admin.send("/settings/look/privacy", **{f"privacy.{code}": MARKUP for code in LANGUAGES})
    for kind in ("case_type", "team", "channel"):
        labels = dict.fromkeys(LANGUAGES, MARKUP)
        admin.send(
            f"/settings/names/{kind}/one", value=f"{kind} {MARKUP}", synonyms=f"{MARKUP}{kind}", **labels
        )
    admin.send("/settings/names/agent/one", value=MARKUP, name=MARKUP)
    admin.send(
        "/settings/users/new",
        email="markup@nordvik.example",
        name=MARKUP,
        role="support",
        scope="some",
        teams=MARKUP,
        locale="",
    )
    admin.send("/settings/keys", 200, name=MARKUP, scopes="read")
    admin.send("/settings/agents", mode=AgentFigures.NAMED, was_asked="y")
    admin.send("/figures/markers", day="2026-03-02", words=MARKUP)
    admin.send("/figures/act/target?metric=ces", value="2", purpose=MARKUP)
    texts(admin)
    upload(admin)
    helpdesk(admin)
    return asked(admin)


ORGANISATION = {
    "company": MARKUP,
    "contact": MARKUP,
    "timezone": "Europe/Berlin",
    "locale": "en",
    "answer_mode": "adaptive",
    "link_days": "90",
    "smallest_n": "1",
    "smallest_n_agent": "1",
    "ticket_url": "https://help.example/{ticket}",
}


def texts(admin: Watched) -> None:
    page = admin.page()
    page.goto(f"{admin.office.url}/admin/surveys/csat")
    fields = page.locator("#texts textarea, #texts input:not([type=hidden])")
    longest = fields.evaluate_all(
        """(fields, text) => fields.map((field) => {
            field.value = text.slice(0, field.maxLength); return field.name })""",
        BARE,
    )
    assert len(longest) > 30
    page.locator("#texts button:not([name])").click()
    page.wait_for_load_state()
    page.close()


def upload(admin: Watched) -> None:
    cell = '"' + MARKUP.replace('"', '""') + '"'
    head = f"survey,ticket_ref,email,team,case_type,{cell}"
    rows = [f"csat,{cell},kund@liste.example,{cell},{cell},x", f"{cell},T-9,{cell},a,b,x"]
    file = {
        "name": f"{MARKUP.replace('/', '')}.csv",
        "mimeType": "text/csv",
        "buffer": "\n".join([head, *rows]).encode(),
    }
    admin.send("/send/list", file=file, survey="csat", locale="en", way="mail")


def helpdesk(admin: Watched) -> None:
    admin.send("/settings/helpdesks", source="generic", survey="csat", name="markup", secret="")
    secret = next(each["secret"] for each in admin.office.site.rows(Hook) if each["name"] == "markup")
    event = {"kind": "solved", "ticket_ref": MARKUP, "email": MARKUP, "team": MARKUP, "occasion": MARKUP}
    headers = {SECRET_HEADER: secret}
    for body in (event, {"kind": MARKUP}):
        url = f"{admin.office.url}/hooks/markup"
        assert admin.context.request.post(url, data=body, headers=headers).ok
    assert admin.office.served is not None
    done = admin.office.served.command("worker", "--once")
    assert done.returncode == 0, done.stderr


def asked(admin: Watched) -> str:
    """By the API, as a helpdesk asks, and answered with a comment."""
    site = admin.office.site
    with site.database.transaction() as session:
        _, key = keys.add_key(session, "markup", [Scope.INVITE], None, site.clock())
    request = {
        "survey": "csat",
        "ticket_ref": MARKUP,
        "recipient": {"email": "kund@markup.example", "name": MARKUP},
        **dict.fromkeys(("agent_ref", "agent_name", "customer_ref"), MARKUP),
        **{name: f"{name} {MARKUP}" for name in ("case_type", "channel", "team")},
        "properties": {"note": MARKUP},
        "send": False,
    }
    reply = admin.context.request.post(
        f"{admin.office.url}/api/v1/invitations",
        data=request,
        headers={"Authorization": f"Bearer {key}"},
    )
    assert reply.ok, reply.text()
    invited = str(reply.json()["id"])
    with site.database.transaction() as session:
        entry = Entry(4, MARKUP)
        answers.count(session, site.settings, invited, entry, is_verified=True, now=site.clock())
    return invited


def assert_all_of_it_is_stored(office: Office) -> None:
    """Otherwise the pages below would show nothing that could do harm."""
    for model in TYPED:
        rows = str(office.site.rows(model))
        assert "onerror=alert(1)" in rows, model.__tablename__

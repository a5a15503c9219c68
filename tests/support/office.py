"""A furnished installation with everybody who logs in to it, every page that they see, and their browsers."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from flask import Flask
from playwright.sync_api import BrowserContext, Locator, Page
from sqlalchemy import update

from surveyapp import (
    audit,
    connecting,
    hooks,
    judging,
    keys,
    look,
    names,
    preferences,
    suppressions,
    survey_edits,
    surveys,
    uploads,
    users,
)
from surveyapp.app import create_app
from surveyapp.config import Settings, settings_from
from surveyapp.core.access import AgentFigures, Role, Viewer
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.evidence import Verdict
from surveyapp.core.scales import Metric
from surveyapp.core.status import Cause, Status
from surveyapp.db import Database, table_of
from surveyapp.keys import Scope
from surveyapp.models import Invitation, SurveyVersion, Upload
from surveyapp.names import Kind
from surveyapp.preferences import Cache
from surveyapp.sources.event import Delivery
from surveyapp.sources.signing import SECRET_HEADER
from surveyapp.web.admin.cookies import is_below
from surveyapp.web.admin.home import READERS
from surveyapp.web.admin.words import mark_of
from tests.support import figures_data
from tests.support.logos import PNG
from tests.support.people import Clock, Invited, Site, Visitor
from tests.support.served import Served, served
from tests.support.staff import PASSWORD

TEAM, AGENT, DOMAIN = "billing", "johan", "stor.example"
NAMES: Mapping[Role, str] = {
    Role.ADMIN: "Ingrid Holm",
    Role.LEADER: "Radu Marin",
    Role.SUPPORT: "Lena Vogt",
    Role.AGENT: "Johan Ek",
    Role.VIEWER: "Sales",
}
SETTINGS = {
    "SURVEYAPP_COMPANY": "Nordvik Energi",
    "SURVEYAPP_MAIL_FROM": "support@nordvik.example",
    "SURVEYAPP_EARLY_SECONDS": "0",
}
LIST = """survey,ticket_ref,email,locale,team
csat,T-2001,eva@kund.example,sv,billing
csat,T-2002,not an address,sv,billing
csat,T-2003,ion@client.example,ro,billing
csat,T-2004,stop@kund.example,de,billing
"""
COMMENT = "Johan ringde upp samma dag och förklarade fakturan i lugn och ro. Tack!"

# No pages: a switch, files, a mail, and what is shown in a frame of another page.
NO_PAGES = {
    "admin_home.speak",
    "admin_look.logo",
    "admin_send.result",
    "admin_send.mail",
    "admin_surveys.preview",
    "admin_exports.answers",
    "admin_exports.figures",
    # Without a provider it says only that there is none.
    "admin_oidc.begin",
    "admin_oidc.come_back",
}


@dataclass(frozen=True, slots=True)
class Office:
    """A running app that is furnished, and the same app in this process for what tests do beside it."""

    url: str
    site: Site
    values: Mapping[str, str]
    """What stands for each variable of an address."""
    further: Mapping[str, str]
    """Name -> path of pages that the addresses alone do not lead to."""
    served: Served | None = None

    def pages(self, role: Role | None) -> dict[str, str]:
        """Name -> path of every page that this role may open; None is somebody who is not logged in."""
        return dict(self._pages(role))

    def _pages(self, role: Role | None) -> Iterator[tuple[str, str]]:
        for rule in sorted(self.site.app.url_map.iter_rules(), key=lambda each: each.endpoint):
            is_page = "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGES
            if not is_below(rule.rule) or not is_page:
                continue
            view = self.site.app.view_functions[rule.endpoint]
            if _is_open(getattr(view, "needs", None), role):
                built = rule.build({name: self.values[name] for name in rule.arguments})
                assert built is not None, rule
                yield rule.endpoint.removeprefix("admin_").replace(".", "-"), built[1]
        if role is Role.ADMIN:
            yield from self.further.items()

    def held(self, ticket_ref: str) -> Invited:
        """Another answer that nobody can be sure of, because a machine opened two ratings."""
        return _held(self.site, ticket_ref)


def _is_open(needs: Any, role: Role | None) -> bool:
    if role is None or needs is None:
        return role is None and needs is None
    return Viewer("nobody", role, None).may(needs)


# --- browsers --------------------------------------------------------------------------------------


def email_of(role: Role) -> str:
    """The address with which the only user of this role logs in."""
    return f"{role}@nordvik.example"


def log_in(page: Page, url: str, role: Role) -> None:
    """Through the form, to the first page: for some it is that of the figures."""
    page.goto(f"{url}/admin/login")
    page.locator("input[name=email]").fill(email_of(role))
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(f"{url}/admin/{'figures' if role in READERS else ''}")


Act = Callable[[Page, str], object]
ACTS: dict[str, Act] = {}
"""Name -> what brings a page before an admin that only a form leads to."""


def act(doing: Act) -> Act:
    """Register it under the function's name."""
    ACTS[getattr(doing, "__name__", "").replace("_", "-")] = doing
    return doing


def bring(name: str, path: str | None, page: Page, url: str) -> None:
    """Open a page by its address, or do what leads to it."""
    if path is None:
        ACTS[name](page, url)
    else:
        page.goto(url + path)
    page.wait_for_load_state()


@act
def send_previewed(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/send")
    _typed(page, ticket="T-3001", email="eva.lindqvist@kund.example", name="Eva Lindqvist")
    page.locator("button[value=preview]").click()
    page.locator("#preview").wait_for()


@act
def send_wrong(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/send")
    _typed(page, ticket="T-3002", email="nobody", name="Eva Lindqvist")
    page.locator("button[value=preview]").click()
    page.locator(".problem").first.wait_for()


@act
def person_found(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/privacy")
    _typed(page, whom="K-1001")
    main_button(page).click()
    page.locator("button.danger").wait_for()


@act
def address_found(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/settings/do-not-survey")
    _typed(page, email="stop@kund.example")
    page.locator("form[action$=look-up] button").click()
    page.locator("form[action$=remove]").first.wait_for()


@act
def key_made(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/settings/keys")
    _typed(page, name="Reporting")
    page.locator("input[name=scopes]").first.check()
    page.locator("form:has(input[name=name]) button").click()
    page.locator("main pre").first.wait_for()


@act
def user_wrong(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/settings/users/new")
    _typed(page, name="Lena Vogt", email=email_of(Role.SUPPORT))
    page.locator("form:has(input[name=email]) button").click()
    page.locator(".problem").first.wait_for()


@act
def agents_named(page: Page, url: str) -> None:
    _with_agents(page, url, AgentFigures.NAMED, "/admin/figures/agents?period=90d")


@act
def agents_off(page: Page, url: str) -> None:
    _with_agents(page, url, AgentFigures.OFF, "/admin/figures/agents")


def _with_agents(page: Page, url: str, mode: AgentFigures, path: str) -> None:
    """Bring a page as it is when agents are shown so, and leave them as they are shown by default."""
    port = url.rpartition(":")[2]
    # Those who take pictures do it from several processes at once.
    with (Path(gettempdir()) / f"surveyapp-office-{port}").open("w") as held:
        flock(held, LOCK_EX)
        _show_agents(page, url, mode)
        page.goto(url + path)
        _show_agents(page, url, AgentFigures.PSEUDONYMOUS)


def _show_agents(page: Page, url: str, mode: AgentFigures) -> None:
    token = token_of(page.context, url)
    reply = page.context.request.post(
        f"{url}/admin/settings/agents",
        form={"csrf_token": token, "mode": str(mode), "was_asked": "y"},
        max_redirects=0,
    )
    assert reply.status == 303, reply.text()
    # The next page would say that it was saved.
    page.context.request.get(f"{url}/admin/account")


def main_button(page: Page) -> Locator:
    """The only button of the only form in the middle."""
    return page.locator("main form button[type=submit]")


def _typed(page: Page, **fields: str) -> None:
    for name, text in fields.items():
        page.locator(f"main [name={name}]:not([type=hidden])").first.fill(text)


# --- furniture -------------------------------------------------------------------------------------


@contextmanager
def office(home: Path, database_url: str, **settings: str) -> Iterator[Office]:
    """Serve this database and furnish it, until the block ends."""
    with served(home, database_url, {**SETTINGS, **settings}) as app:
        given = settings_from(app.environment)
        database = Database(database_url)
        yield replace(furnished(app.url, given, database), served=app)
        database.dispose()


def furnished(url: str, settings: Settings, database: Database) -> Office:
    """Months of answers, and three days of work until now."""
    site = _site(settings, database)
    with database.transaction() as session:
        surveys.install_built_ins(session, site.clock())
        surveys.set_further(session, "ces", [Metric.NPS], site.clock())
    _employ(site)
    _set_up(site)
    figures_data.fill(site, _viewer(site, Role.LEADER))
    values = _asked(site) | _others(site)
    site.clock.at = datetime.now(UTC)
    values |= _links(site)
    return Office(url, site, values, _further(site.app, values))


def _site(settings: Settings, database: Database) -> Site:
    clock = Clock(datetime.now(UTC) - timedelta(days=3))
    app = create_app(settings, clock)
    app.extensions["surveyapp"] = replace(app.extensions["surveyapp"], database=database, preferences=Cache())
    return Site(app, settings, database, clock)


def _employ(site: Site) -> None:
    for role, name in NAMES.items():
        teams = [TEAM] if role in (Role.LEADER, Role.SUPPORT) else None
        agent_ref = AGENT if role is Role.AGENT else None
        with site.database.transaction() as session:
            user = users.add_user(
                session, email_of(role), name, role, site.clock(), teams=teams, agent_ref=agent_ref
            )
            users.set_password(session, user, PASSWORD, site.clock())


def _viewer(site: Site, role: Role) -> Viewer:
    with site.database.reading() as session:
        user = users.by_email(session, email_of(role))
        assert user is not None
        return users.viewer_of(user)


def _set_up(site: Site) -> None:
    now = site.clock()
    with site.database.transaction() as session:
        digest = look.put_logo(session, PNG, now)
        ticket_url = "https://help.nordvik.example/tickets/{ticket}"
        preferences.save(session, {"logo": digest, "colour": "#0b6e4f", "ticket_url": ticket_url}, now)
        called = {"sv": "Faktura", "ro": "Factură", "de": "Rechnung", "en": "Invoice"}
        names.save_name(session, Kind.CASE_TYPE, "invoice", called, ["faktura", "factură"], None, now)
        names.save_name(session, Kind.CASE_TYPE, "outage", {"de": "Störung"}, [], None, now)
        names.save_name(session, Kind.TEAM, TEAM, {"sv": "Fakturering", "de": "Abrechnung"}, [], None, now)
        names.save_name(session, Kind.CHANNEL, "email", {"de": "E-Mail"}, ["mail"], None, now)
        left = (now - timedelta(days=1)).date()
        names.save_name(session, Kind.AGENT, "petra", {"": "Petra Nilsson"}, [], left, now)
        suppressions.add(session, site.settings, ["stop@kund.example"], now)
        # One language lags behind the others.
        draft = survey_edits.draft_of(session, "csat")
        asked = {
            name: f"{words} (2026)"
            for name, words in survey_edits.words(draft).items()
            if name in ("sv.csat.question", "de.csat.question", "en.csat.question")
        }
        survey_edits.save(session, "csat", survey_edits.with_words(draft, asked), now)
        surveys.set_closed(session, "open", now)
        # The server that started a moment ago has made the first versions.
        version = table_of(SurveyVersion)
        earlier = update(version).where(version.c.created_at > now)
        session.execute(earlier.values(created_at=now - timedelta(days=30)))


def _asked(site: Site) -> dict[str, str]:
    """Invitations in every state, and answers in every state."""
    about = {"team": TEAM, "case_type": "invoice", "channel": "email", "agent_ref": AGENT}
    customer = {"customer_ref": "K-1001", "recipient_name": "Eva Lindqvist", "address": "eva@kund.example"}
    counted = site.invited(ticket_ref="T-16", is_mailed=True, **about, **customer)
    refused = site.invited(ticket_ref="T-17", is_mailed=True, **about, **customer)
    void = site.invited(ticket_ref="T-18", **about)
    again = site.invited(ticket_ref="T-19", **about)
    mailed = {
        status: site.invited(ticket_ref=f"T-{number}", is_mailed=True, **about)
        for number, status in enumerate((Status.UNKNOWN, Status.FAILED, Status.CANCELLED, Status.SENT), 20)
    }
    site.clock.forward(hours=2)
    site.worker().send_due()
    linked = site.invited("nps", ticket_ref="T-25", case_type="outage", team=TEAM)
    _answered(site, counted, comment=COMMENT)
    for each in (void, again):
        _answered(site, each)
    _held(site, "T-26", **about)
    turned_down = _held(site, "T-27", **about)
    _judge(site, void, turned_down)
    for status, reason in _ENDS.items():
        _let_be(site, mailed[status], status, reason)
    queued = site.invited(ticket_ref="T-28", is_mailed=True, **about)
    return {
        "invitation_id": linked.id,
        "ticket_ref": "T-16",
        "counted": counted.id,
        "refused": refused.id,
        "queued": queued.id,
        **{str(status): each.id for status, each in mailed.items()},
    }


_ENDS: Mapping[Status, str] = {
    Status.UNKNOWN: Cause.WORKER_STOPPED,
    Status.FAILED: "550 5.1.1 no such user here",
    Status.CANCELLED: Cause.REOPENED,
}


def _answered(site: Site, invited: Invited, **fields: str) -> None:
    person = Visitor(site, invited)
    person.open(4)
    assert person.press(4).status == 303
    if fields:
        assert person.press(4, **fields).status == 303


def _held(site: Site, ticket_ref: str, **about: str) -> Invited:
    made = site.invited(ticket_ref=ticket_ref, **{"address": f"kund@{DOMAIN}", **about})
    machine = Visitor(site, made)
    machine.open(1)
    machine.open(4)
    assert machine.tell("seen", 4) == 204
    return made


def _judge(site: Site, void: Invited, refused: Invited) -> None:
    with site.database.transaction() as session:
        admin = users.by_email(session, email_of(Role.ADMIN))
        assert admin is not None
        viewer = users.viewer_of(admin)
        judging.void(session, site.settings, viewer, void.id, Verdict.TEST, site.clock())
        judging.refuse(session, site.settings, viewer, refused.id, Verdict.KNOWN_SCANNER, site.clock())


def _let_be(site: Site, invited: Invited, status: Status, reason: str) -> None:
    """Let an invitation have come to another end than that of every mail that a relay takes."""
    table = table_of(Invitation)
    with site.database.transaction() as session:
        ended = {"status": status, "reason": reason, "send_at": None}
        session.execute(update(table).where(table.c.id == invited.id).values(**ended))


def _others(site: Site) -> dict[str, str]:
    """Lists, helpdesks, keys and what the audit log says."""
    now = site.clock()
    with site.database.transaction() as session:
        admin = users.by_email(session, email_of(Role.ADMIN))
        assert admin is not None
        viewer = users.viewer_of(admin)
        done = _put_in(session, viewer, "january.csv", now)
        uploads.start(session, viewer, done.id, now)
        previewed = _put_in(session, viewer, "march.csv", now)
        _connect(session, site.settings, now)
        key, _ = keys.add_key(session, "Zendesk", [Scope.INVITE, Scope.READ], None, now)
        old, _ = keys.add_key(session, "An older program", [Scope.EXPORT], now + timedelta(days=90), now)
        keys.revoke_key(session, old.prefix, now)
        audit.record(session, admin.id, Deed.SETTING_CHANGED, now, "look", names="colour, logo")
        audit.record(session, admin.id, Deed.KEY_ADDED, now, key.prefix)
        audit.record(session, None, Deed.LOGIN_REFUSED, now, actor=Actor.NOBODY)
        audit.record(session, None, Deed.PURGED, now, actor=Actor.WORKER, touches=12, comments=3)
        values = {"done": done.id, "prefix": key.prefix, "name": "zendesk"}
        values |= {"upload_id": previewed.id, "user_id": _user_id(session, Role.SUPPORT)}
    site.worker().hear_helpdesks()
    site.worker().invite_uploaded()
    return values


def _put_in(session: Any, viewer: Viewer, name: str, now: datetime) -> Upload:
    content = LIST.replace("T-20", f"T-{name[:3]}").encode()
    return uploads.put_in(session, viewer, name, content, survey=None, locale=None, is_mailed=True, now=now)


def _connect(session: Any, settings: Settings, now: datetime) -> None:
    hooks.add(session, "generic", "csat", "own-desk", None, {}, now)
    hooks.close(session, "own-desk", now)
    hook = hooks.add(session, "zendesk", "csat", "zendesk", None, {}, now)
    connecting.test_event(session, settings, hook.name, now)
    crm = hooks.add(session, "generic", "nps", "crm", None, {}, now)
    connecting.test_event(session, settings, crm.name, now)
    sent = {SECRET_HEADER: crm.secret}
    for body in (b'{"kind": "solved"}', b"no JSON at all"):
        hooks.receive(session, "crm", Delivery(body, sent), now)


def _user_id(session: Any, role: Role) -> str:
    user = users.by_email(session, email_of(role))
    assert user is not None
    return user.id


def _links(site: Site) -> dict[str, str]:
    with site.database.transaction() as session:
        token = users.new_link(session, _user_id(session, Role.VIEWER), timedelta(days=1), site.clock())
    return {"token": token, "key": "csat", "lang": "de", "kind": "case_type", "rest": "nowhere"}


def _further(app: Flask, values: Mapping[str, str]) -> dict[str, str]:
    """Pages in another state than that which their address alone shows."""
    with app.app_context():
        marks = {kind: mark_of(value) for kind, value in _NAMED.items()}
    states = ("counted", "refused", "queued", "unknown", "failed", "cancelled", "sent")
    return {
        **{f"invitation-{each}": f"/admin/invitations/{values[each]}" for each in states},
        **{f"ticket-{each}": f"/admin/tickets/{each}" for each in ("T-17", "T-18", "T-26", "T-0")},
        **{f"names-{each}": f"/admin/settings/names/{each}" for each in ("team", "agent", "channel")},
        **{f"name-{kind}": f"/admin/settings/names/{kind}/one?of={mark}" for kind, mark in marks.items()},
        "upload-done": f"/admin/send/list/{values['done']}",
        "invitations-refused": "/admin/invitations?status=refused",
        "survey-one-language": "/admin/surveys/csat?only=de",
        "survey-further-questions": "/admin/surveys/ces/questions",
        "survey-open": "/admin/surveys/open",
        "helpdesk-generic": "/admin/settings/helpdesks/crm",
        "helpdesk-closed": "/admin/settings/helpdesks/own-desk",
        "no-such-page": "/admin/nowhere",
        "figures-one-group": "/admin/figures?period=90d&case_type=moving&metric=csat",
        "figures-few-answers": f"/admin/figures?period=7d&team={figures_data.SMALL_TEAM}",
        "figures-wrong": "/admin/figures?from=2026-02-31&to=2026-03-01",
        "breakdown-team": "/admin/figures/breakdown?by=team",
        "breakdown-property": "/admin/figures/breakdown?by=property.plan&metric=ces&period=90d",
        "agents-quarter": "/admin/figures/agents?period=last_quarter",
        "act-target": "/admin/figures/act?view=target&metric=csat",
        "comments-unfavourable": "/admin/figures/comments?first=unfavourable&case_type=moving",
    }


_NAMED: Mapping[Kind, str] = {Kind.CASE_TYPE: "invoice", Kind.AGENT: "petra"}


def token_of(context: BrowserContext, url: str) -> str:
    """The form token of this browser's session."""
    found = re.search(
        r'name="csrf_token" value="([^"]+)"', context.request.get(f"{url}/admin/account").text()
    )
    assert found is not None
    return found[1]

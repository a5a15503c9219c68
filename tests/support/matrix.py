"""Who gets in where: every route behind the login, tried by every role, for own and foreign teams.

`python -m tests.support.matrix` writes the checked-in table anew; look at what changed before you commit it.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from werkzeug.routing import Rule

from surveyapp import hooks, keys, preferences
from surveyapp.core.access import AgentFigures, Role
from surveyapp.db import Database
from surveyapp.keys import Scope
from surveyapp.models import Invitation, Upload
from surveyapp.web.admin.cookies import is_below
from tests.support.databases import SqliteFiles
from tests.support.people import Site, Visitor, opened
from tests.support.staff import Staff, account, logged_in

TABLE = Path(__file__).parents[1] / "web/admin/access_matrix.txt"
OWN, FOREIGN = "Own", "Foreign"
AGENT = "agent-1"
_numbers = count(1)

Thing = Callable[[Staff, str], str]


def table(site: Site) -> Iterator[str]:
    """A line for each route and method: what each role meets, for its own team and for a foreign one.

    `in`: the request reached the page; 403 and 404 as they are. One line stands for all three ways to name
    agents where they do not differ.
    """
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for mode in AgentFigures:
        with site.database.transaction() as session:
            preferences.save(session, {"agent_figures": mode}, site.clock())
        site.app.extensions["surveyapp"].preferences.forget()
        for role in Role:
            browser = _browser(site, role)
            for endpoint, method, path in _routes(site, browser):
                met = cells.setdefault((endpoint, method), {})
                met[f"{mode}/{role}"] = met.get(f"{mode}/{role}", "") + path
    yield f"{'route':<34}{'':<6}{'agents':<14}" + "".join(f"{role:<11}" for role in Role).rstrip()
    for (endpoint, method), met in sorted(cells.items()):
        rows = {
            mode: "".join(f"{met[f'{mode}/{role}']:<11}" for role in Role).rstrip() for mode in AgentFigures
        }
        for said, row in _merged(rows):
            yield f"{endpoint.removeprefix('admin_'):<34}{method:<6}{said:<14}{row}"


def _merged(rows: Mapping[AgentFigures, str]) -> list[tuple[str, str]]:
    if len(set(rows.values())) == 1:
        return [("any", rows[AgentFigures.OFF])]
    return [(str(mode), row) for mode, row in rows.items()]


def _browser(site: Site, role: Role) -> Staff:
    teams = None if role in (Role.ADMIN, Role.AGENT) else [OWN]
    return logged_in(site, account(site, role, teams=teams, agent_ref=AGENT))


def _routes(site: Site, browser: Staff) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method, and what this browser met: one word, or own/foreign where it differs."""
    token = browser.token
    for rule in sorted(site.app.url_map.iter_rules(), key=lambda each: each.endpoint):
        if not is_below(rule.rule):
            continue
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            if rule.endpoint == "admin_login.log_out":
                leaving = logged_in(site, browser.user or account(site))
                yield rule.endpoint, method, _met(leaving, rule, method, OWN, leaving.token)
                continue
            # Without anything in its address a route cannot know of teams.
            teams = (OWN, FOREIGN) if rule.arguments else (OWN,)
            met = dict.fromkeys(_met(browser, rule, method, team, token) for team in teams)
            yield rule.endpoint, method, "/".join(met)


def _met(browser: Staff, rule: Rule, method: str, team: str, token: str) -> str:
    path = rule.build({name: THINGS[name](browser, team) for name in rule.arguments})
    assert path
    page = browser.get(path[1]) if method == "GET" else browser.send(path[1], {"csrf_token": token})
    assert page.status < 500, (path, page.status, page.words)
    return str(page.status) if page.status in (401, 403, 404) else "in"


def _answered(browser: Staff, team: str) -> str:
    """The invitation of an answer that counts."""
    invited = browser.site.invited(team=team, agent_ref=AGENT if team == OWN else "agent-2")
    person = Visitor(browser.site, invited)
    person.open()
    person.press(4)
    return invited.id


def _ticket(browser: Staff, team: str) -> str:
    invitation_id = _answered(browser, team)
    with browser.site.database.reading() as session:
        return session.get_one(Invitation, invitation_id).ticket_ref


def _upload(browser: Staff, team: str) -> str:
    site = browser.site
    mine = browser.user if team == OWN and browser.user else account(site)
    upload = Upload(
        user_id=mine.id,
        file_name="a.csv",
        survey_key="csat",
        is_mailed=True,
        content=b"ticket,email\nT-1,a@b.example\n",
        state="previewed",
        created_at=site.clock(),
        rows=1,
        done=0,
        outcomes={},
    )
    with site.database.transaction() as session:
        session.add(upload)
    return upload.id


def _key(browser: Staff, _team: str) -> str:
    with browser.site.database.transaction() as session:
        return keys.add_key(session, "a key", [Scope.READ], None, browser.site.clock())[0].prefix


def _hook(browser: Staff, _team: str) -> str:
    name = f"hook-{next(_numbers)}"
    with browser.site.database.transaction() as session:
        hooks.add(session, "generic", "csat", name, None, {}, browser.site.clock())
    return name


def _always(value: str) -> Thing:
    return lambda _browser, _team: value


THINGS: Mapping[str, Thing] = {
    "invitation_id": _answered,
    "ticket_ref": _ticket,
    "upload_id": _upload,
    "prefix": _key,
    "name": _hook,
    "user_id": lambda browser, _team: account(browser.site).id,
    "key": _always("csat"),
    "signin_id": _always("nobody"),
    "token": _always("unheard-of"),
    "rest": _always("nowhere/at/all"),
    "code": _always("sv"),
    "lang": _always("sv"),
    "kind": _always("case_type"),
    "summary_id": _always("unheard-of"),
    "marker_id": _always("unheard-of"),
    "form": _always("csv"),
    "table": _always("scores"),
}
"""What stands in an address -> a fresh one, the team's own where it has a team."""


def main() -> None:
    """Write the table."""
    with TemporaryDirectory() as folder:
        database = Database(SqliteFiles(Path(folder)).clone())
        TABLE.write_text("\n".join(table(opened(database))) + "\n", encoding="utf-8")
        database.dispose()


if __name__ == "__main__":
    main()

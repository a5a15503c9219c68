"""Every route behind the login, every role, own and foreign team: as the checked-in table says."""

from surveyapp.db import Database
from surveyapp.web.admin.cookies import is_below
from tests.support.matrix import TABLE, table
from tests.support.people import opened


def test_everybody_gets_in_where_the_table_says_and_nowhere_else(database: Database) -> None:
    assert list(table(opened(database))) == TABLE.read_text(encoding="utf-8").splitlines()


def test_every_route_has_a_row(database: Database) -> None:
    rows = {line.split()[0] for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]}
    routes = {
        rule.endpoint.removeprefix("admin_")
        for rule in opened(database).app.url_map.iter_rules()
        if is_below(rule.rule)
    }
    assert rows == routes

"""Whatever a program sends, with any key: no mistake of ours, no answer that the description leaves out."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from surveyapp.db import Database
from surveyapp.keys import Scope
from tests.support.people import Site, Visitor, opened
from tests.support.programs import HOST, program

KEYS = {
    "invite": [Scope.INVITE],
    "read": [Scope.READ],
    "export": [Scope.EXPORT],
    "all": list(Scope),
    "no": [],
}
OPERATIONS = (
    "POST /api/v1/invitations",
    "POST /api/v1/invitations/batch",
    "POST /api/v1/invitations/{invitation_id}/cancel",
    "POST /api/v1/tickets/{ticket_ref}/reopened",
    "GET /api/v1/invitations",
    "GET /api/v1/invitations/{invitation_id}",
    "GET /api/v1/answers",
    "GET /api/v1/scores",
)
# What is sent by the description may still be refused: a date far away, an address without a domain.
JUDGED_BY = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "allow_header_conformance",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'surveyapp.db'}")
    database.upgrade()
    site = opened(database)
    Visitor(site, site.invited()).press(4)
    site.invited(is_mailed=True)
    yield site
    database.dispose()


@pytest.fixture(scope="module")
def keys(site: Site) -> dict[str, str]:
    return {name: program(site, *scopes).key if scopes else "surveyapp_a_b" for name, scopes in KEYS.items()}


@pytest.fixture(scope="module")
def described(site: Site) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.app, headers={"Host": HOST})


def operations(described: Any) -> dict[str, Any]:
    return {found.ok().label: found.ok() for found in described.get_all_operations()}


def test_every_operation_is_tried(described: Any) -> None:
    assert sorted(operations(described)) == sorted(OPERATIONS)


@pytest.mark.parametrize("who", KEYS)
@pytest.mark.parametrize("label", OPERATIONS)
def test_the_api_keeps_to_its_description(described: Any, keys: dict[str, str], label: str, who: str) -> None:
    operation = operations(described)[label]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @given(cases)
    @settings(max_examples=20 if who == "all" else 5, suppress_health_check=list(HealthCheck), deadline=None)
    def try_it(case: Any) -> None:
        case.call_and_validate(
            headers={"Authorization": f"Bearer {keys[who]}", "Host": HOST},
            checks=CHECKS.get_by_names(JUDGED_BY),
        )

    try_it()

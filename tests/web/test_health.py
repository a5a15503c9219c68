"""What a load balancer hears."""

from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from surveyapp.app import create_app
from surveyapp.db import Database
from tests.support.people import HOST, Site, opened, settings

PATHS = ("/healthz", "/readyz")
HOSTS = ("10.0.0.7:8000", "[fd00::7]:8000", "evil.example", "survey.nordlicht.example", "a b", "", "@")


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", HOSTS)
def test_health_answers_under_any_host(site: Site, path: str, host: str) -> None:
    reply = site.client.get(path, headers={"Host": host})
    assert (reply.status_code, reply.json) == (200, {"status": "ok"})
    assert not host or host not in reply.text


@pytest.mark.parametrize("path", PATHS)
def test_health_answers_without_a_host(site: Site, path: str) -> None:
    def nameless(environ: Any, start_response: Any) -> Any:
        del environ["HTTP_HOST"]
        return site.app(environ, start_response)

    assert Client(nameless).get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/healthz/", "/healthz/x", "/readyz?x=/healthz", "/s/x", "/static/public.css", "/metrics"]
)
def test_every_other_page_refuses_a_foreign_host(site: Site, path: str) -> None:
    expected = 200 if path.startswith("/readyz") else 400
    for host in ("10.0.0.7:8000", "evil.example"):
        assert site.client.get(path, headers={"Host": host}, buffered=True).status_code == expected


def test_metrics_refuse_a_foreign_host_too(database: Database) -> None:
    client = opened(database, METRICS_TOKEN="prometheus-knows-this").client
    headers = {"Authorization": "Bearer prometheus-knows-this"}
    assert client.get("/metrics", headers=headers).status_code == 200
    assert client.get("/metrics", headers=headers | {"Host": "10.0.0.7"}).status_code == 400


def test_one_request_for_health_opens_no_other_page(site: Site) -> None:
    for _ in range(3):
        assert site.client.get("/healthz", headers={"Host": "evil.example"}).status_code == 200
        assert site.client.get("/nowhere", headers={"Host": "evil.example"}).status_code == 400
        assert site.client.get("/nowhere", base_url=HOST).status_code == 404


def test_a_database_that_is_away_makes_a_process_not_ready_but_alive(tmp_path: Any) -> None:
    client = create_app(settings(f"sqlite:///{tmp_path}/nowhere/x.db")).test_client()
    reply = client.get("/readyz")
    assert reply.status_code == 503 and reply.json
    assert (reply.json["status"], reply.json["part"]) == ("not ready", "database")
    assert reply.json["problem"].endswith(".") and "nowhere" not in reply.text
    assert client.get("/healthz").status_code == 200


def test_a_schema_of_another_release_is_not_ready(own_database: Database) -> None:
    site = opened(own_database)
    with own_database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    reply = site.client.get("/readyz")
    assert reply.status_code == 503 and reply.json and reply.json["part"] == "database"
    assert "surveyapp db upgrade" in reply.json["problem"]


def test_late_mails_leave_the_pages_ready(site: Site) -> None:
    site.invited(is_mailed=True)
    site.clock.forward(days=2)
    assert site.client.get("/readyz").status_code == 200

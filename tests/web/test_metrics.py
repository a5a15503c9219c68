"""Who may read the metrics, and in which form they come."""

import sys
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as families
from werkzeug.test import TestResponse

from surveyapp.app import create_app
from surveyapp.db import Database
from tests.support.people import Site, Visitor, opened, settings

TOKEN = "prometheus-knows-this"
GOOD = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, METRICS_TOKEN=TOKEN)


def samples(reply: TestResponse, read: Any = families) -> dict[tuple[str, ...], float]:
    """Name and label -> value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in read(reply.text)
        for sample in family.samples
    }


def nowhere(client: FlaskClient, method: str = "GET") -> tuple[int, bytes]:
    reply = client.open("/nowhere", method=method)
    return reply.status_code, reply.data


# --- who -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \xff\xe5",
        f"Bearer {TOKEN} {TOKEN}",
    ],
)
def test_without_the_token_it_looks_as_if_there_were_none(site: Site, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        reply = site.client.open("/metrics", method=method, headers=headers)
        assert (reply.status_code, reply.data) == nowhere(site.client, method), method
        assert "Allow" not in reply.headers


def test_an_installation_without_a_token_has_none_for_anybody(database: Database) -> None:
    site = opened(database)
    for given in ("Bearer ", "Bearer None", f"Bearer {TOKEN}"):
        reply = site.client.get("/metrics", headers={"Authorization": given})
        assert (reply.status_code, reply.data) == nowhere(site.client)
    assert "/metrics" not in {rule.rule for rule in create_app(settings()).url_map.iter_rules()}


def test_with_the_token_it_can_be_read_and_nothing_else(site: Site) -> None:
    assert site.client.get("/metrics", headers=GOOD).status_code == 200
    assert site.client.get("/metrics", headers={"Authorization": f"bearer  {TOKEN} "}).status_code == 200
    assert site.client.head("/metrics", headers=GOOD).data == b""
    assert site.client.post("/metrics", headers=GOOD).status_code == 405


def test_a_token_in_the_address_opens_nothing(site: Site) -> None:
    assert site.client.get(f"/metrics?token={TOKEN}").status_code == 404


# --- what ------------------------------------------------------------------------------------------


def test_prometheus_reads_the_figures(site: Site) -> None:
    site.invited(is_mailed=True)
    site.clock.forward(minutes=90)
    person = Visitor(site, site.invited())
    person.open(4)
    person.press(4)
    reply = site.client.get("/metrics", headers=GOOD)
    assert reply.content_type.startswith("text/plain; version=0.0.4")
    found = samples(reply)
    assert found["surveyapp_queue_depth",] == found["surveyapp_queue_due",] == 1
    assert found["surveyapp_oldest_due_seconds",] > 0
    assert found["surveyapp_invitations_24h", "queued"] == found["surveyapp_invitations_24h", "linked"] == 1
    assert found["surveyapp_refused_24h", "quiet_period"] == 0
    assert found["surveyapp_answers_24h", "counted"] == 1
    assert found["surveyapp_held_24h", "too_early"] == 0
    assert found["surveyapp_unknown_30d",] == found["surveyapp_domains_marked",] == 0
    assert found["surveyapp_hook_events_waiting",] == 0
    assert {type_of.type for type_of in families(reply.text)} == {"gauge"}
    assert all(name[0].startswith("surveyapp_") for name in found)


def test_the_relays_time_has_three_quantiles(site: Site, tmp_path: Any) -> None:
    site.invited(is_mailed=True)
    site.clock.forward(minutes=90)
    worker = opened(site.database, site.clock, MAIL_URL=(tmp_path / "mail").as_uri()).worker()
    assert worker.send_due() == 1
    found = samples(site.client.get("/metrics", headers=GOOD))
    assert [found["surveyapp_smtp_seconds", each] for each in ("0.5", "0.95", "0.99")] == [0, 0, 0]
    assert found["surveyapp_invitations_24h", "sent"] == 1


def test_whoever_asks_for_openmetrics_gets_it(site: Site) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    reply = site.client.get("/metrics", headers=GOOD | accept)
    assert reply.content_type.startswith("application/openmetrics-text")
    assert samples(reply, openmetrics)["surveyapp_queue_depth",] == 0


def test_figures_say_nothing_of_a_person(site: Site) -> None:
    site.invited(address="anna@kund.example", recipient_name="Anna", agent_ref="bo", is_mailed=True)
    said = site.client.get("/metrics", headers=GOOD).text
    assert not [word for word in ("kund", "Anna", "anna", 'bo"') if word in said]


def test_without_the_package_it_says_what_to_install(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    reply = site.client.get("/metrics", headers=GOOD)
    assert reply.status_code == 503 and "surveyapp[metrics]" in reply.text
    assert reply.content_type == "text/plain; charset=utf-8"
    assert site.client.get("/metrics").status_code == 404


def test_without_a_database_it_asks_to_come_back(tmp_path: Any) -> None:
    app = create_app(settings(f"sqlite:///{tmp_path}/nowhere/x.db", METRICS_TOKEN=TOKEN))
    reply = app.test_client().get("/metrics", headers=GOOD)
    assert reply.status_code == 503 and reply.headers["Retry-After"] == "5"


def test_the_reply_is_kept_by_nobody(site: Site) -> None:
    assert site.client.get("/metrics", headers=GOOD).headers["Cache-Control"] == "no-store"

"""Equal requests at the same instant, against a real server with several threads."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from threading import Barrier
from urllib.parse import urlsplit

from surveyapp import keys, surveys
from surveyapp.db import Database, table_of
from surveyapp.keys import Scope
from surveyapp.models import Invitation
from tests.support.served import Served

PARALLEL = 50
BODY = {"survey": "csat", "ticket_ref": "T-1", "recipient": {"email": "kund@example.se"}}


def test_fifty_equal_posts_with_one_key_invite_once(
    served_app: Callable[..., Served], own_database: Database, own_database_url: str
) -> None:
    now = datetime.now(UTC)
    with own_database.transaction() as session:
        surveys.install_built_ins(session, now)
        _, key = keys.add_key(session, "a test", [Scope.INVITE], None, now)
    app = served_app(own_database_url, "--threads", "4")
    barrier = Barrier(PARALLEL)
    with ThreadPoolExecutor(PARALLEL) as pool:
        replies = list(pool.map(lambda _: post(app, key, barrier), range(PARALLEL)))
    # 409: the first one was still being answered.
    assert {status for status, _ in replies} <= {201, 409}
    bodies = {body for status, body in replies if status == 201}
    assert len(bodies) == 1 and post(app, key) == (201, bodies.pop())
    with own_database.reading() as session:
        assert len(session.execute(table_of(Invitation).select()).all()) == 1


def post(app: Served, key: str, barrier: Barrier | None = None) -> tuple[int, str]:
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": "k",
    }
    with closing(HTTPConnection(urlsplit(app.url).netloc, timeout=60)) as connection:
        connection.connect()
        if barrier:
            barrier.wait(timeout=60)
        connection.request("POST", "/api/v1/invitations", json.dumps(BODY), headers)
        response = connection.getresponse()
        return response.status, response.read().decode()

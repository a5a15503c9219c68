"""Support's programs invite, and learn what became of each invitation."""

from datetime import timedelta
from typing import Any

import pytest

from surveyapp import preferences
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES
from surveyapp.keys import Scope
from surveyapp.models import Invitation
from tests.support.people import START, Site, Visitor, opened, path_of, web_app
from tests.support.programs import Program, program
from tests.support.relays import Counting

ABOUT = {
    "occasion": "solved-1",
    "agent_ref": "anna",
    "agent_name": "Anna Ö.",
    "agent_replies": 3,
    "team": "north",
    "case_type": "billing",
    "channel": "email",
    "locale": "sv",
    "timezone": "Europe/Stockholm",
    "customer_ref": "C-1",
}
QUIET = timedelta(days=30)


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def helpdesk(site: Site) -> Program:
    return program(site)


def problem(helpdesk: Program, body: Any, **headers: str) -> dict[str, Any]:
    response = helpdesk.call("POST", "/invitations", body, **headers)
    assert response.content_type == "application/problem+json", response.text
    document: dict[str, Any] = response.json or {}
    assert document["status"] == response.status_code
    assert document["type"].startswith("urn:surveyapp:problem:") and document["title"]
    return document


def pointers(document: dict[str, Any]) -> list[str]:
    return sorted(each["pointer"] for each in document["errors"])


# --- inviting --------------------------------------------------------------------------------------


def test_an_invitation_keeps_what_was_said_of_the_ticket(site: Site, helpdesk: Program) -> None:
    recipient = {"email": "Kund@Example.SE", "name": "Maria"}
    told = helpdesk.invite(**ABOUT, recipient=recipient, properties={"plan": "gold", "seats": 3, "vip": True})
    [row] = site.rows(Invitation)
    assert {name: row[name] for name in ABOUT} == ABOUT
    assert (row["address"], row["recipient_name"], row["source"]) == ("Kund@example.se", "Maria", "api")
    assert row["properties"] == {"plan": "gold", "seats": "3", "vip": "true"}
    assert (told["id"], told["status"], told["reason"]) == (row["id"], "queued", None)


def test_without_a_time_the_mail_is_due_at_once(site: Site, helpdesk: Program) -> None:
    assert helpdesk.invite()["send_at"] == START.isoformat()


def test_a_mail_waits_for_its_time(site: Site, helpdesk: Program) -> None:
    helpdesk.invite(send_at="2026-03-02T12:30:00+01:00")
    [row] = site.rows(Invitation)
    assert row["send_at"] == START + timedelta(hours=2, minutes=30)


def test_its_links_lead_to_the_question(site: Site, helpdesk: Program) -> None:
    told = helpdesk.invite(survey="nps")
    assert [*told["rating_urls"]] == [str(rating) for rating in range(11)]
    for url in (told["page_url"], told["unsubscribe_url"], *told["rating_urls"].values()):
        assert site.client.get(path_of(url)).status_code == 200


def test_links_alone_are_handed_out_without_an_address_and_without_a_quiet_period(helpdesk: Program) -> None:
    helpdesk.invite()
    told = helpdesk.invite(ticket_ref="T-2", send=False)
    bare = helpdesk.invite(ticket_ref="T-3", send=False, recipient=None)
    assert (told["status"], bare["status"]) == ("linked", "linked")
    assert told["unsubscribe_url"] and bare["unsubscribe_url"] is None


def test_a_refusal_says_why_and_from_when_on_it_would_be_allowed(site: Site, helpdesk: Program) -> None:
    helpdesk.invite()
    site.clock.forward(days=1)
    told = helpdesk.invite(ticket_ref="T-2")
    assert (told["status"], told["reason"]) == ("refused", "quiet_period")
    assert told["allowed_from"] == (START + QUIET).isoformat()
    assert told["page_url"] is None and told["rating_urls"] == {}


def test_the_reason_is_told_in_four_languages(helpdesk: Program) -> None:
    helpdesk.invite()
    body = {"survey": "csat", "ticket_ref": "T-2", "recipient": {"email": "kund@example.se"}}
    told = {
        code: (helpdesk.call("POST", "/invitations", body, Accept_Language=code).json or {})["explanation"]
        for code in LANGUAGES
    }
    assert told["sv"].startswith("Kunden har fått en enkät helt nyligen.") and "1 april 2026" in told["sv"]
    assert len(set(told.values())) == 4


def test_the_same_occasion_again_is_the_first_invitation(site: Site, helpdesk: Program) -> None:
    body = {"survey": "csat", "ticket_ref": "T-1", "occasion": "e-1", "recipient": {"email": "a@b.se"}}
    first, again = (helpdesk.call("POST", "/invitations", body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json and len(site.rows(Invitation)) == 1


def test_every_call_is_an_occasion_of_its_own_when_none_is_named(helpdesk: Program) -> None:
    assert helpdesk.invite(send=False)["id"] != helpdesk.invite(send=False)["id"]


# --- what cannot be used ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"ticket_ref": "T-1"}, ["/survey"]),
        ({"survey": "csat", "ticket_ref": 5}, ["/ticket_ref"]),
        ({"survey": "csat", "ticket_ref": " ", "send": False}, ["/ticket_ref"]),
        ({"survey": "csat", "ticket_ref": "T\x00", "send": False}, ["/ticket_ref"]),
        ({"survey": "csat", "ticket_ref": "x" * 201}, ["/ticket_ref"]),
        ({"survey": "csat", "ticket_ref": "T", "colour": "red"}, ["/colour"]),
        ({"survey": "csat", "ticket_ref": "T"}, ["/recipient/email"]),
        ({"survey": "csat", "ticket_ref": "T", "recipient": {"email": "a"}}, ["/recipient/email"]),
        ({"survey": "csat", "ticket_ref": "T", "recipient": {"mail": "a@b.se"}}, ["/recipient/mail"]),
        ({"survey": "csat", "ticket_ref": "T", "recipient": "a@b.se"}, ["/recipient"]),
        ({"survey": "nope", "ticket_ref": "T", "send": False}, ["/survey"]),
        ({"survey": "csat", "ticket_ref": "T", "send": "no"}, ["/send"]),
        ({"survey": "csat", "ticket_ref": "T", "send_at": "tomorrow"}, ["/send_at"]),
        ({"survey": "csat", "ticket_ref": "T", "send_at": "2026-03-02T09:00:00"}, ["/send_at"]),
        ({"survey": "csat", "ticket_ref": "T", "send_at": "2026-02-30T09:00:00Z"}, ["/send_at"]),
        (
            {"survey": "csat", "ticket_ref": "T", "send": False, "send_at": "2030-03-02T09:00:00Z"},
            ["/send_at"],
        ),
        ({"survey": "csat", "ticket_ref": "T", "agent_replies": -1}, ["/agent_replies"]),
        ({"survey": "csat", "ticket_ref": "T", "agent_replies": True}, ["/agent_replies"]),
        ({"survey": "csat", "ticket_ref": "T", "send": False, "timezone": "Mars/Base"}, ["/timezone"]),
        ({"survey": "csat", "ticket_ref": "T", "properties": {"a/b": {}}}, ["/properties/a~1b"]),
        (
            {"survey": "csat", "ticket_ref": "T", "send": False, "properties": {"a/b": "\n\x01"}},
            ["/properties/a~1b"],
        ),
        ({"survey": "csat", "ticket_ref": "T", "properties": []}, ["/properties"]),
    ],
)
def test_a_wrong_field_is_named_by_its_place_and_nothing_is_stored(
    site: Site, helpdesk: Program, body: dict[str, Any], where: list[str]
) -> None:
    document = problem(helpdesk, body)
    assert (document["status"], pointers(document)) == (422, where)
    assert site.rows(Invitation) == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_problems_are_told_in_the_callers_language(helpdesk: Program, code: str) -> None:
    document = problem(helpdesk, {"survey": "csat", "ticket_ref": 5}, Accept_Language=code)
    said = {
        "en": "This must be text.",
        "sv": "Värdet måste vara text.",
        "ro": "Valoarea trebuie să fie text.",
        "de": "Der Wert muss Text sein.",
    }
    assert document["errors"][0]["detail"] == said[code]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [("{", "application/json", 400), ("[]", "application/json", 422), ("a=b", "text/plain", 415)],
)
def test_what_is_no_json_object_is_refused(
    helpdesk: Program, body: str, content_type: str, status: int
) -> None:
    response = helpdesk.site.client.post(
        "/api/v1/invitations",
        data=body,
        content_type=content_type,
        headers={"Authorization": f"Bearer {helpdesk.key}", "Host": "survey.nordlicht.example"},
    )
    assert (response.status_code, response.content_type) == (status, "application/problem+json")


def test_a_body_that_is_too_large_is_refused(helpdesk: Program) -> None:
    assert helpdesk.call("POST", "/invitations", {"x": "a" * 9_000_000}).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/invitations", {"survey": "\ud800", "ticket_ref": "T", "send": False}),
        ("POST", "/invitations", {"survey": "\0", "ticket_ref": "T", "send": False}),
        ("POST", "/invitations", {"survey": "csat", "ticket_ref": "T", "\ud800": 1}),
        ("POST", "/invitations", {"survey": "csat", "ticket_ref": "T", "properties": {"\ud800": None}}),
        ("GET", "/invitations?team=%00", None),
        ("GET", "/invitations?ticket_ref=%00", None),
        ("GET", "/scores?team=%00", None),
        ("GET", "/answers?updated_since=0001-01-01T00:00:00%2B01:00", None),
        ("GET", "/answers?updated_since=9999-12-31T23:59:59-01:00", None),
        ("GET", "/answers?cursor=MDAwMS0wMS0wMVQwMDowMDowMCswMTowMCB4", None),
        ("POST", "/tickets/%00/reopened", None),
    ],
)
def test_what_no_database_takes_is_a_wrong_field(
    helpdesk: Program, method: str, path: str, body: Any
) -> None:
    assert helpdesk.call(method, path, body).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/invitations/%00"), ("POST", "/invitations/%00/cancel")]
)
def test_an_id_that_can_be_none_is_not_found(helpdesk: Program, method: str, path: str) -> None:
    assert helpdesk.call(method, path).status_code == 404


@pytest.mark.parametrize("body", ["[" * 50_000, '{"agent_replies": ' + "9" * 5_000 + "}"])
def test_json_that_no_reader_takes_is_refused(site: Site, helpdesk: Program, body: str) -> None:
    headers = {"Authorization": f"Bearer {helpdesk.key}", "Host": "survey.nordlicht.example"}
    response = site.client.post(
        "/api/v1/invitations", data=body, content_type="application/json", headers=headers
    )
    assert response.status_code == 400


def test_a_null_in_a_batch_spoils_no_other_invitation(site: Site, helpdesk: Program) -> None:
    good = {"survey": "csat", "ticket_ref": "T-1", "send": False}
    odd = {"survey": "\ud800", "ticket_ref": "T", "send": False}
    response = helpdesk.call("POST", "/invitations/batch", {"invitations": [good, None, odd]})
    assert [each["status"] for each in (response.json or {})["outcomes"]] == [201, 422, 422]


def test_a_ticket_is_found_however_its_spaces_are_written(site: Site, helpdesk: Program) -> None:
    made = helpdesk.invite(ticket_ref="T  9 ")["id"]
    assert [each["id"] for each in helpdesk.get("/invitations?ticket_ref=T%20%209")["invitations"]] == [made]
    assert helpdesk.call("POST", "/tickets/T%C2%A09/reopened").json == {"cancelled": [made]}


def test_a_customers_locale_is_found_by_its_language(helpdesk: Program) -> None:
    helpdesk.invite(locale="de-AT")
    assert len(helpdesk.get("/invitations?locale=de-AT")["invitations"]) == 1


# --- many at once ----------------------------------------------------------------------------------


def test_each_of_a_batch_has_its_own_outcome(site: Site, helpdesk: Program) -> None:
    good = {"survey": "csat", "ticket_ref": "T-1", "recipient": {"email": "a@b.se"}}
    bodies = [good, {"survey": "csat"}, good | {"ticket_ref": "T-2"}, good | {"survey": "x"}, 5]
    response = helpdesk.call("POST", "/invitations/batch", {"invitations": bodies})
    outcomes = (response.json or {})["outcomes"]
    assert [each["status"] for each in outcomes] == [201, 422, 201, 422, 422]
    assert [each["index"] for each in outcomes] == [0, 1, 2, 3, 4]
    assert outcomes[0]["invitation"]["status"] == "queued" and outcomes[0]["invitation"]["page_url"]
    # The second mail to one person falls into the quiet period that the first one has just begun.
    assert outcomes[2]["invitation"]["reason"] == "quiet_period"
    assert pointers(outcomes[1]["problem"]) == ["/ticket_ref"]
    assert len(site.rows(Invitation)) == 2


def test_a_batch_takes_a_thousand_and_no_more(site: Site, helpdesk: Program) -> None:
    bodies = [{"survey": "csat", "ticket_ref": f"T-{i}", "send": False} for i in range(1001)]
    refused = helpdesk.call("POST", "/invitations/batch", {"invitations": bodies})
    assert refused.status_code == 422 and site.rows(Invitation) == []
    taken = helpdesk.call("POST", "/invitations/batch", {"invitations": bodies[1:]})
    assert taken.status_code == 200 and len(site.rows(Invitation)) == 1000
    assert helpdesk.call("POST", "/invitations/batch", {"invitations": []}).status_code == 422


# --- looking ---------------------------------------------------------------------------------------


def test_a_timeline_tells_everything_in_its_order(site: Site, helpdesk: Program) -> None:
    told = helpdesk.invite()
    site.clock.forward(minutes=1)
    site.worker(Counting()).send_due()
    site.clock.forward(hours=1)
    person = Visitor(site, site.of(told["id"]))
    person.stay(4)
    site.clock.forward(minutes=1)
    person.press(4)
    site.clock.forward(minutes=1)
    person.press(5)
    shown = helpdesk.get(f"/invitations/{told['id']}")
    whats = [entry["what"] for entry in shown["timeline"]]
    assert whats[:3] == ["queued", "accepted", "opened"]
    assert "held" in whats and whats[-2:] == ["counted", "changed"]
    assert [entry["at"] for entry in shown["timeline"]] == sorted(e["at"] for e in shown["timeline"])
    assert shown["status"] == "sent" and "rating_urls" not in shown


def test_a_list_goes_on_page_after_page_with_nothing_twice(site: Site, helpdesk: Program) -> None:
    made = []
    for number in range(7):
        made.append(helpdesk.invite(ticket_ref=f"T-{number}", send=False)["id"])
        site.clock.forward(seconds=number % 2)
    seen: list[str] = []
    cursor = ""
    while True:
        page = helpdesk.get(f"/invitations?limit=3{cursor}")
        seen += [each["id"] for each in page["invitations"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == sorted(made) and len(seen) == 7
    # A new one meanwhile comes before the first page and moves no other one.
    assert seen[0] == made[-1]


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("ticket_ref=T-1", 1),
        ("status=refused", 1),
        ("status=linked", 1),
        ("survey=nps", 1),
        ("team=north", 1),
        ("agent=anna", 1),
        ("customer_ref=C-1", 1),
        ("from=2026-03-03", 0),
        ("to=2026-03-02", 3),
        ("utm_source=mail", 3),
    ],
)
def test_a_list_is_filtered(helpdesk: Program, query: str, n: int) -> None:
    with helpdesk.site.database.transaction() as session:
        preferences.save(session, {"agent_figures": "named"}, helpdesk.site.clock())
    helpdesk.site.app.extensions["surveyapp"].preferences.forget()
    helpdesk.invite(agent_ref="anna", team="north", customer_ref="C-1")
    helpdesk.invite(ticket_ref="T-2")
    helpdesk.invite(ticket_ref="T-3", survey="nps", send=False)
    assert len(helpdesk.get(f"/invitations?{query}")["invitations"]) == n


@pytest.mark.parametrize("query", ["cursor=x", "cursor=MjAyNg", "limit=0", "limit=201", "status=x", "from=x"])
def test_a_wrong_parameter_is_named(helpdesk: Program, query: str) -> None:
    response = helpdesk.call("GET", f"/invitations?{query}")
    assert response.status_code == 422
    assert pointers(response.json or {}) == [f"/{query.partition('=')[0]}"]


def test_no_reply_names_an_address_or_a_recipient(site: Site, helpdesk: Program) -> None:
    told = helpdesk.invite(recipient={"email": "maria.secret@example.se", "name": "Maria Secret"})
    pages = [told, helpdesk.get("/invitations"), helpdesk.get(f"/invitations/{told['id']}")]
    assert not any("secret" in str(page).lower() for page in pages)


# --- calling off -----------------------------------------------------------------------------------


def test_a_waiting_mail_is_called_off_once(site: Site, helpdesk: Program) -> None:
    told = helpdesk.invite()
    for _ in range(2):
        response = helpdesk.call("POST", f"/invitations/{told['id']}/cancel")
        assert (response.status_code, (response.json or {})["status"]) == (200, "cancelled")
    assert site.worker(Counting()).send_due() == 0
    whats = [entry["what"] for entry in helpdesk.get(f"/invitations/{told['id']}")["timeline"]]
    assert whats == ["queued", "cancelled"]


def test_a_mail_that_went_out_cannot_be_called_off(site: Site, helpdesk: Program) -> None:
    told = helpdesk.invite()
    site.worker(Counting()).send_due()
    response = helpdesk.call("POST", f"/invitations/{told['id']}/cancel")
    assert (response.status_code, (response.json or {})["type"]) == (409, "urn:surveyapp:problem:not-waiting")
    assert site.invitation(site.of(told["id"]))["status"] == "sent"


def test_a_ticket_that_is_opened_again_calls_off_what_waits(site: Site, helpdesk: Program) -> None:
    waiting = helpdesk.invite()["id"]
    linked = helpdesk.invite(send=False)["id"]
    other = helpdesk.invite(ticket_ref="T-2", recipient={"email": "b@b.se"})["id"]
    response = helpdesk.call("POST", "/tickets/T-1/reopened")
    assert response.json == {"cancelled": [waiting]}
    states = {row["id"]: (row["status"], row["reason"]) for row in site.rows(Invitation)}
    assert states == {
        waiting: ("cancelled", "reopened"),
        linked: ("linked", None),
        other: ("queued", None),
    }


def test_what_ends_after_it_was_opened_again_is_asked_about(site: Site, helpdesk: Program) -> None:
    helpdesk.call("POST", "/tickets/T-1/reopened")
    site.clock.forward(seconds=1)
    assert helpdesk.invite()["status"] == "queued"


def test_a_ticket_reference_may_hold_a_slash(helpdesk: Program) -> None:
    told = helpdesk.invite(ticket_ref="2026/17")
    assert helpdesk.call("POST", "/tickets/2026/17/reopened").json == {"cancelled": [told["id"]]}


# --- keys ------------------------------------------------------------------------------------------

OPERATIONS = {
    ("POST", "/invitations"): Scope.INVITE,
    ("POST", "/invitations/batch"): Scope.INVITE,
    ("POST", "/invitations/x/cancel"): Scope.INVITE,
    ("POST", "/tickets/x/reopened"): Scope.INVITE,
    ("GET", "/invitations"): Scope.READ,
    ("GET", "/invitations/x"): Scope.READ,
    ("GET", "/scores"): Scope.READ,
    ("GET", "/answers"): Scope.EXPORT,
}


def test_every_operation_has_a_scope() -> None:
    app = web_app()
    found = {
        (method, rule.rule.removeprefix("/api/v1"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and hasattr(app.view_functions[rule.endpoint], "needed_scope")
    }
    everything = {
        (method, rule.rule.removeprefix("/api/v1"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and not rule.rule.startswith(("/api/v1/docs", "/api/v1/openapi"))
    }
    assert found == everything and len(found) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_does_what_its_scopes_say_and_nothing_else(
    site: Site, operation: tuple[str, str], scope: Scope
) -> None:
    method, path = operation
    response = program(site, scope).call(method, path, {} if method == "POST" else None)
    if OPERATIONS[operation] is scope:
        assert response.status_code in (200, 404, 422)
    else:
        assert response.status_code == 403
        assert OPERATIONS[operation] in (response.json or {})["detail"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic eDp5",
        "Bearer surveyapp_abcdefgh_x",
        "Bearer surveyapp__",
    ],
)
def test_without_a_good_key_nothing_is_told(site: Site, header: str) -> None:
    headers = {"Host": "survey.nordlicht.example"} | ({"Authorization": header} if header else {})
    response = site.client.get("/api/v1/scores", headers=headers)
    assert (response.status_code, response.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert "n" not in (response.json or {})

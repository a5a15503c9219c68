"""What every source reads from its payload, row by row of the manual."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.sources import SOURCES
from surveyapp.sources.event import Delivery, Event, Kind, UnreadableError
from tests.sources.samples import BODIES, changed, delivery

MANUAL = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
FIELDS = {
    "address",
    "recipient_name",
    "customer_ref",
    "locale",
    "agent_ref",
    "agent_name",
    "agent_replies",
    "team",
    "case_type",
    "channel",
}
VALUES = {"locale": "pt_BR", "agent_replies": "7"}
READ = {"locale": "pt-BR", "agent_replies": 7}
HEADINGS = {"Standard Webhooks": "standard"}

every_source = pytest.mark.parametrize("source", sorted(SOURCES))


def rows() -> Iterator[tuple[str, str, list[str]]]:
    """Source, field and the pointers of every row of the manual's tables of fields."""
    for section in MANUAL.split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        source = HEADINGS.get(heading, heading.lower())
        if source in SOURCES:
            for name, where in re.findall(r"^\| `(\w+)` \| (.*?) \| .* \|$", section, re.MULTILINE):
                if name in FIELDS:
                    yield source, name, re.findall(r"`(/[^`]*)`", where)


ROWS = list(rows())
every_row = pytest.mark.parametrize(
    ("source", "name", "pointers"), ROWS, ids=[f"{r[0]}-{r[1]}" for r in ROWS]
)


def read(source: str, body: Any, **mapping: str) -> Event:
    return SOURCES[source].read(delivery(body), {name.replace("__", "."): at for name, at in mapping.items()})


def without(body: dict[str, Any], pointers: list[str]) -> dict[str, Any]:
    for pointer in pointers:
        body = changed(body, pointer, None)
    return body


@every_source
def test_the_manual_has_a_row_for_every_field(source: str) -> None:
    assert {name for of, name, _ in ROWS if of == source} == FIELDS


@every_row
def test_a_field_comes_from_where_the_manual_says(source: str, name: str, pointers: list[str]) -> None:
    bare = without(BODIES[source], pointers)
    for pointer in pointers:
        event = read(source, changed(bare, pointer, VALUES.get(name, "xyz")))
        assert (event.kind, getattr(event, name)) == (Kind.ENDED, READ.get(name, "xyz"))


@every_row
def test_a_missing_field_is_empty_and_the_rest_is_read(source: str, name: str, pointers: list[str]) -> None:
    event = read(source, without(BODIES[source], pointers))
    assert getattr(event, name) is None and name in event.empty
    assert (event.kind, event.ticket_ref) == (Kind.ENDED, "4711")


@every_row
def test_an_odd_field_is_empty(source: str, name: str, pointers: list[str]) -> None:
    body = without(BODIES[source], pointers)
    for odd in ({}, [], [1], {"a": "b"}, True, 1.5, "", " ", "-", "{{ticket.x}}", "x" * 201):
        for pointer in pointers:
            assert getattr(read(source, changed(body, pointer, odd)), name) is None


@every_row
def test_the_first_place_comes_before_the_others(source: str, name: str, pointers: list[str]) -> None:
    if len(pointers) > 1 and name not in ("recipient_name", "agent_name"):
        body = without(BODIES[source], pointers)
        # Backwards: a place may hold another.
        for pointer in reversed(pointers):
            body = changed(body, pointer, "sv" if pointer == pointers[0] else "en")
        assert getattr(read(source, body), name) == "sv"


@every_source
def test_a_whole_sample_is_read(source: str) -> None:
    event = read(source, BODIES[source])
    assert (event.kind, event.note, event.ticket_ref) == (Kind.ENDED, "", "4711")
    assert (event.address, event.recipient_name, event.team) == ("kund@example.se", "Kim Kund", "Support")
    assert event.agent_name == "Alva Agent" and event.case_type == "Invoice"
    assert event.locale in ("sv", "sv-se")
    assert event.at is not None and event.at.replace(microsecond=0) == datetime(2026, 3, 2, 8, 59, tzinfo=UTC)
    assert set(event.empty) <= {"agent_replies"}


def test_occasions_are_told_by_ticket_and_time() -> None:
    assert read("zammad", BODIES["zammad"]).occasion == "zammad:4711:2026-03-02T08:59:00Z"
    assert read("generic", BODIES["generic"]).occasion == "generic:4711:2026-03-02T08:59:00Z"
    assert read("chatwoot", BODIES["chatwoot"]).occasion == "chatwoot:4711:2026-03-02T08:59:00.250000Z"


TIMES = {"zammad": "/ticket/last_close_at", "chatwoot": "/updated_at", "standard": "/timestamp"}


@every_source
def test_a_second_solving_is_another_occasion_and_a_repetition_is_not(source: str) -> None:
    body = BODIES[source]
    later = changed(body, TIMES.get(source, "/at"), "2026-03-09T10:00:00+01:00")
    same = changed(body, TIMES.get(source, "/at"), "2026-03-09T09:00:00Z")
    assert read(source, later).occasion == read(source, same).occasion != read(source, body).occasion
    assert read(source, body).occasion == read(source, body).occasion


def test_a_later_change_of_a_closed_ticket_is_the_same_occasion() -> None:
    later = changed(BODIES["zammad"], "/ticket/updated_at", "2026-03-05T09:00:00Z")
    assert read("zammad", later).occasion == read("zammad", BODIES["zammad"]).occasion


def test_an_old_zammad_tells_the_time_of_the_last_change() -> None:
    old = changed(BODIES["zammad"], "/ticket/last_close_at", None)
    assert read("zammad", old).occasion == "zammad:4711:2026-03-02T08:59:30.333000Z"


@pytest.mark.parametrize(
    ("source", "header", "times"),
    [
        ("zammad", "x-zammad-delivery", ["/ticket/last_close_at", "/ticket/updated_at"]),
        ("zendesk", "x-zendesk-webhook-invocation-id", ["/at"]),
        ("chatwoot", "x-chatwoot-delivery", ["/updated_at"]),
        ("standard", "webhook-id", ["/timestamp"]),
        ("generic", "webhook-id", ["/at"]),
    ],
)
def test_without_a_time_the_name_of_the_delivery_stands_in(
    source: str, header: str, times: list[str]
) -> None:
    timeless = without(BODIES[source], times)
    named = SOURCES[source].read(delivery(timeless, {header: "d-1"}), {})
    assert (named.occasion, named.at) == (f"{source}:4711:d-1", None)
    assert read(source, timeless).occasion is None


def test_an_occasion_of_any_length_that_is_taken_fits_and_stays_one_of_its_own() -> None:
    long = [changed(BODIES["generic"], "/occasion", letter * 200) for letter in "ab"]
    occasions = {read("generic", body).occasion for body in long}
    assert len(occasions) == 2 and all(one and len(one) <= 200 for one in occasions)


def test_an_own_name_of_the_occasion_comes_before_the_time() -> None:
    assert read("generic", BODIES["generic"] | {"occasion": "second"}).occasion == "second"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-03-02T09:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02 09:00:00 UTC", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02T10:00:00+01:00", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        (1772442000, datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("1772442000", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        (1772442000000, datetime(2026, 3, 2, 9, tzinfo=UTC)),
        (1772442000.5, datetime(2026, 3, 2, 9, 0, 0, 500000, tzinfo=UTC)),
        ("2026-03-02T09:00:00", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("tomorrow", None),
        (17, None),
        (10**400, None),
        (True, None),
    ],
)
def test_times_are_read_when_they_name_one_instant(told: Any, expected: datetime | None) -> None:
    assert read("generic", BODIES["generic"] | {"at": told}).at == expected


KINDS = [
    ("zammad", {"/ticket/state": "closed"}, Kind.ENDED),
    ("zammad", {"/ticket/state": {"name": "Closed"}}, Kind.ENDED),
    ("zammad", {"/ticket/state": "open"}, Kind.REOPENED),
    ("zammad", {"/ticket/state": "new"}, Kind.REOPENED),
    ("zammad", {"/ticket/state": "pending reminder"}, Kind.REOPENED),
    ("zammad", {"/ticket/state": "pending close"}, Kind.REOPENED),
    ("zammad", {"/ticket/state": "open", "/ticket/last_close_at": None}, Kind.REOPENED),
    ("zammad", {"/ticket/state": "open", "/ticket/last_close_at": "", "/ticket/close_at": ""}, Kind.IGNORED),
    ("zammad", {"/ticket/state": "merged"}, Kind.MERGED),
    ("zammad", {"/ticket/state": "removed"}, Kind.DELETED),
    ("zammad", {"/ticket/state": "waiting for parts"}, Kind.IGNORED),
    ("zammad", {"/ticket/tags": ["vip", "Spam"]}, Kind.SPAM),
    ("zammad", {"/ticket/tags": "vip, spam"}, Kind.SPAM),
    ("chatwoot", {"/status": "open"}, Kind.IGNORED),
    ("chatwoot", {"/status": "open", "/changed_attributes": None}, Kind.REOPENED),
    ("chatwoot", {"/status": "pending", "/changed_attributes": "odd"}, Kind.REOPENED),
    ("chatwoot", {"/status": "snoozed", "/changed_attributes": [None, 1]}, Kind.REOPENED),
    (
        "chatwoot",
        {"/status": "open", "/changed_attributes": [{"status": {"previous_value": "resolved"}}]},
        Kind.REOPENED,
    ),
    ("chatwoot", {"/event": "message_created"}, Kind.IGNORED),
    ("chatwoot", {"/event": "conversation_updated"}, Kind.IGNORED),
    ("chatwoot", {"/event": "conversation_updated", "/labels": ["spam"], "/status": "open"}, Kind.SPAM),
    ("chatwoot", {"/labels": ["spam"]}, Kind.SPAM),
    ("chatwoot", {"/labels": "odd"}, Kind.ENDED),
    ("standard", {"/type": "ticket.reopened"}, Kind.REOPENED),
    ("standard", {"/type": "solved"}, Kind.ENDED),
    ("standard", {"/type": "comment.deleted"}, Kind.IGNORED),
    ("standard", {"/data/tags": "spam"}, Kind.SPAM),
    ("zendesk", {"/tags": "vip closed_by_merge"}, Kind.MERGED),
    *((source, {"/event": word}, kind) for source in ("generic", "zendesk", "freshdesk", "freshservice")
      for word, kind in (
          ("solved", Kind.ENDED), ("Resolved", Kind.ENDED), ("closed", Kind.ENDED), ("ended", Kind.ENDED),
          ("reopened", Kind.REOPENED), ("merged", Kind.MERGED),
          ("spam", Kind.SPAM), ("deleted", Kind.DELETED),
          ("created", Kind.IGNORED), ("ignored", Kind.IGNORED), ("", Kind.IGNORED), ([], Kind.IGNORED),
      )),
]  # fmt: skip


@pytest.mark.parametrize(("source", "changes", "kind"), KINDS, ids=[f"{k[0]}-{k[1]}"[:60] for k in KINDS])
def test_what_happened_is_told_by_the_words_of_the_manual(
    source: str, changes: dict[str, Any], kind: Kind
) -> None:
    body = BODIES[source]
    for pointer, value in changes.items():
        body = changed(body, pointer, value)
    event = read(source, body)
    assert event.kind is kind
    assert bool(event.note) == (kind is Kind.IGNORED)


@pytest.mark.parametrize(
    ("name", "event", "kind"),
    [
        ("merged", {}, Kind.MERGED),
        ("marked_as_spam", {}, Kind.SPAM),
        ("soft_deleted", {}, Kind.DELETED),
        ("permanently_deleted", {}, Kind.DELETED),
        ("status_changed", {"previous": "SOLVED", "current": "OPEN"}, Kind.REOPENED),
        ("status_changed", {"previous": "OPEN", "current": "SOLVED"}, Kind.IGNORED),
        ("status_changed", {"previous": "SOLVED", "current": "CLOSED"}, Kind.IGNORED),
        ("status_changed", {}, Kind.IGNORED),
        ("comment_added", {}, Kind.IGNORED),
    ],
)
def test_zendesk_events_call_off_what_triggers_cannot_tell(
    name: str, event: dict[str, str], kind: Kind
) -> None:
    body = {
        "type": f"zen:event-type:ticket.{name}",
        "time": "2026-03-02T09:00:00Z",
        "detail": {"id": "4711"},
        "event": event,
    }
    found = read("zendesk", body, ticket_ref="/elsewhere")
    assert (found.kind, found.ticket_ref, found.address) == (kind, "4711", None)
    assert found.at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_bot_is_no_agent() -> None:
    event = read("chatwoot", changed(BODIES["chatwoot"], "/meta/assignee_type", "AgentBot"))
    assert (event.agent_ref, event.agent_name, event.team) == (None, None, "Support")


def test_a_ticket_without_an_owner_has_no_agent() -> None:
    nobody = {"id": 1, "login": "-", "firstname": "-", "lastname": "", "email": ""}
    event = read("zammad", changed(BODIES["zammad"], "/ticket/owner", nobody))
    assert (event.agent_ref, event.agent_name) == (None, None)


def test_some_things_are_kept_as_properties() -> None:
    assert read("zammad", BODIES["zammad"]).properties == {"number": "10081"}
    assert read("chatwoot", BODIES["chatwoot"]).properties == {"inbox": "3"}


@every_source
@pytest.mark.parametrize("reference", [None, "", [], {}, True, 1.5, "-", "x" * 201, 10**300])
def test_without_a_ticket_an_event_is_ignored_with_the_reason(source: str, reference: Any) -> None:
    places = {"zammad": "/ticket/id", "chatwoot": "/id", "standard": "/data/ticket"}
    event = read(source, changed(BODIES[source], places.get(source, "/ticket"), reference))
    assert (event.kind, event.note) == (Kind.IGNORED, "There is no ticket reference.")
    assert event.occasion is None


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("  Kim\n Kund ", "Kim Kund"),
        ("Kim\u200b Kund\u202e", "Kim Kund"),
        ("Kim\x00", None),
        ("Kim\ud800", None),
        (17, "17"),
        (10**300, None),
    ],
)
def test_texts_are_one_clean_line(told: Any, kept: str | None) -> None:
    assert read("generic", BODIES["generic"] | {"name": told}).recipient_name == kept


@pytest.mark.parametrize("told", ["Svenska", "sv-SE-", "svenska språket", "sv;q=1", "../sv", 17])
def test_what_is_no_language_tag_is_no_locale(told: Any) -> None:
    assert read("generic", BODIES["generic"] | {"locale": told}).locale is None


@pytest.mark.parametrize("told", ["many", "-1", -1, 1.0, "٣", 10**7])
def test_what_is_no_count_is_no_number_of_replies(told: Any) -> None:
    assert read("generic", BODIES["generic"] | {"agent_replies": told}).agent_replies is None


@pytest.mark.parametrize("source", ["generic", "standard", "zendesk", "freshdesk", "freshservice"])
def test_the_text_to_paste_is_json_that_tells_of_a_solved_ticket(source: str) -> None:
    (text,) = re.findall(rf"```json {source}\n(.*?)```", MANUAL, re.DOTALL)
    filled = re.sub(r"{{ticket\.(\w+\.)?(\w+)}}", r"\2", text)
    event = SOURCES[source].read(Delivery(filled.encode(), {}), {})
    assert event.kind is Kind.ENDED and event.ticket_ref and event.address
    if "{{" in text:
        bare = SOURCES[source].read(Delivery(text.encode(), {}), {})
        assert (bare.kind, bare.note) == (Kind.IGNORED, "There is no ticket reference.")


@every_source
def test_the_manual_tells_the_address_and_that_nothing_was_tried(source: str) -> None:
    assert f"/hooks/{source}" in MANUAL
    (section,) = [
        part
        for part in MANUAL.split("\n## ")
        if HEADINGS.get(part.partition("\n")[0], part.partition("\n")[0].lower()) == source
    ]
    assert source == "generic" or re.search(r"never tried against (the|a) live\s+product", section, re.I)
    assert source == "generic" or re.search(r"\b2026-\d\d-\d\d\b", section)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
PLACES = sorted(
    {pointer for _, _, pointers in ROWS for pointer in pointers}
    | {"/ticket", "/ticket/state", "/ticket/tags", "/ticket/id", "/type", "/event/current", "/detail/id"}
    | {
        "/at",
        "/updated_at",
        "/timestamp",
        "/status",
        "/labels",
        "/changed_attributes",
        "/meta",
        "/data",
        "/id",
    }
    | {"/meta/assignee_type", "/event", "/tags", "/occasion", "/ticket/last_close_at", "/ticket/close_at"}
)


@every_source
@given(changes=st.dictionaries(st.sampled_from(PLACES), ANYTHING, max_size=4), mapping=st.booleans())
@settings(max_examples=50)
def test_no_payload_is_an_error(source: str, changes: dict[str, Any], mapping: bool) -> None:
    body = BODIES[source]
    for pointer, value in changes.items():
        body = changed(body, pointer, value)
    mapped = {"ticket_ref": "/meta/sender/id", "team": "~", "kind.odd": "x", "locale": "/labels/0"}
    event = SOURCES[source].read(delivery(body), mapped if mapping else {})
    assert (event.kind is Kind.IGNORED) == bool(event.note)


@every_source
@given(document=ANYTHING)
@settings(max_examples=50)
def test_other_json_than_an_object_is_unreadable_and_nothing_else_is(source: str, document: Any) -> None:
    sent = delivery(document)
    if isinstance(document, dict):
        assert SOURCES[source].read(sent, {}).kind is Kind.IGNORED
    else:
        with pytest.raises(UnreadableError):
            SOURCES[source].read(sent, {})


@every_source
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff{}",
        b"\xef\xbb\xbf{}",
        b'{"a": NaN}',
        b'{"address": "a@example.se", "address": "b@example.se"}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' * 100_000,
        b"[" * 100_000,
        b'{"a": "' + b"x" * 999_993 + b'"}',
    ],
)
def test_bombs_and_ambiguous_bodies_are_unreadable(source: str, body: bytes) -> None:
    with pytest.raises(UnreadableError) as caught:
        SOURCES[source].read(Delivery(body, {}), {})
    assert "example.se" not in str(caught.value) and caught.value.__cause__ is None


def test_a_body_of_a_megabyte_is_still_read() -> None:
    assert Delivery(b'{"a": "' + b"x" * 999_991 + b'"}', {}).json()


def test_a_number_beyond_all_bounds_is_no_time() -> None:
    body = b'{"event": "solved", "ticket": 1, "at": 1e999}'
    event = SOURCES["generic"].read(Delivery(body, {}), {})
    assert (event.kind, event.at, event.occasion) == (Kind.ENDED, None, None)


def test_a_body_at_the_edge_of_depth_is_read_or_unreadable() -> None:
    for depth in range(100, 1200, 100):
        body = b'{"type": ' + b"[" * depth + b"]" * depth + b"}"
        for source in SOURCES.values():
            try:
                assert source.read(Delivery(body, {}), {}).kind is Kind.IGNORED
            except UnreadableError:
                assert depth > 200


def test_events_and_deliveries_say_nothing_in_their_errors() -> None:
    with pytest.raises(UnreadableError, match=r"^The body is JSON, but not an object\.$"):
        Delivery(json.dumps(["kund@example.se"]).encode(), {}).json()

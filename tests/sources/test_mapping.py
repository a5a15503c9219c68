"""Pointers and mappings that an admin writes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.core.errors import SurveyappError
from surveyapp.sources import SOURCES, check_mapping
from surveyapp.sources.event import Kind, MappingError
from surveyapp.sources.fields import FIELDS
from surveyapp.sources.pointers import find, steps
from tests.sources.samples import BODIES, delivery

MANUAL = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")

# The document and the values of RFC 6901, section 5.
RFC: dict[str, Any] = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}
FOREIGN = {
    "what": {"happened": "Done  Well"},
    "case": {"no": 17, "who": {"mail": "kund@example.se"}, "tags": [{"name": "Invoice"}, "vip"]},
    "when": 1772442000,
}
MAPPING = {
    "kind": "/what/happened",
    "kind.ended": "finished, done well",
    "kind.reopened": "again",
    "ticket_ref": "/case/no",
    "address": "/case/who/mail",
    "case_type": "/case/tags/0/name",
    "at": "/when",
    "property.first": "/case/tags/1",
    "property.none": "/nowhere",
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", RFC),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_pointers_of_the_rfc_are_found(pointer: str, value: Any) -> None:
    assert find(RFC, pointer) == value


@pytest.mark.parametrize(
    "pointer",
    ["/foo/2", "/foo/-", "/foo/01", "/foo/-1", "/foo/x", "/foo/٠", "/foo/0/x", "/x", "/foo/" + "9" * 5000],
)
def test_a_pointer_to_nothing_finds_nothing(pointer: str) -> None:
    assert find(RFC, pointer) is None


@pytest.mark.parametrize("pointer", ["foo", "foo/bar", " /foo", "/a~", "/a~2b", "#/foo"])
def test_what_is_no_pointer_is_refused_and_finds_nothing(pointer: str) -> None:
    with pytest.raises(MappingError):
        steps(pointer)
    assert find(RFC, pointer) is None


@given(name=st.text(max_size=10))
@settings(max_examples=50)
def test_every_name_can_be_pointed_at(name: str) -> None:
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    assert find({name: {name: 1}}, pointer * 2) == 1


def test_a_mapping_finds_everything_in_foreign_json() -> None:
    check_mapping(MAPPING)
    event = SOURCES["generic"].read(delivery(FOREIGN), MAPPING)
    assert (event.kind, event.ticket_ref, event.address) == (Kind.ENDED, "17", "kund@example.se")
    assert (event.case_type, event.occasion) == ("Invoice", "generic:17:2026-03-02T09:00:00Z")
    assert event.properties == {"first": "vip"}


def test_the_pointers_for_standard_webhooks_begin_at_the_data() -> None:
    body = {"type": "ignored here", "timestamp": "2026-01-01T00:00:00Z", "data": FOREIGN}
    event = SOURCES["standard"].read(delivery(body), MAPPING)
    assert (event.kind, event.ticket_ref, event.case_type) == (Kind.ENDED, "17", "Invoice")
    assert event.occasion == "standard:17:2026-03-02T09:00:00Z"


def test_words_are_added_to_those_of_the_source_and_come_first() -> None:
    def kind(word: str) -> Kind:
        mapping = {"kind.ended": "paid", "kind.spam": "closed"}
        return SOURCES["generic"].read(delivery(BODIES["generic"] | {"event": word}), mapping).kind

    assert (kind("PAID"), kind("solved"), kind("closed")) == (Kind.ENDED, Kind.ENDED, Kind.SPAM)


def test_a_mapped_field_is_looked_for_nowhere_else() -> None:
    event = SOURCES["zammad"].read(
        delivery(BODIES["zammad"]),
        {"recipient_name": "/nowhere", "at": "/nowhere", "team": "/ticket/case_type"},
    )
    assert (event.recipient_name, event.at, event.team) == (None, None, "Invoice")


@pytest.mark.parametrize(
    "mapping",
    [
        {"addres": "/a"},
        {"": "/a"},
        {"source": "/a"},
        {"note": "/a"},
        {"properties": "/a"},
        {"property.": "/a"},
        {"property.a b": "/a"},
        {"kind.": "solved"},
        {"kind.ignored": "solved"},
        {"kind.solved": "solved"},
        {"kind.ended": ""},
        {"kind.ended": " , "},
        {"address": "email"},
        {"property.x": "/a~"},
        {"kind": "event"},
    ],
)
def test_a_mapping_with_a_mistake_is_refused_by_the_name_of_the_field(mapping: dict[str, str]) -> None:
    (name,) = mapping
    with pytest.raises(SurveyappError) as caught:
        check_mapping(mapping)
    assert name in str(caught.value) and isinstance(caught.value, MappingError)


def test_the_mapping_in_the_manual_is_good_and_every_name_of_a_field_is_there() -> None:
    (text,) = re.findall(r"^## Mapping\n.*?```json\n(.*?)```", MANUAL, re.DOTALL | re.MULTILINE)
    check_mapping(json.loads(text))
    table = MANUAL.partition("| name | value |")[2].partition("\n\n")[0]
    names = set(re.findall(r"`([\w.]+)`", "".join(row.split("|")[1] for row in table.splitlines() if row)))
    assert names == {*FIELDS, *(f"kind.{kind}" for kind in Kind if kind is not Kind.IGNORED)}


def test_an_empty_mapping_is_good() -> None:
    check_mapping({})

"""Words that mean one case type, team or channel, and what people call them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from surveyapp import invitations, listing, names, outbox, surveys
from surveyapp.core.access import Role, Viewer
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import State
from surveyapp.db import Database
from surveyapp.invitations import Request
from surveyapp.listing import Which
from surveyapp.models import Invitation, Name, Synonym
from surveyapp.names import Kind, Labels, NameRow, Words
from surveyapp.selecting import Dimension, Filter
from tests.support.people import START, Site, Visitor, opened
from tests.support.scored import scores

REQUEST = Request(survey="csat", ticket_ref="T-1", address="kund@example.se", is_mailed=False)
TODAY = START.date()


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, SMALLEST_N="1")


def save(
    site: Site,
    value: str = "faktura",
    *synonyms: str,
    kind: Kind = Kind.CASE_TYPE,
    left_on: date | None = None,
    **labels: str,
) -> list[str]:
    with site.database.transaction() as session:
        return names.save_name(session, kind, value, labels, synonyms, left_on, site.clock())


def invite(site: Site, **about: Any) -> dict[str, Any]:
    with site.database.transaction() as session:
        row = invitations.invite(session, site.settings, replace(REQUEST, **about), site.clock())
    return next(each for each in site.rows(Invitation) if each["id"] == row.id)


def stored(site: Site, kind: str = "case_type") -> list[tuple[str | None, str | None]]:
    """Value and word of every invitation, in the order of the words that were said."""
    found = [(row[kind], row[f"said_{kind}"]) for row in site.rows(Invitation)]
    return sorted(found, key=lambda row: row[1] or row[0] or "")


def names_of(site: Site, kind: Kind = Kind.CASE_TYPE) -> list[NameRow]:
    with site.database.reading() as session:
        return names.all_names(session, kind, TODAY)


def test_only_what_stands_on_certain_invitations_is_listed(site: Site) -> None:
    save(site, "named", en="Named")
    invite(site, ticket_ref="T-1", team="north", case_type="invoice")
    invite(site, ticket_ref="T-2", team="south", case_type="merger")
    with site.database.reading() as session:
        found = names.all_names(session, Kind.CASE_TYPE, TODAY, Invitation.team == "north")
    assert [row.value for row in found] == ["invoice"]
    assert {row.value for row in names_of(site)} == {"named", "invoice", "merger"}


@contextmanager
def statements(site: Site) -> Iterator[Callable[[str], int]]:
    """Counts the statements that are run and hold a text."""
    run: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        run.append(statement)

    event.listen(site.database.engine, "before_cursor_execute", note)
    try:
        yield lambda text: sum(text in each for each in run)
    finally:
        event.remove(site.database.engine, "before_cursor_execute", note)


# --- when an invitation is made --------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.CASE_TYPE, Kind.TEAM, Kind.CHANNEL])
def test_an_invitation_gets_the_one_value_and_keeps_the_word_that_was_said(site: Site, kind: Kind) -> None:
    save(site, "faktura", "factură", "Rechnung", kind=kind)
    for said, kept in (("Rechnung", "Rechnung"), ("factură", "factură"), ("faktura", None)):
        row = invite(site, **{kind: said})
        assert (row[kind], row[f"said_{kind}"]) == ("faktura", kept)
    row = invite(site, **{kind: "avbrott"})
    assert (row[kind], row[f"said_{kind}"]) == ("avbrott", None)
    assert (invite(site)[kind], invite(site)[f"said_{kind}"]) == (None, None)


@pytest.mark.parametrize(
    "said", ["RECHNUNG", " rechnung  ", "Offene  rechnung", "STRASSE", "re\u0301sume\u0301"]
)
def test_case_white_space_and_spelling_in_bytes_make_no_other_word(site: Site, said: str) -> None:
    save(site, "faktura", "Rechnung", "offene Rechnung", "Straße", "Résumé")
    assert invite(site, case_type=said)["case_type"] == "faktura"


def test_a_value_that_has_a_name_is_one_however_it_is_written(site: Site) -> None:
    invite(site, team="NORTH")
    assert invite(site, team="north")["team"] == "north"
    save(site, "North", kind=Kind.TEAM, sv="Norr")
    invite(site, team="north")
    assert {row["team"] for row in site.rows(Invitation)} == {"North"}


def test_a_word_of_one_kind_means_nothing_in_another(site: Site) -> None:
    save(site, "north", "nord", kind=Kind.TEAM)
    row = invite(site, team="nord", case_type="nord", channel="nord", agent_ref="nord")
    assert (row["team"], row["case_type"], row["channel"], row["agent_ref"]) == (
        "north",
        "nord",
        "nord",
        "nord",
    )


def test_words_are_read_once_for_a_batch_and_not_at_all_without_any(site: Site) -> None:
    save(site, "faktura", "Rechnung")
    requests = [replace(REQUEST, ticket_ref=f"T-{n}", case_type="Rechnung", team=f"t{n}") for n in range(50)]
    with statements(site) as run:
        for batch, times in ((requests, 1), (requests[:1], 2), ([REQUEST], 2)):
            with site.database.transaction() as session:
                invitations.invite_many(session, site.settings, batch, site.clock(), "api")
            assert run("synonyms") == times


# --- who is asked ----------------------------------------------------------------------------------


@pytest.mark.parametrize("listed", ["faktura", "Rechnung", "FACTURĂ"])
def test_a_rule_by_one_word_holds_for_all_that_mean_the_same(site: Site, listed: str) -> None:
    save(site, "faktura", "factură", "Rechnung")
    with site.database.transaction() as session:
        surveys.set_policy(session, "csat", {"case_types": [listed], "teams": ["north"]})
    for said in ("faktura", "factură", "rechnung"):
        assert invite(site, case_type=said, team="north")["status"] == "linked"
    assert invite(site, case_type="avbrott", team="north")["reason"] == "case_type"
    assert invite(site, case_type="faktura", team="south")["reason"] == "team"


def test_a_rule_holds_in_the_moment_of_sending_for_what_was_queued_under_the_other_word(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_policy(session, "csat", {"case_types": ["Rechnung"]})
    row = invite(site, case_type="Rechnung", is_mailed=True)
    save(site, "faktura", "Rechnung")
    with site.database.transaction() as session:
        one = update(Invitation).where(Invitation.id == row["id"])
        session.execute(one.values(case_type="Rechnung", said_case_type=None))
    with site.database.transaction() as session:
        assert isinstance(outbox.claim(session, site.settings, site.clock()), outbox.Claimed)


# --- what was said before --------------------------------------------------------------------------


def test_past_invitations_follow_and_come_back(site: Site) -> None:
    for said in ("faktura", "factură", "Rechnung", "rechnung", "avbrott", None):
        invite(site, case_type=said)
    before = stored(site)
    save(site, "faktura", "Rechnung", "factură")
    assert stored(site) == [
        (None, None),
        ("faktura", "Rechnung"),
        ("avbrott", None),
        ("faktura", "factură"),
        ("faktura", None),
        ("faktura", "rechnung"),
    ]
    save(site, "faktura", "factură")
    assert ("Rechnung", None) in stored(site) and ("faktura", "factură") in stored(site)
    save(site, "faktura")
    assert stored(site) == before


def test_a_word_may_move_to_another_value(site: Site) -> None:
    save(site, "faktura", "Rechnung")
    invite(site, case_type="Rechnung")
    save(site, "faktura")
    save(site, "billing", "Rechnung", "faktura")
    assert stored(site) == [("billing", "Rechnung")]
    assert invite(site, case_type="Faktura")["case_type"] == "billing"


def test_saving_again_mends_what_was_written_meanwhile(site: Site) -> None:
    save(site, "faktura", "Rechnung")
    invitation_id = invite(site)["id"]
    with site.database.transaction() as session:
        one = update(Invitation).where(Invitation.id == invitation_id)
        session.execute(one.values(case_type="Rechnung"))
    assert save(site, "faktura", "Rechnung") == []
    assert stored(site) == [("faktura", "Rechnung")]


def test_scores_and_lists_follow_and_any_of_the_words_chooses_the_same(site: Site) -> None:
    for said in ("faktura", "Rechnung", "avbrott"):
        visitor = Visitor(site, site.invited(case_type=said))
        visitor.open(4)
        visitor.press(4)
    with site.database.reading() as session:
        assert len(scores(session, site.settings, Filter(), Dimension.CASE_TYPE)) == 3
    save(site, "faktura", "Rechnung", "factură")
    with site.database.reading() as session:
        by = scores(session, site.settings, Filter(), Dimension.CASE_TYPE)
        assert [(each.group, each.n, each.accepted) for each in by] == [("avbrott", 1, 1), ("faktura", 2, 2)]
        for word in ("faktura", "rechnung", "factură"):
            chosen = Filter(case_type=word)
            assert [each.n for each in scores(session, site.settings, chosen)] == [2]
            assert len(listing.invitations(session, chosen, Which(), None, 10)[0]) == 2
            assert len(listing.answers(session, chosen, State.COUNTED, None, None, 10)[0]) == 2
        assert [each.n for each in scores(session, site.settings, Filter(team="faktura"))] == []


def test_a_viewer_sees_the_own_teams_whatever_word_they_were_given_by(site: Site) -> None:
    save(site, "north", "nord", "Norr", kind=Kind.TEAM)
    viewer = Viewer("u", Role.SUPPORT, frozenset({"NORR", "nord", "south"}))
    with site.database.reading() as session:
        assert names.in_our_words(session, viewer).teams == frozenset({"north", "south"})
        everybody = replace(viewer, teams=None)
        assert names.in_our_words(session, everybody) == everybody
        nobody = replace(viewer, teams=frozenset())
        assert names.in_our_words(session, nobody).teams == frozenset()


# --- what is saved ---------------------------------------------------------------------------------


def test_saving_tells_what_changed_and_nothing_the_second_time(site: Site) -> None:
    assert save(site, "faktura", "Rechnung", sv="Faktura") == ["labels", "synonyms"]
    assert save(site, "faktura", "Rechnung", sv="Faktura") == []
    assert save(site, "faktura", "Rechnung", sv="Fakturor") == ["labels"]
    assert save(site, "faktura", sv="Fakturor") == ["synonyms"]
    assert save(site, "a-5", kind=Kind.AGENT, left_on=TODAY) == ["left_on"]


def test_a_value_of_which_nothing_is_said_any_more_is_forgotten(site: Site) -> None:
    save(site, "faktura", "Rechnung", sv="Faktura")
    assert save(site, "faktura", sv=" ") == ["labels", "synonyms"]
    assert site.rows(Name) == site.rows(Synonym) == []


def test_empty_ones_twins_and_the_value_itself_are_no_synonyms(site: Site) -> None:
    save(site, " fak  tura ", "", " ", "FAK TURA", "Rechnung", "rechnung ", "factură")
    assert [row["said"] for row in site.rows(Synonym)] == ["Rechnung", "factură"]
    assert [row["value"] for row in site.rows(Name)] == ["fak tura"]


@pytest.mark.parametrize(
    ("value", "synonyms", "field", "problem"),
    [
        ("billing", ["x", "RECHNUNG"], "synonyms.1", Problem.TAKEN),
        ("billing", ["Faktura"], "synonyms.0", Problem.TAKEN),
        ("rechnung", [], "value", Problem.TAKEN),
        ("FAKTURA", [], "value", Problem.TAKEN),
        (" ", [], "value", Problem.MISSING),
        ("x" * 201, [], "value", Problem.LONG),
        ("x\x00", [], "value", Problem.NO_TEXT),
        ("billing", ["", "x" * 201], "synonyms.1", Problem.LONG),
        ("billing", [str(n) for n in range(names.MOST_SYNONYMS + 1)], "synonyms", Problem.MANY),
    ],
)
def test_what_cannot_be_a_name_is_refused_and_nothing_changes(
    site: Site, value: str, synonyms: list[str], field: str, problem: Problem
) -> None:
    save(site, "faktura", "Rechnung")
    before = site.rows(Name), site.rows(Synonym)
    with pytest.raises(FieldError) as refused:
        save(site, value, *synonyms)
    assert (refused.value.field, refused.value.problem) == (field, problem)
    assert (site.rows(Name), site.rows(Synonym)) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"labels": {"fi": "Lasku"}}, "labels"),
        ({"labels": {"sv": "x" * 201}}, "labels.sv"),
        ({"left_on": TODAY}, "left_on"),
        ({"kind": Kind.AGENT, "labels": {"sv": "Anna"}}, "labels"),
        ({"kind": Kind.AGENT, "synonyms": ["anna"]}, "synonyms"),
        ({"kind": Kind.AGENT, "left_on": TODAY + timedelta(days=366)}, "left_on"),
    ],
)
def test_each_kind_has_what_fits_it(site: Site, changes: dict[str, Any], field: str) -> None:
    values = {"kind": Kind.TEAM, "value": "x", "labels": {}, "synonyms": [], "left_on": None} | changes
    with site.database.transaction() as session, pytest.raises(FieldError) as refused:
        names.save_name(session, **values, now=site.clock())
    assert refused.value.field == field


def test_a_named_value_that_becomes_a_synonym_comes_back_with_its_name(site: Site) -> None:
    save(site, "Rechnung", de="Rechnungen")
    save(site, "faktura", "rechnung")
    assert [row.value for row in names_of(site)] == ["faktura"]
    assert invite(site, case_type="Rechnung")["case_type"] == "faktura"
    save(site, "faktura")
    found = {row.value: row.labels for row in names_of(site)}
    assert found == {"Rechnung": {"de": "Rechnungen"}}


# --- what is shown ---------------------------------------------------------------------------------


def test_every_value_is_listed_with_how_often_it_came_of_late(site: Site) -> None:
    site.clock.forward(days=-365)
    invite(site, case_type="old")
    site.clock.at = START
    for said in ("Rechnung", "faktura", "avbrott", "avbrott", "avbrott", None):
        invite(site, case_type=said)
    save(site, "faktura", "Rechnung", "factură", sv="Faktura", de="Rechnung")
    save(site, "coming")
    save(site, "soon", en="Soon")
    found = [(row.value, row.n, list(row.synonyms), row.labels) for row in names_of(site)]
    assert found == [
        ("avbrott", 3, [], {}),
        ("faktura", 2, ["Rechnung", "factură"], {"sv": "Faktura", "de": "Rechnung"}),
        ("old", 0, [], {}),
        ("soon", 0, [], {"en": "Soon"}),
    ]


def test_an_agent_has_one_name_and_may_have_left(site: Site) -> None:
    invite(site, agent_ref="a-5", agent_name="Alva A.")
    invite(site, agent_ref="a-6")
    with site.database.transaction() as session:
        names.save_name(session, Kind.AGENT, "a-5", {"": "Alva Agent"}, [], TODAY, site.clock())
    rows = {row.value: (row.labels, row.left_on, row.told, row.n) for row in names_of(site, Kind.AGENT)}
    assert rows == {"a-5": ({"": "Alva Agent"}, TODAY, "Alva A.", 1), "a-6": ({}, None, None, 1)}
    assert invite(site, agent_ref="a-5")["status"] == "linked"


def test_a_label_is_the_readers_own_or_the_value_itself(site: Site) -> None:
    save(site, "faktura", sv="Faktura", de="Rechnung")
    with site.database.transaction() as session:
        names.save_name(session, Kind.AGENT, "a-5", {"": "Alva"}, [], TODAY, site.clock())
    with site.database.reading() as session:
        labels = Labels(session)
    assert [labels.of(Kind.CASE_TYPE, "faktura", each) for each in ("sv", "de", "ro")] == [
        "Faktura",
        "Rechnung",
        "faktura",
    ]
    assert labels.of(Kind.TEAM, "faktura", "sv") == "faktura"
    assert labels.of(Kind.AGENT, "a-5", "ro") == "Alva"
    assert (labels.left_on("a-5"), labels.left_on("a-6")) == (TODAY, None)


def test_words_come_each_once(site: Site) -> None:
    save(site, "faktura", "Rechnung")
    with site.database.reading() as session:
        words = Words(session)
        assert words.each(Kind.CASE_TYPE, ["b", "rechnung", "Faktura", "a", "a"]) == ["a", "b", "faktura"]
        assert words.told(Kind.CASE_TYPE, None) == (None, None)
        assert words.told(Kind.AGENT, "Rechnung") == ("Rechnung", None)

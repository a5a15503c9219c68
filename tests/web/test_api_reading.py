"""Programs read answers and scores, and find the figures that everybody else finds."""

from datetime import timedelta
from typing import Any

import pytest

from surveyapp import preferences
from surveyapp.core.access import AgentFigures
from surveyapp.db import Database
from surveyapp.figures import KEYS, row_of
from surveyapp.keys import Scope
from surveyapp.selecting import Dimension, Filter
from tests.support.people import START, Site, Visitor, opened
from tests.support.programs import Program, program
from tests.support.scored import DIMENSIONS, scores


@pytest.fixture
def site(database: Database) -> Site:
    """An installation that names its agents."""
    site = opened(database, SMALLEST_N="1", SMALLEST_N_AGENT="1")
    name_agents(site, AgentFigures.NAMED)
    return site


def name_agents(site: Site, mode: AgentFigures) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"agent_figures": mode}, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


@pytest.fixture
def sheet(site: Site) -> Program:
    return program(site)


def answer(site: Site, rating: int, survey: str = "csat", **about: Any) -> str:
    invited = site.invited(survey, **about)
    assert Visitor(site, invited).press(rating).status == 303
    return invited.id


def test_an_answer_comes_with_what_it_is_about(site: Site, sheet: Program) -> None:
    about = {"agent_ref": "anna", "agent_name": "Anna", "team": "north", "case_type": "billing",
             "channel": "chat", "customer_ref": "C-1", "ticket_ref": "T-1042"}  # fmt: skip
    invited = site.invited(**about, properties={"plan": "gold"})
    Visitor(site, invited).press(4, comment="Tack!")
    [found] = sheet.get("/answers")["answers"]
    assert {name: found[name] for name in about} == about
    assert (found["invitation_id"], found["survey"], found["metric"]) == (invited.id, "csat", "csat")
    assert (found["rating"], found["ratings"], found["comment"]) == (4, {"csat": 4}, "Tack!")
    assert (found["state"], found["evidence"], found["reason"]) == ("counted", "press", None)
    assert (found["day"], found["changed_at"]) == ("2026-03-02", START.isoformat())
    assert found["properties"] == {"plan": "gold"}


def test_held_answers_come_only_when_asked_for(site: Site, sheet: Program) -> None:
    person = Visitor(site, site.invited())
    person.open(4)
    person.tell("seen", 4)
    assert sheet.get("/answers")["answers"] == []
    [held] = sheet.get("/answers?state=held")["answers"]
    assert held["reason"] and held["evidence"] is None


def test_a_copy_is_kept_up_to_date_by_what_changed_since(site: Site, sheet: Program) -> None:
    first = answer(site, 5)
    site.clock.forward(minutes=1)
    second = site.invited()
    person = Visitor(site, second)
    person.press(3)
    since = site.clock() + timedelta(seconds=1)
    site.clock.forward(minutes=1)
    person.press(4)
    query = since.isoformat().replace("+00:00", "Z")
    [changed] = sheet.get(f"/answers?updated_since={query}")["answers"]
    assert (changed["invitation_id"], changed["rating"]) == (second.id, 4)
    assert [a["invitation_id"] for a in sheet.get("/answers")["answers"]] == [first, second.id]


def test_answers_come_page_after_page_with_nothing_twice_and_nothing_missing(
    site: Site, sheet: Program
) -> None:
    made = []
    for number in range(7):
        made.append(answer(site, 1 + number % 5))
        site.clock.forward(seconds=number % 2)
    seen: list[str] = []
    page = sheet.get("/answers?limit=2")
    while True:
        seen += [each["invitation_id"] for each in page["answers"]]
        if page["next"] is None:
            break
        page = sheet.get(f"/answers?limit=2&cursor={page['next']}")
    assert sorted(seen) == sorted(made) and len(seen) == 7


@pytest.mark.parametrize(
    ("query", "n"),
    [("metric=nps", 1), ("agent=anna", 2), ("team=north", 1), ("case_type=billing", 1), ("channel=chat", 1),
     ("locale=sv", 1), ("property=plan=gold", 1), ("version=nps 1", 1), ("pressed=true", 4),
     ("pressed=false", 4), ("from=2026-03-03", 1), ("to=2026-03-02", 3), ("agent=anna&team=north", 1)],
)  # fmt: skip
def test_answers_and_scores_have_the_same_filters(site: Site, sheet: Program, query: str, n: int) -> None:
    answer(site, 5, agent_ref="anna", team="north", case_type="billing")
    answer(site, 4, agent_ref="anna", channel="chat", locale="sv", properties={"plan": "gold"})
    answer(site, 9, "nps")
    site.clock.forward(days=1)
    answer(site, 3)
    assert len(sheet.get(f"/answers?{query}")["answers"]) == n
    assert sum(row["n"] for row in sheet.get(f"/scores?{query}")["scores"]) == n


@pytest.mark.parametrize("by", [None, *DIMENSIONS])
def test_scores_are_the_very_figures_of_the_report(site: Site, sheet: Program, by: Dimension | None) -> None:
    for rating in (5, 5, 4, 2):
        answer(site, rating, agent_ref="anna", team="north", case_type="billing", channel="chat")
    answer(site, 10, "nps", agent_ref="erik")
    with site.database.reading() as session:
        figures = scores(session, site.settings, Filter(), by)
    assert sheet.get(f"/scores{f'?by={by}' if by else ''}")["scores"] == [row_of(each) for each in figures]


def test_scores_say_how_many_were_asked_and_which_way_is_better(site: Site, sheet: Program) -> None:
    for rating in (1, 2):
        answer(site, rating, "ces", team="north")
    site.invited("ces", team="north")
    site.invited(
        "ces", team="north", is_mailed=True, address="q@example.se"
    )  # queued: invited, and not accepted yet
    site.invited("ces", team="south")
    [row] = sheet.get("/scores?metric=ces&team=north")["scores"]
    assert (row["direction"], row["invited"], row["accepted"], row["n"]) == ("lower", 4, 3, 2)
    assert row["response_rate"] == pytest.approx(200 / 3)


def test_the_refused_and_the_called_off_are_not_among_the_invited(site: Site, sheet: Program) -> None:
    answer(site, 5)
    for _ in range(2):  # the second one falls into the quiet period
        sheet.invite(ticket_ref="T-7", recipient={"email": "one@example.se"})
    sheet.call("POST", "/tickets/T-7/reopened")
    [row] = sheet.get("/scores?metric=csat")["scores"]
    assert (row["invited"], row["accepted"], row["response_rate"]) == (1, 1, 100)


def test_a_response_rate_is_of_one_cohort_and_never_above_a_hundred(site: Site, sheet: Program) -> None:
    late = site.invited()
    site.clock.forward(days=1)
    Visitor(site, late).press(5)
    first, second = (sheet.get(f"/scores?metric=csat&{q}=2026-03-0{d}&{z}=2026-03-0{d}")["scores"][0]
                     for q, z, d in (("from", "to", 2), ("from", "to", 3)))  # fmt: skip
    assert (first["n"], first["accepted"], first["response_rate"]) == (0, 1, 100)
    assert (second["n"], second["accepted"], second["response_rate"]) == (1, 0, None)


def test_small_groups_are_withheld_here_too(database: Database) -> None:
    site = opened(database)
    answer(site, 5)
    [row] = program(site).get("/scores?metric=csat")["scores"]
    assert (row["n"], row["withheld"], row["score"], row["low"]) == (1, True, None, None)


# --- what a key reads ------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["property.plan", "version", "week", "month"])
def test_scores_are_broken_down_by_version_time_and_property(site: Site, sheet: Program, by: str) -> None:
    answer(site, 5, properties={"plan": "gold"})
    [row] = sheet.get(f"/scores?by={by}")["scores"]
    assert tuple(row) == KEYS
    assert row["group"] == {
        "property.plan": "gold", "version": "csat 1", "week": "2026-W10", "month": "2026-03",
    }[by]  # fmt: skip


def test_scores_are_compared_with_the_period_before(site: Site, sheet: Program) -> None:
    answer(site, 1)
    answer(site, 5)
    site.clock.forward(days=1)
    for rating in (5, 5, 4):
        answer(site, rating)
    [row] = sheet.get("/scores?from=2026-03-03&to=2026-03-03&compare=previous")["scores"]
    assert (row["previous_n"], row["previous_score"], row["change"]) == (2, 50, 50)
    assert row["change_low"] < row["change"] < row["change_high"]
    assert sheet.get("/scores?from=2026-03-03&to=2026-03-03")["scores"][0]["previous_n"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("by=planet", "/by"), ("by=property", "/by"), ("property=gold", "/property"), ("pressed=1", "/pressed"),
     ("compare=before", "/compare"), ("compare=previous", "/from"), ("from=2026-03-05&to=2026-03-01", "/to"),
     ("from=2026-03-01&to=2026-03-02&by=day&compare=previous", "/compare")],
)  # fmt: skip
def test_a_parameter_that_cannot_be_used_is_named(sheet: Program, query: str, pointer: str) -> None:
    reply = sheet.call("GET", f"/scores?{query}")
    assert reply.status_code == 422
    [problem] = (reply.json or {})["errors"]
    assert problem["pointer"] == pointer and problem["detail"].endswith(".")


def test_a_key_that_opens_no_answers_is_bound_to_whole_periods_that_are_closed(site: Site) -> None:
    answer(site, 5, team="north")
    site.clock.forward(days=14)
    bound = program(site, Scope.READ)
    reply = bound.call("GET", "/scores?from=2026-03-02&to=2026-03-03")
    assert reply.status_code == 422
    assert (reply.json or {})["errors"] == [
        {"pointer": "/from", "detail": "Choose a whole week, month, quarter or year that has ended."}
    ]
    rows = bound.get("/scores?from=2026-03-02&to=2026-03-08")["scores"]
    assert [tuple(row) for row in rows] == [KEYS]
    assert bound.call("GET", "/scores?from=2026-03-02&to=2026-03-08&by=agent").status_code == 422


@pytest.mark.parametrize("mode", [AgentFigures.OFF, AgentFigures.PSEUDONYMOUS])
def test_where_agents_are_not_named_none_stands_beside_a_ticket(site: Site, mode: AgentFigures) -> None:
    name_agents(site, mode)
    sheet, about = program(site), {"agent_ref": "anna", "agent_name": "Anna Lind"}
    # Whoever invites gets back what they told, and nobody else's word for it.
    made = sheet.invite(ticket_ref="T-9", occasion="x", **about)
    assert made["agent_ref"] == "anna"
    assert sheet.invite(ticket_ref="T-9", occasion="x", agent_ref="erik")["agent_ref"] == "erik"
    assert sheet.invite(ticket_ref="T-9", occasion="x")["agent_ref"] is None
    batch = sheet.call("POST", "/invitations/batch", {"invitations": [
        {"survey": "csat", "ticket_ref": "T-9", "occasion": "x"}]}).text  # fmt: skip
    Visitor(site, site.of(made["id"])).press(4)
    told = [
        batch,
        *(
            sheet.call("GET", path).text
            for path in ("/answers", "/invitations", f"/invitations/{made['id']}")
        ),
        sheet.call("POST", f"/invitations/{made['id']}/cancel").text,
    ]
    assert not any("anna" in text.lower() for text in told)
    for path in ("/answers", "/invitations", "/scores"):
        [problem] = (sheet.call("GET", f"{path}?agent=anna").json or {})["errors"]
        assert problem == {
            "pointer": "/agent", "detail": "Agents are not named here, so none can be chosen.",
        }  # fmt: skip


def test_an_answer_says_where_its_rating_falls_and_which_version_was_asked(
    site: Site, sheet: Program
) -> None:
    answer(site, 5)
    [found] = sheet.get("/answers")["answers"]
    assert (found["rating_group"], found["version"]) == ("favourable", "csat 1")

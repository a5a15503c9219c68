"""The pages with what customers wrote and with the answers behind a figure."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from surveyapp import answers, preferences, surveys
from surveyapp.answers import Entry
from surveyapp.core.access import AgentFigures, Permission, Role
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.models import Record
from tests.support.people import HOST, Invited, Page, Site, opened
from tests.support.staff import Staff, staff

HOSTILE = "<b>Och så \"vidare\" & 'mer'</b>"


@pytest.fixture
def site(database: Database) -> Site:
    site = opened(database)
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    return site


@pytest.fixture
def leader(site: Site) -> Staff:
    return staff(site, Role.LEADER)


@dataclass(frozen=True, slots=True)
class Told:
    """The cards of a page, by their tickets."""

    page: Page

    @property
    def tickets(self) -> list[str]:
        return re.findall(r'<h2>\s*<a href="/admin/tickets/([^"]*)"', self.page.response.text)


def give(site: Site, ticket: str, rating: int | None = 2, comment: str = "Too slow", **about: Any) -> Invited:
    survey, nps = about.pop("survey", "csat"), about.pop("nps", None)
    made = site.invited(survey, **{"ticket_ref": ticket, "team": "Nord", **about})
    entry = Entry(rating, comment or None, {} if nps is None else {"nps": nps})
    with site.database.transaction() as session:
        answers.count(session, site.settings, made.id, entry, is_verified=True, now=site.clock())
    site.clock.forward(minutes=10)
    return made


def prefer(site: Site, **wishes: Any) -> None:
    with site.database.transaction() as session:
        preferences.save(session, wishes, site.clock())
    site.app.extensions["surveyapp"].preferences.forget()


def tickets(page: Page) -> list[str]:
    return Told(page).tickets


def form_of(page: Page, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent there."""
    part = page.response.text.split(f'action="{action}"')[1].split("</form>")[0]
    found = re.findall(r'<input type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"', part)
    return {name: unescape(value) for name, value in found}


# --- the stream ------------------------------------------------------------------------------------


def test_a_leader_reads_comments_with_all_that_belongs_to_them(site: Site, leader: Staff) -> None:
    give(site, "T-1", 2, "För långsamt", nps=9, case_type="Faktura", channel="email", locale="sv")
    give(site, "T-2", 4, "")
    page = leader.get("/figures/comments")
    assert page.heading == "Comments" and tickets(page) == ["T-1"]
    for words in (
        "2 Mar 2026",
        "För långsamt",
        "Customer satisfaction (CSAT) 2 – Dissatisfied Unfavourable",
        "Willingness to recommend (NPS) 9 on a scale from 0 to 10 Favourable",
        "Faktura · email · Swedish · Nord",
    ):
        assert words in page.words
    assert re.search(r'<blockquote class="written" lang="sv" dir="auto">För', page.response.text)
    assert "Too slow" not in page.words and "kund@example.se" not in page.text


def test_markup_is_shown_as_it_was_written(site: Site, leader: Staff) -> None:
    give(site, HOSTILE.replace("/", ""), comment=HOSTILE)
    page = leader.get("/figures/comments")
    assert HOSTILE in page.text and "<b>" not in page.response.text


def test_a_comment_alone_has_no_rating(site: Site, leader: Staff) -> None:
    give(site, "T-1", None, "Just words", survey="open")
    assert "Just words A comment alone" in leader.get("/figures/comments").words


def test_the_way_to_the_helpdesk_is_there_where_it_is_set(site: Site, leader: Staff) -> None:
    give(site, "T-1")
    assert "helpdesk" not in leader.get("/figures/comments").words
    prefer(site, ticket_url="https://help.example/t/{ticket}")
    text = leader.get("/figures/comments").text
    assert 'href="https://help.example/t/T-1"' in text and 'rel="noreferrer"' in text


def test_the_stream_is_narrowed_by_group_and_filter_and_ordered(site: Site, leader: Staff) -> None:
    give(site, "BAD", 1)
    give(site, "GOOD", 5)
    give(site, "SOUTH", 4, nps=2, team="Süd")
    assert tickets(leader.get("/figures/comments")) == ["SOUTH", "GOOD", "BAD"]
    assert tickets(leader.get("/figures/comments?first=unfavourable")) == ["BAD", "SOUTH", "GOOD"]
    assert tickets(leader.get("/figures/comments?first=unfavourable&metric=nps")) == ["SOUTH"]
    assert tickets(leader.get("/figures/comments?group=favourable")) == ["SOUTH", "GOOD"]
    assert tickets(leader.get("/figures/comments?team=Nord&group=favourable")) == ["GOOD"]
    assert tickets(leader.get("/figures/comments?group=nonsense")) == ["SOUTH", "GOOD", "BAD"]
    assert tickets(leader.get("/figures/comments?from=2026-03-01&to=2026-03-01")) == []


def test_the_filter_bar_keeps_group_and_order(site: Site, leader: Staff) -> None:
    give(site, "BAD", 1)
    page = leader.get("/figures/comments?first=unfavourable&group=unfavourable&team=Nord")
    assert form_of(page, "/admin/figures/comments")["first"] == "unfavourable"
    assert form_of(page, "/admin/figures/comments")["group"] == "unfavourable"
    sent = leader.post("/figures/comments?team=Nord&period=90d", q="", group="neutral", first="unfavourable")
    assert sent.status == 303
    for said in ("team=Nord", "period=90d", "group=neutral", "first=unfavourable"):
        assert said in sent.location


def test_older_comments_follow_page_by_page(
    site: Site, leader: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveyapp.web.admin.comments.ON_A_PAGE", 2)
    for number in range(5):
        give(site, f"T-{number}", number % 5 + 1)
    seen, path = [], "/figures/comments?first=unfavourable&team=Nord"
    while path:
        page = leader.get(path)
        seen += tickets(page)
        found = re.search(r'class="pager"><a class="button quiet" href="([^"]*)"', page.response.text)
        path = unescape(found[1]) if found else ""
    assert seen == ["T-1", "T-0", "T-2", "T-4", "T-3"]
    assert leader.get("/figures/comments?cursor=nonsense").status == 422


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/figures/comments", "Nobody has written a comment in this period."),
        ("/figures/comments?team=Nord", "No comment fits these filters."),
        ("/figures/comments?group=neutral", "No comment fits these filters."),
        ("/figures/answers", "No answer counts in this period yet."),
        ("/figures/answers?rating=3", "No answer that counts fits these filters."),
    ],
)
def test_an_empty_list_says_why(leader: Staff, path: str, words: str) -> None:
    assert words in leader.get(path).words


# --- search ----------------------------------------------------------------------------------------


def test_a_search_finds_words_and_leaves_them_out_of_every_address(
    site: Site, leader: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveyapp.web.admin.comments.ON_A_PAGE", 1)
    give(site, "OLD", comment="Anna ÅKERLUND was rude")
    give(site, "OTHER", comment="All fine")
    give(site, "NEW", comment="Thanks to anna åkerlund")
    page = leader.post("/figures/comments?team=Nord", q=" Anna Åkerlund ")
    assert page.status == 200 and tickets(page) == ["NEW"]
    assert "Only comments that hold “Anna Åkerlund”. Show all comments" in page.words
    urls = re.findall(r'(?:href|action)="([^"]*)"', page.text)
    assert urls and not [url for url in urls if "kerlund" in url]
    pager = page.response.text.split('class="pager')[1]
    sent = dict(re.findall(r'name="(q|cursor|group)" value="([^"]*)"', pager))
    following = leader.post("/figures/comments?team=Nord", sent)
    assert tickets(following) == ["OLD"] and "Show more" not in following.words


@pytest.mark.parametrize("words", ["%", "_", "' OR 1=1 --", "<script>"])
def test_a_search_takes_every_sign_for_itself(site: Site, leader: Staff, words: str) -> None:
    give(site, "T-1")
    page = leader.post("/figures/comments", q=words)
    assert page.status == 200 and "No comment of this choice holds these words." in page.words
    assert "<script>" not in page.response.text


def test_a_search_that_is_not_through_says_so(
    site: Site, leader: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveyapp.stream.READ_AT_ONCE", 1)
    monkeypatch.setattr("surveyapp.stream.MOST_SEARCHED", 1)
    give(site, "T-1", comment="A needle")
    give(site, "T-2", comment="Hay")
    page = leader.post("/figures/comments", q="needle")
    assert "Nothing found so far. There are more comments to look through." in page.words
    assert "Show more" in page.words


def test_the_list_says_which_day_counts(site: Site, leader: Staff) -> None:
    give(site, "T-1")
    assert "Scores go by the day of the answer." in leader.get("/figures/comments").words


def test_what_cannot_be_looked_for_is_said(leader: Staff) -> None:
    for sent in ({"q": "x" * 201}, {"q": "a\x00b"}, {"group": "nonsense"}):
        assert leader.post("/figures/comments", sent).status == 422


# --- withdraw --------------------------------------------------------------------------------------


def test_an_answer_is_withdrawn_from_the_stream_and_restored_there(site: Site, leader: Staff) -> None:
    made = give(site, "T-1", nps=9)
    give(site, "T-2", 1)
    path = "/figures/comments?first=unfavourable&period=7d"
    page = leader.get(path)
    assert tickets(page) == ["T-2", "T-1"]
    sent = form_of(page, f"/admin/answers/{made.id}/withdraw")
    sent.pop("csrf_token")
    answered = leader.post(f"/answers/{made.id}/withdraw", sent, why="spam")
    page = leader.follow(answered)
    assert page.heading == "Comments" and tickets(page) == ["T-2"]
    assert "The answer is withdrawn and counts no more." in page.words
    assert "The answer about T-1 is withdrawn." in page.words and site.n() == 1
    sent = form_of(page, f"/admin/answers/{made.id}/restore")
    sent.pop("csrf_token")
    page = leader.follow(leader.post(f"/answers/{made.id}/restore", sent))
    assert tickets(page) == ["T-2", "T-1"] and "is withdrawn" not in page.words
    assert "first=unfavourable" in sent["next"] and "period=7d" in sent["next"]
    assert sorted(row["deed"] for row in site.rows(Record)) == ["restored", "voided"]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/admin/comments",
        "//evil.example/admin/comments",
        "/admin/figures/comments/../../logout",
        "/admin/figures/comments@evil.example",
        "/admin/logout",
        "/admin/figures/comments?\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_after_withdrawing_nobody_is_led_elsewhere(site: Site, leader: Staff, wanted: str) -> None:
    made = give(site, "T-1")
    sent = leader.post(f"/answers/{made.id}/withdraw", {"why": "spam", "next": wanted})
    assert sent.location.removeprefix(HOST) == "/admin/tickets/T-1"


def test_only_an_answer_that_is_withdrawn_is_offered_to_be_restored(site: Site, leader: Staff) -> None:
    made = give(site, "T-1", team="Nord")
    for said in (made.id, "nobody", "\x00"):
        assert "is withdrawn" not in leader.get(f"/figures/comments?{urlencode({'withdrawn': said})}").words
    leader.post(f"/answers/{made.id}/withdraw", why="spam")
    assert "is withdrawn" in leader.get(f"/figures/comments?withdrawn={made.id}").words
    foreign = staff(site, Role.LEADER, teams=["Süd"])
    assert "T-1" not in foreign.get(f"/figures/comments?withdrawn={made.id}").words


# --- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT, Role.AGENT])
def test_neither_page_is_for_those_without_answers_and_figures(site: Site, role: Role) -> None:
    give(site, "T-1", agent_ref="kim")
    somebody = staff(site, role, agent_ref="kim", allowed={Permission.COMMENTS: True})
    for page in (
        somebody.get("/figures/comments"),
        somebody.post("/figures/comments", q="slow"),
        somebody.get("/figures/answers"),
    ):
        assert page.status == 403 and "Too slow" not in page.text


def test_a_leader_without_comments_sees_none_on_either_page(site: Site) -> None:
    give(site, "T-1")
    deaf = staff(site, Role.LEADER, allowed={Permission.COMMENTS: False})
    assert (
        deaf.get("/figures/comments").status == 403 and deaf.post("/figures/comments", q="slow").status == 403
    )
    page = deaf.get("/figures/answers")
    assert "T-1" in page.words and "Too slow" not in page.text and "/admin/figures/comments" not in page.text


def test_a_leader_reads_the_own_teams_alone(site: Site) -> None:
    give(site, "OURS")
    give(site, "THEIRS", team="Süd")
    leader = staff(site, Role.LEADER, teams=["Nord"])
    assert tickets(leader.get("/figures/comments")) == ["OURS"]
    assert "THEIRS" not in leader.get("/figures/answers").text
    assert tickets(leader.get("/figures/comments?team=S%C3%BCd")) == []


@pytest.mark.parametrize("mode", list(AgentFigures))
def test_agents_stand_there_only_where_they_are_named(site: Site, leader: Staff, mode: AgentFigures) -> None:
    give(site, "T-1", agent_ref="kim", agent_name="Kim Berg")
    prefer(site, agent_figures=mode)
    is_named = mode is AgentFigures.NAMED
    for path in (
        "/figures/comments",
        "/figures/answers",
        "/figures/comments?agent=kim",
        "/figures/answers?agent=kim",
    ):
        page = leader.get(path)
        assert page.status == 200 and ("Kim Berg" in page.text) == is_named
        assert "agent" not in path or ("Agents are not named here" in page.words) != is_named


# --- the answers behind a figure -------------------------------------------------------------------


def test_the_answers_behind_a_figure_are_listed_with_their_tickets(site: Site, leader: Staff) -> None:
    give(site, "T-1", 2, nps=9, case_type="Faktura", channel="email", locale="sv")
    give(site, "T-2", 5, "")
    give(site, "T-3", 4, "", survey="nps")
    page = leader.get("/figures/answers?metric=nps")
    assert page.heading == "Answers behind the figures"
    assert 'href="/admin/tickets/T-1"' in page.text and "T-2" not in page.words and "T-3" in page.words
    assert "Nord, Faktura email, Swedish Too slow" in page.words
    page = leader.get("/figures/answers?metric=nps&group=unfavourable")
    assert "Only answers with an unfavourable rating. Show every rating" in page.words
    assert "T-3" in page.words and "T-1" not in page.words
    page = leader.get("/figures/answers?metric=csat&rating=5")
    assert "Only answers with the rating 5." in page.words
    assert "T-2" in page.words and "T-1" not in page.words
    for nonsense in ("-1", "99", "5.0", "²", "9" * 30):
        page = leader.get(f"/figures/answers?{urlencode({'rating': nonsense})}")
        assert page.status == 200 and "T-1" in page.words and "Only answers with" not in page.words
    assert "Scores go by the day of the answer." in page.words


def test_more_answers_follow_about_the_same(
    site: Site, leader: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveyapp.web.admin.comments.ON_A_PAGE", 1)
    for number in range(2):
        give(site, f"T-{number}", 1)
    page = leader.get("/figures/answers?metric=csat&group=unfavourable&period=7d")
    more = unescape(page.response.text.split('class="pager"')[1].split('href="')[1].split('"')[0])
    for said in ("metric=csat", "group=unfavourable", "period=7d"):
        assert said in more
    following = leader.get(more)
    assert "T-0" in following.words and "T-1" not in following.words

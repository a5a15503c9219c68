"""Figures by mail: the own choice, the addresses without an account, and their way out."""

import re
from datetime import timedelta

import pytest

from surveyapp import summaries
from surveyapp.core.access import Role
from surveyapp.core.periods import Whole
from surveyapp.db import Database
from surveyapp.links import Purpose
from surveyapp.models import Record, Summary
from tests.support.people import Page, Site, opened
from tests.support.staff import Staff, account, staff

MAIL = "sales@nordlicht.example"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def add(somebody: Staff, email: str = MAIL, every: str = "week", locale: str = "ro") -> Page:
    return somebody.post("/settings/summaries", email=email, every=every, locale=locale)


def wants(site: Site) -> list[tuple[str | None, str]]:
    return [(row["address"], row["every"]) for row in site.rows(Summary)]


def path_out(site: Site, locale: str = "ro") -> str:
    """The link at the end of the mail to the one address."""
    [row] = site.rows(Summary)
    return f"/m/{site.links.sign(Purpose.SUMMARY, row['id'])}?lang={locale}"


# --- the own choice --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.ADMIN, Role.LEADER, Role.VIEWER])
def test_everybody_with_figures_chooses_for_themselves(site: Site, role: Role) -> None:
    reader = staff(site, role)
    page = reader.get("/account/summaries")
    assert reader.user and reader.user.email in page.words
    assert ("Addresses without an account" in page.words) == (role is Role.ADMIN)
    for every, said in (("week", "You get the figures by email"), ("", "You get no figures by email.")):
        after = reader.follow(reader.post("/account/summaries", every=every))
        assert said in after.words
        chosen = [each["value"] for each in after.inputs if each.get("type") == "radio" and "checked" in each]
        assert chosen == [every]
    assert wants(site) == []
    reader.post("/account/summaries", every="month")
    assert wants(site) == [(None, "month")]


def test_what_is_no_choice_is_refused(site: Site) -> None:
    reader = staff(site, Role.LEADER)
    assert reader.post("/account/summaries", every="day").status == 422
    assert reader.post("/account/summaries").status == 422
    assert wants(site) == []


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AGENT])
def test_without_figures_there_is_nothing_to_choose(site: Site, role: Role) -> None:
    assert staff(site, role).get("/account/summaries").status == 403
    assert staff(site, role).post("/account/summaries", every="week").status == 403


# --- addresses without an account ------------------------------------------------------------------


def test_an_address_is_put_down_listed_and_removed(site: Site) -> None:
    admin = staff(site)
    assert "No address gets figures yet." in admin.get("/settings/summaries").words
    page = admin.follow(add(admin, " Sales@Nordlicht.example"))
    assert "The address gets the figures from the next time on." in page.words
    assert f"{MAIL} Every week, on Monday română 9 Mar 2026, 07:00" in page.words
    [row] = site.rows(Summary)
    after = admin.follow(admin.post(f"/settings/summaries/{row['id']}/remove"))
    assert "The address was deleted." in after.words and MAIL not in after.words
    assert wants(site) == []
    assert admin.post(f"/settings/summaries/{row['id']}/remove").status == 404
    log = site.rows(Record)
    assert {each["deed"] for each in log} == {"summary_added", "summary_removed"} and MAIL not in str(log)


@pytest.mark.parametrize(
    ("email", "every", "locale"),
    [("nobody", "week", "de"), ("", "week", "de"), (MAIL, "day", "de"), (MAIL, "week", "fr")],
)
def test_what_cannot_be_is_said_and_nothing_is_kept(site: Site, email: str, every: str, locale: str) -> None:
    page = add(staff(site), email, every, locale)
    assert page.status == 422 and "problem" in page.response.text
    assert wants(site) == []


def test_somebody_with_an_account_is_not_put_down(site: Site) -> None:
    page = add(staff(site), account(site).email)
    assert page.status == 422 and "This is already in use." in page.words


def test_an_address_that_mail_does_not_reach_is_pointed_out(site: Site) -> None:
    admin = staff(site)
    add(admin)
    with site.database.transaction() as session:
        session.get_one(Summary, site.rows(Summary)[0]["id"]).outcome = "given up: 550 <b>No</b> such user"
    page = admin.get("/settings/summaries")
    assert "The last email did not arrive: 550 <b>No</b> such user" in page.words
    assert "<b>No</b>" not in page.response.text


@pytest.mark.parametrize("role", [Role.LEADER, Role.VIEWER, Role.SUPPORT])
def test_addresses_are_for_whoever_sets_up_the_organisation_alone(site: Site, role: Role) -> None:
    add(staff(site))
    somebody = staff(site, role)
    made = site.rows(Summary)[0]["id"]
    assert somebody.get("/settings/summaries").status == 403 and add(somebody, "x@y.example").status == 403
    assert somebody.post(f"/settings/summaries/{made}/remove").status == 403
    assert wants(site) == [(MAIL, "week")]


# --- the way out -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_opening_the_way_out_stops_nothing(site: Site, method: str) -> None:
    add(staff(site))
    page = Page(site.client.open(path_out(site), method=method))
    assert page.status == 200 and wants(site) == [(MAIL, "week")]


@pytest.mark.parametrize("data", [{"List-Unsubscribe": "One-Click"}, {}], ids=["one-click", "button"])
def test_a_post_forgets_the_address_and_the_second_one_says_the_same(
    site: Site, data: dict[str, str]
) -> None:
    add(staff(site))
    path = path_out(site, "en")
    offered = Page(site.client.get(path))
    assert offered.heading == "Stop these emails" and MAIL not in offered.text
    # The button sends its form to the very address that it stands on.
    assert re.search(r'<form method="post">', offered.response.text)
    pages = [Page(site.client.post(path, data=data)) for _ in range(2)]
    pages.append(Page(site.client.get(path)))
    for page in pages:
        assert (page.status, page.heading) == (200, "No more figures by email")
        assert "Your address was deleted." in page.words
        assert "Set-Cookie" not in page.headers and page.headers["Cache-Control"] == "no-store"
        assert "noindex" in page.headers["X-Robots-Tag"] and "noindex" in page.response.text
    assert wants(site) == []
    removed = [(each["deed"], each["actor"]) for each in site.rows(Record)]
    assert sorted(removed) == [("summary_added", "user"), ("summary_removed", "nobody")]


def test_the_page_speaks_the_language_of_the_mail(site: Site) -> None:
    add(staff(site))
    path = path_out(site, "ro")
    for page in (Page(site.client.get(path)), *(Page(site.client.post(path)) for _ in range(2))):
        assert page.language == "ro"


def test_no_other_link_of_ours_and_no_forged_one_leads_out(site: Site) -> None:
    add(staff(site))
    [row] = site.rows(Summary)
    for token in ("forged.token", site.links.sign(Purpose.UNSUBSCRIBE, row["id"])):
        assert Page(site.client.post(f"/m/{token}")).status == 404
    assert wants(site) == [(MAIL, "week")]


def test_a_users_own_choice_has_no_way_out_without_a_login(site: Site) -> None:
    leader = staff(site, Role.LEADER)
    with site.database.transaction() as session:
        viewer, settings = leader.viewer, site.settings
        summaries.choose(session, settings, viewer.id, viewer, Whole.WEEK, site.clock() - timedelta(days=1))
    Page(site.client.post(path_out(site)))
    assert wants(site) == [(None, "week")]

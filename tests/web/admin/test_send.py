"""Sending surveys: by hand, from a file, and as a link."""

import csv
import re
from io import BytesIO, StringIO

import pytest

from surveyapp import audit, invitations, names, surveys, uploads
from surveyapp.core.access import Role
from surveyapp.core.deeds import Deed
from surveyapp.core.policy import Refusal
from surveyapp.db import Database
from surveyapp.models import Invitation, Upload
from surveyapp.names import Kind
from tests.support.people import Page, Site, Visitor, opened
from tests.support.staff import Staff, staff

CUSTOMER = {
    "survey": "csat",
    "locale": "sv",
    "ticket": "T-17",
    "email": "eva@example.se",
    "name": "Eva Lind",
    "form_id": "a-form",
}
NASTY = '<b>"&amp;'


def test_a_survey_is_sent_by_hand(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    page = anna.post("/send", CUSTOMER, step="send", agent="a7", agent_name="Bo", channel="phone")
    [row] = site.rows(Invitation)
    assert page.location == f"/admin/invitations/{row['id']}"
    assert (row["address"], row["locale"], row["status"], row["source"]) == (
        "eva@example.se",
        "sv",
        "queued",
        "hand",
    )
    assert (row["agent_ref"], row["agent_name"], row["channel"]) == ("a7", "Bo", "phone")
    assert _deeds(site) == [(Deed.INVITED, row["id"])]


def test_the_same_form_sent_twice_invites_once(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    first, second = (anna.post("/send", CUSTOMER, step="send") for _ in range(2))
    assert first.location == second.location
    assert len(site.rows(Invitation)) == len(_deeds(site)) == 1


def test_a_new_form_has_an_id_of_its_own(database: Database) -> None:
    anna = staff(opened(database))
    assert len({_value(anna.get("/send"), "form_id") for _ in range(2)}) == 2


def test_a_preview_shows_the_mail_and_sends_nothing(database: Database) -> None:
    site = opened(database)
    page = staff(site).post("/send", CUSTOMER, step="preview")
    assert page.status == 200
    assert "The survey goes out on 2 March 2026 at 10:00." in page.words
    assert "Eva Lind, eva@example.se" in page.words
    assert "Hej Eva Lind" in page.text
    assert "T-17" in page.words
    assert site.rows(Invitation) == []


def test_enter_in_a_field_shows_a_preview(database: Database) -> None:
    """A browser then sends the form by its first button, or by none."""
    site = opened(database)
    page = staff(site).get("/send")
    assert re.findall(r'name="step"\s+value="(\w+)"', page.response.text)[0] == "preview"
    assert staff(site).post("/send", CUSTOMER).status == 200
    assert site.rows(Invitation) == []


def test_a_preview_keeps_everything_to_be_sent(database: Database) -> None:
    page = staff(opened(database)).post("/send", CUSTOMER, step="preview", case_type=NASTY)
    kept = {each["name"]: each.get("value") for each in page.inputs if "name" in each}
    assert {name: kept[name] for name in ("ticket", "email", "name", "form_id")} == {
        name: CUSTOMER[name] for name in ("ticket", "email", "name", "form_id")
    }
    assert kept["case_type"] == NASTY
    assert NASTY not in page.response.text
    assert '<option selected value="sv">' in page.response.text


def test_what_was_looked_at_can_be_sent_as_it_is(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    page = anna.post("/send", CUSTOMER, step="preview", team="Billing")
    hidden = {each["name"]: each["value"] for each in page.inputs if each.get("type") == "hidden"}
    anna.post("/send", hidden, step="send")
    [row] = site.rows(Invitation)
    assert (row["ticket_ref"], row["locale"], row["team"], row["agent_ref"]) == (
        "T-17",
        "sv",
        "Billing",
        None,
    )


def test_a_preview_says_why_not_and_from_when(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    anna.post("/send", CUSTOMER, step="send")
    page = anna.post("/send", CUSTOMER, step="preview", ticket="T-18")
    assert "The customer was asked only recently. A new survey may be sent from" in page.words
    assert len(site.rows(Invitation)) == 1


def test_a_preview_says_that_the_same_form_was_sent(database: Database) -> None:
    anna = staff(opened(database))
    anna.post("/send", CUSTOMER, step="send")
    assert "Sending it again changes nothing." in anna.post("/send", CUSTOMER, step="preview").words


def test_a_preview_waits_for_the_hours_of_the_survey(database: Database) -> None:
    site = opened(database)
    with site.database.transaction() as session:
        surveys.set_policy(session, "csat", {"window_from": "13:00", "window_to": "15:00"})
    page = staff(site).post("/send", CUSTOMER, step="preview")
    assert "The survey goes out on 2 March 2026 at 13:00." in page.words


def test_what_is_against_it_is_noted_and_said(database: Database) -> None:
    site = opened(database)
    with site.database.transaction() as session:
        hashed = invitations.hash_of(site.settings, "eva@example.se")
        invitations.suppress_hash(session, hashed, Refusal.DO_NOT_SURVEY, site.clock())
    anna = staff(site)
    assert "The customer is on the do-not-survey list." in anna.post("/send", CUSTOMER).words
    anna.post("/send", CUSTOMER, step="send")
    [row] = site.rows(Invitation)
    assert (row["status"], row["reason"]) == ("refused", "do_not_survey")


def test_the_mail_is_a_document_that_can_do_nothing(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    page = anna.post("/send", CUSTOMER, step="preview")
    found = re.search(r'<iframe[^>]* src="([^"]*)"\s+sandbox>', page.response.text)
    assert found
    url = found[1].replace("&amp;", "&")
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "eva" not in url.lower()
    mail = anna.get(url)
    assert "T-17" in mail.text
    assert "Eva" not in mail.text
    assert "Maria" not in mail.text
    rules = mail.headers["Content-Security-Policy"]
    assert "default-src 'none'" in rules
    assert "frame-ancestors 'self'" in rules
    assert "script-src" not in rules


def test_no_other_page_may_hold_frames(database: Database) -> None:
    assert "frame-src" not in staff(opened(database)).get("/send").headers["Content-Security-Policy"]


def test_a_mail_of_no_survey_is_not_there(database: Database) -> None:
    assert staff(opened(database)).get("/send/preview?survey=nope&locale=xx").status == 404


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("ticket", "", "This is missing."),
        ("email", "", "This is missing."),
        ("email", "eva(at)example.se", "This is not an email address."),
        ("survey", "nope", "This is not known."),
        ("locale", "fr", "This is not known."),
        ("agent", "x" * 201, "This is longer than 200 characters."),
        ("name", "Eva\x00", "This has characters that are no text."),
    ],
)
@pytest.mark.parametrize("step", ["preview", "send"])
def test_what_is_wrong_is_said_and_everything_stays(
    database: Database, field: str, typed: str, said: str, step: str
) -> None:
    site = opened(database)
    page = staff(site).post("/send", {**CUSTOMER, "customer": NASTY, field: typed}, step=step)
    assert page.status == 422
    assert said in page.words
    assert _value(page, "customer") == NASTY
    assert site.rows(Invitation) == []


def test_what_is_wrong_is_said_in_the_readers_language(database: Database) -> None:
    page = staff(opened(database), language="de").post("/send", CUSTOMER, email="eva", step="send")
    assert "Der Wert ist keine E-Mail-Adresse." in page.words


def test_a_closed_survey_is_not_offered(database: Database) -> None:
    site = opened(database)
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", site.clock())
    anna = staff(site)
    assert 'value="csat"' not in anna.get("/send").response.text
    assert anna.post("/send", CUSTOMER, step="send").status == 422


def test_support_sends_for_its_only_team_without_a_word(database: Database) -> None:
    site = opened(database)
    bo = staff(site, Role.SUPPORT, teams=["Billing"])
    assert _value(bo.get("/send"), "team") == "Billing"
    bo.post("/send", CUSTOMER, step="send", team="")
    assert site.rows(Invitation)[0]["team"] == "Billing"


@pytest.mark.parametrize("step", ["preview", "send"])
def test_support_sends_for_no_other_team(database: Database, step: str) -> None:
    site = opened(database)
    page = staff(site, Role.SUPPORT, teams=["Billing"]).post("/send", CUSTOMER, step=step, team="Sales")
    assert page.status == 422
    assert "This must be one of these: Billing." in page.words
    assert site.rows(Invitation) == []


def test_known_words_are_offered_by_their_names(database: Database) -> None:
    site = opened(database)
    site.invited(case_type="invoice", team="Sales", channel=NASTY)
    with site.database.transaction() as session:
        labels = {"en": "Invoices"}
        names.save_name(session, Kind.CASE_TYPE, "invoice", labels, [], None, site.clock())
    page = staff(site).get("/send")
    assert '<option value="invoice">Invoices</option>' in page.response.text
    assert '<option value="Sales">' in page.response.text
    assert NASTY not in page.response.text
    assert NASTY in page.text


def test_support_is_offered_its_own_teams_alone(database: Database) -> None:
    site = opened(database)
    site.invited(team="Sales")
    page = staff(site, Role.SUPPORT, teams=["Billing", "Returns"]).get("/send")
    assert "Sales" not in page.text
    assert "One of your teams: Billing, Returns" in page.words


def test_support_is_offered_no_words_of_other_teams(database: Database) -> None:
    site = opened(database)
    site.invited(team="Legal", case_type="merger", channel="red phone")
    site.invited(team="Billing", case_type="invoice", channel="chat")
    with site.database.transaction() as session:
        names.save_name(session, Kind.CASE_TYPE, "lawsuit", {"en": "Lawsuits"}, [], None, site.clock())
    page = staff(site, Role.SUPPORT, teams=["Billing"]).get("/send").response.text
    assert 'value="invoice"' in page and 'value="chat"' in page
    assert not any(word in page for word in ("merger", "red phone", "awsuit", "Legal"))
    everything = staff(site, Role.SUPPORT).get("/send").response.text
    assert all(word in everything for word in ("merger", "red phone", "Lawsuits", "Legal"))


@pytest.mark.parametrize("role", [Role.LEADER, Role.AGENT, Role.VIEWER])
@pytest.mark.parametrize("path", ["/send", "/send/list", "/send/link", "/send/preview?survey=csat"])
def test_others_send_nothing(database: Database, role: Role, path: str) -> None:
    site = opened(database)
    assert staff(site, role).get(path).status == 403


def test_those_who_may_not_send_cannot_even_send_a_large_file(database: Database) -> None:
    page = _put(staff(opened(database), Role.VIEWER), b"x" * 200_000)
    assert page.status == 403


# --- a list ----------------------------------------------------------------------------------------

FILE = b"ticket,email,name\nT-1,eva@example.se,Eva\nT-2,nobody,Bo\nT-3,eva@example.se,Eva\n"


def test_a_file_is_looked_at_row_by_row_before_anybody_is_asked(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    page = anna.follow(_put(anna, FILE))
    assert "Nobody was asked yet. This would become of the file's 3 rows now:" in page.words
    assert "T-1 By email" in page.words
    assert "T-2 Cannot be used email This is not an email address." in page.words
    assert "T-3 Not asked The customer was asked only recently. A new survey may be sent from" in page.words
    assert "Send to 1 customer" in page.words
    assert site.rows(Invitation) == []


def test_a_file_is_sent_and_its_progress_shown(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    shown = _put(anna, FILE).location
    page = anna.follow(anna.post(f"{shown}/start"))
    assert page.headers["Refresh"] == "3"
    assert "Waiting to begin" in page.words
    assert "0 of 3 rows are done." in page.words
    assert "Refresh" not in anna.get(f"{shown}?still=1").headers
    _work(site)
    page = anna.get(shown)
    assert "Refresh" not in page.headers
    assert "3 of 3 rows are done." in page.words
    assert "Not asked The customer was asked only recently. 1" in page.words
    assert 'value="3" max="3"' in page.response.text
    assert [row["address"] for row in site.rows(Invitation) if row["status"] == "queued"] == [
        "eva@example.se"
    ]


def test_a_file_that_was_started_is_not_thrown_away_any_more(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    shown = _put(anna, FILE).location
    anna.post(f"{shown}/start")
    _work(site)
    assert anna.post(f"{shown}/discard").status == 409


def test_a_file_can_be_thrown_away(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    shown = _put(anna, FILE).location
    page = anna.follow(anna.post(f"{shown}/discard"))
    assert "The file was thrown away. Nobody was asked." in page.words
    assert anna.get(shown).status == 404
    assert site.rows(Upload) == []


def test_a_file_of_nobody_to_ask_cannot_be_sent(database: Database) -> None:
    anna = staff(opened(database))
    page = anna.follow(_put(anna, b"ticket,email\nT-1,nobody\n"))
    assert "there is nothing to send" in page.words
    assert "/start" not in page.response.text


def test_later_rows_are_on_further_pages(database: Database) -> None:
    anna = staff(opened(database))
    rows = "".join(f"T-{n},kund{n}@example.se\n" for n in range(60))
    first = anna.follow(_put(anna, f"ticket,email\n{rows}".encode()))
    assert "T-49 By email" in first.words
    assert "T-50 By email" not in first.words
    assert "Send to 60 customers" in first.words
    second = anna.get(f"{_last_list(anna)}?first=50")
    assert "T-59 By email" in second.words
    assert "Show more" not in second.words
    assert anna.get(f"{_last_list(anna)}?first=-7").status == 200
    assert anna.get(f"{_last_list(anna)}?first=x").status == 200


def test_a_file_may_be_much_larger_than_a_form(database: Database) -> None:
    anna = staff(opened(database))
    rows = b"".join(b"T-%d,%s\n" % (n, b"x" * 60) for n in range(3000))
    page = anna.follow(_put(anna, b"ticket,email\n" + rows))
    assert "Cannot be used Each row says why. 3,000" in page.words


def test_odd_columns_are_mentioned(database: Database) -> None:
    anna = staff(opened(database))
    page = anna.follow(_put(anna, b"ticket,email,Fax\nT-1,eva@example.se,1\n"))
    assert 'The column "Fax" is ignored.' in page.words


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"ticket,email\n", "The file has no rows below its titles."),
        (b"ticket\nT-1\n", "The file lacks a column: email."),
        (b"ticket,email\n" + b"x" * 5 * 1024 * 1024, "The file is larger than 5 MB."),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(database: Database, content: bytes, said: str) -> None:
    site = opened(database)
    page = _put(staff(site), content, locale="ro")
    assert page.status == 422
    assert said in page.words
    assert '<option selected value="ro">' in page.response.text
    assert site.rows(Upload) == []


def test_a_form_without_a_file_says_so(database: Database) -> None:
    page = staff(opened(database)).post("/send/list", survey="csat", locale="", way="mail")
    assert page.status == 422
    assert "This is missing." in page.words


def test_a_file_that_is_far_too_large_is_not_even_read(database: Database) -> None:
    assert _put(staff(opened(database)), b"x" * 6 * 1024 * 1024).status == 413


def test_other_forms_stay_as_small_as_they_were(database: Database) -> None:
    anna = staff(opened(database))
    assert anna.post("/send", CUSTOMER, name="x" * 70_000).status == 413


def test_a_file_s_name_is_shown_as_text(database: Database) -> None:
    anna = staff(opened(database))
    name = "<b>&amp;'.csv"
    for page in (anna.follow(_put(anna, FILE, file_name=name)), anna.get("/send/list")):
        assert name in page.text
        assert name not in page.response.text


def test_the_result_is_a_file_without_formulas(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    shown = _put(anna, b"ticket,email\n=1+1,eva@example.se\nT-2,nobody\n").location
    anna.post(f"{shown}/start")
    _work(site)
    page = anna.get(f"{shown}/result.csv")
    assert page.headers["Content-Disposition"] == 'attachment; filename="surveyapp-result.csv"'
    rows = list(csv.DictReader(StringIO(page.response.get_data().decode("utf-8-sig"))))
    [row] = site.rows(Invitation)
    assert [(each["line"], each["ticket"], each["id"], each["status"], each["problem"]) for each in rows] == [
        ("2", "'=1+1", row["id"], "queued", ""),
        ("3", "", "", "bad", "email: This is not an email address."),
    ]
    assert Deed.EXPORTED in [deed for deed, _ in _deeds(site)]


def test_the_result_speaks_the_readers_language(database: Database) -> None:
    site = opened(database)
    anna = staff(site, language="de")
    shown = _put(anna, b"ticket,email\nT-2,nobody\n").location
    anna.post(f"{shown}/start")
    _work(site)
    content = anna.get(f"{shown}/result.csv").response.get_data().decode("utf-8-sig")
    [row] = csv.DictReader(StringIO(content), delimiter=";")
    assert row["problem"] == "email: Der Wert ist keine E-Mail-Adresse."


def test_a_list_without_mails_gives_links(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    put = _put(anna, b"ticket\nT-1\n", way="links")
    assert "Make links for 1 customer" in anna.follow(put).words
    anna.post(f"{put.location}/start")
    _work(site)
    page = anna.get(f"{put.location}/result.csv")
    [row] = csv.DictReader(StringIO(page.response.get_data().decode("utf-8-sig")))
    assert row["status"] == "linked"
    assert site.client.get(row["page_url"].removeprefix(site.settings.public_url)).status_code == 200
    assert row["rating_5_url"] == f"{row['page_url']}/5"


def test_the_result_of_mails_has_no_links(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    shown = _put(anna, FILE).location
    anna.post(f"{shown}/start")
    _work(site)
    assert "/s/" not in anna.get(f"{shown}/result.csv").text


def test_the_result_has_no_links_of_what_was_mailed_or_answered(database: Database) -> None:
    site = opened(database)
    mailed = site.invited(is_mailed=True, ticket_ref="T-1", occasion="o")
    linked = site.invited(ticket_ref="T-2", occasion="o")
    answered = site.invited(ticket_ref="T-3", occasion="o")
    Visitor(site, answered).press(3)
    anna = staff(site)
    shown = _put(anna, b"ticket,occasion\nT-1,o\nT-2,o\nT-3,o\n", way="links").location
    anna.post(f"{shown}/start")
    _work(site)
    text = anna.get(f"{shown}/result.csv").response.text
    assert all(each.id in text for each in (mailed, linked, answered))
    assert [each.path in text for each in (mailed, linked, answered)] == [False, True, False]


def test_somebody_elses_file_is_not_there(database: Database) -> None:
    site = opened(database)
    shown = _put(staff(site, Role.SUPPORT, teams=["Billing"]), FILE).location
    bo = staff(site, Role.SUPPORT, teams=["Billing"])
    assert bo.get(shown).status == 404
    assert bo.get(f"{shown}/result.csv").status == 404
    assert bo.post(f"{shown}/start").status == 404
    assert bo.post(f"{shown}/discard").status == 404
    assert "Files of late" not in bo.get("/send/list").words
    assert staff(site).get(shown).status == 200


def test_a_file_is_bound_to_the_own_teams(database: Database) -> None:
    bo = staff(opened(database), Role.SUPPORT, teams=["Billing"])
    page = bo.follow(_put(bo, b"ticket,email,team\nT-1,eva@example.se,Sales\n"))
    assert "team This must be one of these: Billing." in page.words


# --- a link ----------------------------------------------------------------------------------------


def test_a_link_needs_no_address(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    page = anna.follow(anna.post("/send/link", survey="csat", locale="de", ticket="T-17", form_id="a"))
    [row] = site.rows(Invitation)
    assert (row["status"], row["address"]) == ("linked", None)
    assert f'href="/admin/invitations/{row["id"]}"' in page.response.text
    url = site.settings.public_url + site.of(row["id"]).path
    assert url in page.words
    assert f"{url}/5" in page.words
    assert "Wie zufrieden sind Sie" in page.words
    assert _deeds(site) == [(Deed.INVITED, row["id"])]


def test_the_code_is_black_on_white_and_large_enough_to_print(database: Database) -> None:
    site = opened(database)
    page = staff(site).get(f"/send/link/{site.invited().id}")
    drawing = re.search(r"<svg[^>]*>.*?</svg>", page.response.text, re.DOTALL)
    assert drawing
    size = re.search(r'width="([\d.]+)mm" height="\1mm" .* fill="#fff" d="M0 0h([\d.]+)v\2', drawing[0])
    assert size
    assert float(size[1]) / float(size[2]) >= 1.5
    assert "style" not in drawing[0]
    assert 'stroke="#000"' in drawing[0]


def test_links_that_the_rules_forbid_lead_to_the_reason(database: Database) -> None:
    site = opened(database)
    with site.database.transaction() as session:
        hashed = invitations.hash_of(site.settings, "eva@example.se")
        invitations.suppress_hash(session, hashed, Refusal.UNSUBSCRIBED, site.clock())
    page = staff(site).post("/send/link", CUSTOMER)
    [row] = site.rows(Invitation)
    assert row["status"] == "refused"
    assert page.location == f"/admin/invitations/{row['id']}"


def test_the_links_of_a_mail_are_nobody_elses(database: Database) -> None:
    site = opened(database)
    assert staff(site).get(f"/send/link/{site.invited(is_mailed=True).id}").status == 404


def test_links_that_show_an_answer_are_nobody_elses(database: Database) -> None:
    site = opened(database)
    answered = site.invited()
    Visitor(site, answered).press(3, comment="Between us")
    for somebody in (staff(site), staff(site, Role.SUPPORT)):
        page = somebody.get(f"/send/link/{answered.id}")
        assert page.status == 404 and answered.path not in page.response.text


def test_the_same_link_form_after_the_answer_leads_to_the_invitation(database: Database) -> None:
    site = opened(database)
    anna = staff(site)
    first = anna.post("/send/link", CUSTOMER)
    [row] = site.rows(Invitation)
    assert first.location == f"/admin/send/link/{row['id']}"
    Visitor(site, site.of(row["id"])).press(3)
    assert anna.post("/send/link", CUSTOMER).location == f"/admin/invitations/{row['id']}"


def test_links_of_another_team_are_not_there(database: Database) -> None:
    site = opened(database)
    bo = staff(site, Role.SUPPORT, teams=["Billing"])
    assert bo.get(f"/send/link/{site.invited(team='Sales').id}").status == 404
    assert bo.get(f"/send/link/{site.invited(team='Billing').id}").status == 200


def test_a_link_form_that_is_wrong_stays_filled(database: Database) -> None:
    site = opened(database)
    page = staff(site).post("/send/link", CUSTOMER, ticket="", customer=NASTY)
    assert page.status == 422
    assert _value(page, "customer") == NASTY
    assert site.rows(Invitation) == []
    assert "This is missing." in page.words


def test_a_ticket_is_shown_as_text(database: Database) -> None:
    site = opened(database)
    page = staff(site).get(f"/send/link/{site.invited(ticket_ref=NASTY).id}")
    assert NASTY in page.text
    assert NASTY not in page.response.text


def _put(browser: Staff, content: bytes, file_name: str = "list.csv", **fields: str) -> Page:
    values = {"survey": "csat", "locale": "", "way": "mail", **fields}
    page = browser.post("/send/list", values, file=(BytesIO(content), file_name))
    # The client puts a large body into a file of its own and leaves it open.
    page.response.request.environ["wsgi.input"].close()
    return page


def _last_list(browser: Staff) -> str:
    found = re.search(r'href="(/admin/send/list/[^"]+)"', browser.get("/send/list").response.text)
    assert found
    return found[1]


def _work(site: Site) -> None:
    with site.database.transaction() as session:
        assert uploads.work_off(session, site.settings, site.clock())


def _value(page: Page, name: str) -> str | None:
    return next(each.get("value") for each in page.inputs if each.get("name") == name)


def _deeds(site: Site) -> list[tuple[Deed, str | None]]:
    with site.database.reading() as session:
        return [(each.deed, each.target) for each in audit.entries(session, 20)]

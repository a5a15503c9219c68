"""The customer's pages: what is asked, what a press stores, and what is said about it."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import event, update

from surveyapp import surveys
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.models import Answer, AnswerEvent, Domain, Rating
from tests.support.people import (
    CHROMIUM,
    FIREFOX,
    SAFARI,
    START,
    TEXT_BROWSER,
    Browser,
    Clock,
    Invited,
    Site,
    Visitor,
    opened,
)
from tests.support.relays import Counting


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def invited(site: Site) -> Invited:
    return site.invited()


@pytest.fixture
def person(site: Site, invited: Invited) -> Visitor:
    return Visitor(site, invited)


def recorded(site: Site, invited: Invited) -> list[tuple[str, str | None, dict[str, int]]]:
    return [
        (row["state"], row["reason"] or row["evidence"], row["ratings"])
        for row in site.rows(AnswerEvent)
        if row["invitation_id"] == invited.id
    ]


# --- a press ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rating", [1, 2, 3, 4, 5])
def test_a_link_of_the_mail_opens_its_question_with_its_rating_chosen(person: Visitor, rating: int) -> None:
    page = person.open(rating)
    assert (page.status, page.chosen) == (200, str(rating))
    assert "How satisfied" in page.text
    assert person.site.rows(Answer) == person.site.rows(Rating) == []


def test_the_link_without_a_rating_has_none_chosen(person: Visitor) -> None:
    page = person.open()
    assert (page.status, page.chosen, page.is_one_click) == (200, None, False)


@pytest.mark.parametrize("browser", [CHROMIUM, FIREFOX])
def test_a_press_counts_and_is_thanked_for(site: Site, invited: Invited, browser: Browser) -> None:
    person = Visitor(site, invited, browser)
    person.open(4)
    reply = person.press(4)
    assert reply.status == 303
    assert urlsplit(reply.location).path == f"{invited.path}/thanks"
    thanks = person.follow(reply.location)
    assert thanks.status == 200 and "4 – Satisfied" in thanks.words
    assert site.state(invited) == ("counted", "press", 4)
    assert site.ratings(invited) == {"csat": 4}
    assert recorded(site, invited) == [("counted", "press", {"csat": 4})]
    assert site.n(metric=Metric.CSAT) == 1


def test_what_is_pressed_wins_over_the_link_that_was_clicked(person: Visitor) -> None:
    person.open(1)
    person.press(5)
    assert person.site.ratings(person.invited) == {"csat": 5}


def test_an_answer_is_of_the_moment_when_its_rating_was_first_opened(database: Database) -> None:
    site = opened(database, Clock(datetime(2026, 3, 2, 22, 30, tzinfo=UTC)))
    person = Visitor(site, site.invited())
    person.open(4)
    site.clock.forward(hours=2)  # it is the 3rd in Berlin by then
    person.open(5)
    person.press(5)
    other = Visitor(site, site.invited())
    other.press(1)
    rows = [site.answer(each.invited) for each in (person, other)]
    assert [row and str(row["day"]) for row in rows] == ["2026-03-03", "2026-03-03"]
    again = Visitor(site, site.invited())
    site.clock.at = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    again.open(4)
    site.clock.forward(hours=2)
    again.press(4)
    row = site.answer(again.invited)
    assert row and (str(row["day"]), row["began_at"].hour) == ("2026-03-02", 22)


def test_a_press_on_a_tab_left_open_for_two_days_counts(person: Visitor) -> None:
    person.open(4)
    person.site.clock.forward(days=2)
    assert person.press(4).status == 303
    assert person.site.state(person.invited) == ("counted", "press", 4)


@pytest.mark.parametrize("browser", [SAFARI, TEXT_BROWSER])
def test_a_form_from_a_page_older_than_a_day_is_shown_again_unless_a_press_is_proven(
    site: Site, invited: Invited, browser: Browser
) -> None:
    person = Visitor(site, invited, browser)
    person.open(4)
    site.clock.forward(hours=24, seconds=2)
    page = person.press(4, comment="Thank <you>", trusted="1")
    assert (page.status, page.chosen, page.written) == (200, "4", "Thank <you>")
    assert page.alert
    assert site.state(invited) is None
    assert person.press(4, comment="Thank <you>", trusted="1").status == 303
    assert site.state(invited) == ("counted", "press_unverified", 4)


@pytest.mark.parametrize("browser", [CHROMIUM, FIREFOX])
def test_a_form_that_a_script_sent_is_shown_again_with_rating_and_comment(
    site: Site, invited: Invited, browser: Browser
) -> None:
    machine = Visitor(site, invited, browser)
    machine.open(2)
    for _ in range(3):
        page = machine.submit(2, comment="Two\nlines & <b>bold</b>", trusted="1")
        assert (page.status, page.chosen, page.written) == (200, "2", "Two\nlines & <b>bold</b>")
        assert page.alert and "<b>bold</b>" not in page.response.text
        site.clock.forward(seconds=30)
    site.clock.forward(days=2)
    assert site.worker().settle_due() == 0
    assert site.rows(Answer) == []
    assert machine.press(2, comment="kept").status == 303


def test_a_press_on_a_page_of_somebody_else_is_none(person: Visitor) -> None:
    person.open(4)
    headers = CHROMIUM.navigation("cross-site", is_person=True)
    values = {"rating": "4", "nonce": person.nonce}
    reply = person.site.client.post(person.invited.path, headers=headers, data=values)
    assert reply.status_code == 200
    assert person.site.state(person.invited) is None


# --- browsers that cannot prove a press ------------------------------------------------------------


@pytest.mark.parametrize("browser", [SAFARI, TEXT_BROWSER])
def test_an_unprovable_press_counts_when_our_script_saw_it(
    site: Site, invited: Invited, browser: Browser
) -> None:
    person = Visitor(site, invited, browser)
    person.open(5)
    assert person.press(5, trusted="1", comment="Fine").status == 303
    assert site.state(invited) == ("counted", "press_unverified", 5)


@pytest.mark.parametrize("browser", [SAFARI, TEXT_BROWSER])
def test_an_unprovable_press_is_held_and_asked_for_once_more(
    site: Site, invited: Invited, browser: Browser
) -> None:
    person = Visitor(site, invited, browser)
    person.open(5)
    page = person.press(5, comment="Fine")
    assert (page.status, page.chosen, page.written) == (200, "5", "Fine")
    assert page.alert
    assert site.state(invited) == ("held", "unverified", 5)
    site.clock.forward(seconds=2)
    assert person.press(5, comment="Fine").status == 200  # a script is as quick
    assert site.state(invited) == ("held", "unverified", 5)
    site.clock.forward(seconds=3)
    assert person.press(5, comment="Fine").status == 303
    assert site.state(invited) == ("counted", "press_unverified", 5)
    row = site.answer(invited)
    assert row and row["comment"] == "Fine"


def test_an_unproven_form_never_settles(site: Site, invited: Invited) -> None:
    site.clock.forward(minutes=11)
    person = Visitor(site, invited, SAFARI)
    person.open(5)
    person.press(5)
    person.tell("seen", 5)
    site.clock.forward(seconds=4)
    person.tell("stayed", 5)
    site.clock.forward(days=2)
    site.worker().settle_due()
    assert site.state(invited) == ("held", "unverified", 5)


def test_a_page_of_another_invitation_proves_nothing(site: Site) -> None:
    first, second = Visitor(site, site.invited(), SAFARI), Visitor(site, site.invited(), SAFARI)
    first.open(5)
    second.nonce = first.nonce
    assert second.press(5, trusted="1").status == 200
    assert site.state(second.invited) is None


def test_a_browser_that_vouched_when_it_loaded_the_page_must_vouch_for_the_press(
    site: Site, invited: Invited
) -> None:
    person = Visitor(site, invited, CHROMIUM)
    person.open(5)
    disguised = Visitor(site, invited, SAFARI, nonce=person.nonce)
    assert disguised.press(5, trusted="1").status == 200
    assert site.state(invited) is None


# --- changing one's mind ---------------------------------------------------------------------------


def test_a_later_press_replaces_the_rating_and_the_same_again_adds_nothing(person: Visitor) -> None:
    site = person.site
    person.press(2)
    person.press(2)
    site.clock.forward(days=1)
    reply = person.press(5)
    assert "5 – Very satisfied" in person.follow(reply.location).words
    person.press(5)
    assert site.state(person.invited) == ("counted", "press", 5)
    assert recorded(site, person.invited) == [
        ("counted", "press", {"csat": 2}),
        ("counted", "press", {"csat": 5}),
    ]
    row = site.answer(person.invited)
    assert row and row["first_counted_at"] == START and str(row["day"]) == "2026-03-02"


def test_whoever_comes_back_sees_what_was_recorded(person: Visitor) -> None:
    person.press(4)
    for page in (person.open(4), person.open()):
        assert (page.status, page.heading) == (200, "Already answered")
        assert "4 – Satisfied" in page.words
    other = person.open(1)
    assert (other.status, other.chosen, other.is_one_click) == (200, "1", False)
    assert "4 – Satisfied" in other.words
    assert person.site.state(person.invited) == ("counted", "press", 4)
    change = person.follow(f"{person.invited.path}?from=page&change=1")
    assert (change.status, change.chosen) == (200, "4")


def test_the_answer_can_be_changed_for_14_days_and_then_stands(person: Visitor) -> None:
    site = person.site
    person.open(4)
    person.press(4, comment="Good")
    site.clock.forward(days=14)
    assert person.press(3).status == 303
    site.clock.forward(seconds=1)
    before = site.rows(Answer)
    for page in (
        person.open(3),
        person.open(1),
        person.open(99),
        person.open(),
        person.follow(f"{person.invited.path}?from=page&change=1"),
        person.follow(f"{person.invited.path}/thanks"),
        person.press(1),
        person.press(3, comment="Better"),
        person.submit(1),
    ):
        assert page.status == 410
        assert "You have already answered: 3 – Neutral." in page.words
        assert "can no longer be changed" in page.words
        assert "<form" not in page.text
    assert person.tell("gesture", 1) in (410, 422)
    assert site.rows(Answer) == before


def test_an_installation_can_allow_changes_for_longer(database: Database) -> None:
    site = opened(database, EDIT_DAYS="30")
    person = Visitor(site, site.invited())
    person.press(1)
    site.clock.forward(days=30)
    assert person.press(2).status == 303


# --- the ends of an invitation ---------------------------------------------------------------------


def test_a_link_lives_60_days(person: Visitor) -> None:
    site = person.site
    site.clock.forward(days=60)
    assert person.open(5).status == 200
    site.clock.forward(seconds=1)
    for page in (person.open(5), person.open(), person.open(99), person.press(5), person.submit(5)):
        assert (page.status, page.heading) == (410, "Link expired")
        assert "feedback@nordlicht.example" in page.text  # a way on
    assert person.tell("seen", 5) == 410
    assert site.rows(Answer) == []


def test_a_mailed_link_lives_60_days_from_its_mail(site: Site) -> None:
    invited = site.invited(is_mailed=True)
    site.clock.forward(days=1)
    assert site.worker(Counting()).send_due() == 1
    site.clock.forward(days=60)
    assert Visitor(site, invited).open(5).status == 200
    site.clock.forward(seconds=1)
    assert Visitor(site, invited).open(5).status == 410


def test_an_answer_given_on_the_last_day_can_still_be_changed_for_14_days(person: Visitor) -> None:
    person.site.clock.forward(days=60)
    person.press(1)
    person.site.clock.forward(days=14)
    assert person.open(1).status == 200
    assert person.press(2).status == 303


def test_a_closed_survey_takes_no_first_answer_but_changes(site: Site) -> None:
    early, late = Visitor(site, site.invited()), Visitor(site, site.invited())
    early.press(2)
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", site.clock())
    for page in (late.open(5), late.press(5)):
        assert (page.status, page.heading) == (410, "Survey closed")
    assert late.tell("seen", 5) in (410, 422)
    assert site.state(late.invited) is None
    assert early.press(3).status == 303
    with site.database.transaction() as session:
        surveys.set_closed(session, "csat", None)
    assert late.press(5).status == 303


def test_a_withdrawn_answer_takes_nothing_any_more(person: Visitor) -> None:
    person.press(5)
    with person.site.database.transaction() as session:
        session.execute(update(Answer).values(state="void"))
    before = person.site.rows(Answer)
    for page in (person.open(5), person.open(1), person.press(1)):
        assert page.status == 410
    assert person.site.rows(Answer) == before


# --- confirm mode ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["settings", "survey"])
def test_in_confirm_mode_only_a_press_counts(database: Database, where: str) -> None:
    site = opened(database, ANSWER_MODE="confirm" if where == "settings" else "adaptive")
    if where == "survey":
        with database.transaction() as session:
            surveys.set_mode(session, "csat", "confirm")
    person = Visitor(site, site.invited())
    site.clock.forward(minutes=11)
    assert not person.open(5).is_one_click
    person.stay(5)
    assert person.tell("gesture", 5) == 204
    site.clock.forward(hours=25)
    site.worker().settle_due()
    assert site.state(person.invited) == ("held", "confirm_mode", 5)
    assert person.press(5).status == 303
    assert site.state(person.invited) == ("counted", "press", 5)


def test_a_survey_can_be_adaptive_where_the_settings_say_confirm(database: Database) -> None:
    site = opened(database, ANSWER_MODE="confirm")
    with database.transaction() as session:
        surveys.set_mode(session, "csat", "adaptive")
    person = Visitor(site, site.invited())
    person.open(5)
    person.tell("gesture", 5)
    assert site.state(person.invited) == ("counted", "gesture", 5)


# --- further questions -----------------------------------------------------------------------------


def test_a_survey_may_ask_more_on_the_page_that_follows(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    person = Visitor(site, site.invited())
    person.open(4)
    thanks = person.follow(person.press(4).location)
    assert "recommend Nordlicht" in thanks.text and 'name="further_nps"' in thanks.text
    after = person.follow(person.press(4, further_nps="0").location)
    assert 'name="further_nps"' not in after.text and 'name="comment"' in after.text
    assert site.ratings(person.invited) == {"csat": 4, "nps": 0}
    assert [site.n(metric=metric) for metric in (Metric.CSAT, Metric.NPS)] == [1, 1]
    assert recorded(site, person.invited)[-1] == ("counted", "press", {"csat": 4, "nps": 0})


def test_a_further_question_can_be_left_out(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    person = Visitor(site, site.invited())
    person.press(4)
    skipped = person.follow(f"{person.invited.path}/thanks?from=page&after=nps")
    assert 'name="further_nps"' not in skipped.text and 'name="comment"' in skipped.text
    assert site.ratings(person.invited) == {"csat": 4}


def test_the_second_click_of_a_double_click_leads_to_the_thanks_too(site: Site) -> None:
    person = Visitor(site, site.invited())
    person.open(4)
    assert person.press(4).status == 303
    second = person.submit(4)  # a browser vouches for one press alone
    assert (second.status, "/thanks" in second.location) == (303, True)
    assert person.submit(5).status == 200  # another rating needs a press of its own
    assert recorded(site, person.invited) == [("counted", "press", {"csat": 4})]


def test_after_one_click_a_further_question_can_be_left_out_too(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    person = Visitor(site, site.invited())
    site.clock.forward(minutes=11)
    person.stay(4)
    skipped = person.follow(f"{person.invited.path}/thanks?from=page&after=nps")
    assert skipped.status == 200 and 'name="further_nps"' not in skipped.text
    assert "4 – Satisfied" in skipped.text and 'name="comment"' in skipped.text
    assert site.state(person.invited) == ("held", "waiting", 4)


@pytest.mark.parametrize(
    "fields",
    [
        {"further_nps": "11"},
        {"further_nps": "-1"},
        {"further_nps": "nine"},
        {"further_nps": ""},
        {"further_ces": "1"},
        {"further_csat": "5"},
        {"further_": "5"},
    ],
)
def test_a_further_rating_that_was_not_asked_for_stores_nothing(site: Site, fields: dict[str, str]) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    person = Visitor(site, site.invited())
    person.open(4)
    assert person.press(4, **fields).status in (200, 422)
    assert site.rows(Answer) == site.rows(Rating) == []


def test_a_further_rating_needs_a_press(site: Site) -> None:
    invited = site.invited("nki")
    person, machine = Visitor(site, invited), Visitor(site, invited)
    machine.open(8)
    machine.submit(8, further_nki2="8", further_nki3="8")
    machine.tell("gesture", 8, further_nki2="8")
    assert site.ratings(invited) == {"nki1": 8}
    person.press(8, further_nki2="7")
    assert site.ratings(invited) == {"nki1": 8, "nki2": 7}


def test_nki_counts_only_when_all_three_questions_are_answered(database: Database) -> None:
    site = opened(database, SMALLEST_N="1")
    person = Visitor(site, site.invited("nki"))
    page = person.follow(person.press(8).location)
    assert 'name="further_nki2"' in page.text and site.n(metric=Metric.NKI) == 0
    page = person.follow(person.press(8, further_nki2="7").location)
    assert 'name="further_nki3"' in page.text and site.n(metric=Metric.NKI) == 0
    person.press(8, further_nki3="6")
    [score] = site.scores(metric=Metric.NKI)
    assert (score.n, score.mean) == (1, 7) and score.value == pytest.approx(200 / 3)


# --- a comment alone -------------------------------------------------------------------------------


def test_an_open_question_is_answered_by_a_comment(site: Site) -> None:
    person = Visitor(site, site.invited("open"))
    page = person.open()
    assert page.written == "" and 'type="radio"' not in page.text
    reply = person.press(comment="All was well.")
    assert "All was well." in person.follow(reply.location).words
    assert site.state(person.invited) == ("counted", "press", None)
    assert site.n(metric=Metric.OPEN) == 1 and site.rows(Rating) == []


@pytest.mark.parametrize("comment", ["", "   ", "\r\n\0"])
def test_an_open_question_takes_no_empty_answer(site: Site, comment: str) -> None:
    person = Visitor(site, site.invited("open"))
    person.open()
    page = person.press(comment=comment)
    assert page.status == 422 and page.alert and "comment" in page.alert
    assert site.rows(Answer) == []


def test_an_open_question_has_no_ratings(site: Site) -> None:
    person = Visitor(site, site.invited("open"))
    assert person.open(5).status == 422
    assert person.press(5, comment="Five").status in (200, 422)
    assert person.tell("gesture", 5) == 422
    assert site.rows(Answer) == []


# --- languages -------------------------------------------------------------------------------------

QUESTIONS = {
    "sv": "Hur nöjd",
    "ro": "Cât de mulțumit",
    "de": "Wie zufrieden",
    "en": "How satisfied",
}


@pytest.mark.parametrize(
    ("locale", "language"),
    [("sv", "sv"), ("ro", "ro"), ("de", "de"), ("en", "en"), ("de-AT", "de"), ("ro_MD", "ro"), ("fi", "en")],
)
def test_a_customer_reads_the_language_of_the_invitation(site: Site, locale: str, language: str) -> None:
    person = Visitor(site, site.invited(locale=locale), headers={"Accept-Language": "fr, sv;q=0.5"})
    page = person.open(3)
    assert page.language == language and QUESTIONS[language] in page.text
    assert person.follow(person.press(3).location).language == language


@pytest.mark.parametrize("code", ["sv", "ro", "de"])
def test_the_language_can_be_switched_and_stays_switched(person: Visitor, code: str) -> None:
    person.open(4)
    touches = len(person.site.touches(person.invited))
    page = person.follow(f"{person.invited.path}/4?from=page&lang={code}")
    assert page.language == code and QUESTIONS[code] in page.text
    assert page.chosen == "4"
    assert len(person.site.touches(person.invited)) == touches  # it is no link of the mail
    reply = person.site.client.post(
        f"{person.invited.path}?lang={code}",
        headers=CHROMIUM.navigation("same-origin", is_person=True),
        data={"rating": "4", "nonce": page.nonce},
    )
    assert parse_qs(urlsplit(reply.location).query)["lang"] == [code]
    assert person.follow(reply.location).language == code


def test_every_form_and_link_of_a_switched_page_keeps_its_language(person: Visitor) -> None:
    page = person.follow(f"{person.invited.path}/4?from=page&lang=de")
    assert f'action="{person.invited.path}?lang=de"' in page.text
    person.press(4)
    thanks = person.follow(f"{person.invited.path}/thanks?lang=de")
    assert f'action="{person.invited.path}?lang=de"' in thanks.text


def test_an_unknown_language_is_passed_over(person: Visitor) -> None:
    assert person.follow(f"{person.invited.path}?lang=xx&from=page").language == "en"


def test_the_end_of_an_invitation_is_told_in_its_language(site: Site) -> None:
    person = Visitor(site, site.invited(locale="ro"), headers={"Accept-Language": "en"})
    site.clock.forward(days=61)
    assert person.open(5).language == person.press(5).language == "ro"


# --- when the database cannot take a touch ---------------------------------------------------------

READ_ONLY = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET default_transaction_read_only = on"}


def test_a_touch_that_cannot_be_stored_still_shows_the_page(own_database: Database) -> None:
    site = opened(own_database)
    invited = site.invited()
    own_database.dispose()
    statement = READ_ONLY[own_database.engine.dialect.name]

    @event.listens_for(own_database.engine, "connect")
    def refuse_writing(connection: object, _record: object) -> None:
        connection.cursor().execute(statement)  # type: ignore[attr-defined]
        connection.commit()  # type: ignore[attr-defined]

    person = Visitor(site, invited)
    page = person.open(4)
    assert (page.status, page.chosen) == (200, "4")
    assert person.visit(invited.unsubscribe).status == person.visit(invited.privacy).status == 200
    assert person.open(4, method="HEAD").status == 200
    assert site.touches(invited) == []
    reply = person.press(4)
    assert reply.status == 503 and int(reply.headers["Retry-After"]) > 0
    assert "was not" in reply.text or "try again" in reply.text


# --- what a page is made of ------------------------------------------------------------------------


def test_head_says_what_get_says_without_a_body(site: Site, person: Visitor) -> None:
    head, get = person.open(4, method="HEAD"), person.open(4)
    assert head.status == 200 and head.response.data == b""
    own = {"Content-Length": "", "X-Request-ID": ""}
    assert {**head.headers, **own} == {**get.headers, **own}
    assert len(site.touches(person.invited)) == 2


def test_the_privacy_page_says_who_asks_and_for_how_long_things_are_kept(site: Site) -> None:
    invited = site.invited(locale="en")
    page = Visitor(site, invited).visit(invited.privacy)
    assert page.status == 200
    for fact in ("Nordlicht", "feedback@nordlicht.example", "60", "14"):
        assert fact in page.text


def test_a_page_of_one_purpose_is_none_of_another(site: Site, person: Visitor) -> None:
    token = person.invited.path.removeprefix("/s/")
    for path in (f"/u/{token}", f"/p/{token}", f"/s/{person.invited.privacy.removeprefix('/p/')}"):
        page = person.visit(path)
        assert (page.status, page.heading) == (404, "Link not valid")
    assert site.touches(person.invited) == []


def test_markup_in_the_companys_name_and_the_ticket_is_shown_as_it_is(database: Database) -> None:
    site = opened(database, COMPANY="<b>Nord</b> & {company}")
    person = Visitor(site, site.invited(ticket_ref="<i>T</i>"))
    for page in (
        person.open(4),
        person.follow(person.press(4).location),
        person.visit(person.invited.privacy),
    ):
        assert "<b>Nord</b> & {company}" in page.text
        assert "<b>Nord" not in page.response.text and "<i>T" not in page.response.text


def test_a_scanning_domain_is_told_nothing(site: Site) -> None:
    with site.database.transaction() as session:
        session.add(Domain(domain="example.se", marked_until=site.clock() + timedelta(days=1)))
    page = Visitor(site, site.invited()).open(5)
    assert (page.status, page.is_one_click, page.chosen) == (200, False, "5")

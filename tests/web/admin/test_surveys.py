"""The screen of the surveys: texts and their preview, further questions, mode, rules and versions."""

import re
from html import unescape

import pytest

from surveyapp import audit, look, preferences, survey_edits, surveys
from surveyapp.core.access import Role
from surveyapp.core.deeds import Deed
from surveyapp.core.policy import Policy
from surveyapp.db import Database
from surveyapp.models import Note, SurveyVersion
from surveyapp.survey_edits import LENGTHS
from tests.support.logos import PNG
from tests.support.people import START, Page, Site, opened
from tests.support.staff import Staff, staff

HOSTILE = "<b>\"'&</b>"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def anna(site: Site) -> Staff:
    return staff(site)


def sent(page: Page) -> dict[str, str]:
    """What a browser sends of the form of the texts when nothing is typed."""
    form = re.search(r'(?s)<form id="texts".*?</form>', page.response.text)
    assert form is not None
    areas = re.findall(r'(?s)<textarea id="[^"]*"\s+name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form[0])
    inputs = {str(each["name"]): each.get("value") or "" for each in page.inputs if "name" in each}
    mine = {name: text for name, text in inputs.items() if "." in name or name == "version"}
    return {**mine, **{name: unescape(text) for name, text in areas}}


def save(anna: Staff, changed: dict[str, str], key: str = "csat", only: str = "") -> Page:
    path = f"/surveys/{key}" + (f"?only={only}" if only else "")
    return anna.post(path, {**sent(anna.get(path)), **changed})


def words(site: Site, key: str = "csat") -> dict[str, str]:
    with site.database.reading() as session:
        return survey_edits.words(survey_edits.draft_of(session, key))


def records(site: Site) -> list[tuple[Deed, str | None, dict[str, object]]]:
    with site.database.reading() as session:
        return [(each.deed, each.target, dict(each.detail)) for each in audit.entries(session, 20)]


def policy(site: Site, key: str = "csat") -> Policy:
    with site.database.reading() as session:
        return surveys.policy_of(surveys.find_survey(session, key))


# --- the list --------------------------------------------------------------------------------------


def test_the_list_says_of_each_survey_what_it_asks_and_how_often_it_did(site: Site) -> None:
    site.invited("csat")
    site.clock.forward(days=31)
    site.invited("csat")
    site.invited("nps")
    page = staff(site).get("/surveys")
    assert page.heading == "Surveys"
    assert "How satisfied are you with the help you received from Nordlicht?" in page.words
    assert "Customer satisfaction (CSAT) open One click is enough 1 1" in page.words
    assert "Customer effort (CES) open One click is enough 1 0" in page.words


def test_the_list_is_in_the_language_of_its_reader(site: Site) -> None:
    page = staff(site, language="sv").get("/surveys")
    assert "Hur nöjd är du med hjälpen du fick av Nordlicht?" in page.words
    assert "Kundnöjdhet (CSAT)" in page.words


@pytest.mark.parametrize("role", [Role.LEADER, Role.SUPPORT, Role.AGENT, Role.VIEWER])
@pytest.mark.parametrize(
    "path", ["", "/csat", "/csat/preview", "/csat/questions", "/csat/rules", "/csat/versions"]
)
def test_nobody_but_an_admin_gets_at_the_surveys(site: Site, role: Role, path: str) -> None:
    assert staff(site, role).get(f"/surveys{path}").status == 403


@pytest.mark.parametrize("path", ["", "/preview", "/questions", "/rules", "/versions"])
def test_a_survey_that_there_is_not_is_nowhere(anna: Staff, path: str) -> None:
    assert anna.get(f"/surveys/none{path}").status == 404


@pytest.mark.parametrize("path", ["", "/preview", "/trial", "/questions", "/mode", "/state", "/rules"])
def test_nothing_is_sent_to_a_survey_that_there_is_not(site: Site, anna: Staff, path: str) -> None:
    before = records(site)
    page = anna.post(f"/surveys/none{path}", locale="sv", mode="confirm", **RULES)
    assert page.status == 404
    assert records(site) == before


# --- texts -----------------------------------------------------------------------------------------


def test_every_text_stands_in_a_field_in_every_language(site: Site, anna: Staff) -> None:
    page = anna.get("/surveys/csat")
    fields = sent(page)
    assert fields.pop("version") == "1"
    assert fields == words(site)


def test_the_prompts_of_further_questions_are_not_asked_for_because_nobody_meets_them(
    anna: Staff,
) -> None:
    anna.post("/surveys/csat/questions", further=["nps"])
    fields = sent(anna.get("/surveys/csat"))
    assert "sv.csat.prompts.neutral" in fields
    assert "sv.nps.question" in fields
    assert "sv.nps.prompts.neutral" not in fields


def test_a_saved_text_is_asked_with_from_then_on_and_its_preview_shows_it(site: Site, anna: Staff) -> None:
    page = save(anna, {"sv.csat.question": "Hur gick det hos {company}?"})
    shown = anna.follow(page)
    assert "Version 2 is saved." in shown.words
    assert words(site)["sv.csat.question"] == "Hur gick det hos {company}?"
    mail = anna.get("/surveys/csat/preview?view=mail&lang=sv")
    assert "Hur gick det hos Nordlicht?" in mail.text
    assert records(site)[0] == (Deed.SURVEY_CHANGED, "csat", {"version": 2})


def test_open_invitations_keep_their_version(site: Site, anna: Staff) -> None:
    invited = site.invited("csat")
    save(anna, {"en.csat.question": "How did it go?"})
    assert site.invitation(invited)["survey_version"] == 1
    assert site.invitation(site.invited("csat"))["survey_version"] == 2


def test_saving_what_is_there_makes_no_version_and_no_entry(site: Site, anna: Staff) -> None:
    page = anna.follow(save(anna, {}))
    assert "Nothing has changed" in page.words
    assert len([row for row in site.rows(SurveyVersion) if row["survey_key"] == "csat"]) == 1
    assert records(site) == []


def test_one_language_alone_can_be_edited_and_the_others_stay(site: Site, anna: Staff) -> None:
    before = words(site)
    fields = sent(anna.get("/surveys/csat?only=de"))
    assert {name.partition(".")[0] for name in fields} == {"version", "de"}
    page = save(anna, {"de.csat.question": "Wie war es?"}, only="de")
    assert page.location.endswith("?only=de")
    assert words(site) == before | {"de.csat.question": "Wie war es?"}


def test_wrong_texts_come_back_with_everything_that_was_typed(site: Site, anna: Staff) -> None:
    changed = {
        "sv.csat.question": "",
        "de.csat.labels.4": "a" * 61,
        "ro.csat.question": "Ce zice {client}?",
        "en.csat.question": "How did it go?",
    }
    page = save(anna, changed)
    assert page.status == 422
    assert sent(page).items() >= changed.items()
    assert "svenska, Customer satisfaction (CSAT), Question: This is missing." in page.words
    assert "Deutsch, Customer satisfaction (CSAT), Words for 4: This is longer than 60" in page.words
    assert "Curly brackets can hold nothing but {company}." in page.words
    assert page.text.count('aria-invalid="true"') == 3
    assert words(site)["en.csat.question"] != "How did it go?"


def test_a_line_end_in_a_text_is_a_space(site: Site, anna: Staff) -> None:
    save(anna, {"sv.csat.question": " Hur gick\r\ndet? "})
    assert words(site)["sv.csat.question"] == "Hur gick det?"


def test_what_somebody_else_saved_meanwhile_is_not_lost_without_a_word(site: Site, anna: Staff) -> None:
    mine = sent(anna.get("/surveys/csat")) | {"sv.csat.question": "Min fråga?"}
    save(staff(site), {"sv.csat.question": "Din fråga?"})
    page = anna.post("/surveys/csat", mine)
    assert page.status == 409
    assert "Somebody else has saved this survey" in page.words
    assert words(site)["sv.csat.question"] == "Din fråga?"
    again = anna.post("/surveys/csat", sent(page))
    assert again.status == 303
    assert words(site)["sv.csat.question"] == "Min fråga?"


def test_nor_is_it_when_what_was_typed_is_wrong_as_well(site: Site, anna: Staff) -> None:
    mine = sent(anna.get("/surveys/csat")) | {"sv.csat.question": ""}
    save(staff(site), {"sv.csat.question": "Din fråga?"})
    page = anna.post("/surveys/csat", mine)
    assert page.status == 409
    assert "Somebody else has saved this survey" in page.words
    assert "This is missing." in page.words
    assert sent(page)["sv.csat.question"] == ""


def test_a_survey_with_every_question_fits_into_one_form(site: Site, anna: Staff) -> None:
    every = ["nps", "ces", "ces_ease", "nki1", "solved", "treatment", "competence"]
    anna.post("/surveys/csat/questions", further=every)
    longest = {
        name: "ș" * LENGTHS[name.split(".")[2]] for name in sent(anna.get("/surveys/csat")) if "." in name
    }
    assert anna.post("/surveys/csat/preview", longest, view="mail", language="ro").status == 200
    assert save(anna, longest).status == 303
    assert words(site).items() >= longest.items()


def test_markup_in_a_text_is_shown_and_not_obeyed(anna: Staff) -> None:
    fields = ("question", "lead_in", "labels.1", "labels.5", "prompts.neutral")
    save(anna, {f"en.csat.{field}": HOSTILE for field in fields})
    anna.post("/surveys/csat/questions", further=["nps"])
    for path in ("", "/csat", "/csat/questions", "/csat/rules", "/csat/versions?older=1&newer=2"):
        page = anna.get(f"/surveys{path}")
        assert page.status == 200
        assert HOSTILE not in page.response.text
        assert "&lt;b&gt;" in page.response.text
    for view in ("page", "mail"):
        shown = anna.get(f"/surveys/csat/preview?view={view}&lang=en")
        assert HOSTILE not in shown.response.text
        assert "&lt;b&gt;" in shown.response.text


def test_a_language_that_lags_is_named_with_the_way_to_its_fields(anna: Staff) -> None:
    save(anna, {"sv.csat.question": "Hur gick det?", "en.csat.question": "How did it go?"})
    save(anna, {"de.csat.question": "Wie war es?"})
    assert "1 language lags behind" in anna.get("/surveys").words
    page = anna.get("/surveys/csat")
    assert "română lags behind" in page.words
    assert "Deutsch lags behind" not in page.words
    assert "/admin/surveys/csat?only=ro#ro.csat.question" in page.text
    assert 'id="ro.csat.question"' in anna.get("/surveys/csat?only=ro").text


# --- preview ---------------------------------------------------------------------------------------


def test_what_is_typed_is_previewed_and_not_saved(site: Site, anna: Staff) -> None:
    typed = sent(anna.get("/surveys/csat")) | {"ro.csat.question": "Cum a fost la {company}?"}
    for view in ("mail", "page"):
        page = anna.post("/surveys/csat/preview", typed, language="ro", view=view, step="preview")
        assert page.status == 200
        assert page.language == "ro"
        assert "Cum a fost la Nordlicht?" in page.text
    assert words(site)["ro.csat.question"] != "Cum a fost la {company}?"


def test_a_preview_of_wrong_texts_shows_them_as_they_are(anna: Staff) -> None:
    typed = {"sv.csat.question": "", "sv.csat.labels.2": "", "sv.csat.prompts.neutral": "{x}"}
    for view in ("mail", "page"):
        assert anna.post("/surveys/csat/preview", typed, language="sv", view=view).status == 200


@pytest.mark.parametrize("key", ["nps", "csat", "ces", "ces_ease", "nki", "open"])
@pytest.mark.parametrize("view", ["mail", "page"])
def test_every_survey_has_a_preview(anna: Staff, key: str, view: str) -> None:
    page = anna.get(f"/surveys/{key}/preview?view={view}&lang=de")
    assert page.status == 200
    assert page.language == "de"


def test_the_page_behind_a_test_mail_has_the_rating_chosen_and_says_that_it_is_a_preview(
    anna: Staff,
) -> None:
    page = anna.get("/surveys/csat/preview?lang=en&rating=4")
    assert "This is a preview. Nothing is stored." in page.words
    chosen = [each["value"] for each in page.inputs if "checked" in each]
    assert chosen == ["4"]
    assert "What did we do well?" in page.words
    assert "What did not go well" not in page.words
    assert "<form" not in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("rating", ["0", "6", "x", "4 ", "", "٤"])
def test_a_rating_that_there_is_not_is_not_chosen(anna: Staff, rating: str) -> None:
    page = anna.get(f"/surveys/csat/preview?rating={rating}")
    assert page.status == 200
    assert [each for each in page.inputs if "checked" in each] == []


def test_further_questions_stand_on_the_preview(anna: Staff) -> None:
    anna.post("/surveys/csat/questions", further=["nps"])
    page = anna.get("/surveys/csat/preview?lang=en")
    assert "How likely are you to recommend Nordlicht to a friend or colleague?" in page.words


def test_the_previewed_mail_has_its_headers_and_links_to_the_preview(anna: Staff) -> None:
    page = anna.get("/surveys/csat/preview?view=mail&lang=sv")
    assert "Nordlicht <feedback@nordlicht.example>" in page.text
    assert "T-1042" in page.text
    assert "https://survey.nordlicht.example/admin/surveys/csat/preview?lang=sv&rating=4" in page.text


def test_the_logo_of_a_previewed_mail_stands_in_it(site: Site, anna: Staff) -> None:
    with site.database.transaction() as session:
        preferences.save(session, {"logo": look.put_logo(session, PNG, site.clock())}, site.clock())
    page = anna.get("/surveys/csat/preview?view=mail&lang=sv")
    assert 'src="data:image/png;base64,' in page.text
    assert "cid:" not in page.text


def test_a_preview_may_do_nothing_and_only_our_own_page_shows_it(anna: Staff) -> None:
    for view in ("mail", "page"):
        rules = anna.get(f"/surveys/csat/preview?view={view}").headers["Content-Security-Policy"]
        assert "script-src" not in rules
        assert "default-src 'none'" in rules
        assert "form-action 'none'" in rules
        assert "frame-ancestors 'self'" in rules
    rules = anna.get("/surveys/csat").headers["Content-Security-Policy"]
    assert "frame-src 'self'" in rules
    assert "frame-ancestors 'none'" in rules
    assert "unsafe" not in rules


def test_a_test_mail_goes_to_oneself_in_the_chosen_language(site: Site, anna: Staff) -> None:
    page = anna.follow(anna.post("/surveys/csat/trial", locale="ro"))
    assert "on its way to your own address" in page.words
    assert anna.user is not None
    asked = [(row["user_id"], row["kind"], row["detail"]) for row in site.rows(Note)]
    assert asked == [(anna.user.id, "test", {"survey": "csat", "locale": "ro", "spoken": "en"})]


def test_a_test_mail_in_no_language_of_ours_is_not_sent(site: Site, anna: Staff) -> None:
    assert anna.post("/surveys/csat/trial", locale="xx").status == 422
    assert site.rows(Note) == []


# --- questions and mode ----------------------------------------------------------------------------


def test_further_questions_are_asked_in_the_order_of_their_places(site: Site, anna: Staff) -> None:
    page = anna.post(
        "/surveys/csat/questions",
        {"further": ["nps", "solved", "treatment"], "place.nps": "3", "place.solved": "1"},
        **{"place.treatment": "2"},
    )
    assert "Version 2 is saved." in anna.follow(page).words
    with site.database.reading() as session:
        draft = survey_edits.draft_of(session, "csat")
    assert draft.questions == ("csat", "solved", "treatment", "nps")
    shown = anna.get("/surveys/csat/questions")
    ticked = [each["value"] for each in shown.inputs if "checked" in each and each.get("name") == "further"]
    assert ticked == ["solved", "treatment", "nps"]
    assert "Was your issue solved?" in shown.words


def test_all_further_questions_can_be_taken_out(site: Site, anna: Staff) -> None:
    anna.post("/surveys/csat/questions", further=["nps"])
    anna.post("/surveys/csat/questions")
    with site.database.reading() as session:
        assert survey_edits.draft_of(session, "csat").questions == ("csat",)


@pytest.mark.parametrize("key", ["csat", "open", "none", "<b>"])
def test_a_question_that_cannot_follow_is_refused(site: Site, anna: Staff, key: str) -> None:
    assert anna.post("/surveys/csat/questions", further=[key]).status == 422
    assert records(site) == []


def test_the_mode_can_be_set_and_follow_the_settings_again(site: Site, anna: Staff) -> None:
    page = anna.get("/surveys/csat/questions")
    assert "As in the settings, at present: One click is enough" in page.words
    anna.post("/surveys/csat/mode", mode="confirm")
    assert "Only a press of Send counts" in anna.get("/surveys").words
    checked = [each["value"] for each in anna.get("/surveys/csat/questions").inputs if "checked" in each]
    assert checked == ["confirm"]
    site.clock.forward(seconds=1)
    anna.post("/surveys/csat/mode", mode="")
    with site.database.reading() as session:
        assert surveys.find_survey(session, "csat").mode is None
    assert [each[2] for each in records(site)] == [{"mode": None}, {"mode": "confirm"}]


def test_a_mode_that_there_is_not_is_refused(site: Site, anna: Staff) -> None:
    assert anna.post("/surveys/csat/mode", mode="none").status == 422
    assert records(site) == []


def test_a_survey_is_closed_and_opened_again(site: Site, anna: Staff) -> None:
    page = anna.follow(anna.post("/surveys/csat/state", state="closed"))
    assert "The survey is closed." in page.words
    assert "Open the survey again" in page.words
    assert "closed" in anna.get("/surveys").words
    site.clock.forward(seconds=1)
    anna.post("/surveys/csat/state", state="open")
    with site.database.reading() as session:
        assert surveys.find_survey(session, "csat").closed_at is None
    assert [each[2] for each in records(site)] == [{"closed": False}, {"closed": True}]


# --- rules -----------------------------------------------------------------------------------------

RULES = {
    "quiet_days": "14",
    "is_quiet_across_surveys": "y",
    "delay_minutes": "90",
    "window_from": "08:00",
    "window_to": "17:00",
    "share": "12,5",
    "most_per_domain": "20",
    "case_types": "faktura\r\nleverans\r\n\r\nfaktura",
    "channels": "",
    "teams": "Billing",
    "least_replies": "1",
    "is_once_per_ticket": "y",
    "remind_after_days": "5",
}


def test_the_rules_are_saved_as_they_were_typed(site: Site, anna: Staff) -> None:
    page = anna.follow(anna.post("/surveys/csat/rules", RULES))
    assert "The rules are saved." in page.words
    assert policy(site) == Policy(
        quiet_days=14,
        delay_minutes=90,
        window_from="08:00",
        window_to="17:00",
        share=0.125,
        most_per_domain=20,
        case_types=("faktura", "leverans"),
        teams=("Billing",),
        least_replies=1,
        is_once_per_ticket=True,
        remind_after_days=5,
    )
    values = {each["name"]: each.get("value") for each in page.inputs}
    assert values["share"] == "12.5"
    assert values["window_from"] == "08:00"
    assert "faktura\nleverans</textarea>" in page.text


def test_rules_of_which_nothing_was_sent_are_not_saved(site: Site, anna: Staff) -> None:
    assert anna.post("/surveys/csat/rules").status == 422
    assert policy(site) == Policy()


def test_only_what_changed_is_in_the_log(site: Site, anna: Staff) -> None:
    shown = anna.get("/surveys/csat/rules")
    same = {
        str(each["name"]): str(each.get("value"))
        for each in shown.inputs
        if each.get("value") and (each.get("type") != "checkbox" or "checked" in each)
    }
    anna.post("/surveys/csat/rules", same)
    assert records(site) == []
    assert policy(site) == Policy()
    anna.post("/surveys/csat/rules", {**same, "quiet_days": "7", "teams": "A\nB"})
    assert records(site) == [(Deed.POLICY_CHANGED, "csat", {"quiet_days": "7", "teams": "A, B"})]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("quiet_days", "", "This must be a whole number from 0 to 3650."),
        ("quiet_days", "3651", "This must be a whole number from 0 to 3650."),
        ("delay_minutes", "soon", "This must be a whole number from 0 to 43200."),
        ("window_to", "", "Give two different times, or leave both empty."),
        ("window_to", "08:00", "Give two different times, or leave both empty."),
        ("window_to", "25:00", "Give two different times, or leave both empty."),
        ("share", "101", "This must be a whole number from 0 to 100."),
        ("share", "nan", "This must be a whole number from 0 to 100."),
        ("share", "", "This must be a whole number from 0 to 100."),
        ("most_per_domain", "0", "This must be a whole number from 1 to 1000000."),
        ("teams", "a" * 4001, "This is longer than 4000 characters."),
        ("remind_after_days", "366", "This must be a whole number from 1 to 365."),
    ],
)
def test_a_rule_that_is_none_comes_back_with_all_that_was_typed(
    site: Site, anna: Staff, field: str, typed: str, said: str
) -> None:
    page = anna.post("/surveys/csat/rules", {**RULES, field: typed})
    assert page.status == 422
    assert said in page.words
    values = {each["name"]: each.get("value") or "" for each in page.inputs}
    if field != "teams":
        assert values[field] == typed
    assert values["most_per_domain"] == ("0" if field == "most_per_domain" else "20")
    assert "leverans" in page.text
    assert policy(site) == Policy()


def test_markup_in_the_rules_is_shown_and_not_obeyed(anna: Staff) -> None:
    page = anna.follow(anna.post("/surveys/csat/rules", {**RULES, "teams": HOSTILE, "channels": HOSTILE}))
    assert HOSTILE not in page.response.text
    assert HOSTILE in page.text


# --- versions --------------------------------------------------------------------------------------


def test_versions_are_listed_with_their_day_and_invitations(site: Site, anna: Staff) -> None:
    assert "Compare" not in anna.get("/surveys/csat/versions").words
    site.invited("csat")
    site.clock.forward(days=1)
    save(anna, {"sv.csat.question": "Hur gick det?"})
    page = anna.get("/surveys/csat/versions")
    assert "Version 2 3 Mar 2026, 10:00 1 0 Version 1 2 Mar 2026, 10:00 1 1" in page.words
    assert START.day == 2


def test_differences_are_marked_for_eyes_and_ears(anna: Staff) -> None:
    save(anna, {"en.csat.question": "How satisfied are you with the answer you received from {company}?"})
    page = anna.get("/surveys/csat/versions")
    assert "From version 1 to version 2" in page.words
    assert "taken out: help" in page.words
    assert "put in: answer" in page.words
    assert re.search(r"<del>.*help</del>", page.response.text, re.DOTALL)


def test_any_two_versions_can_be_compared(anna: Staff) -> None:
    save(anna, {"en.csat.question": "One?"})
    save(anna, {"en.csat.question": "Two?"})
    assert "One" not in anna.get("/surveys/csat/versions?older=1&newer=3").words
    assert "These two say the same." in anna.get("/surveys/csat/versions?older=2&newer=2").words


def test_a_question_that_was_added_is_a_difference_without_the_prompts_that_nobody_meets(anna: Staff) -> None:
    anna.post("/surveys/csat/questions", further=["solved"])
    page = anna.get("/surveys/csat/versions")
    assert "put in: Was your issue solved?" in page.words
    assert "Asking for a comment" not in page.words


@pytest.mark.parametrize("number", ["0", "9", "x", "-1", "99999999999999999999"])
def test_a_version_that_there_is_not_is_nowhere(anna: Staff, number: str) -> None:
    assert anna.get(f"/surveys/csat/versions?older={number}&newer=1").status == 404

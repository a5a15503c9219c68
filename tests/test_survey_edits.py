"""Editing a survey: what is saved, what is refused, how versions differ and which language lags."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveyapp import survey_edits, surveys
from surveyapp.core.errors import FieldError, Problem, UnknownSurveyError, UnknownThingError
from surveyapp.core.scales import Metric
from surveyapp.core.status import Status
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES, language
from surveyapp.models import Invitation, SurveyVersion
from surveyapp.survey_edits import Difference, Draft, VersionInfo, with_further, with_words, words
from surveyapp.surveys import BUILT_IN, Version
from surveyapp.texts import QUESTIONS, built_in_text
from tests.support.databases import ThrownAway
from tests.support.people import START, Site, Visitor, opened

FURTHER = [key for key, metric in QUESTIONS.items() if metric is not Metric.OPEN]


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def built_in(*questions: str) -> Draft:
    texts = {code: {key: built_in_text(key, language(code)) for key in questions} for code in LANGUAGES}
    return Draft(questions, texts)


def draft_of(site: Site, key: str = "csat") -> Draft:
    with site.database.reading() as session:
        return survey_edits.draft_of(session, key)


def save(site: Site, draft: Draft, key: str = "csat") -> int | None:
    with site.database.transaction() as session:
        return survey_edits.save(session, key, draft, site.clock())


def edit(site: Site, changed: Mapping[str, str], key: str = "csat") -> int | None:
    """Save the current version with these texts."""
    return save(site, with_words(draft_of(site, key), changed), key)


def versions(site: Site, key: str = "csat") -> list[VersionInfo]:
    with site.database.reading() as session:
        return list(survey_edits.versions(session, key))


def differences(site: Site, older: int, newer: int, key: str = "csat") -> list[Difference]:
    with site.database.reading() as session:
        return survey_edits.differences(session, key, older, newer)


def lagging(site: Site, key: str = "csat") -> dict[str, list[str]]:
    with site.database.reading() as session:
        return {code: list(keys) for code, keys in survey_edits.lagging(session, key).items()}


def current(site: Site, key: str = "csat") -> Version:
    with site.database.reading() as session:
        return surveys.current_version(session, surveys.find_survey(session, key))


# --- the names of the fields -----------------------------------------------------------------------


def test_every_text_has_a_name_and_they_stand_in_the_order_in_which_they_are_read() -> None:
    named = words(built_in("csat"))
    assert list(named)[:10] == [
        "sv.csat.lead_in",
        "sv.csat.question",
        *(f"sv.csat.labels.{rating}" for rating in range(1, 6)),
        "sv.csat.prompts.unfavourable",
        "sv.csat.prompts.neutral",
        "sv.csat.prompts.favourable",
    ]
    assert named["ro.csat.labels.4"] == "Mulțumit(ă)" and len(named) == 4 * 10


def test_texts_are_changed_by_name_and_strange_names_are_passed_over() -> None:
    draft = built_in("csat")
    changed = with_words(draft, {"de.csat.labels.4": "Gut", "de.csat.labels.9": "?", "csrf_token": "x"})
    assert words(changed) == words(draft) | {"de.csat.labels.4": "Gut"}


# --- saving ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", BUILT_IN)
def test_saving_what_is_there_changes_nothing(site: Site, key: str) -> None:
    before = site.rows(SurveyVersion)
    assert save(site, draft_of(site, key), key) is None
    assert site.rows(SurveyVersion) == before


def test_saving_what_is_there_changes_nothing_after_an_edit_either(site: Site) -> None:
    assert edit(site, {"sv.csat.question": "Hur gick det?"}) == 2
    assert save(site, draft_of(site)) is None


def test_an_edited_question_is_asked_of_new_invitations_alone(site: Site) -> None:
    before = site.invited()
    assert edit(site, {"en.csat.question": "Did {company} help you?", "en.csat.labels.5": "Splendid"}) == 2
    after = site.invited()
    page = Visitor(site, after).open(5).text
    assert "Did Nordlicht help you?" in page and "Splendid" in page
    page = Visitor(site, before).open(5).text
    assert "How satisfied" in page and "Splendid" not in page


def test_a_version_that_was_written_never_changes(site: Site) -> None:
    old = site.rows(SurveyVersion)
    edit(site, {"sv.csat.question": "Hur gick det?"})
    assert [row for row in site.rows(SurveyVersion) if row in old] == old


def test_space_around_a_text_is_not_stored(site: Site) -> None:
    edit(site, {"sv.csat.question": "  Hur gick det?\r\n"})
    assert words(draft_of(site))["sv.csat.question"] == "Hur gick det?"


def test_only_an_edited_question_is_the_organisation_s_own(site: Site) -> None:
    save(site, with_further(draft_of(site), ["nps", "solved"]))
    edit(site, {"sv.nps.question": "Vad säger du?"})
    assert [each.is_edited for each in current(site).questions] == [False, True, False]
    edit(site, {"sv.nps.question": built_in_text("nps", language("sv")).question})
    assert [each.is_edited for each in current(site).questions] == [False, False, False]


def test_what_an_older_release_shipped_is_not_edited_by_saving_another_question(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(site, with_further(draft_of(site), ["nps"]))

    def newer(key: str, tongue: Any) -> Any:
        return replace(built_in_text(key, tongue), question="Newer words?")

    monkeypatch.setattr(survey_edits, "built_in_text", newer)
    edit(site, {"sv.nps.question": "Vad säger du?"})
    assert [each.is_edited for each in current(site).questions] == [False, True]


def test_a_draft_without_words_for_a_language_is_saved_in_those_that_ship(site: Site) -> None:
    draft = with_words(draft_of(site), {"sv.csat.question": "Hur gick det?"})
    texts = {code: found for code, found in draft.texts.items() if code != "ro"}
    save(site, replace(draft, texts=texts))
    assert draft_of(site) == draft


def test_a_survey_that_is_not_there_is_named(site: Site) -> None:
    for ask in (draft_of, versions, lagging):
        with pytest.raises(UnknownSurveyError, match="'cast'"):
            ask(site, "cast")
    with pytest.raises(UnknownSurveyError, match="'cast'"):
        save(site, draft_of(site), "cast")


def test_who_saves_at_the_same_moment_writes_a_version_each(own_database: Database) -> None:
    site = opened(own_database)
    together = Barrier(6)

    def change(n: int) -> int | None:
        with own_database.transaction() as session:
            seen = surveys.find_survey(session, "csat")
            draft = survey_edits.draft_of(session, seen.key)
            if session.get_bind().dialect.name == "postgresql":
                together.wait(30)
            draft = with_words(draft, {"sv.csat.question": f"Hur gick det, {n}?"})
            return survey_edits.save(session, seen.key, draft, START)

    with ThreadPoolExecutor(6) as pool:
        assert sorted(filter(None, pool.map(change, range(6)))) == [2, 3, 4, 5, 6, 7]
    assert current(site).number == 7


# --- further questions -----------------------------------------------------------------------------


def test_any_question_but_the_own_and_the_open_one_can_follow() -> None:
    assert survey_edits.further_choices(built_in("csat")) == (
        "nps",
        "ces",
        "ces_ease",
        "nki1",
        "solved",
        "treatment",
        "competence",
    )
    assert "nki1" not in survey_edits.further_choices(built_in("nki1", "nki2", "nki3", "csat"))


def test_further_questions_come_in_the_order_chosen_each_once_and_nki_whole() -> None:
    draft = with_further(built_in("csat"), ["solved", "nki2", "nps", "solved", "nki1"])
    assert draft == built_in("csat", "solved", "nki1", "nki2", "nki3", "nps")


def test_choosing_again_keeps_the_words_of_what_stays() -> None:
    draft = with_words(built_in("csat", "nps"), {"sv.csat.question": "a", "sv.nps.question": "b"})
    draft = with_further(draft, ["solved", "nps"])
    assert draft.questions == ("csat", "solved", "nps")
    assert [draft.texts["sv"][key].question for key in ("csat", "nps")] == ["a", "b"]
    draft = with_further(with_further(draft, []), ["nps"])
    assert draft.texts["sv"]["csat"].question == "a"
    assert draft.texts["sv"]["nps"] == built_in_text("nps", language("sv"))


@pytest.mark.parametrize("key", ["open", "csat", "cast", ""])
def test_what_cannot_follow_is_refused_with_what_can(key: str) -> None:
    with pytest.raises(FieldError, match="nps, ces, ces_ease, nki1, solved") as refused:
        with_further(built_in("csat"), ["nps", key])
    assert (refused.value.field, refused.value.problem) == ("further", Problem.CHOICE)


@pytest.mark.parametrize(
    "draft",
    [
        built_in(),
        built_in("nps"),
        built_in("nps", "csat"),
        built_in("solved"),
        built_in("csat", "open"),
        built_in("csat", "nki1"),
        built_in("csat", "nps", "nps"),
    ],
    ids=lambda draft: " ".join(draft.questions),
)
def test_questions_that_make_no_such_survey_are_not_saved(site: Site, draft: Draft) -> None:
    with pytest.raises(FieldError, match="further"):
        save(site, draft)
    assert current(site).number == 1


def test_further_questions_that_were_saved_are_asked(site: Site) -> None:
    save(site, with_further(draft_of(site), ["solved"]))
    person = Visitor(site, site.invited())
    assert 'name="further_solved"' in person.follow(person.press(4).location).text
    assert versions(site)[0].questions == ("csat", "solved")


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("sv.csat.question", "", Problem.MISSING),
        ("sv.csat.question", " \t ", Problem.MISSING),
        ("sv.csat.question", "\N{SOFT HYPHEN}", Problem.MISSING),
        ("sv.csat.question", "a" * 301, Problem.LONG),
        ("sv.csat.question", "What of {customer}?", Problem.PLACEHOLDER),
        ("sv.csat.question", "{company", Problem.PLACEHOLDER),
        ("sv.csat.question", "{company}}", Problem.PLACEHOLDER),
        ("sv.csat.question", "{{company}}", Problem.PLACEHOLDER),
        ("sv.csat.question", "{company.name}", Problem.PLACEHOLDER),
        ("sv.csat.question", "One\ntwo?", Problem.NO_TEXT),
        ("sv.csat.question", "One\N{LINE SEPARATOR}two?", Problem.NO_TEXT),
        ("sv.csat.question", "\x00?", Problem.NO_TEXT),
        ("sv.csat.question", "\ud800?", Problem.NO_TEXT),
        ("sv.csat.question", "\N{RIGHT-TO-LEFT OVERRIDE}?", Problem.NO_TEXT),
        ("de.csat.lead_in", "a" * 201, Problem.LONG),
        ("de.csat.lead_in", "{name}", Problem.PLACEHOLDER),
        ("ro.csat.labels.4", "", Problem.MISSING),
        ("ro.csat.labels.4", "a" * 61, Problem.LONG),
        ("ro.csat.labels.4", "{company}", Problem.PLACEHOLDER),
        ("en.csat.prompts.unfavourable", "", Problem.MISSING),
        ("en.csat.prompts.neutral", "a" * 201, Problem.LONG),
        ("en.csat.prompts.favourable", "{", Problem.PLACEHOLDER),
    ],
)
def test_a_text_that_cannot_be_shown_is_refused_by_its_field(
    site: Site, field: str, text: str, problem: Problem
) -> None:
    draft = with_words(draft_of(site), {field: text})
    [found] = survey_edits.problems_of(draft)
    assert (found.field, found.problem) == (field, problem)
    with pytest.raises(FieldError, match=field):
        save(site, draft)
    assert current(site).number == 1


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("sv.csat.question", "a" * 300),
        ("sv.csat.question", "{company}, {company}?"),
        ("de.csat.lead_in", ""),
        ("de.csat.lead_in", "a" * 200),
        ("de.csat.lead_in", "z.\N{NO-BREAK SPACE}B. der Kunden\N{SOFT HYPHEN}service"),
        ("ro.csat.labels.4", "👩\N{ZERO WIDTH JOINER}🚒"),
        ("ro.csat.labels.4", "a" * 60),
        ("en.csat.prompts.neutral", "What could {company} do better?"),
        ("en.csat.prompts.neutral", "<b>100 %</b> & %(n)s"),
    ],
)
def test_a_text_at_its_limit_is_kept_as_it_is(site: Site, field: str, text: str) -> None:
    edit(site, {field: text})
    assert words(draft_of(site))[field] == text


def test_everything_that_is_wrong_is_told_at_once() -> None:
    draft = with_words(built_in("csat"), {"de.csat.labels.1": "", "sv.csat.question": "a" * 301})
    found = survey_edits.problems_of(draft)
    assert [str(each) for each in found] == [
        "sv.csat.question: This is longer than 300 characters.",
        "de.csat.labels.1: This is missing.",
    ]


def test_a_rating_keeps_to_the_words_of_its_scale() -> None:
    draft = built_in("nps")
    text = draft.texts["sv"]["nps"]
    texts = {**draft.texts, "sv": {"nps": replace(text, labels={0: "Nej", 5: "Kanske"})}}
    found = survey_edits.problems_of(replace(draft, texts=texts))
    assert [(each.field, each.problem) for each in found] == [
        ("sv.nps.labels.10", Problem.MISSING),
        ("sv.nps.labels.5", Problem.UNKNOWN),
    ]


def test_an_open_question_has_neither_labels_nor_prompts() -> None:
    assert survey_edits.problems_of(built_in("open")) == []
    assert {name.partition("open.")[2] for name in words(built_in("open"))} == {"lead_in", "question"}


# --- versions and their differences ----------------------------------------------------------------


def test_versions_are_listed_with_how_many_were_invited_with_each(site: Site) -> None:
    invited = [site.invited() for _ in range(3)]
    site.invited("nps")
    with site.database.transaction() as session:
        session.get_one(Invitation, invited[0].id).status = Status.REFUSED
    site.clock.forward(days=1)
    edit(site, {"sv.csat.question": "Hur gick det?"})
    site.invited()
    site.clock.forward(days=1)
    edit(site, {"sv.csat.question": "Hur var det?"})
    found = [(each.number, (each.created_at - START).days, each.invited) for each in versions(site)]
    assert found == [(3, 2, 0), (2, 1, 1), (1, 0, 2)]


def test_a_difference_names_language_question_and_field(site: Site) -> None:
    edit(site, {"sv.csat.question": "Hur gick det?", "de.csat.labels.4": "Gut"})
    assert differences(site, 1, 2) == [
        Difference(
            "sv", "csat", "question", "Hur nöjd är du med hjälpen du fick av {company}?", "Hur gick det?"
        ),
        Difference("de", "csat", "labels.4", "Zufrieden", "Gut"),
    ]
    assert [(each.before, each.after) for each in differences(site, 2, 1)][1] == ("Gut", "Zufrieden")
    assert differences(site, 2, 2) == []


def test_a_question_that_came_or_went_differs_in_all_its_texts(site: Site) -> None:
    save(site, with_further(draft_of(site), ["solved"]))
    came = differences(site, 1, 2)
    assert {each.question for each in came} == {"solved"} and {each.before for each in came} == {None}
    assert Difference("sv", "solved", "lead_in", None, "") in came
    assert len(came) == len(words(built_in("solved")))
    assert {each.after for each in differences(site, 2, 1)} == {None}


def test_another_order_is_a_new_version_without_differences(site: Site) -> None:
    save(site, with_further(draft_of(site), ["nps", "solved"]))
    assert save(site, with_further(draft_of(site), ["solved", "nps"])) == 3
    assert differences(site, 2, 3) == []
    assert versions(site)[0].questions == ("csat", "solved", "nps")


@pytest.mark.parametrize(("key", "older", "newer"), [("csat", 1, 2), ("csat", 0, 1), ("cast", 1, 1)])
def test_there_are_no_differences_from_what_is_not_there(
    site: Site, key: str, older: int, newer: int
) -> None:
    with pytest.raises(UnknownThingError):
        differences(site, older, newer, key)


# --- any texts -------------------------------------------------------------------------------------

_LETTERS = st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="{}")
_TEXTS = (
    st.lists(_LETTERS, min_size=1, max_size=60)
    .map("".join)
    .map(str.strip)
    .filter(lambda text: any(character.isalnum() for character in text))
)


@st.composite
def edits(draw: st.DrawFn) -> Draft:
    further = draw(st.lists(st.sampled_from([key for key in FURTHER if key != "csat"]), max_size=3))
    draft = with_further(built_in("csat"), further)
    some = draw(st.lists(st.sampled_from(list(words(draft))), max_size=5))
    return with_words(draft, {name: draw(_TEXTS) for name in some})


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(edits(), min_size=1, max_size=4))
def test_any_valid_texts_come_back_as_they_were_and_differ_where_they_differ(
    database: Database, history: list[Draft]
) -> None:
    assert isinstance(database, ThrownAway)
    database.discard()
    site = opened(database)
    saved = [draft_of(site)]
    for draft in history:
        number = save(site, draft)
        assert draft_of(site) == draft
        assert save(site, draft_of(site)) is None
        assert number == (None if draft == saved[-1] else len(saved) + 1)
        saved += [draft] if number else []
    for older, before in enumerate(saved, 1):
        for newer, after in enumerate(saved, 1):
            found = differences(site, older, newer)
            assert (found == []) == (before.texts == after.texts)
            told = words(before) | {
                f"{each.language}.{each.question}.{each.field}": each.after for each in found
            }
            assert {name: text for name, text in told.items() if text is not None} == words(after)


# --- languages that lag behind ---------------------------------------------------------------------


def test_nobody_lags_behind_what_ships(site: Site) -> None:
    save(site, with_further(draft_of(site), ["nps"]))
    assert lagging(site) == {}


def test_who_was_not_edited_with_the_others_lags(site: Site) -> None:
    save(site, with_further(draft_of(site), ["nps"]))
    edit(site, {"sv.csat.question": "Hur gick det?", "en.csat.labels.5": "Splendid"})
    edit(site, {"de.nps.question": "Und sonst?"})
    assert lagging(site) == {"sv": ["nps"], "ro": ["csat", "nps"], "de": ["csat"], "en": ["nps"]}


def test_all_languages_at_once_lag_nobody(site: Site) -> None:
    edit(site, {f"{code}.csat.question": f"? {code} {{company}}" for code in LANGUAGES})
    assert lagging(site) == {}


def test_a_language_that_catches_up_makes_nobody_else_lag(site: Site) -> None:
    edit(site, {"sv.csat.question": "Hur gick det?"})
    edit(site, {"de.csat.question": "Wie war es?"})
    assert lagging(site) == {"ro": ["csat"], "en": ["csat"]}
    edit(site, {"ro.csat.question": "Cum a fost?", "en.csat.question": "How was it?"})
    assert lagging(site) == {}


def test_a_language_that_goes_on_leaves_the_others_behind_again(site: Site) -> None:
    edit(site, {"sv.csat.question": "Hur gick det?"})
    edit(site, {"de.csat.question": "Wie war es?"})
    edit(site, {"sv.csat.question": "Hur var det?"})
    assert list(lagging(site)) == ["ro", "de", "en"]


def test_back_to_the_words_that_ship_lags_nobody(site: Site) -> None:
    edit(site, {"sv.csat.question": "Hur gick det?"})
    edit(site, {"sv.csat.question": built_in_text("csat", language("sv")).question})
    assert lagging(site) == {}


def test_an_update_of_what_ships_lags_nobody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def newer(key: str, tongue: Any) -> Any:
        text = built_in_text(key, tongue)
        return replace(text, lead_in="Newer") if tongue.code == "en" else text

    monkeypatch.setattr(surveys, "built_in_text", newer)
    with site.database.transaction() as session:
        assert "csat" in surveys.install_built_ins(session, START)
    assert lagging(site) == {}


def test_a_question_that_was_left_out_lags_nowhere(site: Site) -> None:
    save(site, with_further(draft_of(site), ["nps"]))
    edit(site, {"sv.nps.question": "Vad säger du?"})
    save(site, with_further(draft_of(site), []))
    assert lagging(site) == {}
    save(site, with_further(draft_of(site), ["nps"]))
    assert lagging(site) == {}


# --- previews --------------------------------------------------------------------------------------


def test_a_preview_reads_as_the_customer_of_the_locale_would() -> None:
    draft = with_words(built_in("csat"), {"de.csat.question": "Wie war es?"})
    assert survey_edits.preview_text(draft, "de-AT", "csat").question == "Wie war es?"
    assert survey_edits.preview_text(draft, "fi", "csat") == draft.texts["en"]["csat"]


# --- how many are invited --------------------------------------------------------------------------


def test_invitations_are_counted_by_survey_from_a_moment_on(site: Site) -> None:
    site.invited("csat")
    site.clock.forward(days=1)
    since = site.clock()
    site.invited("csat")
    refused = site.invited("nps")
    with site.database.transaction() as session:
        session.get_one(Invitation, refused.id).status = Status.REFUSED
    with site.database.reading() as session:
        assert survey_edits.invited_since(session, since) == {"csat": 1}

"""The surveys: what ships, how they change, and that what was asked stays."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import update

from surveyapp import survey_edits, surveys
from surveyapp.core.errors import UnknownSurveyError
from surveyapp.core.scales import SCALES, Metric
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES, Language
from surveyapp.models import Survey, SurveyVersion
from surveyapp.surveys import BUILT_IN, Version
from surveyapp.texts import QuestionText, built_in_text
from tests.support.people import START, Site, Visitor, opened


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def current(site: Site, key: str) -> Version:
    with site.database.reading() as session:
        return surveys.current_version(session, surveys.find_survey(session, key))


def install(site: Site) -> list[str]:
    with site.database.transaction() as session:
        return surveys.install_built_ins(session, site.clock())


def ask_also(site: Site, key: str, *metrics: Metric) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, key, metrics, site.clock())


def reword(site: Site, key: str) -> None:
    """Make the current version one of an earlier release, whose English was another."""
    with site.database.transaction() as session:
        row = session.get_one(SurveyVersion, (key, 1))
        texts = json.loads(json.dumps(row.texts))
        texts["en"][key]["question"] = "How did we do at {company}?"
        changed = update(SurveyVersion).where(SurveyVersion.survey_key == key)
        session.execute(changed.values(texts=texts, digest=f"of an earlier release of {key}"))


def test_every_metric_has_a_survey_but_those_that_only_follow_another() -> None:
    only_further = {Metric.SOLVED, Metric.TREATMENT, Metric.COMPETENCE}
    assert set(BUILT_IN) == {str(metric) for metric in set(Metric) - only_further}


@pytest.mark.parametrize("key", BUILT_IN)
def test_a_built_in_survey_asks_its_own_metric_in_every_language(site: Site, key: str) -> None:
    version = current(site, key)
    assert {question.metric for question in version.questions} == {Metric(key)}
    assert version.main == version.questions[0] and version.further == version.questions[1:]
    for code in LANGUAGES:
        for question in version.questions:
            text = version.text(code, question)
            assert text.question
            if question.scale:
                assert {question.scale.lowest, question.scale.highest} <= text.labels.keys()
                assert text.labels.keys() <= set(question.scale.ratings)


def test_nki_asks_three_questions() -> None:
    assert len(BUILT_IN["nki"]) == SCALES[Metric.NKI].questions == 3


def test_installing_again_changes_nothing(site: Site) -> None:
    before = site.rows(SurveyVersion)
    assert install(site) == []
    assert site.rows(SurveyVersion) == before
    assert {row["number"] for row in before} == {1}


def test_a_changed_text_is_a_new_version_and_the_old_one_stays(site: Site) -> None:
    reword(site, "csat")
    asked_before = site.invited("csat")
    old = [row for row in site.rows(SurveyVersion) if row["survey_key"] == "csat"]
    assert install(site) == ["csat"]
    assert install(site) == []
    versions = [row for row in site.rows(SurveyVersion) if row["survey_key"] == "csat"]
    assert [row["number"] for row in versions] == [1, 2] and versions[:1] == old
    assert "How did we do at Nordlicht?" in Visitor(site, asked_before).open(4).text
    assert "How satisfied" in Visitor(site, site.invited("csat")).open(4).text


def test_an_upgrade_keeps_the_questions_that_were_added(site: Site) -> None:
    ask_also(site, "csat", Metric.NPS)
    with site.database.transaction() as session:
        changed = update(SurveyVersion).where(SurveyVersion.survey_key == "csat", SurveyVersion.number == 2)
        session.execute(changed.values(digest="of an earlier release"))
    assert install(site) == ["csat"]
    assert [question.key for question in current(site, "csat").questions] == ["csat", "nps"]


def test_further_questions_are_asked_of_new_invitations_alone(site: Site) -> None:
    before = Visitor(site, site.invited())
    ask_also(site, "csat", Metric.NPS, Metric.NKI)
    after = Visitor(site, site.invited())
    assert [question.key for question in current(site, "csat").questions] == [
        "csat",
        "nps",
        "nki1",
        "nki2",
        "nki3",
    ]
    assert 'name="further_nps"' in after.follow(after.press(4).location).text
    assert "further_" not in before.follow(before.press(4).location).text
    before.press(4, further_nps="9")
    assert site.ratings(before.invited) == {"csat": 4}


def test_further_questions_count_as_metrics_of_their_own(site: Site) -> None:
    ask_also(site, "csat", Metric.SOLVED, Metric.TREATMENT, Metric.COMPETENCE)
    person = Visitor(site, site.invited())
    page = person.follow(person.press(5).location)
    assert "Was your issue solved?" in page.text and 'name="further_solved"' in page.text
    page = person.follow(person.press(5, further_solved="2").location)
    assert "How well did we treat you?" in page.text
    page = person.follow(person.press(5, further_treatment="4").location)
    assert "How competent did we seem?" in page.text
    person.press(5, further_competence="1")
    assert site.ratings(person.invited) == {"csat": 5, "solved": 2, "treatment": 4, "competence": 1}
    for metric in (Metric.CSAT, Metric.SOLVED, Metric.TREATMENT, Metric.COMPETENCE):
        assert site.n(metric=metric) == 1


def test_asking_the_same_again_is_no_new_version(site: Site) -> None:
    ask_also(site, "csat", Metric.NPS)
    ask_also(site, "csat", Metric.NPS)
    ask_also(site, "csat", Metric.NPS, Metric.NPS, Metric.CSAT)
    assert current(site, "csat").number == 2
    ask_also(site, "csat")
    assert (current(site, "csat").number, len(current(site, "csat").questions)) == (3, 1)


def edit(site: Site, key: str, **texts: str) -> None:
    """Save the Swedish question in other words."""
    with site.database.transaction() as session:
        draft = survey_edits.draft_of(session, key)
        changed = {f"sv.{question}.question": text for question, text in texts.items()}
        survey_edits.save(session, key, survey_edits.with_words(draft, changed), site.clock())


def ship(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the words of this release be others than before, in every language."""

    def other_words(key: str, language: Language) -> QuestionText:
        text = built_in_text(key, language)
        return replace(text, question=f"{text.question} ({language.code})")

    monkeypatch.setattr(surveys, "built_in_text", other_words)


def test_an_upgrade_leaves_edited_questions_alone_and_changes_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_also(site, "csat", Metric.NPS)
    edit(site, "csat", csat="Hur gick det?")
    before = current(site, "csat")
    ship(monkeypatch)
    assert install(site) == list(BUILT_IN)
    assert install(site) == []
    after = current(site, "csat")
    for code in LANGUAGES:
        assert after.texts[code]["csat"] == before.texts[code]["csat"]
        assert after.texts[code]["nps"].question == before.texts[code]["nps"].question + f" ({code})"
    assert [(each.key, each.is_edited) for each in after.questions] == [("csat", True), ("nps", False)]


def test_a_release_that_changes_only_what_was_edited_is_no_new_version(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(site, "csat", csat="Hur gick det?")
    ship(monkeypatch)
    assert install(site) == [key for key in BUILT_IN if key != "csat"]
    assert current(site, "csat").number == 2


def test_a_language_that_is_new_to_an_edited_question_comes_in_the_words_that_ship(site: Site) -> None:
    edit(site, "csat", csat="Hur gick det?")
    edited = current(site, "csat")
    with site.database.transaction() as session:
        texts = {code: words for code, words in surveys.texts_as_json(edited.texts).items() if code != "ro"}
        changed = update(SurveyVersion).where(SurveyVersion.survey_key == "csat", SurveyVersion.number == 2)
        session.execute(changed.values(texts=texts, digest="of a release without Romanian"))
    assert install(site) == ["csat"]
    assert current(site, "csat").texts == edited.texts


def test_edited_words_stay_when_further_questions_are_chosen(site: Site) -> None:
    edit(site, "csat", csat="Hur gick det?")
    ask_also(site, "csat", Metric.NPS)
    assert current(site, "csat").texts["sv"]["csat"].question == "Hur gick det?"
    edit(site, "csat", nps="Vad säger du?")
    ask_also(site, "csat")
    ask_also(site, "csat", Metric.NPS)
    assert current(site, "csat").texts["sv"]["csat"].question == "Hur gick det?"
    assert "Hur sannolikt" in current(site, "csat").texts["sv"]["nps"].question


def test_a_mode_binds_open_invitations_too(site: Site) -> None:
    person = Visitor(site, site.invited())
    site.clock.forward(minutes=11)
    assert person.open(5).is_one_click
    with site.database.transaction() as session:
        surveys.set_mode(session, "csat", "confirm")
    assert not person.open(5).is_one_click
    with site.database.transaction() as session:
        surveys.set_mode(session, "csat", None)
    assert person.open(5).is_one_click


def test_a_mode_set_in_the_same_transaction_stays(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_mode(session, "csat", "confirm")
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    assert next(row["mode"] for row in site.rows(Survey) if row["key"] == "csat") == "confirm"


def test_an_unknown_survey_is_named_with_those_there_are(site: Site) -> None:
    for change in (
        lambda session: surveys.find_survey(session, "cast"),
        lambda session: surveys.set_mode(session, "cast", "confirm"),
        lambda session: surveys.set_closed(session, "cast", START),
        lambda session: surveys.set_further(session, "cast", [Metric.NPS], START),
    ):
        with pytest.raises(UnknownSurveyError, match="'cast'.*csat"), site.database.transaction() as session:
            change(session)


def test_surveys_are_listed_by_key(site: Site) -> None:
    with site.database.reading() as session:
        keys = [survey.key for survey in surveys.all_surveys(session)]
    assert keys == sorted(BUILT_IN) == [row["key"] for row in site.rows(Survey)]


def test_a_locale_without_a_text_reads_english(site: Site) -> None:
    version = current(site, "csat")
    assert version.text("fi", version.main) == version.text("en", version.main)
    assert version.text("de-AT", version.main) == version.text("de", version.main)

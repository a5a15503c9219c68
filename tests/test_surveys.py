"""The surveys: what ships, how they change, and that what was asked stays."""

import json

import pytest
from sqlalchemy import update

from surveyapp import surveys
from surveyapp.core.errors import UnknownSurveyError
from surveyapp.core.scales import SCALES, Metric
from surveyapp.db import Database
from surveyapp.i18n import LANGUAGES
from surveyapp.models import Survey, SurveyVersion
from surveyapp.surveys import BUILT_IN, Version
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


def test_every_metric_has_a_survey() -> None:
    assert set(BUILT_IN) == {str(metric) for metric in Metric}


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


def test_asking_the_same_again_is_no_new_version(site: Site) -> None:
    ask_also(site, "csat", Metric.NPS)
    ask_also(site, "csat", Metric.NPS)
    ask_also(site, "csat", Metric.NPS, Metric.NPS, Metric.CSAT)
    assert current(site, "csat").number == 2
    ask_also(site, "csat")
    assert (current(site, "csat").number, len(current(site, "csat").questions)) == (3, 1)


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

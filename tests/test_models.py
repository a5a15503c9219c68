"""What the tables refuse by themselves, whatever the code above them does."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, inspect, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveyapp.db import Base, Database
from surveyapp.models import (
    ID_LENGTH,
    Answer,
    AnswerEvent,
    Invitation,
    Rating,
    Survey,
    SurveyVersion,
    Touch,
    new_id,
)
from tests.support.people import Site, Visitor, opened


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


def refused(site: Site, act: Callable[[Session], object]) -> bool:
    try:
        with site.database.transaction() as session:
            act(session)
            session.flush()
    except IntegrityError:
        return True
    return False


def copy_of(site: Site, model: type[Base], **changes: Any) -> Base:
    [row] = site.rows(model)
    return model(**row | changes)


def test_an_id_fits_its_column_and_is_never_twice_the_same() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000 and {len(each) for each in ids} == {ID_LENGTH}


def test_an_invitation_has_one_answer_and_each_question_one_rating(site: Site) -> None:
    Visitor(site, site.invited()).press(4)
    for model in (Answer, Rating, AnswerEvent):
        assert refused(site, lambda session, model=model: session.add(copy_of(site, model))), model  # type: ignore[misc]


def test_one_occasion_is_one_invitation(site: Site) -> None:
    site.invited(occasion="solved-1")
    assert refused(site, lambda session: session.add(copy_of(site, Invitation, id=new_id())))
    assert not refused(
        site, lambda session: session.add(copy_of(site, Invitation, id=new_id(), occasion="2"))
    )


@pytest.mark.parametrize("model", [Answer, Rating, AnswerEvent, Touch])
def test_nothing_belongs_to_an_invitation_that_is_not_there(site: Site, model: type[Base]) -> None:
    person = Visitor(site, site.invited())
    person.open(4)
    person.press(4)
    assert refused(site, lambda session: session.add(copy_of(site, model, invitation_id=new_id())))


def test_what_was_asked_cannot_be_deleted_from_under_an_invitation(site: Site) -> None:
    site.invited()
    chosen = SurveyVersion.survey_key == "csat"
    assert refused(site, lambda session: session.execute(delete(SurveyVersion).where(chosen)))
    moved = update(Invitation).values(survey_version=99)
    assert refused(site, lambda session: session.execute(moved))
    assert refused(site, lambda session: session.execute(delete(Survey).where(Survey.key == "csat")))


def test_every_key_and_index_has_the_name_that_the_convention_gives_it(own_database: Database) -> None:
    found = inspect(own_database.engine)
    for table in Base.metadata.sorted_tables:
        assert found.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"
        for key in found.get_foreign_keys(table.name):
            assert str(key["name"]).startswith(f"fk_{table.name}_")
        assert {index["name"] for index in found.get_indexes(table.name)} >= {
            index.name for index in table.indexes
        }


def test_no_id_could_be_taken_for_an_option_of_a_command() -> None:
    # One in 64 would begin with a hyphen: of so many at least one, but for one run in a hundred million.
    assert not any(new_id().startswith("-") for _ in range(1200))

"""Files of answers and figures: what is in them, and what programs make of it."""

import csv
import json
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from surveyapp import answers, export_files, export_words, exports, markers, surveys, targets
from surveyapp.answers import Entry
from surveyapp.core.access import AgentFigures, Reader, Role, operator, program
from surveyapp.core.errors import FieldError, NotAllowedError
from surveyapp.core.periods import Grain
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.export_files import Column, Format, safe, write
from surveyapp.exports import ANSWER_KEYS, TABLE_KEYS, UNCONVINCED_KEYS, Sees, Table, file_name
from surveyapp.figures import KEYS
from surveyapp.i18n import LANGUAGES, language
from surveyapp.models import Answer
from surveyapp.selecting import By, Dimension, Filter
from tests.support.people import START, Site, opened
from tests.support.staff import staff

BERLIN = ZoneInfo("Europe/Berlin")
NAMED = operator(AgentFigures.NAMED)
ALL = Sees(comments=True, customers=True, agents=True)
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database, TIMEZONE="Europe/Berlin", SMALLEST_N="1", SMALLEST_N_AGENT="1")


def give(
    site: Site, rating: int | None, comment: str | None = None, survey: str = "csat", **about: Any
) -> str:
    further = about.pop("further", {})
    made = site.invited(survey, **about)
    with site.database.transaction() as session:
        entry = Entry(rating, comment, further)
        answers.count(session, site.settings, made.id, entry, is_verified=True, now=site.clock())
    return made.id


def written(form: Format, rows: list[dict[str, Any]], *keys: str, zone: ZoneInfo = BERLIN) -> bytes:
    file = BytesIO()
    columns = [Column(key, key) for key in keys or list(rows[0])]
    assert write(file, form, columns, rows, zone=zone) == len(rows)
    return file.getvalue()


def of_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


def of_xlsx(content: bytes, sheet: int = 1) -> list[dict[str, tuple[str, str]]]:
    """Row -> column's letter -> (type, text) of each cell; a formula fails."""
    with ZipFile(BytesIO(content)) as book:
        tree = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))  # noqa: S314
    assert not list(tree.iter(f"{SPREADSHEET}f")) and not list(tree.iter(f"{SPREADSHEET}hyperlink"))
    return [
        {
            re.sub(r"\d", "", cell.attrib["r"]): (cell.attrib.get("t", "n"), "".join(cell.itertext()))
            for cell in row
        }
        for row in tree.iter(f"{SPREADSHEET}row")
    ]


def exported(site: Site, form: Format, reader: Reader = NAMED, seen: Sees = ALL, **chosen: Any) -> bytes:
    file = BytesIO()
    exports.write_answers(file, form, site.database, site.settings, reader, seen, Filter(**chosen))
    return file.getvalue()


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


# --- CSV -------------------------------------------------------------------------------------------


def test_a_csv_begins_with_the_mark_of_utf_8_and_ends_each_line_as_rfc_4180_says() -> None:
    content = written(Format.CSV, [{"word": 'å, "ș"\nß', "n": 1}])
    assert content == '\ufeffword,n\r\n"å, ""ș""\nß",1\r\n'.encode()


def test_values_are_written_for_programs() -> None:
    row = {
        "none": None,
        "yes": True,
        "minus": -5,
        "share": 1 / 3,
        "day": date(2026, 3, 2),
        "summer": datetime(2026, 7, 1, 12, tzinfo=UTC),
        "winter": datetime(2026, 1, 1, 12, tzinfo=UTC),
        "object": {"csat": 4},
    }
    assert of_csv(written(Format.CSV, [row]))[1] == [
        "", "true", "-5", "0.3333333333333333", "2026-03-02", "2026-07-01T14:00:00+02:00",
        "2026-01-01T13:00:00+01:00", '{"csat": 4}',
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49 30",
        "-5",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u200b=1",
        "＝1",
        "＋1",
        "－1",
        "＠1",
    ],
)
def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert of_csv(written(Format.CSV, [{"text": text}]))[1] == [f"'{text}"]


@pytest.mark.parametrize("text", ["", "a=b", "'quoted", "5 - 3", "ja!", "1e3", " x"])
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_a_heading_is_neutralised_too() -> None:
    file = BytesIO()
    write(file, Format.CSV, [Column("a", "=property")], [], zone=BERLIN)
    assert of_csv(file.getvalue()) == [["'=property"]]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_a_csv_gives_back_what_was_put_in(texts: list[str]) -> None:
    _, *rows = of_csv(written(Format.CSV, [{"n": 1, "text": text} for text in texts]))
    assert [row[1].removeprefix("'") if row[1] != text else row[1]
            for row, text in zip(rows, texts, strict=True)] == texts  # fmt: skip


# --- JSON lines ------------------------------------------------------------------------------------


def test_json_lines_are_objects_with_values_as_they_are() -> None:
    row = {"text": "=1+1 å", "n": -5, "none": None, "yes": False, "object": {"a": 1},
           "at": datetime(2026, 7, 1, 12, tzinfo=UTC), "day": date(2026, 3, 2)}  # fmt: skip
    content = written(Format.JSONL, [row, row])
    assert content.count(b"\n") == 2 and "å".encode() in content
    assert lines(content)[1] == row | {"at": "2026-07-01T12:00:00+00:00", "day": "2026-03-02"}


# --- XLSX ------------------------------------------------------------------------------------------


def test_the_cells_of_a_workbook_have_types() -> None:
    row = {"text": "Tack!", "n": -5, "share": 0.25, "yes": True, "none": None,
           "at": datetime(2026, 7, 1, 12, tzinfo=UTC), "day": date(2026, 3, 2)}  # fmt: skip
    head, cells = of_xlsx(written(Format.XLSX, [row]))
    assert [text for _, text in head.values()] == list(row)
    # 46083 is the day of 2 March 2026, 46204 that of 1 July; 14:00 in Berlin is 7/12 of a day.
    assert cells["A"] == ("inlineStr", "Tack!") and cells["D"] == ("b", "1")
    assert (cells["B"], cells["C"], cells["G"]) == (("n", "-5"), ("n", "0.25"), ("n", "46083"))
    assert float(cells["F"][1]) == pytest.approx(46204 + 14 / 24)
    assert "E" not in cells


def test_no_text_of_a_workbook_is_a_formula_a_link_or_the_librarys_own_tags() -> None:
    texts = [
        "=1+1",
        "{=1+1}",
        "https://example.com",
        "mailto:a@b.example",
        "<r><t>x</t></r>",
        "<b>&",
        "a\x01b",
    ]
    _, *rows = of_xlsx(written(Format.XLSX, [{"text": text} for text in texts]))
    assert [row["A"][0] for row in rows] == ["inlineStr"] * len(texts)
    told = [row["A"][1] for row in rows]
    assert told == [*texts[:4], "<r><t>x</t></r> ", "<b>&", "a_x0001_b"]


def test_a_text_longer_than_a_cell_is_cut_and_not_lost() -> None:
    [_, row] = of_xlsx(written(Format.XLSX, [{"text": "x" * 40_000}]))
    assert len(row["A"][1]) == 32_767


def test_what_does_not_fit_on_a_sheet_goes_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_files, "_ROWS_OF_SHEET", 2)
    content = written(Format.XLSX, [{"n": n} for n in range(5)])
    assert [[row["A"][1] for row in of_xlsx(content, sheet)] for sheet in (1, 2, 3)] == [
        ["n", "0", "1"],
        ["n", "2", "3"],
        ["n", "4"],
    ]
    assert "xl/worksheets/sheet2.xml" not in ZipFile(BytesIO(written(Format.XLSX, [{"n": 1}] * 2))).namelist()


def test_a_workbook_that_fails_leaves_no_file_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def failing() -> Iterator[dict[str, Any]]:
        yield {"n": 1}
        raise ConnectionError("in the middle")

    with pytest.raises(ConnectionError):
        write(BytesIO(), Format.XLSX, [Column("n", "n")], failing(), zone=BERLIN)
    assert list(tmp_path.iterdir()) == []


# --- how much memory -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(Format))
def test_ten_times_the_rows_need_no_more_memory(form: Format, tmp_path: Path) -> None:
    def peak(n: int) -> int:
        rows = ({"id": f"{number:022}", "comment": "x" * 100, "n": number} for number in range(n))
        columns = [Column(key, key) for key in ("id", "comment", "n")]
        with (tmp_path / "file").open("w+b") as file:
            tracemalloc.start()
            write(file, form, columns, rows, zone=BERLIN)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    peak(10)
    assert peak(1500) < peak(300) + 100_000


# --- answers ---------------------------------------------------------------------------------------


def test_an_answer_is_exported_with_what_it_is_about(site: Site) -> None:
    made = give(site, 4, "Tack!", ticket_ref="T-1", agent_ref="anna", agent_name="Anna", team="north",
                customer_ref="C-1", properties={"plan": "gold"})  # fmt: skip
    [row] = lines(exported(site, Format.JSONL))
    assert list(row) == list(ANSWER_KEYS)
    assert (row["invitation_id"], row["rating"], row["rating_group"]) == (made, 4, "favourable")
    assert (row["comment"], row["customer_ref"], row["agent_name"]) == ("Tack!", "C-1", "Anna")
    assert (row["ratings"], row["properties"]) == ({"csat": 4}, {"plan": "gold"})
    assert (row["version"], row["day"], row["changed_at"]) == (
        "csat 1",
        "2026-03-02",
        "2026-03-02T09:00:00+00:00",
    )


def test_nothing_that_says_who_a_customer_is_stands_in_any_export(site: Site) -> None:
    give(site, 4, address="maria@example.se", recipient_name="Maria Lind")
    for form in (Format.CSV, Format.JSONL):
        content = exported(site, form).decode()
        assert "maria" not in content.lower()


def test_what_somebody_may_not_see_is_no_column(site: Site) -> None:
    give(site, 4, "Tack!", agent_ref="anna", agent_name="Anna", customer_ref="C-17")
    for form in (Format.CSV, Format.JSONL):
        content = exported(site, form, seen=Sees(comments=False, customers=False, agents=False)).decode()
        assert not re.search("Tack|anna|C-17|comment|customer_ref|agent", content, re.IGNORECASE)


def test_further_ratings_have_columns_of_their_own(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    give(site, 4, further={"nps": 9})
    give(site, 2)
    head, *rows = of_csv(exported(site, Format.CSV))
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert sorted((row["ratings.csat"], row["ratings.nps"]) for row in found) == [("2", ""), ("4", "9")]
    assert "ratings" not in head
    assert len(lines(exported(site, Format.JSONL, metric=Metric.NPS))) == 1
    head, *rows = of_csv(exported(site, Format.CSV, metric=Metric.NPS))
    assert len(rows) == 1 and {"ratings.csat", "ratings.nps"} < {*head}


def test_held_refused_and_withdrawn_answers_are_not_exported(site: Site) -> None:
    kept = give(site, 4)
    for state in ("held", "refused", "void"):
        made = give(site, 2)
        with site.database.transaction() as session:
            session.execute(update(Answer).where(Answer.invitation_id == made).values(state=state))
    assert [row["invitation_id"] for row in lines(exported(site, Format.JSONL))] == [kept]


def test_pages_lose_nothing_and_say_nothing_twice(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 3)
    made = []
    for number in range(10):
        made.append(give(site, 1 + number % 5))
        site.clock.forward(days=number % 3 // 2)
    found = [row["invitation_id"] for row in exports.answers(site.database, NAMED, ALL, Filter())]
    assert sorted(found) == sorted(made) and len(found) == len(set(found))
    days = [row["day"] for row in exports.answers(site.database, NAMED, ALL, Filter())]
    assert days == sorted(days)
    some = exports.answers(site.database, NAMED, ALL, Filter(first=date(2026, 3, 3), last=date(2026, 3, 3)))
    assert {row["day"] for row in some} == {date(2026, 3, 3)}


def test_no_transaction_is_open_while_rows_are_taken(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    for _ in range(3):
        give(site, 4)
    open_now, pages = 0, 0
    reading = site.database.reading

    class Counted:
        def __enter__(self) -> Any:
            nonlocal open_now, pages
            open_now, pages = open_now + 1, pages + 1
            self.inner = reading()
            return self.inner.__enter__()

        def __exit__(self, *error: Any) -> Any:
            nonlocal open_now
            open_now -= 1
            return self.inner.__exit__(*error)

    monkeypatch.setattr(site.database, "reading", Counted)
    for _ in exports.answers(site.database, NAMED, ALL, Filter()):
        assert open_now == 0
    assert pages == 3


def test_who_may_not_open_answers_gets_none_and_agents_are_chosen_only_where_named(site: Site) -> None:
    bound = program(AgentFigures.NAMED, opens_answers=False)
    with pytest.raises(NotAllowedError):
        exports.answers(site.database, bound, ALL, Filter())
    with pytest.raises(FieldError, match="agent"):
        exports.answers(site.database, operator(AgentFigures.OFF), ALL, Filter(agent="anna"))


def test_a_reader_gets_the_answers_of_the_own_teams_alone(site: Site) -> None:
    give(site, 4, team="north")
    give(site, 4, team="south")
    own = replace(NAMED, teams=frozenset({"north"}))
    assert [row["team"] for row in exports.answers(site.database, own, ALL, Filter())] == ["north"]


# --- figures ---------------------------------------------------------------------------------------


def rows_of(site: Site, wanted: Table, **asked: Any) -> list[Any]:
    chosen = Filter(first=date(2026, 3, 2), last=date(2026, 3, 8))
    with site.database.reading() as session:
        return exports.table(session, site.settings, NAMED, chosen, wanted, now=site.clock(), **asked)


def test_every_table_has_rows_with_its_columns(site: Site) -> None:
    give(site, 4, team="north")
    for wanted in (Table.SCORES, Table.TREND, Table.RESPONSE):
        [row, *_] = rows_of(site, wanted, grain=Grain.WEEK)
        assert set(TABLE_KEYS[wanted]) <= set(row)
    assert TABLE_KEYS[Table.SCORES] == KEYS
    assert [row["group"] for row in rows_of(site, Table.RESPONSE, by=By(Dimension.TEAM))] == ["north"]


def test_a_trend_has_no_gaps(site: Site) -> None:
    give(site, 4)
    found = rows_of(site, Table.TREND, grain=Grain.DAY)
    assert [row["n"] for row in found] == [1, 0, 0, 0, 0, 0, 0]
    assert (found[1]["from"], found[1]["score"]) == (date(2026, 3, 3), None)


def test_a_comparison_needs_two_ends_and_no_time(site: Site) -> None:
    give(site, 4, team="north")
    [row] = rows_of(site, Table.SCORES, by=By(Dimension.TEAM), is_compared=True)
    assert row["previous_n"] == 0
    with pytest.raises(FieldError, match="compare"):
        rows_of(site, Table.SCORES, by=By(Dimension.DAY), is_compared=True)
    with site.database.reading() as session, pytest.raises(FieldError, match="to"):
        chosen = Filter(first=date(2026, 3, 2))
        exports.figures(session, site.settings, NAMED, chosen, now=site.clock(), is_compared=True)


def test_days_in_the_wrong_order_are_the_fault_of_who_asks(site: Site) -> None:
    for wanted in Table:
        with pytest.raises(FieldError, match="to"):
            table_of(site, wanted, first=date(2026, 3, 8), last=date(2026, 3, 2))
    with site.database.reading() as session, pytest.raises(FieldError, match="to"):
        chosen = Filter(first=date(2026, 3, 8), last=date(2026, 3, 2))
        exports.figures(session, site.settings, NAMED, chosen, now=site.clock(), is_compared=True)


# --- further tables --------------------------------------------------------------------------------


def table_of(site: Site, wanted: Table, reader: Reader = NAMED, **limits: Any) -> list[Any]:
    chosen = Filter(**{"metric": Metric.CSAT, "first": date(2026, 3, 2), "last": date(2026, 3, 8), **limits})
    with site.database.reading() as session:
        rows = exports.table(session, site.settings, reader, chosen, wanted, now=site.clock())
    assert all({*row} <= {*TABLE_KEYS[wanted]} for row in rows)
    return rows


def moved(site: Site) -> None:
    """One week, and a worse one."""
    site.clock.at = START - timedelta(days=7)
    for rating, case_type in ((5, "move"), (5, "move"), (5, "bill"), (1, "bill")):
        give(site, rating, case_type=case_type)
    site.clock.at = START
    for rating, case_type in ((5, "move"), (1, "move"), (2, "move"), (4, "bill"), (5, "bill")):
        give(site, rating, case_type=case_type)
    give(site, 5)


def test_the_parts_of_a_change_add_up_in_the_file_as_on_the_page(site: Site) -> None:
    moved(site)
    *groups, whole = table_of(site, Table.CHANGE)
    assert {row["group"] for row in groups} == {"move", "bill", None} and whole["row"] == "all"
    assert (whole["previous_n"], whole["n"], whole["previous_score"]) == (4, 6, 75)

    def exact(row: Any, key: str) -> Decimal:
        return Decimal(str(row[key]))

    for key in ("mix", "within", "together"):
        assert sum(exact(row, key) for row in groups) == exact(whole, key)
    for row in (*groups, whole):
        assert exact(row, "mix") + exact(row, "within") == exact(row, "together")
    assert whole["together"] == round(100 * 4 / 6 - 75, 1)


def test_the_parts_of_a_distance_add_up_and_without_a_target_there_are_none(site: Site) -> None:
    moved(site)
    assert table_of(site, Table.TARGET) == []
    leader = staff(site, Role.LEADER)
    with site.database.transaction() as session:
        targets.set_target(session, leader.viewer.id, Metric.CSAT, 90, "Agreed", site.clock())
    *groups, whole = table_of(site, Table.TARGET)
    parts = [Decimal(str(row["distance_part"])) for row in groups]
    assert sum(parts) == Decimal(str(whole["distance_part"])) == Decimal("-23.3")
    assert {row["target"] for row in (*groups, whole)} == {90} and whole["low"] is not None


def test_a_table_that_needs_a_metric_says_so(site: Site) -> None:
    for wanted in (Table.CHANGE, Table.TARGET, Table.AGENTS):
        with pytest.raises(FieldError, match="metric"):
            table_of(site, wanted, metric=None)


def test_two_ratings_of_the_same_people_are_counted_and_the_unconvinced_listed(site: Site) -> None:
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    give(site, 5, further={"nps": 10})
    made = give(site, 4, "=slow", further={"nps": 6}, ticket_ref="T-9")
    rows = table_of(site, Table.BOTH)
    assert len(rows) == 9 and sum(row["n"] for row in rows) == 2 and sum(row["share"] for row in rows) == 100
    [torn] = [row for row in rows if row["n"] and row["nps_group"] == "unfavourable"]
    assert torn["csat_group"] == "favourable"
    viewer = staff(site, Role.LEADER).viewer
    file = BytesIO()
    exports.write_unconvinced(file, Format.CSV, site.database, site.settings, viewer, Filter())
    head, row = of_csv(file.getvalue())
    assert dict(zip(head, row, strict=True)) == {
        "day": "2026-03-02", "invitation_id": made, "ticket_ref": "T-9", "csat": "4", "nps": "6",
        "comment": "'=slow", "case_type": "", "locale": "en",
    }  # fmt: skip


def test_the_list_of_the_unconvinced_goes_on_page_after_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    with site.database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], site.clock())
    made = [give(site, 4, further={"nps": 6}) for _ in range(5)]
    viewer = staff(site, Role.LEADER).viewer
    found = exports.unconvinced(site.database, site.settings, viewer, Filter())
    assert sorted(row["invitation_id"] for row in found) == sorted(made)


def test_markers_stand_beside_the_scores_before_and_after_them(site: Site) -> None:
    moved(site)
    leader = staff(site, Role.LEADER).viewer
    with site.database.transaction() as session:
        for day in (START.date(), START.date() + timedelta(days=3)):
            markers.add(session, site.settings, leader, day, "New menu", site.clock())
    seen, ahead = table_of(site, Table.MARKERS)
    assert (seen["day"], seen["event"], seen["metric"]) == (START.date(), "New menu", "csat")
    assert (seen["previous_n"], seen["n"], seen["previous_score"]) == (4, 6, 75)
    assert seen["previous_to"] == START.date() - timedelta(days=1) and seen["from"] == START.date()
    assert {*ahead} == {"day", "event"}
    bound = replace(NAMED, is_bound=True)
    assert [{*row} for row in table_of(site, Table.MARKERS, bound)] == [{"day", "event"}] * 2


def test_agents_are_exported_with_what_their_case_types_let_one_expect(site: Site) -> None:
    for rating, agent, case_type in ((5, "anna", "move"), (1, "erik", "move"), (4, "erik", "bill")):
        give(site, rating, agent_ref=agent, case_type=case_type)
    anna, erik = table_of(site, Table.AGENTS)
    assert (anna["group"], anna["n"], anna["score"], anna["expected"]) == ("anna", 1, 100, 50)
    assert (erik["group"], erik["place"], erik["explained"]) == ("erik", "within", False)
    with pytest.raises(FieldError, match="from"):
        table_of(site, Table.AGENTS, operator(AgentFigures.PSEUDONYMOUS))


def test_answers_without_a_comment_are_left_out_where_comments_are_asked_for(site: Site) -> None:
    kept = give(site, 4, "Tack!")
    give(site, 2)
    rows = exports.answers(site.database, NAMED, ALL, Filter(), is_commented=True)
    assert [row["invitation_id"] for row in rows] == [kept]
    with pytest.raises(NotAllowedError):
        exports.answers(site.database, NAMED, replace(ALL, comments=False), Filter(), is_commented=True)


# 3 of 7: no other group has this share, nor anything near it.
CANARY = "42.857"


def test_what_is_withheld_stands_in_no_file(site: Site) -> None:
    site = replace(site, settings=replace(site.settings, smallest_n=8, smallest_n_agent=8))
    groups = {"tiny": [5, 5, 4, 1, 1, 2, 3], "north": [5] * 10, "south": [5] * 8 + [1] * 2}
    for at in (START - timedelta(days=7), START):
        site.clock.at = at
        for group, ratings in groups.items():
            for rating in ratings:
                give(site, rating, team=group, case_type=group, agent_ref=group)
    leader = staff(site, Role.LEADER).viewer
    with site.database.transaction() as session:
        targets.set_target(session, leader.id, Metric.CSAT, 90, "Agreed", site.clock())
    shown = 0
    for wanted in set(Table) - {Table.RESPONSE, Table.MARKERS, Table.BOTH}:
        by = By(Dimension.TEAM) if wanted in (Table.SCORES, Table.CHANGE, Table.TARGET) else None
        tiny = {"team": "tiny"} if wanted is Table.TREND else {}
        chosen = Filter(Metric.CSAT, START.date(), START.date() + timedelta(days=6), **tiny)  # type: ignore[arg-type]
        with site.database.reading() as session:
            rows = exports.table(
                session, site.settings, NAMED, chosen, wanted, by=by, now=site.clock(),
                is_compared=wanted is Table.SCORES,
            )  # fmt: skip
        for form in Format:
            file = BytesIO()
            exports.write_table(file, form, site.settings, wanted, rows)
            text = str(of_xlsx(file.getvalue())) if form is Format.XLSX else file.getvalue().decode()
            assert CANARY not in text, (wanted, form)
            shown += "100" in text
        for row in rows:
            if row["withheld"]:
                assert all(row.get(key) is None for key in SECRET), wanted
    # The others are there, so that nothing passes for want of figures.
    assert shown >= 9


SECRET = ("score", "low", "high", "mean", "favourable", "neutral", "unfavourable", "previous_score", "change",
          "difference", "expected", "place", "mix", "within", "together", "distance_part")  # fmt: skip


# --- words and names -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_column_has_a_heading_of_its_own_in_every_language(code: str) -> None:
    for keys in ([*ANSWER_KEYS, "ratings.nps"], UNCONVINCED_KEYS, *TABLE_KEYS.values()):
        headings = [
            export_words.header(language(code), key, "Europe/Berlin") for key in keys if key != "ratings"
        ]
        assert len(set(headings)) == len(headings)
        assert not {*headings} & {*keys}
    assert "(Europe/Berlin)" in export_words.header(language(code), "changed_at", "Europe/Berlin")


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), "surveyapp-scores-2026-03-01-2026-03-31.csv"),
        (date(2026, 3, 1), None, "surveyapp-scores-from-2026-03-01.csv"),
        (None, date(2026, 3, 31), "surveyapp-scores-to-2026-03-31.csv"),
        (None, None, "surveyapp-scores.csv"),
    ],
)
def test_the_name_of_a_file_says_what_it_holds_and_of_which_days(
    first: date | None, last: date | None, name: str
) -> None:
    assert file_name("scores", Format.CSV, first, last) == name

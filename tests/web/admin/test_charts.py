"""Charts: points lie where the figures say, words can be read, and nothing needs colour or script."""

import re
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from surveyapp.core.scales import Metric
from surveyapp.i18n import LANGUAGES, language
from surveyapp.web.admin import charts
from surveyapp.web.admin.charts import (
    Box,
    Chart,
    Contribution,
    FunnelPoint,
    LimitPoint,
    Line,
    Mark,
    Outline,
    Picture,
    Piece,
    Point,
    Stage,
    TrendPoint,
    Unit,
    Words,
)
from surveyapp.web.admin.charts.labels import extent
from surveyapp.web.admin.charts.outlines import filled

STATIC = Path(charts.__file__).parents[3] / "static"
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
ENGLISH = language("en")
HOSTILE = '<script>alert("x")</script>'
LIMITS = tuple(
    LimitPoint(n, 80 - 200 / n, 80 + 200 / n, 80 - 400 / n, 80 + 400 / n) for n in range(5, 101, 5)
)


def month(value: float | None, label: str = "Mar 2026", n: int = 40, is_withheld: bool = False) -> TrendPoint:
    low, high = (None, None) if value is None else (value - 4, value + 4)
    return TrendPoint(label, f"{label}, all of it", value, low, high, n, is_withheld)


def trend(*points: TrendPoint, marks: tuple[Mark, ...] = (), unit: Unit = Unit.PERCENT) -> charts.TrendChart:
    return charts.trend(points, marks, unit, False, ENGLISH)


def agent(label: str, n: int, value: float, tone: charts.Standing = "within") -> FunnelPoint:
    return FunnelPoint(label, n, value, tone, f"/answers?agent={n}" if tone != "within" else None)


def every_chart(label: str = "Billing") -> dict[str, Chart]:
    months = [month(70 + index % 9, f"{index + 1} Mar {label}"[:30]) for index in range(24)]
    return {
        "trend": charts.trend(months, [Mark(3, label), Mark(4, label)], Unit.PERCENT, True, ENGLISH),
        "stack": charts.stack(
            [Piece(label, 90, "good"), Piece(label, 3, "plain"), Piece(label, 40, "bad")], ENGLISH
        ),
        "funnel": charts.funnel_plot(
            [agent(label, 20, 50, "outside998"), agent(label, 60, 87, "outside95"), agent(label, 40, 80)],
            LIMITS,
            80,
            Unit.PERCENT,
            ENGLISH,
        ),
        "stages": charts.stages([Stage(label, 1200, ""), Stage(label, 300, f"{label} " * 20)], ENGLISH),
        "contributions": charts.contributions(
            [Contribution(label, -1.4, -3.1), Contribution(label, 0.8, 2.2)], Unit.PERCENT, ENGLISH
        ),
    }


def all_of(picture: Picture, kind: type) -> list:  # type: ignore[type-arg]
    return [part for part in picture.parts if isinstance(part, kind)]


def points_of(picture: Picture) -> list[Point]:
    return all_of(picture, Point)


def words_of(picture: Picture) -> list[Words]:
    return all_of(picture, Words)


def outlines(picture: Picture, kind: str) -> list[str]:
    return [part.d for part in picture.parts if isinstance(part, Outline) and part.kind == kind]


def lines(picture: Picture, kind: str) -> list[Line]:
    return [part for part in picture.parts if isinstance(part, Line) and part.kind == kind]


# Axes


@pytest.mark.parametrize(
    ("unit", "values", "labels"),
    [
        (Unit.PERCENT, [71, 88], ["70%", "75%", "80%", "85%", "90%"]),
        (Unit.PERCENT, [], ["0%", "20%", "40%", "60%", "80%", "100%"]),
        (Unit.PERCENT, [100, 100], ["90%", "92%", "94%", "96%", "98%", "100%"]),
        (Unit.NPS, [12, 31], ["0", "+10", "+20", "+30", "+40"]),
        (Unit.NPS, [-60, -40], [f"{MINUS}60", f"{MINUS}55", f"{MINUS}50", f"{MINUS}45", f"{MINUS}40"]),
        (Unit.MEAN7, [2.45, 3.1], ["2.2", "2.4", "2.6", "2.8", "3", "3.2", "3.4"]),
        (Unit.INDEX, [0, 3], ["0", "2", "4", "6", "8", "10"]),
    ],
)
def test_an_axis_has_round_ticks_around_its_values(
    unit: Unit, values: list[float], labels: list[str]
) -> None:
    assert [tick.label for tick in charts.axis(unit, values, ENGLISH)] == labels


@given(st.sampled_from(Unit), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_an_axis_covers_every_value_and_never_leaves_what_the_unit_has(
    unit: Unit, shares: list[float]
) -> None:
    lowest, highest = {Unit.NPS: (-100, 100), Unit.MEAN7: (1, 7)}.get(unit, (0, 100))
    values = [lowest + share * (highest - lowest) for share in shares]
    ticks = charts.axis(unit, values, ENGLISH)
    shown = [float(tick.label.replace(MINUS, "-").rstrip("%")) for tick in ticks]
    assert lowest <= shown[0] <= min(values) + 1e-6 and max(values) - 1e-6 <= shown[-1] <= highest
    assert [tick.at for tick in ticks] == pytest.approx(
        [index / (len(ticks) - 1) for index in range(len(ticks))]
    )
    assert 3 <= len(ticks) <= 7


def test_ticks_are_written_as_the_language_writes_numbers() -> None:
    swedish, german = language("sv"), language("de")
    assert [tick.label for tick in charts.axis(Unit.PERCENT, [50, 100], swedish)][-1] == f"100{NO_BREAK}%"
    assert charts.axis(Unit.MEAN7, [2.4, 3.2], german)[1].label == "2,4"
    assert charts.axis(Unit.NPS, [-40, 40], german)[0].label == f"{MINUS}40"


def test_every_metric_with_ratings_has_a_unit() -> None:
    assert {charts.unit_of(metric) for metric in Metric if metric is not Metric.OPEN} == set(Unit)
    assert charts.unit_of(Metric.CES) is Unit.MEAN7
    with pytest.raises(KeyError):
        charts.unit_of(Metric.OPEN)


# Trend


def test_the_line_has_a_gap_where_there_is_no_score() -> None:
    chart = trend(month(80), month(82), month(None), month(84), month(85), month(86))
    first, second = outlines(chart.wide, "line")
    assert first.count("L") == 1 and second.count("L") == 2
    assert len(outlines(chart.wide, "band")) == 2


def test_a_single_score_between_gaps_keeps_its_interval() -> None:
    chart = trend(month(None), month(80), month(None))
    assert len(lines(chart.narrow, "alone")) == 1
    assert not outlines(chart.narrow, "line")


def test_what_is_withheld_is_a_hollow_point_on_the_base_line_that_says_why() -> None:
    few = replace(month(None, n=3, is_withheld=True), why="not shown (3 of 5 answers)")
    chart = trend(month(80), few, month(None, n=40, is_withheld=True))
    _, withheld, unexplained = points_of(chart.wide)
    (base,) = lines(chart.wide, "base")
    assert (withheld.kind, withheld.y) == ("hollow", base.y1)
    assert chart.sheet.rows[1] == ("Mar 2026, all of it", "not shown (3 of 5 answers)", "–", "3")
    assert chart.sheet.rows[2][1:] == ("not shown", "–", "40")
    assert withheld.words == "Mar 2026, all of it: not shown (3 of 5 answers), n = 3"
    assert unexplained.words == "Mar 2026, all of it: not shown, n = 40"
    assert [key.words for key in chart.keys] == ["95% confidence interval", "not shown"]


def test_a_higher_score_lies_higher_and_everything_lies_inside() -> None:
    chart = trend(month(70), month(80), month(90))
    for picture in (chart.wide, chart.narrow):
        drawn = points_of(picture)
        assert all(one.y > next_.y and one.x < next_.x for one, next_ in pairwise(drawn))
        assert all(0 < each.x < picture.width and 0 < each.y < picture.height for each in drawn)


def test_a_point_says_its_period_score_interval_and_number() -> None:
    (point,) = points_of(trend(month(80.4, n=1234)).wide)
    assert point.words == "Mar 2026, all of it: 80% (76% … 84%), n = 1,234"


def test_numbers_of_neighbouring_events_do_not_cover_each_other() -> None:
    months = [month(80) for _ in range(30)]
    chart = trend(*months, marks=(Mark(4, "New menu"), Mark(5, "More staff"), Mark(20, "Price rise")))
    numbers = [each for each in words_of(chart.narrow) if each.kind == "number"]
    assert [each.text for each in numbers] == ["1", "2", "3"]
    assert all(abs(one.x - two.x) >= 18 or abs(one.y - two.y) >= 18 for one, two in combinations(numbers, 2))
    assert chart.events == ("New menu", "More staff", "Price rise")


def test_the_direction_stands_in_words_where_lower_is_better() -> None:
    chart = charts.trend([month(3)], [], Unit.MEAN7, True, language("de"))
    assert "↓ niedriger ist besser" in [each.text for each in words_of(chart.narrow)]


@pytest.mark.parametrize("count", [1, 2, 12, 90])
def test_labels_of_periods_never_touch_and_the_last_one_stays(count: int) -> None:
    chart = trend(*(month(80, f"{index} September") for index in range(count)))
    labels = [each for each in words_of(chart.narrow) if each.anchor == "middle"]
    assert labels[-1].text == f"{count - 1} September"
    assert all(one.x + one.width / 2 < next_.x - next_.width / 2 for one, next_ in pairwise(labels))
    assert all(each.width / 2 <= each.x + 0.01 <= 340.02 - each.width / 2 for each in labels)


def test_no_points_are_an_empty_chart() -> None:
    assert not points_of(trend().wide)


# The other charts


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=5).filter(any))
def test_each_share_is_rounded_once_from_its_own_count(counts: list[int]) -> None:
    chart = charts.stack([Piece("Billing", count, "plain") for count in counts], ENGLISH)
    shares = [int(share.rstrip("%")) for _, share, _ in chart.sheet.rows]
    # They may add up to 99 or 101.
    assert all(abs(share - 100 * n / sum(counts)) <= 0.5 for share, n in zip(shares, counts, strict=True))


def test_a_label_stands_in_its_piece_only_where_it_fits_and_always_below() -> None:
    groups = [
        Piece("Satisfied", 970, "good"),
        Piece("Neutral", 10, "plain"),
        Piece("Dissatisfied", 20, "bad"),
    ]
    chart = charts.stack(groups, ENGLISH)
    assert [each.text for each in words_of(chart.narrow)] == ["Satisfied 97%"]
    assert [key.words for key in chart.keys] == ["Satisfied: 97%", "Neutral: 1%", "Dissatisfied: 2%"]


def test_nobody_in_any_group_is_an_empty_bar() -> None:
    chart = charts.stack([Piece("Satisfied", 0, "good"), Piece("Dissatisfied", 0, "bad")], ENGLISH)
    assert [box.kind for box in all_of(chart.wide, Box)] == ["rail"]
    assert chart.sheet.rows[0] == ("Satisfied", "0%", "0")


def test_a_pattern_stays_in_its_box() -> None:
    _, pattern = filled(Box(10, 5, 33, 14, "bad"))
    assert isinstance(pattern, Outline)
    ends = re.findall(r"[ML]([\d.]+) ([\d.]+)", pattern.d)
    assert len(ends) == 18
    for x, y in ends:
        assert 10 <= float(x) <= 43 and 5 <= float(y) <= 19


def test_an_interval_line_is_cut_off_at_its_edge() -> None:
    line = charts.interval(60, 40, 70, Unit.PERCENT, 65, (50, 100)).picture
    (whisker, end) = lines(line, "whisker")
    assert whisker.x1 == 5 and whisker.x2 == pytest.approx(5 + 110 * 0.4)
    assert end.x1 == end.x2 == whisker.x2
    assert lines(line, "reference")[0].x1 == pytest.approx(5 + 110 * 0.3)


def test_without_a_score_an_interval_line_is_a_bare_rail() -> None:
    assert [part.kind for part in charts.interval(None, None, None, Unit.NPS, None, None).picture.parts] == [
        "rail"
    ]


def test_limits_of_a_funnel_stay_inside_its_box() -> None:
    picture = every_chart()["funnel"].narrow
    curves = [*outlines(picture, "limit95"), *outlines(picture, "limit998")]
    ys = [float(y) for curve in curves for y in re.findall(r"[\d.]+ (-?[\d.]+)", curve)]
    (base,) = lines(picture, "base")
    assert len(curves) == 4 and all(curves)
    assert min(ys) >= 8 and max(ys) <= base.y1 + 0.1


def test_points_outside_differ_in_shape_and_are_listed_the_farthest_first() -> None:
    chart = every_chart()["funnel"]
    assert isinstance(chart, charts.FunnelPlot)
    shapes = {point.kind: re.sub(r"[\d.\s-]+", "", point.d) for point in points_of(chart.wide)}
    assert len({len(point.d.split("L")) for point in points_of(chart.wide)}) == 2 and len(shapes) == 3
    assert [(each.words, each.href) for each in chart.outside] == [
        ("Billing: 50%, n = 20", "/answers?agent=20"),
        ("Billing: 87%, n = 60", "/answers?agent=60"),
    ]


def test_the_limits_are_named_as_the_language_writes_them() -> None:
    keys = charts.funnel_plot(
        [agent("A", 20, 50, "outside95")], LIMITS, 80, Unit.PERCENT, language("de")
    ).keys
    assert f"99,8{NO_BREAK}%" in keys[2].words and f"95{NO_BREAK}%" in keys[3].words


def test_names_in_a_funnel_cover_neither_each_other_nor_a_point() -> None:
    crowd = [agent(f"K7Q-F{index}M", 30 + index, 60 + index % 3, "outside998") for index in range(12)]
    picture = charts.funnel_plot(crowd, LIMITS, 80, Unit.PERCENT, ENGLISH).narrow
    names = [each for each in words_of(picture) if each.kind == "name"]
    boxes = [(*extent(each), each.y - 10, each.y) for each in names]
    assert names
    for one, two in combinations(boxes, 2):
        assert one[1] <= two[0] or two[1] <= one[0] or one[3] <= two[2] or two[3] <= one[2]
    for (left, right, top, bottom), point in ((box, point) for box in boxes for point in points_of(picture)):
        assert not (left < point.x < right and top < point.y < bottom)


def test_a_stage_says_its_share_of_the_one_before() -> None:
    rows = [Stage("Invited", 200, ""), Stage("Accepted", 150, "50 bounced"), Stage("Answered", 0, "")]
    chart = charts.stages([*rows, Stage("Commented", 0, "")], ENGLISH)
    assert [row[2] for row in chart.sheet.rows] == ["–", "75%", "0%", "–"]
    assert "75% of the stage before. 50 bounced" in [each.text for each in words_of(chart.wide)]
    assert [round(box.width) for box in all_of(chart.wide, Box) if box.kind == "bar"] == [719, 539]


def test_both_parts_of_a_contribution_start_at_zero_and_their_sum_is_marked() -> None:
    chart = charts.contributions([Contribution("Billing", -1.5, 2.5)], Unit.NPS, ENGLISH)
    (zero,) = lines(chart.wide, "zero")
    mix, within = all_of(chart.wide, Box)
    assert mix.x + mix.width == pytest.approx(zero.x1) and within.x == pytest.approx(zero.x1)
    assert chart.sheet.rows == (("Billing", f"{MINUS}1.5", "+2.5", "+1.0"),)
    assert outlines(chart.wide, "hatch") and outlines(chart.wide, "total")


@pytest.mark.parametrize("mix", [0, 1e-9, 0.02, 140])
def test_any_change_can_be_drawn(mix: float) -> None:
    drawn = charts.contributions([Contribution("Billing", mix, 0)], Unit.NPS, ENGLISH)
    labels = [each.text for each in words_of(drawn.wide) if each.anchor == "middle"]
    assert len(labels) == len(set(labels)) >= 3 and "0" in labels


def test_a_long_name_is_cut_and_a_long_note_wrapped() -> None:
    chart = charts.stages([Stage("Customer " * 20, 1, "word " * 40)], ENGLISH)
    for each in words_of(chart.narrow):
        assert extent(each)[1] <= 340.01
    assert any(each.text.endswith("…") for each in words_of(chart.narrow))


# On the page

IMPORTED = '{% import "admin/charts.html" as charts with context %}'
MACROS = {
    "trend": "trend_chart",
    "stack": "stack_chart",
    "funnel": "funnel_plot",
    "stages": "stages_chart",
    "contributions": "contribution_chart",
}


def page(drawn: dict[str, Chart], code: str = "en", title: str = "Figures") -> str:
    """Every chart, and a line in a table, as a page shows them, with its style and script inside it."""
    calls = "".join(
        f'{{{{ charts.{MACROS[name]}(drawn.{name}, title, title, "{name}") }}}}' for name in drawn
    )
    source = f"""{IMPORTED}<!DOCTYPE html>
        <html lang="{code}"><head><title>x</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"></head>
        <body><main><h1>x</h1><div class="card">{calls}
        {{{{ charts.interval_line(line) }}}}</div></main></body></html>"""
    line = charts.interval(80, 70, 90, Unit.PERCENT, 75, None)
    return language(code).environment.from_string(source).render(drawn=drawn, title=title, line=line)


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_style_nor_script_stands_in_the_markup(code: str) -> None:
    text = page(every_chart(), code)
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script", text)
    assert text.count("<svg") == text.count("</svg>")


def test_names_are_escaped_wherever_they_stand() -> None:
    text = page(every_chart(HOSTILE), title=HOSTILE)
    assert "<script" not in text and "&lt;script&gt;" in text


def test_a_picture_is_named_by_the_page_and_its_figures_are_a_table() -> None:
    text = page({"stack": every_chart()["stack"]}, title="Groups")
    assert text.count('aria-labelledby="stack-title stack-description"') == 2
    assert text.count('id="stack-title"') == text.count('id="stack-description"') == 1
    assert re.search(r'(?s)<details class="more">.*<table class="sheet">.*<th scope="row"', text)


def test_the_author_of_a_page_shows_the_table_or_leaves_it_out() -> None:
    source = IMPORTED + '{{ charts.stack_chart(c, "x", "x", "x", table) }}'
    template = ENGLISH.environment.from_string(source)
    shown, none = (template.render(c=every_chart()["stack"], table=table) for table in ("shown", "none"))
    assert "<table" in shown and "<details" not in shown
    assert "<table" not in none


def test_a_page_with_charts_loads_their_style_and_script() -> None:
    source = IMPORTED + "{{ charts.head() }}"
    text = ENGLISH.environment.from_string(source).render(style="abc")
    assert "/static/figures.css?v=abc" in text and "/static/figures.js?v=abc" in text


def test_in_a_browser_words_are_large_enough_and_apart_and_keys_choose_points(chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    tab = context.new_page()
    tab.set_content(page(every_chart()))
    for name in ("admin.css", "figures.css"):
        tab.add_style_tag(content=(STATIC / name).read_text(encoding="utf-8"))
    tab.add_script_tag(content=(STATIC / "figures.js").read_text(encoding="utf-8"))
    for width in (360, 700, 1280):
        tab.set_viewport_size({"width": width, "height": 740})
        letters, covered = tab.evaluate(MEASURED)
        assert letters >= 11, f"{letters} px at {width}"
        assert not covered, f"{covered} at {width}"
        # At 700 px stand the same pictures as at 1280.
        assert width == 700 or not Axe().run(tab).violations_count
    plot = tab.locator("#trend .plot")
    plot.focus()
    tab.keyboard.press("ArrowLeft")
    assert tab.locator("#trend .told").inner_text().startswith("23 Mar Billing, all of it: 74%")
    tab.keyboard.press("Escape")
    assert tab.locator("#trend .told").inner_text() == ""
    tab.locator("#funnel .wide .point").nth(1).hover()
    assert tab.locator("#funnel .told").inner_text() == "Billing: 50%, n = 20"
    context.close()


MEASURED = """() => {
    const texts = [...document.querySelectorAll("svg text")].filter((each) => each.checkVisibility());
    const sizes = texts.map((each) => parseFloat(getComputedStyle(each).fontSize) * each.getScreenCTM().a);
    const covered = [];
    for (const svg of document.querySelectorAll(".plot svg")) {
        const boxes = [...svg.querySelectorAll("text")].filter((each) => each.checkVisibility())
            .map((each) => [each.textContent, each.getBoundingClientRect()]);
        boxes.forEach(([text, one], index) => boxes.slice(index + 1).forEach(([other, two]) => {
            const across = Math.min(one.right, two.right) - Math.max(one.left, two.left);
            const down = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
            // Boxes of letters are higher than the letters.
            if (across > 1 && down > 5) covered.push([text, other]);
        }));
    }
    return [Math.min(...sizes), covered];
}"""

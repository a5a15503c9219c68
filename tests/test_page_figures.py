"""The pages show, in their HTML, the numbers and scores that `reports.scores` says of random answers."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from surveyapp import reports, surveys
from surveyapp.core.access import AgentFigures, Role, operator
from surveyapp.core.scales import SCALES, Metric
from surveyapp.db import Database
from surveyapp.figure_words import group_name, score_words
from surveyapp.figures import Figures
from surveyapp.i18n import language
from surveyapp.metric_names import metric_name
from surveyapp.names import Labels
from surveyapp.selecting import By, Dimension, Filter
from tests.support.databases import ThrownAway
from tests.support.people import START, Page, opened
from tests.support.staff import staff
from tests.test_reports import Given, some_answers, store

READER = operator(AgentFigures.PSEUDONYMOUS)
ENGLISH = language("en")
AFTER = datetime(2026, 11, 10, 9, tzinfo=UTC)
SPRING, LAST = date(2026, 3, 28), date(2026, 10, 26)
BY = st.sampled_from([Dimension.TEAM, Dimension.CASE_TYPE, Dimension.LOCALE, Dimension.VERSION])


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # A page is too slow for a search for the smallest failure.
    phases=(Phase.generate,),
)
@given(
    some=st.lists(some_answers(), min_size=3, max_size=15),
    silent=st.lists(st.sampled_from([None, "a", "quiet"]), max_size=3),
    dimension=BY,
    metric=st.sampled_from([None, None, Metric.CSAT, Metric.NKI]),
    team=st.sampled_from([None, None, "a"]),
    is_pressed=st.booleans(),
)
def test_overview_and_breakdown_show_what_reports_say(
    database: Database,
    some: list[Given],
    silent: list[str | None],
    dimension: Dimension,
    metric: Metric | None,
    team: str | None,
    is_pressed: bool,
) -> None:
    assert isinstance(database, ThrownAway)
    database.discard()
    site = opened(database, SMALLEST_N="2")
    with database.transaction() as session:
        surveys.set_further(session, "csat", [Metric.NPS], START)
    store(site, some)
    site.clock.at = datetime(2026, 3, 28, 20, tzinfo=UTC)
    for quiet in silent:
        site.invited("ces", team=quiet)
    site.clock.at = AFTER
    chosen = Filter(metric, SPRING, LAST, team=team, is_pressed=is_pressed)
    query = f"from={SPRING}&to={LAST}" + "&pressed=1" * is_pressed
    query += (f"&metric={metric}" if metric else "") + (f"&team={team}" if team else "")
    leader, by = staff(site, Role.LEADER), By(dimension)
    overview, breakdown = (
        leader.get(f"/figures{page}{query}") for page in ("?", f"/breakdown?by={dimension}&")
    )

    def scores(chosen: Filter, by: By | None = None) -> list[Figures]:
        return reports.scores(session, site.settings, READER, chosen, by, now=site.clock(), is_compared=True)

    with database.reading() as session:
        everything = scores(chosen)
        shown = cards(overview)
        assert [*shown] == [each.metric for each in everything]
        rated = [each for each in everything if each.metric in SCALES]
        assert [shown[each.metric] for each in rated] == [said(each) for each in rated]
        whole = max(rated, key=lambda each: (each.n, each.accepted), default=None)
        groups = scores(replace(chosen, metric=whole.metric), by) if whole else []
        labels = Labels(session)
    if whole is None or not groups:
        assert "There are no answers" in breakdown.words
        return
    assert f"{metric_name(ENGLISH, whole.metric)} by" in breakdown.words
    told = {group_name(ENGLISH, labels, by, each.group): said(each) for each in groups}
    assert rows(breakdown) == told | {"All answers": said(whole)}


def said(figures: Figures) -> tuple[str, str]:
    """The number and the score, or why there is none."""
    return str(figures.n), score_words(ENGLISH, figures).replace("\N{NO-BREAK SPACE}", " ")


def cards(page: Page) -> dict[str, tuple[str, str]]:
    """Metric -> what its card shows."""
    found = {}
    for metric, html in re.findall(r'(?s)aria-labelledby="metric-(\w+)">(.*?)</section>', page.response.text):
        score = re.search(r'(?s)<p class="score[^"]*">(.*?)</p>', html)
        n = re.search(r"(\d+) answers? that counts?", words(html))
        found[metric] = (n[1] if n else "0", words(score[1]) if score else "")
    return found


def rows(page: Page) -> dict[str, tuple[str, str]]:
    """Group -> what its row shows."""
    table = page.response.text.partition('<table class="sheet groups"')[2].partition("</table>")[0]
    found = {}
    for row in table.split("<tr")[2:]:
        name, n, score, *_ = (words(cell) for cell in re.findall(r"(?s)<t[hd][^>]*>(.*?)</t[hd]>", row))
        found[name] = (n.rpartition(" ")[2], score)
    return found


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())

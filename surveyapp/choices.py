"""What there is to choose from: metrics, groups of a dimension, properties that came with invitations."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.core.scales import SCALES, Metric
from surveyapp.models import Answer, Invitation, Rating
from surveyapp.selecting import By, Filter, conditions, is_askable, keys_of, read_group
from surveyapp.tallies import counted, tallies


def busiest(session: Session, chosen: Filter) -> Metric | None:
    """The metric that most people rated, whichever the filter names; None where no single one is ahead."""
    chosen = replace(chosen, metric=None)
    keys: list[Any] = [Rating.metric]
    ratings = counted(select(*keys, func.count()), chosen, []).group_by(*keys)
    people: Counter[Metric] = Counter()
    for metric, found in session.execute(ratings):
        # Of several questions not everybody answers all: so many at most.
        people[Metric(metric)] = found // SCALES[Metric(metric)].questions
    exact = {metric for metric in people if SCALES[metric].questions == 1}
    while people:
        [(metric, most), *others] = people.most_common(2)
        if metric in exact:
            return None if most in (0, *(other for _, other in others)) else metric
        found = tallies(session, replace(chosen, metric=metric))
        people[metric] = sum(tally.total() for tally in found.values())
        exact.add(metric)
    return None


def metrics_of(session: Session, teams: frozenset[str] | None) -> set[Metric]:
    """Those that were ever answered in these teams; None is every team."""
    found = select(Rating.metric).distinct()
    if teams is not None:
        asked_there = Invitation.team.in_(sorted(teams))
        found = found.join(Invitation, Invitation.id == Rating.invitation_id).where(asked_there)
    return {Metric(metric) for metric in session.scalars(found)}


def property_names(session: Session, chosen: Filter) -> list[str]:
    """The names of the properties that came with the invitations behind these answers, in order.

    Of the 1,000 youngest alone: so many have said what a helpdesk sends along. One with more than 30 values
    there, such as an order's number, divides nobody into groups and is left out, and so is one that a single
    answer has; of the others the 20 are named that most answers have. No address can hold one with "=".
    """
    # A page asks twice, for its filters and for its breakdown, of the same moment.
    known: dict[Filter, list[str]] = session.info.setdefault("property_names", {})
    if chosen not in known:
        known[chosen] = _property_names(session, chosen)
    return known[chosen]


def groups(session: Session, chosen: Filter, dimensions: Sequence[By]) -> dict[By, list[str]]:
    """What there is to choose from in each dimension within the period, in order; by one query for all.

    Of the 20,000 youngest answers alone: a group that is in none of them can still be asked for.
    """
    keys = [keys_of(by)[0] for by in dimensions]
    if not keys:
        return {}
    during = Filter(first=chosen.first, last=chosen.last, teams=chosen.teams)
    labelled = [key.label(f"key{number}") for number, key in enumerate(keys)]
    young = (
        select(*labelled)
        .join(Answer, Answer.invitation_id == Invitation.id)
        .where(*conditions(during))
        .order_by(Answer.day.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    found: dict[By, set[str]] = {by: set() for by in dimensions}
    for row in session.execute(select(*young.c).distinct()):
        for by, value in zip(dimensions, row, strict=True):
            if (group := read_group(by, value)) is not None:
                found[by].add(group)
    return {by: sorted(groups) for by, groups in found.items()}


_MOST_GROUPS = 30


_MOST_NAMES = 20


_LOOKED_AT = 20_000


def _property_names(session: Session, chosen: Filter) -> list[str]:
    young = (
        select(Invitation.properties)
        .join(Answer, Answer.invitation_id == Invitation.id)
        .where(*conditions(chosen))
        .order_by(Answer.day.desc())
        .limit(1000)
    )
    said: dict[str, set[str]] = defaultdict(set)
    times: Counter[str] = Counter()
    for found in session.scalars(young):
        for name, value in found.items():
            said[name].add(str(value))
            times[name] += 1
    usual = [name for name in said if times[name] > 1 and "=" not in name and is_askable(name)]
    groups = [name for name in usual if len(said[name]) <= _MOST_GROUPS]
    return sorted(sorted(groups, key=lambda name: (-times[name], name))[:_MOST_NAMES])

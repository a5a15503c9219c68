"""What the customer of one ticket does with the invitation, if anything."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from surveyapp.core.scales import SCALES, Group, Metric, prompt_group
from surveyapp.demo import behaviour
from surveyapp.demo.behaviour import Move, Visit
from surveyapp.demo.comments import Comments
from surveyapp.demo.company import CHANNELS, GATEWAY_DOMAIN, GATEWAY_WEEK
from surveyapp.demo.tickets import Ticket, rating_for
from surveyapp.surveys import Version

DOUBTFUL = 0.045
LOOKS_AROUND = 0.06
OPENS_EVERYTHING = 0.45
COMMENTS: Mapping[Group, float] = {Group.FAVOURABLE: 0.1, Group.NEUTRAL: 0.2, Group.UNFAVOURABLE: 0.34}

# How many go on to the next question on the page that follows.
GOES_ON: Mapping[Metric, float] = {Metric.NPS: 0.45, Metric.NKI: 0.93}

# Nobody answers so soon after the mail that it would look like a machine.
SOONEST = timedelta(minutes=12)
TYPICAL_DELAY = timedelta(hours=2)


def reply(
    ticket: Ticket, version: Version, accepted_at: datetime, last_at: datetime, comments: Comments
) -> list[Move]:
    """All that happens to the invitation; nobody opens it later than `last_at`."""
    visit = Visit(ticket.rng, _opened_at(ticket, accepted_at, last_at), accepted_at, ticket.customer.network)
    likely = ticket.will_answer
    if is_at_gateway(ticket):
        if ticket.rng.random() < OPENS_EVERYTHING:
            scale = version.main.scale
            moves = behaviour.open_everything(visit, scale.ratings if scale else ())
            return moves + (_answer(ticket, version, visit, comments) if ticket.rng.random() < likely else [])
        likely *= 2
    if ticket.rng.random() < likely:
        return _answer(ticket, version, visit, comments)
    return behaviour.look_around(visit) if ticket.rng.random() < LOOKS_AROUND else []


def way_out(ticket: Ticket, accepted_at: datetime, last_at: datetime) -> list[Move]:
    """The customer wants no more surveys."""
    at = _opened_at(ticket, accepted_at, last_at)
    return behaviour.look_for_the_way_out(Visit(ticket.rng, at, accepted_at, ticket.customer.network))


def is_at_gateway(ticket: Ticket) -> bool:
    """Whether a gateway that opens links stands before this customer's mail."""
    is_mailed = CHANNELS[ticket.channel].is_mailed
    return is_mailed and ticket.customer.domain == GATEWAY_DOMAIN and ticket.week >= GATEWAY_WEEK


def _answer(ticket: Ticket, version: Version, visit: Visit, comments: Comments) -> list[Move]:
    rng, metric = ticket.rng, version.main.metric
    if metric is Metric.OPEN:
        text = comments.pick(
            rng, ticket.customer.locale, _group(ticket.mood), ticket.topic, may_be_brief=False
        )
        return behaviour.comment_alone(visit, text)
    rating = rating_for(metric, ticket.mood)
    if rng.random() < DOUBTFUL:
        return behaviour.answer_doubtfully(visit, rating, _neighbour(metric, rating))
    comment, group = None, prompt_group(metric, rating)
    if rng.random() < COMMENTS[group]:
        comment = comments.pick(rng, ticket.customer.locale, group, ticket.topic)
    further = _further(ticket, version)
    sure = behaviour.answer(visit, rating, _neighbour(metric, rating))
    return sure + behaviour.add(visit, rating, further, comment)


def _further(ticket: Ticket, version: Version) -> list[dict[str, int]]:
    """The further questions that the customer rates, until one is skipped."""
    given = []
    for question in version.further:
        if ticket.rng.random() >= GOES_ON[question.metric]:
            break
        mood = 0.9 * ticket.mood + ticket.rng.gauss(0, 0.4)
        given.append({question.key: rating_for(question.metric, mood)})
    return given


def _group(mood: float) -> Group:
    if mood < -1:
        return Group.UNFAVOURABLE
    return Group.NEUTRAL if mood < -0.5 else Group.FAVOURABLE


def _neighbour(metric: Metric, rating: int) -> int:
    ratings = SCALES[metric].ratings
    return rating - 1 if rating > ratings[0] else rating + 1


def _opened_at(ticket: Ticket, accepted_at: datetime, last_at: datetime) -> datetime:
    """Soon or on another day, but not while people sleep and not later than `last_at`."""
    delay = TYPICAL_DELAY * ticket.rng.lognormvariate(0, 1.4)
    at = accepted_at + SOONEST + delay
    if at.hour < 5:
        at += timedelta(hours=6)
    if at > last_at:
        at = accepted_at + SOONEST + (last_at - accepted_at - SOONEST) * ticket.rng.random()
    return at

"""What the API takes and gives."""

from enum import StrEnum
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError
from marshmallow import fields as ma

from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import State
from surveyapp.core.scales import Group, Metric
from surveyapp.core.status import Happening, Status
from surveyapp.invitations import MOST_PROPERTIES, MOST_REPLIES
from surveyapp.selecting import Dimension, by_of
from surveyapp.web.api.fields import ADDRESS_LENGTH, Choice, Day, Flag, FlatMap, Moment, Number, Strict, Text

MOST_IN_BATCH = 1000
MOST_ON_PAGE = 200
CURSOR_LENGTH = 500


def _about(description: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"description": description, **more}}


class RecipientSchema(Strict):
    """The customer."""

    email = Text(longest=ADDRESS_LENGTH, allow_none=True, **_about("Needed unless `send` is false"))
    name = Text(allow_none=True, **_about("For the greeting"))


class InvitationRequestSchema(Strict):
    """What to ask whom about."""

    survey = Text(required=True, **_about("Key of the survey", examples=["csat"]))
    ticket_ref = Text(required=True, **_about("Your reference of what ended", examples=["T-1042"]))
    occasion = Text(
        allow_none=True,
        **_about("What ended it, such as the solve event's id: the same again returns the first invitation"),
    )
    agent_ref = Text(allow_none=True)
    agent_name = Text(allow_none=True)
    agent_replies = Number(0, MOST_REPLIES, allow_none=True, **_about("How often an agent replied"))
    team = Text(allow_none=True)
    case_type = Text(allow_none=True)
    channel = Text(allow_none=True)
    locale = Text(allow_none=True, **_about("The customer's language, such as sv or de-AT"))
    timezone = Text(allow_none=True, **_about("The customer's, such as Europe/Bucharest"))
    recipient = ma.Nested(RecipientSchema, load_default=dict, allow_none=True)
    customer_ref = Text(allow_none=True)
    send = Flag(
        load_default=True,
        **_about("false: nothing is sent, you hand out the links; quiet period, hours and limits are yours"),
    )
    send_at = Moment(allow_none=True, **_about("Not before; without it at once"))
    properties = FlatMap(load_default=dict, **_about(f"More to keep, at most {MOST_PROPERTIES}"))


_ONLY_NAMED = "null where agents are not named"


class InvitationSchema(Schema):
    """An invitation and what became of it."""

    id = ma.String(required=True)
    survey = ma.String(required=True)
    ticket_ref = ma.String(required=True)
    occasion = ma.String(required=True)
    status = Choice(Status, required=True)
    reason = ma.String(required=True, allow_none=True, **_about("A word for programs, or a server's reply"))
    explanation = ma.String(required=True, **_about("What became of it, to read out to a customer"))
    allowed_from = ma.AwareDateTime(required=True, allow_none=True)
    send_at = ma.AwareDateTime(required=True, allow_none=True)
    accepted_at = ma.AwareDateTime(required=True, allow_none=True)
    created_at = ma.AwareDateTime(required=True)
    agent_ref = ma.String(
        required=True, allow_none=True, **_about(f"{_ONLY_NAMED}, except in the reply to whoever told it")
    )
    team = ma.String(required=True, allow_none=True)
    case_type = ma.String(required=True, allow_none=True)
    channel = ma.String(required=True, allow_none=True)
    locale = ma.String(required=True)
    customer_ref = ma.String(required=True, allow_none=True)


class InvitedSchema(InvitationSchema):
    """An invitation with its links."""

    page_url = ma.String(required=True, allow_none=True)
    rating_urls = ma.Dict(keys=ma.String(), values=ma.String(), required=True, **_about("Rating -> link"))
    unsubscribe_url = ma.String(required=True, allow_none=True)


class EntrySchema(Schema):
    """One thing that happened."""

    at = ma.AwareDateTime(required=True)
    what = Choice(Happening, required=True)
    detail = ma.String(required=True, allow_none=True)


class InvitationWithTimelineSchema(InvitationSchema):
    """An invitation and everything that happened to it."""

    timeline = ma.List(ma.Nested(EntrySchema), required=True)


class BatchRequestSchema(Strict):
    """Several invitations at once."""

    invitations = ma.List(
        ma.Raw(allow_none=True, metadata={"description": "As the body of POST /invitations"}),
        required=True,
        metadata={"minItems": 1, "maxItems": MOST_IN_BATCH},
    )


class OutcomeSchema(Schema):
    """What became of one of them: an invitation, or a problem."""

    index = ma.Integer(required=True)
    status = ma.Integer(required=True, **_about("As the reply to it alone would have had"))
    invitation = ma.Nested(InvitedSchema)
    problem = ma.Dict()


class BatchSchema(Schema):
    """What became of each, in the order in which they were sent."""

    outcomes = ma.List(ma.Nested(OutcomeSchema), required=True)


class QuerySchema(Strict):
    """Parameters of an address."""

    class Meta:
        """A parameter that nobody knows is left alone, as links often carry some."""

        unknown = EXCLUDE


class PageQuerySchema(QuerySchema):
    """Which part of a list."""

    cursor = Text(longest=CURSOR_LENGTH, **_about("`next` of the page before"))
    limit = Number(1, MOST_ON_PAGE, load_default=50)


class Compared(StrEnum):
    """With what figures are compared."""

    PREVIOUS = "previous"


class YesOrNo(StrEnum):
    """A truth value in an address."""

    TRUE = "true"
    FALSE = "false"


class _Named(Text):
    """A property's name and value, as plan=gold."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        said = super()._deserialize(value, attr, data, **options)
        name, equals, _ = said.partition("=")
        if not name or not equals:
            raise ValidationError([FieldError("", Problem.UNKNOWN)])
        return said


class _Grouped(Text):
    """By what scores are broken down, as `selecting.by_of` reads it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        said = super()._deserialize(value, attr, data, **options)
        if by_of(said) is None:
            raise ValidationError([FieldError("", Problem.CHOICE, choices=", ".join(_DIMENSIONS))])
        return said


class _Pressed(Choice):
    """Whether only what a person pressed or chose is wanted."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return super()._deserialize(value, attr, data, **options) == YesOrNo.TRUE


_DIMENSIONS = [*(str(each) for each in Dimension if each is not Dimension.PROPERTY), "property.<name>"]


class AboutQuerySchema(QuerySchema):
    """By what answers and scores are filtered."""

    first = Day(data_key="from", **_about("First day"))
    last = Day(data_key="to", **_about("Last day, included"))
    agent = Text(**_about("Reference of the agent; only where agents are named"))
    team = Text()
    case_type = Text()
    channel = Text()
    locale = Text()
    version = Text(**_about("A survey and the number of its version", examples=["csat 3"]))
    property = _Named(**_about("Name and value of a property", pattern="^[^=]+=", examples=["plan=gold"]))


class InvitationQuerySchema(PageQuerySchema, AboutQuerySchema):
    """Which invitations."""

    survey = Text()
    ticket_ref = Text()
    customer_ref = Text()
    status = Choice(Status)


class InvitationPageSchema(Schema):
    """Some invitations, the newest first."""

    invitations = ma.List(ma.Nested(InvitationSchema), required=True)
    next = ma.String(required=True, allow_none=True, **_about("Cursor of the next page; null: no more"))


_PRESSED = "true: only what a person pressed or chose, not what settled by itself"


class AnswerQuerySchema(PageQuerySchema, AboutQuerySchema):
    """Which answers."""

    metric = Choice(Metric)
    is_pressed = _Pressed(YesOrNo, data_key="pressed", **_about(_PRESSED))
    state = Choice(State, **_about("Without it: those that count"))
    updated_since = Moment(**_about("Changed at or after"))


class AnswerSchema(Schema):
    """One answer."""

    invitation_id = ma.String(required=True)
    survey = ma.String(required=True)
    version = ma.String(required=True, **_about("Of the survey", examples=["csat 3"]))
    ticket_ref = ma.String(required=True)
    agent_ref = ma.String(required=True, allow_none=True, **_about(_ONLY_NAMED))
    agent_name = ma.String(required=True, allow_none=True, **_about(_ONLY_NAMED))
    team = ma.String(required=True, allow_none=True)
    case_type = ma.String(required=True, allow_none=True)
    channel = ma.String(required=True, allow_none=True)
    locale = ma.String(required=True)
    customer_ref = ma.String(required=True, allow_none=True)
    properties = ma.Dict(required=True)
    metric = Choice(Metric, required=True)
    rating = ma.Integer(required=True, allow_none=True)
    rating_group = ma.String(
        required=True,
        allow_none=True,
        **_about("Where the rating falls", enum=[*(str(each) for each in Group), None]),
    )
    ratings = ma.Dict(keys=ma.String(), values=ma.Integer(), required=True, **_about("Question -> rating"))
    comment = ma.String(required=True, allow_none=True)
    state = Choice(State, required=True)
    reason = ma.String(required=True, allow_none=True, **_about("Why it is held"))
    evidence = ma.String(required=True, allow_none=True, **_about("Why it counts"))
    day = ma.Date(required=True)
    counted_at = ma.AwareDateTime(required=True, allow_none=True)
    changed_at = ma.AwareDateTime(required=True)


class AnswerPageSchema(Schema):
    """Some answers, in the order in which they last changed."""

    answers = ma.List(ma.Nested(AnswerSchema), required=True)
    next = ma.String(required=True, allow_none=True, **_about("Cursor of the next page; null: no more"))


class ScoreQuerySchema(AboutQuerySchema):
    """Which scores."""

    metric = Choice(Metric)
    is_pressed = _Pressed(YesOrNo, data_key="pressed", **_about(_PRESSED))
    by = _Grouped(**_about(f"One row for each: {', '.join(_DIMENSIONS)}", examples=["team", "property.plan"]))
    compare = Choice(
        Compared,
        **_about("Fill the keys of the period before; needs `from` and `to`, and no `by` of time"),
    )


class ScoreSchema(Schema):
    """One metric of one group; all but the counts is null when too few have answered."""

    metric = Choice(Metric, required=True)
    group = ma.String(required=True, allow_none=True)
    n = ma.Integer(required=True)
    score = ma.Float(required=True, allow_none=True)
    low = ma.Float(required=True, allow_none=True, **_about("Lower end of the 95 % interval"))
    high = ma.Float(required=True, allow_none=True, **_about("Upper end of the 95 % interval"))
    mean = ma.Float(required=True, allow_none=True)
    favourable = ma.Integer(required=True, allow_none=True)
    neutral = ma.Integer(required=True, allow_none=True)
    unfavourable = ma.Integer(required=True, allow_none=True)
    held = ma.Integer(required=True)
    refused = ma.Integer(required=True)
    withheld = ma.Boolean(required=True)
    direction = ma.String(required=True, allow_none=True, **_about("Which way is better"))
    invited = ma.Integer(required=True, **_about("Of those whose mail was accepted on these days"))
    accepted = ma.Integer(required=True)
    opened = ma.Integer(required=True, **_about("A link was opened, by a person or a machine"))
    answered = ma.Integer(required=True)
    commented = ma.Integer(required=True)
    response_rate = ma.Float(required=True, allow_none=True, **_about("Percent of the accepted ones"))
    previous_n = ma.Integer(required=True, allow_none=True, **_about("Of the period before"))
    previous_score = ma.Float(required=True, allow_none=True)
    change = ma.Float(required=True, allow_none=True, **_about("The score less the previous one"))
    change_low = ma.Float(required=True, allow_none=True, **_about("Lower end of its 95 % interval"))
    change_high = ma.Float(required=True, allow_none=True)
    change_demonstrable = ma.Boolean(required=True, allow_none=True, **_about("Whether it is no chance"))
    difference = ma.Float(required=True, allow_none=True, **_about("The group's score less all others'"))
    difference_low = ma.Float(required=True, allow_none=True, **_about("Lower end of its 95 % interval"))
    difference_high = ma.Float(required=True, allow_none=True)
    difference_demonstrable = ma.Boolean(required=True, allow_none=True)


class ScoresSchema(Schema):
    """The scores."""

    scores = ma.List(ma.Nested(ScoreSchema), required=True)


class ReopenedSchema(Schema):
    """Which invitations were called off."""

    cancelled = ma.List(ma.String(), required=True, **_about("Their ids"))

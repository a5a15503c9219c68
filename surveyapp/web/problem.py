"""What went wrong, as a problem document (RFC 9457) in the caller's language."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, current_app, g, json, request
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from surveyapp import problems
from surveyapp.core.errors import (
    ClosedSurveyError,
    FieldError,
    NotWaitingError,
    OtherRequestError,
    Problem,
    RequestRunningError,
    ScopeMissingError,
    SurveyappError,
    UnknownSurveyError,
)
from surveyapp.i18n import Language
from surveyapp.web.wiring import spoken_language

CONTENT_TYPE = "application/problem+json"

# Our names for the fields of an invitation -> where they stand in the API's body.
_PLACES = {
    "ticket": "/ticket_ref",
    "agent": "/agent_ref",
    "customer": "/customer_ref",
    "email": "/recipient/email",
    "name": "/recipient/name",
}


class FieldProblemSchema(Schema):
    """One field that cannot be used."""

    pointer = fields.String(
        required=True, metadata={"description": "Where: a JSON pointer (RFC 6901), or a parameter's name"}
    )
    detail = fields.String(required=True, metadata={"description": "What is wrong, in your language"})


class ProblemSchema(Schema):
    """A problem document (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "A name for programs; never translated"})
    title = fields.String(required=True, metadata={"description": "What went wrong, in your language"})
    status = fields.Integer(required=True)
    detail = fields.String(metadata={"description": "More of this very case, in your language"})
    request_id = fields.String(metadata={"description": "Stands in our log"})
    errors = fields.List(fields.Nested(FieldProblemSchema), metadata={"description": "The fields at fault"})


def body_of(error: SurveyappError, status: int) -> dict[str, Any]:
    """The document of one of our errors."""
    tongue = spoken_language()
    document = _document(status, tongue)
    match error:
        case FieldError():
            document["errors"] = [{"pointer": _place(error.field), "detail": _said(error, tongue)}]
        case UnknownSurveyError():
            survey = problems.PROBLEMS[Problem.SURVEY](tongue)
            document["errors"] = [{"pointer": "/survey", "detail": survey}]
        case ClosedSurveyError():
            closed = problems.PROBLEMS[Problem.CLOSED](tongue)
            document["errors"] = [{"pointer": "/survey", "detail": closed}]
        case OtherRequestError():
            document |= {"type": f"{_TYPE}other-request", "detail": problems.other_request(tongue)}
        case RequestRunningError():
            document |= {"type": f"{_TYPE}request-running", "detail": problems.running_request(tongue)}
        case NotWaitingError():
            document |= {"type": f"{_TYPE}not-waiting", "detail": problems.not_waiting(tongue)}
        case ScopeMissingError():
            document["detail"] = problems.missing_scope(tongue, error.scope)
    return document


def of_error(error: SurveyappError, status: int) -> Response:
    """The reply to a request that met one of our errors."""
    return _reply(body_of(error, status), status, {"Retry-After": "5"} if status == 503 else {})


def of_http(error: HTTPException) -> Response:
    """The reply to a request that the framework refused, such as one with fields that cannot be used."""
    status = error.code or 500
    document = _document(status, spoken_language())
    found = list(_fields(getattr(error, "data", {}).get("messages", {})))
    if found:
        document["errors"] = found
    headers = error.get_response().headers
    # A reply that a method is not allowed must say which are.
    return _reply(document, status, {"Allow": headers["Allow"]} if "Allow" in headers else {})


def of_bug() -> Response:
    """The reply when the mistake is ours."""
    return _reply(_document(500, spoken_language()), 500, {})


def of_fields(messages: Any) -> dict[str, Any]:
    """The document of fields that cannot be used, from the library's messages."""
    document = _document(422, spoken_language())
    document["errors"] = list(_fields({"json": messages}))
    return document


_TYPE = "urn:surveyapp:problem:"
_TYPES = {
    401: "key-refused",
    403: "scope-missing",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    415: "not-json",
    422: "invalid-fields",
    500: "internal",
    503: "busy",
}


def _document(status: int, tongue: Language) -> dict[str, Any]:
    title = problems.REQUESTS.get(status, problems.REQUESTS[400 if status < 500 else 500])
    return {
        "type": _TYPE + _TYPES.get(status, "unreadable"),
        "title": title(tongue),
        "status": status,
        **({"request_id": g.request_id} if "request_id" in g else {}),
    }


def _reply(document: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    # In ASCII: a field's name may hold what no encoding takes.
    body = json.dumps(document)
    own = {"WWW-Authenticate": 'Bearer realm="surveyapp"'} if status == 401 else {}
    return current_app.response_class(
        body,
        status,
        {**headers, **own, "Content-Language": spoken_language().code},
        content_type=CONTENT_TYPE,
    )


def _place(field: str) -> str:
    if field.startswith("property"):
        return "/" + "/".join(["properties", *(_escaped(name) for name in field.split(" ", 1)[1:])])
    return _PLACES.get(field, f"/{field}")


def _said(error: FieldError, tongue: Language) -> str:
    return problems.field_sentence(error, tongue)


def _fields(messages: Any, place: str = "") -> Iterator[dict[str, str]]:
    """The library's tree of messages as a flat list; a message of ours is one of `Problem`, or has one."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            # The first level says where the arguments stood; JSON's own mistakes have no place.
            is_location = not place and name in ("json", "query", "headers")
            here = place if is_location or name == "_schema" else f"{place}/{_escaped(str(name))}"
            yield from _fields(inner, here)
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield {"pointer": place, "detail": _translated(message)}


def _translated(message: Any) -> str:
    tongue = spoken_language()
    if isinstance(message, FieldError):
        return problems.field_sentence(message, tongue)
    try:
        return problems.PROBLEMS[Problem(message)](tongue)
    except (ValueError, TypeError):
        return problems.REQUESTS[400](tongue)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def is_wanted() -> bool:
    """Whether this request came to the API, so that errors are for a program."""
    return request.path.startswith(("/api/", "/hooks/", "/bounces"))

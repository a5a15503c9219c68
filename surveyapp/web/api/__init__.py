"""The API of version 1: `/api/v1`."""

from importlib.metadata import version
from typing import Any

from flask import Flask
from flask.typing import ResponseReturnValue
from flask_smorest import Api

from surveyapp.web.api import answers, docs, invitations, scores, tickets
from surveyapp.web.problem import CONTENT_TYPE, ProblemSchema

PREFIX = "/api/v1"

ABOUT = """\
Invite customers, see what became of each invitation, and read answers and scores.

Every request carries a key, made with `surveyapp key add`, as `Authorization: Bearer KEY`. Errors are problem
documents (RFC 9457) in the language of `Accept-Language`. A POST with an `Idempotency-Key` may be sent again
for 24 hours: it has one effect, and the same reply comes again with `Idempotency-Replayed: true`.\
"""


class _Api(Api):
    """Leaves errors to us: they are problem documents here, pages elsewhere."""

    def _register_error_handlers(self) -> None:
        pass

    def _openapi_json(self) -> ResponseReturnValue:
        return description(self.spec)


def install(app: Flask) -> None:
    """Serve the API, its description and the page that shows it."""
    app.config.update(
        API_TITLE="surveyapp",
        API_VERSION=version("surveyapp"),
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        JSON_SORT_KEYS=False,
        API_SPEC_OPTIONS={
            "info": {"description": ABOUT},
            "servers": [{"url": "/"}],
            "security": [{"key": []}],
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        },
    )
    api = _Api(app)
    api.spec.components.schema("Problem", schema=ProblemSchema)
    for module in (invitations, tickets, answers, scores):
        api.register_blueprint(module.bp)
    app.register_blueprint(docs.bp)


def description(spec: Any) -> dict[str, Any]:
    """The OpenAPI document, with the errors that each operation may answer with."""
    told: dict[str, Any] = spec.to_dict()
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post"):
                given = {code: operation["responses"][code] for code in GOOD & operation["responses"].keys()}
                operation["responses"] = given | {str(code): _PROBLEM for code in _errors(path, method)}
    return told


GOOD = {"200", "201"}
_PROBLEM = {
    "description": "A problem document",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _errors(path: str, method: str) -> list[int]:
    found = [400, 401, 403, 422, 503]
    if "{" in path:
        found.append(404)
    if method == "post":
        found += [409, 413, 415]
    return sorted(found)

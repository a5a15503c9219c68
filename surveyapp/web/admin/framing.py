"""Documents of our own shown within a page: what each of the two may do."""

from flask import Response

_PAGE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail has its styles in its elements. Nothing in it runs, and nothing is sent from it.
_SHOWN = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)


def framing(page: str) -> Response:
    """A page that shows documents of ours."""
    return Response(page, headers={"Content-Security-Policy": _PAGE}, mimetype="text/html")


def framed(document: str) -> Response:
    """Such a document."""
    return Response(document, headers={"Content-Security-Policy": _SHOWN}, mimetype="text/html")

"""The flat JSON that we tell admins to paste into a rule, for helpdesks whose body is free to choose."""

from surveyapp.sources.event import Kind
from surveyapp.sources.fields import Layout

WORDS = {
    "ended": Kind.ENDED,
    "solved": Kind.ENDED,
    "resolved": Kind.ENDED,
    "closed": Kind.ENDED,
    "reopened": Kind.REOPENED,
    "merged": Kind.MERGED,
    "spam": Kind.SPAM,
    "deleted": Kind.DELETED,
}


def layout(source: str, delivery_header: str = "") -> Layout:
    """Every field under its plain name; `docs/webhooks.md` has the text."""
    return Layout(
        source=source,
        pointers={
            "kind": ("/event",),
            "ticket_ref": ("/ticket",),
            "occasion": ("/occasion",),
            "at": ("/at",),
            "address": ("/address",),
            "recipient_name": ("/name",),
            "customer_ref": ("/customer",),
            "locale": ("/locale",),
            "agent_ref": ("/agent",),
            "agent_name": ("/agent_name",),
            "agent_replies": ("/agent_replies",),
            "team": ("/team",),
            "case_type": ("/case_type",),
            "channel": ("/channel",),
            "tags": ("/tags",),
        },
        words=WORDS,
        # Zendesk leaves this tag on a ticket that was merged into another, and closes it.
        tags={"closed_by_merge": Kind.MERGED, "spam": Kind.SPAM},
        delivery_header=delivery_header,
    )

"""What to paste into a helpdesk's rule as the body of its message; `docs/webhooks.md` says the same."""

from collections.abc import Mapping

TRIGGERS: Mapping[str, str] = {
    "generic": """{
  "event": "solved",
  "ticket": "4711",
  "at": "2026-03-02T09:00:00Z",
  "address": "kund@example.se",
  "name": "Kim Kund",
  "customer": "c-17",
  "locale": "sv",
  "agent": "a-5",
  "agent_name": "Alva Agent",
  "agent_replies": 2,
  "team": "Support",
  "case_type": "Invoice",
  "channel": "email",
  "tags": ["vip"]
}
""",
    "standard": """{
  "type": "ticket.solved",
  "timestamp": "2026-03-02T09:00:00Z",
  "data": {"ticket": "4711", "address": "kund@example.se", "locale": "sv", "team": "Support"}
}
""",
    "zendesk": """{
  "event": "solved",
  "ticket": "{{ticket.id}}",
  "at": "{{ticket.updated_at_with_timestamp}}",
  "address": "{{ticket.requester.email}}",
  "customer": "{{ticket.requester.external_id}}",
  "locale": "{{ticket.requester.locale}}",
  "agent": "{{ticket.assignee.email}}",
  "team": "{{ticket.group.name}}",
  "case_type": "{{ticket.ticket_type}}",
  "channel": "{{ticket.via}}",
  "tags": "{{ticket.tags}}",
  "agent_name": "{{ticket.assignee.name}}",
  "name": "{{ticket.requester.name}}"
}
""",
    "freshdesk": """{
  "event": "solved",
  "ticket": "{{ticket.id}}",
  "address": "{{ticket.requester.email}}",
  "locale": "{{ticket.requester.language}}",
  "agent": "{{ticket.agent.email}}",
  "team": "{{ticket.group.name}}",
  "case_type": "{{ticket.ticket_type}}",
  "channel": "{{ticket.source}}",
  "tags": "{{ticket.tags}}",
  "agent_name": "{{ticket.agent.name}}",
  "name": "{{ticket.requester.name}}"
}
""",
    "freshservice": """{
  "event": "solved",
  "ticket": "{{ticket.id}}",
  "address": "{{ticket.requester.email}}",
  "locale": "{{ticket.requester.language}}",
  "agent": "{{ticket.agent.email}}",
  "team": "{{ticket.group.name}}",
  "case_type": "{{ticket.category}}",
  "channel": "{{ticket.source}}",
  "tags": "{{ticket.tags}}",
  "agent_name": "{{ticket.agent.name}}",
  "name": "{{ticket.requester.name}}"
}
""",
    # They send a payload of their own.
    "zammad": "",
    "chatwoot": "",
}
"""Source -> JSON with the helpdesk's own placeholders; "": there is nothing to paste."""

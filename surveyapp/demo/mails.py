"""The mails to click: one fresh invitation for each customer below, in every language."""

from collections.abc import Iterable

from surveyapp.demo.company import TEAMS
from surveyapp.invitations import Request

FIRST_TICKET = 70_001

# Survey, language, customer, agent, case type.
_ASKED = (
    ("csat", "en", "Grace Murphy", "miriam", "contract"),
    ("csat", "sv", "Maria Berg", "anna", "billing"),
    ("csat", "ro", "Andrei Popescu", "ioana", "meter"),
    ("csat", "de", "Sabine Becker", "lena", "moving"),
    ("nps", "en", "Daniel Patel", "sara", "charger"),
    ("nps", "sv", "Oskar Lund", "erik", "moving"),
    ("nps", "ro", "Cristina Stan", "elena", "payment"),
    ("nki", "de", "Uwe Hartmann", "miriam", "billing"),
    ("nki", "sv", "Astrid Öberg", "johan", "complaint"),
    ("ces", "de", "Emre Yıldız", "jonas", "outage"),
    ("ces_ease", "en", "Hannah Clarke", "anna", "moving"),
    ("open", "ro", "Radu Ionescu", "mihai", "outage"),
)


def requests() -> Iterable[Request]:
    """The same every time, so that a demo that starts again invites nobody twice."""
    named = {agent.ref: (team.key, agent.name) for team in TEAMS for agent in team.agents}
    for number, (survey, locale, customer, agent, case_type) in enumerate(_ASKED):
        team, agent_name = named[agent]
        yield Request(
            survey=survey,
            ticket_ref=f"T-{FIRST_TICKET + number}",
            occasion="demo",
            agent_ref=agent,
            agent_name=agent_name,
            team=team,
            case_type=case_type,
            channel="email",
            locale=locale,
            address=f"demo{number + 1}@customers.example",
            recipient_name=customer,
            customer_ref=f"C-{9001 + number}",
        )

"""What the demo says on the terminal."""

import shlex
from datetime import timedelta
from pathlib import Path

from surveyapp.config import Settings
from surveyapp.core.evidence import Rules
from surveyapp.demo.home import Home
from surveyapp.demo.staff import STAFF

WELCOME = """
The demo is running. {company} is invented, and so are its customers; all else is real.

  Answer like a customer
      Open this page in a browser, open one of its mails and click a number:
        {inbox}
      The mails themselves, as .eml and .html, lie in {mails}.
      Or follow the link of one mail at once:
        {link}

  Work like support or an admin
      Log in at {admin}
      as one of these; the password of all of them is {password}
{staff}

  Read the figures like a leader
      Log in at the same address and open {admin}/figures
      What there is to find stands in README.md and docs/demo.md.

  Read the scores, in a second terminal
        . {settings}
        surveyapp scores
        surveyapp scores --metric csat --by case_type
        surveyapp held

  Invite somebody yourself; the mail appears on the page above
        surveyapp invite --survey nps --ticket T-1 --locale sv --email me@example.com

A click alone counts too, without a press. For the demo the waiting is short:
  - the page must have been open for {stay}{usual_stay},
  - the mail must have been there for {early}{usual_early} before,
  - and it takes {settle}{usual_settle} from the last link that was opened.

Ctrl-C ends the demo. Start it again and your clicks are still there; delete
{folder} first and it begins anew.
"""

FAREWELL = "Stopped. Nothing is lost: start the demo again to go on."
BROKEN_OFF = "Stopped before the demo was ready."


def welcome(settings: Settings, home: Home, link: str, password: str) -> str:
    """Where to look, and what is not as usual."""
    usual, rules = Rules(), settings.rules
    return WELCOME.format(
        company=settings.company,
        admin=f"{settings.public_url}/admin",
        staff="\n".join(f"        {email:<26}{each.role}" for email, each in STAFF.items()),
        password=password,
        inbox=home.inbox.as_uri(),
        mails=_typed(home.mails),
        link=link,
        settings=_typed(home.settings),
        folder=_typed(home.folder),
        stay=_spoken(rules.stay),
        early=_spoken(rules.early),
        settle=_spoken(rules.settle),
        usual_stay=_contrast(rules.stay, usual.stay),
        usual_early=_contrast(rules.early, usual.early),
        usual_settle=_contrast(rules.settle, usual.settle),
    )


def _typed(path: Path) -> str:
    """As one would type it here."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here)) if path.is_relative_to(here) else str(path))


def _contrast(now: timedelta, usual: timedelta) -> str:
    return " (as usual)" if now == usual else f" (usually {_spoken(usual)})"


def _spoken(duration: timedelta) -> str:
    seconds = round(duration.total_seconds())
    return f"{seconds} s" if seconds < 60 or seconds % 60 else f"{seconds // 60} min"

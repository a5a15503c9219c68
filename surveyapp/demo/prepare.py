"""Bring the demo's database and mails to where a newcomer can begin."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from surveyapp import invitations, outbox, surveys
from surveyapp.config import Settings
from surveyapp.core.errors import ClosedSurveyError
from surveyapp.core.scales import Metric
from surveyapp.core.status import Status
from surveyapp.db import Database, table_of
from surveyapp.demo import mails, refused
from surveyapp.demo.company import WEEKS
from surveyapp.demo.history import TABLES, History, Rows
from surveyapp.demo.home import DemoError, Home
from surveyapp.mail import Sender, write
from surveyapp.models import Invitation
from surveyapp.outbox import Claimed
from surveyapp.worker import Worker, letter

STEPS = WEEKS + 1
"""How often `fill` yields in an empty database."""


def fill(database: Database, settings: Settings, now: datetime) -> Iterator[None]:
    """Install the surveys and, into an empty database, the three months; yields after each of the steps.

    One transaction: whoever breaks off half way leaves nothing behind.
    """
    with database.transaction() as session:
        is_empty = session.execute(table_of(Invitation).select().limit(1)).first() is None
        began_at = now - timedelta(weeks=WEEKS) if is_empty else now
        surveys.install_built_ins(session, began_at)
        if not is_empty:
            return
        surveys.set_further(session, "csat", [Metric.NPS], began_at)
        refused.set_rules(session)
        versions = {each.key: surveys.current_version(session, each) for each in surveys.all_surveys(session)}
        for rows in _history(History(settings, versions, now.astimezone(settings.timezone).date())):
            for table in TABLES:
                # In bulk: the use cases, called once for each event, would take a minute.
                if rows.get(table):
                    session.execute(table_of(table).insert(), rows[table])
            yield
        refused.ask(session, settings, now)


def send(worker: Worker, home: Home) -> str:
    """Put the mails to click into the folder; returns the first one's invitation.

    The second time the invitations are the same, and their mails are written anew: the demo may have
    another address by then. DemoError when somebody has closed every survey.
    """
    home.mails.mkdir(exist_ok=True)
    asked = _invited(worker)
    _write_again(worker, home)
    worker.send_due()
    if not asked:
        raise DemoError(f"Every survey of the demo is closed; delete {home.folder} to begin anew.")
    return asked[0]


def _invited(worker: Worker) -> list[str]:
    asked, now = [], worker.clock()
    with worker.database.transaction() as session:
        for number, request in enumerate(mails.requests()):
            # The first one is the newest, so that it stands first in the list.
            at = now - timedelta(milliseconds=number)
            with suppress(ClosedSurveyError):
                asked.append(invitations.invite(session, worker.settings, request, at).id)
    return asked


def _write_again(worker: Worker, home: Home) -> None:
    """Those that no invitation belongs to any more are deleted."""
    found = {path: _sent(worker.database, path.stem) for path in home.mails.glob("*.eml")}
    for path in (path for path, mail in found.items() if mail is None):
        path.unlink()
        path.with_suffix(".html").unlink(missing_ok=True)
    settings = worker.settings
    sender = Sender(settings.company, settings.mail_from, settings.public_url)
    for sent_at, claimed in sorted((mail for mail in found.values() if mail), key=lambda mail: mail[0]):
        worker.relay.deliver(write(letter(claimed, settings, worker.links), sender, sent_at), _no_mark)


def _history(history: History) -> Iterator[Rows]:
    for week in range(WEEKS):
        yield history.week(week)
    yield history.marks()


def _sent(database: Database, invitation_id: str) -> tuple[datetime, Claimed] | None:
    with database.reading() as session:
        invitation = session.get(Invitation, invitation_id)
        if invitation is None or invitation.status != Status.SENT or not invitation.accepted_at:
            return None
        claimed = outbox.claimed(session, invitation)
        return (invitation.accepted_at, claimed) if claimed else None


def _no_mark() -> None:
    """Nothing is sent for the first time, so there is nothing to note."""

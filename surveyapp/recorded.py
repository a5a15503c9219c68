"""What the audit log says, in four languages."""

from collections.abc import Callable, Mapping

from surveyapp.audit import Entry
from surveyapp.core.access import Role
from surveyapp.core.deeds import Actor, Deed
from surveyapp.core.evidence import Verdict
from surveyapp.core.status import Status
from surveyapp.i18n import Language
from surveyapp.reasons import STATES, VERDICTS

Sentence = Callable[[Language], str]


def deed_sentence(tongue: Language, entry: Entry) -> str:
    """What was done, and for what reason where one was given; not by whom, when or to what."""
    sentence, why = DEEDS[entry.deed](tongue), entry.detail.get("why")
    return f"{sentence} {VERDICTS[Verdict(why)](tongue)}" if why in set(Verdict) else sentence


def actor_words(tongue: Language, entry: Entry) -> str:
    """Who did it: a user's name, or what it was instead."""
    return entry.name or ACTORS[entry.actor](tongue)


def details(tongue: Language, entry: Entry) -> list[tuple[str, str]]:
    """What more is known, as labels with their values; what does not apply is left out, as is the reason.

    What has no words here is shown as it was stored.
    """
    return [
        (_label(tongue, entry.deed, name), _value(tongue, entry.deed, name, value))
        for name, value in entry.detail.items()
        if name != "why" and (value or _tells_by_absence(entry.deed, name))
    ]


def _tells_by_absence(deed: Deed, name: str) -> bool:
    return deed is Deed.POLICY_CHANGED or name in ("closed", "is_marked", "left", "mode")


def _label(tongue: Language, deed: Deed, name: str) -> str:
    if deed is Deed.POLICY_CHANGED and name in RULES:
        return RULES[name](tongue)
    if deed is Deed.ERASED and name == "suppressions":
        # i18n: Beside a number: how many entries of the do-not-survey list were erased because mail came back
        return tongue.gettext("Entries of the do-not-survey list: bounced")
    return DETAILS[name](tongue) if name in DETAILS else name


def _value(tongue: Language, deed: Deed, name: str, value: str | int | bool | None) -> str:
    if deed is Deed.POLICY_CHANGED:
        return _rule(tongue, name, str(value))
    if name == "mode" and value is None:
        # i18n: In the audit log, when answers to a survey count: no longer in a way of its own
        return tongue.gettext("As in the settings")
    if deed in (Deed.TARGET_SET, Deed.TARGET_REMOVED):
        score = float(value or 0)
        return tongue.number(score, 0 if score.is_integer() else 2)
    if isinstance(value, bool):
        return _yes_or_no(tongue, is_so=value)
    if isinstance(value, int):
        # A version is a name, not an amount.
        return str(value) if name == "version" else tongue.number(value)
    words = LISTED.get(name, {})
    return ", ".join(words[each](tongue) if each in words else each for each in str(value).split(", "))


def _rule(tongue: Language, name: str, value: str) -> str:
    """A rule's value, which the log holds as Python writes it."""
    if value in ("", "None"):
        # i18n: In the audit log, beside a rule of a survey: it was taken away
        return tongue.gettext("no rule")
    if value in ("True", "False"):
        return _yes_or_no(tongue, is_so=value == "True")
    try:
        number = float(value)
    except ValueError:
        return value
    if name == "share":
        return tongue.number(100 * number, 0 if (100 * number).is_integer() else 2)
    return tongue.number(number) if name in _AMOUNTS else value


def _yes_or_no(tongue: Language, *, is_so: bool) -> str:
    # i18n: In the audit log, beside what may be so or not
    yes = tongue.gettext("Yes")
    # i18n: In the audit log, beside what may be so or not
    no = tongue.gettext("No")
    return yes if is_so else no


_AMOUNTS = ("quiet_days", "delay_minutes", "most_per_domain", "least_replies", "remind_after_days")


ACTORS: Mapping[Actor, Sentence] = {
    # i18n: In the audit log, who did something: a user who has no name any more
    Actor.USER: lambda tongue: tongue.gettext("A user"),
    # i18n: In the audit log, who did something: somebody at a terminal of the server
    Actor.COMMAND: lambda tongue: tongue.gettext("The command line"),
    # i18n: In the audit log, who did something: the program that sends and deletes by itself
    Actor.WORKER: lambda tongue: tongue.gettext("The worker"),
    # i18n: In the audit log, who did something: somebody who was not logged in
    Actor.NOBODY: lambda tongue: tongue.gettext("Somebody unknown"),
}

DEEDS: Mapping[Deed, Sentence] = {
    # i18n: An entry of the audit log
    Deed.LOGGED_IN: lambda tongue: tongue.gettext("Somebody logged in."),
    # i18n: An entry of the audit log
    Deed.LOGIN_REFUSED: lambda tongue: tongue.gettext("A login was refused."),
    # i18n: An entry of the audit log
    Deed.LOGGED_OUT: lambda tongue: tongue.gettext("Somebody logged out."),
    # i18n: An entry of the audit log
    Deed.SIGNIN_ENDED: lambda tongue: tongue.gettext("Browsers were logged out."),
    # i18n: An entry of the audit log
    Deed.PASSWORD_SET: lambda tongue: tongue.gettext("A password was set."),
    # i18n: An entry of the audit log
    Deed.RESET_ASKED: lambda tongue: tongue.gettext("A link for a new password was asked for."),
    # i18n: An entry of the audit log: the second step of logging in
    Deed.SECOND_STEP_ON: lambda tongue: tongue.gettext("The second step was switched on."),
    # i18n: An entry of the audit log: the second step of logging in
    Deed.SECOND_STEP_OFF: lambda tongue: tongue.gettext("The second step was switched off."),
    # i18n: An entry of the audit log
    Deed.RECOVERY_CODE_USED: lambda tongue: tongue.gettext("A recovery code was used."),
    # i18n: An entry of the audit log: such as a Google or Microsoft account
    Deed.IDENTITY_LINKED: lambda tongue: tongue.gettext("A user was linked with an outside account."),
    # i18n: An entry of the audit log: such as a Google or Microsoft account
    Deed.IDENTITY_UNLINKED: lambda tongue: tongue.gettext(
        "A user's link with an outside account was removed."
    ),
    # i18n: An entry of the audit log
    Deed.USER_ADDED: lambda tongue: tongue.gettext("A user was added."),
    # i18n: An entry of the audit log: name, role, teams or rights
    Deed.USER_CHANGED: lambda tongue: tongue.gettext("A user was changed."),
    # i18n: An entry of the audit log: disabled, so that logging in is impossible
    Deed.USER_DISABLED: lambda tongue: tongue.gettext("A user was disabled."),
    # i18n: An entry of the audit log
    Deed.USER_ENABLED: lambda tongue: tongue.gettext("A user was enabled again."),
    # i18n: An entry of the audit log: a key with which programs use the API
    Deed.KEY_ADDED: lambda tongue: tongue.gettext("An API key was made."),
    # i18n: An entry of the audit log
    Deed.KEY_REVOKED: lambda tongue: tongue.gettext("An API key was revoked."),
    # i18n: An entry of the audit log: a helpdesk is a support system such as Zendesk
    Deed.HOOK_ADDED: lambda tongue: tongue.gettext("A helpdesk was connected."),
    # i18n: An entry of the audit log: its survey, secret or mapping
    Deed.HOOK_CHANGED: lambda tongue: tongue.gettext("A helpdesk's connection was changed."),
    # i18n: An entry of the audit log
    Deed.RECOVERY_CODES_MADE: lambda tongue: tongue.gettext("New recovery codes were made."),
    # i18n: An entry of the audit log
    Deed.HOOK_CLOSED: lambda tongue: tongue.gettext("A helpdesk was disconnected."),
    # i18n: An entry of the audit log
    Deed.SURVEY_CHANGED: lambda tongue: tongue.gettext("A survey was changed."),
    # i18n: An entry of the audit log: whom a survey is sent to, and when
    Deed.POLICY_CHANGED: lambda tongue: tongue.gettext("The rules of a survey were changed."),
    # i18n: An entry of the audit log
    Deed.SETTING_CHANGED: lambda tongue: tongue.gettext("Settings were changed."),
    # i18n: An entry of the audit log: off, with pseudonyms or with names
    Deed.AGENTS_NAMED: lambda tongue: tongue.gettext("The way in which figures name agents was changed."),
    # i18n: An entry of the audit log: what case types, teams and so on are called
    Deed.NAME_CHANGED: lambda tongue: tongue.gettext("Names or synonyms were changed."),
    # i18n: An entry of the audit log
    Deed.INVITED: lambda tongue: tongue.gettext("A survey was sent by hand."),
    # i18n: An entry of the audit log: a CSV file of customers to ask
    Deed.UPLOADED: lambda tongue: tongue.gettext("A file of invitations was uploaded."),
    # i18n: An entry of the audit log
    Deed.CANCELLED: lambda tongue: tongue.gettext("An invitation was called off."),
    # i18n: An entry of the audit log
    Deed.RESENT: lambda tongue: tongue.gettext("The email of an invitation was sent once more."),
    # i18n: An entry of the audit log: nobody knew whether it had arrived
    Deed.GIVEN_UP: lambda tongue: tongue.gettext("The email of an invitation was given up."),
    # i18n: An entry of the audit log
    Deed.REMINDED: lambda tongue: tongue.gettext("A reminder was sent by hand."),
    # i18n: An entry of the audit log; why may follow
    Deed.RELEASED: lambda tongue: tongue.gettext("A held answer was released."),
    # i18n: An entry of the audit log; why may follow
    Deed.REFUSED: lambda tongue: tongue.gettext("A held answer was refused."),
    # i18n: An entry of the audit log: it does not count any more; why may follow
    Deed.VOIDED: lambda tongue: tongue.gettext("An answer was withdrawn."),
    # i18n: An entry of the audit log
    Deed.RESTORED: lambda tongue: tongue.gettext("A withdrawn answer was let count again."),
    # i18n: An entry of the audit log
    Deed.EXPORTED: lambda tongue: tongue.gettext("Figures or answers were exported."),
    # i18n: An entry of the audit log
    Deed.ERASED: lambda tongue: tongue.gettext("A person's data was erased."),
    # i18n: An entry of the audit log
    Deed.SUBJECT_EXPORTED: lambda tongue: tongue.gettext("What is stored about a person was handed out."),
    # i18n: An entry of the audit log
    Deed.SUPPRESSED: lambda tongue: tongue.gettext("Addresses were put on the do-not-survey list."),
    # i18n: An entry of the audit log
    Deed.UNSUPPRESSED: lambda tongue: tongue.gettext("Addresses were taken off the do-not-survey list."),
    # i18n: An entry of the audit log
    Deed.PURGED: lambda tongue: tongue.gettext("Old data was deleted."),
    # i18n: An entry of the audit log: something that happened on a day was noted, to be seen in the trends
    Deed.MARKER_ADDED: lambda tongue: tongue.gettext("A dated marker was added to the trends."),
    # i18n: An entry of the audit log: something that happened on a day is no longer seen in the trends
    Deed.MARKER_REMOVED: lambda tongue: tongue.gettext("A dated marker was removed from the trends."),
    # i18n: An entry of the audit log: the score of a metric that is to be reached
    Deed.TARGET_SET: lambda tongue: tongue.gettext("A target was set."),
    # i18n: An entry of the audit log: the score of a metric that was to be reached
    Deed.TARGET_REMOVED: lambda tongue: tongue.gettext("A target was removed."),
    # i18n: An entry of the audit log: an address without an account gets the figures by email
    Deed.SUMMARY_ADDED: lambda tongue: tongue.gettext("An address gets the figures by email."),
    # i18n: An entry of the audit log: an address without an account gets the figures no longer
    Deed.SUMMARY_REMOVED: lambda tongue: tongue.gettext("An address gets the figures by email no more."),
}

DETAILS: Mapping[str, Sentence] = {
    # i18n: Beside a number: how many of these were erased, handed out or deleted
    "invitations": lambda tongue: tongue.gettext("Invitations"),
    # i18n: Beside a number: how many of these were erased, handed out or deleted
    "comments": lambda tongue: tongue.gettext("Comments"),
    # i18n: Beside a number: how many records of opened links were erased
    "touches": lambda tongue: tongue.gettext("Openings of links"),
    # i18n: Beside a number: how many words of mail servers were erased
    "timeline": lambda tongue: tongue.gettext("Replies of mail servers"),
    # i18n: Beside a number: how many of these were erased, handed out or deleted
    "helpdesk_events": lambda tongue: tongue.gettext("Events of the helpdesk"),
    # i18n: Beside a number: how many of these were erased or handed out; a program asked, this is our reply
    "replies": lambda tongue: tongue.gettext("Replies to programs"),
    # i18n: Beside a number: how many of these were erased or handed out; a program asked, this is our reply
    "stored_replies": lambda tongue: tongue.gettext("Replies to programs"),
    # i18n: Beside a number: how many CSV files were erased, or name a person
    "uploads": lambda tongue: tongue.gettext("Uploaded lists"),
    # i18n: Beside a number: how many records of tickets that were opened again were erased or handed out
    "tickets": lambda tongue: tongue.gettext("Reopened tickets"),
    # i18n: Beside a number: how many entries of the do-not-survey list are about a person
    "suppressions": lambda tongue: tongue.gettext("Entries of the do-not-survey list"),
    # i18n: Beside a number: how many domains were forgotten that are known for link scanners
    "domains": lambda tongue: tongue.gettext("Domains that open links by machine"),
    # i18n: Beside a number: how many addresses that got figures by email were erased or handed out
    "summaries": lambda tongue: tongue.gettext("Addresses that get figures by email"),
    # i18n: Beside a number: how many invitations were made to forget name, address and reference
    "identities": lambda tongue: tongue.gettext("Invitations that forgot who the customer is"),
    # i18n: Beside a number: how many invitations were made to forget the agent
    "agents": lambda tongue: tongue.gettext("Invitations that forgot which agent it was"),
    # i18n: In the audit log, label of a detail: how many rows an uploaded file has
    "rows": lambda tongue: tongue.gettext("Rows"),
    # i18n: In the audit log, label of a detail: how many addresses were put on a list or taken off
    "count": lambda tongue: tongue.gettext("Email addresses"),
    # i18n: In the audit log, label of a detail: in how many browsers somebody was logged out
    "n": lambda tongue: tongue.gettext("Browsers"),
    # i18n: In the audit log, label of a detail: how many recovery codes a user has left
    "left": lambda tongue: tongue.gettext("Recovery codes left"),
    # i18n: In the audit log, label of a detail: the number of a survey's version
    "version": lambda tongue: tongue.gettext("Version"),
    # i18n: In the audit log, label of a detail: what makes an answer to a survey count
    "mode": lambda tongue: tongue.gettext("When an answer counts"),
    # i18n: In the audit log, label of a detail: whether a survey was closed; Yes or No follows
    "closed": lambda tongue: tongue.gettext("Survey closed"),
    # i18n: In the audit log, a label: whether a domain has the mark of link scanners; Yes or No follows
    "is_marked": lambda tongue: tongue.gettext("Domain marked"),
    # i18n: In the audit log, label of a detail: a login failed only at the second step; Yes follows
    "second_step": lambda tongue: tongue.gettext("Second step"),
    # i18n: In the audit log, label of a detail: a user's role
    "role": lambda tongue: tongue.gettext("Role"),
    # i18n: In the audit log, label of a detail: a list of what was changed follows
    "changed": lambda tongue: tongue.gettext("What was changed"),
    # i18n: In the audit log, label of a detail: a list of what was changed follows
    "names": lambda tongue: tongue.gettext("What was changed"),
    # i18n: In the audit log, label of a detail: what a key to the API may do
    "scopes": lambda tongue: tongue.gettext("What it may do"),
    # i18n: In the audit log, label of a detail: the helpdesk's make, such as Zendesk
    "source": lambda tongue: tongue.gettext("Helpdesk"),
    # i18n: In the audit log, label of a detail: which survey a helpdesk's customers get
    "survey": lambda tongue: tongue.gettext("Survey"),
    # i18n: In the audit log, label of a detail: what became of an invitation
    "status": lambda tongue: tongue.gettext("State"),
    # i18n: In the audit log, label of a detail: the address of the provider of an outside account
    "issuer": lambda tongue: tongue.gettext("Provider of the account"),
    # i18n: In the audit log, label of a detail: the score that is to be reached
    "score": lambda tongue: tongue.gettext("Target"),
    # i18n: In the audit log, label of a detail: the score that was to be reached until then
    "score_before": lambda tongue: tongue.gettext("Previous target"),
    # i18n: In the audit log, label of a detail: what was exported
    "what": lambda tongue: tongue.gettext("What was exported"),
    # i18n: In the audit log, label of a detail: the kind of a file, such as csv
    "file": lambda tongue: tongue.gettext("File format"),
}

RULES: Mapping[str, Sentence] = {
    # i18n: Label of a rule of a survey
    "quiet_days": lambda tongue: tongue.gettext("Quiet period in days"),
    # i18n: Label of a rule of a survey, as a box to tick
    "is_quiet_across_surveys": lambda tongue: tongue.gettext("The quiet period counts mails of all surveys"),
    # i18n: Label of a rule of a survey
    "delay_minutes": lambda tongue: tongue.gettext("Minutes between the end of a ticket and the mail"),
    # i18n: Label of a rule of a survey: a time of day such as 08:00
    "window_from": lambda tongue: tongue.gettext("Send mails from"),
    # i18n: Label of a rule of a survey: a time of day such as 17:00
    "window_to": lambda tongue: tongue.gettext("Send mails until"),
    # i18n: Label of a rule of a survey: a share of the customers
    "share": lambda tongue: tongue.gettext("Share of customers who are asked, in percent"),
    # i18n: Label of a rule of a survey
    "most_per_domain": lambda tongue: tongue.gettext("Most mails a day to one domain"),
    # i18n: Label of a rule of a survey
    "case_types": lambda tongue: tongue.gettext("Only these case types"),
    # i18n: Label of a rule of a survey
    "channels": lambda tongue: tongue.gettext("Only these channels"),
    # i18n: Label of a rule of a survey
    "teams": lambda tongue: tongue.gettext("Only these teams"),
    # i18n: Label of a rule of a survey
    "least_replies": lambda tongue: tongue.gettext("Least number of replies by an agent"),
    # i18n: Label of a rule of a survey, as a box to tick
    "is_once_per_ticket": lambda tongue: tongue.gettext("Ask once for each ticket"),
    # i18n: Label of a rule of a survey, as a box to tick; such addresses are noreply@ or postmaster@
    "allows_role_addresses": lambda tongue: tongue.gettext("Ask addresses that nobody reads in person"),
    # i18n: Label of a rule of a survey
    "remind_after_days": lambda tongue: tongue.gettext("Remind after days"),
}

SETTINGS: Mapping[str, Sentence] = {
    # i18n: Label of a field: the organisation's name as customers read it
    "company": lambda tongue: tongue.gettext("Company name"),
    # i18n: Label of a field: an address, number or page where customers reach the support team
    "contact": lambda tongue: tongue.gettext("Contact for customers"),
    # i18n: Label of a field: Europe/Stockholm
    "timezone": lambda tongue: tongue.gettext("Time zone"),
    # i18n: Label of a field: the language of customers and users of whom none is known
    "locale": lambda tongue: tongue.gettext("Language where none is known"),
    # i18n: Above two buttons: when a click in a mail counts as an answer
    "answer_mode": lambda tongue: tongue.gettext("When an answer counts"),
    # i18n: Label of a field: a number of days
    "link_days": lambda tongue: tongue.gettext("Days in which a survey can be answered"),
    # i18n: Label of a field: a number of answers
    "smallest_n": lambda tongue: tongue.gettext("Fewest answers for a figure"),
    # i18n: Label of a field: a number of answers
    "smallest_n_agent": lambda tongue: tongue.gettext("Fewest answers for a figure about one agent"),
    # i18n: Above three buttons: off, pseudonymous or named
    "agent_figures": lambda tongue: tongue.gettext("Figures about agents"),
    # i18n: Label of a field: the address of a ticket in the helpdesk, with a placeholder
    "ticket_url": lambda tongue: tongue.gettext("Address of a ticket in your helpdesk"),
    # i18n: Label of a field: the organisation's colour
    "colour": lambda tongue: tongue.gettext("Our colour"),
    # i18n: Heading: the organisation's logo
    "logo": lambda tongue: tongue.gettext("Logo"),
    # i18n: In the audit log, a setting: who mails come from
    "senders": lambda tongue: tongue.gettext("Sender"),
    # i18n: In the audit log, a setting: where replies to mails go
    "reply_to": lambda tongue: tongue.gettext("Address for replies"),
    # i18n: Heading: what the organisation itself tells customers on privacy
    "privacy": lambda tongue: tongue.gettext("Text on privacy"),
    # i18n: Label of a field: a number of days; when links were opened
    "touches_days": lambda tongue: tongue.gettext("Opened links, days"),
    # i18n: Label of a field: a number of days
    "comments_days": lambda tongue: tongue.gettext("Comments, days"),
    # i18n: Label of a field: a number of days; names, addresses and references of customers
    "identity_days": lambda tongue: tongue.gettext("Who the customer is, days"),
    # i18n: Label of a field: a number of days; which agent an answer is about
    "agents_days": lambda tongue: tongue.gettext("Which agent it was, days"),
}

WORDS: Mapping[str, Sentence] = {
    # i18n: In the audit log, what was changed: what a case type, team or channel is called
    "labels": lambda tongue: tongue.gettext("Names"),
    # i18n: Label of a field: other words for the same case type, team or channel
    "synonyms": lambda tongue: tongue.gettext("Words that mean the same"),
    # i18n: Label of a field: a date
    "left_on": lambda tongue: tongue.gettext("Last day of work"),
}

USER: Mapping[str, Sentence] = {
    # i18n: Label of a field: a person's name
    "name": lambda tongue: tongue.gettext("Name"),
    # i18n: Label of a group of buttons: what a user may do
    "role": lambda tongue: tongue.gettext("Role"),
    # i18n: Label of a group of boxes: teams that tickets were of
    "teams": lambda tongue: tongue.gettext("Teams"),
    # i18n: Label of a field: who an agent is in the support system, such as an id or an address there
    "agent_ref": lambda tongue: tongue.gettext("Reference as an agent"),
    # i18n: Heading of the rights that are given to each user on their own
    "allowed": lambda tongue: tongue.gettext("Separate rights"),
}

ROLES: Mapping[Role, Sentence] = {
    # i18n: A role
    Role.ADMIN: lambda tongue: tongue.gettext("Admin"),
    # i18n: A role: somebody who leads teams and looks at their figures
    Role.LEADER: lambda tongue: tongue.gettext("Leader"),
    # i18n: A role: somebody in customer support who sends surveys
    Role.SUPPORT: lambda tongue: tongue.gettext("Support"),
    # i18n: A role: somebody who handles tickets and sees what customers say about their own work
    Role.AGENT: lambda tongue: tongue.pgettext("role", "Agent"),
    # i18n: A role: somebody who sees figures and nothing else
    Role.VIEWER: lambda tongue: tongue.gettext("Viewer"),
}

SCOPES: Mapping[str, Sentence] = {
    # i18n: What a key to the API may do, in a list
    "invite": lambda tongue: tongue.gettext("send surveys"),
    # i18n: What a key to the API may do, in a list
    "read": lambda tongue: tongue.gettext("read states and scores"),
    # i18n: What a key to the API may do, in a list
    "export": lambda tongue: tongue.gettext("read answers and comments"),
}

MODES: Mapping[str, Sentence] = {
    # i18n: A mode of a survey: when an answer counts
    "adaptive": lambda tongue: tongue.gettext("One click is enough"),
    # i18n: A mode of a survey: when an answer counts
    "confirm": lambda tongue: tongue.gettext("Only a press of Send counts"),
}

EXPORTS: Mapping[str, Sentence] = {
    # i18n: In the audit log, what was exported: what became of each row of a file
    "upload": lambda tongue: tongue.gettext("The result of an uploaded list"),
    # i18n: In the audit log, what was exported: single answers
    "answers": lambda tongue: tongue.gettext("Answers"),
}

LISTED: Mapping[str, Mapping[str, Sentence]] = {
    "role": {str(role): said for role, said in ROLES.items()},
    "changed": USER,
    "names": {**SETTINGS, **WORDS},
    "scopes": SCOPES,
    "mode": MODES,
    "status": {str(status): STATES[status] for status in Status},
    "what": EXPORTS,
}
"""By the name of a detail: the words for its values, of which the log may hold several with commas."""

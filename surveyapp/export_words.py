"""What stands above the columns of a file, for people."""

from collections.abc import Callable, Mapping

from surveyapp.i18n import Language

_RATINGS = "ratings."


def header(tongue: Language, key: str, zone: str) -> str:
    """The words for a key of `exports`; instants are local times of `zone`, which their headers name."""
    if key.startswith(_RATINGS):
        # i18n: Heading of a column in a file: ratings of one question, by its short name. {question}: nps
        return tongue.gettext("Rating: {question}", question=key.removeprefix(_RATINGS))
    if key in _MOMENTS:
        return f"{_MOMENTS[key](tongue)} ({zone})"
    said = _HEADERS[key](tongue) if key in _HEADERS else key
    return said[:1].upper() + said[1:]


_MOMENTS: Mapping[str, Callable[[Language], str]] = {
    # i18n: Heading of a column in a file: since when an answer counts; a time zone follows in brackets
    "counted_at": lambda tongue: tongue.gettext("Counts since"),
    # i18n: Heading of a column in a file: when an answer was last changed; a time zone follows in brackets
    "changed_at": lambda tongue: tongue.gettext("Last changed"),
}
_HEADERS: Mapping[str, Callable[[Language], str]] = {
    # i18n: Label of a list
    "metric": lambda tongue: tongue.gettext("Metric"),
    # i18n: Heading of a column: one team, case type or the like in each row
    "group": lambda tongue: tongue.gettext("Group"),
    # i18n: Heading of a column in a file: the first day of a period
    "from": lambda tongue: tongue.gettext("First day"),
    # i18n: Heading of a column in a file: the last day of a period
    "to": lambda tongue: tongue.gettext("Last day"),
    # i18n: Heading of a column: how many answers count
    "n": lambda tongue: tongue.pgettext("column", "answers"),
    # i18n: Heading of a column: the number computed from all ratings
    "score": lambda tongue: tongue.pgettext("column", "score"),
    # i18n: Heading of a column in a file: the lower end of the 95 % confidence interval
    "low": lambda tongue: tongue.gettext("95% interval: from"),
    # i18n: Heading of a column in a file: the upper end of the 95 % confidence interval
    "high": lambda tongue: tongue.gettext("95% interval: to"),
    # i18n: Heading of a column: the mean rating
    "mean": lambda tongue: tongue.pgettext("column", "mean"),
    # i18n: Heading of a column in a file: how many gave a good rating
    "favourable": lambda tongue: tongue.pgettext("column", "favourable"),
    # i18n: Heading of a column in a file: how many gave a rating that is neither good nor bad
    "neutral": lambda tongue: tongue.pgettext("column", "neutral"),
    # i18n: Heading of a column in a file: how many gave a bad rating
    "unfavourable": lambda tongue: tongue.pgettext("column", "unfavourable"),
    # i18n: Heading of a column of counts: answers that wait for certainty
    "held": lambda tongue: tongue.pgettext("column", "held"),
    # i18n: Heading of a column of counts: answers that staff refused
    "refused": lambda tongue: tongue.pgettext("column", "refused"),
    # i18n: Heading of a column in a file: whether a score is not shown
    "withheld": lambda tongue: tongue.pgettext("column", "score withheld"),
    # i18n: Heading of a column in a file: whether a higher or a lower score is good
    "direction": lambda tongue: tongue.pgettext("column", "better is"),
    # i18n: Heading of a column in a file: how many customers were to be asked
    "invited": lambda tongue: tongue.pgettext("column", "invited"),
    # i18n: Heading of a column in a file: how many mails the mail server took
    "accepted": lambda tongue: tongue.pgettext("column", "mails accepted"),
    # i18n: Heading of a column in a file: of how many mails a link was opened
    "opened": lambda tongue: tongue.pgettext("column", "opened"),
    # i18n: Heading of a column in a file: how many customers answered
    "answered": lambda tongue: tongue.pgettext("column", "answered"),
    # i18n: Heading of a column in a file: how many customers wrote a comment
    "commented": lambda tongue: tongue.pgettext("column", "commented"),
    # i18n: Heading of a column: the share of those asked who answered, with both counts
    "response_rate": lambda tongue: tongue.gettext("response rate"),
    # i18n: Heading of a column in a file: how many answers count of the period before
    "previous_n": lambda tongue: tongue.gettext("Previous period: answers"),
    # i18n: Heading of a column in a file: the score of the period before
    "previous_score": lambda tongue: tongue.gettext("Previous period: score"),
    # i18n: Heading of a column in a file: the score less that of the period before
    "change": lambda tongue: tongue.gettext("Change from the previous period"),
    # i18n: Heading of a column in a file: the lower end of the interval of a change
    "change_low": lambda tongue: tongue.gettext("Change, 95% interval: from"),
    # i18n: Heading of a column in a file: the upper end of the interval of a change
    "change_high": lambda tongue: tongue.gettext("Change, 95% interval: to"),
    # i18n: Heading of a column in a file: whether a change is more than chance
    "change_demonstrable": lambda tongue: tongue.gettext("Change is demonstrable"),
    # i18n: Heading of a column in a file: the score of a group less that of all others
    "difference": lambda tongue: tongue.gettext("Difference from all others"),
    # i18n: Heading of a column in a file: the lower end of the interval of a difference
    "difference_low": lambda tongue: tongue.gettext("Difference, 95% interval: from"),
    # i18n: Heading of a column in a file: the upper end of the interval of a difference
    "difference_high": lambda tongue: tongue.gettext("Difference, 95% interval: to"),
    # i18n: Heading of a column in a file: whether a difference is more than chance
    "difference_demonstrable": lambda tongue: tongue.gettext("Difference is demonstrable"),
    # i18n: Heading of a column in a file: whether a row is of one group, of the small ones or of all
    "row": lambda tongue: tongue.gettext("Row is of"),
    # i18n: Heading of a column in a file: percent of all answers
    "share": lambda tongue: tongue.gettext("Share of all, in percent"),
    # i18n: Heading of a column in a file: percent of all answers of the period before
    "previous_share": lambda tongue: tongue.gettext("Previous period: share of all, in percent"),
    # i18n: Heading of a column: how much of a change comes from a larger or smaller share of answers
    "mix": lambda tongue: tongue.gettext("The mix changed"),
    # i18n: Heading of a column: how much of a change comes from other ratings
    "within": lambda tongue: tongue.gettext("The group got another score"),
    # i18n: Heading of a column: the sum of the two before it
    "together": lambda tongue: tongue.gettext("Together"),
    # i18n: Heading of a column: the score that is to be reached
    "target": lambda tongue: tongue.gettext("Target"),
    # i18n: Heading of a column: what a group adds to the distance from the target
    "distance_part": lambda tongue: tongue.gettext("Part of the distance"),
    # i18n: Heading of a column in a file: favourable, neutral or unfavourable
    "csat_group": lambda tongue: tongue.gettext("Group of the CSAT rating"),
    # i18n: Heading of a column in a file: favourable, neutral or unfavourable
    "nps_group": lambda tongue: tongue.gettext("Group of the NPS rating"),
    # i18n: Heading of a column in a file: a rating from 1 to 5
    "csat": lambda tongue: tongue.gettext("CSAT rating"),
    # i18n: Heading of a column in a file: a rating from 0 to 10
    "nps": lambda tongue: tongue.gettext("NPS rating"),
    # i18n: Heading of a column in a file: an agent's last day
    "left_on": lambda tongue: tongue.gettext("Left on"),
    # i18n: Heading of a column: where a point of a chart lies
    "place": lambda tongue: tongue.gettext("Against the limits"),
    # i18n: Heading of a column: the score to be expected from the case types that an agent handles
    "expected": lambda tongue: tongue.gettext("Expected from the case types"),
    # i18n: Heading of a column in a file: whether the case types explain an agent's score
    "explained": lambda tongue: tongue.gettext("Explained by the case types"),
    # i18n: Heading of a column: what happened on a day, to be seen in the trends
    "event": lambda tongue: tongue.gettext("What happened"),
    # i18n: Heading of a column in a file: the first day of the period before
    "previous_from": lambda tongue: tongue.gettext("Previous period: first day"),
    # i18n: Heading of a column in a file: the last day of the period before
    "previous_to": lambda tongue: tongue.gettext("Previous period: last day"),
    # i18n: Heading of a column in a file: what we call an invitation
    "invitation_id": lambda tongue: tongue.gettext("Invitation ID"),
    # i18n: Heading of a column
    "day": lambda tongue: tongue.pgettext("column", "day"),
    # i18n: Heading of a column: what the customer chose
    "rating": lambda tongue: tongue.gettext("Rating"),
    # i18n: Heading of a column in a file: favourable, neutral or unfavourable
    "rating_group": lambda tongue: tongue.gettext("Group of the rating"),
    # i18n: Heading of a column: what a customer wrote
    "comment": lambda tongue: tongue.gettext("Comment"),
    # i18n: Heading of a column
    "survey": lambda tongue: tongue.gettext("Survey"),
    # i18n: Heading of a column: the version of a survey
    "version": lambda tongue: tongue.pgettext("column", "survey version"),
    # i18n: Heading of a column
    "ticket_ref": lambda tongue: tongue.gettext("Ticket"),
    # i18n: Label of a field: who an agent is in the support system, such as an id or an address there
    "agent_ref": lambda tongue: tongue.gettext("Reference as an agent"),
    # i18n: Heading of a column: who handled the ticket
    "agent_name": lambda tongue: tongue.pgettext("column", "agent"),
    # i18n: Heading of a column
    "team": lambda tongue: tongue.pgettext("column", "team"),
    # i18n: Heading of a column
    "case_type": lambda tongue: tongue.pgettext("column", "case type"),
    # i18n: Heading of a column
    "channel": lambda tongue: tongue.pgettext("column", "channel"),
    # i18n: Heading of a column
    "locale": lambda tongue: tongue.pgettext("column", "language"),
    # i18n: Heading of a column in a file: a customer's number or id in the support system
    "customer_ref": lambda tongue: tongue.gettext("Customer reference"),
    # i18n: Heading of a column in a file: what more the support system told of a ticket
    "properties": lambda tongue: tongue.gettext("Further details"),
    # i18n: Heading of a column in a list: what became of something
    "state": lambda tongue: tongue.gettext("State"),
    # i18n: Heading of a column in a file: why staff let an answer count, or did not
    "reason": lambda tongue: tongue.gettext("Reason"),
    # i18n: Heading of a column in a file: by what we know that a person answered
    "evidence": lambda tongue: tongue.gettext("Why it counts"),
}

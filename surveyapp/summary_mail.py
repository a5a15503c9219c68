"""Write the mail that tells the figures of a week or month."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from surveyapp.config import Settings
from surveyapp.core.periods import Period, Whole
from surveyapp.core.scales import Metric
from surveyapp.figure_words import changed, figure, interval, reading, score_words, title
from surveyapp.figures import Figures
from surveyapp.i18n import Language
from surveyapp.links import Links, Purpose
from surveyapp.look import Logo
from surveyapp.mail import composed, greetable, looks, sender_for
from surveyapp.mail_headers import one_line
from surveyapp.mail_styles import styled
from surveyapp.metric_names import metric_name
from surveyapp.questions import label_of
from surveyapp.summaries import ClaimedSummary, Comment, Contents
from surveyapp.tallies import Asked

OVERVIEW = "/admin/figures"
OWN_CHOICE = "/admin/account/summaries"

COMMENT_LENGTH = 300

_SUBJECT_LENGTH = 250
# What mail programs make a link of, wherever it leads: the customer wrote it, and we sign the mail.
_LINK_PARTS = re.compile(r"(?<=:)//(?=\S)|(?<=\w)\.(?=[^\W\d_])|(?<=\S)@(?=\S)")


@dataclass(frozen=True, slots=True)
class _Line:
    """One metric; what does not apply is ""."""

    name: str
    value: str
    is_shown: bool
    """Whether the value is a figure, and not why there is none."""
    basis: str
    change: str
    tone: str


@dataclass(frozen=True, slots=True)
class _Said:
    """A comment as the mail shows it."""

    text: str
    rating: str
    locale: str


def write(
    claimed: ClaimedSummary,
    told: Contents,
    settings: Settings,
    links: Links,
    tongue: Language,
    now: datetime,
    logo: Logo | None = None,
) -> EmailMessage:
    """The whole mail, in `tongue`. The same period's again has the same Message-ID.

    Only to somebody without an account it carries a way out that needs no login. Raises MailRefusedError and
    SettingError as mail.write.
    """
    sender = sender_for(settings, tongue.code, logo)
    subject = _subject(claimed, told, tongue)
    leave_url = "" if claimed.viewer else _leave_url(claimed, settings, links, tongue)
    values = {
        **looks(sender),
        "subject": subject,
        "name": greetable(claimed.name),
        "every": claimed.every,
        "period": period_words(tongue, claimed.period),
        "lead": _lead(told, tongue),
        "lines": [_line(each, tongue) for each in told.figures],
        "response": _response(told.asked, tongue),
        "comments": [_said(each, tongue) for each in told.comments],
        "held": told.held,
        "overview_url": _overview_url(claimed, settings) if claimed.viewer else "",
        "choice_url": f"{settings.public_url}{OWN_CHOICE}" if claimed.viewer else "",
        "login_url": "" if claimed.viewer else f"{settings.public_url}/admin",
        "leave_url": leave_url,
    }
    unsubscribe = {
        "List-Unsubscribe": f"<{leave_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return composed(
        sender,
        tongue,
        now,
        identity=f"{claimed.id}.{claimed.period.first:%Y%m%d}",
        to_address=claimed.email,
        to_name=claimed.name,
        subject=subject,
        text=tongue.environment.get_template("email/summary.txt").render(values),
        page=styled(tongue, "email/summary.html").render(values),
        further=unsubscribe if leave_url else {},
    )


def period_words(tongue: Language, period: Period) -> str:
    """The days as people say them: 23 Feb – 1 Mar 2026, or of a month its name: Feb 2026."""
    if period.whole is Whole.MONTH:
        return tongue.month_and_year(period.first)
    first, last = (tongue.day_and_month(day) for day in (period.first, period.last))
    if period.first.year != period.last.year:
        first = f"{first} {period.first.year}"
    return f"{first} – {last} {period.last.year}"


def _subject(claimed: ClaimedSummary, told: Contents, tongue: Language) -> str:
    top = _top(told.figures)
    text = tongue.environment.get_template("email/summary.subject.txt").render(
        name=metric_name(tongue, top.metric) if top else "",
        figure=figure(tongue, top.metric, top.score.value) if top and top.score else "",
        period=period_words(tongue, claimed.period),
    )
    return one_line(text, _SUBJECT_LENGTH)


def _leave_url(claimed: ClaimedSummary, settings: Settings, links: Links, tongue: Language) -> str:
    # Once the address is forgotten only the link still knows the language.
    return f"{settings.public_url}/m/{links.sign(Purpose.SUMMARY, claimed.id)}?lang={tongue.code}"


def _overview_url(claimed: ClaimedSummary, settings: Settings) -> str:
    period = claimed.period
    return f"{settings.public_url}{OVERVIEW}?from={period.first}&to={period.last}"


def _top(figures: Sequence[Figures]) -> Figures | None:
    """What most people answered, of that which is shown; None where nothing is."""
    shown = [each for each in figures if each.score]
    return max(shown, key=lambda each: each.n, default=None)


def _lead(told: Contents, tongue: Language) -> str:
    """The one sentence to read when there is time for no more."""
    top = _top(told.figures)
    if top is not None and top.score is not None:
        return reading(tongue, top.score)
    if any(each.n for each in told.figures):
        # i18n: First sentence of an email with figures: there were answers, but too few of each kind
        return tongue.gettext("There are answers, but too few to show a figure.")
    # i18n: First sentence of an email with figures: there were none
    return tongue.gettext("Nobody answered in this time.")


def _line(figures: Figures, tongue: Language) -> _Line:
    if figures.metric is Metric.OPEN:
        return _Line(title(tongue, figures.metric), _answers(figures.n, tongue), False, "", "", "plain")
    moved = changed(tongue, figures)
    return _Line(
        name=title(tongue, figures.metric),
        value=score_words(tongue, figures),
        is_shown=figures.score is not None,
        basis=_basis(figures, tongue),
        change=moved.words if figures.score else "",
        tone=str(moved.tone),
    )


def _basis(figures: Figures, tongue: Language) -> str:
    """How sure the score is; "" where none is shown."""
    if figures.score is None:
        return ""
    answers, ends = _answers(figures.n, tongue), interval(tongue, figures.score)
    if not ends:
        return answers
    # i18n: Below a score, how sure it is. {answers}: 289 answers, {interval}: 79% to 87%
    return tongue.gettext("{answers}, 95% confidence interval {interval}", answers=answers, interval=ends)


def _answers(n: int, tongue: Language) -> str:
    # i18n: How many answers there are. {n}: 289
    return tongue.ngettext("{n} answer", "{n} answers", n)


def _response(asked: Asked, tongue: Language) -> str:
    if not asked.invited:
        # i18n: In an email with figures: no customer was asked in these days
        return tongue.gettext("Nobody was invited in this time.")
    rate = tongue.percent(100 * asked.answered / asked.accepted) if asked.accepted else "–"
    # i18n: In an email: how many customers were asked and what became of them. {invited}: 140,
    # {accepted}: 138, {answered}: 41, {rate}: 30%, {commented}: 12
    return tongue.gettext(
        "Invited: {invited}, accepted by their mail server: {accepted}, answered: {answered} ({rate}), "
        "with a comment: {commented}.",
        invited=tongue.number(asked.invited),
        accepted=tongue.number(asked.accepted),
        answered=tongue.number(asked.answered),
        rate=rate,
        commented=tongue.number(asked.commented),
    )


def _said(comment: Comment, tongue: Language) -> _Said:
    text = " ".join(comment.text.split())
    if len(text) > COMMENT_LENGTH:
        text = f"{text[:COMMENT_LENGTH].rsplit(' ', 1)[0]} …"
    words = comment.version.text(tongue.code, comment.version.main)
    rating = "" if comment.rating is None else label_of(comment.rating, words)
    return _Said(_LINK_PARTS.sub(lambda found: f"{found[0]} ", text), rating, comment.locale)

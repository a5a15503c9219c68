"""Every kind of page that a customer meets, and how a browser gets to it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import text
from sqlalchemy.orm import Session

from surveyapp import answers, invitations, surveys
from surveyapp.answers import Entry
from surveyapp.config import Settings, settings_from
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.links import Links, Urls, links_of
from surveyapp.models import Survey, SurveyVersion
from tests.support.served import served

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COMMENTS = {
    "sv": "Anna ringde upp samma dag och förklarade fakturan i lugn och ro. Tack!",
    "ro": "Ana m-a sunat în aceeași zi și mi-a explicat factura pe îndelete. Mulțumesc!",
    "de": "Anna rief noch am selben Tag zurück und hat mir die Rechnung in Ruhe erklärt. Danke!",
    "en": "Anna called back the same day and explained the bill without any hurry. Thank you!",
}
_tickets = count(1042)


@dataclass(frozen=True, slots=True)
class Stage:
    """A running app with its database, and one whose database fails."""

    url: str
    broken_url: str
    settings: Settings
    database: Database

    def invite(
        self, survey: str, locale: str, ago: timedelta = timedelta(0), **about: Any
    ) -> tuple[str, Urls]:
        """Hand out the links of a new invitation, made so long ago; its id and the links."""
        values = {"locale": locale, "address": "kund@example.se", "is_mailed": False, **about}
        request = invitations.Request(survey, f"T-{next(_tickets)}", **values)
        with self.database.transaction() as session:
            made = invitations.invite(session, self.settings, request, _now() - ago)
            scale = surveys.version_of_invitation(session, made).main.scale
        links = Links(self.settings.link_keys)
        return made.id, links_of(links, self.settings.public_url, made.id, scale.ratings if scale else ())

    def answered(self, survey: str, locale: str, entry: Entry, ago: timedelta = HOUR) -> Urls:
        """The same, and somebody pressed Send so long ago."""
        invitation_id, urls = self.invite(survey, locale, ago)
        with self.database.transaction() as session:
            answers.count(session, self.settings, invitation_id, entry, is_verified=True, now=_now() - ago)
        return urls


Opening = Callable[[Page, Stage, str], object]
SCENES: dict[str, Opening] = {}
"""Name -> what brings a page, in a language, before a customer's eyes."""


def scene(opening: Opening) -> Opening:
    """Register a scene under its function's name."""
    SCENES[opening.__name__.strip("_").replace("_", "-")] = opening
    return opening


def show(name: str, page: Page, stage: Stage, locale: str) -> None:
    """Bring a scene before a customer's eyes, and wait until all of its page is there."""
    SCENES[name](page, stage, locale)
    # What a scene waited for may be gone already while the page that follows is still being read.
    page.wait_for_load_state()


def _asks(survey: str) -> Opening:
    return lambda page, stage, locale: page.goto(stage.invite(survey, locale)[1].page)


def _shows_chosen(survey: str, rating: int) -> Opening:
    # The link is opened early, so that a press is needed.
    return lambda page, stage, locale: page.goto(stage.invite(survey, locale)[1].ratings[rating])


def _thanks_at_once(survey: str, rating: int) -> Opening:
    def opening(page: Page, stage: Stage, locale: str) -> None:
        page.goto(stage.invite(survey, locale, HOUR)[1].ratings[rating])
        page.locator("#done h1").wait_for()

    return opening


for _survey in surveys.BUILT_IN:
    SCENES[f"question-{_survey}"] = _asks(_survey)
for _survey, _rating in {"csat": 4, "nps": 9, "ces": 4, "nki": 8}.items():
    SCENES[f"chosen-{_survey}"] = _shows_chosen(_survey, _rating)
    SCENES[f"one-click-{_survey}"] = _thanks_at_once(_survey, _rating)


@scene
def chosen_another(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("csat", locale)[1].ratings[4])
    with page.expect_response("**/seen"):
        page.locator("input[value='3']").check()
    page.locator(".linked").wait_for(state="detached")


@scene
def saving(page: Page, stage: Stage, locale: str) -> None:
    # The reply never comes.
    page.add_init_script("window.fetch = () => new Promise(() => {})")
    page.goto(stage.invite("csat", locale, HOUR)[1].ratings[4])
    shown = page.locator("#saving")
    shown.wait_for()
    shown.evaluate("element => Promise.all(element.getAnimations().map(each => each.finished))")


@scene
def thanks(page: Page, stage: Stage, locale: str) -> None:
    page.goto(f"{stage.answered('csat', locale, Entry(4)).page}/thanks?done=answered")


@scene
def thanks_for_a_comment(page: Page, stage: Stage, locale: str) -> None:
    urls = stage.answered("csat", locale, Entry(5, COMMENTS[locale]))
    page.goto(f"{urls.page}/thanks?done=comment")


@scene
def thanks_for_an_open_answer(page: Page, stage: Stage, locale: str) -> None:
    urls = stage.answered("open", locale, Entry(None, COMMENTS[locale]))
    page.goto(f"{urls.page}/thanks?done=comment")


@scene
def changed(page: Page, stage: Stage, locale: str) -> None:
    page.goto(f"{stage.answered('nps', locale, Entry(7)).page}/thanks?done=changed")


@scene
def further_question(page: Page, stage: Stage, locale: str) -> None:
    page.goto(f"{stage.answered('nki', locale, Entry(8)).page}/thanks?done=answered")


@scene
def last_further_question(page: Page, stage: Stage, locale: str) -> None:
    page.goto(f"{stage.answered('ces', locale, Entry(2)).page}/thanks?done=answered")


@scene
def few_characters_left(page: Page, stage: Stage, locale: str) -> None:
    page.goto(f"{stage.answered('csat', locale, Entry(2)).page}/thanks?done=answered")
    page.locator("textarea").fill("a" * (answers.COMMENT_LENGTH - 19))
    page.locator(".left").filter(has_text="19").wait_for()


@scene
def already_answered(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.answered("csat", locale, Entry(4, COMMENTS[locale])).page)


@scene
def change_my_answer(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.answered("csat", locale, Entry(4)).ratings[2])


@scene
def change_my_comment(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.answered("open", locale, Entry(None, COMMENTS[locale])).page + "?from=page&change=1")


@scene
def final(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.answered("csat", locale, Entry(4), 30 * DAY).page)


@scene
def expired(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("csat", locale, 100 * DAY)[1].ratings[4])


@scene
def closed(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("closed", locale, HOUR)[1].page)


@scene
def forged(page: Page, stage: Stage, locale: str) -> None:
    page.goto(f"{stage.url}/s/{'0' * 22}.{'0' * 43}?lang={locale}")


@scene
def error_no_rating(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("ces", locale)[1].page)
    _send_unchecked(page)


@scene
def error_no_comment(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("open", locale)[1].page)
    _send_unchecked(page)


@scene
def error_long_comment(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.answered("csat", locale, Entry(4)).page)
    page.locator("textarea").evaluate(
        "(field, text) => { field.maxLength = 1e5; field.value = text }", COMMENTS[locale] + " " + "a " * 1000
    )
    _send_unchecked(page)


@scene
def press_again(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("csat", locale)[1].ratings[4])
    _submit_as_a_script(page)


@scene
def unsubscribe(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("csat", locale)[1].unsubscribe)


@scene
def unsubscribe_press_again(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("csat", locale)[1].unsubscribe)
    _submit_as_a_script(page)


@scene
def unsubscribed(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("csat", locale, address=f"{next(_tickets)}@example.se")[1].unsubscribe)
    page.locator("#ask button").click()
    page.locator("#ask").wait_for(state="detached")


@scene
def privacy(page: Page, stage: Stage, locale: str) -> None:
    page.goto(stage.invite("csat", locale)[1].privacy)


@scene
def error_404(page: Page, stage: Stage, locale: str) -> None:
    page.goto(f"{stage.url}/nowhere?lang={locale}")


@scene
def error_405(page: Page, stage: Stage, locale: str) -> None:
    path = urlsplit(stage.invite("csat", locale)[1].privacy).path
    page.goto(f"{stage.url}/nowhere?lang={locale}")
    _post(page, f"{path}?lang={locale}", {})


@scene
def error_413(page: Page, stage: Stage, locale: str) -> None:
    path = urlsplit(stage.invite("csat", locale)[1].page).path
    page.goto(f"{stage.url}/nowhere?lang={locale}")
    _post(page, f"{path}?lang={locale}", {"comment": "a" * 100_000})


@scene
def error_500(page: Page, stage: Stage, locale: str) -> None:
    page.goto(f"{stage.invite('wordless', locale)[1].page}?lang={locale}")


@scene
def error_503(page: Page, stage: Stage, locale: str) -> None:
    path = urlsplit(stage.invite("csat", locale)[1].page).path
    page.goto(f"{stage.broken_url}{path}?lang={locale}")


@contextmanager
def stage(folder: Path, **settings: str) -> Iterator[Stage]:
    """Serve a new SQLite database in the folder until the block ends."""
    (folder / "broken").mkdir()
    url, broken_url = (f"sqlite:///{place / 'surveyapp.db'}" for place in (folder, folder / "broken"))
    with (
        served(folder, url, _given(settings)) as app,
        served(folder / "broken", broken_url, _given(settings)) as broken,
        _opened(url) as database,
        _opened(broken_url) as broken_database,
    ):
        with database.transaction() as session:
            _add_surveys(session)
        with broken_database.transaction() as session:
            session.execute(text("DROP TABLE domains"))
        yield Stage(app.url, broken.url, settings_from(app.environment), database)


def customers_browser(browser: Browser, **options: Any) -> BrowserContext:
    """A browser that does not say that it is automated."""
    major = browser.version.partition(".")[0]
    return browser.new_context(
        user_agent=f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{major}.0.0.0 Safari/537.36",
        **options,
    )


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.dispose()


def _given(settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "SURVEYAPP_COMPANY": "Nordvik Energi",
        "SURVEYAPP_MAIL_FROM": "support@nordvik.example",
        **settings,
    }


def _add_surveys(session: Session) -> None:
    surveys.set_further(session, "ces", [Metric.NPS], _now())
    _add_survey(session, "wordless", texts={})
    # Closed since it invited its customers an hour ago.
    _add_survey(session, "closed").closed_at = _now() - HOUR / 2


def _add_survey(session: Session, key: str, **changes: Any) -> Survey:
    """A survey like `csat`, but for the changes."""
    like = session.get_one(SurveyVersion, ("csat", 1))
    names = ("questions", "texts", "digest", "created_at")
    added = Survey(key=key, current_version=1)
    session.add(added)
    session.flush()
    values = {name: getattr(like, name) for name in names} | {"digest": key, **changes}
    session.add(SurveyVersion(survey_key=key, number=1, **values))
    return added


def _send_unchecked(page: Page) -> None:
    """Press Send in a browser that checks nothing itself."""
    page.locator("form:visible").evaluate("form => { form.noValidate = true }")
    with page.expect_navigation():
        page.locator("button:visible").click()


def _submit_as_a_script(page: Page) -> None:
    # Not `page.evaluate`: it would pass for a person's doing.
    session = page.context.new_cdp_session(page)
    with page.expect_navigation():
        session.send(
            "Runtime.evaluate",
            {"expression": "document.getElementById('ask').submit()", "userGesture": False},
        )
    session.detach()


def _post(page: Page, path: str, fields: Mapping[str, str]) -> None:
    with page.expect_navigation():
        page.evaluate(
            """([path, fields]) => {
                const form = document.createElement("form");
                Object.assign(form, {method: "post", action: path});
                for (const [name, value] of Object.entries(fields)) {
                    form.append(Object.assign(document.createElement("textarea"), {name, value}));
                }
                document.body.append(form);
                form.submit();
            }""",
            [path, fields],
        )


def _now() -> datetime:
    return datetime.now(UTC)

"""The HTML view of a mail: its links, what a screen reader hears, colours, sizes."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from surveyapp.i18n import LANGUAGES, language
from surveyapp.mail import Letter
from tests.support.letters import (
    ASKED,
    SENDER,
    content_of,
    letter,
    links_of,
    page_of,
    read_back,
)
from tests.support.mail_page import Element, Scheme, shown

RATED = tuple(key for key in ASKED if key != "open")
WORDED = ("csat", "ces", "ces_ease")
NUMBERED = ("nps", "nki1")

every_language = pytest.mark.parametrize("code", LANGUAGES)
every_question = pytest.mark.parametrize("key", ASKED)


@every_language
@pytest.mark.parametrize("key", RATED)
def test_the_page_links_to_each_rating_in_order_and_first_to_none(key: str, code: str) -> None:
    sent = letter(key, code)
    ratings = [sent.rating_urls[rating] for rating in sorted(sent.rating_urls)]
    assert links_of(read_back(sent)) == [sent.page_url, *ratings, sent.privacy_url, sent.unsubscribe_url]


@every_language
def test_an_open_question_has_one_button(code: str) -> None:
    sent = letter("open", code)
    assert links_of(read_back(sent)) == [sent.page_url, sent.privacy_url, sent.unsubscribe_url]


def rating_links(sent: Letter) -> list[Element]:
    urls = set(sent.rating_urls.values())
    return [link for link in page_of(read_back(sent)).all("a") if link.attributes["href"] in urls]


@every_language
@pytest.mark.parametrize("key", WORDED)
def test_every_point_of_a_worded_scale_shows_its_number_and_its_words(key: str, code: str) -> None:
    sent = letter(key, code)
    assert [link.text for link in rating_links(sent)] == [
        f"{n} {words}" for n, words in sent.text.labels.items()
    ]


@every_language
@pytest.mark.parametrize("key", NUMBERED)
def test_a_scale_of_numbers_words_its_ends(key: str, code: str) -> None:
    sent = letter(key, code)
    assert [link.text for link in rating_links(sent)] == [str(rating) for rating in sent.rating_urls]
    for rating, words in sent.text.labels.items():
        assert f"{rating} = {words}" in page_of(read_back(sent)).text


@every_language
@pytest.mark.parametrize("key", RATED)
def test_a_screen_reader_hears_of_each_rating_what_it_means(key: str, code: str) -> None:
    sent = letter(key, code)
    for (rating, _), link in zip(sorted(sent.rating_urls.items()), rating_links(sent), strict=True):
        words = language(code).spoken(sent.text.labels.get(rating, ""))
        heard = link.attributes["aria-label"]
        assert heard.startswith(f"{rating}")
        assert words in heard
        assert len(heard) > len(str(rating))
        assert "(ă)" not in heard


def test_romanian_says_both_genders_to_a_screen_reader() -> None:
    heading = next(page_of(read_back(letter("nki1", "ro"))).all("h2"))
    assert heading.text.startswith("Per ansamblu, cât de mulțumit(ă) sunteți")
    assert heading.attributes["aria-label"].startswith("Per ansamblu, cât de mulțumit sau mulțumită sunteți")
    assert rating_links(letter("csat", "ro"))[3].attributes["aria-label"] == "4, Mulțumit sau Mulțumită"


def test_a_rating_without_words_is_heard_with_its_scale() -> None:
    assert rating_links(letter("nps", "en"))[7].attributes["aria-label"] == "7 on a scale from 0 to 10"
    assert rating_links(letter("nki1", "en"))[6].attributes["aria-label"] == "7 on a scale from 1 to 10"


@pytest.mark.parametrize("key", RATED)
def test_all_ratings_look_the_same(key: str) -> None:
    assert len({link.attributes["style"] for link in rating_links(letter(key))}) == 1


@every_language
@every_question
def test_a_page_loads_nothing_and_counts_nobody(key: str, code: str) -> None:
    page = page_of(read_back(letter(key, code)))
    tags = {element.tag for element in page.all()}
    assert tags.isdisjoint({"img", "link", "script", "iframe", "object", "video", "form", "svg", "base"})
    for element in page.all():
        assert element.attributes.keys().isdisjoint({"src", "background", "srcset", "poster", "onload"})
    html = content_of(read_back(letter(key, code)), "html")
    assert not re.search(r"url\(|@import|@font-face", html)
    assert all("://" not in rest for rest in re.sub(r' href="[^"]*"', "", html).splitlines())


@every_language
def test_a_page_tells_its_language_and_its_tables_are_no_data(code: str) -> None:
    page = page_of(read_back(letter("nps", code)))
    html, article = next(page.all("html")), next(page.all("div"))
    assert [each.attributes["lang"] for each in (html, article)] == [code, code]
    assert [each.attributes["dir"] for each in (html, article)] == ["ltr", "ltr"]
    assert {table.attributes["role"] for table in page.all("table")} == {"presentation"}
    assert [each.text for each in page.all("h1")] == ["Nordvik Energi"]


@pytest.mark.parametrize("key", ASKED)
def test_styles_stand_in_the_elements_and_dark_mode_in_a_sheet(key: str) -> None:
    page = page_of(read_back(letter(key)))
    (sheet,) = page.all("style")
    assert "prefers-color-scheme: dark" in sheet.text
    assert {meta.attributes.get("name") for meta in page.all("meta")} >= {
        "color-scheme",
        "supported-color-schemes",
    }
    assert all(link.style for link in page.all("a"))
    assert next(page.all("body")).style["background-color"] == "#f5f2ec"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@every_question
def test_every_text_stands_out_from_its_background(key: str, scheme: Scheme) -> None:
    texts = list(shown(page_of(read_back(letter(key))), scheme))
    assert len(texts) > 8
    assert {text.text: text.contrast for text in texts if text.contrast < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "colour", ["#ffffff", "#000000", "#ffff00", "#f2b705", "#e2001a", "#808080", "#00a19a"]
)
@pytest.mark.parametrize("key", ["nps", "open"])
def test_every_text_stands_out_whatever_the_brands_colour_is(key: str, colour: str, scheme: Scheme) -> None:
    message = read_back(letter(key), replace(SENDER, colour=colour))
    texts = list(shown(page_of(message), scheme))
    assert len(texts) > 8
    assert {text.text: text.contrast for text in texts if text.contrast < 4.5} == {}


def test_the_preview_line_is_first_and_not_shown() -> None:
    message = read_back(letter("csat", "en"))
    preview = "Your answer shows us what works well and what we can do better."
    assert next(page_of(message).all("body")).text.startswith(preview)
    assert preview not in [text.text for text in shown(page_of(message), "light")]


@pytest.mark.parametrize(("width", "rows"), [(360, {11: 2, 10: 2}), (640, {11: 1, 10: 1})])
@pytest.mark.parametrize("key", RATED)
def test_ratings_are_easy_to_hit_on_a_phone_and_on_a_desk(
    key: str, width: int, rows: dict[int, int], chromium: Browser
) -> None:
    sent = letter(key, "de")
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.set_content(content_of(read_back(sent), "html"))
    boxes = [page.locator(f'a[href="{url}"]').bounding_box() for url in sent.rating_urls.values()]
    is_too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.close()
    areas = [box for box in boxes if box]
    assert len(areas) == len(sent.rating_urls)
    assert all(area["width"] >= 44 and area["height"] >= 44 for area in areas)
    assert len({area["y"] for area in areas}) == rows.get(len(areas), len(areas))
    for one, next_one in pairwise(areas):
        is_beside = next_one["y"] == one["y"]
        gap = (
            next_one["x"] - one["x"] - one["width"] if is_beside else next_one["y"] - one["y"] - one["height"]
        )
        assert gap >= 8
    assert not is_too_wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("key", ["nps", "csat", "ces_ease", "open"])
def test_axe_finds_nothing(key: str, scheme: Scheme, chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 800}, color_scheme=scheme)
    page.set_content(content_of(read_back(letter(key, "ro")), "html"))
    # A mail is shown within a page that has the landmarks, so the rules about these do not fit.
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    page.close()
    assert [violation["id"] for violation in found] == []

"""The logo and the colour: what is taken as a logo, which ones stay, and the style sheet of a colour."""

import re
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import look, preferences
from surveyapp.config import Own, Settings
from surveyapp.core.colours import OURS, shades
from surveyapp.core.errors import FieldError, Problem
from surveyapp.db import Database
from surveyapp.models import StoredFile
from tests.support.logos import GIF, JPEG, PNG, WEBP, WEBP_LOSSLESS, WEBP_LOSSY, png
from tests.support.people import START, settings

KINDS = {
    "png": (PNG, "image/png", 120, 40),
    "gif": (GIF, "image/gif", 120, 40),
    "jpeg": (JPEG, "image/jpeg", 120, 40),
    "webp": (WEBP, "image/webp", 120, 40),
    "lossy": (WEBP_LOSSY, "image/webp", 120, 40),
    "lossless": (WEBP_LOSSLESS, "image/webp", 120, 40),
}
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def with_own(**own: str) -> Settings:
    return replace(settings(), own=Own(**own))  # type: ignore[arg-type]


def digests(session: Session) -> set[str]:
    return set(session.scalars(select(StoredFile.digest)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_recognised_by_its_bytes(database: Database, kind: str) -> None:
    content, media_type, width, height = KINDS[kind]
    with database.transaction() as session:
        digest = look.put_logo(session, content, START)
        stored = look.logo(session, digest)
        assert stored is not None
        assert (stored.media_type, stored.content, stored.created_at) == (media_type, content, START)
    assert digest == sha256(content).hexdigest()
    shown = look.shown_logo(with_own(logo=digest), database)
    assert shown is not None
    assert (shown.media_type, shown.width, shown.height) == (media_type, width, height)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SVG,
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"BM" + bytes(60),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x00" * 9,
        b"RIFF\x00\x00\x00\x00WEBPJUNK" + bytes(30),
        png(0, 40),
        png(2001, 40),
        png(40, 2001),
        png(40, 40) + bytes(look.LOGO_BYTES),
        JPEG[:160],
    ],
)
def test_what_cannot_be_shown_everywhere_is_refused(content: bytes) -> None:
    with pytest.raises(FieldError) as refused:
        look.put_logo(Session(), content, START)
    assert (refused.value.field, refused.value.problem) == ("logo", Problem.FILE)


def test_a_picture_may_be_as_large_as_the_limits_say(database: Database) -> None:
    content = png(2000, 2000)
    content += bytes(look.LOGO_BYTES - len(content))
    with database.transaction() as session:
        assert look.put_logo(session, content, START)


@given(st.binary(max_size=80), st.sampled_from([b"", *(each[0][:12] for each in KINDS.values())]))
def test_no_bytes_at_all_break_the_reading(rest: bytes, start: bytes) -> None:
    try:
        found = look._checked(start + rest)
    except FieldError:
        return
    assert found[0].startswith("image/")


def test_the_same_logo_again_changes_nothing(database: Database) -> None:
    for _ in range(2):
        with database.transaction() as session:
            digest = look.put_logo(session, PNG, START)
            assert digests(session) == {digest}


def test_only_the_new_logo_and_the_one_in_use_are_kept(database: Database) -> None:
    with database.transaction() as session:
        used = look.put_logo(session, PNG, START)
        preferences.save(session, {"logo": used}, START)
        tried = look.put_logo(session, GIF, START)
        assert digests(session) == {used, tried}
        chosen = look.put_logo(session, JPEG, START)
        assert digests(session) == {used, chosen}
        preferences.save(session, {"logo": chosen}, START)
        last = look.put_logo(session, WEBP, START)
        assert digests(session) == {chosen, last}


def test_files_that_are_no_pictures_stay(database: Database) -> None:
    with database.transaction() as session:
        session.add(
            StoredFile(digest="0" * 64, media_type="application/pdf", content=b"%PDF", created_at=START)
        )
        session.flush()
        digest = look.put_logo(session, PNG, START)
        assert digests(session) == {"0" * 64, digest}


@pytest.mark.parametrize("digest", ["", "0" * 64, "0" * 63, "\x00", "../" * 22, "A" * 64])
def test_a_digest_of_nothing_is_no_logo(database: Database, digest: str) -> None:
    with database.reading() as session:
        assert look.logo(session, digest) is None
    assert look.shown_logo(with_own(logo=digest), database) is None


def test_without_a_database_there_is_no_logo_and_no_error() -> None:
    broken = Database("sqlite:////nowhere/at/all.db")
    assert look.shown_logo(with_own(logo="1" * 64), broken) is None
    broken.dispose()


def test_a_logo_is_read_once(database: Database) -> None:
    with database.transaction() as session:
        digest = look.put_logo(session, png(64, 64), START)
    shown = look.shown_logo(with_own(logo=digest), database)
    broken = Database("sqlite:////nowhere/at/all.db")
    assert shown is not None
    assert look.shown_logo(with_own(logo=digest), broken) is shown
    broken.dispose()


@pytest.mark.parametrize(
    ("size", "box", "shown"),
    [
        ((120, 40), (200, 36), (108, 36)),
        ((1000, 20), (200, 36), (200, 4)),
        ((20, 20), (200, 36), (20, 20)),
        ((2000, 1), (200, 36), (200, 1)),
    ],
)
def test_a_logo_is_shown_whole_and_never_larger_than_it_is(
    size: tuple[int, int], box: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert look.Logo("0" * 64, "image/png", *size, b"").within(*box) == shown


def test_without_a_colour_there_is_no_style() -> None:
    assert (look.style(settings()), look.style_name(settings())) == ("", "")


def test_a_style_has_the_colours_that_can_be_read_by_day_and_by_night() -> None:
    css = look.style(with_own(colour="#f2b705"))
    found = shades("#f2b705")
    by_day, by_night = css.split("@media (prefers-color-scheme: dark)")
    assert re.findall(r"#[0-9a-f]{6}", by_day) == [found.accent, found.hover, found.on_accent]
    assert re.findall(r"#[0-9a-f]{6}", by_night) == [
        found.dark_accent,
        found.dark_hover,
        found.on_dark_accent,
    ]
    assert css.count("{") == css.count("}") == 3


def test_another_colour_has_another_name_and_the_same_one_the_same() -> None:
    one, again, other = (
        look.style_name(with_own(colour=each)) for each in (OURS.accent, OURS.accent, "#123456")
    )
    assert one == again != other
    assert re.fullmatch(r"[0-9a-f]{12}", one)

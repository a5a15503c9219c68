"""Whatever is sent, a clear page comes back, and nothing is stored that nobody meant."""

from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from surveyapp.app import LARGEST_FORM
from surveyapp.db import Database
from surveyapp.models import Answer, Rating, Suppression
from tests.support.people import CHROMIUM, Invited, Page, Site, Visitor, opened

ODD_RATINGS = [
    "", "0", "6", "10", "99", "99999", "-1", "+5", "٣", "５", "5.0", "05", "1_0", "1e0", " 5", "5 ", "5\0",
    "five", "NaN", "true", "[5]", "5,4", "0x5", "9" * 5000, "5\r\nX: y", "<b>5</b>", "' OR 1=1",
]  # fmt: skip
NOTHING: Mapping[str, str] = MappingProxyType({})
PRESS = CHROMIUM.navigation("same-origin", is_person=True)


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def invited(site: Site) -> Invited:
    return site.invited()


def raw(
    site: Site, method: str, path: bytes, query: bytes = b"", environ: Mapping[str, str] = NOTHING
) -> int:
    """The status for a path and query byte by byte, as a server hands them on."""
    builder = EnvironBuilder(method=method)
    values = builder.get_environ()
    values |= {"PATH_INFO": path.decode("latin-1"), "QUERY_STRING": query.decode("latin-1"), **environ}
    chunks, status, _ = run_wsgi_app(site.app, values)
    b"".join(chunks)
    return int(status.split()[0])


# --- ratings ---------------------------------------------------------------------------------------


def test_a_rating_that_is_none_is_asked_for_again_with_the_comment_kept(site: Site) -> None:
    person = Visitor(site, site.invited())
    person.open(4)
    for rating in ODD_RATINGS:
        page = person.press(rating, comment="Kept <all>")
        assert (page.status, page.chosen, page.written) == (422, None, "Kept <all>"), rating
        assert page.alert == "Please choose one of the ratings.", rating
    assert site.rows(Answer) == []


def test_a_link_with_a_rating_that_is_none_chooses_nothing_and_is_no_touch(site: Site) -> None:
    person = Visitor(site, site.invited())
    for rating in ODD_RATINGS:
        if rating not in ("", "05"):  # those two mean what they seem to mean
            page = person.open(quote(rating, safe=""))
            assert page.status in (404, 422) and page.chosen is None, rating
    assert site.touches(person.invited) == []


@pytest.mark.parametrize(
    ("survey", "best", "off"),
    [("nps", 10, 11), ("csat", 5, 0), ("ces", 7, 8), ("ces_ease", 7, 0), ("nki", 10, 0)],
)
def test_each_scale_has_its_own_ends(site: Site, survey: str, best: int, off: int) -> None:
    person = Visitor(site, site.invited(survey))
    assert person.open(off).status == 422
    assert person.press(off).status == 422
    assert site.rows(Answer) == []
    assert person.open(best).chosen == str(best)
    assert person.press(best).status == 303


# --- forms -----------------------------------------------------------------------------------------


ODD_BODIES = [
    b"",
    b"rating",
    b"&&&===&",
    b"rating=4&rating=5",
    b"rating=5&comment=a&comment=b",
    b"rating=\xff",
    b"rating=4&comment=\xff\xfe\xed\xa0\x80",
    b"rating=4&comment=%ff%00%ed%a0%80",
    b"rating=4&nonce=%00",
    b"rating=4&" + b"x=1&" * 900,
    b"\x00" * 100,
    b"{}",
]


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "application/json", "\xff"]
)
def test_an_odd_body_is_stored_as_one_answer_or_none(site: Site, kind: str) -> None:
    headers = {**PRESS, "Content-Type": kind}
    for body in ODD_BODIES:
        invited = site.invited()
        for path in (invited.path, f"{invited.path}/seen", invited.unsubscribe):
            response = site.client.post(path, data=body, headers=headers)
            assert response.status_code in (200, 303, 413, 422), body
        row = site.answer(invited)
        assert row is None or row["rating"] in (4, 5), body
        assert site.ratings(invited) == ({"csat": row["rating"]} if row else {}), body


BROKEN_PARTS = [
    b"",
    b"--x",
    b"--x\r\n",
    b"--x\r\n\r\n",
    b"--x\r\nContent-Disposition: form-data\r\n\r\n4\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="rating"\r\n\r\n4\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="rating"\r\nContent-Type: \xff/;;\r\n\r\n4\r\n--x--',
    b"--x\r\n" + b"A: b\r\n" * 2000 + b"\r\n",
]


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x", '; boundary="' + "y" * 300 + '"'])
def test_a_broken_multipart_form_is_no_server_error(site: Site, invited: Invited, boundary: str) -> None:
    headers = {**PRESS, "Content-Type": f"multipart/form-data{boundary}"}
    for body in BROKEN_PARTS:
        for path in (invited.path, f"{invited.path}/seen", invited.unsubscribe):
            response = site.client.post(path, data=body, headers=headers)
            assert response.status_code in (200, 303, 400, 413, 422), body


def test_a_file_in_place_of_a_field_is_no_field(site: Site, invited: Invited) -> None:
    for name in ("rating", "comment", "nonce", "trusted", "further_nps", "event"):
        for content in (b"4", b".\r\n.\n.", b"\xff" * 100):
            for path in (invited.path, f"{invited.path}/seen"):
                fields = {"rating": "4", "event": "seen", name: (BytesIO(content), "x.txt")}
                response = site.client.post(path, data=fields, headers=PRESS)
                assert response.status_code in (303, 422), name
    row = site.answer(invited)
    assert row is None or (row["rating"], row["comment"]) == (4, None)


@pytest.mark.parametrize("size", [LARGEST_FORM + 1, 1_000_000])
def test_a_huge_form_is_refused(site: Site, invited: Invited, size: int) -> None:
    for path in (invited.path, f"{invited.path}/seen", invited.unsubscribe):
        page = Page(site.client.post(path, data={"rating": "4", "comment": "x" * size}, headers=PRESS))
        assert page.status == 413 and "too large" in page.words
    assert site.rows(Answer) == site.rows(Suppression) == []


def test_a_comment_of_the_longest_kind_that_is_allowed_fits(site: Site, invited: Invited) -> None:
    person = Visitor(site, invited)
    assert person.press(4, comment="👩" * 2000).status == 303


def test_a_wrong_content_length_is_no_server_error(site: Site, invited: Invited) -> None:
    for length in ("-1", "abc", "99999999999999999999", "0", ""):
        form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": length}
        assert raw(site, "POST", invited.path.encode(), environ=form) in (200, 400, 413, 422), length


# --- paths and queries -----------------------------------------------------------------------------


ODD_PATHS = [
    b"", b"*", b"/\xff", b"/s/\xff\xfe", b"/s/\x00", b"/s/..", b"/s//", b"/s/", b"//s/x", b"/s/x/y/z",
    b"/u/%00", b"/s/.", b"/s/a.b", b"/s/\xc3\xa5.\xc3\xa5", b"/p/\r\nX: y", b"/s/x/thanks",
    b"/s/" + b"x" * 100_000, b"/static/", b"/static/../app.py", b"/static/..%2fapp.py",
    b"/static/\x00", b"/static/" + b"x" * 5000,
]  # fmt: skip
ODD_QUERIES = [
    b"%", b"%zz&%f", b"&=&=;", b"lang=\xff", b"lang=sv\0", b"lang=../../x", b"lang[]=sv",
    b"from=page&from=mail", b"after=\xff&done=\x00", b"done=<script>", b"lang=" + b"s" * 100_000,
    b"a=1&" * 20_000, b"x" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_path_that_leads_nowhere_says_so(site: Site, method: str) -> None:
    for path in ODD_PATHS:
        assert raw(site, method, path) in (308, 400, 404, 405), path[:50]


def test_an_odd_query_is_passed_over(site: Site, invited: Invited) -> None:
    Visitor(site, invited).press(4)
    for query in ODD_QUERIES:
        for path in (f"{invited.path}/4", f"{invited.path}/thanks"):
            assert raw(site, "GET", path.encode(), query) == 200, query[:50]
    assert raw(site, "GET", b"/nowhere", b"lang=\xff") == 404


ODD_HEADERS = [
    ("Accept-Language", "x" * 20_000),
    ("Accept-Language", "sv;q=nan, de;q=-1, *;q=9e999, ;;,,"),
    ("Accept-Language", "\xff\xfe"),
    ("User-Agent", "\xff" * 5000),
    ("Cookie", "session=" + "x" * 5000 + "; \xff=\x01"),
    ("Range", "bytes=0-0,5-"),
    ("Range", "bytes=-999999999999"),
    ("If-None-Match", '"' + "x" * 5000),
    ("If-Modified-Since", "yesterday"),
    ("Authorization", "Basic !!!"),
    ("X-Forwarded-For", "1.2.3.4, \xff, ::::, 999.999.999.999"),
    ("X-Forwarded-Proto", "gopher"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("Sec-Fetch-Site", "\xff"),
    ("Sec-Fetch-User", "?1, ?1"),
    ("Sec-Purpose", "\xff"),
    ("Transfer-Encoding", "chunked"),
    ("Expect", "100-continue"),
    ("Referer", "javascript:alert(1)"),
]


def test_an_odd_header_is_passed_over(database: Database) -> None:
    site = opened(database, TRUSTED_PROXIES="2")
    invited = site.invited()
    for header, value in ODD_HEADERS:
        environ = {f"HTTP_{header.upper().replace('-', '_')}": value}
        for path in (f"{invited.path}/4", invited.unsubscribe, "/healthz"):
            assert raw(site, "GET", path.encode(), environ=environ) == 200, (header, value[:50])
        assert raw(site, "GET", b"/nowhere", environ=environ) == 404
        assert raw(site, "POST", invited.path.encode(), environ=environ) in (200, 422), (header, value[:50])


def test_a_host_that_is_not_ours_is_refused(site: Site, invited: Invited) -> None:
    for host in ("evil.example", "survey.nordlicht.example.evil.example", "\xff", "a b", "[", "@"):
        assert raw(site, "GET", f"{invited.path}/4".encode(), environ={"HTTP_HOST": host}) == 400, host
    page = Page(site.client.get(f"{invited.path}/4", headers={"Host": "evil.example"}))
    assert page.status == 400 and "evil" not in page.text


# --- methods ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "NONSENSE"])
def test_a_method_that_a_page_has_not_is_refused_with_those_it_has(
    site: Site, invited: Invited, method: str
) -> None:
    paths = {
        invited.path: {"GET", "HEAD", "OPTIONS", "POST"},
        f"{invited.path}/4": {"GET", "HEAD", "OPTIONS"},
        f"{invited.path}/thanks": {"GET", "HEAD", "OPTIONS"},
        f"{invited.path}/seen": {"OPTIONS", "POST"},
        invited.privacy: {"GET", "HEAD", "OPTIONS"},
        invited.unsubscribe: {"GET", "HEAD", "OPTIONS", "POST"},
        "/healthz": {"GET", "HEAD", "OPTIONS"},
    }
    for path, allowed in paths.items():
        if method in allowed:
            continue
        page = Page(site.client.open(path, method=method))
        assert page.status == 405
        assert set(page.headers["Allow"].split(", ")) == allowed
        assert "cannot be used in that way" in page.words
    assert site.rows(Answer) == site.touches(invited) == []


# --- anything --------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)
NAMES = (
    st.sampled_from(["rating", "comment", "nonce", "trusted", "event", "automated", "further_nps"]) | TEXTS
)
VALUES = st.sampled_from(["4", "5", "1", "seen", "stayed", "gesture", "yes", *ODD_RATINGS]) | TEXTS
SUFFIXES = st.sampled_from(["", "/4", "/seen", "/thanks", "/99"]) | TEXTS.map(lambda text: f"/{quote(text)}")
METHODS = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT"])
FETCH = st.fixed_dictionaries(
    {},
    optional={
        "Sec-Fetch-Site": st.sampled_from(["same-origin", "cross-site", "none", "x"]),
        "Sec-Fetch-Mode": st.sampled_from(["navigate", "cors"]),
        "Sec-Fetch-User": st.sampled_from(["?1", "?0"]),
        "Accept-Language": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
        "User-Agent": st.sampled_from([CHROMIUM.own["User-Agent"], "curl/8", ""]),
    },
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("POST", "s", "/thanks", {}, {}, {})
@given(
    method=METHODS,
    kind=st.sampled_from(["s", "u", "p"]),
    suffix=SUFFIXES,
    form=st.dictionaries(NAMES, VALUES, max_size=6),
    query=st.dictionaries(
        st.sampled_from(["lang", "from", "after", "done", "change"]) | TEXTS, VALUES, max_size=3
    ),
    headers=FETCH,
)
def test_nothing_that_can_be_sent_is_a_server_error(
    site: Site,
    invited: Invited,
    method: str,
    kind: str,
    suffix: str,
    form: dict[str, str],
    query: dict[str, str],
    headers: dict[str, str],
) -> None:
    base = {"s": invited.path, "u": invited.unsubscribe, "p": invited.privacy}[kind]
    if form.get("nonce"):
        form["nonce"] = Visitor(site, invited).open(method="GET").nonce
    page = Page(
        site.client.open(base + suffix, method=method, data=form, query_string=query, headers=headers)
    )
    assert page.status < 500
    assert "Set-Cookie" not in page.headers
    ratings = [row["rating"] for row in site.rows(Rating)]
    assert len(site.rows(Answer)) <= 1 and all(1 <= rating <= 5 for rating in ratings)

"""Tokens: what verifies, what does not, and that keys can be changed."""

import string
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from surveyapp.core.errors import InvalidLinkError, SettingError, StaleNonceError
from surveyapp.db import Database
from surveyapp.links import Links, Nonce, Purpose, links_of, new_page
from surveyapp.models import Touch, new_id
from tests.support.people import HOST, START, Invited, Visitor, opened

OLD, NEW, FOREIGN = (f"{name}-key-of-the-tests-0123456789abcdef" for name in ("old", "new", "foreign"))
LINKS = Links([OLD, NEW])
ID = "Yk3nq0fX1mPz7Vd2uB8sWc"
ALPHABET = string.ascii_letters + string.digits + "-_"
IDS = st.text(ALPHABET, min_size=22, max_size=22)


def is_valid(token: str, purpose: Purpose = Purpose.ANSWER, links: Links = LINKS) -> bool:
    try:
        return links.read(purpose, token) == ID
    except InvalidLinkError:
        return False


# --- what verifies ---------------------------------------------------------------------------------


@given(ids=IDS)
def test_a_token_is_read_back_and_fits_into_an_address(ids: str) -> None:
    for purpose in Purpose:
        token = LINKS.sign(purpose, ids)
        assert LINKS.read(purpose, token) == ids
        assert set(token) <= {*ALPHABET, "."} and len(token) <= 66


def test_ids_are_random_and_of_one_length() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000 and {len(each) for each in ids} == {22} == {len(ID)}


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_of_one_purpose_is_none_of_another(purpose: Purpose) -> None:
    token = LINKS.sign(purpose, ID)
    assert [other for other in Purpose if is_valid(token, other)] == [purpose]


def test_a_page_is_no_link_and_a_link_no_page() -> None:
    page = LINKS.sign_page(ID, Nonce(new_page(), START, can_prove=True))
    assert not any(is_valid(page, purpose) for purpose in Purpose)
    for purpose in Purpose:
        with pytest.raises(StaleNonceError):
            LINKS.read_page(ID, LINKS.sign(purpose, ID), START)


# --- forgery ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", Purpose)
def test_flipping_any_bit_of_any_character_opens_nothing_else(purpose: Purpose) -> None:
    token = LINKS.sign(purpose, ID)
    for position, character in enumerate(token):
        for bit in range(8):
            flipped = token[:position] + chr(ord(character) ^ 1 << bit) + token[position + 1 :]
            with suppress(InvalidLinkError):
                # The last character carries two bits that base64 does not look at.
                assert LINKS.read(purpose, flipped) == ID and position == len(token) - 1


def test_a_part_of_a_token_opens_nothing() -> None:
    token = LINKS.sign(Purpose.ANSWER, ID)
    for length in range(len(token)):
        assert not is_valid(token[:length]) and not is_valid(token[length + 1 :])


def test_a_strangers_key_opens_nothing() -> None:
    assert not is_valid(Links([FOREIGN]).sign(Purpose.ANSWER, ID))


@pytest.mark.parametrize("salt", ["surveyapp.answer.v2", "surveyapp.answer", "itsdangerous.Signer", ""])
def test_our_key_with_another_salt_opens_nothing(salt: str) -> None:
    assert not is_valid(Signer(NEW, salt=salt).sign(ID).decode())


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", ID, f"{ID}.", f".{ID}", "\0", "å.ß", "\udcff.\udcff"]
)
def test_what_is_no_token_opens_nothing(token: str) -> None:
    for purpose in Purpose:
        with pytest.raises(InvalidLinkError):
            LINKS.read(purpose, token)
    with pytest.raises(StaleNonceError):
        LINKS.read_page(ID, token, START)


@given(text=st.text())
def test_no_text_opens_anything(text: str) -> None:
    with pytest.raises(InvalidLinkError):
        LINKS.read(Purpose.ANSWER, text)


# --- rotation --------------------------------------------------------------------------------------


def test_the_newest_key_signs_and_every_key_reads() -> None:
    before, both, after = Links([OLD]), Links([OLD, NEW]), Links([NEW])
    old, new = before.sign(Purpose.ANSWER, ID), both.sign(Purpose.ANSWER, ID)
    assert old != new == after.sign(Purpose.ANSWER, ID)
    assert is_valid(old, links=both) and is_valid(new, links=both)
    assert not is_valid(old, links=after) and not is_valid(new, links=before)


def test_rotation_holds_for_pages_too() -> None:
    nonce = Nonce(new_page(), START, can_prove=False)
    page = Links([OLD]).sign_page(ID, nonce)
    assert Links([OLD, NEW]).read_page(ID, page, START) == nonce
    with pytest.raises(StaleNonceError):
        Links([NEW]).read_page(ID, page, START)


def test_mails_that_were_sent_with_an_old_key_still_lead_to_their_question(database: Database) -> None:
    invited = opened(database, LINK_KEYS=OLD).invited()
    rotated = opened(database, LINK_KEYS=f"{OLD},{NEW}")
    person = Visitor(rotated, invited)
    assert person.open(4).chosen == "4"
    assert person.press(4).status == 303
    assert rotated.of(invited.id).path != invited.path
    gone = opened(database, LINK_KEYS=NEW)
    assert Visitor(gone, invited).open(4).status == 404


# --- return addresses ------------------------------------------------------------------------------

BOUNCES = "bounces@nordvik.example"
KNOWN = f"{ID[:-1]}Q"


def returns(address: str, links: Links = LINKS) -> str | None:
    try:
        return links.read_return_address(address)
    except InvalidLinkError:
        return None


@given(raw=st.binary(min_size=16, max_size=16))
def test_a_return_address_is_read_back_in_any_case(raw: bytes) -> None:
    invitation_id = urlsafe_b64encode(raw).decode().rstrip("=")
    address = LINKS.return_address(BOUNCES, invitation_id)
    local, _, domain = address.partition("@")
    assert local.startswith("bounces+") and domain == "nordvik.example"
    assert len(local) <= 64 and local == local.lower() and local.removeprefix("bounces+").isalnum()
    assert {returns(address), returns(address.upper()), returns(address.title())} == {invitation_id}


@given(data=st.data())
def test_an_altered_return_address_is_nobodys(data: st.DataObject) -> None:
    address = LINKS.return_address(BOUNCES, KNOWN)
    place = data.draw(st.integers(len("bounces+"), address.index("@") - 1))
    other = data.draw(
        st.sampled_from(string.ascii_lowercase + string.digits).filter(lambda c: c != address[place])
    )
    assert returns(address[:place] + other + address[place + 1 :]) is None
    assert returns(address[:place] + address[place + 1 :]) is None
    assert returns(address[:place] + other + address[place:]) is None


def test_a_return_address_of_an_old_key_is_read_and_of_a_strangers_key_not() -> None:
    invitation_id = new_id()
    assert returns(Links([OLD]).return_address(BOUNCES, invitation_id)) == invitation_id
    assert returns(LINKS.return_address(BOUNCES, invitation_id), Links([NEW])) == invitation_id
    assert returns(LINKS.return_address(BOUNCES, invitation_id), Links([OLD])) is None
    assert returns(Links([FOREIGN]).return_address(BOUNCES, invitation_id)) is None


@pytest.mark.parametrize(
    "frame",
    ["prvs=1234abcd={}@nordvik.example", "SRS0=ab=cd=nordvik.example={}@forwarder.example"],
)
def test_what_a_forwarder_puts_around_a_return_address_does_not_matter(frame: str) -> None:
    invitation_id = new_id()
    local = LINKS.return_address(BOUNCES, invitation_id).partition("@")[0]
    assert returns(frame.format(local)) == invitation_id


@pytest.mark.parametrize(
    "address",
    ["", "@", "bounces@nordvik.example", "bounces+@nordvik.example", "bounces+å\0@x", "a" * 42 + "@x"],
)
def test_what_is_no_return_address_is_nobodys(address: str) -> None:
    assert returns(address) is None


def test_a_token_of_a_link_is_no_return_address_and_the_other_way_round() -> None:
    invitation_id = new_id()
    token = LINKS.return_address(BOUNCES, invitation_id).partition("@")[0].removeprefix("bounces+")
    for purpose in Purpose:
        assert returns(f"bounces+{LINKS.sign(purpose, invitation_id)}@nordvik.example") is None
        assert not is_valid(token, purpose)


@pytest.mark.parametrize(
    "base", ["", "bounces", "@nordvik.example", "bounces@", "b" * 22 + "@nordvik.example"]
)
def test_a_base_that_leaves_no_room_or_is_no_address_is_a_wrong_setting(base: str) -> None:
    with pytest.raises(SettingError, match="1 to 21"):
        LINKS.return_address(base, new_id())


@pytest.mark.parametrize("invitation_id", ["", "inv-1", "å" * 22, ID, "AAAA"])
def test_what_is_no_id_gets_no_return_address(invitation_id: str) -> None:
    with pytest.raises(ValueError, match="no id"):
        LINKS.return_address(BOUNCES, invitation_id)


# --- several strings, one invitation ---------------------------------------------------------------


def variants(token: str) -> list[str]:
    """Other strings that verify as this token, because base64 has several spellings of the same bytes."""
    last = ALPHABET_BY_VALUE.index(token[-1])
    padding = [token[:-1] + ALPHABET_BY_VALUE[last & ~3 | bits] for bits in range(4)]
    ignored = [f"{token[:-5]}{junk}{token[-5:]}" for junk in ("~", "!!", "å", "\r\n", "%", " ", "é\0")]
    return [each for each in (*padding, *ignored, f"{token}=", f"{token})") if each != token]


ALPHABET_BY_VALUE = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def test_every_spelling_of_a_token_is_the_same_invitation() -> None:
    token = LINKS.sign(Purpose.ANSWER, ID)
    valid = [each for each in variants(token) if is_valid(each)]
    assert len(valid) >= 3  # otherwise this test shows nothing


def test_every_spelling_of_a_token_leads_to_the_one_answer(database: Database) -> None:
    site = opened(database)
    invited, pressed = site.invited(), 0
    for spelling in variants(invited.path.removeprefix("/s/")):
        quoted = "".join(f"%{byte:02X}" for byte in spelling.encode())
        person = Visitor(site, Invited(invited.id, f"/s/{quoted}", "", ""))
        page = person.open(4)
        assert page.status in (200, 404), spelling
        if page.status == 200:
            pressed = 9 - pressed if pressed else 4  # 4 and 5 in turn
            reply = person.press(pressed)
            assert reply.status == 303, spelling
            assert person.follow(reply.location).status == 200, spelling
    assert {row["invitation_id"] for row in site.rows(Touch)} == {invited.id}
    assert site.ratings(invited) == {"csat": pressed}
    assert site.n() == 1


# --- pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("can_prove", [True, False])
@pytest.mark.parametrize("is_second", [True, False])
def test_a_page_remembers_how_it_was_made(can_prove: bool, is_second: bool) -> None:
    nonce = Nonce(new_page(), START, can_prove, is_second)
    assert LINKS.read_page(ID, LINKS.sign_page(ID, nonce), START) == nonce


@pytest.mark.parametrize(
    ("age", "lives"),
    [
        (timedelta(0), True),
        (timedelta(hours=24) - timedelta(seconds=2), True),
        (timedelta(hours=24, seconds=1), False),
        (timedelta(days=400), False),
        (timedelta(seconds=-30), False),
    ],
)
def test_a_page_lives_a_day(age: timedelta, lives: bool) -> None:
    page = LINKS.sign_page(ID, Nonce(new_page(), START, can_prove=True))
    if lives:
        LINKS.read_page(ID, page, START + age)
    else:
        with pytest.raises(StaleNonceError):
            LINKS.read_page(ID, page, START + age)


def test_a_page_is_of_one_invitation() -> None:
    page = LINKS.sign_page(ID, Nonce(new_page(), START, can_prove=True))
    with pytest.raises(StaleNonceError):
        LINKS.read_page(ID[::-1], page, START)


def test_links_stand_under_the_public_url() -> None:
    urls = links_of(LINKS, HOST, ID, range(1, 6))
    assert urls.page == f"{HOST}/s/{LINKS.sign(Purpose.ANSWER, ID)}"
    assert urls.ratings == {rating: f"{urls.page}/{rating}" for rating in range(1, 6)}
    assert urls.unsubscribe == f"{HOST}/u/{LINKS.sign(Purpose.UNSUBSCRIBE, ID)}"
    assert urls.privacy == f"{HOST}/p/{LINKS.sign(Purpose.PRIVACY, ID)}"

"""Passwords: which may be chosen, how they are stored, and whether one is right."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from surveyapp.core.errors import FieldError, Problem

SHORTEST, LONGEST = 12, 200
# What is longer is no password of ours, and normalising it could take long.
_MOST_READ = 5 * LONGEST
_FEWEST_DIFFERENT = 5
# So many characters must be left when words and sequences are taken out.
_FEWEST_OWN = 6
_SHORTEST_WORD = 3
_SEQUENCE = 4
_YEAR = re.compile(r"(19|20)[0-9]{2}")

_KEYBOARDS = (
    "0123456789012345678909876543210987654321",
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopåasdfghjklöäzxcvbnm",
    "qwertzuiopüasdfghjklöäyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
_COMMON = (
    "password", "passwort", "passord", "passwd", "passw0rd", "p@ssword", "p@ssw0rd", "parola", "lösenord",
    "losenord", "kennwort", "geheim", "hemlig", "hemligt", "secret", "welcome", "välkommen", "valkommen",
    "willkommen", "bunvenit", "letmein", "iloveyou", "monkey", "dragon", "football", "fotboll", "fotbal",
    "fussball", "baseball", "sunshine", "princess", "superman", "batman", "master", "shadow", "trustno",
    "admin", "administrator", "login", "support", "kundservice", "service", "changeme", "default", "test",
    "sommar", "vinter", "summer", "winter", "spring", "autumn", "sommer", "frühling", "herbst", "vara",
    "iarna", "hello", "hallo", "hejsan", "salut", "survey", "surveyapp", "enkät", "umfrage", "sondaj",
)  # fmt: skip

_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """How the password is stored: argon2id with the library's parameters and a salt of its own."""
    return _hasher.hash(_spelled(password))


def is_right(stored: str | None, password: str) -> bool:
    """Whether it is the stored one; for None it never is, and finding that out takes just as long."""
    nobodys = _nobodys()
    try:
        _hasher.verify(stored or nobodys, _spelled(password))
    except VerifyMismatchError:
        return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Whether it was stored with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def check_new(password: str, about: Iterable[str]) -> None:
    """Raise FieldError for `password` when it is too short, too long or too easy to guess.

    `about`: what others know of the person, such as address, name and company.
    """
    chosen = unicodedata.normalize("NFKC", password[:_MOST_READ])
    if len(chosen) < SHORTEST:
        raise FieldError("password", Problem.SHORT, n=SHORTEST)
    if len(chosen) > LONGEST:
        raise FieldError("password", Problem.LONG, n=LONGEST)
    plain = chosen.casefold()
    if len(set(plain)) < _FEWEST_DIFFERENT or len(_own(plain, about)) < _FEWEST_OWN:
        raise FieldError("password", Problem.WEAK)


def _spelled(password: str) -> bytes:
    """The same bytes however the keyboard composes the characters."""
    return unicodedata.normalize("NFKC", password[:_MOST_READ]).encode("utf-8", "surrogatepass")


@cache
def _nobodys() -> str:
    return hashed("nobody has this password")


def _own(plain: str, about: Iterable[str]) -> str:
    """What is left without the words that anybody would try, sequences of keys, years and repetitions."""
    for word in sorted(_words(about), key=len, reverse=True):
        plain = plain.replace(word, " ")
    plain = _without_sequences(plain)
    plain = re.sub(r"(.{1,4}?)\1{2,}", r"\1", _YEAR.sub("", plain))
    return "".join(plain.split())


def _words(about: Iterable[str]) -> set[str]:
    known = {
        word
        for text in about
        for word in re.split(r"[\W_]+", unicodedata.normalize("NFKC", text).casefold())
        if len(word) >= _SHORTEST_WORD
    }
    return known | set(_COMMON)


def _without_sequences(plain: str) -> str:
    """Without every run of at least four characters that lie in a row on a keyboard or in the alphabet."""
    left, at = [], 0
    while at < len(plain):
        length = _run(plain, at)
        if length < _SEQUENCE:
            left.append(plain[at])
            length = 1
        at += length
    return "".join(left)


def _run(plain: str, at: int) -> int:
    """How many characters from here on lie in a row."""
    length = 1
    while at + length < len(plain) and any(plain[at : at + length + 1] in row for row in _KEYBOARDS):
        length += 1
    return length

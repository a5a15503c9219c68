"""What the DNS says of the domain that mails come from: SPF, DKIM, DMARC, and where its answers go."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.name
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import dns.resolver

MOST_LOOKUPS = 10
"""That a check of SPF may cost a receiver (RFC 7208, section 4.6.4)."""

_SHORTEST_RSA_BITS, _GOOD_RSA_BITS = 1024, 2048
_LOOKS_UP = ("include", "a", "mx", "ptr", "exists")


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNREACHABLE = "unreachable"
    """The DNS did not answer, so that nothing is known."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence for the operator on one subject: spf, dkim, dmarc or mx."""

    name: str
    level: Level
    sentence: str


def examine(domain: str, selectors: Sequence[str], resolver: dns.resolver.Resolver) -> list[Finding]:
    """What a receiver of our mails finds; `selectors` are the names of the DKIM keys that sign them.

    One finding for each subject, and for each selector. Never raises for what the DNS says or fails to say.
    """
    zone = _Zone(resolver)
    return [
        _spf(domain, zone),
        *_dkim(domain, selectors, zone),
        _dmarc(domain, zone),
        _mx(domain, zone),
    ]


class _UnreachableError(Exception):
    """No server answered, or none with sense."""


class _Zone:
    """The records of names; a name that does not exist has none."""

    def __init__(self, resolver: dns.resolver.Resolver) -> None:
        self._resolver = resolver

    def texts(self, name: str) -> list[str]:
        """The strings of one record belong together without anything in between (RFC 7208, section 3.3)."""
        records = [each for each in self._records(name, "TXT") if isinstance(each, dns.rdtypes.ANY.TXT.TXT)]
        return [b"".join(record.strings).decode("utf-8", "replace") for record in records]

    def exchanges(self, name: str) -> list[str]:
        """The mail servers; "." stands for a domain that takes no mail (RFC 7505)."""
        records = [each for each in self._records(name, "MX") if isinstance(each, dns.rdtypes.ANY.MX.MX)]
        return [record.exchange.to_text() for record in records]

    def has_address(self, name: str) -> bool:
        return any(self._records(name, kind) for kind in ("A", "AAAA"))

    def _records(self, name: str, kind: str) -> list[object]:
        try:
            absolute = dns.name.from_text(name, dns.name.root)
            return list(self._resolver.resolve(absolute, kind, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            raise _UnreachableError from error


def _unreachable(name: str, what: str) -> Finding:
    return Finding(name, Level.UNREACHABLE, f"The DNS gave no answer for {what}, so nothing is known of it.")


# --- SPF -------------------------------------------------------------------------------------------


def _spf(domain: str, zone: _Zone) -> Finding:
    try:
        level, sentence = _judge_spf(domain, _spf_records(domain, zone), zone)
    except _UnreachableError:
        return _unreachable("spf", f"the SPF record of {domain}")
    return Finding("spf", level, sentence)


def _judge_spf(domain: str, records: list[str], zone: _Zone) -> tuple[Level, str]:
    if not records:
        return Level.PROBLEM, f"{domain} has no SPF record, so that no receiver knows who may send for it."
    if len(records) > 1:
        return (
            Level.PROBLEM,
            f"{domain} has {len(records)} SPF records; receivers take more than one for none.",
        )
    terms = records[0].lower().split()[1:]
    if any(term in ("all", "+all") for term in terms):
        return Level.PROBLEM, f"The SPF record of {domain} lets everybody send for it (+all)."
    lookups = _lookups(domain, zone)
    if lookups > MOST_LOOKUPS:
        return Level.PROBLEM, (
            f"The SPF record of {domain} needs more than {MOST_LOOKUPS} look-ups: receivers give it up."
        )
    if not any(term in ("-all", "~all") or term.startswith("redirect=") for term in terms):
        return (
            Level.WARNING,
            f"The SPF record of {domain} does not end in -all or ~all, so it forbids nobody.",
        )
    return Level.OK, f"{domain} has one SPF record, which needs {lookups} of {MOST_LOOKUPS} look-ups."


def _spf_records(domain: str, zone: _Zone) -> list[str]:
    return [text for text in zone.texts(domain) if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]


def _lookups(domain: str, zone: _Zone) -> int:
    """Those of the record and of all that it names; counts no further than one too many.

    A record that includes itself therefore ends as well.
    """
    count, waiting = 0, [domain]
    while waiting and count <= MOST_LOOKUPS:
        for record in _spf_records(waiting.pop(0), zone)[:1]:
            names = list(_named(record))
            count += len(names)
            # A name with a macro depends on the mail, so only the receiver can follow it.
            waiting += [name for name in names if name and "%" not in name]
    return min(count, MOST_LOOKUPS + 1)


def _named(record: str) -> Iterator[str]:
    """For each term that costs a look-up: the domain whose record follows, or "" if none does."""
    for term in record.lower().split()[1:]:
        mechanism = re.split("[:/=]", term.lstrip("+-~?"), maxsplit=1)[0]
        if term.startswith("redirect="):
            yield term.removeprefix("redirect=")
        elif mechanism in _LOOKS_UP and "=" not in term.partition(":")[0]:
            yield term.partition(":")[2] if mechanism == "include" else ""


# --- DKIM ------------------------------------------------------------------------------------------


def _dkim(domain: str, selectors: Sequence[str], zone: _Zone) -> Iterator[Finding]:
    if not selectors:
        yield Finding(
            "dkim",
            Level.WARNING,
            "The DKIM key cannot be looked up without the selector that your mail server signs with.",
        )
    for selector in selectors:
        name = f"{selector}._domainkey.{domain}"
        try:
            level, sentence = _judge_dkim(name, zone.texts(name))
        except _UnreachableError:
            yield _unreachable("dkim", f"the DKIM key {name}")
        else:
            yield Finding("dkim", level, sentence)


def _judge_dkim(name: str, records: list[str]) -> tuple[Level, str]:
    if not records:
        return Level.PROBLEM, f"There is no DKIM key at {name}."
    if len(records) > 1:
        return Level.PROBLEM, f"There are {len(records)} records at {name}; receivers may take any of them."
    tags = _tags(records[0])
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return Level.PROBLEM, f"The record at {name} is no DKIM key."
    if not tags["p"]:
        return Level.PROBLEM, f"The DKIM key at {name} was revoked (its p= is empty)."
    try:
        key = b64decode("".join(tags["p"].split()), validate=True)
    except (binascii.Error, ValueError):
        return Level.PROBLEM, f"The DKIM key at {name} is damaged (its p= is no base64)."
    if tags.get("k", "rsa").lower() == "ed25519":
        if len(key) != 32:
            return Level.PROBLEM, f"The DKIM key at {name} is damaged (an Ed25519 key has 32 bytes)."
        return Level.OK, f"There is an Ed25519 DKIM key at {name}."
    return _judge_rsa(name, _rsa_bits(key))


def _judge_rsa(name: str, bits: int | None) -> tuple[Level, str]:
    if bits is None:
        return Level.PROBLEM, f"The DKIM key at {name} is damaged (its p= holds no RSA key)."
    if bits < _SHORTEST_RSA_BITS:
        return Level.PROBLEM, f"The DKIM key at {name} has {bits} bits, too few for receivers to trust it."
    if bits < _GOOD_RSA_BITS:
        return Level.WARNING, f"The DKIM key at {name} has {bits} bits; {_GOOD_RSA_BITS} are usual today."
    return Level.OK, f"There is an RSA DKIM key of {bits} bits at {name}."


def _rsa_bits(key: bytes) -> int | None:
    """The length of the modulus in a SubjectPublicKeyInfo or RSAPublicKey; None when it is neither.

    Both nest the modulus as the first number of the innermost sequence.
    """
    try:
        tag, content, _ = _element(key)
        first, _, rest = _element(content)
        if first == 0x30:  # the algorithm comes first: the key is wrapped in the bit string behind it
            second, wrapped, _ = _element(rest)
            tag, content, _ = _element(wrapped[1:]) if second == 0x03 else (0, b"", b"")
        number, modulus, _ = _element(content)
    except IndexError:
        return None
    return int.from_bytes(modulus).bit_length() if (tag, number) == (0x30, 0x02) else None


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Split DER into the tag and content of its first element, and the rest; IndexError when cut off."""
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start])
    if len(data) < start + length:
        raise IndexError
    return tag, data[start : start + length], data[start + length :]


# --- DMARC -----------------------------------------------------------------------------------------


def _dmarc(domain: str, zone: _Zone) -> Finding:
    try:
        owner, records = _dmarc_records(domain, zone)
    except _UnreachableError:
        return _unreachable("dmarc", f"the DMARC record of {domain}")
    level, sentence = _judge_dmarc(domain, owner, records)
    return Finding("dmarc", level, sentence)


def _dmarc_records(domain: str, zone: _Zone) -> tuple[str, list[str]]:
    """Of the domain, else of the nearest parent that has one; a domain of one label is nobody's own."""
    labels = domain.rstrip(".").split(".")
    for start in range(max(1, len(labels) - 1)):
        owner = ".".join(labels[start:])
        texts = zone.texts(f"_dmarc.{owner}")
        if records := [text for text in texts if re.match(r"v=DMARC1\s*(;|$)", text)]:
            return owner, records
    return domain, []


def _judge_dmarc(domain: str, owner: str, records: list[str]) -> tuple[Level, str]:
    if not records:
        return Level.PROBLEM, f"{domain} has no DMARC record, which large mailbox providers ask of senders."
    if len(records) > 1:
        return (
            Level.PROBLEM,
            f"{owner} has {len(records)} DMARC records; receivers take more than one for none.",
        )
    tags = _tags(records[0])
    asked = tags.get("p", "").lower() if owner == domain else tags.get("sp", tags.get("p", "")).lower()
    if asked not in ("none", "quarantine", "reject"):
        return (
            Level.PROBLEM,
            f"The DMARC record of {owner} has no valid policy (p=none, quarantine or reject).",
        )
    if asked == "none":
        return (
            Level.WARNING,
            f"The DMARC record of {owner} only watches (p=none): forged mails are delivered.",
        )
    return Level.OK, f"The DMARC record of {owner} asks receivers to {asked} forged mails."


# --- MX --------------------------------------------------------------------------------------------


def _mx(domain: str, zone: _Zone) -> Finding:
    try:
        level, sentence = _judge_mx(domain, zone.exchanges(domain), zone)
    except _UnreachableError:
        return _unreachable("mx", f"the mail servers of {domain}")
    return Finding("mx", level, sentence)


def _judge_mx(domain: str, exchanges: list[str], zone: _Zone) -> tuple[Level, str]:
    if "." in exchanges:
        return Level.PROBLEM, f"{domain} says that it takes no mail, so bounces and answers are lost."
    if exchanges:
        return Level.OK, f"{domain} takes mail at {len(exchanges)} server{'s' if len(exchanges) > 1 else ''}."
    if zone.has_address(domain):
        return Level.WARNING, f"{domain} has no MX record; bounces and answers go to its address record."
    return Level.PROBLEM, f"{domain} takes no mail, so bounces and answers are lost."


def _tags(record: str) -> dict[str, str]:
    """The tag=value list that DKIM and DMARC share (RFC 6376, section 3.2)."""
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}

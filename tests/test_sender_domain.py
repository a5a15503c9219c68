"""The sender's domain as a real DNS server on this machine tells it, or fails to."""

import socket
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.sender_domain import Finding, Level, examine
from tests.support.dns import SILENT, Zone, dns_server, txt

DOMAIN = "nordvik.example"
SELECTOR = f"post._domainkey.{DOMAIN}"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
WRAPPED = RSA.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key(content: bytes, kind: str = "rsa") -> list[str]:
    return txt(f"v=DKIM1; k={kind}; p={b64encode(content).decode()}")


GOOD: dict[tuple[str, str], list[str] | None] = {
    (DOMAIN, "TXT"): txt("something=else", "v=spf1 include:_spf.post.example mx -all"),
    ("_spf.post.example", "TXT"): txt("v=spf1 ip4:192.0.2.0/24 a:post.example ~all"),
    (SELECTOR, "TXT"): key(WRAPPED),
    (f"_dmarc.{DOMAIN}", "TXT"): txt("v=DMARC1; p=reject; rua=mailto:dmarc@nordvik.example"),
    (DOMAIN, "MX"): [f"10 mx1.{DOMAIN}.", f"20 mx2.{DOMAIN}."],
}


def found(zone: Zone, domain: str = DOMAIN, *, patience: float = 2) -> dict[str, Finding]:
    with dns_server(zone, patience) as resolver:
        return {finding.name: finding for finding in examine(domain, ["post"], resolver)}


def of_spf(record: str, zone: Zone | None = None) -> Finding:
    return found({**(zone or {}), (DOMAIN, "TXT"): txt(record)})["spf"]


def of_key(*records: str) -> Finding:
    return found({(SELECTOR, "TXT"): txt(*records)})["dkim"]


def test_a_domain_in_order_has_nothing_to_hear() -> None:
    assert [(each.name, each.level, each.sentence) for each in found(GOOD).values()] == [
        ("spf", Level.OK, "nordvik.example has one SPF record, which needs 3 of 10 look-ups."),
        ("dkim", Level.OK, "There is an RSA DKIM key of 2048 bits at post._domainkey.nordvik.example."),
        ("dmarc", Level.OK, "The DMARC record of nordvik.example asks receivers to reject forged mails."),
        ("mx", Level.OK, "nordvik.example takes mail at 2 servers."),
    ]


def test_a_domain_that_says_nothing_has_every_problem() -> None:
    for zone in ({}, {(DOMAIN, "TXT"): txt("something=else")}):
        assert {each.level for each in found(zone).values()} == {Level.PROBLEM}


# --- no answer -------------------------------------------------------------------------------------


def test_a_server_that_fails_leaves_everything_unknown() -> None:
    findings = found(dict.fromkeys(GOOD, None))
    assert {each.level for each in findings.values()} == {Level.UNREACHABLE}
    assert findings["spf"].sentence == (
        "The DNS gave no answer for the SPF record of nordvik.example, so nothing is known of it."
    )


def test_a_server_that_stays_silent_leaves_everything_unknown() -> None:
    findings = found(dict.fromkeys(GOOD, SILENT), patience=0.1)
    assert {each.level for each in findings.values()} == {Level.UNREACHABLE}


def test_a_server_that_is_not_there_leaves_everything_unknown() -> None:
    with dns_server(GOOD, 0.1) as resolver:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            resolver.port = free.getsockname()[1]
        findings = examine(DOMAIN, ["post", "other"], resolver)
    assert [each.name for each in findings] == ["spf", "dkim", "dkim", "dmarc", "mx"]
    assert {each.level for each in findings} == {Level.UNREACHABLE}


def test_no_server_at_all_leaves_everything_unknown() -> None:
    with dns_server(GOOD) as resolver:
        resolver.nameservers = []
        assert {each.level for each in examine(DOMAIN, ["post"], resolver)} == {Level.UNREACHABLE}


def test_an_include_without_an_answer_leaves_the_record_unknown() -> None:
    findings = found({**GOOD, ("_spf.post.example", "TXT"): None})
    assert (findings["spf"].level, findings["dmarc"].level) == (Level.UNREACHABLE, Level.OK)


@pytest.mark.parametrize(
    "domain", ["", "a..b", "x" * 64 + ".example", "nordvik example", "å.example", "\0", "\udcff"]
)
def test_what_is_no_domain_is_no_accident(domain: str) -> None:
    assert {each.level for each in found(GOOD, domain).values()} <= {Level.PROBLEM, Level.UNREACHABLE}


# --- SPF -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "level", "words"),
    [
        ("v=spf1 ip4:192.0.2.1 -all", Level.OK, "needs 0 of"),
        ("V=SPF1 IP4:192.0.2.1 ~ALL", Level.OK, "needs 0 of"),
        ("v=spf1 a mx/24 ptr exists:%{i}.x.example -all", Level.OK, "needs 4 of"),
        ("v=spf1 include:%{d}.x.example -all", Level.OK, "needs 1 of"),
        ("v=spf1 redirect=nowhere.example", Level.OK, "needs 1 of"),
        ("v=spf1 exp=a.example a=b -all", Level.OK, "needs 0 of"),
        ("v=spf1 ip4:192.0.2.1 ?all", Level.WARNING, "forbids nobody"),
        ("v=spf1", Level.WARNING, "forbids nobody"),
        ("v=spf1 +all", Level.PROBLEM, "everybody"),
        ("v=spf1 all", Level.PROBLEM, "everybody"),
        ("v=spf10 -all", Level.PROBLEM, "no SPF record"),
        ("v=spf1 " + "a " * 10 + "-all", Level.OK, "needs 10 of"),
        ("v=spf1 " + "a " * 11 + "-all", Level.PROBLEM, "more than 10"),
        (f"v=spf1 include:{DOMAIN} -all", Level.PROBLEM, "more than 10"),
    ],
)
def test_an_spf_record_is_judged(record: str, level: Level, words: str) -> None:
    finding = of_spf(record)
    assert finding.level == level and words in finding.sentence


def test_two_spf_records_are_none() -> None:
    finding = found({(DOMAIN, "TXT"): txt("v=spf1 -all", "v=spf1 mx -all")})["spf"]
    assert finding.level == Level.PROBLEM and "2 SPF records" in finding.sentence


def test_look_ups_are_counted_through_all_that_a_record_names() -> None:
    zone = {
        ("one.example", "TXT"): txt("v=spf1 a a a a include:two.example -all"),
        ("two.example", "TXT"): txt("v=spf1 mx mx redirect=three.example"),
        ("three.example", "TXT"): txt("v=spf1 a -all"),
    }
    assert "needs 10 of" in of_spf("v=spf1 include:one.example ~all", zone).sentence
    assert of_spf("v=spf1 a include:one.example ~all", zone).level == Level.PROBLEM


def test_a_long_record_in_several_strings_is_one() -> None:
    assert of_spf("v=spf1 " + "ip4:192.0.2.1 " * 40 + "-all").level == Level.OK


# --- DKIM ------------------------------------------------------------------------------------------


def number(value: int) -> bytes:
    raw = value.to_bytes(value.bit_length() // 8 + 1)
    return b"\x02" + length(raw) + raw


def length(content: bytes) -> bytes:
    return bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2)


def modulus_of(bits: int) -> str:
    """A bare RSAPublicKey with a modulus of so many bits; that nobody could sign with it does not show."""
    content = number((1 << bits) - 1) + number(65537)
    return b64encode(b"\x30" + length(content) + content).decode()


def test_without_a_selector_there_is_nothing_to_look_up() -> None:
    with dns_server(GOOD) as resolver:
        findings = examine(DOMAIN, [], resolver)
    assert [each.level for each in findings if each.name == "dkim"] == [Level.WARNING]


@pytest.mark.parametrize(
    ("record", "level", "words"),
    [
        (f"p={b64encode(WRAPPED).decode()}", Level.OK, "2048 bits"),
        (
            f"v=DKIM1; p={b64encode(WRAPPED).decode()[:80]} {b64encode(WRAPPED).decode()[80:]};",
            Level.OK,
            "2048",
        ),
        (f"v=DKIM1; p={modulus_of(2048)}", Level.OK, "2048 bits"),
        (f"v=DKIM1; p={modulus_of(1024)}", Level.WARNING, "1024 bits"),
        (f"v=DKIM1; p={modulus_of(1023)}", Level.PROBLEM, "1023 bits"),
        (f"v=DKIM1; p={modulus_of(512)}", Level.PROBLEM, "512 bits"),
        ("v=DKIM1; p=", Level.PROBLEM, "revoked"),
        ("v=DKIM1; k=rsa", Level.PROBLEM, "no DKIM key"),
        ("v=DKIM2; p=AAAA", Level.PROBLEM, "no DKIM key"),
        ("v=DKIM1; p=not base64!", Level.PROBLEM, "damaged"),
        ("v=DKIM1; p=AAAA", Level.PROBLEM, "damaged"),
        ("v=DKIM1; p=MAAw", Level.PROBLEM, "damaged"),
        (f"v=DKIM1; p={b64encode(WRAPPED[:100]).decode()}", Level.PROBLEM, "damaged"),
        ("v=DKIM1; k=ed25519; p=AAAA", Level.PROBLEM, "damaged"),
    ],
)
def test_a_dkim_key_is_judged(record: str, level: Level, words: str) -> None:
    finding = of_key(record)
    assert finding.level == level and words in finding.sentence


def test_an_ed25519_key_is_a_key() -> None:
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert found({(SELECTOR, "TXT"): key(raw, "ed25519")})["dkim"].level == Level.OK


def test_two_keys_at_one_name_are_a_problem() -> None:
    assert of_key(f"p={modulus_of(2048)}", f"p={modulus_of(2047)}").level == Level.PROBLEM


@given(raw=st.binary(max_size=40))
@settings(max_examples=30)
def test_a_key_of_any_bytes_is_judged(raw: bytes) -> None:
    with dns_server({(SELECTOR, "TXT"): key(raw)}) as resolver:
        (finding,) = (each for each in examine(DOMAIN, ["post"], resolver) if each.name == "dkim")
    assert finding.level == Level.PROBLEM


# --- DMARC and MX ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "record", "level"),
    [
        ("mail.nordvik.example", "v=DMARC1; p=reject", Level.OK),
        ("mail.nordvik.example", "v=DMARC1;p=Quarantine", Level.OK),
        ("mail.nordvik.example", "v=DMARC1; p=none", Level.WARNING),
        ("mail.nordvik.example", "v=DMARC1; p=maybe", Level.PROBLEM),
        ("mail.nordvik.example", "v=DMARC1", Level.PROBLEM),
        ("mail.nordvik.example", "v=DMARC2; p=reject", Level.PROBLEM),
        ("nordvik.example", "v=DMARC1; p=reject", Level.OK),
        ("nordvik.example", "v=DMARC1; p=reject; sp=none", Level.WARNING),
        ("nordvik.example", "v=DMARC1; p=none; sp=quarantine", Level.OK),
        ("example", "v=DMARC1; p=reject", Level.PROBLEM),
    ],
)
def test_a_dmarc_record_of_the_domain_or_a_parent_is_judged(owner: str, record: str, level: Level) -> None:
    finding = found({(f"_dmarc.{owner}", "TXT"): txt(record)}, "mail.nordvik.example")["dmarc"]
    assert finding.level == level


def test_the_nearest_dmarc_record_counts_and_two_are_none() -> None:
    zone = {
        ("_dmarc.mail.nordvik.example", "TXT"): txt("v=DMARC1; p=none"),
        ("_dmarc.nordvik.example", "TXT"): txt("v=DMARC1; p=reject", "v=DMARC1; p=none"),
    }
    assert found(zone, "mail.nordvik.example")["dmarc"].level == Level.WARNING
    assert "2 DMARC records" in found(zone)["dmarc"].sentence


@pytest.mark.parametrize(
    ("kind", "record", "level"),
    [
        ("MX", "10 mx.post.example.", Level.OK),
        ("MX", "0 .", Level.PROBLEM),
        ("A", "192.0.2.1", Level.WARNING),
        ("AAAA", "2001:db8::1", Level.WARNING),
        ("TXT", '"hello"', Level.PROBLEM),
    ],
)
def test_a_domain_that_takes_no_mail_loses_its_bounces(kind: str, record: str, level: Level) -> None:
    assert found({(DOMAIN, kind): [record]})["mx"].level == level

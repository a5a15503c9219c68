"""Keyed hashes that recognise an address or a network again without storing it."""

import hmac
import ipaddress
import unicodedata
from hashlib import sha256


def address_hash(key: str, address: str) -> str:
    """The same for every spelling that mail servers treat alike in practice: case and Unicode form."""
    return _keyed(key, "address", unicodedata.normalize("NFC", address.strip()).casefold())[:64]


def network_hash(key: str, address: str | None) -> str:
    """The network (IPv4 /24, IPv6 /48) of an internet address in 16 characters; '' when it is none."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    network = ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False)
    return _keyed(key, "network", str(network))[:16]


def person_draw(key: str, person: str) -> float:
    """A number from 0 to below 1 that is always the same for a person and says nothing about another's."""
    return int(_keyed(key, "draw", person)[:13], 16) / 16**13


def _keyed(key: str, purpose: str, text: str) -> str:
    return hmac.new(key.encode(), f"{purpose}:{text}".encode(), sha256).hexdigest()

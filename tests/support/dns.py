"""A small DNS server on 127.0.0.1, over UDP, that knows what a test tells it and nothing else."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

Zone = Mapping[tuple[str, str], list[str] | None]
"""(name, type) -> records as a zone file writes them; None: the server fails, SILENT: it says nothing."""

SILENT: list[str] = ["(silent)"]


@contextmanager
def dns_server(zone: Zone, patience: float = 2) -> Iterator[dns.resolver.Resolver]:
    """Serve until the block ends; gives a resolver that asks this server alone, `patience` seconds long."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        # A datagram wakes the thread more surely than closing the socket does.
        stop = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, zone, stop), daemon=True)
        thread.start()
        yield _resolver(server.getsockname()[1], patience)
        stop.set()
        server.sendto(b"", server.getsockname())
        thread.join(timeout=10)


def txt(*texts: str) -> list[str]:
    """TXT records, each cut into strings of at most 255 characters as the wire format has it."""
    return [
        " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255)) for text in texts
    ]


def _resolver(port: int, patience: float) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = port
    resolver.timeout = resolver.lifetime = patience
    return resolver


def _serve(server: socket.socket, zone: Zone, stop: threading.Event) -> None:
    while not stop.is_set():
        datagram, client = server.recvfrom(4096)
        with suppress(dns.exception.DNSException):
            answer = _answer(dns.message.from_wire(datagram), zone)
            if answer:
                server.sendto(answer.to_wire(max_size=65535), client)


def _answer(query: dns.message.Message, zone: Zone) -> dns.message.Message | None:
    (question,) = query.question
    name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
    records = zone.get((name, kind), [])
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    if records is SILENT:
        return None
    if records is None:
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif records:
        answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, records))
    elif all(known != name for known, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer

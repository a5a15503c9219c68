"""Who proves what: vectors, altered bytes, secrets, times and replays of every source."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from surveyapp.sources import SOURCES
from surveyapp.sources.event import Delivery, UnverifiedError
from tests.sources.samples import NOW, SECRETS, SIGNED, TIMED, signed

BODY = b'{"event":"solved","ticket":"81"}'
MINUTES = timedelta(minutes=5)
SECOND = timedelta(seconds=1)

every_source = pytest.mark.parametrize("source", sorted(SOURCES))
every_signer = pytest.mark.parametrize("source", SIGNED)
every_clock = pytest.mark.parametrize("source", TIMED)

# Signed with openssl, but for the last, which the Standard Webhooks libraries publish.
VECTORS = [
    (
        "zammad",
        "zammad-token",
        NOW,
        b'{"ticket":{"id":81,"state":"closed"}}',
        {"x-hub-signature": "sha1=15e621d0b514c4ab609452c5bd880800696ca056"},
    ),
    (
        "zendesk",
        "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==",
        NOW,
        BODY,
        {
            "x-zendesk-webhook-signature": "eptvdblufhV0NOMi+d906WdrCioZH4Qe2xlEagIVlGc=",
            "x-zendesk-webhook-signature-timestamp": "2026-03-02T09:00:00Z",
        },
    ),
    (
        "chatwoot",
        "chatwoot-secret",
        NOW,
        b'{"event":"conversation_status_changed","id":81,"status":"resolved"}',
        {
            "x-chatwoot-signature": "sha256=085221e2184da8e23e18925f45b3d00ff05d070808e84952ee16a6cb1d5662f5",
            "x-chatwoot-timestamp": "1772442000",
        },
    ),
    (
        "standard",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        datetime(2021, 2, 25, 15, 2, 10, tzinfo=UTC),
        b'{"test": 2432232314}',
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
    ),
    ("freshdesk", "two words", NOW, BODY, {"x-surveyapp-secret": "two words"}),
    ("freshservice", "geheim:ü", NOW, BODY, {"authorization": "Basic aG9vazpnZWhlaW06w7w="}),
    ("generic", "geheim", NOW, BODY, {"authorization": "basic aG9vazpnZWhlaW0="}),
]


def with_header(delivery: Delivery, name: str, value: str | None) -> Delivery:
    headers = {key: kept for key, kept in delivery.headers.items() if key != name}
    return Delivery(delivery.body, headers if value is None else headers | {name: value})


def is_verified(source: str, delivery: Delivery, secret: str | None = None, now: datetime = NOW) -> bool:
    try:
        SOURCES[source].verify(delivery, SECRETS[source] if secret is None else secret, now)
    except UnverifiedError:
        return False
    return True


@pytest.mark.parametrize(("source", "secret", "at", "body", "headers"), VECTORS, ids=[v[0] for v in VECTORS])
def test_a_signature_made_elsewhere_is_known(
    source: str, secret: str, at: datetime, body: bytes, headers: dict[str, str]
) -> None:
    assert is_verified(source, Delivery(body, headers), secret, at)
    assert not is_verified(source, Delivery(body, headers), f"{secret}x", at)


@every_source
def test_what_the_helpdesk_sends_is_verified(source: str) -> None:
    assert is_verified(source, signed(source, BODY))


@every_signer
@given(place=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
@example(place=0, bit=0)
@settings(max_examples=15)
def test_one_altered_byte_is_refused(source: str, place: int, bit: int) -> None:
    altered = bytearray(BODY)
    altered[place] ^= 1 << bit
    assert not is_verified(source, Delivery(bytes(altered), signed(source, BODY).headers))


@every_signer
@pytest.mark.parametrize("body", [BODY + b" ", BODY[:-1], b""])
def test_a_longer_or_shorter_body_is_refused(source: str, body: bytes) -> None:
    assert not is_verified(source, Delivery(body, signed(source, BODY).headers))


@every_signer
def test_the_raw_bytes_are_signed_whatever_they_are(source: str) -> None:
    assert is_verified(source, signed(source, b"\xff\x00 no JSON"))


@every_source
def test_another_secret_is_refused(source: str) -> None:
    other = "whsec_" + base64.b64encode(b"quite another key of ours").decode()
    assert not is_verified(source, signed(source, BODY), other)


@every_source
@pytest.mark.parametrize("secret", ["", " ", "\n"])
def test_an_empty_secret_verifies_nothing(source: str, secret: str) -> None:
    assert not is_verified(source, signed(source, BODY), secret)
    assert not is_verified(source, signed(source, BODY, secret=""), secret)
    assert not is_verified(source, Delivery(BODY, {}), secret)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_====", "whsec_!!", "whsec_ü"])
@pytest.mark.parametrize("source", ["standard", "generic"])
def test_a_secret_without_a_key_verifies_nothing(source: str, secret: str) -> None:
    empty = signed("standard", BODY, secret="whsec_")
    assert not is_verified(source, empty, secret)


@every_source
def test_while_a_secret_is_changed_both_are_known(source: str) -> None:
    other = "whsec_" + base64.b64encode(b"quite another key of ours").decode()
    assert is_verified(source, signed(source, BODY), f"{other}\n{SECRETS[source]}")
    assert is_verified(source, signed(source, BODY), f"{SECRETS[source]}\r\n\n{other} \n")


@every_source
def test_the_words_of_a_passphrase_are_no_secrets(source: str) -> None:
    assert not is_verified(source, signed(source, BODY), f"{SECRETS[source]} horse")


@every_source
def test_every_header_of_the_proof_is_needed(source: str) -> None:
    whole = signed(source, BODY)
    unsigned = {"x-zammad-delivery", "x-zendesk-webhook-invocation-id", "x-chatwoot-delivery"}
    for name in whole.headers:
        for value in (None, "", " "):
            assert is_verified(source, with_header(whole, name, value)) == (name in unsigned)


@every_source
@pytest.mark.parametrize("value", ["ü", "\udcff", "v1", "v1,", "sha1=", "a" * 5000, "Basic", "Basic %%"])
def test_odd_headers_are_refused_like_any_other(source: str, value: str) -> None:
    whole = signed(source, BODY)
    for name in whole.headers.keys() - {
        "x-zammad-delivery",
        "x-zendesk-webhook-invocation-id",
        "x-chatwoot-delivery",
    }:
        assert not is_verified(source, with_header(whole, name, value))
    assert not is_verified(source, Delivery(BODY, {"authorization": value}))


@every_clock
@pytest.mark.parametrize(
    ("distance", "is_good"),
    [
        (MINUTES, True),
        (-MINUTES, True),
        (timedelta(), True),
        (MINUTES + SECOND, False),
        (-MINUTES - SECOND, False),
        (timedelta(days=400), False),
    ],
)
def test_what_was_signed_more_than_five_minutes_ago_or_ahead_is_refused(
    source: str, distance: timedelta, is_good: bool
) -> None:
    assert is_verified(source, signed(source, BODY), now=NOW + distance) == is_good


@every_clock
def test_the_time_cannot_be_changed_without_the_secret(source: str) -> None:
    old, new = signed(source, BODY, NOW - timedelta(hours=1)), signed(source, BODY)
    (name,) = [name for name in new.headers if name.endswith("timestamp")]
    assert not is_verified(source, with_header(old, name, new.headers[name]))


def test_a_signed_time_that_is_none_is_refused() -> None:
    for told in ("yesterday", "2026-03-02T09:00:00", "9" * 30):
        digest = hmac.new(SECRETS["zendesk"].encode(), told.encode() + BODY, sha256).digest()
        headers = {
            "x-zendesk-webhook-signature": base64.b64encode(digest).decode(),
            "x-zendesk-webhook-signature-timestamp": told,
        }
        with pytest.raises(UnverifiedError, match="when|time zone"):
            SOURCES["zendesk"].verify(Delivery(BODY, headers), SECRETS["zendesk"], NOW)


@pytest.mark.parametrize("told", ["0", "-1", "+1772442000", "1772442000.5", "9" * 11, "9" * 12, "٣", "now"])
def test_signed_seconds_that_are_none_are_refused(told: str) -> None:
    digest = hmac.new(b"chatwoot-secret", f"{told}.".encode() + BODY, sha256).hexdigest()
    headers = {"x-chatwoot-signature": f"sha256={digest}", "x-chatwoot-timestamp": told}
    with pytest.raises(UnverifiedError, match="when|five minutes"):
        SOURCES["chatwoot"].verify(Delivery(BODY, headers), "chatwoot-secret", NOW)


@every_source
def test_a_refusal_is_one_sentence_without_the_secret(source: str) -> None:
    wrong = dict.fromkeys(signed(source, BODY).headers, "wrong")
    for headers in ({}, wrong):
        with pytest.raises(UnverifiedError) as caught:
            SOURCES[source].verify(Delivery(BODY, headers), SECRETS[source], NOW)
        assert SECRETS[source] not in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize("source", ["zendesk", "chatwoot", "standard"])
def test_a_replay_has_the_id_of_the_first_whatever_unsigned_headers_say(source: str) -> None:
    first = signed(source, BODY)
    again = with_header(first, "x-chatwoot-delivery", "d-2")
    again = with_header(again, "x-zendesk-webhook-invocation-id", "2")
    ids = {SOURCES[source].verify(one, SECRETS[source], NOW) for one in (first, again)}
    assert len(ids) == 1 and None not in ids


@pytest.mark.parametrize("source", ["zendesk", "chatwoot"])
def test_the_same_body_signed_later_is_no_replay(source: str) -> None:
    ids = {
        SOURCES[source].verify(signed(source, BODY, at), SECRETS[source], NOW) for at in (NOW, NOW - SECOND)
    }
    assert len(ids) == 2


@pytest.mark.parametrize("source", ["zammad", "freshdesk", "freshservice", "generic"])
def test_where_nothing_but_the_body_is_proven_the_body_tells_replays(source: str) -> None:
    assert SOURCES[source].verify(signed(source, BODY), SECRETS[source], NOW) is None


@pytest.mark.parametrize("source", ["standard", "generic"])
def test_the_standard_webhooks_package_is_understood(source: str) -> None:
    secret = SECRETS["standard"]
    signature = Webhook(secret).sign("msg_7", NOW, BODY.decode())
    headers = {
        "webhook-id": "msg_7",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": signature,
    }
    assert SOURCES[source].verify(Delivery(BODY, headers), secret, NOW) == "msg_7"
    assert SOURCES[source].verify(Delivery(BODY, headers), secret.removeprefix("whsec_"), NOW) == "msg_7"
    assert not is_verified(source, Delivery(BODY, headers | {"webhook-id": "msg_8"}), secret)


def test_the_standard_webhooks_package_accepts_our_samples() -> None:
    at = datetime.now(tz=UTC)
    delivery = signed("standard", BODY, at)
    assert Webhook(SECRETS["standard"]).verify(delivery.body, dict(delivery.headers))["ticket"] == "81"


@pytest.mark.parametrize(
    ("others", "is_good"),
    [
        ("v1,AAAA {}", True),
        ("{} v1a,AAAA", True),
        ("v1a,AAAA v1,AAAA", False),
        ("v1,AAAA " * 20 + "{}", False),
    ],
)
def test_one_fitting_signature_of_several_is_enough(others: str, is_good: bool) -> None:
    whole = signed("standard", BODY)
    several = others.format(whole.headers["webhook-signature"])
    assert is_verified("standard", with_header(whole, "webhook-signature", several)) == is_good


def test_a_signature_under_another_version_is_refused() -> None:
    whole = signed("standard", BODY)
    version = whole.headers["webhook-signature"].replace("v1,", "v2,")
    assert not is_verified("standard", with_header(whole, "webhook-signature", version))


def test_a_generic_delivery_with_a_signature_is_not_saved_by_the_secret_beside_it() -> None:
    whole = with_header(signed("generic", BODY), "webhook-signature", "v1,AAAA")
    assert not is_verified("generic", whole)

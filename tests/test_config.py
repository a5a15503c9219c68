"""Every setting: what it takes, what it defaults to, and the sentence that names it when it is wrong."""

import pickle
from datetime import timedelta
from pathlib import Path

import pytest

from surveyapp import config
from surveyapp.config import Oidc, Settings, settings_from
from surveyapp.core.errors import SettingError
from surveyapp.links import Links
from tests.support.served import SETTINGS

SECRETS = {name: value for name, value in SETTINGS.items() if name.endswith(("_KEY", "_KEYS"))}
GOOD = "0123456789abcdef0123456789abcdef"
OIDC = {
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "surveyapp",
    "OIDC_CLIENT_SECRET": GOOD,
    "OIDC_NAME": "Nordvik ID",
}


def read(**changes: str) -> Settings:
    return settings_from(SECRETS | {f"SURVEYAPP_{name}": value for name, value in changes.items()})


def problem(**changes: str) -> str:
    with pytest.raises(SettingError) as error:
        read(**changes)
    return str(error.value)


# --- defaults --------------------------------------------------------------------------------------


def test_secrets_alone_are_enough_for_a_start() -> None:
    settings = read()
    home = Path.cwd() / "instance"
    assert settings.home == home
    assert settings.database_url == f"sqlite:///{home}/surveyapp.db"
    assert settings.mail_url == f"file://{home}/mail"
    assert settings.public_url == "http://127.0.0.1:8000" and settings.public_host == "127.0.0.1"
    assert (settings.locale, str(settings.timezone), settings.answer_mode) == ("en", "UTC", "adaptive")
    assert (settings.link_days, settings.smallest_n, settings.smallest_n_agent) == (60, 5, 10)
    assert settings.trusted_proxies == 0 and settings.oidc is None
    assert (settings.log_format, settings.metrics_token) == ("text", None)
    assert (settings.bounce_address, settings.bounce_token, settings.dkim_selectors) == (None, None, ())
    rules = settings.rules
    assert rules.stay == timedelta(seconds=3) and rules.early == timedelta(minutes=10)
    assert rules.settle == timedelta(minutes=30) and rules.edit == timedelta(days=14)


def test_every_setting_is_taken_from_the_environment() -> None:
    settings = read(
        HOME="/srv/survey",
        DATABASE_URL="postgresql://u:p@db/survey",
        PUBLIC_URL="https://survey.example.com:8443/",
        LINK_KEYS=f"{GOOD}1, {GOOD}2",
        MAIL_URL="smtp://u:p@mail:587?tls=starttls",
        MAIL_FROM="Nordvik <survey@example.com>",
        COMPANY="Nordvik Energi",
        CONTACT="support@example.com",
        TIMEZONE="Europe/Stockholm",
        LOCALE="sv",
        ANSWER_MODE="confirm",
        LINK_DAYS="30",
        EDIT_DAYS="0",
        SMALLEST_N="3",
        SMALLEST_N_AGENT="7",
        TRUSTED_PROXIES="2",
        STAY_SECONDS="0",
        EARLY_SECONDS="5",
        SETTLE_SECONDS="10",
        LOG_FORMAT="json",
        METRICS_TOKEN="prometheus-knows",
        BOUNCE_ADDRESS="bounces@mail.example.com",
        BOUNCE_TOKEN=GOOD,
        DKIM_SELECTORS="s1, s2.mail",
    )
    assert settings.home == Path("/srv/survey")
    assert settings.public_url == "https://survey.example.com:8443"
    assert settings.public_host == "survey.example.com"
    assert settings.link_keys == (f"{GOOD}1", f"{GOOD}2")  # oldest first
    assert (settings.company, settings.contact) == ("Nordvik Energi", "support@example.com")
    assert (settings.link_days, settings.smallest_n, settings.smallest_n_agent) == (30, 3, 7)
    assert (settings.trusted_proxies, settings.answer_mode, settings.locale) == (2, "confirm", "sv")
    assert (settings.log_format, settings.metrics_token) == ("json", "prometheus-knows")
    assert settings.rules.stay == timedelta(0) and settings.rules.edit == timedelta(0)
    assert settings.rules.early == timedelta(seconds=5) and settings.rules.settle == timedelta(seconds=10)
    assert (settings.bounce_address, settings.bounce_token) == ("bounces@mail.example.com", GOOD)
    assert settings.dkim_selectors == ("s1", "s2.mail")


def test_strings_stay_strings() -> None:
    settings = read(COMPANY="1e3", SECRET_KEY="12345678901234567890123456789012")
    assert (settings.company, settings.secret_key) == ("1e3", "12345678901234567890123456789012")


def test_the_contact_is_the_senders_address_until_it_is_set() -> None:
    assert read(MAIL_FROM="Nordvik <survey@example.com>").contact == "survey@example.com"


def test_an_empty_setting_is_none() -> None:
    assert read(LOCALE="", LINK_DAYS=" ", COMPANY="").link_days == 60


def test_an_old_spelling_of_a_database_url_is_understood() -> None:
    assert read(DATABASE_URL="postgres://u:p@db/x").database_url == "postgresql://u:p@db/x"


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example.com",
        "https://login.example.com/",
        "https://login.example.com/realms/nordvik",
        "http://127.0.0.1:8080/realm",
        "http://localhost",
    ],
)
def test_an_openid_provider_is_taken_exactly_as_it_calls_itself(issuer: str) -> None:
    assert read(**OIDC | {"OIDC_ISSUER": issuer}).oidc == Oidc(issuer, "surveyapp", GOOD, "Nordvik ID")


# --- what is wrong ---------------------------------------------------------------------------------

WRONG = [
    ("SECRET_KEY", ""),
    ("SECRET_KEY", "short"),
    ("SECRET_KEY", "a" * 64),
    ("SECRET_KEY", "changeme" * 2),
    ("HASH_KEY", ""),
    ("HASH_KEY", "x" * 31),
    ("LINK_KEYS", ""),
    ("LINK_KEYS", ","),
    ("LINK_KEYS", f"{GOOD},"),
    ("LINK_KEYS", f"{GOOD},weak"),
    ("PUBLIC_URL", "survey.example.com"),
    ("PUBLIC_URL", "http://survey.example.com"),
    ("PUBLIC_URL", "http://127.0.0.1.example.com"),
    ("PUBLIC_URL", "http://0.0.0.0:8000"),
    ("PUBLIC_URL", "ftp://localhost"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://host/path"),
    ("PUBLIC_URL", "https://host?x=1"),
    ("PUBLIC_URL", "https://host#x"),
    ("PUBLIC_URL", "https://user:word@host"),
    ("PUBLIC_URL", "https://:word@host"),
    ("PUBLIC_URL", "https://host:port"),
    ("PUBLIC_URL", "https://host:99999"),
    ("PUBLIC_URL", "https://[::1"),
    ("PUBLIC_URL", "https://a b.example"),
    ("PUBLIC_URL", "https://bücher.example"),
    ("PUBLIC_URL", 'https://"><script>.example'),
    ("DATABASE_URL", "mysql://u:p@db/x"),
    ("DATABASE_URL", "sqlite:x.db"),
    ("DATABASE_URL", "x.db"),
    ("MAIL_URL", "mail.example.com"),
    ("MAIL_URL", "https://mail.example.com"),
    ("MAIL_URL", "smtp://"),
    ("MAIL_URL", "file://folder"),
    ("MAIL_FROM", "nobody"),
    ("MAIL_FROM", "a@b.example\nBcc: c@d.example"),
    ("MAIL_FROM", "ärende@example.com"),
    ("COMPANY", "two\nlines"),
    ("COMPANY", "x" * 201),
    ("COMPANY", "bell\a"),
    ("CONTACT", "a\r\nb"),
    ("TIMEZONE", "Mars/Olympus"),
    ("TIMEZONE", "Europe"),
    ("TIMEZONE", "../../etc/passwd"),
    ("TIMEZONE", "/etc/passwd"),
    ("LOCALE", "fr"),
    ("LOCALE", "sv-SE"),
    ("ANSWER_MODE", "Confirm"),
    ("ANSWER_MODE", "strict"),
    *(
        (name, value)
        for name in (
            "LINK_DAYS",
            "EDIT_DAYS",
            "SMALLEST_N",
            "SMALLEST_N_AGENT",
            "TRUSTED_PROXIES",
            "STAY_SECONDS",
            "EARLY_SECONDS",
            "SETTLE_SECONDS",
        )
        for value in ("-1", "1.5", "ten", "٣", "1_0", "1e3", "0x5", "999999999", "9" * 5000, "²", "+5")
    ),
    ("LINK_DAYS", "0"),
    ("SMALLEST_N", "0"),
    ("SMALLEST_N_AGENT", "0"),
    ("LOG_FORMAT", "xml"),
    ("METRICS_TOKEN", "fifteen-letters"),
    ("METRICS_TOKEN", "sixteen letters!"),
    ("METRICS_TOKEN", "sexton-bokstäver"),
    ("HOME", "~nobody-of-that-name/survey"),
    ("BOUNCE_ADDRESS", "bounces"),
    ("BOUNCE_ADDRESS", "bounces@localhost"),
    ("BOUNCE_ADDRESS", "@example.com"),
    ("BOUNCE_ADDRESS", "Bounces <bounces@example.com>"),
    ("BOUNCE_ADDRESS", "studs@exämple.com"),
    ("BOUNCE_ADDRESS", f"{'b' * 22}@example.com"),
    ("BOUNCE_TOKEN", "short"),
    ("BOUNCE_TOKEN", "a" * 64),
    ("DKIM_SELECTORS", "s1,"),
    ("DKIM_SELECTORS", "s1;s2"),
    ("DKIM_SELECTORS", "s1..s2"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_sentence_that_names_its_setting(name: str, value: str) -> None:
    said = problem(**{name: value})
    assert said.startswith(f"SURVEYAPP_{name} ") and said.endswith(".") and "\n" not in said


def test_a_mail_server_needs_a_sender() -> None:
    assert "SURVEYAPP_MAIL_FROM" in problem(MAIL_URL="smtp://mail.example.com")


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "http://127.0.0.1", "http://127.5.6.7:1", "http://[::1]:8000"]
)
def test_this_machine_itself_needs_no_https(url: str) -> None:
    assert read(PUBLIC_URL=url).public_url == url


@pytest.mark.parametrize("length", [1, 21])
def test_every_address_for_bounces_that_is_taken_can_be_signed(length: int) -> None:
    address = read(BOUNCE_ADDRESS=f"{'b' * length}@example.com").bounce_address
    assert address is not None
    signed = Links([GOOD]).return_address(address, "A" * 22)
    assert Links([GOOD]).read_return_address(signed) == "A" * 22


# --- secrets ---------------------------------------------------------------------------------------

SECRET = "hunter2-hunter2-hunter2-hunter2-x"


def test_settings_never_show_a_secret() -> None:
    settings = read(
        SECRET_KEY=f"{SECRET}1",
        LINK_KEYS=f"{SECRET}2,{SECRET}3",
        HASH_KEY=f"{SECRET}4",
        METRICS_TOKEN=f"{SECRET}5",
        BOUNCE_TOKEN=f"{SECRET}5",
        DATABASE_URL="postgresql://user:hunter2@db/x",
        MAIL_URL="smtp://user:hunter2@mail",
        MAIL_FROM="a@example.com",
    )
    assert "hunter2" not in f"{settings!r} {settings}"
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 - a server hands it to its workers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "hunter2"),
        ("HASH_KEY", "hunter2"),
        ("BOUNCE_TOKEN", "hunter2"),
        ("LINK_KEYS", f"{GOOD},hunter2"),
        ("METRICS_TOKEN", "hunter2"),
        ("DATABASE_URL", "mysql://user:hunter2@db/x"),
        ("MAIL_URL", "http://user:hunter2@mail"),
        ("MAIL_URL", "smtp://user:hunter2@mail:port"),
        ("PUBLIC_URL", "https://user:hunter2@host"),
    ],
)
def test_a_message_never_repeats_a_secret(name: str, value: str) -> None:
    assert "hunter2" not in problem(**{name: value})


# --- an OpenID provider ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", OIDC)
def test_an_openid_provider_is_whole_or_there_is_none(name: str) -> None:
    assert problem(**OIDC | {name: " "}).startswith(f"SURVEYAPP_{name} is missing")


@pytest.mark.parametrize(
    "issuer",
    [
        "login.example.com",
        "http://login.example.com",
        "https://",
        "https://login.example.com?tenant=1",
        "https://login.example.com#top",
        "https://user:password@login.example.com",
        "ftp://login.example.com",
    ],
)
def test_an_issuer_that_is_no_safe_address_is_refused(issuer: str) -> None:
    said = problem(**OIDC | {"OIDC_ISSUER": issuer})
    assert said.startswith("SURVEYAPP_OIDC_ISSUER must be") and GOOD not in said


def test_a_providers_secret_is_never_shown() -> None:
    assert GOOD not in repr(read(**OIDC))
    assert GOOD not in problem(**OIDC | {"OIDC_CLIENT_SECRET": GOOD * 10})


@pytest.mark.parametrize("missing", ["authlib", "joserfc", "requests"])
def test_an_openid_provider_needs_its_packages(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "find_spec", lambda name: None if name == missing else object())
    assert problem(**OIDC).endswith("install surveyapp[oidc].")
    assert read().oidc is None

"""The setting that says where mails go, and the folder they may go to."""

import ssl
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from surveyapp.core.errors import MailDelayedError, SettingError
from surveyapp.relay import relay
from surveyapp.smtp import SmtpRelay, Tls
from tests.support.post import Marks, message, no_mark


@pytest.fixture
def marks() -> Marks:
    return Marks()


def test_a_mail_becomes_a_file_named_after_its_invitation(tmp_path: Path, marks: Marks) -> None:
    folder = tmp_path / "brev å post" / "ut"
    with relay(folder.as_uri()) as post:
        post.deliver(message(), marks)
    assert [path.name for path in folder.iterdir()] == ["inv-1.eml"]
    assert message_from_bytes((folder / "inv-1.eml").read_bytes(), policy=policy.default)["Subject"] == "Hej"
    assert marks == ["mark"]


def test_the_file_appears_under_its_name_only_after_the_mark_and_whole(tmp_path: Path) -> None:
    seen: list[list[Path]] = []
    with relay(tmp_path.as_uri()) as post:
        post.deliver(message(), lambda: seen.append(list(tmp_path.glob("*.eml"))))
    assert seen == [[]]
    assert (tmp_path / "inv-1.eml").read_bytes() == message().as_bytes()


def test_a_mark_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def failing() -> None:
        raise LookupError("The lease is lost")

    with relay(tmp_path.as_uri()) as post, pytest.raises(LookupError):
        post.deliver(message(), failing)
    assert list(tmp_path.iterdir()) == []


def test_the_same_mail_again_is_the_same_file(tmp_path: Path) -> None:
    with relay(tmp_path.as_uri()) as post:
        post.deliver(message(), no_mark)
        post.deliver(message(), no_mark)
    assert [path.name for path in tmp_path.iterdir()] == ["inv-1.eml"]


def test_an_invitation_id_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with relay((tmp_path / "in").as_uri()) as post:
        post.deliver(message("../../out"), no_mark)
    assert [path.parent.name for path in tmp_path.rglob("*.eml")] == ["in"]


def test_a_folder_that_cannot_be_written_delays(tmp_path: Path, marks: Marks) -> None:
    (tmp_path / "file").write_text("in the way")
    with relay((tmp_path / "file" / "mail").as_uri()) as post, pytest.raises(MailDelayedError):
        post.deliver(message(), marks)
    assert marks == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.se",
        "http://mail.example.se",
        "smtp://",
        "smtp://mail.example.se/path",
        "smtp://mail.example.se:port",
        "smtp://mail.example.se:99999",
        "smtp://[::1",
        "smtp://mail.example.se?tls=maybe",
        "smtp://mail.example.se?tsl=none",
        "smtp://secretary@mail.example.se",
        "smtp://secretary:p%C3%A5ss@mail.example.se",
        "smtp://secretary:p%0D%0AQUIT@mail.example.se",
        "smtp://mail.example.se?ca=/nowhere/ca.pem",
        "file://folder",
        "file://",
        "file:///folder?x=1",
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it_and_keeps_its_secret(url: str) -> None:
    with pytest.raises(SettingError, match=r"^SURVEYAPP_MAIL_URL .*\.$") as error:
        relay(url)
    assert "secretary" not in str(error.value)
    assert "ss@" not in str(error.value)


@pytest.mark.parametrize(
    ("query", "port"), [("", 587), ("?tls=starttls", 587), ("?tls=implicit", 465), ("?tls=none", 25)]
)
def test_the_port_follows_the_kind_of_tls(query: str, port: int) -> None:
    post = relay(f"smtp://mail.example.se{query}")
    assert isinstance(post, SmtpRelay)
    assert post.server.port == port


def test_without_a_word_about_it_tls_is_asked_for_and_checked_against_the_public_authorities() -> None:
    post = relay("smtp://mail.example.se")
    assert isinstance(post, SmtpRelay)
    assert post.server.tls is Tls.STARTTLS
    assert post.server.trust.check_hostname
    assert post.server.trust.verify_mode == ssl.CERT_REQUIRED

"""Mailboxes of every kind: what is read, what is read again, and what other programs do meanwhile."""

import mailbox
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from surveyapp.core.errors import SettingError
from surveyapp.mailbox import imap_messages, messages
from surveyapp.notices import MOST_BYTES
from tests.support.imap import LOGIN, Mailbox, imap_server

FIRST, SECOND, THIRD = (f"Subject: {name}\n\nHej\n".encode() for name in ("first", "second", "third"))
USER, PASSWORD = (quote(each, safe="") for each in LOGIN)


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "1.a.host").write_bytes(FIRST)
    (tmp_path / "cur" / "2.b.host:2,R").write_bytes(SECOND)
    (tmp_path / "cur" / "3.c.host:2,RS").write_bytes(THIRD)
    (tmp_path / "tmp" / "4.d.host").write_bytes(b"unfinished")
    return tmp_path


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    path = tmp_path / "post"
    box = mailbox.mbox(path)
    for content in (FIRST, SECOND, THIRD):
        box.add(content)
    box.close()
    return path


@pytest.fixture
def account() -> Iterator[Mailbox]:
    url = f"imap://{USER}:{PASSWORD}@127.0.0.1:{{port}}/Bounces%20in"
    with imap_server({4: FIRST, 7: SECOND, 9: THIRD}, url) as box:
        yield box


def contents(path: Path) -> list[bytes]:
    return [message.content for message in messages(path)]


# --- files -----------------------------------------------------------------------------------------


def test_a_maildir_gives_what_nobody_has_seen(maildir: Path) -> None:
    assert contents(maildir) == [FIRST, SECOND]
    assert contents(maildir) == [FIRST, SECOND], "Reading alone changes nothing"


def test_in_a_maildir_done_means_seen(maildir: Path) -> None:
    for message in messages(maildir):
        message.done()
    assert contents(maildir) == []
    assert list((maildir / "new").iterdir()) == []
    names = sorted(path.name for path in (maildir / "cur").iterdir())
    assert names == ["1.a.host:2,S", "2.b.host:2,RS", "3.c.host:2,RS"]


def test_a_folder_gives_its_eml_files_and_moves_them_away(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(FIRST)
    (tmp_path / "b.eml").write_bytes(SECOND)
    (tmp_path / ".c.eml").write_bytes(b"unfinished")
    (tmp_path / "notes.txt").write_bytes(b"no mail")
    first, second = messages(tmp_path)
    assert (first.content, second.content) == (FIRST, SECOND)
    first.done()
    assert contents(tmp_path) == [SECOND]
    assert (tmp_path / "read" / "a.eml").read_bytes() == FIRST


@pytest.mark.parametrize("moment", ["before it is read", "before it is done"])
def test_a_file_that_another_program_takes_away_is_no_error(tmp_path: Path, moment: str) -> None:
    (tmp_path / "a.eml").write_bytes(FIRST)
    (tmp_path / "b.eml").write_bytes(SECOND)
    reading = messages(tmp_path)
    first = next(reading)
    if moment == "before it is done":
        (tmp_path / "a.eml").unlink()
        first.done()
    else:
        (tmp_path / "b.eml").unlink()
        assert list(reading) == []


def test_an_mbox_loses_what_is_done_and_keeps_the_rest(mbox: Path) -> None:
    for message in messages(mbox):
        if message.content != SECOND:
            message.done()
    assert contents(mbox) == [SECOND]
    assert [path.name for path in mbox.parent.iterdir()] == ["post"], "No lock is left behind"


def test_an_mbox_keeps_what_comes_while_it_is_read(mbox: Path) -> None:
    for message in messages(mbox):
        if message.content == FIRST:
            message.done()
            with mbox.open("ab") as file:
                file.write(b"From sender Mon Nov  2 10:00:00 2026\nSubject: new\n\nHej\n\n")
    assert contents(mbox) == [SECOND, THIRD, b"Subject: new\n\nHej\n"]


def test_an_mbox_that_is_left_early_loses_what_was_done(mbox: Path) -> None:
    reading = messages(mbox)
    next(reading).done()
    del reading
    assert contents(mbox) == [SECOND, THIRD]


def test_an_mbox_that_another_program_holds_is_left_alone(mbox: Path) -> None:
    holder = mailbox.mbox(mbox)
    holder.lock()
    with pytest.raises(SettingError, match="post cannot be read or changed: ExternalClashError"):
        for message in messages(mbox):
            message.done()
    holder.unlock()
    holder.close()
    assert contents(mbox) == [FIRST, SECOND, THIRD]


def test_of_a_huge_mail_only_the_beginning_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(FIRST + b"x" * MOST_BYTES)
    (message,) = messages(tmp_path)
    assert message.content.startswith(FIRST) and len(message.content) == MOST_BYTES


def test_a_mailbox_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="does not exist"):
        contents(tmp_path / "nothing")


def test_a_folder_that_cannot_be_changed_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(FIRST)
    (tmp_path / "read").write_bytes(b"in the way")
    (message,) = messages(tmp_path)
    with pytest.raises(SettingError, match="cannot be read or changed"):
        message.done()


# --- IMAP ------------------------------------------------------------------------------------------


def test_an_account_gives_what_is_unseen_and_marks_what_is_done(account: Mailbox) -> None:
    account.seen.add(7)
    read = []
    for message in imap_messages(account.url):
        read.append(message.content)
        if message.content == FIRST:
            message.done()
    assert read == [FIRST, THIRD]
    assert account.seen == {4, 7}
    assert 'SELECT "Bounces in"' in account.heard and account.heard[-1] == "LOGOUT"


def test_a_mail_that_is_gone_by_now_is_left_out(account: Mailbox) -> None:
    reading = imap_messages(account.url)
    assert next(reading).content == FIRST
    del account.mails[7]
    assert [message.content for message in reading] == [THIRD]


def test_an_empty_account_gives_nothing(account: Mailbox) -> None:
    account.mails.clear()
    assert list(imap_messages(account.url)) == []


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "SEARCH", "FETCH", "STORE"])
@pytest.mark.parametrize("is_broken", [True, False])
def test_whatever_goes_wrong_is_told_without_the_password(
    command: str, is_broken: bool, account: Mailbox
) -> None:
    if is_broken:
        account.hangs_up_at = command
    else:
        account.refuses = command
    with pytest.raises(SettingError, match="hung up" if is_broken else "refused") as trouble:
        for message in imap_messages(account.url):
            message.done()
    assert not any(secret in str(trouble.value) for secret in (*LOGIN, PASSWORD, "secret"))


def test_the_connection_is_encrypted_and_the_certificate_looked_at(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"imaps://{USER}:{PASSWORD}@127.0.0.1:{{port}}"
    with imap_server({4: FIRST}, url, certificate) as account:
        with pytest.raises(SettingError, match="cannot be reached"):
            list(imap_messages(account.url))
        assert account.heard == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert [message.content for message in imap_messages(account.url)] == [FIRST]
        assert "SELECT INBOX" in account.heard


def test_a_server_that_is_not_there_is_a_wrong_setting() -> None:
    with imap_server({}, f"imap://{USER}:{PASSWORD}@127.0.0.1:{{port}}") as account:
        pass
    with pytest.raises(SettingError, match="cannot be reached"):
        list(imap_messages(account.url))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://user:secret@mail.example.se",
        "imap://user:secret@mail.example.se",
        "imaps://user:secret@",
        "imaps://user:secret@mail.example.se:port",
        "imaps://user:secret@[::1",
        "imaps://user:secret@mail.example.se?tls=none",
        "imaps://secret@mail.example.se",
        "imaps://user:secret%0D%0A@mail.example.se",
        "imaps://user:secret@mail.example.se/In%C3%A5t",
    ],
)
def test_a_wrong_url_is_refused_at_once_and_never_repeated(url: str) -> None:
    with pytest.raises(SettingError) as wrong:
        imap_messages(url)
    assert "secret" not in str(wrong.value)


def test_this_machine_may_go_without_encryption() -> None:
    for host in ("127.0.0.1", "[::1]", "localhost"):
        imap_messages(f"imap://user:secret@{host}:1143/INBOX")

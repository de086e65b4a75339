"""The last lines of a server's log: plain text without secrets, whatever a program may write."""

import pytest

from hub.servers import server_log
from hub.servers.server_log import last_lines, secrets_in


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m and \x1b[1;38;5;200mpink\x1b[m", "red and pink"),
        ("\x1b]0;a title\x07shown", "shown"),
        ("\x1b]8;;https://example.org\x1b\\a link\x1b]8;;\x1b\\", "a link"),
        ("\x1b(Bcharset\x1b=", "charset"),
        ("\x1b[2K\x1b[1Gmoved", "moved"),
        (" 10 %\r 50 %\r100 %", "100 %"),
        ("from Windows\r\nnext\r", "from Windows\nnext"),
        ("a\x00b\x08c\x9bd\x07", "abcd"),
        ("a\tb", "a\tb"),
        (
            "<script>alert(1)</script> stays, the page escapes it",
            "<script>alert(1)</script> stays, the page escapes it",
        ),
        ("\n\n\nempty lines\n\n", "empty lines"),
    ],
)
def test_what_is_shown(written: str, shown: str) -> None:
    assert last_lines(written.encode()) == shown


def test_bytes_that_are_no_text() -> None:
    assert last_lines(b"\xff\xfe is no UTF-8") == "\ufffd\ufffd is no UTF-8"


def test_it_is_short() -> None:
    log = last_lines("\n".join(f"{number} {'x' * 5000}" for number in range(1000)).encode())
    assert len(log.split("\n")) == server_log.LINES
    assert log.split("\n")[-1].startswith("999 xxx")
    assert max(map(len, log.split("\n"))) == server_log.LINE_LENGTH + 2


def test_secrets_do_not_appear() -> None:
    environment = [
        "JUPYTERHUB_API_TOKEN=0123456789abcdef",
        "DB_PASSWORD=pa=ss word",
        "AWS_SECRET_ACCESS_KEY=aws-secret",
        "DEBUG_TOKENS=1",
        "JUPYTERHUB_USER=serenity",
        "EMPTY_TOKEN=",
        "NO_VALUE_TOKEN",
    ]
    log = "0123456789abcdef, \x1b[1m01234567\x1b[0m89abcdef, pa=ss word, aws-secret, serenity, 1"
    assert last_lines(log.encode(), secrets_in(environment)) == ("[hidden], [hidden], [hidden], [hidden], serenity, 1")


def test_a_secret_that_another_one_begins_with() -> None:
    assert last_lines(b"secret-and-more", {"secret", "secret-and-more"}) == "[hidden]"


def test_the_token_in_an_address() -> None:
    log = b"http://127.0.0.1:8888/lab?token=8f3a&x=1 or 'http://[::]:8888/?Token=8f3a'"
    assert last_lines(log) == "http://127.0.0.1:8888/lab?token=[hidden]&x=1 or 'http://[::]:8888/?Token=[hidden]'"

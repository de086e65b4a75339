"""What people read when a server does not start."""

from typing import Any

import pytest

from hub.servers import failures, versions
from hub.servers.failures import StartError

HUB = versions.HUB_VERSION
MAJOR, MINOR, PATCH = HUB.split(".")


def container(exit_code: int, *, oom: bool = False, entrypoint: list[str] | None = None) -> dict[str, Any]:
    return {
        "State": {"ExitCode": exit_code, "OOMKilled": oom},
        "Config": {"Entrypoint": entrypoint, "Cmd": ["start-notebook.py", "--a b"]},
    }


@pytest.mark.parametrize(
    ("code", "words", "cure"),
    [
        (3, "exit code 3.", ""),
        (137, "exit code 137 (SIGKILL).", ""),
        (139, "exit code 139 (SIGSEGV).", ""),
        (255, "exit code 255.", ""),
        (0, "its command does not start a server (exit code 0).", "the command: start-notebook.py '--a b'. If"),
        (126, "its command cannot be executed (exit code 126).", "docs/images.md"),
        (127, "its command is not in the image (exit code 127).", "docs/images.md"),
    ],
)
def test_exit_codes(code: int, words: str, cure: str) -> None:
    what, told = failures.ended(container(code), "crew")
    assert what == f"The server ended before it answered: {words}"
    assert cure in told
    assert bool(cure) == bool(told)


def test_out_of_memory_and_gone() -> None:
    assert "its memory ran out" in failures.ended(container(137, oom=True), "crew")[0]
    assert "its container was removed" in failures.ended({}, "crew")[0]


def test_the_command_with_its_entrypoint_and_not_too_long() -> None:
    words = failures.command_cure(container(0, entrypoint=["tini", "--"]), "crew")
    assert words.startswith("The image crew was started with the command: tini -- start-notebook.py '--a b'. ")
    assert len(failures.command_cure(container(0, entrypoint=["x" * 5000]), "crew")) < 500


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("No such image: crew:latest", "Start the server again"),
        ("network crew-network not found", "make build"),
        ('exec: "start": executable file not found in $PATH: unknown', "docs/images.md"),
        ("something else", ""),
    ],
)
def test_what_the_engine_says(words: str, cure: str) -> None:
    assert cure in failures.cure_of(words)
    assert bool(cure) == bool(failures.cure_of(words))


def test_pages_get_html_and_the_api_gets_text() -> None:
    error = StartError("exit", "It <ended>.", "Do & that.", "<script>alert(1)</script>\nlast")
    assert error.status_code == 503
    assert error.message == error.jupyterhub_message
    assert error.message.endswith("The last lines of the server's log:\n<script>alert(1)</script>\nlast")
    assert error.message_html == error.jupyterhub_html_message
    assert "<strong>It &lt;ended&gt;.</strong><br>Do &amp; that." in error.message_html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nlast</pre>" in error.message_html
    # The hub's log has the server's elsewhere.
    assert error.log_message == "It <ended>. Do & that."
    assert "server-log" not in StartError("exit", "It ended.").message_html


@pytest.mark.parametrize("same", [HUB, f"{MAJOR}.{MINOR}.99", f"{MAJOR}.{MINOR}.0.dev"])
def test_a_patch_is_no_mismatch(same: str) -> None:
    assert versions.compare(same, "crew") is None


@pytest.mark.parametrize(
    ("server", "level", "words"),
    [
        (f"{MAJOR}.{int(MINOR) + 1}.0", "INFO", "work together"),
        (f"{int(MAJOR) - 1}.{MINOR}.{PATCH}", "WARNING", "may fail"),
        ("nonsense", "WARNING", "nonsense"),
        (None, "WARNING", "may fail"),
    ],
)
def test_mismatches(server: str | None, level: str, words: str) -> None:
    mismatch = versions.compare(server, "crew")
    assert mismatch
    assert mismatch.level == {"INFO": 20, "WARNING": 30}[level]
    assert words in mismatch.message
    assert HUB in mismatch.fix
    assert "crew" in mismatch.message

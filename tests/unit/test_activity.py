"""What counts as work of a server that seems idle; tests/deployment/test_culler.py has the real ones."""

from typing import Any

import pytest

from hub.servers.activity import has_job, is_busy

# pid, group, session, foreground group of the terminal, state.
SERVER = "10 10 1 -1 Ssl"
SHELL = "20 20 20 {0} Ss"


def table(*lines: str) -> list[dict[str, str]]:
    return [dict(zip(("PID", "PGID", "SID", "TPGID", "STAT"), line.split(), strict=True)) for line in lines]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([SERVER], False),
        ([SERVER, SHELL.format(20)], False),
        ([SERVER, SHELL.format(30), "30 30 20 30 S+"], True),
        ([SERVER, SHELL.format(20), "30 30 20 20 S"], True),
        ([SERVER, SHELL.format(20), "30 30 20 20 T"], False),
        ([SERVER, SHELL.format(20), "30 30 20 20 Z"], False),
    ],
    ids=["no terminal", "a prompt", "in the foreground", "in the background", "stopped", "ended"],
)
def test_jobs_of_terminals(lines: list[str], expected: bool) -> None:
    assert has_job(table(*lines)) is expected


@pytest.mark.parametrize("answer", [[], {}, None, "busy", ["busy"], [{}], [{"execution_state": "idle"}]])
def test_what_is_no_busy_kernel(answer: Any) -> None:
    assert not is_busy(answer)


def test_one_busy_kernel_is_enough() -> None:
    assert is_busy([{"execution_state": "idle"}, {"execution_state": "busy"}])

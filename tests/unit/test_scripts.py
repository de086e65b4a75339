"""What the scripts share, in scripts/lib.sh."""

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("minimum", "version", "enough"),
    [
        ("25", "26.1.5+dfsg1", True),
        ("25", "25.0.0", True),
        ("25", "100.0.1", True),
        ("25", "24.0.7", False),
        ("25", "9.0", False),
        ("2.24", "v2.24.0-desktop.1", True),
        ("2.24", "2.26.1-4", True),
        ("2.24", "v2.23.3", False),
        ("2.24", "2.3.1", False),
        ("2.24", "0", False),
    ],
)
def test_versions_are_compared_by_their_numbers(minimum: str, version: str, enough: bool) -> None:
    script = '. scripts/lib.sh && at_least "$@"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", minimum, version], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0 if enough else 1, b"")

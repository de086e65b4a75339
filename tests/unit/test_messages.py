"""docs/messages.md has what the programs say, so that a change of words is read as prose."""

import os
from pathlib import Path

from support.messages import page

ROOT = Path(__file__).parents[2]
PAGE = Path("docs/messages.md")


def test_the_page_of_messages_is_up_to_date() -> None:
    new = page(ROOT)
    if (ROOT / PAGE).read_text() != new:
        Path(os.environ["TEST_RESULTS"], PAGE.name).write_text(new)
    assert (ROOT / PAGE).read_text() == new, f"read test-results/{PAGE.name}, then: cp test-results/{PAGE.name} docs/"


def test_it_finds_texts_in_every_language() -> None:
    text = (ROOT / PAGE).read_text()
    for file in ("hub/errors.py", "hub/pages/profiles.html", "proxy/hosts.js", "scripts/engine", "Makefile"):
        assert f"\n## {file}\n" in text
    assert "Written by" not in text, "comments and docstrings are no messages"

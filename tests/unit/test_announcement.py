"""The text on all pages of the hub."""

from pathlib import Path

import pytest

from hub import announcement, paths
from hub.errors import OperatorError


def test_it_is_escaped_and_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / paths.ANNOUNCEMENT.name
    monkeypatch.setattr(announcement.read, "__defaults__", (file,))
    assert announcement.shown() == ""
    announcement.write("<b>Exam</b>\nat 8", file)
    assert announcement.shown() == "&lt;b&gt;Exam&lt;/b&gt;<br>at 8"
    announcement.write("", file)
    assert announcement.shown() == ""


def test_one_that_is_too_long_is_refused_and_the_last_stays(tmp_path: Path) -> None:
    file = tmp_path / paths.ANNOUNCEMENT.name
    announcement.write("Exam at 8", file)
    with pytest.raises(OperatorError, match="1001"):
        announcement.write("x" * 1001, file)
    assert announcement.read(file) == "Exam at 8"

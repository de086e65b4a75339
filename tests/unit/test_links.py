"""Pages lead to each other: every link to a file and a heading finds it, and the indexes have every page."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not {"node_modules", "test-results", ".venv"} & set(page.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\(([^()\s]+)\)")
FENCE = re.compile(r"^[ \t]*```.*?^[ \t]*```$", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> list[str]:
    """The targets of a page's links, without those in blocks of code."""
    return LINK.findall(FENCE.sub("", page.read_text()))


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(page: Path, link: str) -> bool:
    target = urlsplit(link)
    if target.scheme:
        return False
    file = (page.parent / target.path).resolve() if target.path else page
    if not file.exists():
        return True
    return bool(target.fragment) and target.fragment not in anchors(file)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if leads_nowhere(page, link)] == []


@pytest.mark.parametrize(
    ("index", "pages"), [("docs/README.md", "docs/*.md"), ("examples/README.md", "examples/*/README.md")]
)
def test_an_index_has_every_page(index: str, pages: str) -> None:
    found = {(ROOT / index).parent / urlsplit(link).path for link in links(ROOT / index)}
    assert sorted(set(ROOT.glob(pages)) - {ROOT / index} - found) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_on_a_page_can_be_read(page: Path) -> None:
    for code in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        compile(code, name_of(page), "exec")

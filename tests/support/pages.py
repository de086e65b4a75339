"""What a page is like for people: wide, on a phone and in the dark, for those who do not see, and as a picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

type Look = Callable[[Page, str], None]

AXE = Path("/opt/axe.min.js")
# Width, height, colours.
FORMS: dict[str, tuple[int, int, Literal["light", "dark"]]] = {
    "wide": (1280, 800, "light"),
    "phone": (390, 844, "light"),
    "dark": (1280, 800, "dark"),
}
BAD = ("critical", "serious")


def problems(page: Page, name: str, pictures: Path | None = None) -> list[str]:
    """Everything that is wrong with an open page, in each of its forms; the page is wide afterwards.

    Args:
        page: what is open in the browser.
        name: that of the page in the problems and in the pictures' names, `NAME-FORM.png`.
        pictures: where a picture of each form goes; None: no pictures.
    """
    found = [f"{name}: {problem}" for problem in _of_its_text(page)]
    for form, (width, height, colours) in FORMS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        found += [f"{name}, {form}: {problem}" for problem in (*_by_axe(page), *_too_wide(page))]
        if pictures:
            page.screenshot(path=pictures / f"{name}-{form}.png")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    return found


def _of_its_text(page: Page) -> list[str]:
    found = []
    if page.locator("main").count() != 1:
        found.append("there is not one <main>")
    if page.locator("h1").filter(visible=True).count() != 1:
        found.append(f"not one heading: {page.locator('h1').filter(visible=True).all_inner_texts()}")
    if not page.title().endswith(" - JupyterHub"):
        found.append(f"its title is {page.title()!r}")
    return found


def _too_wide(page: Page) -> list[str]:
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return [f"{wide} pixels wide on a screen of {room}"] if wide > room else []


def _by_axe(page: Page) -> list[str]:
    """The critical and serious findings; https://github.com/dequelabs/axe-core/blob/develop/doc/API.md."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate("axe.run({resultTypes: ['violations']}).then(run => run.violations)")
    return [
        f"{violation['impact']} {violation['id']}: {node['html'][:120]} {node['failureSummary'][:160]}"
        for violation in found
        if violation["impact"] in BAD
        for node in violation["nodes"]
    ]

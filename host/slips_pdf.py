"""The slips as PDF, in A4, with the fonts that every program for PDF has: letters of Western Europe, so far."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

import pydyf

if TYPE_CHECKING:
    from host.slips import Slip

# In points of 1/72 inch.
WIDTH, HEIGHT, MARGIN, PADDING = 595, 842, 28, 12
COLUMNS, ROWS = 2, 5
SLIP_WIDTH, SLIP_HEIGHT = (WIDTH - 2 * MARGIN) / COLUMNS, (HEIGHT - 2 * MARGIN) / ROWS
FONTS = {"Text": "Helvetica", "Bold": "Helvetica-Bold", "Fixed": "Courier-Bold"}
# Each letter of Courier is 0.6 of its size wide; those of Helvetica are 0.5 on average.
TITLE, FIXED, NOTE, LEADING = 12, 11.0, 8, 4
FIXED_LETTER, NOTE_LETTER = 0.6, 0.5
ENCODING = "cp1252"


def unprintable(texts: Iterable[str]) -> str:
    """The letters that the fonts do not have, each once."""
    return "".join(dict.fromkeys(letter for text in texts for letter in text if not letter.encode(ENCODING, "ignore")))


def document(title: str, slips: Sequence[Slip]) -> bytes:
    """The slips, ten on a page with dashed lines to cut."""
    pdf = pydyf.PDF()
    fonts = pydyf.Dictionary({name: _font(pdf, base) for name, base in FONTS.items()})
    for on_page in batched(slips, COLUMNS * ROWS, strict=False):
        stream = pydyf.Stream(compress=True)
        for place, slip in enumerate(on_page):
            row, column = divmod(place, COLUMNS)
            _draw(stream, title, slip, MARGIN + column * SLIP_WIDTH, HEIGHT - MARGIN - row * SLIP_HEIGHT)
        pdf.add_object(stream)
        page = {
            "Type": "/Page",
            "Parent": pdf.pages.reference,
            "Contents": stream.reference,
            "MediaBox": pydyf.Array([0, 0, WIDTH, HEIGHT]),
            "Resources": pydyf.Dictionary({"Font": fonts}),
        }
        pdf.add_page(pydyf.Dictionary(page))
    output = io.BytesIO()
    pdf.write(output)
    return output.getvalue()


def _font(pdf: pydyf.PDF, base: str) -> bytes:
    font = {"Type": "/Font", "Subtype": "/Type1", "BaseFont": f"/{base}", "Encoding": "/WinAnsiEncoding"}
    dictionary = pydyf.Dictionary(font)
    pdf.add_object(dictionary)
    return dictionary.reference


@dataclass
class _Pen:
    """Writes one line below the other; the next one stands at this place."""

    stream: pydyf.Stream
    left: float
    bottom: float

    def write(self, text: str, font: str, size: float) -> None:
        self.stream.begin_text()
        self.stream.set_font_size(font, size)
        self.stream.set_text_matrix(1, 0, 0, 1, self.left, self.bottom)
        self.stream.show_text_string(text.encode(ENCODING))
        self.stream.end_text()
        self.bottom -= size + LEADING


def _draw(stream: pydyf.Stream, title: str, slip: Slip, left: float, top: float) -> None:
    """Draw a slip whose upper left corner is at this place."""
    stream.set_dash([3, 3], 0)
    stream.set_line_width(0.5)
    stream.rectangle(left, top - SLIP_HEIGHT, SLIP_WIDTH, SLIP_HEIGHT)
    stream.stroke()
    inside = SLIP_WIDTH - 2 * PADDING
    pen = _Pen(stream, left + PADDING, top - PADDING - TITLE)
    pen.write(title, "Bold", TITLE)
    for head, text in slip.lines:
        pen.write(head, "Text", NOTE)
        pen.write(text, "Fixed", min(FIXED, inside / FIXED_LETTER / len(text)))
    for note in slip.notes:
        for line in textwrap.wrap(note, int(inside / NOTE / NOTE_LETTER)):
            pen.write(line, "Text", NOTE)

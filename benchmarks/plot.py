"""Plots as SVG: every sample a dot, one row of dots for each hub."""

from collections.abc import Callable
from html import escape

WIDTH, ROW, LEFT, TOP = 760, 56, 130, 44
COLOURS = ("#8a8f98", "#f37626")
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def strip_plot(title: str, samples: dict[str, list[float]], centre: Callable[[list[float]], float]) -> str:
    """Return an SVG: seconds from left to right, a row of dots for each key of `samples`, its centre as a line.

    Args:
        title: the heading.
        samples: seconds, under the name of what was measured.
        centre: what makes one value of them, such as `statistics.median`.
    """
    limit = 1.05 * max(max(values) for values in samples.values())
    scale = (WIDTH - LEFT - 40) / limit
    bottom = TOP + ROW * len(samples)
    step = next(step for step in STEPS if limit / step <= 10)
    ticks = [step * number for number in range(int(limit / step) + 1)]

    parts = [_text(16, 24, title, "bold 15px")]
    for tick in ticks:
        x = LEFT + tick * scale
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#e4e6ea"/>')
        parts.append(_text(x, bottom + 18, f"{tick:g} s", "12px", "middle"))
    for row, (name, values) in enumerate(samples.items()):
        y = TOP + ROW * (row + 0.5)
        parts += _dots(values, y, scale, COLOURS[row])
        parts += _line(centre(values), y, scale, COLOURS[row])
        parts.append(_text(LEFT - 14, y + 4, name, "13px", "end"))
    height = bottom + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}">\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _dots(values: list[float], y: float, scale: float, colour: str) -> list[str]:
    return [
        f'<circle cx="{LEFT + value * scale:.1f}" cy="{y}" r="6" fill="{colour}" fill-opacity="0.6"/>'
        for value in values
    ]


def _line(value: float, y: float, scale: float, colour: str) -> list[str]:
    x = LEFT + value * scale
    line = f'<line x1="{x:.1f}" y1="{y - 14}" x2="{x:.1f}" y2="{y + 14}" stroke="{colour}" stroke-width="3"/>'
    return [line, _text(x, y - 18, f"{value:.2f} s", "12px", "middle")]


def _text(x: float, y: float, text: str, font: str, anchor: str = "start") -> str:
    style = f"font:{font} sans-serif"
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}" fill="#30343b">{escape(text)}</text>'

"""The picture: firms per second of each round, and what a firm costs, drawn by hand as SVG. Pure.

It holds no font, no script and nothing from outside; colours are legible on a light and on a dark page.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape

from bench.figures import span
from bench.results import Results

ROWS = ("raw", "portolano", "needs", "mix", "typical")
KINDS = (("python_s", "Python", "#3b7dd8"), ("broker_s", "broker", "#d98c2b"), ("postgres_s", "PostgreSQL", "#4f9d69"))
INK, FAINT = "#808890", "#80889055"
LEFT, RIGHT, STEP = 110, 700, 34
WIDTH = 760


def picture(found: Results) -> str:
    """The SVG document."""
    rows = [row for row in ROWS if found.rounds(row)]
    rates = {row: [*found.figure(row, "firms_per_second").values()] for row in rows}
    upper = [*_rates(rates, 40)]
    below = 40 + len(rows) * STEP + 70
    lower = [*_costs(found, rows, below)]
    height = below + len(rows) * STEP + 60
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}" role="img">',
            "<title>Firms per second and processor time per firm of each contender</title>",
            *upper,
            *lower,
            "</svg>",
            "",
        )
    )


def _rates(rates: dict[str, list[float]], top: int) -> Iterator[str]:
    """A dot for each round on a logarithmic scale, a bar at the median: contenders differ by more than tenfold."""
    yield _text(LEFT, top - 16, "firms per second, one dot a round, the median as a bar (logarithmic)", weight="600")
    everything = [rate for some in rates.values() for rate in some]
    if not everything:
        return
    low, high = math.floor(math.log10(min(everything))), math.ceil(math.log10(max(everything)) + 1e-9)
    high = max(high, low + 1)

    def x(rate: float) -> float:
        return LEFT + (math.log10(rate) - low) / (high - low) * (RIGHT - LEFT)

    bottom = top + len(rates) * STEP
    for power in range(low, high + 1):
        yield f'<line x1="{x(10**power):.1f}" x2="{x(10**power):.1f}" y1="{top}" y2="{bottom}" stroke="{FAINT}"/>'
        yield _text(x(10**power), bottom + 18, f"{10**power:,}", anchor="middle")
    for n, (row, some) in enumerate(rates.items()):
        y = top + n * STEP + STEP / 2
        middle = x(span(some).middle)
        yield _text(LEFT - 10, y + 4, row, anchor="end")
        ends = f'x1="{middle:.1f}" x2="{middle:.1f}" y1="{y - 11}" y2="{y + 11}"'
        yield f'<line {ends} stroke="#3b7dd8" stroke-width="3"/>'
        for rate in some:
            yield f'<circle cx="{x(rate):.1f}" cy="{y}" r="4" fill="#3b7dd8" fill-opacity="0.55"/>'


def _costs(found: Results, rows: Sequence[str], top: int) -> Iterator[str]:
    """Stacked bars of processor milliseconds per firm; a bar that would dwarf the others is cut and says so."""
    yield _text(LEFT, top - 16, "processor time per firm, median, ms", weight="600")
    costs = {row: [span([*found.figure(row, name).values()]).middle for name, *_ in KINDS] for row in rows}
    ours = [sum(cost) for row, cost in costs.items() if row != "typical"]
    most = max(ours or [sum(cost) for cost in costs.values()], default=1.0) * 1.15
    scale = (RIGHT - LEFT) / most
    for n, (row, cost) in enumerate(costs.items()):
        y, x = top + n * STEP + 7, float(LEFT)
        yield _text(LEFT - 10, y + 14, row, anchor="end")
        for value, (_, _, colour) in zip(cost, KINDS, strict=True):
            width = max(0.0, min(value * scale, RIGHT - x))
            yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{STEP - 14}" fill="{colour}"/>'
            x += width
        cut = " →" if sum(cost) > most else ""
        yield _text(x + 6, y + 14, f"{sum(cost):.2f}{cut}")
    y, x = top + len(costs) * STEP + 22, LEFT
    for _, title, colour in KINDS:
        yield f'<rect x="{x}" y="{y - 10}" width="11" height="11" fill="{colour}"/>'
        yield _text(x + 17, y, title)
        x += 110


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "400") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'

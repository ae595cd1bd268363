"""The paired ratios of a comparison as one SVG: a dot and its interval a row, right of the line at 1 we are better."""

import html
import math

ROW, LEFT, WIDTH, TOP = 18, 380, 420, 44
COLOURS = {"llama.cpp": "#1f6feb", "torch": "#d1742f"}
OTHER = "#6b8f3c"  # llama.cpp with a file of its own


def rows_of(results: list[dict]) -> list[tuple[str, dict]]:
    return [(f"{result['model']}, {result['work']}" + (", memory" if s["metric"] == "resident_bytes" else ""), s)
            for result in results for s in result["summaries"] if "ratio" in s]


def text(x: float, y: float, content: str, anchor: str = "start", colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{html.escape(content)}</text>'


def of_ratios(results: list[dict], heading: str) -> str:
    rows = rows_of(results)
    edges = [edge for _, s in rows for edge in s["ratio_interval"]]
    low, high = math.log2(min([0.5, *edges])), math.log2(max([2.0, *edges]))

    def x(ratio: float) -> float:
        return LEFT + WIDTH * (math.log2(ratio) - low) / (high - low)

    height = TOP + ROW * len(rows) + 12
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="100%" height="100%" fill="white"/>{text(10, 16, heading.split(", {")[0])}']
    for ratio in (2.0 ** power for power in range(math.ceil(low), math.floor(high) + 1)):
        parts.append(f'<line x1="{x(ratio):.1f}" x2="{x(ratio):.1f}" y1="{TOP - 8}" y2="{height - 8}" '
                     f'stroke="{"#333" if ratio == 1 else "#ddd"}"/>{text(x(ratio), TOP - 12, f"{ratio:g}", "middle")}')
    for i, (name, s) in enumerate(rows):
        y, colour = TOP + ROW * i + 8, COLOURS.get(s["peer"], OTHER)
        start, end = (x(edge) for edge in s["ratio_interval"])
        parts.append(text(LEFT - 10, y + 4, f"{name}, {s['peer']}", "end", colour)
                     + f'<line x1="{start:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="3"/>'
                     f'<circle cx="{x(s["ratio"]):.1f}" cy="{y}" r="4" fill="{colour}"/>')
    return "\n".join([*parts, "</svg>", ""])

"""Wilson's interval of a share, 95 %."""

import math


def wilson(hits: int, n: int) -> tuple[float, float]:
    z, p = 1.959964, hits / n
    centre, half = (p + z * z / 2 / n), z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return max(0.0, centre - half) / (1 + z * z / n), min(1.0, (centre + half) / (1 + z * z / n))


def share(hits: int, n: int) -> str:
    """In percent, with its interval: "35.8 [29.7, 42.5]"."""
    if not n:
        return "-"
    low, high = wilson(hits, n)
    return f"{100 * hits / n:.1f} [{100 * low:.1f}, {100 * high:.1f}]"

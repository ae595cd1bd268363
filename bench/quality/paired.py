"""Differences between two ways to answer the same questions, with 95 % intervals."""

import math
import random

from proportion import wilson


def share_difference(left: list, right: list) -> str:
    """Right's share minus left's in points: "+1.2 [-0.5, 3.0]". Newcombe's interval for pairs (1998, method 10), which unlike a
    bootstrap one keeps a width when no question tells the two apart."""
    n = len(left)
    if not n:
        return "-"
    both, neither = sum(map(min, left, right)), n - sum(map(max, left, right))
    only_left, only_right = sum(left) - both, sum(right) - both
    correlation = 0.0
    if margins := sum(left) * (n - sum(left)) * sum(right) * (n - sum(right)):
        product = both * neither - only_left * only_right
        correlation = (max(product - n / 2, 0) if product > 0 else product) / math.sqrt(margins)
    (a, a_low, a_high), (b, b_low, b_high) = ((sum(each) / n, *wilson(sum(each), n)) for each in (left, right))

    def half(x, y):
        return math.sqrt(x * x - 2 * correlation * x * y + y * y)

    low, high = b - a - half(b - b_low, a_high - a), b - a + half(b_high - b, a - a_low)
    return f"{100 * (b - a):+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def bootstrap_difference(figure, left: list, right: list) -> str:
    """figure(right) - figure(left) in points, the interval from 2,000 draws of the same rows on both sides."""
    rng, rows, draws = random.Random(1), range(len(left)), []
    for _ in range(2000):
        drawn = rng.choices(rows, k=len(left))
        draws.append(figure([right[row] for row in drawn]) - figure([left[row] for row in drawn]))
    draws.sort()
    return f"{100 * (figure(right) - figure(left)):+.1f} [{100 * draws[50]:+.1f}, {100 * draws[1949]:+.1f}]"

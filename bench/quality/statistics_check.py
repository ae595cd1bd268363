#!/usr/bin/env python3
"""The statistics of a proof beside scipy and statsmodels, and the exact size of the gate's test.

    python bench/quality/statistics_check.py --tool build/release/bench/statistics [--cases N] [--size]

Intervals, tests and Holm's correction are compared with scipy and statsmodels on random cases, edges included. Tango's
interval has no function there: its reference maximises the likelihood numerically under each difference (a golden
section) and inverts the score statistic, without the closed form that our code uses. --size sums, over all outcomes, the
probability that a policy that loses exactly the margin passes.
"""

import argparse
import random
import subprocess
import sys

import numpy as np
from scipy import optimize, special, stats
from statsmodels.stats import contingency_tables, multitest, proportion


def ask(tool, questions):
    run = subprocess.run([tool], input="\n".join(questions) + "\n", capture_output=True, text=True, check=True)
    return [[float(x) for x in line.split()] for line in run.stdout.splitlines()]


def tango_score(gains, losses, n, difference):
    """Score statistic at a difference, with the loss probability found by maximising the trinomial likelihood."""
    low, high = max(0.0, -difference), (1 - difference) / 2

    def minus_log_likelihood(q):
        return -(special.xlogy(gains, q + difference) + special.xlogy(losses, q)
                 + special.xlogy(n - gains - losses, 1 - 2 * q - difference))

    q = optimize.minimize_scalar(minus_log_likelihood, bounds=(low, high), method="bounded",
                                 options={"xatol": 1e-13}).x if high > low else low
    variance = n * (2 * q + difference - difference ** 2)
    return (gains - losses - n * difference) / np.sqrt(max(variance, 1e-300))


def tango_lower(gains, losses, n, level):
    z = stats.norm.ppf(level)
    estimate = (gains - losses) / n
    if estimate <= -1:
        return -1.0
    return optimize.brentq(lambda d: tango_score(gains, losses, n, d) - z, -1 + 1e-9, estimate, xtol=1e-12)


def cases(count, rng):
    for _ in range(count):
        n = rng.choice([1, 2, 5, 10, 30, 77, 200, 770, 3080])
        gains = rng.choice([0, 0, n, rng.randint(0, n), rng.randint(0, max(1, n // 20))])
        losses = rng.choice([0, n - gains, rng.randint(0, n - gains), min(n - gains, rng.randint(0, max(1, n // 20)))])
        yield gains, losses, n, rng.choice([0.9, 0.95, 0.975])


def compare(tool, count):
    rng = random.Random(1)
    rows = list(cases(count, rng))
    worst = {}

    def note(name, ours, theirs):
        worst[name] = max(worst.get(name, 0.0), float(np.max(np.abs(np.array(ours) - np.array(theirs)))))

    answers = ask(tool, [f"tango {g} {l} {n} {level}" for g, l, n, level in rows])
    for (g, l, n, level), ours in zip(rows, answers, strict=True):
        note("tango", ours, [tango_lower(g, l, n, level), -tango_lower(l, g, n, level)])
    answers = ask(tool, [f"mcnemar {g} {l} {n}" for g, l, n, _ in rows])
    for (g, l, n, _), ours in zip(rows, answers, strict=True):
        note("mcnemar", ours, [contingency_tables.mcnemar([[0, g], [l, n - g - l]], exact=True).pvalue])
    for name, method in (("wilson", "wilson"), ("exact", "beta")):
        answers = ask(tool, [f"{name} {g} {n} {level}" for g, _, n, level in rows])
        for (g, _, n, level), ours in zip(rows, answers, strict=True):
            note(name, ours, proportion.proportion_confint(g, n, 1 - level, method))
    answers = ask(tool, [f"below {l} {n} 0.7" for _, l, n, _ in rows])
    for (_, l, n, _), ours in zip(rows, answers, strict=True):
        note("below", ours, [stats.binomtest(l, n, 0.7, "less").pvalue])
    lists = [[rng.random() ** 4 for _ in range(rng.randint(1, 100))] for _ in range(100)]
    answers = ask(tool, ["holm " + " ".join(map(repr, p)) for p in lists])
    for p, ours in zip(lists, answers, strict=True):
        note("holm", ours, multitest.multipletests(p, method="holm")[1])
    for name, difference in worst.items():
        print(f"{name}: largest difference {difference:.1e} over {len(lists) if name == 'holm' else len(rows)} cases")
    return max(worst.values()) < 1e-6


def size(tool, n, gain, delta):
    """P(lower bound > -delta) over the trinomial distribution of (gains, losses)."""
    loss = gain + delta
    outcomes = [(g, l) for g in range(int(n * gain + 12 * np.sqrt(n * gain)) + 1)
                for l in range(min(n - g, int(n * loss + 12 * np.sqrt(n * loss))) + 1)]
    bounds = ask(tool, [f"tango {g} {l} {n} 0.95" for g, l in outcomes])
    total = 0.0
    for (g, l), (lower, _) in zip(outcomes, bounds, strict=True):
        if lower > -delta:
            total += np.exp(special.gammaln(n + 1) - special.gammaln(g + 1) - special.gammaln(l + 1)
                            - special.gammaln(n - g - l + 1) + special.xlogy(g, gain) + special.xlogy(l, loss)
                            + special.xlogy(n - g - l, 1 - gain - loss))
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, help="the built bench/statistics")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--size", action="store_true")
    options = parser.parse_args()
    equal = compare(options.tool, options.cases)
    if options.size:
        worst = (0.0, "")
        for delta in (0.02, 0.03):
            for gain in (0, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05):
                for n in (200, 250, 310, 400, 500, 620, 770, 1000, 1240, 1540, 2000):
                    found = size(options.tool, n, gain, delta)
                    worst = max(worst, (found, f"delta {delta}, gain {gain}, n {n}"))
        print(f"largest exact size: {worst[0]:.4f} at {worst[1]}")
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()

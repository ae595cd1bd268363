#!/usr/bin/env python3
"""The linear head on BANKING77 beside what scikit-learn reaches on the same split.

    python bench/quality/banking77.py --tool build/release/bench/linear_head --embedder FOLDER [--seeds N] [--foreign]

FOLDER is all-MiniLM-L6-v2 as a sentence-transformers model (what `understudy pull all-minilm:l6` makes). 3,080 questions of
one pinned PyPI package, 77 intents. Near duplicates (equal after normalisation, 5-gram Jaccard >= 0.8, cosine >= 0.95) are
grouped before anything is fitted; groups go to train, dev or test as a whole, and dev and test keep one row each. Every
method fits on train and chooses its settings on dev: strength (logistic regressions) or k (nearest neighbours). Intervals
are Wilson's, 95 %. --foreign also counts questions from other data sets that the domain gate lets through. Needs
scikit-learn and sentence-transformers.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import struct
import subprocess
import tempfile

import numpy as np
import sentence_transformers
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion

import corpus
from proportion import wilson

STRENGTHS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)  # those of the linear head
TEST, DEV = 10, 5  # rows per intent; the rest trains
FOREIGN = ("gsm8k", "boolq", "truthfulqa")


def near_duplicate_groups(texts: list[str], vectors: np.ndarray) -> list[int]:
    """Group number of each text (P3): union-find over the three rules."""
    parent = list(range(len(texts)))

    def find(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    normal = [" ".join(re.findall(r"\w+", text.lower())) for text in texts]
    grams = [{text[i:i + 5] for i in range(max(1, len(text) - 4))} for text in normal]
    cosines = vectors @ vectors.T
    # Nothing with a Jaccard of 0.8 lies below a cosine of 0.6 here, so that one product finds the pairs to look at.
    for i, j in np.argwhere(np.triu(cosines > 0.6, 1)):
        jaccard = len(grams[i] & grams[j]) / len(grams[i] | grams[j])
        if normal[i] == normal[j] or jaccard >= 0.8 or cosines[i, j] >= 0.95:
            parent[find(i)] = find(j)
    return [find(i) for i in range(len(texts))]


def split(labels: np.ndarray, groups: list[int], seed: int) -> dict[str, list[int]]:
    """Row numbers of train, dev and test."""
    rng = random.Random(seed)
    parts = {"train": [], "dev": [], "test": []}
    of_group = collections.defaultdict(list)
    for row, group in enumerate(groups):
        of_group[group].append(row)
    of_label = collections.defaultdict(list)
    for rows in of_group.values():
        of_label[labels[rows[0]]].append(rows)
    for label in sorted(of_label):
        members = of_label[label]
        rng.shuffle(members)
        parts["test"] += [rows[0] for rows in members[:TEST]]
        parts["dev"] += [rows[0] for rows in members[TEST:TEST + DEV]]
        parts["train"] += [row for rows in members[TEST + DEV:] for row in rows]
    return parts


def best_on_dev(candidates, x, y):
    return max(candidates, key=lambda model: (model.score(x, y)))


def ours(tool: str, x: dict, y: dict, width: int, classes: int):
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        parts = ("train", "dev", "test")
        file.write(struct.pack("<5i", width, classes, *(len(y[p]) for p in parts)))
        for part in parts:
            file.write(x[part].astype("<f4").tobytes())
        for part in parts:
            file.write(y[part].astype("<i4").tobytes())
        file.flush()
        lines = subprocess.run([tool, file.name], capture_output=True, text=True, check=True).stdout.splitlines()
    return json.loads(lines[0]), np.array([[float(word) for word in line.split()] for line in lines[1:]])


def calibration_error(confidence, right, bins=15):
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return sum(abs(right[which == b].mean() - confidence[which == b].mean()) * (which == b).mean()
               for b in range(bins) if (which == b).any())


def run(options, texts, labels, vectors, groups, seed, foreign):
    parts = split(labels, groups, seed)
    x = {name: vectors[rows] for name, rows in parts.items()}
    y = {name: labels[rows] for name, rows in parts.items()}
    words = {name: [texts[row] for row in rows] for name, rows in parts.items()}
    n = len(y["test"])
    print(f"seed {seed}: {len(y['train'])} train, {len(y['dev'])} dev, {n} test, {len(set(groups))} groups of {len(texts)} rows")

    def report(name, right, note=""):
        low, high = wilson(int(right.sum()), n)
        print(f"  {name:34} {100 * right.mean():5.1f} % ({100 * low:.1f} to {100 * high:.1f}, n {n}) {note}", flush=True)

    classes = int(labels.max()) + 1
    asked = {**x, "test": np.concatenate([x["test"], foreign])}
    fit, answers = ours(options.tool, asked, {**y, "test": np.zeros(len(asked["test"]), int)}, vectors.shape[1], classes)
    own = answers[:n]
    right = own[:, 0] == y["test"]
    report("linear head", right, f"calibration error {calibration_error(own[:, 1], right):.3f}, in domain "
                                 f"{100 * own[:, 3].mean():.1f} %, {fit}")
    if len(foreign):
        passed = answers[n:]
        confident = passed[:, 1] >= np.quantile(own[:, 1], 0.5)
        print(f"  foreign questions ({len(foreign)}): {100 * passed[:, 3].mean():.2f} % pass the domain gate, "
              f"{100 * confident.mean():.2f} % are as confident as the median of the test, "
              f"{100 * (confident & (passed[:, 3] == 1)).mean():.2f} % both")

    strength = 1 / (fit["l2"] * len(y["train"]))
    same = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(x["train"], y["train"])
    theirs = same.predict(x["test"])
    temperature = fit["temperature"]
    logits = same.decision_function(x["test"]) / temperature
    top = np.exp(logits - logits.max(1, keepdims=True))
    confidence = (top / top.sum(1, keepdims=True)).max(1)
    report("scikit-learn, same strength", theirs == y["test"],
           f"same label on {100 * (theirs == own[:, 0]).mean():.2f} %, largest difference of confidence "
           f"{np.abs(confidence - own[:, 1]).max():.1e}")
    neighbours = best_on_dev([KNeighborsClassifier(k, metric="cosine", weights="distance").fit(x["train"], y["train"])
                              for k in (1, 3, 5, 10, 20)], x["dev"], y["dev"])
    report(f"kNN on embeddings (k {neighbours.n_neighbors})", neighbours.predict(x["test"]) == y["test"])
    features = FeatureUnion([("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
                             ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True))])
    for name, vectoriser in (("TF-IDF of words + regression", TfidfVectorizer()), ("TF-IDF of n-grams + regression", features)):
        f = {part: (vectoriser.fit_transform if part == "train" else vectoriser.transform)(words[part]) for part in words}
        model = best_on_dev([LogisticRegression(C=c, max_iter=1000).fit(f["train"], y["train"]) for c in (1, 10, 100)],
                            f["dev"], y["dev"])
        report(name, model.predict(f["test"]) == y["test"], f"C {model.C}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, help="the built bench/linear_head")
    parser.add_argument("--embedder", required=True, type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--foreign", action="store_true")
    options = parser.parse_args()
    archive = corpus.package_archive()
    rows = corpus.rows(archive, "banking77")
    texts = [row["question"] for row in rows]
    names = sorted({row["answer"] for row in rows})
    labels = np.array([names.index(row["answer"]) for row in rows])
    embedder = sentence_transformers.SentenceTransformer(str(options.embedder), device="cpu")
    vectors = embedder.encode(texts, normalize_embeddings=True)
    foreign = np.zeros((0, vectors.shape[1]), np.float32)
    if options.foreign:
        others = [row["question"] for name in FOREIGN for row in corpus.rows(archive, name)[:500]]
        foreign = embedder.encode(others, normalize_embeddings=True)
    groups = near_duplicate_groups(texts, vectors)
    for seed in range(1, options.seeds + 1):
        run(options, texts, labels, vectors, groups, seed, foreign)


if __name__ == "__main__":
    main()

"""What loop.py compares: specialists, the incumbent, plain baselines that learn from the same rows, and prompted models.

Baselines predict each member of an answer on its own (an intent, each slot or its absence), so that they can give
combinations that no training row has; a label is its own only member. They fit on train and choose their settings on dev.
"""

import contextlib
import dataclasses
import http.client
import json
import pathlib
import re
import subprocess
import sys
import time
from typing import Callable

from loop_dataset import Dataset, Row, home_of_models, joined, members

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
import server  # noqa: E402

ABSENT = "(absent)"
ANSWER_TOKENS = 160  # most that a prompted model may write; the longest answers of the tasks have fewer


@dataclasses.dataclass
class Answers:
    """To the rows that were asked, in their order."""
    method: str
    texts: list[str]
    ms: list[float] | None                 # of each call, one at a time
    prompt_tokens: list[int] | None = None
    completion_tokens: list[int] | None = None
    training_minutes: float = 0
    note: str = ""


def incumbent(dataset: Dataset, asked: list[Row]) -> Answers:
    """What it answered then, with the ledger's tokens and times."""
    calls = [dataset.calls[row.call] for row in asked]

    def figure(name):
        values = [call.get(name) for call in calls]
        return None if None in values else values

    return Answers("incumbent", [row.incumbent for row in asked], figure("total_ms"), figure("prompt_tokens"),
                   figure("completion_tokens"))


def specialists(tool: str, home: pathlib.Path, dataset: Dataset, asked: list[Row]) -> list[Answers]:
    """Every rung that was made of this dataset, whatever its confidence: alone, without a threshold."""
    task, _, digits = dataset.folder.name.partition("-")
    found = []
    for file in sorted(home.glob(f"specialists/{task}/{digits}-*/manifest.json")):
        manifest = json.loads(file.read_text())
        with home_of_models(home) as environment:
            done = subprocess.run([tool, str(file.parent.absolute())], input="".join(row.line + "\n" for row in asked),
                                  text=True, stdout=subprocess.PIPE, env=environment, check=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        local = [line for line in lines if line["value"] is not None and line["in_domain"]]
        tau = manifest["tau"]
        above = sum(line["confidence"] >= tau for line in local) if tau is not None else 0
        found.append(Answers(manifest["spec"]["rung"], [line["value"] or "" for line in lines],
                             [line["ms"] for line in lines], [line.get("prompt_tokens", 0) for line in lines],
                             [line.get("completion_tokens", 0) for line in lines], manifest["seconds"] / 60,
                             "no tau" if tau is None else f"{above / len(lines):.0%} at or above tau {tau:.3f}"))
    return found


class Constant:
    """Of a member that never varies."""

    def __init__(self, value: str):
        self.value = value

    def predict(self, x):
        return [self.value] * x.shape[0]


def fit_members(dataset: Dataset, x: dict, candidates: Callable[[], list]) -> dict:
    """Path -> a fitted classifier of that member, the best of `candidates` on dev."""
    found = {split: [members(row.value, dataset.is_json) for row in dataset.split(split)] for split in ("train", "dev")}
    models = {}
    for path in sorted({path for row in found["train"] for path in row}):
        y = {split: [row.get(path, ABSENT) for row in rows] for split, rows in found.items()}
        if len(set(y["train"])) == 1:
            models[path] = Constant(y["train"][0])
            continue
        fitted = [model.fit(x["train"], y["train"]) for model in candidates()]
        models[path] = max(fitted, key=lambda model: model.score(x["dev"], y["dev"]))
    return models


def answer_one(models: dict, x, is_json: bool) -> str:
    predicted = {path: str(model.predict(x)[0]) for path, model in models.items()}
    return joined({path: value for path, value in predicted.items() if value != ABSENT}, is_json)


def learned(name: str, dataset: Dataset, asked: list[Row], features: Callable[[list[str], bool], object],
            candidates: Callable[[], list]) -> Answers:
    """`features(texts, fitting)` makes a matrix of texts."""
    start = time.perf_counter()
    x = {split: features([row.text for row in dataset.split(split)], split == "train") for split in ("train", "dev")}
    models = fit_members(dataset, x, candidates)
    answers = Answers(name, [], [], training_minutes=(time.perf_counter() - start) / 60)
    for row in asked:
        start = time.perf_counter()
        answers.texts.append(answer_one(models, features([row.text], False), dataset.is_json))
        answers.ms.append((time.perf_counter() - start) * 1000)
    return answers


def tfidf_regression(dataset: Dataset, asked: list[Row]) -> Answers:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import FeatureUnion

    vectoriser = FeatureUnion([
        ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
        ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True))])

    def candidates():
        if dataset.is_json:  # two dozen members, some of a hundred values: jointly and at three strengths it takes minutes
            return [OneVsRestClassifier(LogisticRegression(C=10, solver="liblinear"))]
        return [LogisticRegression(C=c, max_iter=1000) for c in (1, 10, 100)]

    return learned("TF-IDF + logistic regression", dataset, asked,
                   lambda texts, fitting: vectoriser.fit_transform(texts) if fitting else vectoriser.transform(texts),
                   candidates)


def nearest_neighbours(dataset: Dataset, asked: list[Row], embedder: pathlib.Path) -> Answers:
    import sentence_transformers
    from sklearn.neighbors import KNeighborsClassifier

    model = sentence_transformers.SentenceTransformer(str(embedder), device="cpu")
    answers = learned("kNN on MiniLM embeddings", dataset, asked,
                      lambda texts, _: model.encode(texts, normalize_embeddings=True),
                      lambda: [KNeighborsClassifier(k, metric="cosine", weights="distance") for k in (1, 3, 5, 10, 20)])
    answers.prompt_tokens = [len(model.tokenizer(row.text)["input_ids"]) for row in asked]
    answers.completion_tokens = [0] * len(asked)
    return answers


def generous(text: str, labels: list[str], is_json: bool) -> str:
    """A prompted model's answer as a patient reader takes it: the one label that it names, or its first JSON object."""
    if not is_json:
        named = [label for label in labels if re.search(rf"(?<!\w){re.escape(label.lower())}(?!\w)", text.lower())]
        longest = max(named, key=len, default="")
        return longest if all(label.lower() in longest.lower() for label in named) and named else text
    for start in (match.start() for match in re.finditer(r"\{", text)):
        try:
            return json.dumps(json.JSONDecoder().raw_decode(text[start:])[0])
        except ValueError:
            continue
    return text


def ask(connection: http.client.HTTPConnection, model: str, request: dict, is_json: bool) -> dict:
    body = {"model": model, "messages": request["messages"], "temperature": 0, "max_tokens": ANSWER_TOKENS}
    if not is_json:
        body["stop"] = ["\n"]
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        sys.exit(f"{model} answers {answer.status}: {text}")
    return json.loads(text)


@contextlib.contextmanager
def serving(program: str, home: pathlib.Path, model: str):
    """A connection to a server of the model, and the name that it has there."""
    port = server.free_port()
    with home_of_models(home) as environment:
        process = subprocess.Popen([program, "serve", model, "--port", str(port), "--quiet"], stdout=subprocess.DEVNULL,
                                   env=environment)
        try:
            name = server.wait_until_ready(f"http://127.0.0.1:{port}", process)
            yield http.client.HTTPConnection("127.0.0.1", port, timeout=server.TIMEOUT_S), name
        finally:
            process.terminate()
            process.wait()


def prompted(program: str, home: pathlib.Path, model: str, dataset: Dataset, asked: list[Row]) -> Answers:
    """The incumbent's own prompt, whole, to a model that `understudy serve` runs, greedy, one call at a time."""
    answers = Answers(f"{model}, prompted", [], [], [], [])
    with serving(program, home, model) as (connection, name):
        for row in asked:
            start = time.perf_counter()
            answer = ask(connection, name, dataset.calls[row.call]["request"], dataset.is_json)
            answers.ms.append((time.perf_counter() - start) * 1000)
            answers.texts.append(answer["choices"][0]["message"]["content"] or "")
            answers.prompt_tokens.append(answer["usage"]["prompt_tokens"])
            answers.completion_tokens.append(answer["usage"]["completion_tokens"])
    return answers

"""What the loop curated, read as every method of loop.py gets it: rows, splits and the calls that they came from."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile


@dataclasses.dataclass
class Row:
    call: str
    split: str          # train, dev, benchmark
    origin: str         # of the target: incumbent or person
    slots: list[str]
    value: str          # the answer as it is compared: canonical JSON, or text
    incumbent: str      # what the incumbent answered, as it is compared
    line: str           # of rows.jsonl

    @property
    def text(self) -> str:
        return "\n".join(self.slots)


@dataclasses.dataclass
class Dataset:
    folder: pathlib.Path
    contract: dict
    name: str           # of the task: the beginning of its key
    title: str
    rows: list[Row]
    calls: dict         # by id, as the ledger has them

    @property
    def is_json(self) -> bool:
        return self.contract["answer_kind"] == "json"

    def split(self, name: str) -> list[Row]:
        return [row for row in self.rows if row.split == name]

    def benchmark(self) -> list[Row]:
        """The rows that count: once persons gave half of the answers, only those; in the order of the calls."""
        rows = sorted(self.split("benchmark"), key=lambda row: row.call)
        labelled = [row for row in rows if row.origin == "person"]
        return labelled if 2 * len(labelled) >= len(rows) else rows


def models_of(home: pathlib.Path) -> pathlib.Path:
    """The folder of its models; the demo's home lies inside the one that has them."""
    own = home / "models"
    return (own if own.exists() else home.parent / "models").resolve()


@contextlib.contextmanager
def home_of_models(home: pathlib.Path):
    """An environment whose home has nothing but the models."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "models").symlink_to(models_of(home))
        yield dict(os.environ, UNDERSTUDY_HOME=folder)


def datasets_of_home(home: pathlib.Path, program: str, task: str | None) -> list[Dataset]:
    """All of the home, or those of the tasks whose key begins so. The sealed rows are in files that nothing here reads."""
    folders = sorted(card.parent for card in home.glob(f"datasets/{task or ''}*/card.json"))
    return [read_dataset(folder, program, home) for folder in folders]


def read_dataset(folder: pathlib.Path, program: str, home: pathlib.Path) -> Dataset:
    card = json.loads((folder / "card.json").read_text())
    contract = json.loads((folder / "contract.json").read_text())
    rows = []
    for line in (folder / "rows.jsonl").read_text().splitlines():
        row = json.loads(line)
        rows.append(Row(row["call"], row["split"], row["origin"], row["slots"], row["value"], row["incumbent"], line))
    exported = subprocess.run([program, "calls", "export", "--task", card["task"]], check=True, stdout=subprocess.PIPE,
                              env=dict(os.environ, UNDERSTUDY_HOME=str(home)), text=True).stdout
    calls = {call["id"]: call for call in map(json.loads, exported.splitlines())}
    return Dataset(folder, contract, card["task"][:12], card["task_title"], rows, calls)


def same(value: str, answer: str, is_json: bool) -> bool:
    """Whether an answer says what a row's value says, as the loop compares: JSON by what it holds."""
    if not is_json:
        return answer.strip() == value
    try:
        return json.loads(answer) == json.loads(value)
    except ValueError:
        return False


def members(value: str, is_json: bool) -> dict:
    """Path -> text of the scalar there; text is its own only member."""
    found = {}

    def walk(path, part):
        if isinstance(part, dict) and part:
            for key, each in part.items():
                walk((*path, key), each)
        else:
            found[path] = json.dumps(part) if is_json else part

    walk((), json.loads(value) if is_json else value)
    return found


def joined(found: dict, is_json: bool) -> str:
    """The inverse of members."""
    if not is_json:
        return found[()]
    whole: dict = {}
    for path, text in found.items():
        at = whole
        for key in path[:-1]:
            at = at.setdefault(key, {})
            if not isinstance(at, dict):
                return "null"  # members that contradict each other are no answer
        if path and not isinstance(at.get(path[-1]), dict):
            at[path[-1]] = json.loads(text)
    return json.dumps(whole)

"""Answers of a measurement, one JSON object a line, written as they come: a run that was broken off goes on where it was."""

import concurrent.futures
import json
import pathlib
import sys
import threading


class AnswerLog:
    """A record is found by its id and mode. The first line holds the settings, which must be the same to go on."""

    def __init__(self, path: pathlib.Path | None, settings: dict, only_read: bool = False):
        self.records, self.file, self.lock = {}, None, threading.Lock()
        if path is None:
            return
        text = path.read_text() if path.exists() else ""
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]  # the last may be cut
        if lines and lines[0] != settings:
            sys.exit(f"{path} is of other settings: {lines[0]}")
        for record in lines[1:]:
            self.records[record["id"], record["mode"]] = record
        if only_read:
            return
        self.file = path.open("a")
        self.file.truncate(len(text[:text.rfind("\n") + 1].encode()))
        if not lines:
            self.write(settings)

    def write(self, record: dict):
        self.file.write(json.dumps(record) + "\n")
        self.file.flush()

    def add(self, record: dict):
        with self.lock:
            self.records[record["id"], record["mode"]] = record
            if self.file:
                self.write(record)

    def ask_all(self, ids: list, modes: list, ask, at_once: int):
        """ask(id, mode) makes the record of each that is not here yet. The modes of one id follow each other, the first of
        them another one from id to id, so that none always finds the prompt in a cache."""
        def ask_one(number: int):
            shift = number % len(modes)
            for mode in modes[shift:] + modes[:shift]:
                if (ids[number], mode) not in self.records:
                    self.add({"id": ids[number], "mode": mode, **ask(ids[number], mode)})

        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for number, _ in enumerate(pool.map(ask_one, range(len(ids))), 1):
                if number % 50 == 0:
                    print(f"{number} of {len(ids)}", file=sys.stderr, flush=True)

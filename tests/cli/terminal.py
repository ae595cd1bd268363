#!/usr/bin/env python3
"""Runs a program in a terminal of its own, as a person would: terminal.py PROGRAM ARGUMENT... <SCRIPT

The script's lines are "type TEXT" (with escapes: \\r Enter, \\x03 Ctrl-C, \\x1b[A arrow up), "press TEXT", which
is faster than a person, and "see TEXT", which waits until the terminal has shown TEXT since the last line that matched.
At the end the program must leave by itself. Prints "done", or what was not seen and what was."""

import os
import pty
import re
import select
import sys
import time

SECONDS = 60
PERSON_S = 0.2  # a person types no faster; the prompt shows a moment before the terminal takes single keys
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07")


class Terminal:
    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execvp(command[0], command)
        self.shown = ""

    def read(self, seconds):
        """More of the output; False at its end."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:  # the program has closed the terminal
            return False
        self.shown = CONTROL.sub("", self.shown + data.decode("utf-8", "replace"))
        return bool(data)

    def see(self, text):
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            if time.monotonic() > end or not self.read(0.2):
                sys.exit(f"not seen: {text!r}\nseen: {self.shown[-2000:]!r}")
        self.shown = self.shown.split(text, 1)[1]

    def leave(self):
        end = time.monotonic() + SECONDS
        while self.read(0.2):
            if time.monotonic() > end:
                sys.exit(f"the program goes on\nseen: {self.shown[-2000:]!r}")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def main():
    terminal = Terminal(sys.argv[1:])
    for line in sys.stdin.read().splitlines():
        verb, _, text = line.partition(" ")
        text = text.encode("latin-1", "backslashreplace").decode("unicode_escape")
        if verb == "see":
            terminal.see(text)
        else:
            time.sleep(PERSON_S if verb == "type" else 0)
            os.write(terminal.fd, text.encode())
    code = terminal.leave()
    print("done" if code == 0 else f"exit code {code}")


if __name__ == "__main__":
    main()

"""The commands of README's section "The loop", as they are printed there."""

import pathlib
import re
import subprocess

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def commands():
    """Its indented lines, without their comments."""
    section = re.search(r"^## The loop\n(.*?)^## ", README.read_text(encoding="utf-8"), re.S | re.M)[1]
    return [re.sub(r"\s{2,}#.*", "", line.strip()) for line in section.splitlines() if line.startswith("    ")]


def run(command, home, folder):
    """In a folder that has ./understudy, as the repository's root has it after ./run."""
    if not folder.exists():
        folder.mkdir()
        (folder / "understudy").symlink_to(home.binary)
    return subprocess.run(["bash", "-c", command], cwd=folder, env=home.env, capture_output=True, text=True, timeout=900)

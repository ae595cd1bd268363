"""The rules of the tree that no compiler checks. Prints each breach as file:line: what; exits 1 if there is one."""

import re
import subprocess
import sys
from pathlib import Path

MAX_LINES = 600
LIBRARY_ROOMS = sorted(room.name for room in Path("src").iterdir() if room.is_dir() and room.name != "app")
INTRINSICS = re.compile(r"immintrin\.h|__AVX|\b_mm(256|512)?_|\b_tile_")
PRINTS_OR_EXITS = re.compile(r"\bstd::(abort|exit|quick_exit|terminate|cout|cerr|printf|puts)\b|\bfmt::print\b"
                             r"|(?<![\w.>:])(printf|fprintf|puts|fputs|_exit)\s*\(")
# check_failed() in base/check.h is the one place that may end the program.
MAY_END = {"src/base/check.h"}
LOOSE_ENDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
DOC_PATH = re.compile(r"(?<![\w./-])((?:src|tests|docs|tools|bench|fuzz|cmake|\.ci)/[\w./*{},<>-]*[\w*}>])")


def tracked():
    listing = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], check=True,
                             capture_output=True, text=True).stdout
    return [Path(line) for line in listing.splitlines() if Path(line).is_file()]


def without_comments(line):
    return re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]


def check_sources(path, lines):
    if len(lines) > MAX_LINES and path.suffix in (".h", ".cpp", ".py", ".sh"):
        yield 1, f"{len(lines)} lines; is there a seam that a reader would look for?"
    if path.suffix not in (".h", ".cpp") or path.parts[0] != "src":
        return
    in_isa = path.parts[1:3] == ("kernels", "isa")
    library = path.parts[1] in LIBRARY_ROOMS and not path.name.endswith("_test.cpp") and "testing" not in path.parts
    for number, line in enumerate(lines, 1):
        code = without_comments(line)
        if not in_isa and INTRINSICS.search(line):
            yield number, "instruction-set code outside src/kernels/isa"
        if library and str(path) not in MAY_END and PRINTS_OR_EXITS.search(code):
            yield number, "the library never prints and never exits"
        if LOOSE_ENDS.search(line):
            yield number, "a loose end"


def expand(pattern):
    """a/{b,c}.h -> a/b.h, a/c.h."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if not match:
        return [pattern]
    return [found for part in match[1].split(",") for found in expand(pattern[:match.start()] + part + pattern[match.end():])]


def check_docs(lines):
    for number, line in enumerate(lines, 1):
        for found in DOC_PATH.findall(line):
            if re.search(r"[<>]|NAME|VERB", found):
                continue  # a form to fill in
            for path in expand(found.rstrip(".")):
                if not any(Path().glob(path)):
                    yield number, f"there is no {path}"


def check_names(headers):
    """Two types of one name in one namespace break the program without a word from the linker."""
    first = {}
    for path in headers:
        namespace = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := re.match(r"namespace ([\w:]+) \{", line):
                namespace = match[1]
            elif match := re.match(r"(?:struct|class) (\w+)(?: final)?(?: :.*)? \{", line):
                name = f"{namespace}::{match[1]}"
                if name in first:
                    yield path, number, f"{name} is defined in {first[name]} too"
                first.setdefault(name, path)


def main():
    bad = 0
    headers = [path for path in tracked() if path.suffix == ".h" and path.parts[0] == "src"
               and "testing" not in path.parts and "isa" not in path.parts and not path.stem.endswith("_test")]
    for path, number, what in check_names(headers):
        print(f"{path}:{number}: {what}")
        bad += 1
    for path in tracked():
        if path.suffix not in (".h", ".cpp", ".py", ".sh", ".md"):
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, what in check_docs(lines) if path.suffix == ".md" else check_sources(path, lines):
            print(f"{path}:{number}: {what}")
            bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

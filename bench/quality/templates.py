#!/usr/bin/env python3
"""Compares this project's chat template renders with jinja2's, as transformers sets it up.

    templates.py compare --render BUILD/bench/render_template --gguf model.gguf … --templates folder … --llama-cpp
    templates.py digests > tests/llama_cpp_models/templates.sha256
    templates.py fill tests/templates/*.test

compare: every template (a GGUF's tokenizer.chat_template, *.jinja of a folder, llama.cpp's 70) renders every conversation
of template_cases.py, with and without tools and generation prompt. A case is identical when both give the same text or
both refuse. It also checks that every occurrence of a control token that a user wrote is marked untrusted. Exit status 1
when a case differs.
digests: of what jinja2 gives for all cases of each of llama.cpp's templates.
fill: writes jinja2's result into the `--- expect` section of each case of a .test file (cases with `--- error` must fail
in jinja2 too). Needs: pip install transformers jinja2 gguf
"""
import argparse
import datetime
import json
import pathlib
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

from llama_cpp_models import models_folder
from template_cases import Renderer, cases, digest, exposed

SPECIAL = ("messages", "tools", "add_generation_prompt", "bos_token", "eos_token", "now")


def jinja2_render(source, request):
    """(text, None) or (None, error)."""
    try:
        template = _compile_jinja_template(source)
        template.globals["strftime_now"] = lambda f: datetime.datetime.fromtimestamp(
            request["now"], datetime.timezone.utc).replace(tzinfo=None).strftime(f)
        return template.render(
            messages=request["messages"], tools=request["tools"], **{"documents": None, **request["extra"]},
            add_generation_prompt=request["add_generation_prompt"], bos_token=request["bos_token"],
            eos_token=request["eos_token"]), None
    except Exception as error:  # whatever a template makes Python raise is a refusal
        return None, f"{type(error).__name__}: {error}"


def compare_template(render, name, source, verbose):
    same = refused = different = 0
    for title, request in cases():
        expected, refusal = jinja2_render(source, request)
        answer = render({"template": source, **request})
        if expected is None and "error" in answer:
            refused += 1
        elif answer.get("text") == expected and not exposed(answer):
            same += 1
        else:
            different += 1
            if verbose:
                print(f"--- {name}: {title}\njinja2: {expected if expected is not None else refusal!r}\nhere:   {answer}")
    print(f"{'same' if not different else 'DIFFERS'}  {same:3} rendered, {refused:3} refused by both, {different:3} different  {name}")
    return same, refused, different


def gguf_template(path):
    from gguf import GGUFReader
    field = GGUFReader(path).fields.get("tokenizer.chat_template")
    return field.contents() if field else None


def llama_cpp_templates():
    return sorted((models_folder() / "templates").glob("*.jinja"))


def digests(arguments):
    for path in llama_cpp_templates():
        print(digest(jinja2_render(path.read_text(), request)[0] for _, request in cases()), path.name, flush=True)
    return 0


def compare(arguments):
    sources = {}
    for path in arguments.gguf:
        template = gguf_template(path)
        if template is None:
            print(f"none  {path} has no template")
        else:
            sources[path] = template
    files = [path for folder in arguments.templates for path in sorted(pathlib.Path(folder).glob("*.jinja"))]
    for path in files + (llama_cpp_templates() if arguments.llama_cpp else []):
        sources[path.name] = path.read_text()
    render = Renderer(arguments.render)
    results = [compare_template(render, name, source, arguments.verbose) for name, source in sources.items()]
    same, refused, different = (sum(column) for column in zip(*results))
    wrong = sum(1 for result in results if result[2])
    print(f"{len(results) - wrong} of {len(results)} templates identical; {same} renders identical, {refused} refused by both, {different} different")
    return 1 if different else 0


def read_cases(path):
    """[(title, {section: text})]; a section's text has no newline at its end."""
    found, section = [], None
    for line in path.read_text().split("\n"):
        if line.startswith("=== "):
            found.append((line[4:], {}))
            section = None
        elif line.startswith("--- "):
            section = found[-1][1].setdefault(line[4:], [])
        elif section is not None:
            section.append(line)
    if section and section[-1] == "":
        section.pop()  # the newline at the end of the file
    return [(title, {key: "\n".join(lines) for key, lines in parts.items()}) for title, parts in found]


def fill(arguments):
    for path in map(pathlib.Path, arguments.files):
        out = []
        for title, parts in read_cases(path):
            given = json.loads(parts.get("input", "{}"))
            request = {"messages": given.get("messages", []), "tools": given.get("tools"), "now": given.get("now", 0),
                       "add_generation_prompt": given.get("add_generation_prompt", True),
                       "bos_token": given.get("bos_token", ""), "eos_token": given.get("eos_token", ""),
                       "extra": {key: value for key, value in given.items() if key not in SPECIAL}}
            text, refusal = jinja2_render(parts["template"], request)
            if "unsupported" not in parts and ("error" in parts) != (text is None):
                print(f"{path}: {title}: jinja2 gives {text!r} {refusal}")
            if "error" not in parts and "unsupported" not in parts:
                parts["expect"] = text
            out.append(f"=== {title}\n" + "".join(f"--- {key}\n{value}\n" for key, value in parts.items()))
        path.write_text("".join(out))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("compare")
    command.add_argument("--render", required=True, help="the program bench/quality/render_template.cpp")
    command.add_argument("--gguf", nargs="*", default=[], help="model files")
    command.add_argument("--templates", nargs="*", default=[], help="folders with *.jinja files")
    command.add_argument("--llama-cpp", action="store_true", help="also the templates of llama.cpp (llama_cpp_models.py)")
    command.add_argument("--verbose", action="store_true", help="print the cases that differ")
    command.set_defaults(run=compare)
    command = commands.add_parser("digests")
    command.set_defaults(run=digests)
    command = commands.add_parser("fill")
    command.add_argument("files", nargs="+")
    command.set_defaults(run=fill)
    arguments = parser.parse_args()
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())

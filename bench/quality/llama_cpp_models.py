"""llama.cpp's vocabularies (ggml-vocab-*.gguf), their test texts (.inp) with ids (.out), and its chat templates.

They are part of the source archive of llama-cpp-python on PyPI (MIT), fetched when first needed and never committed.
"""

import pathlib
import subprocess
import sys
import tarfile

from corpus import cache_folder

PACKAGE = "llama-cpp-python==0.3.36"
INSIDE = "vendor/llama.cpp/models/"


def models_folder() -> pathlib.Path:
    name, version = PACKAGE.split("==")
    archive = cache_folder() / "packages" / f"{name.replace('-', '_')}-{version}.tar.gz"
    folder = cache_folder() / "llama.cpp-models"
    if folder.exists():
        return folder
    if not archive.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:", PACKAGE,
                        "-d", str(archive.parent)], check=True)
    scratch = folder.with_suffix(".new")
    with tarfile.open(archive) as files:
        for member in files:
            _, _, inside = member.name.partition(INSIDE)
            if member.isfile() and inside and ".." not in inside:
                target = scratch / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(files.extractfile(member).read())
    scratch.rename(folder)
    return folder

"""llama.cpp's vocabularies (ggml-vocab-*.gguf), their test texts (.inp) with ids (.out), and its chat templates.

They are part of the source archive of llama-cpp-python on PyPI (MIT), fetched when first needed and never committed.
"""

import pathlib
import tarfile

from packages import cache_folder, fetch

PACKAGE = "llama-cpp-python==0.3.36"
INSIDE = "vendor/llama.cpp/models/"


def models_folder() -> pathlib.Path:
    folder = cache_folder() / "llama.cpp-models"
    if folder.exists():
        return folder
    scratch = folder.with_suffix(".new")
    with tarfile.open(fetch(PACKAGE, ".tar.gz", "--no-binary=llama-cpp-python")) as files:
        for member in files:
            _, _, inside = member.name.partition(INSIDE)
            if member.isfile() and inside and ".." not in inside:
                target = scratch / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(files.extractfile(member).read())
    scratch.rename(folder)
    return folder

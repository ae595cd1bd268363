"""The peer's own virtual environment, built once and kept in the cache."""

import os
import pathlib
import subprocess
import sys

import machine

LLAMA_CPP_PYTHON = "0.3.36"


def build_flags() -> str:
    """Native code. g++ 12 drops the stores that fill an AMX tile configuration (it believes that _tile_loadconfig
    reads 8 bytes), so such a build crashes unless dead-store elimination is off."""
    flags = "-DGGML_NATIVE=ON"
    if "amx_int8" in machine.cpu_flags():
        quiet = "-fno-tree-dse -fno-dse"
        flags += f' "-DCMAKE_C_FLAGS={quiet}" "-DCMAKE_CXX_FLAGS={quiet}"'
    return flags


def python() -> str:
    """The interpreter of the environment; the first call compiles llama.cpp (about 10 minutes on 2 cores)."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(base) / "understudy" / "bench" / f"llama-cpp-python-{LLAMA_CPP_PYTHON}"
    interpreter, finished = folder / "bin" / "python", folder / "finished"
    if not finished.exists():
        print(f"building llama-cpp-python {LLAMA_CPP_PYTHON} ({build_flags()})", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(interpreter), "-m", "pip", "install", "--quiet", "--no-binary", "llama-cpp-python",
                        f"llama-cpp-python=={LLAMA_CPP_PYTHON}"],
                       env=dict(os.environ, CMAKE_ARGS=build_flags()), check=True)
        finished.touch()
    return str(interpreter)

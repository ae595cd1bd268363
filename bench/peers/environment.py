"""The peer's own virtual environment, built once and kept in the cache."""

import os
import pathlib
import subprocess
import sys

import machine

LLAMA_CPP_PYTHON = "0.3.36"
# Beside our tables of the same name; ggml's AVX2, FMA, F16C and BMI2 are on unless the build is native.
OF_A_SET = {"avx2": "-DGGML_NATIVE=OFF", "avx_vnni": "-DGGML_NATIVE=OFF -DGGML_AVX_VNNI=ON"}


def build_flags(isa: str | None = None) -> str:
    """Native code, or that of an instruction set. g++ 12 drops the stores that fill an AMX tile configuration (it
    believes that _tile_loadconfig reads 8 bytes), so such a build crashes unless dead-store elimination is off."""
    if isa:
        return OF_A_SET[isa]
    flags = "-DGGML_NATIVE=ON"
    if "amx_int8" in machine.cpu_flags():
        quiet = "-fno-tree-dse -fno-dse"
        flags += f' "-DCMAKE_C_FLAGS={quiet}" "-DCMAKE_CXX_FLAGS={quiet}"'
    return flags


def python(isa: str | None = None) -> str:
    """The interpreter of the environment; the first call compiles llama.cpp (about 10 minutes on 2 cores)."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    name = "-".join(["llama-cpp-python", LLAMA_CPP_PYTHON, *([isa] if isa else [])])
    folder = pathlib.Path(base) / "understudy" / "bench" / name
    interpreter, finished = folder / "bin" / "python", folder / "finished"
    if not finished.exists():
        print(f"building llama-cpp-python {LLAMA_CPP_PYTHON} ({build_flags(isa)})", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(interpreter), "-m", "pip", "install", "--quiet", "--no-binary", "llama-cpp-python",
                        f"llama-cpp-python=={LLAMA_CPP_PYTHON}"],
                       env=dict(os.environ, CMAKE_ARGS=build_flags(isa)), check=True)
        finished.touch()
    return str(interpreter)

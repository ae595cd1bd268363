"""llama.cpp as a peer: its Python bindings in their own virtual environment, and its server, built once and kept in the cache.

    $(python3 bench/peers/environment.py) --model MODEL.gguf --jinja     builds the server and prints the program
"""

import os
import pathlib
import shlex
import subprocess
import sys

import machine

LLAMA_CPP_PYTHON = "0.3.36"
# Beside our tables of the same name; ggml's AVX2, FMA, F16C and BMI2 are on unless the build is native.
OF_A_SET = {
    "avx2": "-DGGML_NATIVE=OFF",
    "avx_vnni": "-DGGML_NATIVE=OFF -DGGML_AVX_VNNI=ON",
    "avx512": "-DGGML_NATIVE=OFF -DGGML_AVX512=ON -DGGML_AVX512_VNNI=ON",
}


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


def cache_folder(name: str) -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "understudy" / "bench" / name


def python(isa: str | None = None) -> str:
    """The interpreter of the environment; the first call compiles llama.cpp (about 10 minutes on 2 cores)."""
    folder = cache_folder("-".join(["llama-cpp-python", LLAMA_CPP_PYTHON, *([isa] if isa else [])]))
    interpreter, finished = folder / "bin" / "python", folder / "finished"
    if not finished.exists():
        print(f"building llama-cpp-python {LLAMA_CPP_PYTHON} ({build_flags(isa)})", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(interpreter), "-m", "pip", "install", "--quiet", "--no-binary", "llama-cpp-python",
                        f"llama-cpp-python=={LLAMA_CPP_PYTHON}"],
                       env=dict(os.environ, CMAKE_ARGS=build_flags(isa)), check=True)
        finished.touch()
    return str(interpreter)


def server() -> str:
    """llama.cpp's own server, of the same source package and with the same flags as the bindings."""
    folder = cache_folder(f"llama-server-{LLAMA_CPP_PYTHON}")
    program, finished = folder / "build" / "bin" / "llama-server", folder / "finished"
    if not finished.exists():
        print(f"building llama-server of llama-cpp-python {LLAMA_CPP_PYTHON} ({build_flags()})", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "llama-cpp-python",
                        f"llama-cpp-python=={LLAMA_CPP_PYTHON}", "-d", str(folder)], check=True)
        subprocess.run(["tar", "-xzf", str(next(folder.glob("*.tar.gz"))), "-C", str(folder)], check=True)
        source = next(folder.glob("*/vendor/llama.cpp"))
        build = ["cmake", "-S", str(source), "-B", str(folder / "build"), "-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_BUILD_TESTS=OFF",
                 "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF", *shlex.split(build_flags())]
        subprocess.run(build, check=True, stdout=sys.stderr)
        subprocess.run(["cmake", "--build", str(folder / "build"), "--target", "llama-server", "-j", str(os.cpu_count())],
                       check=True, stdout=sys.stderr)
        finished.touch()
    return str(program)


if __name__ == "__main__":
    print(server())

"""Weights from a name: the generator that golden tests share with C++ (src/engine/golden_test.cpp).

Value i of a tensor is offset + scale * u with u in [-1, 1): the upper 24 bits of the i-th output of splitmix64
(Steele, Lea, Flood 2014; https://prng.di.unimi.it/splitmix64.c), seeded with the FNV-1a hash of the tensor's name.
All arithmetic after the integer is in f32, product rounded before the sum, so both sides get the same bits.
"""

import numpy as np

FNV_OFFSET, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
MASK = (1 << 64) - 1


def fnv1a(name: str) -> int:
    return fnv1a_bytes(name.encode())


def fnv1a_bytes(data) -> int:
    value = FNV_OFFSET
    for byte in memoryview(data).cast("B"):
        value = (value ^ byte) * FNV_PRIME & MASK
    return value


def generate(name: str, count: int, scale: float, offset: float) -> np.ndarray:
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    u = (z >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    return np.float32(offset) + np.float32(scale) * u

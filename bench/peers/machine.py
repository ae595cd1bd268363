"""What a measurement ran on, and who else was running: without this a figure means nothing."""

import os
import pathlib
import platform
import re
import subprocess

FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def cpu_flags() -> list[str]:
    text = pathlib.Path("/proc/cpuinfo").read_text()
    present = set(re.search(r"^flags\s*: (.*)$", text, re.M)[1].split())
    return [flag for flag in FLAGS if flag in present]


def describe() -> dict:
    text = pathlib.Path("/proc/cpuinfo").read_text()
    memory = pathlib.Path("/proc/meminfo").read_text()
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    return {
        "cpu": re.search(r"^model name\s*: (.*)$", text, re.M)[1],
        "cpus": len(os.sched_getaffinity(0)),
        "flags": cpu_flags(),
        "memory_gb": round(int(re.search(r"MemTotal:\s*(\d+)", memory)[1]) / 1e6, 1),
        "kernel": platform.release(),
        "compiler": compiler,
    }


class Activity:
    """CPU time of the whole machine between two looks: idle, stolen by the host, spent by our children, the rest."""

    def __init__(self):
        self.start = self.look()
        self.load_at_start = os.getloadavg()[0]

    @staticmethod
    def look() -> dict:
        user, nice, system, idle, iowait, irq, softirq, steal = map(
            int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
        times, ticks = os.times(), os.sysconf("SC_CLK_TCK")
        ours = (times.user + times.system + times.children_user + times.children_system) * ticks
        return {"total": user + nice + system + idle + iowait + irq + softirq + steal, "idle": idle + iowait,
                "steal": steal, "ours": ours}

    def report(self) -> dict:
        now = self.look()
        used = {key: now[key] - self.start[key] for key in now}
        total = max(1, used["total"])
        others = max(0.0, total - used["idle"] - used["steal"] - used["ours"])
        return {"load_average_at_start": round(self.load_at_start, 2),
                "steal_percent": round(100 * used["steal"] / total, 2),
                "other_processes_percent": round(100 * others / total, 2)}


def warning(activity: dict) -> str | None:
    """2 % is about what kernel threads and the shell take on a quiet machine."""
    if activity["steal_percent"] > 2 or activity["other_processes_percent"] > 2:
        return (f"the machine was busy: {activity['steal_percent']} % stolen, "
                f"{activity['other_processes_percent']} % by other processes. Do not quote these figures.")
    return None

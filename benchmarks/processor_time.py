"""Processor time of a process with all its children, from Linux's /proc: user and system together."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(process: int) -> float:
    """Return what a process, its descendants and those of its children that have ended have taken so far."""
    ticks, parent = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:  # it has ended meanwhile
                continue
            # as proc(5) counts them: 4 ppid, 14 utime, 15 stime, 16 cutime, 17 cstime; the words begin with the third
            key = int(folder.name)
            parent[key], ticks[key] = int(words[1]), sum(map(int, words[11:15]))
    return sum(ticks[key] for key in ticks if _descends(key, process, parent)) / _TICKS


def _descends(process: int, of: int, parent: dict[int, int]) -> bool:
    while process and process != of:
        process = parent.get(process, 0)
    return process == of

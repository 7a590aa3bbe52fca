"""What a benchmark keeps: raw seconds as JSON that a second run takes up, and how they are compared."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import statistics
import subprocess
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

from peers import PeerError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results"
"""Ignored by git."""


def stamp():
    """Return a digest of the engine and of the benchmarks: older results are of something else."""
    sha = hashlib.sha256()
    code = [*(ROOT / "src" / "isthmus").rglob("*.py"), *HERE.glob("*.py"), *ROOT.glob("data/*.csv")]
    # how the page is written changes no measurement
    for path in sorted(p for p in code if p.name not in ("performance.py", "page.py")):
        sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


class Record:
    """
    Results of one benchmark by case, saved after each.

    Parameters
    ----------
    name : str
    settings : dict
        What was asked; results of other settings are not taken up.
    fresh : bool
        Forget what there is.
    """

    def __init__(self, name, settings, fresh=False, folder=RESULTS):
        self.path = Path(folder) / f"{name}.json"
        self.head = {"stamp": stamp(), "settings": settings}
        self.cases, self.made = {}, {}
        if self.path.is_file() and not fresh:
            old = json.loads(self.path.read_text(encoding="utf-8"))
            if old["head"] == json.loads(json.dumps(self.head)):
                self.cases, self.made = old["cases"], old["made"]

    @classmethod
    def last(cls, name, folder=RESULTS):
        """Return what was measured last, whatever the settings and the code."""
        record = cls(name, {}, True, folder)
        if record.path.is_file():
            old = json.loads(record.path.read_text(encoding="utf-8"))
            record.head, record.made, record.cases = old["head"], old["made"], old["cases"]
        return record

    def __contains__(self, case):
        return case in self.cases

    def save(self, case, found):
        """Keep a case."""
        self.cases[case] = found
        self.made = machine()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        text = json.dumps({"head": self.head, "made": self.made, "cases": self.cases}, indent=1)
        part.write_text(text, encoding="utf-8")
        part.replace(self.path)


def shared_arguments(parser):
    """Add what every benchmark can be asked."""
    parser.add_argument("folders", nargs="*", help="folders of TNTP files")
    parser.add_argument(
        "--aequilibrae", default=os.environ.get("AEQUILIBRAE"), help="a Python that has AequilibraE"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")


def ratio(theirs, ours):
    """Return the ratios of medians and of least times, None where there are none or the clock says 0."""
    if not theirs or not ours or min(theirs) <= 0.0:
        return None
    return (
        statistics.median(theirs) / statistics.median(ours),
        min(theirs) / min(ours),
    )


def take_turns(contestants, rounds, notes=None):
    """
    Run contestants one after another, round by round, so that a slow minute of the machine meets all.

    Parameters
    ----------
    contestants : dict of str to (callable, float)
        What to run and its budget [s]: it sits out a round that would overspend it, but not the
        first. The callable may return what a further run will cost [s], else that is the least so
        far (one run that the machine held up must not end the turns).
    rounds : int
    notes : dict, optional
        Gets the reason why a contestant dropped out; without it, `PeerError` is raised.
    """
    runs = dict.fromkeys(contestants, 0)
    cost = dict.fromkeys(contestants, 0.0)
    out = set()
    for _ in range(rounds):
        for name, (run, seconds) in contestants.items():
            if name in out or cost[name] * (runs[name] + 1) > seconds:
                continue
            started = time.perf_counter()
            try:
                expected = run()
            except PeerError as problem:
                if notes is None:
                    raise
                notes[name] = str(problem)
                out.add(name)
                continue
            took = expected or time.perf_counter() - started
            cost[name] = min(took, cost[name]) if runs[name] else took
            runs[name] += 1


def machine():
    """Return what the numbers depend on."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        processor = names[0].split(":", 1)[1].strip() if names else processor
    memory = Path("/proc/meminfo")
    size = int(memory.read_text().split()[1]) / 2**20 if memory.is_file() else None
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_gib": size,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numba", "numpy", "scipy")},
        "commit": commit(),
        "date": date.today().isoformat(),
    }


def commit():
    """Return the commit of this tree, with a plus if files differ from it; None outside of git."""
    try:
        call = {"cwd": ROOT, "capture_output": True, "text": True, "check": True}
        name = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], **call).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "src", "benchmarks"], **call
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return name + ("+" if changed.strip() else "")

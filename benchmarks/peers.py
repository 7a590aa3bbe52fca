"""Other solvers, called as separate processes; each says what its own clock covers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class PeerError(Exception):
    """A peer failed; the table says "not measured" and why."""


class Tapb:
    """
    TAP-B (https://github.com/spartalab/tap-b), Algorithm B in C, serial build.

    Its clock, printed with 1 ms, covers the iterations alone: not reading, not the bushes and flows
    it begins with (printed apart, here `start`), and not measuring the gap. What it does in an
    iteration does not depend on the gap asked for, so that one run to the smallest gap tells when
    each larger one was reached.
    """

    def __init__(self, binary):
        self.binary = Path(binary).resolve()
        if not self.binary.is_file():
            raise PeerError(f"no program {self.binary.name}")

    def run(self, network, gap, limit):
        """
        Assign to a gap.

        Parameters
        ----------
        network : networks.Files
        gap : float
        limit : float
            Of its own clock. [s]

        Returns
        -------
        dict
            wall, own, start [s]; gap; history: its clock and gap after each iteration; flow.
        """
        with tempfile.TemporaryDirectory() as place:
            there = Path(place)
            text = network.net.read_text(encoding="utf-8", errors="replace")
            text = re.sub(r"(?im)^<(TOLL|DISTANCE) FACTOR>.*\n", "", text)
            weights = f"<TOLL FACTOR> {network.toll}\n<DISTANCE FACTOR> {network.distance}\n"
            end = "<END OF METADATA>"
            (there / "net.txt").write_text(text.replace(end, weights + end, 1), encoding="utf-8")
            (there / "trips.txt").write_bytes(network.trips.read_bytes())
            asked = {
                "NETWORK FILE": "net.txt",
                "TRIPS FILE": "trips.txt",
                "CONVERGENCE GAP": gap,
                "MAX RUN TIME": limit,
                "FILE PATH": f"{there}/",
                "DATA PATH": f"{there}/",
                "FLOWS FILE": there / "flows.txt",
                "NUMBER OF THREADS": 1,
            }
            (there / "p.txt").write_text("".join(f"<{k}> {v}\n" for k, v in asked.items()))
            started = time.perf_counter()
            try:
                done = subprocess.run(
                    [self.binary, there / "p.txt"],
                    cwd=there,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=6 * limit + 60,
                )
            except subprocess.TimeoutExpired:
                raise PeerError("TAP-B did not end") from None
            wall = time.perf_counter() - started
            said = re.findall(r"gap (-?[\d.]+), (?:obj \S+, )?time ([\d.]+)", done.stdout)
            if done.returncode or not said:
                raise PeerError(f"TAP-B ended with {done.returncode}")
            begun = re.search(r"Initialization done in ([\d.]+)", done.stdout)
            flows = (there / "flows.txt").read_text()
        flow = re.findall(r"\((\d+),(\d+)\) ([-\d.eE+]+)", flows)
        return {
            "wall": wall,
            "own": float(said[-1][1]),
            "start": float(begun[1]) if begun else float("nan"),
            "gap": float(said[-1][0]),
            "history": [(float(t), float(g)) for g, t in said],
            "flow": [(int(a), int(b), float(x)) for a, b, x in flow],
        }


class Aequilibrae:
    """
    AequilibraE (https://github.com/AequilibraE/aequilibrae) in a Python of its own.

    Its clock is that of `TrafficAssignment.execute`, from a graph and a matrix in memory. Its gap
    is over flow times cost, and takes the costs before the last step with the flows after it.
    """

    def __init__(self, python):
        environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": ""}
        self.process = subprocess.Popen(
            [str(python), str(HERE / "aequilibrae_runner.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.place = tempfile.TemporaryDirectory()

    def ask(self, what, timeout=120.0, **more):
        """Send a request and wait for its answer."""
        try:
            self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise PeerError("AequilibraE ended") from None
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            self.process.kill()
            raise PeerError(f"AequilibraE did not answer in {timeout:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise PeerError("AequilibraE ended")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def arrays(self, what, timeout=120.0, **more):
        """Send a request that leaves an array; returns the answer, and the array if there is one."""
        out = Path(self.place.name) / "out.npy"
        out.unlink(missing_ok=True)
        answer = self.ask(what, timeout, out=str(out), **more)
        return answer, np.load(out) if out.is_file() else None

    def close(self):
        """End the process that was started here."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.place.cleanup()

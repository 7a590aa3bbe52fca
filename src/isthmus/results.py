"""What a run leaves on disk: a folder with tables, skims, map, report and manifest, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from isthmus.analysis.flows import Comparison, compare
from isthmus.assign import Assignment
from isthmus.scenario import Scenario
from isthmus.version import __version__

__all__ = [
    "FILES",
    "Run",
    "comparison_table",
    "digest_of",
    "holds",
    "manifest_of",
    "path_table",
    "write_run",
]


FILES = (
    "manifest.json",
    "links.parquet",
    "paths.parquet",
    "skims.omx",
    "comparison.csv",
    "bottlenecks.csv",
    "map.gpkg",
    "report.html",
)
"""What the folder of a run holds."""


@dataclass(frozen=True, eq=False)
class Run:
    """
    One scenario, assigned beside its base.

    Parameters
    ----------
    scenario : Scenario
    base, new : Assignment
        The same object for a scenario without changes.
    """

    scenario: Scenario
    base: Assignment = field(repr=False)
    new: Assignment = field(repr=False)

    @property
    def compared(self) -> bool:
        """Whether the scenario changes anything."""
        return self.base is not self.new

    @cached_property
    def comparison(self) -> Comparison:
        """Base and new side by side."""
        return compare(self.base, self.new)


def manifest_of(result: Run) -> dict[str, Any]:
    """Return what reproduces a run: digests, version, method, gap."""
    new = result.new
    return {
        "scenario": result.scenario.id,
        "title": result.scenario.name,
        "date": new.virtual.network.date,
        "demand_year": new.demand.year,
        "version": __version__,
        "method": new.method,
        "route_flows": new.route_flows,
        "gap": new.gap,
        "asked_gap": new.asked_gap,
        "converged": bool(new.converged and result.base.converged),
        "iterations": new.iterations,
        "base_gap": result.base.gap,
        "base_converged": result.base.converged,
        "base_iterations": result.base.iterations,
        "certificate": _certificate(new),
        "compared": result.compared,
        "totals": {k: None if v != v else v for k, v in result.comparison.totals().items()},
        "seed": None,
        "stops": new.virtual.n_stop,
        "arcs": new.virtual.n_arc,
        "paths": new.paths.n_path,
        "scenario_digest": result.scenario.digest,
        "base_network_digest": result.base.digests["network"],
        **{f"{k}_digest": v for k, v in new.digests.items()},
        "digest": _digest(result),
    }


def _certificate(new: Assignment) -> dict[str, float | None]:
    """Return what proves a stochastic equilibrium; nothing of other methods."""
    proof = new.certificate
    if proof is None:
        return {"conservation": None, "duality_gap": None, "least_usd_yr": None}
    return {
        "conservation": proof.conservation,
        "duality_gap": proof.duality_gap,
        "least_usd_yr": proof.least_usd_yr,
    }


def _digest(result: Run) -> str:
    new, base = result.new, result.base.digests["network"]
    return digest_of(result.scenario, new.method, new.asked_gap, base, new.digests)


def digest_of(
    scenario: Scenario, method: str, gap: float, base: str, digests: Mapping[str, str]
) -> str:
    """Return the digest of all that decides the result of a run."""
    sha = hashlib.sha256(__version__.encode())
    for part in [scenario.id, scenario.digest, method, repr(gap), base, *digests.values()]:
        sha.update(b"\0" + part.encode())
    return sha.hexdigest()


def write_run(result: Run, folder: Path) -> Path:
    """
    Write ``results/<scenario>/`` whole or not at all.

    Parameters
    ----------
    result : Run
    folder : Path
        Parent, usually ``results``.

    Returns
    -------
    Path
        The folder of this scenario. If it holds the same digest already, it is left as it is.
    """
    from isthmus.formats.geo import write_map
    from isthmus.formats.omx import write_omx
    from isthmus.output.report.assemble import assemble
    from isthmus.output.report.order import write_report
    from isthmus.skim import skim

    manifest = manifest_of(result)
    target = folder / result.scenario.id
    if holds(target, str(manifest["digest"])):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    comparison = result.comparison
    part = Path(tempfile.mkdtemp(prefix=f".{result.scenario.id}-", dir=folder))
    try:
        comparison.by("link").to_parquet(part / "links.parquet", index=False)
        path_table(result.new).to_parquet(part / "paths.parquet", index=False)
        comparison_table(comparison).to_csv(part / "comparison.csv", index=False)
        comparison.bottlenecks().to_csv(part / "bottlenecks.csv", index=False)
        skims = skim(result.new)
        write_omx(part / "skims.omx", skims.matrices, skims.zones)
        bundle = assemble(result.scenario, comparison, manifest, compared=result.compared)
        write_map(part / "map.gpkg", bundle)
        write_report(part / "report.html", bundle)
        (part / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        _replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def holds(target: Path, digest: str) -> bool:
    """Tell whether a folder holds the result of that digest, whole."""
    manifest = target / "manifest.json"
    if not all((target / name).is_file() for name in FILES):
        return False  # a folder of an older version, or one somebody took from
    try:
        return bool(json.loads(manifest.read_text(encoding="utf-8")).get("digest") == digest)
    except ValueError:
        return False


def _replace(part: Path, target: Path) -> None:
    """Put the finished folder in place; an older one steps aside first."""
    part.chmod(0o755)
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
        target.rename(old / target.name)
        part.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        part.rename(target)


def comparison_table(comparison: Comparison) -> pd.DataFrame:
    """Return every dimension in one long table: dimension, key, quantity, base, new, change."""
    from isthmus.analysis.flows import DIMENSIONS

    parts = []
    for dimension, (key, _) in DIMENSIONS.items():
        frame = comparison.by(dimension)
        if frame.empty:
            continue
        label = frame[key].astype(str).agg(" > ".join, axis=1)
        for column in [c for c in frame if c.endswith("_change")]:
            quantity = column.removesuffix("_change")
            part = pd.DataFrame({"dimension": dimension, "key": label, "quantity": quantity})
            part["base"], part["new"] = frame[f"{quantity}_base"], frame[f"{quantity}_new"]
            part["change"] = frame[column]
            parts.append(part[(part["base"] != 0) | (part["new"] != 0) | (part["change"] != 0)])
    return pd.concat(parts, ignore_index=True)


def path_table(assignment: Assignment) -> pd.DataFrame:
    """Return the used paths: trade, tonnes, attributes and the links in order."""
    paths, arcs = assignment.paths, assignment.virtual.arcs
    link = arcs["link_id"].to_numpy()
    frame = assignment.trips[["origin_zone_id", "destination_zone_id", "commodity_id"]]
    frame = frame.iloc[paths.trip].reset_index(drop=True)
    frame["tonnes_t_yr"] = paths.flow
    for attribute, column in {
        "usd": "usd_t",
        "money": "money_usd_t",
        "hours": "hours_h",
        "co2": "co2_kg_t",
        "length_km": "length_km",
    }.items():
        frame[column] = assignment.path_total(attribute)
    frame["links"] = [" ".join(i for i in link[paths.of(p)] if i) for p in range(paths.n_path)]
    return frame

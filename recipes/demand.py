"""
Derive data/demand.csv: tonnes a year between zones by commodity, base year 2024.

Reads only committed files: data/trade_flows.csv, data/national_totals.csv, data/zones.csv and
recipes/demand_*.csv. Run ``python recipes/demand.py`` to write the matrix and docs/demand.md,
``--check`` to compare with what is committed and print the table of totals.

Steps, each a function below:

1. ``evidence_cells``: cited and judged flows, from group to group, split by commodity.
2. ``filled_cells``: pairs with trade but no published tonnes, from 2019 values and unit values.
3. ``fit``: iterative proportional fitting of all cells, inside their bounds, to observed totals.
4. ``zone_cells``: each cell split over zones by a doubly constrained gravity model.
5. ``matrix``: small cells pruned, tonnes summed and rounded.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
YEAR = 2024
KEY = ["origin_zone_id", "destination_zone_id", "commodity_id"]
COLUMNS = [*KEY, "year", "tonnes_t_yr", "source_id", "page", "confidence", "note"]
TOTALS = ["id", "label", "kind", "observed_mt", "low_mt", "high_mt", "reproduced_mt", "ratio"]
GRADE = {"sourced": "medium", "derived": "low", "judgement": "low", "filled": "low"}


class Inputs:
    """The committed tables; remembers which assumptions were asked for."""

    def __init__(self, data: Path, recipes: Path) -> None:
        def table(path: Path) -> pd.DataFrame:
            return pd.read_csv(path, dtype=str, keep_default_na=False)

        self.flows = table(data / "trade_flows.csv").set_index("flow_id")
        self.national = table(data / "national_totals.csv").set_index("total_id")
        self.zone_ids = set(table(data / "zones.csv")["zone_id"])
        self.zones = table(recipes / "demand_zones.csv").set_index("zone_id")
        self.evidence = table(recipes / "demand_evidence.csv")
        self.values = table(recipes / "demand_values_2019.csv")
        self.totals = table(recipes / "demand_totals.csv")
        self.members = table(recipes / "demand_total_members.csv")
        self.checks = table(recipes / "demand_checks.csv")
        self.assumptions = table(recipes / "demand_assumptions.csv").set_index("id")
        self.used: set[str] = set()
        if self.assumptions.index.has_duplicates:
            raise SystemExit("demand_assumptions.csv: an id stands twice")
        if set(self.zones.index) != self.zone_ids:
            odd = sorted(set(self.zones.index) ^ self.zone_ids)
            raise SystemExit(f"demand_zones.csv and zones.csv differ: {odd}")
        self._value: dict[str, str] = self.assumptions["value"].to_dict()
        self._group: dict[str, str] = self.zones["group"].to_dict()
        self._shares: dict[tuple[str, str, str], dict[str, float]] = {}
        self._mixes: dict[str, dict[str, float]] = {}
        for name, value in self._value.items():
            part = name.split(".")
            if part[0] == "share":
                key = (part[1], part[2], part[3])
                self._shares.setdefault(key, {})[part[4]] = float(value)
            elif part[0] == "mix":
                self._mixes.setdefault(part[1], {})[part[2]] = float(value)

    def text(self, name: str) -> str:
        self.used.add(name)
        return self._value[name]

    def number(self, name: str) -> float:
        return float(self.text(name))

    def mix(self, name: str) -> dict[str, float]:
        """Shares of tonnes by commodity; the name of a commodity is that commodity alone."""
        if name not in self._mixes:
            return {name: 1.0}
        self.used.update(f"mix.{name}.{c}" for c in self._mixes[name])
        return self._mixes[name]

    def shares(self, group: str, partner: str, role: str, commodity: str) -> dict[str, float]:
        """Shares of a group's tonnes by zone: the most specific row that there is."""
        pair = f"{group}>{partner}" if role == "o" else f"{partner}>{group}"
        for key in [
            (pair, role, commodity),
            (pair, role, "any"),
            (group, role, commodity),
            (group, role, "any"),
            (group, "both", "any"),
        ]:
            if key in self._shares:
                self.used.update(".".join(("share", *key, z)) for z in self._shares[key])
                return self._shares[key]
        raise SystemExit(f"demand_assumptions.csv: no zone shares for group {group}")

    def group_parts(
        self, group: str, partner: str, role: str, commodity: str
    ) -> Iterator[tuple[str, float, dict[str, float]]]:
        """Yield (base group, weight, zone shares inside it) of a group that may span several."""
        found: dict[str, dict[str, float]] = {}
        for zone, share in self.shares(group, partner, role, commodity).items():
            found.setdefault(self._group[zone], {})[zone] = share
        for base, zones in found.items():
            weight = sum(zones.values())
            yield base, weight, {z: s / weight for z, s in zones.items()}

    def flow_mt(self, names: str, yearly: bool = True) -> float:
        """Sum of cited flows or national totals in Mt, part years brought to a year."""
        total = 0.0
        for name in names.split():
            if name.startswith("flow-"):
                row = self.flows.loc[name]
                months = float(row["period_months"] or 12) if yearly else 12.0
                total += float(row["tonnes"]) / 1e6 * 12 / months
            else:
                total += float(self.national.loc[name, "value"])
        return total


def evidence_mt(inputs: Inputs, row: pd.Series) -> tuple[float, float, float]:
    """Low, central, high [Mt] of an evidence row; a TEU row is its boxes times t/TEU."""
    if row["teu_m"]:
        way = "westbound" if row["evidence_id"].startswith("asia") else "eastbound"
        mt = float(row["teu_m"]) * inputs.number(f"param.t_per_teu_{way}")
        return mt, mt, mt
    return float(row["low_mt"]), float(row["central_mt"]), float(row["high_mt"])


def _cells(
    inputs: Inputs,
    evidence: str,
    origin: str,
    destination: str,
    mix: str,
    bounds: tuple[float, float, float],
    basis: str,
) -> Iterator[dict[str, object]]:
    low, central, high = bounds
    for commodity, share in inputs.mix(mix).items():
        for o, wo, zo in inputs.group_parts(origin, destination, "o", commodity):
            for d, wd, zd in inputs.group_parts(destination, origin, "d", commodity):
                weight = share * wo * wd
                if o == d or weight <= 0:
                    continue
                yield {
                    "evidence": evidence,
                    "declared_o": origin,
                    "declared_d": destination,
                    "o": o,
                    "d": d,
                    "commodity": commodity,
                    "mt": central * weight,
                    "low": low * weight,
                    "high": high * weight,
                    "basis": basis,
                    "zones_o": zo,
                    "zones_d": zd,
                }


def evidence_cells(inputs: Inputs) -> pd.DataFrame:
    """Cells of the cited and judged flows, tonnes in Mt with bounds."""
    rows: list[dict[str, object]] = []
    for _, r in inputs.evidence.iterrows():
        unknown = [f for f in r["flow_ids"].split() if f not in inputs.flows.index]
        if unknown:
            raise SystemExit(f"demand_evidence.csv {r['evidence_id']}: no flow {unknown}")
        rows += _cells(
            inputs,
            r["evidence_id"],
            r["origin_group"],
            r["destination_group"],
            r["mix"],
            evidence_mt(inputs, r),
            r["basis"],
        )
    return pd.DataFrame(rows)


def filled_cells(inputs: Inputs, evidence: pd.DataFrame) -> pd.DataFrame:
    """Cells of pairs with 2019 trade in value whose tonnes no evidence covers."""
    whole = inputs.evidence[inputs.evidence["covers"] == "all"]
    covered = set(zip(whole["origin_group"], whole["destination_group"], strict=True))
    counted = evidence.groupby(["o", "d"])["mt"].sum()
    growth = inputs.number("param.value_growth_2019_2024")
    low, high = inputs.number("param.fill_low"), inputs.number("param.fill_high")
    rows: list[dict[str, object]] = []
    for _, r in inputs.values.iterrows():
        o, d = r["origin_group"], r["destination_group"]
        mix = inputs.text(f"fill.mix.{o}")
        unit = inputs.number(f"fill.unit_value.{o}")
        kept = 1.0 - inputs.number(f"fill.strip.{o}")
        if (o, d) in covered:
            continue
        mt = float(r["usd_m_2019"]) * growth * kept / unit - float(counted.get((o, d), 0.0))
        if mt > 0.001:
            bounds = (low * mt, mt, high * mt)
            rows += _cells(inputs, f"value-{o}-{d}".lower(), o, d, mix, bounds, "filled")
    return pd.DataFrame(rows)


def _matches(cells: pd.DataFrame, side: str, pattern: str) -> np.ndarray:
    """Rows whose group is named: ``@X`` the group as declared, ``X`` the group it lies in."""
    if pattern == "any":
        return np.ones(len(cells), dtype=bool)
    names = pattern.split("|")
    plain = {n for n in names if not n.startswith("@")}
    declared = {n[1:] for n in names if n.startswith("@")}
    hit = cells[side].isin(plain) | cells[f"declared_{side}"].isin(declared)
    return np.asarray(hit)


def coefficients(inputs: Inputs, cells: pd.DataFrame) -> np.ndarray:
    """Part of each cell counted in each total, shape (n_total, n_cell)."""
    out = np.zeros((len(inputs.totals), len(cells)))
    position = {t: i for i, t in enumerate(inputs.totals["total_id"])}
    for _, m in inputs.members.iterrows():
        hit = _matches(cells, "o", m["origin"]) & _matches(cells, "d", m["destination"])
        if m["commodity"] != "any":
            hit &= np.asarray(cells["commodity"].isin(m["commodity"].split("|")))
        i = position[m["total_id"]]
        out[i] = np.where(hit, np.maximum(out[i], float(m["coefficient"])), out[i])
    return out


def observed(inputs: Inputs) -> np.ndarray:
    """Observed totals [Mt], read from the cited rows and named factors."""
    out = []
    for _, t in inputs.totals.iterrows():
        names, factor = t["observed_from"], t["factor"]
        if names.startswith("evidence "):
            e = inputs.evidence.set_index("evidence_id", drop=False).loc[names.split()[1]]
            out.append(evidence_mt(inputs, e)[1])
        elif factor.startswith("minus "):
            out.append(inputs.flow_mt(names) - inputs.number(factor.split()[1]))
        elif factor:
            times = float(factor) if factor[0].isdigit() else inputs.number(factor)
            out.append(inputs.flow_mt(names, yearly=False) * times)
        else:
            out.append(inputs.flow_mt(names))
    return np.array(out)


def fit(
    cells: pd.DataFrame, coef: np.ndarray, target: np.ndarray, rounds: int = 400
) -> pd.DataFrame:
    """
    Scale cells in turn to each observed total, never outside their bounds.

    Iterative proportional fitting with clipping: a total whose members all sit at a bound stays
    off, and the table of totals says by how much.

    Parameters
    ----------
    cells : DataFrame with columns mt, low, high [Mt/yr]
    coef : ndarray, shape (n_total, n_cell)
    target : ndarray, shape (n_total,) [Mt/yr]
    """
    x = cells["mt"].to_numpy(dtype=float).copy()
    low, high = cells["low"].to_numpy(dtype=float), cells["high"].to_numpy(dtype=float)
    members = [np.flatnonzero(a > 0) for a in coef]
    weights = [a[m] for a, m in zip(coef, members, strict=True)]
    for _ in range(rounds):
        before = x.copy()
        for a, m, want in zip(weights, members, target, strict=True):
            for _ in range(4):
                y = x[m]
                have = float(a @ y)
                free = y < high[m] if have < want else y > low[m]
                part = float(a[free] @ y[free])
                if abs(have - want) < 1e-9 or part <= 0:
                    break
                y[free] *= max(0.0, 1 + (want - have) / part)
                x[m] = np.clip(y, low[m], high[m])
        if np.abs(x - before).max() < 1e-7:
            break
    return cells.assign(mt=x)


def _distances(inputs: Inputs) -> np.ndarray:
    """Great-circle distances [1000 km] between all zones, shape (n_zone, n_zone)."""
    x, y = np.radians(inputs.zones[["x_coord", "y_coord"]].astype(float).to_numpy()).T
    cos = np.outer(np.sin(y), np.sin(y)) + np.outer(np.cos(y), np.cos(y)) * np.cos(
        x[:, None] - x[None, :]
    )
    return 6.371 * np.arccos(np.clip(cos, -1, 1))


def gravity(rows: np.ndarray, columns: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Doubly constrained gravity (Furness): scale weights to row and column sums."""
    x = weight.copy()
    for _ in range(100):
        x *= (rows / x.sum(axis=1))[:, None]
        x *= (columns / x.sum(axis=0))[None, :]
        if np.abs(x.sum(axis=1) - rows).max() < 1e-9:
            break
    return x


def zone_cells(inputs: Inputs, cells: pd.DataFrame) -> pd.DataFrame:
    """Split each cell over its zones; tonnes in t/yr, ``cell`` points back to the cell."""
    decay, smallest = inputs.number("param.distance_decay"), inputs.number("param.smallest_cell")
    near = np.exp(-decay * _distances(inputs))
    at = {str(z): i for i, z in enumerate(inputs.zones.index)}
    rows: list[tuple[str, str, str, float, int]] = []
    for i, r in enumerate(cells.itertuples(index=False)):
        zo, zd = list(r.zones_o), list(r.zones_d)
        so, sd = np.array(list(r.zones_o.values())), np.array(list(r.zones_d.values()))
        weight = near[np.ix_([at[z] for z in zo], [at[z] for z in zd])]
        split = gravity(so, sd, weight) * r.mt * 1e6
        keep = split >= smallest
        if not keep.any():
            keep = split == split.max()
        split = np.where(keep, split, 0) * (split.sum() / split[keep].sum())
        rows += [
            (zo[p], zd[q], r.commodity, float(split[p, q]), i) for p, q in np.argwhere(split > 0)
        ]
    return pd.DataFrame(rows, columns=["o_zone", "d_zone", "commodity", "t", "cell"])


def _rounded(t: float) -> int:
    """
    Three significant digits and whole hundreds of tonnes, a half to the even one.

    Nine digits are kept first: the last ones differ between processors, and shares written with
    few digits fall on a half often.
    """
    step = max(100.0, 10.0 ** (np.floor(np.log10(t)) - 2)) if t > 0 else 100.0
    return int(round(round(t / step, 6)) * step)


def matrix(
    inputs: Inputs, cells: pd.DataFrame, split: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Sum, prune and round; return the table and the tonnes [Mt] left in each cell."""
    smallest = inputs.number("param.smallest_cell")
    key = ["o_zone", "d_zone", "commodity"]
    total = split.groupby(key)["t"].transform("sum")
    split = split[total >= smallest / 3].copy()
    total = split.groupby(key)["t"].transform("sum")
    split["kept"] = split["t"] / total * total.map(_rounded)
    kept = split.groupby("cell")["kept"].sum().reindex(range(len(cells)), fill_value=0.0) / 1e6
    flows = dict(
        zip(inputs.evidence["evidence_id"], inputs.evidence["flow_ids"].str.split(), strict=True)
    )
    named, basis_of = cells["evidence"].to_list(), cells["basis"].to_list()
    parts: dict[tuple[str, str, str], dict[str, float]] = {}
    basis: dict[str, str] = dict(zip(named, basis_of, strict=True))
    for o, d, c, t, i in split[[*key, "kept", "cell"]].itertuples(index=False, name=None):
        part = parts.setdefault((o, d, c), {})
        part[named[i]] = part.get(named[i], 0.0) + t
    rows = []
    for (o, d, c), part in sorted(parts.items()):
        whole = sum(part.values())
        said = sorted((e for e in part if part[e] >= 0.05 * whole), key=lambda e: (-part[e], e))
        cited = list(dict.fromkeys(f for e in said for f in flows.get(e, [])))
        kinds = [b for b in GRADE if b in {basis[e] for e in said}]
        note = f"{'+'.join(kinds)}: {', '.join(said)}" + (f"; {' '.join(cited)}" if cited else "")
        source = "demand-recipe"
        if kinds == ["judgement"] and not cited:
            source = "assumed:judged flow, see recipes/demand_evidence.csv"
        grade = GRADE[basis[said[0]]]
        rows.append([o, d, c, YEAR, round(whole), source, "", grade, note])
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table, kept.to_numpy()


def derive(
    data: Path = ROOT / "data", recipes: Path = ROOT / "recipes"
) -> tuple[pd.DataFrame, pd.DataFrame, Inputs]:
    """Return the matrix, the table of totals and checks, and the inputs with what was used."""
    inputs = Inputs(data, recipes)
    cells = evidence_cells(inputs)
    cells = pd.concat([cells, filled_cells(inputs, cells)], ignore_index=True)
    coef, target = coefficients(inputs, cells), observed(inputs)
    cells = fit(cells, coef, target)
    table, kept = matrix(inputs, cells, zone_cells(inputs, cells))
    rows = [
        [t["total_id"], t["label"], "fitted", want, None, None, have, have / want]
        for (_, t), want, have in zip(inputs.totals.iterrows(), target, coef @ kept, strict=True)
    ]
    for _, k in inputs.checks.iterrows():
        hit = np.zeros(len(cells), dtype=bool)
        for member in k["members"].split(" ; "):
            o, d, c = member.split(">")
            one = _matches(cells, "o", o) & _matches(cells, "d", d)
            hit |= one if c == "any" else one & np.asarray(cells["commodity"].isin(c.split("|")))
        have, want = float(kept[hit].sum()), float(k["central_mt"])
        bounds = [float(k["low_mt"]), float(k["high_mt"])]
        rows.append([k["check_id"], k["label"], "check", want, *bounds, have, have / want])
    return table, pd.DataFrame(rows, columns=TOTALS), inputs


def text_of(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)


def page(table: pd.DataFrame, report: pd.DataFrame) -> str:
    """The generated page docs/demand.md."""
    by = table.groupby("commodity_id")["tonnes_t_yr"].agg(["count", "sum"])
    lines = [
        "# Observed and reproduced trade",
        "",
        "Generated by `python recipes/demand.py`; do not edit. How it is made, and how to lay your",
        "own matrix over it: [recipes/README.md](../recipes/README.md).",
        "",
        f"{len(table):,} rows, {table['tonnes_t_yr'].sum() / 1e6:,.0f} Mt in {YEAR}, between "
        f"{len(set(table['origin_zone_id']) | set(table['destination_zone_id']))} zones.",
        "",
        "## Totals the matrix is fitted to",
        "",
        "| total | observed Mt | reproduced Mt | ratio |",
        "|---|---:|---:|---:|",
    ]
    for r in report[report["kind"] == "fitted"].itertuples():
        lines.append(f"| {r.label} | {r.observed_mt:.2f} | {r.reproduced_mt:.2f} | {r.ratio:.3f} |")
    lines += [
        "",
        "## Estimates it is only compared with",
        "",
        "| flow | low Mt | central Mt | high Mt | matrix Mt | inside |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for r in report[report["kind"] == "check"].itertuples():
        inside = "yes" if r.low_mt * 0.995 <= r.reproduced_mt <= r.high_mt * 1.005 else "no"
        lines.append(
            f"| {r.label} | {r.low_mt:g} | {r.observed_mt:g} | {r.high_mt:g} "
            f"| {r.reproduced_mt:.2f} | {inside} |"
        )
    lines += ["", "## By commodity", "", "| commodity | rows | Mt |", "|---|---:|---:|"]
    lines += [f"| {c} | {n:,.0f} | {t / 1e6:,.1f} |" for c, n, t in by.itertuples()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, print totals, write nothing")
    parser.add_argument("--data", type=Path, default=ROOT / "data", help="folder of the tables")
    parser.add_argument("--out", type=Path, help="matrix to write (default DATA/demand.csv)")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "demand.md")
    options = parser.parse_args(arguments)
    out = options.out or options.data / "demand.csv"
    table, report, inputs = derive(options.data)
    print(report.round(3).to_string(index=False, na_rep=""))
    unused = sorted(set(inputs.assumptions.index) - inputs.used)
    if unused:
        print(f"{len(unused)} assumptions are never used: {', '.join(unused)}", file=sys.stderr)
    if options.check:
        same = out.exists() and text_of(table) == out.read_text(encoding="utf-8")
        verdict = "equals" if same else "differs from"
        print(f"{out} {verdict} what this recipe derives ({len(table)} rows)")
        return 0 if same and not unused else 1
    out.write_text(text_of(table), encoding="utf-8")
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(page(table, report), encoding="utf-8")
    print(f"{len(table)} rows written to {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

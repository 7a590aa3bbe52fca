"""
Terms of passage that bind some trades only: bans, dues, risk.

A restriction names where it holds (a territory or sea entered, a water passage, a crossing), which trades
it binds (by their ends and goods) and what it does (bar them, or charge money or hours at each
entry). Trades bound by the same restrictions form a *class* of their commodity; costs and flows have
one row a class. Rows of `data/restrictions.csv`; equations 31 and 32 of `docs/model.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from isthmus.network import Network

__all__ = ["Binding", "bind", "bites", "listed", "trade_classes"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_CHARGES = ["charge_usd_t", "charge_value_share", "charge_hull_share", "charge_h"]
NOWHERE = {"origin": "", "destination": ""}
"""A trade whose ends are not known: bound by what binds all."""


class Binding(NamedTuple):
    """
    What restrictions in force do to classes on arcs, each array of shape (n_class, n_arc).

    Parameters
    ----------
    barred_by : ndarray of int16
        Row of `Network.restrictions` that bars the class from the arc, -1 if none does.
    money : ndarray
        [USD/t]
    hours : ndarray
        [h]
    """

    barred_by: npt.NDArray[np.int16]
    money: FloatArray
    hours: FloatArray


def listed(cell: str) -> set[str]:
    """Return the ids of a cell that holds several."""
    return {part.strip() for part in cell.split(";") if part.strip()}


def concerned(
    restrictions: pd.DataFrame,
    origin: npt.NDArray[np.object_],
    destination: npt.NDArray[np.object_],
) -> BoolArray:
    """
    Return which restrictions are about which trades, goods and dates left aside.

    Parameters
    ----------
    restrictions : DataFrame
        Rows of ``data/restrictions.csv``.
    origin, destination : ndarray of str, shape (n,)
        Territories a trade begins and ends in; "" is unknown, and bound by nothing that names ends.

    Returns
    -------
    ndarray of bool, shape (n_restriction, n)
    """
    out = np.zeros((len(restrictions), len(origin)), dtype=bool)
    for i, row in enumerate(restrictions.to_dict("records")):
        one, other = listed(row["ends_in"]), listed(row["other_end_in"])
        there = (_in(origin, one) & _in(destination, other)) | (
            _in(destination, one) & _in(origin, other)
        )
        exempt = listed(row["not_ends_in"])
        if row["territory_id"] and not row["own_trade"]:
            exempt.add(row["territory_id"])
        if exempt:
            there &= ~(np.isin(origin, list(exempt)) | np.isin(destination, list(exempt)))
        if one or other or exempt:
            there &= (origin != "") & (destination != "")
        out[i] = there
    return out


def _in(territories: npt.NDArray[np.object_], wanted: set[str]) -> BoolArray:
    """Return which territories are among those wanted; an empty list wants all."""
    return np.isin(territories, list(wanted)) if wanted else np.ones(len(territories), dtype=bool)


def trade_classes(
    network: Network, commodities: pd.DataFrame, trades: pd.DataFrame
) -> tuple[pd.DataFrame, IntArray]:
    """
    Return the classes of trades: a commodity and the restrictions that are about its ends.

    Restrictions that are not in force, or hold nowhere that is open, make no class.

    Parameters
    ----------
    network : Network
    commodities : DataFrame
        Rows of ``data/commodities.csv``.
    trades : DataFrame
        origin, destination [territories, "" unknown], commodity_id: one row a flow; none is allowed.

    Returns
    -------
    classes : DataFrame
        Columns of `commodities` plus `bound_by`, a tuple of rows of `Network.restrictions`. First
        one row a commodity for trades of unknown ends, in their order, then the others.
    class_of : ndarray of int, shape (n_trade,)
    """
    goods = {c: i for i, c in enumerate(commodities["commodity_id"])}
    ends = pd.concat([pd.DataFrame([NOWHERE]), trades[["origin", "destination"]]])
    pairs, pair = _distinct(ends["origin"], ends["destination"])
    about = concerned(network.restrictions, *(p.to_numpy(dtype=object) for p in pairs))
    about &= bites(network)[:, None]
    limits = [listed(cell) for cell in network.restrictions["goods"]]
    fits = np.array([[not limit or c in limit for c in goods] for limit in limits], dtype=bool)
    fits = fits.reshape(len(limits), len(goods))

    def key_of(good: int, of_pair: int) -> tuple[int, tuple[int, ...]]:
        return good, tuple(np.flatnonzero(about[:, of_pair] & fits[:, good]).tolist())

    rows = {key_of(k, int(pair[0])): k for k in range(len(goods))}
    good = trades["commodity_id"].map(goods).to_numpy(dtype=np.int64)
    # trades of one good whose ends the same restrictions are about are of one class
    alike = _columns_alike(about)[pair[1:]]
    which, distinct = pd.factorize(good * (about.shape[1] + 1) + alike)
    first = np.zeros(len(distinct), dtype=np.int64)
    first[which[::-1]] = np.arange(len(which))[::-1]
    keys = [key_of(int(good[i]), int(pair[1 + i])) for i in first]
    for key in sorted(set(keys)):
        rows.setdefault(key, len(rows))
    classes = commodities.iloc[[k for k, _ in rows]].reset_index(drop=True)
    classes["bound_by"] = pd.Series([bound for _, bound in rows], dtype=object)
    return classes, np.array([rows[key] for key in keys], dtype=np.int64)[which]


def _columns_alike(table: BoolArray) -> IntArray:
    """Return a number for each column of a table, the same for columns that are."""
    codes, _ = pd.factorize(np.array([column.tobytes() for column in table.T], dtype=object))
    return np.asarray(codes, dtype=np.int64)


def _distinct(*columns: pd.Series) -> tuple[list[pd.Series], IntArray]:
    """Return the distinct rows of some columns, in order of appearance, and which each row is."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, names = pd.factorize(column)
        code = code * (len(names) + 1) + codes
    which, distinct = pd.factorize(code)
    first = np.zeros(len(distinct), dtype=np.int64)
    first[which[::-1]] = np.arange(len(code))[::-1]
    return [column.iloc[first] for column in columns], np.asarray(which, dtype=np.int64)


def bites(network: Network) -> BoolArray:
    """
    Return which restrictions are in force and have an open crossing or passage to hold at.

    Parameters
    ----------
    network : Network

    Returns
    -------
    ndarray of bool, shape (n_restriction,)
    """
    table = network.restrictions
    is_open = {n: getattr(network, n)["is_open"].to_numpy(bool) for n in ("links", "crossings")}
    at = [
        ("links", "passage_id", "passage_id"),
        ("crossings", "crossing_id", "crossing_id"),
        ("crossings", "to_territory_id", "territory_id"),
    ]
    out = table["in_force"].to_numpy(dtype=bool).copy()
    for i, row in enumerate(table.to_dict("records")):
        if not out[i]:
            continue
        name, column, key = next((a for a in at if row[a[2]]), at[-1])
        frame = getattr(network, name)
        there = is_open[name] & (frame[column].to_numpy(dtype=object) == row[key])
        modes = listed(row["modes"])
        mode = frame["mode"].to_numpy(dtype=object)[there]
        out[i] = any(m in modes if modes else m != "" for m in mode)
    return out


def entries(network: Network, arcs: pd.DataFrame) -> tuple[BoolArray, FloatArray]:
    """
    Return where each restriction holds and the share of its charge an arc bears.

    A charge on a territory, sea or crossing falls on crossings into it; one on a passage of several
    links is shared out over them by length, so that going through costs it once. A ban on a territory
    holds for leaving it as well.

    Parameters
    ----------
    network : Network
    arcs : DataFrame
        `VirtualNetwork.arcs`.

    Returns
    -------
    where : ndarray of bool, shape (n_restriction, n_arc)
    share : ndarray, shape (n_restriction, n_arc)
    """
    table = network.restrictions
    where = np.zeros((len(table), len(arcs)), dtype=bool)
    share = np.zeros(where.shape)
    mode = arcs["mode"].to_numpy(dtype=object)
    cross = arcs["kind"].eq("cross").to_numpy()
    into = arcs["territory_id"].to_numpy(dtype=object)
    territories = network.links.drop_duplicates("link_id")
    whole = territories.groupby(["passage_id", "mode"])["length_km"].sum()
    for i, row in enumerate(table.to_dict("records")):
        modes = listed(row["modes"])
        fits = np.isin(mode, list(modes)) if modes else np.ones(len(arcs), dtype=bool)
        if row["passage_id"]:
            where[i] = fits & arcs["passage_id"].eq(row["passage_id"]).to_numpy()
            total = [whole.get((row["passage_id"], m), np.nan) for m in mode[where[i]]]
            share[i, where[i]] = arcs["length_km"].to_numpy(dtype=float)[where[i]] / total
            continue
        if row["crossing_id"]:
            where[i] = fits & arcs["crossing_id"].eq(row["crossing_id"]).to_numpy()
        else:
            where[i] = fits & cross & (into == row["territory_id"])
        share[i, where[i]] = 1.0
        if row["effect"] == "ban" and row["territory_id"]:
            leaving = arcs["from_territory_id"].eq(row["territory_id"]).to_numpy()
            where[i] |= fits & cross & leaving
    return where, share


def bind(
    network: Network, arcs: pd.DataFrame, classes: pd.DataFrame, hull_usd_t: FloatArray
) -> Binding:
    """
    Return what the restrictions in force do to each class on each arc.

    (31) `money = Σ_r share_ra (charge_r + value share_r · value_k + hull share_r · hull_a)`, over
    restrictions *r* that are in force and bind class *k*; (32) hours likewise.

    Parameters
    ----------
    network : Network
    arcs : DataFrame
        `VirtualNetwork.arcs`.
    classes : DataFrame
        Of `trade_classes`.
    hull_usd_t : ndarray, shape (n_arc,)
        Value of the ship a tonne of cargo; 0 where there is none. [USD/t]

    Returns
    -------
    Binding
    """
    shape = (len(classes), len(arcs))
    found = Binding(np.full(shape, -1, np.int16), np.zeros(shape), np.zeros(shape))
    table = network.restrictions
    where, share = entries(network, arcs)
    numbers = table[_CHARGES].fillna(0.0).to_numpy(float)
    active = table["in_force"].to_numpy(dtype=bool)
    value = classes["value_usd_t"].to_numpy(dtype=float)
    ban = table["effect"].eq("ban").to_numpy()
    for k, bound in enumerate(classes["bound_by"]):
        for i in bound:
            if not active[i]:
                continue
            if ban[i]:
                found.barred_by[k, where[i]] = i
                continue
            usd_t, of_value, of_hull, hours = numbers[i]
            found.money[k] += share[i] * (usd_t + of_value * value[k] + of_hull * hull_usd_t)
            found.hours[k] += share[i] * hours
    return found

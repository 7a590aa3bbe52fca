"""Tonnes a year against trains and lorries a day: the one place where one becomes the other."""

from __future__ import annotations

from isthmus.cost.parameters import Parameters
from isthmus.errors import Fault, InputError

__all__ = ["NET", "capacity_t_yr", "throughput_t_yr", "vehicles_day"]

NET = {"rail": ("train_net_t", "rail"), "road": ("payload_t_truck", "road")}
"""Parameter that holds the net tonnes of a loaded train or lorry, by mode."""


def throughput_t_yr(parameters: Parameters, mode: str, vehicles_day: float) -> float:
    """
    Return what a mean number of vehicles a day carries in a year.

    ``vehicles · net tonnes · working days / empty return factor`` (docs/model.md, 2).

    Parameters
    ----------
    parameters : Parameters
    mode : {'rail', 'road'}
    vehicles_day : float
        Trains or lorries, loaded and empty, in the direction or directions meant. [1/d]

    Returns
    -------
    float
        [t/yr]

    Raises
    ------
    InputError
        If the mode is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("payload_t_truck", "road", 20.0), ("working_days_yr", "", 350.0)]
    >>> rows += [("empty_return_factor", "road", 1.25), ("peak_factor", "", 1.15)]
    >>> told = Parameters(pd.DataFrame(rows, columns=["parameter", "mode", "value"]))
    >>> throughput_t_yr(told, "road", 500.0)
    2800000.0
    """
    return vehicles_day * _tonnes_of_one(parameters, mode)


def capacity_t_yr(parameters: Parameters, mode: str, vehicles_day: float) -> float:
    """
    Return the yearly tonnes that vehicles on the busiest day allow for: a day's best is no mean.

    `throughput_t_yr` over the peak factor.

    Parameters
    ----------
    parameters : Parameters
    mode : {'rail', 'road'}
    vehicles_day : float
        What can be handled on a day. [1/d]

    Returns
    -------
    float
        [t/yr]
    """
    return throughput_t_yr(parameters, mode, vehicles_day) / parameters.get("peak_factor")


def vehicles_day(parameters: Parameters, mode: str, tonnes_yr: float) -> float:
    """
    Return the mean number of vehicles a day that yearly tonnes take, empty ones included.

    Parameters
    ----------
    parameters : Parameters
    mode : {'rail', 'road'}
    tonnes_yr : float
        [t/yr]

    Returns
    -------
    float
        [1/d]
    """
    return tonnes_yr / _tonnes_of_one(parameters, mode)


def _tonnes_of_one(parameters: Parameters, mode: str) -> float:
    """Tonnes a year of one vehicle a day."""
    if mode not in NET:
        mend = f"One of {', '.join(NET)}."
        raise InputError([Fault("mode", f'"{mode}" has no vehicles to count.', mend)])
    net = parameters.get(NET[mode][0], mode=NET[mode][1])
    days = parameters.get("working_days_yr")
    return net * days / parameters.get("empty_return_factor", mode=mode)

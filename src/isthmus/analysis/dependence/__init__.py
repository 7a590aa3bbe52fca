"""Whose trade passes what another owns or controls, what a refusal would stop, and what going round costs."""

from isthmus.analysis.dependence.disjoint import all_routes, routes
from isthmus.analysis.dependence.shares import Dependence, Refusal, dependence, refusal

__all__ = [
    "Dependence",
    "Refusal",
    "all_routes",
    "dependence",
    "refusal",
    "routes",
]

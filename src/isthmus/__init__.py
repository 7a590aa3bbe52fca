"""
Isthmus: who can reach whom, by which route, at what cost, and through whose territory.

The straight line, each step a pure function of the last one's result::

    facts = ist.read()
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    cost = ist.GeneralizedCost(facts)
    order = ist.Scenario.read("scenarios/rasht-astara.toml")
    base = ist.assign(network, demand, cost)
    new = ist.assign(*order.apply(network, demand), cost, start=base)
    ist.compare(base, new).by("territory")

Names load on first use, so that ``import isthmus`` is quick and has no side effect.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from isthmus.version import __version__

if TYPE_CHECKING:
    from isthmus.analysis.criticality import criticality as criticality
    from isthmus.analysis.dependence import dependence as dependence
    from isthmus.analysis.evidence import validate as validate
    from isthmus.analysis.flows import Comparison as Comparison
    from isthmus.analysis.flows import bottlenecks as bottlenecks
    from isthmus.analysis.flows import compare as compare
    from isthmus.analysis.flows import route as route
    from isthmus.analysis.invest import invest as invest
    from isthmus.analysis.power import power as power
    from isthmus.analysis.reliability import reliability as reliability
    from isthmus.assign import Assignment as Assignment
    from isthmus.assign import assign as assign
    from isthmus.chronicle import as_of as as_of
    from isthmus.chronicle import history as history
    from isthmus.cost.model import GeneralizedCost as GeneralizedCost
    from isthmus.demand import Demand as Demand
    from isthmus.facts.check import check as check
    from isthmus.formats import write as write
    from isthmus.games import banzhaf as banzhaf
    from isthmus.games import in_core as in_core
    from isthmus.games import nucleolus as nucleolus
    from isthmus.games import shapley as shapley
    from isthmus.network import Network as Network
    from isthmus.package import Facts as Facts
    from isthmus.package import read as read
    from isthmus.run import run as run
    from isthmus.scenario import Scenario as Scenario
    from isthmus.skim import skim as skim
    from isthmus.virtual import VirtualNetwork as VirtualNetwork

_HOME = {
    "Assignment": "isthmus.assign",
    "Comparison": "isthmus.analysis.flows",
    "Demand": "isthmus.demand",
    "Facts": "isthmus.package",
    "GeneralizedCost": "isthmus.cost.model",
    "Network": "isthmus.network",
    "Scenario": "isthmus.scenario",
    "VirtualNetwork": "isthmus.virtual",
    "as_of": "isthmus.chronicle",
    "assign": "isthmus.assign",
    "banzhaf": "isthmus.games",
    "bottlenecks": "isthmus.analysis.flows",
    "check": "isthmus.facts.check",
    "compare": "isthmus.analysis.flows",
    "criticality": "isthmus.analysis.criticality",
    "dependence": "isthmus.analysis.dependence",
    "history": "isthmus.chronicle",
    "in_core": "isthmus.games",
    "invest": "isthmus.analysis.invest",
    "nucleolus": "isthmus.games",
    "power": "isthmus.analysis.power",
    "read": "isthmus.package",
    "reliability": "isthmus.analysis.reliability",
    "route": "isthmus.analysis.flows",
    "run": "isthmus.run",
    "shapley": "isthmus.games",
    "skim": "isthmus.skim",
    "validate": "isthmus.analysis.evidence",
    "write": "isthmus.formats",
}

__all__ = [
    "Assignment",
    "Comparison",
    "Demand",
    "Facts",
    "GeneralizedCost",
    "Network",
    "Scenario",
    "VirtualNetwork",
    "__version__",
    "as_of",
    "assign",
    "banzhaf",
    "bottlenecks",
    "check",
    "compare",
    "criticality",
    "dependence",
    "history",
    "in_core",
    "invest",
    "nucleolus",
    "power",
    "read",
    "reliability",
    "route",
    "run",
    "shapley",
    "skim",
    "validate",
    "write",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home on first use (PEP 562)."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'isthmus' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)


class _Front(ModuleType):
    """The package as users see it: `isthmus.assign` is the function, not the module of that name."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOME and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Front

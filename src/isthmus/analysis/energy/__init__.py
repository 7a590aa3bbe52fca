"""Oil and gas: who sells to whom by which lines, over whose territory."""

from isthmus.analysis.energy.comparison import compare_energy
from isthmus.analysis.energy.problem import network_of_year
from isthmus.analysis.energy.trade import EnergyFlows, energy_flows
from isthmus.analysis.energy.validation import validate_energy

__all__ = [
    "EnergyFlows",
    "compare_energy",
    "energy_flows",
    "network_of_year",
    "validate_energy",
]

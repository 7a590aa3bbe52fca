"""Who can stop whom, in money: the transit game over those whose consent opens an arc."""

from isthmus.analysis.power.controllers import Power, compare_power, power
from isthmus.analysis.power.game import transit_by_controller
from isthmus.analysis.power.gas import GasStudy, gas_study
from isthmus.analysis.power.pipelines import GOODS, energy_power

__all__ = [
    "GOODS",
    "GasStudy",
    "Power",
    "compare_power",
    "energy_power",
    "gas_study",
    "power",
    "transit_by_controller",
]

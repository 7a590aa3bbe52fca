"""What flows where: routes between two places, orders side by side, where goods wait, what choosing alone costs."""

from isthmus.analysis.flows.alternatives import route
from isthmus.analysis.flows.anarchy import price_of_anarchy
from isthmus.analysis.flows.bottleneck import bottlenecks
from isthmus.analysis.flows.comparison import Comparison, compare
from isthmus.analysis.flows.totals import DIMENSIONS

__all__ = [
    "DIMENSIONS",
    "Comparison",
    "bottlenecks",
    "compare",
    "price_of_anarchy",
    "route",
]

"""What to build: the best set of projects under a budget, with the proof; who pays and who gains."""

from isthmus.analysis.invest.selection import OBJECTIVES, Invest, invest, npv_of

__all__ = [
    "OBJECTIVES",
    "Invest",
    "invest",
    "npv_of",
]

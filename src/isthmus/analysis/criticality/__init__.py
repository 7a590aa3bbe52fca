"""What the loss of one element of the network, or of several together, does to every country and trade."""

from isthmus.analysis.criticality.benchmark import Bench, bench
from isthmus.analysis.criticality.interdiction import Interdiction
from isthmus.analysis.criticality.removals import Ranking, Removal, Worst
from isthmus.analysis.criticality.sets import Sets, smallest_cuts, worst_together
from isthmus.analysis.criticality.single import Criticality, criticality
from isthmus.analysis.criticality.tntp import (
    METRICS,
    TntpCriticality,
    criticality_tntp,
    interdiction_tntp,
)
from isthmus.analysis.flows.elements import KINDS, elements_of

__all__ = [
    "KINDS",
    "METRICS",
    "Bench",
    "Criticality",
    "Interdiction",
    "Ranking",
    "Removal",
    "Sets",
    "TntpCriticality",
    "Worst",
    "bench",
    "criticality",
    "criticality_tntp",
    "elements_of",
    "interdiction_tntp",
    "smallest_cuts",
    "worst_together",
]

"""
Games with transferable utility: who is worth what to a whole that any of them can leave.

A game of n players is a vector of ``2**n`` values: entry S is what the players whose bits are set
in S are worth on their own; bit 0 is player 0, entry 0 the empty coalition, worth 0.
"""

from isthmus.games.certificate import Kohlberg, Level, kohlberg
from isthmus.games.checks import subset_sums
from isthmus.games.nested import (
    LeastCore,
    core_is_empty,
    in_core,
    least_core,
    nucleolus,
    prenucleolus,
)
from isthmus.games.sampled import Sampled, sampled_shapley
from isthmus.games.semivalues import banzhaf, shapley
from isthmus.games.voting import VotingGame

__all__ = [
    "Kohlberg",
    "LeastCore",
    "Level",
    "Sampled",
    "VotingGame",
    "banzhaf",
    "core_is_empty",
    "in_core",
    "kohlberg",
    "least_core",
    "nucleolus",
    "prenucleolus",
    "sampled_shapley",
    "shapley",
    "subset_sums",
]

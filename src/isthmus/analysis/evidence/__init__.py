"""The model beside what was published: times, costs, volumes, and past years."""

from isthmus.analysis.evidence.past import Backcast, backcast
from isthmus.analysis.evidence.validation import GOALS, Validation, validate

__all__ = [
    "GOALS",
    "Backcast",
    "Validation",
    "backcast",
    "validate",
]

"""Who said what, and what the model finds of the part that a network can answer."""

from isthmus.analysis.claims.document import (
    claim_document,
    flows_behind,
    pair_in_words,
    record_sources,
)
from isthmus.analysis.claims.metrics import routes_of
from isthmus.analysis.claims.register import (
    ASSUMPTIONS,
    ClaimFinding,
    Finding,
    claim_of,
    run_claims,
)

__all__ = [
    "ASSUMPTIONS",
    "ClaimFinding",
    "Finding",
    "claim_document",
    "claim_of",
    "flows_behind",
    "pair_in_words",
    "record_sources",
    "routes_of",
    "run_claims",
]

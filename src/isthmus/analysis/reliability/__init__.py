"""How late, how dear and how often not at all, when places shut and waits differ."""

from isthmus.analysis.reliability.simulation import Reliability, reliability

__all__ = [
    "Reliability",
    "reliability",
]

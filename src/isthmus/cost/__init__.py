"""Generalised cost: one small function a term, priced by rows of the data package."""

"""Sections of a report, one file a question; the same words as the folders of `isthmus.analysis`."""

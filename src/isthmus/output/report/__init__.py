"""Whole documents: the report of an order, its questions on one page, the brief."""

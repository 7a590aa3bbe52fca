"""
The commands: they parse, call one function, print. No logic lives here.

A command is a function in the module of its subject. Naming that module in `MODULES` registers its
commands, in the order `isthmus --help` lists them.
"""

from importlib import import_module

from isthmus.cli.app import app, main

__all__ = ["MODULES", "app", "main"]

MODULES = (
    "map",
    "orders",
    "flows",
    "claims",
    "brief",
    "history",
    "energy",
    "power",
    "invest",
    "criticality",
    "dependence",
    "reliability",
    "facts",
    "engine",
    "evidence",
)

for _name in MODULES:
    import_module(f"isthmus.cli.{_name}")

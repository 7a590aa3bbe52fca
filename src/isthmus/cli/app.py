"""The command line itself: what all commands share, and how they end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.console import compact, note, out, print_table
from isthmus.errors import CostError, Fault, InputError, IsthmusError, NoPath, NotConverged
from isthmus.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.package import Facts

__all__ = [
    "Data",
    "Day",
    "Gap",
    "Html",
    "Json",
    "Method",
    "Order",
    "Results",
    "Svg",
    "alone",
    "app",
    "checked_page",
    "kept",
    "main",
    "print_tornado",
    "read_facts",
]

app = typer.Typer(
    name="isthmus",
    help="Transit corridors between the Black Sea, the Caspian, Central Asia and the Gulf: "
    "who reaches whom, by which route, at what cost, and through whose territory.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

_ClickError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""Usage errors; newer typer brings its own click, so it is asked rather than imported."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Data = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Folder of CSV tables to lay over the shipped ones; repeatable."),
]
Method = Annotated[str, typer.Option(help="stochastic, path_based, capacitated or all_or_nothing.")]
Gap = Annotated[float, typer.Option(help="Relative gap to reach.")]
Day = Annotated[str, typer.Option(help="Day of the network without an order.")]
Order = Annotated[
    str | None, typer.Argument(help="Order, set beside its base; without one, the base alone.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Page to write.")]
Svg = Annotated[Path | None, typer.Option("--svg", help="Picture to write.")]
Results = Annotated[Path, typer.Option("--results", help="Where result folders go.")]


def read_facts(data: list[Path] | None) -> Facts:
    """Return the shipped facts with the user's folders laid over them."""
    from isthmus.package import read

    return read(*(data or []))


def kept(
    facts: Facts, analysis: str, scenario: str | None, *of: object
) -> tuple[Path, list[object]]:
    """Return where the numbers of a tornado are kept, and what decides them besides the facts."""
    from isthmus.scenario import find_scenario

    order = None if scenario is None else find_scenario(scenario, facts).digest
    return Path("results"), [analysis, order, *of]


def print_tornado(swings: pd.DataFrame, what: str, unit: str = "USD/yr") -> None:
    """Print a tornado: what moves a number most, at both ends."""
    sides = {"assumption": "left", "at its low end": "right", "at its high end": "right"}
    rows = [
        [r["name"], compact(r["low_change"], sign=True), compact(r["high_change"], sign=True)]
        for r in swings.to_dict("records")
    ]
    print_table(f"What moves {what} most, {unit}", sides, rows)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit


def checked_page(*paths: Path | None) -> None:
    """Refuse, before any work is done, a file that could not be written at the end."""
    faults = []
    for path in paths:
        if path is None:
            continue
        if path.is_dir():
            faults.append(Fault(str(path), "is a folder.", "Name a file in it.", "page"))
        elif not path.parent.is_dir():
            mend = f"Make it first: mkdir {path.parent}"
            faults.append(Fault(str(path), f"there is no folder {path.parent}.", mend, "page"))
    if faults:
        raise InputError(faults)


def alone(name: str, given: dict[str, bool]) -> None:
    """Refuse options that another one leaves without effect: `given` says which were asked for."""
    faults = [
        Fault(option, f"has no effect with {name}.", "Leave one of the two out.", "option")
        for option, asked in given.items()
        if asked
    ]
    if faults:
        raise InputError(faults)


def main() -> None:
    """Run a command; exit 0 done, 1 our fault, 2 bad input or usage, 3 short of the asked gap."""
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        note.print("stopped; finished results stay as they are.")
        sys.exit(130)
    except KeyboardInterrupt:
        note.print("stopped; finished results stay as they are.")
        sys.exit(130)
    except _ClickError as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (InputError, NoPath) as problem:
        note.print(str(problem), markup=False)
        sys.exit(2)
    except NotConverged as problem:
        note.print(str(problem), markup=False)
        sys.exit(3)
    except (CostError, IsthmusError) as problem:
        note.print(str(problem), markup=False)
        sys.exit(1)
    if code == 130:  # what typer makes of Ctrl-C
        note.print("stopped; finished results stay as they are.")
    sys.exit(code if isinstance(code, int) else 0)

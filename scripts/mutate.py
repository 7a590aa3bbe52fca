"""
Put single faults into a copy of the code and see whether the tests notice.

A test that no fault can fail says nothing. For each module named, a sample of small faults is made on
its syntax tree: ``+`` for ``-``, ``*`` for ``/``, ``<`` for ``<=``, ``min`` for ``max``, ``and`` for
``or``, ``&`` for ``|``, a ``not`` or a sign dropped, a number one larger or 0, the other axis of a sum, a term of a sum
or a factor of a product dropped, a root left out, an argument by name dropped. Docstrings, type hints,
decorators and what only words an error are left alone. Each fault goes alone into a scratch copy of
``src``, never into the working tree; then the tests that belong to the module run until the first fails.

A fault is *noticed* if a test fails or if the tests take too long, and *survives* otherwise. Survivors
are printed with what to write a test for. Some change nothing that can be seen (``x < 0`` for
``x <= 0`` where both give 0): those are for the reader to strike out.

Kernels are compiled ahead and kept; the copies that a fault makes stale are left out of what a run
starts from: those of the module and of all that import it, directly or not.

Needs what the tests need (``pip install -e .[dev]``) and nothing else.

Examples::

    python scripts/mutate.py cost/model                   twenty faults, with the tests of the table below
    python scripts/mutate.py cost analysis/flows/totals   a folder and a module
    python scripts/mutate.py kernels/delay --most 0       all faults there are
    python scripts/mutate.py cost/model --list            what would be tried, without running a test
    python scripts/mutate.py cost/model --tests tests/test_orders.py tests/test_laws.py
    python scripts/mutate.py cost --json found.json       keep what was found, and after new tests
    python scripts/mutate.py --again found.json           try those alone that survived
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("src") / "isthmus"

TESTS: dict[str, tuple[str, ...]] = {
    "analysis/criticality/sets": ("criticality_laws",),
    "analysis/criticality/single": ("criticality_laws",),
    "analysis/dependence/disjoint": ("dependence_laws",),
    "analysis/dependence/shares": ("dependence_laws",),
    "analysis/flows/bottleneck": ("bottleneck",),
    "analysis/flows/comparison": ("comparison_laws",),
    "analysis/flows/exposure": ("exposure",),
    "analysis/reliability/hazards": ("hazards",),
    "analysis/flows/totals": ("totals",),
    "analysis/flows/welfare": ("comparison_laws",),
    "analysis/power/controllers": ("power_laws", "power"),
    "analysis/flows/coalitions": ("power_laws", "power"),
    "assign/all_or_nothing": ("all_or_nothing", "assign_golden"),
    "assign/capacitated": ("capacitated",),
    "assign/congestion": ("congestion",),
    "assign/equilibrium": ("stochastic_laws", "stochastic"),
    "assign/link_removal": ("link_removal_laws",),
    "assign/perturbation_lengths": ("perturbation_lengths",),
    "assign/perturbed_utility": ("stochastic_laws", "link_removal_laws", "stochastic"),
    "assign/stochastic": ("stochastic_laws", "stochastic"),
    "assign/unserved": ("unserved",),
    "assign/warm_start": ("warm_start",),
    "cost/arc_cost": ("cost_model",),
    "cost/components": ("cost_model",),
    "cost/context": ("cost_terms", "cost_model"),
    "cost/model": ("cost_model", "restrictions"),
    "cost/parameters": ("cost_parameters",),
    "cost/restrictions": ("restrictions",),
    "cost/terms": ("cost_terms", "cost_model"),
    "cost/throughput": ("throughput",),
    "kernels/delay": ("delay",),
}
"""
Module → its tests: those of its laws alone, as quick as can be, soonest to fail first. Other modules have
``test_<module>`` and what imports the module.
"""

COPIED = ("src", "tests", "pyproject.toml")
"""What a scratch copy has of its own; all else it needs is linked."""
LINKED = ("data", "scenarios", "docs", "recipes", "scripts", "benchmarks", "frontend", "README.md")

SWAPS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
"""Operator → how it is written, and what stands there instead."""

NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "fmin": "fmax", "fmax": "fmin",
    "any": "all", "all": "any", "argmin": "argmax", "argmax": "argmin", "floor": "ceil", "ceil": "floor",
    "eq": "ne", "ne": "eq", "lt": "le", "le": "lt", "gt": "ge", "ge": "gt", "isna": "notna", "notna": "isna",
    "union": "intersection", "first": "last", "last": "first", "idxmin": "idxmax", "idxmax": "idxmin",
    "expm1": "exp", "log1p": "log", "sum": "mean", "mean": "sum", "bitwise_or": "bitwise_and", "head": "tail",
    "tail": "head", "cumsum": "cumprod", "zeros": "ones", "ones": "zeros",
}  # fmt: skip
"""Function → the one called instead."""
LEFT_OUT = ("sqrt", "abs", "fabs", "log", "exp", "sorted", "unique")
"""Functions whose argument stands for them."""
NO_MATTER = frozenset(
    [
        "dtype",
        "strict",
        "repr",
        "cache",
        "nogil",
        "name",
        "index",
        "copy",
        "kind",
        "ignore_index",
        "sort",
        "default_factory",
        "encoding",
    ]
)
"""Arguments whose absence changes no answer, or is an error at once."""
WORDS_ALONE = re.compile(r"(Fault|Error|Unknown\w*|Infeasible|field|TypeVar|NamedTuple)$")
"""Calls that only word an error or describe a field."""


@dataclass(frozen=True)
class Fault:
    """One fault: what stands in a line instead of what. Columns count bytes."""

    module: str
    line: int
    start: int
    end: int
    old: str
    new: str
    before: str
    after: str

    def put(self, source: bytes) -> bytes:
        """Return the source with the fault in it."""
        lines = source.splitlines(keepends=True)
        row = lines[self.line - 1]
        if row[self.start : self.end].decode() != self.old:
            raise SystemExit(f"{self.module}:{self.line} is no longer what it was: run anew.")
        lines[self.line - 1] = row[: self.start] + self.new.encode() + row[self.end :]
        return b"".join(lines)


class Faults(ast.NodeVisitor):
    """Collect the faults of one module."""

    def __init__(self, module: str, source: bytes) -> None:
        self.module, self.lines = module, source.splitlines()
        self.found: dict[tuple[int, int, int, str], Fault] = {}
        self.visit(ast.parse(source))

    def put(self, line: int, start: int, end: int, new: str) -> None:
        """Keep a fault that leaves the line a line and changes it."""
        row = self.lines[line - 1]
        old = row[start:end].decode()
        if old != new:
            after = (row[:start] + new.encode() + row[end:]).decode().strip()
            fault = Fault(self.module, line, start, end, old, new, row.decode().strip(), after)
            self.found[line, start, end, new] = fault

    def over(self, node: ast.expr, new: str) -> None:
        """Put something in the place of an expression of one line."""
        if node.end_lineno == node.lineno and node.end_col_offset is not None:
            self.put(node.lineno, node.col_offset, node.end_col_offset, new)

    def text(self, node: ast.expr) -> str | None:
        """Return an expression of one line as it is written."""
        if node.end_lineno != node.lineno:
            return None
        return self.lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()

    def between(self, left: ast.expr, right: ast.expr, operator: ast.AST) -> None:
        """Swap the operator between two expressions."""
        if type(operator) not in SWAPS:
            return
        old, new = SWAPS[type(operator)]
        for number in range(left.end_lineno or 0, right.lineno + 1):
            row = self.lines[number - 1]
            start = left.end_col_offset or 0 if number == left.end_lineno else 0
            end = right.col_offset if number == right.lineno else len(row)
            part = row[start:end].split(b"#")[0]
            word = old.encode()
            at = part.find(word)
            if at >= 0:
                self.put(number, start + at, start + at + len(word), new)
                return

    def visit(self, node: ast.AST) -> None:
        """Visit a node, but for words and types."""
        if isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)):
            return
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.Call) and WORDS_ALONE.search(_name(node.func)):
            return
        super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Visit defaults and body: no decorators, no types."""
        for value in [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
            self.visit(value)
        for statement in node.body:
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Visit the body."""
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Visit the value, not the type."""
        if node.value is not None:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Swap the operator of ``x += y``, or drop the statement's memory."""
        self.generic_visit(node)
        if type(node.op) in SWAPS:
            old, new = (f"{s}=" for s in SWAPS[type(node.op)])
            row, start = self.lines[node.lineno - 1], node.target.end_col_offset or 0
            at = row.find(old.encode(), start)
            if at >= 0:
                self.put(node.lineno, at, at + len(old), new)
                self.put(node.lineno, at, at + len(old), "=")

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Swap the operator; drop the term on the right, or on the left of a sum."""
        self.generic_visit(node)
        if any(_words(side) for side in (node.left, node.right)):
            return
        self.between(node.left, node.right, node.op)
        left, right = self.text(node.left), self.text(node.right)
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)) and left is not None:
            self.over(node, left)
        if isinstance(node.op, (ast.Add, ast.Mult)) and right is not None:
            self.over(node, right)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Swap ``and`` and ``or``."""
        self.generic_visit(node)
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.between(left, right, node.op)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Swap a comparison for its neighbour."""
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        for left, right, operator in zip(sides, sides[1:], node.ops, strict=False):
            self.between(left, right, operator)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """Drop ``not``, ``-`` or ``~``."""
        self.generic_visit(node)
        inner = self.text(node.operand)
        if inner is not None:
            self.over(node, inner)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Make a number one larger or 0, and turn yes into no."""
        if isinstance(node.value, bool):
            self.over(node, str(not node.value))
        elif isinstance(node.value, (int, float)):
            self.over(node, repr(node.value + 1))
            if node.value not in (0, 1) or isinstance(node.value, float):
                self.over(node, repr(type(node.value)(0)))

    def visit_Call(self, node: ast.Call) -> None:
        """Call another function, none, or the same with an argument less."""
        for argument in [node.func, *node.args]:
            self.visit(argument)
        name = _name(node.func)
        if node.func.end_lineno == node.lineno and node.func.end_col_offset is not None:
            end = node.func.end_col_offset
            if name in NAMES:
                self.put(node.func.end_lineno, end - len(name), end, NAMES[name])
            if name in LEFT_OUT and len(node.args) == 1 and not node.keywords:
                self.put(node.lineno, node.func.col_offset, end, "")
        before: list[ast.AST] = [*node.args]
        for word in node.keywords:
            if word.arg == "axis" and isinstance(word.value, ast.Constant):
                self.over(word.value, str(1 - word.value.value))  # type: ignore[operator]
            elif word.arg not in NO_MATTER:
                self.visit(word.value)
            # a class has to be given its fields: without one there is an error, and no fault
            optional = word.arg and word.arg not in NO_MATTER and not name[:1].isupper()
            if optional and word.lineno == word.end_lineno:
                row, end = self.lines[word.lineno - 1], word.end_col_offset or 0
                after = re.match(rb",\s*", row[end:])
                start = word.col_offset
                if after:
                    end += after.end()
                elif before and before[-1].end_lineno == word.lineno:  # type: ignore[attr-defined]
                    start = before[-1].end_col_offset  # type: ignore[attr-defined]
                    start = start if row[start : start + 1] == b"," else word.col_offset
                self.put(word.lineno, start, end, "")
            before.append(word)


def _name(function: ast.expr) -> str:
    """Return the last part of the name of what is called."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _words(node: ast.expr) -> bool:
    """Return whether an operand is a text or a type."""
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, str)
    return isinstance(node, ast.Name) and node.id[:1].isupper() and not node.id.isupper()


def faults(module: str) -> list[Fault]:
    """Return all faults of a module that still are a programme."""
    source = (ROOT / PACKAGE / f"{module}.py").read_bytes()
    found = Faults(module, source).found
    out = []
    for key in sorted(found):
        try:
            compile(found[key].put(source), module, "exec")
        except (SyntaxError, ValueError):
            continue
        out.append(found[key])
    return out


def sample(found: list[Fault], most: int, seed: int) -> list[Fault]:
    """Draw some faults, no line twice before every line was drawn once; the same for the same seed."""
    draw = random.Random(f"{seed} {found[0].module if found else ''}")
    shuffled = draw.sample(found, len(found))
    times: dict[int, int] = {}
    turn = []
    for fault in shuffled:
        turn.append(times.get(fault.line, 0))
        times[fault.line] = turn[-1] + 1
    order = sorted(range(len(shuffled)), key=lambda i: turn[i])
    chosen = [shuffled[i] for i in (order if most <= 0 else order[:most])]
    return sorted(chosen, key=lambda f: (f.line, f.start))


def modules(names: list[str]) -> list[str]:
    """Return the modules that names stand for: a module, or a folder of them, under src/isthmus."""
    out = []
    for name in names:
        bare = name.removeprefix("./").removeprefix(f"{PACKAGE}/").removesuffix(".py").strip("/")
        there = ROOT / PACKAGE / bare
        if there.is_dir():
            inside = sorted(p for p in there.rglob("*.py") if p.name != "__init__.py")
            out += [str(p.relative_to(ROOT / PACKAGE).with_suffix("")) for p in inside]
        elif there.with_suffix(".py").is_file():
            out.append(bare)
        else:
            raise SystemExit(f"no module or folder {bare} under {PACKAGE}")
    return list(dict.fromkeys(out))


def tests_of(module: str) -> list[str]:
    """Return the test files that belong to a module, and the module for its examples."""
    path = ROOT / PACKAGE / f"{module}.py"
    if module in TESTS:
        files = [_test_file(name) for name in TESTS[module]]
    else:
        dotted, name = module.replace("/", "."), path.stem
        parent = dotted.rpartition(".")[0]
        says = re.compile(
            rf"isthmus\.{re.escape(dotted)}\b|from isthmus\.{re.escape(parent)} import .*\b{name}\b"
        )
        files = [_test_file(name)]
        for there in sorted((ROOT / "tests").rglob("test_*.py")):
            if says.search(there.read_text(encoding="utf-8")):
                files.append(there.relative_to(ROOT).as_posix())
        mirror = ROOT / "tests" / Path(module).parent  # tests of a question ask at its front
        if mirror != ROOT / "tests":
            files += [f.relative_to(ROOT).as_posix() for f in sorted(mirror.glob("test_*.py"))]
    files = [f for f in dict.fromkeys(files) if (ROOT / f).is_file()]
    examples = ">>>" in path.read_text(encoding="utf-8")
    return [*files, *([str(PACKAGE / f"{module}.py")] if examples else [])]


def _test_file(name: str) -> str:
    """Return the test file of that name, in whichever folder it lies."""
    found = sorted((ROOT / "tests").rglob(f"test_{name}.py"))
    return found[0].relative_to(ROOT).as_posix() if found else f"tests/test_{name}.py"


def stale(module: str) -> set[str]:
    """Return the names of modules whose compiled kernels a fault in a module makes stale."""
    uses: dict[str, set[str]] = {}
    for path in (ROOT / PACKAGE / "kernels").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        said = re.findall(r"^\s*from isthmus\.kernels\.(\w+) import", text, re.MULTILINE)
        for names in re.findall(
            r"^\s*from isthmus\.kernels import \(?([\w\s,]+)", text, re.MULTILINE
        ):
            said += re.findall(r"\w+", names)
        uses[path.stem] = set(said)
    if not module.startswith("kernels/"):
        return set()
    out = {module.split("/")[-1]}
    while more := {name for name, used in uses.items() if used & out} - out:
        out |= more
    return out


class Copy:
    """A scratch copy of the project in which one fault at a time is tried."""

    def __init__(self, place: Path) -> None:
        self.place, self.warm, self.count = place, place / "compiled", 0
        place.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            gone = place / name
            if gone.is_dir():
                shutil.rmtree(gone)
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc", "static")
                shutil.copytree(ROOT / name, gone, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, gone)
        static = PACKAGE / "web" / "static"
        for linked in (*LINKED, str(static)):
            if (ROOT / linked).exists() and not (place / linked).exists():
                (place / linked).symlink_to(ROOT / linked)

    def run(self, tests: list[str], limit: float | None, compiled: Path) -> tuple[str, float]:
        """Run tests until one fails; return passed, failed or timeout, and the seconds it took."""
        environment = {
            **os.environ, "PYTHONPATH": str(self.place / "src"), "NUMBA_CACHE_DIR": str(compiled),
            "PYTHONHASHSEED": "0",
        }  # fmt: skip
        seeded = ["--hypothesis-seed=0"] if any("test_" in t for t in tests) else []
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        started = time.monotonic()
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                [*command, *seeded, *tests], cwd=self.place, env=environment,
                stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                _end(process)
                return "timeout", time.monotonic() - started
            except BaseException:
                _end(process)
                raise
            said.seek(0)
            self.said = said.read().decode(errors="replace")
        return ("passed" if code == 0 else "failed"), time.monotonic() - started

    def try_(self, fault: Fault, tests: list[str], limit: float) -> tuple[str, float]:
        """Put a fault in, run, take it out again."""
        path = self.place / PACKAGE / f"{fault.module}.py"
        kept = ROOT / PACKAGE / f"{fault.module}.py"
        path.write_bytes(fault.put(kept.read_bytes()))
        self.count += 1
        # Python and Numba know a changed file by its time in seconds and its size
        moment = time.time() + 2 * self.count
        os.utime(path, (moment, moment))
        names = stale(fault.module)
        try:
            if not names:
                return self.run(tests, limit, self.warm)
            with tempfile.TemporaryDirectory(dir=self.place) as fresh:
                compiled = Path(fresh) / "compiled"
                if self.warm.is_dir():
                    shutil.copytree(
                        self.warm,
                        compiled,
                        copy_function=os.link,
                        ignore=lambda _, files: [f for f in files if f.split(".")[0] in names],
                    )
                return self.run(tests, limit, compiled)
        finally:
            shutil.copy2(kept, path)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a run and what it started."""
    import signal

    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Put single faults into a copy of the code and see whether the tests notice.",
        epilog=(__doc__ or "").partition("Examples::\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", help="modules or folders under src/isthmus: cost/model")
    parser.add_argument("--most", type=int, default=20, help="faults a module; 0: all (20)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument("--tests", nargs="+", help="files to run instead of those of the module")
    parser.add_argument(
        "--limit", type=float, help="seconds a run may take (4 times the sound one + 60)"
    )
    parser.add_argument("--jobs", type=int, default=1, help="faults tried at a time (1)")
    parser.add_argument(
        "--scratch", type=Path, help="folder to work in, kept with compiled kernels"
    )
    parser.add_argument("--json", type=Path, help="file to write what was found to")
    parser.add_argument("--again", type=Path, help="such a file: try its survivors alone")
    parser.add_argument("--list", action="store_true", help="print the faults, run nothing")
    return parser.parse_args()


def plan(asked: argparse.Namespace) -> dict[str, list[Fault]]:
    """Return the faults to try, by module."""
    if asked.again is not None:
        rows = json.loads(asked.again.read_text(encoding="utf-8"))
        wanted = set(modules(asked.names)) if asked.names else None
        out: dict[str, list[Fault]] = {}
        for row in rows:
            if row.pop("result") == "survived" and (wanted is None or row["module"] in wanted):
                out.setdefault(row["module"], []).append(Fault(**row))
        return out
    if not asked.names:
        raise SystemExit("name a module or a folder under src/isthmus; --help has examples")
    return {m: sample(faults(m), asked.most, asked.seed) for m in modules(asked.names)}


def each(
    asked: argparse.Namespace, wanted: dict[str, list[Fault]], copies: list[Copy]
) -> Iterator[tuple[Fault, str]]:
    """Try the faults of all modules; yield each with killed, timeout or survived."""
    idle: Queue[Copy] = Queue()
    for copy in copies:
        idle.put(copy)
    for module, some in wanted.items():
        tests = asked.tests or tests_of(module)
        if not tests:
            print(f"{module}: no tests; name some by --tests", flush=True)
            yield from ((fault, "survived") for fault in some)
            continue
        sound = 0.0
        for copy in copies:
            state, sound = copy.run(tests, None, copy.warm)
            if state != "passed":
                print(copy.said[-3000:])
                raise SystemExit(f"{module}: tests fail without any fault: {' '.join(tests)}")
        limit = asked.limit or 4 * sound + 60
        print(
            f"{module}: {len(some)} faults, {sound:.0f} s without any: {' '.join(tests)}",
            flush=True,
        )

        def one(fault: Fault, tests: list[str] = tests, limit: float = limit) -> tuple[str, float]:
            copy = idle.get()
            try:
                return copy.try_(fault, tests, limit)
            finally:
                idle.put(copy)

        with ThreadPoolExecutor(len(copies)) as pool:
            for fault, (state, took) in zip(some, pool.map(one, some), strict=True):
                result = {"passed": "survived", "failed": "killed"}.get(state, state)
                said = f"{fault.module}:{fault.line} {fault.old!r} → {fault.new!r}"
                print(f"  {result:9}{took:5.0f} s  {said}", flush=True)
                yield fault, result


def table(found: list[tuple[Fault, str]]) -> str:
    """Return the rates by module, and the survivors."""
    head = f"{'module':28}{'faults':>8}{'killed':>8}{'timeout':>9}{'survived':>10}{'rate':>7}"
    rows = [head]
    names = list(dict.fromkeys(f.module for f, _ in found))
    for name in [*names, "all"]:
        states = [s for f, s in found if name in (f.module, "all")]
        killed, late, alive = (states.count(s) for s in ("killed", "timeout", "survived"))
        rate = alive / len(states) if states else 0.0
        rows.append(f"{name:28}{len(states):8}{killed:8}{late:9}{alive:10}{rate:7.0%}")
    alive_ones = [f for f, s in found if s == "survived"]
    if alive_ones:
        rows.append("\nNo test noticed:")
    for fault in alive_ones:
        rows.append(f"{PACKAGE}/{fault.module}.py:{fault.line}")
        rows.append(f"    {fault.before}\n  → {fault.after}")
    return "\n".join(rows)


def main() -> None:
    """Try faults and tell which no test noticed; exit 1 if there are any."""
    asked = options()
    wanted = plan(asked)
    if asked.list:
        for some in wanted.values():
            for fault in some:
                print(
                    f"{PACKAGE}/{fault.module}.py:{fault.line}\n    {fault.before}\n  → {fault.after}"
                )
        return
    found: list[tuple[Fault, str]] = []
    with tempfile.TemporaryDirectory() as temporary:
        place = asked.scratch.resolve() if asked.scratch else Path(temporary)
        copies = [Copy(place / f"copy{i}") for i in range(max(1, asked.jobs))]
        try:
            for fault, result in each(asked, wanted, copies):
                found.append((fault, result))
                if asked.json:
                    rows = [asdict(f) | {"result": r} for f, r in found]
                    asked.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False), "utf-8")
        except KeyboardInterrupt:
            print("stopped here")
    print(table(found))
    sys.exit(any(result == "survived" for _, result in found))


if __name__ == "__main__":
    main()

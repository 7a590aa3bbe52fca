"""House rules that a tool can keep."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import grimp
import pytest

import isthmus
from isthmus import vocab
from isthmus.cost.terms import TERMS

ROOT = Path(__file__).resolve().parents[1]
LONGER = {
    "kernels/bushes.py": 420,
    "kernels/coalition_simplex.py": 600,
    "kernels/path_newton.py": 560,
    "kernels/projection.py": 510,
    "kernels/route_choice.py": 450,
    "kernels/routes.py": 450,
    "virtual.py": 440,  # one builder that writes every kind of arc
}
"""Modules that may have more than 400 lines, and how many."""
SOURCES = sorted((ROOT / "src" / "isthmus").rglob("*.py"))


def test_public_names_are_sorted_and_resolve():
    assert isthmus.__all__ == sorted(isthmus.__all__)
    for name in isthmus.__all__:
        assert getattr(isthmus, name) is not None


def test_every_word_of_the_vocabularies_is_in_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = [
        *vocab.MODES,
        *vocab.LINK_STATUS,
        *vocab.REGIMES,
        *vocab.TRANSFER_METHODS,
        *vocab.ARC_KINDS,
        *vocab.MEMBER_ROLES,
        *vocab.PARTY_ROLES,
    ]
    words += [term.name for term in TERMS]
    missing = [w for w in words if f"`{w}`" not in glossary]
    assert not missing


def test_shipped_regimes_are_the_vocabulary(shipped):
    assert set(shipped["regimes"]["regime"]) == set(vocab.REGIMES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_are_small_and_speak(path):
    text = path.read_text(encoding="utf-8")
    longest = LONGER.get(path.relative_to(ROOT / "src/isthmus").as_posix(), 400)
    assert len(text.splitlines()) <= longest, "which verb does not belong here?"
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says what it is for"
    if path.parent.name != "cli" and path.name != "console.py":
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
        printed = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"]
        assert not printed, "only the command line prints"


def test_no_path_of_a_machine_in_the_repository():
    pattern = re.compile(r"/(?:work|root|home)/")
    for path in [
        *SOURCES,
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "README.md",
    ]:
        if path.name != "test_house.py" and path.exists():
            assert not pattern.search(path.read_text(encoding="utf-8")), path


QUESTIONS = sorted(
    p.name
    for p in (ROOT / "src/isthmus/analysis").iterdir()
    if p.is_dir() and p.name != "__pycache__"
)
NO_SECTION = {"energy", "evidence"}
"""Questions that no report has a section on: their answers are tables of a command and pages of docs."""
NO_QUESTION = {
    "cli": {
        "app",
        "brief",
        "criticality_tntp",
        "engine",
        "facts",
        "history",
        "map",
        "orders",
        "swings",
    },
    "panels": {"country", "data", "order", "parts", "pick"},
}
"""Modules beside those of questions: what all share, the facts, orders, and what is picked on the map."""


def names_in(folder: str, suffix: str) -> set[str]:
    return {p.stem for p in (ROOT / folder).glob(f"*{suffix}")} - {"__init__"}


def test_a_question_has_one_word_in_all_places():
    asked = set(QUESTIONS)
    assert names_in("src/isthmus/analysis", ".py") == set(), "one folder a question"
    assert names_in("src/isthmus/output/sections", ".py") == asked - NO_SECTION
    assert names_in("src/isthmus/cli", ".py") == asked | NO_QUESTION["cli"]
    assert names_in("frontend/src/panels", ".ts") - NO_QUESTION["panels"] <= asked
    assert {
        p.name for p in (ROOT / "tests/analysis").iterdir() if any(p.glob("test_*.py"))
    } == asked


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_says_at_its_front_what_others_may_use(question):
    front = import_module(f"isthmus.analysis.{question}")
    assert len(front.__all__) == len(set(front.__all__)) > 0
    assert all(getattr(front, name) is not None for name in front.__all__)


def test_imports_run_in_no_circle_not_even_for_a_type():
    graph = grimp.build_graph("isthmus", cache_dir=None)
    below = {m: set(graph.find_modules_directly_imported_by(m)) for m in graph.modules}
    while ends := {m for m, others in below.items() if not others & below.keys()}:
        below = {m: others for m, others in below.items() if m not in ends}
    assert not below

"""House rules that a tool can keep."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import isthmus
from isthmus import vocab
from isthmus.cost.terms import TERMS

ROOT = Path(__file__).resolve().parents[1]
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
    assert len(text.splitlines()) <= 720, "which verb does not belong here?"
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

"""The picture of the house is what its imports say."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def architecture():
    place = ROOT / "scripts" / "architecture.py"
    spec = importlib.util.spec_from_file_location("architecture", place)
    module = importlib.util.module_from_spec(spec)
    sys.modules["architecture"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["architecture"]


def test_picture_and_page_are_what_the_command_writes(architecture):
    stale = "python scripts/architecture.py writes it"
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.drawn(), stale
    assert architecture.PAGE.read_text(encoding="utf-8") == architecture.page(), stale


def test_what_follows_is_left_out(architecture):
    edges = {("a", "b"): 1, ("b", "c"): 2, ("a", "c"): 3, ("a", "d"): 1}
    assert set(architecture.reduced(edges)) == {("a", "b"), ("b", "c"), ("a", "d")}


def test_a_circle_is_named(architecture):
    with pytest.raises(ValueError, match="a → b → a"):
        architecture.reduced({("a", "b"): 1, ("b", "a"): 1})


def test_boxes_lie_beside_each_other(architecture):
    edges = {("a", "b"): 1, ("a", "c"): 1, ("b", "d"): 1, ("a", "d"): 1}
    rows = [["a"], ["b", "c"], ["d"]]
    middle = architecture.arranged(rows, architecture.chains(edges, rows))
    for boxes in rows:
        for left, right in itertools.pairwise(boxes):
            room = architecture.width_of(left) / 2 + architecture.width_of(right) / 2
            assert middle[right] - middle[left] >= room

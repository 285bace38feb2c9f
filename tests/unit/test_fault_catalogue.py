"""The catalogue of faults is complete, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
FAULTS = {int(number): row for number, row in re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)}
RULES = {int(number): row for number, row in re.findall(r"^\| R(\d+) (.*) \|$", PAGE, re.MULTILINE)}
LAST_FAULT, LAST_RULE = 97, 22
MISSING = {
    int(n)
    for line in re.findall(r"^Not built yet, so without a row: (.*)\.$", PAGE, re.MULTILINE)
    for n in line.split(", ")
}
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def names_in(path: str) -> frozenset[str]:
    """The test functions of a file; none if there is no such file."""
    file = ROOT / path
    body = ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else []
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def test_every_fault_and_every_rule_stands_there_once() -> None:
    """Numbers run from 1 without a gap but for those that the page calls missing, and none is used twice."""
    assert not MISSING & FAULTS.keys()
    assert sorted(MISSING | FAULTS.keys()) == list(range(1, max(FAULTS | dict.fromkeys(MISSING)) + 1))
    assert max(FAULTS | dict.fromkeys(MISSING)) >= LAST_FAULT
    assert len(re.findall(r"^\| \d+ \|", PAGE, re.MULTILINE)) == len(FAULTS)
    assert sorted(RULES) == list(range(1, LAST_RULE + 1))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_named_test_exists(path: str, name: str) -> None:
    """A test that is renamed or removed takes its row along."""
    assert name in names_in(path), f"{path} has no {name}: name the test in docs/faults.md that proves this now"


@pytest.mark.parametrize("row", [*FAULTS.values(), *RULES.values()])
def test_every_row_says_what_happens_and_names_a_test(row: str) -> None:
    """Fault, behaviour and proof, and nothing in the last column that is not the name of a test."""
    *words, proof = row.split(" | ")
    assert len(words) >= 1
    assert all(word.strip() for word in words)
    assert re.fullmatch(r"(`tests/[\w/]+\.py::test_\w+` ?)+", proof)

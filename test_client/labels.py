"""How well anomalies were detected: the simulator's labels against the rules' findings, session by session."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from test_client.errors import InputError
from test_client.files import read_lines

RULE_OF_LABEL = {
    "click_flood": "click_rate",
    "bot_agent": "suspicious_agent",
    "checkout_without_journey": "checkout_without_journey",
    "forged_agent": "spoofed_agent",
    "impossible_order": "impossible_sequence",
    "robot_speed": "impossible_speed",
    "scraping": "scraping_breadth",
    "replay": "replayed_ids",
}
COLUMNS = (*RULE_OF_LABEL.values(), "nothing")
_ORDINARY = "(no label)"


class _LabelRow(msgspec.Struct):
    session_id: str
    label: str


class _AnomalyRow(msgspec.Struct):
    session_id: str | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class RuleScore:
    """Sessions that a rule named rightly, wrongly, or missed; a ratio without cases is None."""

    right: int
    wrong: int
    missed: int
    precision: float | None
    recall: float | None

    @classmethod
    def of(cls, truth: set[str], found: set[str]) -> RuleScore:
        """Compare the sessions that should be named with those that were."""
        right = len(truth & found)
        return cls(right, len(found - truth), len(truth - found), _ratio(right, len(found)), _ratio(right, len(truth)))

    def cells(self) -> tuple[object, ...]:
        """The row of a table."""
        ratios = ("-" if ratio is None else f"{ratio:.3f}" for ratio in (self.precision, self.recall))
        return (self.right, self.wrong, self.missed, *ratios)


@dataclass(frozen=True, slots=True)
class Score:
    """The result: a score per rule, and sessions counted by label (rows) and detected rule (columns).

    A session with two labels or two findings counts in each pair, so a row may add up to more than its sessions.
    ``other_rules`` counts findings of rules that no label speaks of.
    """

    rules: dict[str, RuleScore]
    confusion: dict[str, Counter[str]]
    other_rules: int

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        rules = {rule: asdict(score) for rule, score in self.rules.items()}
        confusion = {label: {column: row[column] for column in COLUMNS} for label, row in self.confusion.items()}
        return {"rules": rules, "confusion": confusion, "other_rules": self.other_rules}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def read_labels(path: Path) -> set[tuple[str, str]]:
    """Read pairs of session and label.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        rows = [msgspec.json.decode(line, type=_LabelRow) for line in read_lines(path) if line.strip()]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no labels file ({error}): write one with simulate --labels") from error
    unknown = {row.label for row in rows} - RULE_OF_LABEL.keys()
    if unknown:
        raise InputError(f"{path} names unknown labels {sorted(unknown)}: known are {sorted(RULE_OF_LABEL)}")
    return {(row.session_id, row.label) for row in rows}


def read_anomalies(path: Path) -> list[tuple[str, str]]:
    """Read pairs of session and rule from a JSON list or from NDJSON; findings without a session are left out.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    content = b"".join(read_lines(path))
    try:
        if content.lstrip().startswith(b"["):
            rows = msgspec.json.decode(content, type=list[_AnomalyRow])
        else:
            rows = msgspec.json.Decoder(_AnomalyRow).decode_lines(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no list of anomalies ({error}): give a JSON list or NDJSON of session_id and rule"
        ) from error
    return [(row.session_id, row.rule) for row in rows if row.session_id]


def score(labels: set[tuple[str, str]], anomalies: list[tuple[str, str]]) -> Score:
    """Compare findings with labels; a session that a rule names twice counts once."""
    found = {(session_id, rule) for session_id, rule in anomalies if rule in COLUMNS}
    rules = {
        rule: RuleScore.of(
            {session_id for session_id, name in labels if name == label},
            {session_id for session_id, name in found if name == rule},
        )
        for label, rule in RULE_OF_LABEL.items()
    }
    return Score(rules, _confusion(labels, found), sum(rule not in COLUMNS for _, rule in anomalies))


def _confusion(labels: set[tuple[str, str]], found: set[tuple[str, str]]) -> dict[str, Counter[str]]:
    labels_of: dict[str, set[str]] = {}
    rules_of: dict[str, set[str]] = {}
    for session_id, label in labels:
        labels_of.setdefault(session_id, set()).add(label)
    for session_id, rule in found:
        rules_of.setdefault(session_id, set()).add(rule)
    table: dict[str, Counter[str]] = {label: Counter() for label in (*RULE_OF_LABEL, _ORDINARY)}
    for session_id in labels_of.keys() | rules_of.keys():
        for label in labels_of.get(session_id, {_ORDINARY}):
            table[label].update(rules_of.get(session_id, {"nothing"}))
    return table

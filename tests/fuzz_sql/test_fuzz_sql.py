"""The comparison with Velox: a short run of it, and that it finds, shrinks and tells a difference."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

from local_aws.athena.translate.dialect import parse
from tests.fuzz_sql import __main__ as command
from tests.fuzz_sql import dirty_rows
from tests.fuzz_sql.differences import explained
from tests.fuzz_sql.dirty_rows import Row
from tests.fuzz_sql.engines import PYTHON, Answers, LocalEngine, Velox
from tests.fuzz_sql.expressions import Expression, composed, grammar, leaves
from tests.fuzz_sql.judging import Pair, Verdict
from tests.fuzz_sql.playing import Tally, play
from tests.unit.athena_values import opened


@dataclass(frozen=True)
class Wrong:
    """An engine that says 1 of all, but 2 of `reverse` where the text holds an é."""

    is_wrong: bool

    def answers(self, rows: list[Row], expressions: list[Expression]) -> list[Answers]:
        """Answer each expression for all rows."""
        return [Answers([(self._value(row, one), None) for row in rows]) for one in expressions]

    def _value(self, row: Row, expression: Expression) -> int:
        return 2 if self.is_wrong and "reverse(s)" in expression.text() and "é" in (row["s"] or "") else 1


def seeded(seed: int) -> Random:
    """Chance that can be had again."""
    return Random(seed)  # noqa: S311  no secret


def of(text: str, *parts: Expression) -> Expression:
    """The expression of a line of the grammar."""
    rule = next(rule for rules in grammar().values() for rule in rules if rule.text == text)
    return Expression(rule, parts)


def row_with(**values: object) -> Row:
    """A row of NULLs but for these values."""
    return dict.fromkeys(dirty_rows.NAMES) | values


def test_a_few_expressions_have_the_answers_of_velox(tmp_path: Path) -> None:
    """Every difference found is one that is explained."""
    if not PYTHON.exists():
        pytest.skip("Velox is not installed; `make fuzz-sql` does it")
    tally = Tally()
    with opened(tmp_path) as database, Velox() as velox:
        for seed in range(40):
            play(Pair(velox, LocalEngine(database)), seed, 20, tally)
    assert tally.wrong == {}
    assert sum(kinds["same"] for kinds in tally.kinds.values()) >= 30


def test_a_difference_is_told_in_its_smallest_form() -> None:
    """The function at fault, the one column it reads, and of its text the one letter."""
    deep = of("concat({}, {})", of("upper({})", of("reverse({})", of("s"))), of("w"))
    pair = Pair(Wrong(is_wrong=False), Wrong(is_wrong=True))

    small, row, verdict = pair.smallest(deep, row_with(s="abcéd", w="x", i=7))

    assert small.text() == "reverse(s)"
    assert {name: value for name, value in row.items() if value is not None} == {"s": "é"}
    assert verdict == Verdict("different", 0, 1, 2)


def test_an_unexplained_difference_fails_the_command() -> None:
    """Its story is printed and the exit code is 1."""
    seed = next(s for s in range(10_000) if "reverse(s)" in composed(seeded(s), 3).text())
    tally = Tally()
    while not tally.wrong:
        play(Pair(Wrong(is_wrong=False), Wrong(is_wrong=True)), seed, 200, tally)
    console = Console(record=True, width=120)

    assert command.report(tally, console) == 1
    assert f"seed {seed}: reverse(s)\n  where s = 'é'\n  Velox 1\n  here  2" in console.export_text()


def test_failures_are_answers(tmp_path: Path) -> None:
    """A row that fails is told from its neighbours; what is refused is refused for all rows."""
    rows = [row_with(i=2**63 - 1), row_with(i=4)]
    negative = of("{} + {}", of("i"), of("i"))
    with opened(tmp_path) as database:
        (answers,) = LocalEngine(database).answers(rows, [negative])
        (refused,) = LocalEngine(database).answers(
            [row_with(w="é")], [of("levenshtein_distance({}, {})", of("w"), of("w"))]
        )
    assert [value for value, _ in answers.rows] == [None, 8]
    assert [error is None for _, error in answers.rows] == [False, True]
    assert refused.rows == []
    assert refused.refusal.startswith("NOT_SUPPORTED")


def test_an_entry_excuses_only_what_it_names() -> None:
    """An odd address explains a difference about addresses; a plain one does not, nor an odd one that of text."""
    host = of("url_extract_host({})", of("u"))
    verdict = Verdict("different", 0, "a", "b")

    assert explained(host, row_with(u="http://h/%zz"), verdict) is not None
    assert explained(host, row_with(u="https://shop.example.com/p?q=1"), verdict) is None
    assert explained(of("upper({})", of("u")), row_with(u="http://h/%zz"), verdict) is None


def test_the_grammar_holds_only_functions_that_are_answered() -> None:
    """Each line parses, and every kind that a line names has leaves."""
    random = seeded(1)
    kinds = Counter(rule.kind for rules in grammar().values() for rule in rules)
    for rules in grammar().values():
        for rule in rules:
            assert set(rule.parts) <= set(kinds)
            parts = tuple(Expression(random.choice(grammar()[kind])) for kind in rule.parts)
            if all(not part.rule.parts for part in parts):
                parse(f"SELECT {Expression(rule, parts).text()}")
    assert [kind for kind in kinds if not leaves(kind)] == []


def test_without_velox_the_command_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one sentence."""
    monkeypatch.setattr(command, "PYTHON", Path("/absent"))

    assert command.main(["--seeds", "1"]) == 2
    assert "make fuzz-sql" in capsys.readouterr().out


def test_a_seed_is_the_same_expression_over_the_same_rows() -> None:
    """So that a seed that is printed can be played again."""
    first, second = seeded(17), seeded(17)

    assert composed(first, 3) == composed(second, 3)
    assert repr(dirty_rows.row(first)) == repr(dirty_rows.row(second))

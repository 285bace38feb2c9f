"""Whether two engines say the same of an expression, and the smallest expression and row of which they do not."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tests.fuzz_sql.dirty_rows import Row
from tests.fuzz_sql.engines import KINDS, Answers
from tests.fuzz_sql.expressions import ROOTS, Expression, leaves

_CANDIDATES = 40
"""Smaller expressions asked for in one step."""


class Engine(Protocol):
    """Something that answers expressions."""

    def answers(self, rows: list[Row], expressions: list[Expression]) -> list[Answers]:
        """Answer each expression for all rows."""
        ...


@dataclass(frozen=True)
class Verdict:
    """What became of one expression.

    Attributes:
        kind: `same`, `different`, `refused` (by the local engine, aloud), or `unanswered` (by Velox).
        place: The first row of which they say different things.
        velox: Its answer there, or why it has none.
        local: The local engine's.
    """

    kind: str
    place: int = 0
    velox: Any = None
    local: Any = None


@dataclass(frozen=True)
class Pair:
    """The two engines, asked the same."""

    velox: Engine
    local: Engine

    def verdicts(self, rows: list[Row], expressions: list[Expression]) -> list[Verdict]:
        """Compare what both say of each expression."""
        theirs, ours = (engine.answers(rows, expressions) for engine in (self.velox, self.local))
        return [verdict for pair in zip(theirs, ours, strict=True) for verdict in _compared(*pair)[:1]]

    def smallest(self, expression: Expression, row: Row) -> tuple[Expression, Row, Verdict]:
        """Return the smallest expression and row found that they still differ about."""
        while (found := self._smaller_expression(expression, row)) is not None:
            expression = found
        row = {name: value if name in columns_of(expression) else None for name, value in row.items()}
        while (made := self._smaller_row(expression, row)) is not None:
            row = made
        (verdict,) = self.verdicts([row], [expression])
        return expression, row, verdict

    def _smaller_expression(self, expression: Expression, row: Row) -> Expression | None:
        size = _size(expression)
        candidates = sorted({one for one in _variants(expression) if _size(one) < size and one.parts}, key=_size)
        for start in range(0, len(candidates), _CANDIDATES):
            some = candidates[start : start + _CANDIDATES]
            for one, verdict in zip(some, self.verdicts([row], some), strict=True):
                if verdict.kind == "different":
                    return one
        return None

    def _smaller_row(self, expression: Expression, row: Row) -> Row | None:
        candidates = list(_smaller_rows(row))
        if not candidates:
            return None
        (theirs,), (ours,) = (engine.answers(candidates, [expression]) for engine in (self.velox, self.local))
        places = {verdict.place for verdict in _compared(theirs, ours) if verdict.kind == "different"}
        return candidates[min(places)] if places else None


def _compared(theirs: Answers, ours: Answers) -> list[Verdict]:
    """Return every difference, or the one thing to say where there is none."""
    if theirs.refusal:
        return [Verdict("unanswered", velox=theirs.refusal)]
    if ours.refusal:
        return [Verdict("refused", local=ours.refusal)]
    different = [
        Verdict("different", place, _shown(velox), _shown(local))
        for place, (velox, local) in enumerate(zip(theirs.rows, ours.rows, strict=True))
        if not _agree(velox, local)
    ]
    return different or [Verdict("same")]


def _agree(velox: tuple[Any, str | None], local: tuple[Any, str | None]) -> bool:
    """A failure is an answer, too; its words are not compared."""
    if velox[1] is not None or local[1] is not None:
        return velox[1] is not None and local[1] is not None
    return _same(velox[0], local[0])


def _same(velox: Any, local: Any) -> bool:
    if isinstance(velox, list) and isinstance(local, list):
        return len(velox) == len(local) and all(map(_same, velox, local))
    if isinstance(velox, dict) and isinstance(local, dict) and "double" in velox and "double" in local:
        a, b = float(velox["double"]), float(local["double"])
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-300) or (math.isnan(a) and math.isnan(b))
    return type(velox) is type(local) and bool(velox == local)


def _shown(answer: tuple[Any, str | None]) -> Any:
    value, error = answer
    if error is not None:
        return f"fails: {error}"
    return next(iter(value.values())) if isinstance(value, dict) else value


def columns_of(expression: Expression) -> set[str]:
    """Return the columns that an expression reads."""
    bare = re.sub(r"'[^']*'", "", expression.text(velox=True))
    return set(re.findall(r"\w+", bare)) & set(KINDS)


def _size(expression: Expression) -> tuple[int, int, str]:
    text = expression.text()
    return sum(1 for _ in expression.within()), len(text), text


def _variants(expression: Expression) -> Iterator[Expression]:
    """Yield its parts, and itself with one part made smaller."""
    for one in expression.within():
        if one.rule.kind in ROOTS:
            yield one
    yield from _trimmed(expression)


def _trimmed(expression: Expression) -> Iterator[Expression]:
    for place, part in enumerate(expression.parts):
        same_kind = (one for one in part.within() if one.rule.kind == part.rule.kind)
        for smaller in (*leaves(part.rule.kind), *same_kind, *_trimmed(part)):
            yield replace(expression, parts=(*expression.parts[:place], smaller, *expression.parts[place + 1 :]))


def _smaller_rows(row: Row) -> Iterator[Row]:
    for name, value in row.items():
        for smaller in _smaller_values(value):
            yield {**row, name: smaller}


def _smaller_values(value: Any) -> Iterator[Any]:
    """Yield simpler values of its kind, the simplest first; none is larger, so that there is an end."""
    match value:
        case bool() | None:
            return
        case int() | float():
            yield from (type(value)(simple) for simple in (0, 1, -1, 2) if abs(simple) < abs(value))
        case str():
            yield from ("".join(shorter) for shorter in _shorter(list(value)))
        case list():
            yield from _shorter(value)


def _shorter(items: list[Any]) -> Iterator[list[Any]]:
    if items:
        yield []
    yield from (items[:place] + items[place + 1 :] for place in range(len(items)))

"""Expressions composed at random from the lines of `grammar.txt`, in Trino's words and in Velox's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

GRAMMAR = Path(__file__).with_name("grammar.txt")
ROOTS = ("text", "integer", "double", "truth", "time", "date", "texts", "integers")
"""Kinds of whole expressions; Velox's bindings crash on maps as answers."""
_PLACE = re.compile(r"\{(\w+)\}")
_CALL = re.compile(r"[a-z_0-9]+\(.*\)")
_NAMES = re.compile(r"([a-z_0-9]+)\(|\b(IN|LIKE|BETWEEN|CASE|INTERVAL|DISTINCT FROM|AT TIME ZONE)\b|([-+*/%<>=|]+|\[)")


@dataclass(frozen=True)
class Rule:
    """One line of the grammar.

    Attributes:
        kind: What it makes.
        text: In Trino's words, with a place in braces for each part.
        velox: The same in Velox's.
        parts: Kinds of the parts, in their order.
        family: Heading in the file.
    """

    kind: str
    text: str
    velox: str
    parts: tuple[str, ...]
    family: str

    @property
    def is_operator(self) -> bool:
        """Whether it needs parentheses within another."""
        return bool(self.parts or self.text.startswith("-")) and not _CALL.fullmatch(self.text)

    @property
    def functions(self) -> set[str]:
        """Names of the functions and operators that it uses itself."""
        bare = re.sub(r"'[^']*'", "''", self.text)
        return {next(filter(None, found)) for found in _NAMES.findall(bare)}


@dataclass(frozen=True)
class Expression:
    """A rule with an expression for each of its parts."""

    rule: Rule
    parts: tuple["Expression", ...] = ()

    def text(self, *, velox: bool = False) -> str:
        """Return what follows SELECT."""
        inner = [
            f"({part.text(velox=velox)})" if part.rule.is_operator else part.text(velox=velox) for part in self.parts
        ]
        return (self.rule.velox if velox else self.rule.text).format(*inner)

    def within(self) -> Iterator["Expression"]:
        """Yield all parts of it, of any depth."""
        for part in self.parts:
            yield part
            yield from part.within()

    @property
    def functions(self) -> set[str]:
        """Names of all functions and operators in it."""
        return self.rule.functions.union(*(part.rule.functions for part in self.within()))


@cache
def grammar() -> dict[str, tuple[Rule, ...]]:
    """Return the rules of each kind."""
    rules: dict[str, list[Rule]] = {}
    family = ""
    for line in GRAMMAR.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"# ([A-Za-z ]+?) -+", line):
            family = heading[1]
        elif line and not line.startswith("#"):
            kind, _, texts = line.partition(": ")
            rules.setdefault(kind, []).append(_rule(kind, texts, family))
    return {kind: tuple(found) for kind, found in rules.items()}


def _rule(kind: str, texts: str, family: str) -> Rule:
    text, _, velox = texts.partition(" ~ ")
    plain = _PLACE.sub("{}", text)
    return Rule(kind, plain, velox or plain, tuple(_PLACE.findall(text)), family)


def leaves(kind: str) -> list[Expression]:
    """Return the shortest expressions of a kind."""
    return [Expression(rule) for rule in grammar()[kind] if not rule.parts]


def composed(random: Random, depth: int) -> Expression:
    """Return an expression of at most this depth; its outermost rule is drawn evenly from all that have parts."""
    rules = [rule for kind in ROOTS for rule in grammar()[kind] if rule.parts]
    return _filled(random, random.choice(rules), depth)


def _filled(random: Random, rule: Rule, depth: int) -> Expression:
    return Expression(rule, tuple(_any(random, kind, depth - 1) for kind in rule.parts))


def _any(random: Random, kind: str, depth: int) -> Expression:
    bare = [rule for rule in grammar()[kind] if not rule.parts]
    composite = [rule for rule in grammar()[kind] if rule.parts]
    if depth <= 0 or not composite or random.random() < 0.5:
        return Expression(random.choice(bare)) if bare else _filled(random, random.choice(composite), 1)
    return _filled(random, random.choice(composite), depth)

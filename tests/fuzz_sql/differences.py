"""Differences that are no news, nearly all because Velox does not answer as Trino.

A difference is compared with this list in its smallest form, so that an entry excuses only what it names.
"""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz_sql.dirty_rows import Row
from tests.fuzz_sql.expressions import Expression
from tests.fuzz_sql.judging import Verdict, columns_of

_PLAIN_URL = re.compile(
    r"https?://(?:[a-z0-9.:]+@)?(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*(?::\d+)?(?:/[A-Za-z0-9/._;-]*)?"
    r"(?:\?[A-Za-z0-9=&_.-]*)?(?:#[A-Za-z0-9]*)?"
)


@dataclass(frozen=True)
class Difference:
    """What may differ.

    Attributes:
        functions: The smallest expression uses one of these.
        reason: Why.
        happens: Whether it explains the smallest expression, row and answers.
    """

    functions: frozenset[str]
    reason: str
    happens: Callable[[Expression, Row, Verdict], bool] = lambda *_: True


def explained(expression: Expression, row: Row, verdict: Verdict) -> Difference | None:
    """Return the entry that explains a difference, if one does."""
    used = expression.functions
    found = (d for d in DIFFERENCES if used & d.functions and d.happens(expression, row, verdict))
    return next(found, None)


def _has_odd_url(expression: Expression, row: Row, verdict: Verdict) -> bool:
    texts = [row[name] for name in columns_of(expression) if isinstance(row[name], str)]
    return any(not _PLAIN_URL.fullmatch(text) for text in texts) or "#" in expression.text()


def _has_broken_document(expression: Expression, row: Row, verdict: Verdict) -> bool:
    return "0A" in expression.text() or any(
        _is_broken(row[name]) for name in columns_of(expression) if isinstance(row[name], str)
    )


def _is_broken(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def _is_null(expression: Expression, row: Row, verdict: Verdict) -> bool:
    return verdict.velox is None


def _fails_beside_null(expression: Expression, row: Row, verdict: Verdict) -> bool:
    """Some part is NULL, and another one fails."""
    has_parts = any(part.parts for part in expression.within())
    return has_parts and verdict.velox is None and str(verdict.local).startswith("fails: ")


def _ends_a_month(expression: Expression, row: Row, verdict: Verdict) -> bool:
    days = [row[name] for name in columns_of(expression) if isinstance(row[name], dt.date)]
    has_last = any((day + dt.timedelta(days=1)).day == 1 for day in days) or "-02-29" in expression.text()
    units = re.search("'(month|quarter|year)'", expression.text())
    numbers = isinstance(verdict.velox, int) and isinstance(verdict.local, int)
    return has_last and units is not None and numbers and abs(verdict.velox - verdict.local) == 1


def _is_late_february(expression: Expression, row: Row, verdict: Verdict) -> bool:
    theirs, ours = str(verdict.velox), str(verdict.local)
    return ours < "1970" and ours[:8] == theirs[:8] and ours[8:10] in {"28", "29"} and theirs[8:10] > ours[8:10]


def _has_few_digits(expression: Expression, row: Row, verdict: Verdict) -> bool:
    """Java writes as few digits as it needs."""
    texts = str(verdict.velox), str(verdict.local)
    return all(re.fullmatch(r"-?\d\.\d+E-?3\d\d", text) for text in texts) and float(texts[0]) == float(texts[1])


def _has_other_order(expression: Expression, row: Row, verdict: Verdict) -> bool:
    return sorted(str(verdict.velox)) == sorted(str(verdict.local))


def _is_least(expression: Expression, row: Row, verdict: Verdict) -> bool:
    return "-9223372036854775808" in str(verdict.local) or "Overflow" in str(verdict.local)


def _is_wide(expression: Expression, row: Row, verdict: Verdict) -> bool:
    texts = [row[name] for name in columns_of(expression) if isinstance(row[name], str)]
    return "x*" in expression.text() and any(not text.isascii() for text in (*texts, expression.text()))


def _fails_at_velox(expression: Expression, row: Row, verdict: Verdict) -> bool:
    return str(verdict.velox).startswith("fails: ")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_URLS = _names(
    "url_extract_protocol url_extract_host url_extract_path url_extract_query url_extract_fragment"
    " url_extract_parameter url_extract_port"
)
_DOCUMENTS = _names(
    "json_extract_scalar json_extract json_size json_array_length json_array_contains is_json_scalar"
)  # fmt: skip
DIFFERENCES = (
    Difference(_URLS, "Velox reads URLs with a regular expression, Trino with java.net.URI", _has_odd_url),
    Difference(_DOCUMENTS, "Velox reads broken JSON as far as it needs, or fails", _has_broken_document),
    Difference(_names("BETWEEN"), "Velox answers NULL where one bound is NULL and the other excludes", _is_null),
    Difference(
        _names("date_add INTERVAL"),
        "Velox moves the last day of February before 1970 to last days of months",
        _is_late_february,
    ),
    Difference(
        _names("cast"),
        "Velox writes very large and small doubles with more digits than they need",
        _has_few_digits,
    ),
    Difference(_names("json_format"), "Velox sorts the keys of objects", _has_other_order),
    Difference(_names("abs"), "Velox lets the least bigint overflow", _is_least),
    Difference(_names("to_base"), "the local engine fails for the least bigint", _is_least),
    Difference(_names("regexp_extract_all regexp_replace"), "Velox finds nothing within a character, too", _is_wide),
    Difference(_names("regexp_split"), "Velox fails to split by a pattern that matches nothing", _fails_at_velox),
    Difference(_names("date_diff"), "Velox takes the last day of a month for a whole one", _ends_a_month),
    Difference(_names("["), "Velox answers NULL for a key that a map does not have", _is_null),
    Difference(
        _names("+ - * / % mod cast element_at [ <> = < > <= >= abs"),
        "Velox does not compute what fails beside a NULL",
        _fails_beside_null,
    ),
)

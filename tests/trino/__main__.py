"""Keep what a real Trino answers beside the expectations: `TRINO_URL=http://host:8080 python -m tests.trino`."""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from local_aws.athena.errors import QueryError
from tests.aws.athena_answers.events import FOLDER as QUERIES
from tests.trino.asking import make_clicks, server, value
from tests.trino.trino import Trino
from tests.unit.athena_outcomes import FOLDER as PROBES
from tests.unit.athena_outcomes import encoded, files, probes


def main() -> int:
    """Run it: 0 when all is kept, 1 if the server does not answer, 2 without one."""
    trino = server()
    if trino is None:
        print("set TRINO_URL to the address of a Trino server, for instance http://127.0.0.1:8080", file=sys.stderr)
        return 2
    try:
        count = record(trino, PROBES / "trino", QUERIES / "trino")
    except (ConnectionError, OSError, QueryError) as error:
        print(f"{trino.url.rpartition('@')[2]}: {error}", file=sys.stderr)
        return 1
    print(f"{count} answers kept")
    return 0


def record(trino: Trino, expressions: Path, queries: Path) -> int:
    """Write a file of answers for each file of expressions and for each query; return how many there are."""
    made = {
        expressions / path.name: [[e, _answer(partial(value, trino, e))] for e, _ in probes(path)] for path in files()
    }
    make_clicks(trino)
    for path in sorted(QUERIES.glob("*.sql")):
        sql = path.read_text(encoding="utf-8").strip().removesuffix(";")
        made[queries / f"{path.stem}.json"] = [["", _answer(partial(trino.rows, sql))]]
    for target, answers in made.items():
        target.parent.mkdir(exist_ok=True)
        lines = ",\n".join(json.dumps(answer, ensure_ascii=False) for answer in answers)
        target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return sum(map(len, made.values()))


def _answer(ask: Callable[[], Any]) -> Any:
    try:
        return encoded(ask())
    except QueryError as error:
        return {"error": error.code}


if __name__ == "__main__":
    sys.exit(main())

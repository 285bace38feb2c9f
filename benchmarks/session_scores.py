"""How high the labelled sessions of the simulator rank in `session_scores`, beside what one column alone gives.

    python -m test_client simulate … --out days.ndjson.zst --labels labels.ndjson      and into the lake, scored
    python -m benchmarks.session_scores labels.ndjson --stack clickstream-local

AUC is the chance that a labelled session ranks above another one; 0.5 is luck. The precision is that of as many
sessions from the top as are labelled. The model has seen no label; nor has it seen who is a machine by its user agent.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from batch_jobs import lake_interval
from batch_jobs.session_features import statement
from batch_jobs.statement_run import StatementRun, add_stack
from batch_jobs.train_sessions import FEATURES
from clickstream.lake.statements import Statement
from test_client.labels import read_labels

SCORES = Statement("scores", "", {}, (), "SELECT session_id, score, is_odd FROM session_scores")
KEY = "session_id"
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for the score and for each feature, best first."""
    options = _parser().parse_args(argv)
    run = StatementRun.of_options(options)
    labels = read_labels(options.labels)
    features = run.ask(statement(), {}).frame
    scores = run.guard.ask(SCORES, (), {}).frame
    sessions = features.merge(scores, on=KEY)
    is_labelled = sessions[KEY].isin({session for session, _ in labels}).to_numpy()
    print(f"{len(sessions):,} sessions, {is_labelled.sum()} labelled, {sessions['is_odd'].sum()} flagged as odd")
    print(f"labelled among the flagged: {is_labelled[sessions['is_odd'].to_numpy(dtype=bool)].mean():.1%}")
    _print_ranks(sessions, is_labelled)
    for label in sorted({label for _, label in labels}):
        is_such = sessions[KEY].isin({session for session, one in labels if one == label}).to_numpy()
        if is_such.any():
            print(
                f"  {label}: {is_such.sum()} sessions, AUC of the score {auc(_column(sessions, 'score'), is_such):.3f}"
            )
    return 0


def auc(values: Numbers, is_labelled: Flags) -> float:
    """Share of the pairs of a labelled and another session in which the labelled one ranks higher; ties count half."""
    ranks = pd.Series(values).rank().to_numpy(dtype=np.float64)
    hits = int(is_labelled.sum())
    return float((ranks[is_labelled].sum() - hits * (hits + 1) / 2) / (hits * (len(values) - hits)))


def precision(values: Numbers, is_labelled: Flags) -> float:
    """Share of labelled sessions among as many from the top."""
    top = np.argsort(-values, kind="stable")[: is_labelled.sum()]
    return float(is_labelled[top].mean())


def _print_ranks(sessions: pd.DataFrame, is_labelled: Flags) -> None:
    found = [(name, _column(sessions, name)) for name in ("score", *FEATURES)]
    rows = [(auc(values, is_labelled), precision(values, is_labelled), name) for name, values in found]
    for area, share, name in sorted(rows, reverse=True):
        print(f"{name:<22} AUC {area:.3f}  precision {share:.1%}")


def _column(sessions: pd.DataFrame, name: str) -> Numbers:
    return np.array(sessions[name].astype("Float64").fillna(0), dtype=np.float64)


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("session_scores", "Ranks of labelled sessions.", is_optional=True)
    add_stack(parser)
    parser.add_argument("labels", type=Path, help="what simulate --labels wrote")
    return parser


if __name__ == "__main__":
    main()

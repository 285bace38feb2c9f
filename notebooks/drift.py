"""How far sessions have moved away from those that a model was trained on.

The measure is the population stability index: Σ (p - q) · ln(p / q) over the bins of a feature, p the share now and q
the share in training. The usual reading (N. Siddiqi, Credit Risk Scorecards, 2006): below 0.1 little has changed, above
0.25 the model should be trained again. Few sessions make it large by chance alone, so that part is named as well.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

LITTLE, MUCH = 0.1, 0.25
_LEAST_SHARE = 1e-4
"""An empty bin counts as this share: the logarithm of nothing would drown all the rest."""


class Reference(TypedDict):
    """Bins of a feature as `train_session_model` writes them: inner edges, and the share of sessions in each bin."""

    edges: list[float]
    shares: list[float]


def drift(references: Mapping[str, Reference], trained_rows: int, now: pd.DataFrame) -> pd.DataFrame:
    """Index of each feature, largest first, and what chance alone would give: (bins - 1) · (1/rows then + 1/rows now).

    Args:
        references: Bins by feature.
        trained_rows: Sessions that the model was trained on.
        now: Sessions to compare, with a column for each feature; null counts as 0, as in training.

    Raises:
        ValueError: There are no sessions to compare.
    """
    if now.empty:
        raise ValueError("there are no sessions to compare: choose an interval that holds some")
    rows = [
        {
            "feature": name,
            "index": stability_index(reference, now[name].fillna(0).astype(float).tolist()),
            "by_chance": (len(reference["shares"]) - 1) * (1 / trained_rows + 1 / len(now)),
        }
        for name, reference in references.items()
    ]
    return pd.DataFrame(rows).sort_values("index", ascending=False, ignore_index=True)


def stability_index(reference: Reference, values: Sequence[float]) -> float:
    """Population stability index of one feature; 0 for the same shares."""
    bins = np.searchsorted(reference["edges"], values, side="right")
    now = np.bincount(bins, minlength=len(reference["shares"])) / len(values)
    shares = np.maximum(now, _LEAST_SHARE)
    then = np.maximum(reference["shares"], _LEAST_SHARE)
    return float(np.sum((shares - then) * np.log(shares / then)))

"""A model of sessions that a person can work out: more than two events are odd."""

from datetime import UTC, datetime
from io import BytesIO

import numpy as np

from clickstream.lake.session_models import FOREST_FILE, Model, folder, register
from clickstream.ports import Bucket

USUAL, ODD = 2.0**-1.5, 2.0**-0.5
"""Scores of up to two events, and of more."""


def forest_bytes() -> bytes:
    """One tree that splits the number of events; its paths are 3 and 1, and 2 is the scale."""
    body = BytesIO()
    np.savez_compressed(
        body,
        names=np.array(["mean_gap_s", "events"]),
        limit=0.6,
        scale=2.0,
        roots=np.array([0], dtype=np.int32),
        feature=np.array([1, -2, -2], dtype=np.int16),
        threshold=np.array([np.log1p(2.5), -2, -2]),
        left=np.array([1, -1, -1], dtype=np.int32),
        right=np.array([2, -1, -1], dtype=np.int32),
        path=np.array([0.0, 3.0, 1.0]),
    )
    return body.getvalue()


def registered(bucket: Bucket, run_id: str = "hand-made") -> Model:
    """Put it into the registry."""
    bucket.put(f"{folder(run_id)}{FOREST_FILE}", forest_bytes())
    day = datetime(2026, 11, 21, tzinfo=UTC)
    return register(
        bucket,
        Model(
            version=0,
            run_id=run_id,
            registered_time=day,
            start=day,
            end=day,
            inputs={},
            statement="",
            code_version="test",
            metrics={},
        ),
    )

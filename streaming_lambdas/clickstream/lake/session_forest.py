"""The forest that tells odd sessions, as numbers: what scikit-learn trained, asked without scikit-learn.

`notebooks/train_session_model.py` writes the file; its answers are those of scikit-learn, to the last digits. A file is
plain arrays: unlike a pickle it can be read by any version, and runs nothing.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from clickstream.errors import LakeError

_ARRAYS = ("names", "limit", "scale", "roots", "feature", "threshold", "left", "right", "path")
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forest:
    """Trees whose nodes lie one after the other in one list.

    Attributes:
        names: Features, in the order of the columns that `scores` takes.
        limit: A session with a higher score is odd.
        scale: Length of path that stands for a score of one half.
        roots: The first node of each tree.
        nodes: By name: `feature` that is compared, `threshold`, next node `left` (not above it) or `right`, -1 for
            none; and the length of `path` that ends in a leaf.
    """

    names: tuple[str, ...]
    limit: float
    scale: float
    roots: npt.NDArray[np.int32]
    nodes: dict[str, npt.NDArray[Any]]

    def scores(self, features: Numbers) -> Numbers:
        """From 0 to 1 for each row, higher for odder ones: 2 to the power of minus the path's share of `scale`.

        Raises `LakeError` if there are more or fewer columns than features.
        """
        if features.shape[1] != len(self.names):
            raise LakeError(f"the model wants {len(self.names)} features, not {features.shape[1]}")
        # As in training: splits are made on single precision of the logarithm.
        values = np.log1p(features).astype(np.float32)
        paths = np.zeros(len(values))
        for root in self.roots:
            paths += self.nodes["path"][self._leaves(values, root)]
        return np.exp2(-paths / self.scale)

    def _leaves(self, values: npt.NDArray[np.float32], root: np.int32) -> npt.NDArray[np.int32]:
        """The leaf of one tree in which each row ends."""
        places = np.full(len(values), root, dtype=np.int32)
        moving = np.arange(len(values))
        while len(moving):
            moving = moving[self.nodes["left"][places[moving]] >= 0]
            here = places[moving]
            is_left = values[moving, self.nodes["feature"][here]] <= self.nodes["threshold"][here]
            places[moving] = np.where(is_left, self.nodes["left"][here], self.nodes["right"][here])
        return places


def read_forest(body: bytes) -> Forest:
    """The forest in the bytes of a file. Raises `LakeError` if they are none."""
    try:
        with np.load(BytesIO(body), allow_pickle=False) as file:
            found = {name: file[name] for name in _ARRAYS}
    except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
        raise LakeError(f"no file of a forest ({error}): train and register the model again") from error
    nodes = {name: found[name] for name in _ARRAYS[4:]}
    names = tuple(str(name) for name in found["names"])
    return Forest(names, float(found["limit"]), float(found["scale"]), found["roots"], nodes)

"""64-bit fingerprints of ids, to find the few rows whose event_id may occur twice without holding any id in memory.

Vector multiply-shift hashing (Dietzfelbinger 1996; Thorup, "High Speed Hashing for Integers and Strings", 2015,
section 3.5) with keys drawn anew in every run: two different ids share a fingerprint with probability 2^-63 at most,
also if a producer chooses them. Equal fingerprints only make rows suspects; their ids are then compared as text, so no
event can be lost to a hash. numpy is not part of the Lambda layer: no handler may import this module.
"""

import secrets

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Marks = npt.NDArray[np.uint64]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

_BYTES = 512
"""An id has at most 128 characters. Of longer ones the first 512 bytes decide, which only makes more suspects."""
_WORD = 8
_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)
_SPARE_BITS = 4
"""One in sixteen fingerprints that are not sought begins like one that is."""
_MOST_BITS = 24
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(_WORD + 1)], dtype=np.uint64)


class Fingerprints:
    """One random function from text to 64 bits."""

    def __init__(self) -> None:
        count = _BYTES // _WORD + 1
        self._keys = np.frombuffer(secrets.token_bytes(count * 4 * 8), np.uint64).reshape(count, 2, 2)

    def of(self, ids: pa.StringArray) -> Marks:
        """One fingerprint per id. The ids have no nulls."""
        starts, lengths, text = _layout(ids)
        sums = self._mixed(np.zeros((2, len(ids)), np.uint64), lengths.astype(np.uint64), len(self._keys) - 1)
        for place in range(-(-min(int(lengths.max(initial=0)), _BYTES) // _WORD)):
            rest = lengths - place * _WORD
            rows = slice(None) if rest.min() > 0 else np.flatnonzero(rest > 0)
            word = text[starts[rows] + place * _WORD] & _MASKS[np.minimum(rest[rows], _WORD)]
            sums[:, rows] = self._mixed(sums[:, rows], word, place)
        marks: Marks = (sums[0] & ~_LOW) | (sums[1] >> _HALF)
        return marks

    def _mixed(self, sums: Marks, word: Marks, place: int) -> Marks:
        """Both sums plus both halves of the word times this place's keys, modulo 2^64."""
        low, high = word & _LOW, word >> _HALF
        keys = self._keys[place]
        mixed: Marks = sums + keys[:, :1] * low + keys[:, 1:] * high
        return mixed


class Sought:
    """Some fingerprints that are looked for among many."""

    def __init__(self, marks: Marks) -> None:
        self._marks = np.sort(marks)
        bits = min(max(len(marks).bit_length() + _SPARE_BITS, _WORD), _MOST_BITS)
        self._shift = np.uint64(64 - bits)
        self._begins = np.zeros(1 << bits, np.bool_)
        self._begins[self._marks >> self._shift] = True

    def among(self, marks: Marks) -> Mask:
        """For each mark whether it is one of them. Most are excluded by their first bits, without a search."""
        found: Mask = self._begins[marks >> self._shift]
        rest = np.flatnonzero(found)
        wanted = marks[rest]
        found[rest] = self._marks[np.minimum(np.searchsorted(self._marks, wanted), len(self._marks) - 1)] == wanted
        return found


def _layout(ids: pa.StringArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Marks]:
    """Start and length of each id in bytes, and the text as the 64-bit word that begins at every byte."""
    _, offsets, data = ids.buffers()
    ends = np.frombuffer(offsets, np.int32)[ids.offset : ids.offset + len(ids) + 1].astype(np.int64)
    text = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data else np.zeros(0, np.uint8)
    padded = np.concatenate([text, np.zeros(_WORD, np.uint8)])
    words: Marks = np.ndarray((len(text) + 1,), "<u8", buffer=padded.data, strides=(1,))
    return ends[:-1] - ends[0], np.diff(ends), words

"""Rows without persons: which columns of a table are kept, replaced or left out, as pure functions.

A person, a session and an order become keys: digests by a random salt that belongs to one UTC date. Within a date they
can be counted and joined; from one date to the next nobody can follow them, and without the salt nobody can try names.
"""

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from clickstream.enrichment.paths import path_template
from clickstream.errors import Conflict
from clickstream.lake_table import LakeTable
from clickstream.ports import Bucket
from clickstream.tables import MASKED_EVENTS, MASKED_SESSIONS, MASKING_SALTS_PREFIX, RAW_EVENTS, SESSIONS

RULES = 1
"""Version of what is written here: another one makes every partition anew."""
KEY_BYTES = 8
"""Of a million visitors of a date two share a key once in 37 million dates."""
_SALT_BYTES = 32
_REPLACED = {
    MASKED_EVENTS.name: ("session_id", "anonymous_id", "user_id", "order_id", "page_path"),
    MASKED_SESSIONS.name: ("visitor_id", "user_id", "entry_page", "exit_page"),
}
"""Columns that are read only to be replaced."""


class Salt(msgspec.Struct, frozen=True):
    """What the keys of a date are made with; created once, in the bucket."""

    hex: str

    def keys(self, kind: str) -> Callable[[str], str]:
        """What makes the keys of sessions, visitors or orders."""
        start = hashlib.blake2b(f"{kind}:".encode(), digest_size=KEY_BYTES, key=bytes.fromhex(self.hex))

        def key(text: str) -> str:
            digest = start.copy()
            digest.update(text.encode())
            return digest.hexdigest()

        return key


@dataclass(frozen=True)
class Masking:
    """How rows of the table `origin` become rows of the table `target`."""

    origin: LakeTable
    target: LakeTable
    replace: Callable[[pa.Table, Salt], dict[str, pa.Array]]

    @property
    def columns(self) -> list[str]:
        """The columns that are read."""
        kept = set(self.target.schema.names) | set(_REPLACED[self.target.name])
        return [name for name in self.origin.schema.names if name in kept]

    @property
    def schema(self) -> pa.Schema:
        """What `apply` gives: the target's columns, texts as dictionaries from file to file."""
        texts = pa.dictionary(pa.int32(), pa.string())
        return pa.schema([one.with_type(texts) if one.type == pa.string() else one for one in self.target.schema])

    def apply(self, rows: pa.Table, salt: Salt) -> pa.Table:
        """The rows without persons; a column that a file does not have yet is null."""
        made = {name: rows[name] for name in rows.schema.names} | self.replace(rows, salt)
        columns = [
            made[field.name] if field.name in made else pa.nulls(len(rows), field.type) for field in self.target.schema
        ]
        return pa.table(columns, names=self.target.schema.names).cast(self.schema)


def salt_of(bucket: Bucket, date: str) -> Salt:
    """The salt of a UTC date, made by whoever needs it first."""
    key = f"{MASKING_SALTS_PREFIX}/dt={date}/salt.json"
    if not any(entry.key == key for entry in bucket.list(key)):
        with suppress(Conflict):  # another run was faster, and its salt is the date's
            bucket.put_new(key, msgspec.json.encode(Salt(secrets.token_hex(_SALT_BYTES))))
    return msgspec.json.decode(bucket.get(key), type=Salt)


def _events(rows: pa.Table, salt: Salt) -> dict[str, pa.Array]:
    visitors = pc.coalesce(*(_plain(rows, name) for name in ("anonymous_id", "user_id", "session_id")))
    return {
        "session_key": _mapped(_plain(rows, "session_id"), salt.keys("session")),
        "visitor_key": _mapped(visitors, salt.keys("visitor")),
        "order_key": _mapped(_plain(rows, "order_id"), salt.keys("order")),
        "page_template": _mapped(_plain(rows, "page_path"), path_template),
    }


def _sessions(rows: pa.Table, salt: Salt) -> dict[str, pa.Array]:
    return {
        "visitor_key": _mapped(_plain(rows, "visitor_id"), salt.keys("visitor")),
        "is_signed_in": pc.is_valid(rows["user_id"]),
        "entry_template": _mapped(_plain(rows, "entry_page"), path_template),
        "exit_template": _mapped(_plain(rows, "exit_page"), path_template),
    }


EVENTS = Masking(RAW_EVENTS, MASKED_EVENTS, _events)
VISITS = Masking(SESSIONS, MASKED_SESSIONS, _sessions)
MASKINGS = (EVENTS, VISITS)


def _plain(rows: pa.Table, name: str) -> pa.Array:
    """The texts of a column as one array without dictionary; nulls where the file does not have it."""
    if name not in rows.schema.names:
        return pa.nulls(len(rows), pa.string())
    column = rows[name].cast(pa.string())
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], pa.string())])


def _mapped(texts: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Each text changed, every distinct one once; null stays null."""
    found = texts.dictionary_encode()
    values = pa.array([change(text) for text in found.dictionary.to_pylist()], pa.string())
    return pa.DictionaryArray.from_arrays(found.indices, values)

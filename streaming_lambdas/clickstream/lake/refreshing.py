"""Rows of the lake with the columns that follow from other columns made anew by the code of today.

Only what can be told from what is kept: the agent's columns from `user_agent`, which is stored as sent; paths, hosts
and campaigns from addresses in canonical form, which is a fixed point. Names of click ids and some tags are not kept
with an address, so a channel that may rest on them stands as it is: every paid one, and none at all without a campaign.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from clickstream import enrichment
from clickstream.enrichment.channels import UNASSIGNED
from clickstream.lake.parquet import DataFile, PartWriter, conformed, opened, row_groups

_PAID = "paid_"
_AGENT = enrichment.Agent._fields
_ADDRESSES = ("page_url", "referrer")
COLUMNS = (*_AGENT, "is_bot", "page_path", "referrer_host", "channel")
"""What is made anew."""


def refreshed(output: PartWriter, folder: Path) -> PartWriter:
    """The parts written anew, with the same rows in the same order, into a folder beside them."""
    target = folder / "refreshed"
    target.mkdir()
    with PartWriter(target, output.shape) as writer:
        for table in _tables(output):
            writer.add(_refreshed(table))
    return writer


def _tables(output: PartWriter) -> Iterator[pa.Table]:
    for path in output.parts:
        yield from row_groups(_file(path))


def _file(path: Path) -> DataFile:
    return opened(path.name, path)


def _refreshed(table: pa.Table) -> pa.Table:
    plain = table.combine_chunks()
    columns = {name: plain[name] for name in plain.schema.names}
    agents = _by_value(plain["user_agent"], enrichment.agent)
    for name in _AGENT:
        columns[name] = _text([getattr(found, name) for found in agents])
    columns["is_bot"] = pa.array([found.bot_reason is not None for found in agents])
    pages, referrers = (_by_value(plain[name], enrichment.page) for name in _ADDRESSES)
    paths = plain["page_path"].cast(pa.string()).to_pylist()
    # Of an address that was nothing but white space the path alone is kept.
    columns["page_path"] = _text([page.path or path for page, path in zip(pages, paths, strict=True)])
    columns["referrer_host"] = _text([page.host for page in referrers])
    stored = plain["channel"].cast(pa.string()).to_pylist()
    columns["channel"] = _text(
        [_channel(kept, page, referrer) for kept, page, referrer in zip(stored, pages, referrers, strict=True)]
    )
    return conformed(pa.table(columns), "rows in hand")


def _channel(kept: str | None, page: enrichment.Page, referrer: enrichment.Page) -> str | None:
    """The channel by the rules of today; a stored one stands where what it was told from is not kept."""
    if kept is None or kept.startswith(_PAID) or (kept == UNASSIGNED and not page.is_tagged):
        return kept
    return enrichment.channel(
        page.host, referrer.host, page.utm_source, page.utm_medium, page.utm_campaign, page.click_id, page.is_tagged
    )


def _by_value(column: pa.ChunkedArray, function: Callable[[str | None], Any]) -> list[Any]:
    """The function of each text, called once for each distinct one."""
    texts = column.cast(pa.string()).to_pylist()
    known = {text: function(text) for text in set(texts)}
    return [known[text] for text in texts]


def _text(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())

"""What one event says beyond its own words, in one place: agent, page, path template, channel, network, redaction.

Everything is a pure function of text, cached per distinct text in caches bounded by count and by length. The country of
an address needs a file, see `clickstream.enrichment.geography`.
"""

from clickstream.enrichment.agents import Agent, agent
from clickstream.enrichment.channels import CHANNELS, channel
from clickstream.enrichment.networks import network
from clickstream.enrichment.pages import QUERY_ALLOW_LIST, Page, page
from clickstream.enrichment.paths import path_template
from clickstream.enrichment.redaction import is_suspect, redacted

__all__ = [
    "CHANNELS",
    "QUERY_ALLOW_LIST",
    "Agent",
    "Page",
    "agent",
    "channel",
    "is_suspect",
    "network",
    "page",
    "path_template",
    "redacted",
]

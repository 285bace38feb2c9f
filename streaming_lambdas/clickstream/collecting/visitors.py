"""What the connection tells of the visitor: address and user agent, where it is the visitor's own.

A server that passes events on has an address and a program of its own, which say nothing of the visitor.
"""

from typing import Any

from clickstream import enrichment
from clickstream.collecting.drafts import sound
from clickstream.collecting.requests import Request

_BROWSERS = ("Mozilla/", "Opera/")
_DEVICES = ("desktop", "mobile", "tablet")
_UNWANTED = "0.0.0.0"  # noqa: S104  the value by which clients ask that no address is kept
_LONGEST_AGENT, _LONGEST_ADDRESS = 1024, 256
"""Characters that are kept: each event of a request gets them."""


def connection(request: Request) -> dict[str, str]:
    """Address and user agent of the sender if that is a visitor's device, else nothing."""
    agent = sound(request.header("user-agent")[:_LONGEST_AGENT])
    is_browser = agent.startswith(_BROWSERS) or "origin" in request.headers
    if not is_browser and enrichment.agent(agent or None).device_type not in _DEVICES:
        return {}
    found = {"user_agent": agent, "ip_address": request.source_ip[:_LONGEST_ADDRESS]}
    return {name: value for name, value in found.items() if value}


def located(fields: dict[str, Any], sender: dict[str, str], *, is_browser: bool) -> dict[str, Any]:
    """The fields with what they do not tell themselves. A browser's word on its address does not count."""
    said = fields.get("ip_address")
    if said == _UNWANTED:
        return {**sender, **fields, "ip_address": None}
    if is_browser and "ip_address" in sender:
        return {**sender, **fields, "ip_address": sender["ip_address"]}
    return {**sender, **fields}


def is_browser(request: Request) -> bool:
    """Whether a page sent it: scripts can set neither header."""
    return "origin" in request.headers or "sec-fetch-mode" in request.headers

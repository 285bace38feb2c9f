"""Which address speaks which wire format."""

from dataclasses import dataclass

from clickstream.collecting import clickstream_web, cloud_events, flat, segment, snowplow
from clickstream.collecting.answers import Refused, Style
from clickstream.collecting.drafts import Adapter
from clickstream.collecting.requests import Request


@dataclass(frozen=True)
class Route:
    """A wire format: who reads it, which methods it comes with, and in which style its clients want the answer."""

    adapter: Adapter
    methods: str = "POST"
    style: Style = "json"

    def check(self, request: Request) -> None:
        """Raise `Refused` with 405 for another method."""
        if request.method not in self.methods.split(", "):
            sentence = f"events are sent here with {self.methods}"
            raise Refused(405, sentence, allow=f"{self.methods}, OPTIONS")


_SEGMENT = Route(segment.adapted)
_ROUTES = dict.fromkeys((*segment.BATCH_PATHS, *segment.PATHS), _SEGMENT) | {
    clickstream_web.PATH: Route(clickstream_web.adapted),
    snowplow.POST_PATH: Route(snowplow.adapted, style="text"),
    snowplow.GET_PATH: Route(snowplow.adapted, "GET", "pixel"),
    cloud_events.PATH: Route(cloud_events.adapted),
    flat.PATH: Route(flat.adapted),
}
PATHS = tuple(_ROUTES)
"""All addresses that take events."""


def route(request: Request) -> Route:
    """The route of the request's path. Raises `Refused` with 404 where no tracker of ours sends to."""
    found = _ROUTES.get(request.path.rstrip("/") or "/")
    if found is None:
        raise Refused(404, "nothing is collected at this address: see docs/collector.md for those that are")
    return found

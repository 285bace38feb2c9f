"""Every exception that this library raises on purpose. Bad data is a row with a reason, never an exception."""


class ClickstreamError(Exception):
    """Base of all of them."""


class ConfigError(ClickstreamError):
    """A setting is missing, unknown or malformed. Raised at start-up, before any event is read."""


class InfrastructureError(ClickstreamError):
    """A service refused, timed out or could not be reached. The same work may be tried again."""


class Conflict(ClickstreamError):  # noqa: N818  a normal answer of a conditional write, not a failure
    """A conditional write found something else than it expected: look at who won, then decide."""


class LedgerError(ClickstreamError):
    """The ledger contradicts itself or the stream. Nothing is written any more until someone has looked."""


class LakeError(ClickstreamError):
    """A data file or a commit of the lake is missing or unreadable."""


class StatementError(ClickstreamError):
    """An SQL file breaks its contract, or a parameter is missing or unknown."""


class SourceError(ClickstreamError):
    """An input file, or what was said about its columns, cannot be used. Raised before anything of it is written."""

"""Countries of network addresses, from a file that the user brings."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import maxminddb

from clickstream.enrichment.networks import LONGEST, address_of
from clickstream.errors import ConfigError

_CACHE = 50_000


class Countries:
    """Countries by a MaxMind DB file (GeoLite2-Country, DB-IP, …), cached per address.

    https://maxmind.github.io/MaxMind-DB/
    """

    def __init__(self, file: Path) -> None:
        """Open the file. Raises `ConfigError` if it is missing or no MaxMind DB."""
        try:
            self._reader = maxminddb.open_database(file)
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise ConfigError(
                f"{file} is no country database: bring a .mmdb file, or leave the setting empty"
            ) from error
        self._remembered: Callable[[str], str | None] = lru_cache(_CACHE)(self._found)

    def of(self, address: str | None) -> str | None:
        """ISO 3166 code of the country of a public address; None for any other text and for unknown networks."""
        return None if address is None or len(address) > LONGEST else self._remembered(address)

    def close(self) -> None:
        """Release the file."""
        self._reader.close()

    def _found(self, text: str) -> str | None:
        address = address_of(text)
        if address is None or not address.is_global:
            return None
        try:
            return _code(self._reader.get(str(address).partition("%")[0]))
        except (ValueError, maxminddb.InvalidDatabaseError):
            # An IPv6 address in a file of IPv4, or a damaged place in it: no reason to lose the event.
            return None


def _code(record: object) -> str | None:
    """The country of a record, else the country where the network is registered."""
    if not isinstance(record, dict):
        return None
    for name in ("country", "registered_country"):
        country = record.get(name)
        if isinstance(country, dict) and isinstance(code := country.get("iso_code"), str):
            return code
    return None

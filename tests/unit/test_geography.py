"""Countries of addresses from a file that a user brings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clickstream.enrichment.geography import Countries
from clickstream.errors import ConfigError
from tests.unit import mmdb

RECORDS: dict[str, mmdb.Value] = {
    "81.2.69.0/24": {"country": {"iso_code": "GB"}, "registered_country": {"iso_code": "US"}},
    "89.160.20.0/24": {"registered_country": {"iso_code": "SE"}},
    "10.0.0.0/8": {"country": {"iso_code": "ZZ"}},
    "2a02:d000::/20": {"country": {"iso_code": "DE"}},
    "175.16.0.0/16": {"continent": {"code": "AS"}},
    "202.196.0.0/16": "not a map",
}


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Countries]:
    """A database with the records above."""
    opened = Countries(mmdb.write(tmp_path_factory.mktemp("geoip") / "country.mmdb", RECORDS))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("81.2.69.160", "GB"),
        (" 81.2.69.255 ", "GB"),
        ("::ffff:81.2.69.160", "GB"),
        ("89.160.20.1", "SE"),
        ("2a02:d0ff::1", "DE"),
        ("2a02:d0ff::1%eth0", "DE"),
        ("81.2.70.1", None),
        ("10.1.2.3", None),
        ("127.0.0.1", None),
        ("175.16.1.1", None),
        ("202.196.1.1", None),
        ("joes-laptop.example", None),
        ("8" * 8000, None),
        ("", None),
        (None, None),
    ],
)
def test_countries(countries: Countries, address: str | None, expected: str | None) -> None:
    """Public addresses have the country of their network, else of its registration; all else has none."""
    assert countries.of(address) == expected
    assert countries.of(address) == expected


def test_a_file_of_ipv4_knows_no_ipv6(tmp_path: Path) -> None:
    """An address the file cannot hold has no country, and raises nothing."""
    countries = Countries(mmdb.write(tmp_path / "country.mmdb", {"81.2.69.0/24": RECORDS["81.2.69.0/24"]}, 4))
    assert (countries.of("81.2.69.1"), countries.of("2a02:d0ff::1")) == ("GB", None)
    countries.close()


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_wrong_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A missing or foreign file stops the function at its start, and the message says which."""
    file = tmp_path / "country.mmdb"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"country\.mmdb is no country database"):
        Countries(file)

"""The section of the report page about devices and countries."""

from collections import defaultdict
from collections.abc import Mapping

from batch_jobs.number_text import count, share
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import NO_DATA, Column, heat, section, table
from batch_jobs.reports.report_rows import Row

_COUNTRIES_SHOWN = 12
_DEVICES_SHOWN = 4
_UNKNOWN = "not known"


def places(facts: PageFacts) -> Html:
    """Sessions by country and device."""
    rows = facts.table("device_geo")
    if not rows:
        return section("places", "Devices and countries", NO_DATA)
    countries: defaultdict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        countries[str(row["country"] or _UNKNOWN)][str(row["device_type"] or _UNKNOWN)] = row
    sums = {country: _sessions(found) for country, found in countries.items()}
    shown = sorted(countries, key=lambda country: (-sums[country], country))[:_COUNTRIES_SHOWN]
    return section(
        "places",
        "Devices and countries",
        _reading(shown[0], sums),
        _table({country: countries[country] for country in shown}),
    )


def _sessions(found: Mapping[str, Row]) -> int:
    return sum(row["sessions"] or 0 for row in found.values())


def _reading(first: str, sums: Mapping[str, int]) -> str:
    if set(sums) == {_UNKNOWN}:
        return "The lake knows no countries: deploy a country database with -c geoipFile to fill them in."
    whole = sum(sums.values())
    return f"Most sessions, {share(sums[first] / whole if whole else 0)}, come from {first}."


def _table(countries: Mapping[str, Mapping[str, Row]]) -> Html:
    devices: defaultdict[str, int] = defaultdict(int)
    for found in countries.values():
        for device, row in found.items():
            devices[device] += row["sessions"] or 0
    names = sorted(devices, key=lambda device: (-devices[device], device))[:_DEVICES_SHOWN]
    most = max((row["sessions"] or 0 for found in countries.values() for row in found.values()), default=0) or 1
    return table(
        "Sessions by country and kind of device",
        [Column("Country"), *map(Column, names)],
        ((country, *(_cell(found.get(name), most) for name in names)) for country, found in countries.items()),
        class_="tight",
    )


def _cell(row: Row | None, most: int) -> str:
    if row is None:
        return ""
    sessions = row["sessions"]
    return heat(count(sessions), None if sessions is None else sessions / most)

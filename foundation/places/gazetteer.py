"""The gazetteer: every ZIP code and city of the 48 states and DC in memory, and the one way to look words up.

Data: the `zipcodes` package and `data/us_cities.csv` (both GeoNames, CC BY 4.0). No database is needed.
"""

import csv
import gc
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import zipcodes
from scipy.spatial import cKDTree

from foundation.places.geometry import chord_to_miles, unit_vectors
from foundation.places.place import OutsideCoverage, Place, PlaceNotFound
from foundation.places.states import STATE_NAMES, UNREACHED_NAMES, state_code

CITIES_FILE = Path(__file__).parent / "data" / "us_cities.csv"
FORMS = 'Write a ZIP code ("60601"), a city with its state ("Chicago, IL") or coordinates ("41.88,-87.63").'
POST_OFFICE_NAMES = {("New York City", "NY"): "New York"}
"""Cities that the post, and so everybody who ships, calls otherwise than the census does."""
COVERAGE_MILES = 60.0
"""No point of the 48 states is farther than this from a ZIP code's centre."""

_ZIP = re.compile(r"([0-9]{5})(?:-?[0-9]{4})?")
_CODE_BEGUN = re.compile(r"[0-9]{1,5}(?:-[0-9]{0,4})?")
_COORDINATES = re.compile(r"\(?\s*([-+]?[0-9]{1,3}(?:\.[0-9]+)?)\s*[,; ]\s*([-+]?[0-9]{1,3}(?:\.[0-9]+)?)\s*\)?")
_SPLIT = re.compile(r"[^a-z0-9]+")
_WORDS = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One ZIP code with the centre of its area."""

    zip: str
    city: str
    state: str
    county: str
    lat: float
    lon: float
    time_zone: str
    active: bool
    standard: bool

    @property
    def place(self) -> Place:
        """The ZIP code as a place."""
        return Place(self.zip, self.city, self.state, self.lat, self.lon, self.time_zone, "zip")


@dataclass(frozen=True, slots=True)
class CityEntry:
    """A city: its centre, the ZIP code nearest to it, and its rank (1 is the largest)."""

    key: str
    place: Place
    rank: int


def normalise(text: str) -> str:
    """Reduce a city's name to the form it is compared in: letters and digits only, "St." as "saint"."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(_WORDS.get(word, word) for word in _SPLIT.split(text.casefold()))


class Gazetteer:
    """All places by ZIP code, city and position; read only."""

    def __init__(self, raw_zips: Iterable[dict[str, Any]], raw_cities: Iterable[dict[str, str]]) -> None:
        raw = [row for row in raw_zips if row["state"] in STATE_NAMES and row["zip_code_type"] != "MILITARY"]
        self.zips = {entry.zip: entry for entry in _repair(raw)}
        raw = [row for row in raw if row["zip_code"] in self.zips]
        self._zips_in_order = sorted(self.zips)
        centres = [entry for entry in self.zips.values() if entry.active]
        self._nearest_zips = centres
        self._tree = cKDTree(unit_vectors([entry.lat for entry in centres], [entry.lon for entry in centres]))
        self._cities: dict[tuple[str, str], CityEntry] = {}
        self._fill_cities(raw, raw_cities)
        self._aliases = self._find_aliases(raw)
        self._by_alias: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for (alias, _), identity in self._aliases.items():
            self._by_alias[alias].append(identity)
        self._by_key = sorted(self._cities.values(), key=lambda city: (city.key, city.rank))
        self._keys = [city.key for city in self._by_key]
        self._keys_of_state: dict[str, list[str]] = defaultdict(list)
        for key, state in self._cities:
            self._keys_of_state[state].append(key)

    def _fill_cities(self, raw: list[dict[str, Any]], raw_cities: Iterable[dict[str, str]]) -> None:
        """List the cities, largest first: those with a known population, then the rest by their count of ZIP codes."""
        grouped: dict[tuple[str, str], list[ZipEntry]] = defaultdict(list)
        for row in raw:
            entry = self.zips[row["zip_code"]]
            if entry.active and not row["zip_code"].startswith("569"):
                grouped[normalise(entry.city), entry.state].append(entry)
        rank = 0
        for city in raw_cities:
            name = POST_OFFICE_NAMES.get((city["city"], city["state"]), city["city"])
            identity = normalise(name), city["state"]
            if identity in self._cities:
                continue
            rank += 1
            lat, lon = float(city["lat"]), float(city["lon"])
            zip_code = self._closest(grouped.get(identity) or self._near(lat, lon), lat, lon).zip
            place = Place(zip_code, name, city["state"], lat, lon, city["time_zone"], "city")
            self._cities[identity] = CityEntry(identity[0], place, rank)
        for identity, entries in sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0])):
            if identity in self._cities:
                continue
            rank += 1
            inhabited = [entry for entry in entries if entry.standard] or entries
            lat, lon = median(entry.lat for entry in inhabited), median(entry.lon for entry in inhabited)
            centre = self._closest(inhabited, lat, lon)
            self._cities[identity] = CityEntry(identity[0], replace(centre.place, precision="city"), rank)

    def _find_aliases(self, raw: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[str, str]]:
        """Map other names of a post office's city ("NYC") to its own; the post office's preferred names come first."""
        aliases: dict[tuple[str, str], tuple[str, str]] = {}
        for field in ("acceptable_cities", "unacceptable_cities"):
            for row in raw:
                identity = normalise(row["city"]), row["state"]
                for name in row[field]:
                    alias = normalise(name), row["state"]
                    if len(alias[0]) > 2 and alias not in self._cities and identity in self._cities:
                        aliases.setdefault(alias, identity)
        return aliases

    def _near(self, lat: float, lon: float, count: int = 6) -> list[ZipEntry]:
        _, found = self._tree.query(unit_vectors([lat], [lon])[0], k=count)
        return [self._nearest_zips[index] for index in np.atleast_1d(found)]

    @staticmethod
    def _closest(entries: list[ZipEntry], lat: float, lon: float) -> ZipEntry:
        candidates = [entry for entry in entries if entry.standard] or entries
        return min(candidates, key=lambda entry: ((entry.lat - lat) ** 2 + (entry.lon - lon) ** 2, entry.zip))

    def __iter__(self) -> Iterator[ZipEntry]:
        """Go through all ZIP codes in order."""
        return (self.zips[code] for code in self._zips_in_order)

    def rank_of(self, entry: ZipEntry) -> int | None:
        """Return the size rank of the city that a ZIP code belongs to (1 is the largest)."""
        city = self._cities.get((normalise(entry.city), entry.state))
        return city.rank if city else None

    def find(self, text: str) -> Place:
        """Return the place that a ZIP code, "City, ST" or "lat,lon" names.

        Raises PlaceNotFound with what would do instead, OutsideCoverage for what exists beyond the 48 states and DC.
        """
        words = " ".join(text.split())
        if not words:
            raise PlaceNotFound(text, f"Say where. {FORMS}")
        if len(words) > 200:
            raise PlaceNotFound(text, f"That is too long for a place. {FORMS}")
        if _ZIP.fullmatch(words):
            return self._find_zip(words[:5], text)
        if match := _COORDINATES.fullmatch(words):
            return self.at(float(match[1]), float(match[2]), text)
        if re.fullmatch(r"[\d\s.,;+-]+", words):
            raise PlaceNotFound(text, f"“{words}” is neither a ZIP code of five digits nor coordinates. {FORMS}")
        if match := re.fullmatch(r"(.*[^\d\s,]),?\s+([0-9]{5})(?:-[0-9]{4})?", words):
            return self._find_city_with_zip(match[1], match[2], text)
        return self._find_city(words, text)

    def _find_zip(self, code: str, text: str) -> Place:
        if entry := self.zips.get(code):
            return entry.place
        beyond = zipcodes.matching(code)  # type: ignore[no-untyped-call]
        if beyond:
            where = UNREACHED_NAMES.get(beyond[0]["state"], beyond[0]["state"])
            raise OutsideCoverage(text, f"ZIP code {code} is in {where}; Backhaul covers the 48 states and DC.")
        at = bisect_left(self._zips_in_order, code)
        near = [self.zips[near_code] for near_code in self._zips_in_order[max(at - 3, 0) : at + 3]]
        same = [entry for entry in near if entry.zip[:3] == code[:3]] or near
        chosen = sorted(same, key=lambda entry: abs(int(entry.zip) - int(code)))[:3]
        names = " or ".join(f"{entry.zip} ({entry.city}, {entry.state})" for entry in chosen)
        sentence = f"There is no ZIP code {code}. Did you mean {names}?"
        raise PlaceNotFound(text, sentence, tuple(entry.place for entry in chosen))

    def _find_city_with_zip(self, words: str, code: str, text: str) -> Place:
        place = self._find_zip(code, text)
        _, state = split_state(words)
        if state is not None and state != place.state:
            sentence = f"ZIP code {code} is in {place.city}, {place.state}, not in {state}. Correct one of the two."
            raise PlaceNotFound(text, sentence, (place,))
        return place

    def _find_city(self, words: str, text: str) -> Place:
        name, state = split_state(words)
        key = normalise(name)
        if state is None:
            named = [city for city in self._prefixed(key) if city.key == key]
            named += [self._cities[identity] for identity in self._by_alias.get(key, [])]
            found = [city.place for city in sorted(named, key=_rank)[:4]] or self._similar(key, None)
            hint = f"Did you mean {either(found)}?" if found else FORMS
            raise PlaceNotFound(text, f"Add the state to “{words}”. {hint}", tuple(found))
        if state in UNREACHED_NAMES:
            sentence = f"Backhaul covers the 48 states and DC; no road of its network reaches {UNREACHED_NAMES[state]}."
            raise OutsideCoverage(text, sentence)
        city = self._cities.get((key, state))
        if city is None and (key, state) in self._aliases:
            city = self._cities[self._aliases[key, state]]
        if city is not None:
            return city.place
        near = self._similar(key, state)
        hint = f"Did you mean {either(near)}?" if near else "Check the spelling, or give the ZIP code."
        raise PlaceNotFound(text, f"There is no “{name}” in {STATE_NAMES[state]}. {hint}", tuple(near))

    def _similar(self, key: str, state: str | None) -> list[Place]:
        """Return up to three cities whose names look alike, from the state if one is given."""
        if not key:
            return []
        names = self._keys_of_state[state] if state else sorted(set(self._keys))
        close = get_close_matches(key, names, n=3, cutoff=0.7)
        if state:
            found = [self._cities[name, state] for name in close]
            elsewhere = [city for city in self._prefixed(key) if city.key == key]
            return [city.place for city in [*found, *sorted(elsewhere, key=lambda city: city.rank)]][:3]
        return [min((city for city in self._prefixed(name) if city.key == name), key=_rank).place for name in close]

    def _prefixed(self, key: str) -> list[CityEntry]:
        start = bisect_left(self._keys, key)
        end = bisect_left(self._keys, key + "\x7f")
        return self._by_key[start:end]

    def at(self, lat: float, lon: float, text: str = "") -> Place:
        """Return the place at coordinates, named after the nearest ZIP code.

        Raises OutsideCoverage where no ZIP code of the 48 states or DC lies within 60 miles.
        """
        text = text or f"{lat},{lon}"
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            sentence = "Latitude lies between -90 and 90, longitude between -180 and 180; latitude comes first."
            raise PlaceNotFound(text, sentence)
        chord, index = self._tree.query(unit_vectors([lat], [lon])[0])
        if float(chord_to_miles(chord)) > COVERAGE_MILES:
            swapped = -125 < lat < -66 and 24 < lon < 50
            turned = 24 < lat < 50 and 66 < lon < 125
            hint = " Latitude comes first." if swapped else " Western longitudes are negative." if turned else ""
            raise OutsideCoverage(text, f"{text} lies outside the 48 states and DC, which Backhaul covers.{hint}")
        entry = self._nearest_zips[int(index)]
        return Place(entry.zip, entry.city, entry.state, lat, lon, entry.time_zone, "coordinates")

    def suggest(self, text: str, limit: int = 8) -> list[Place]:
        """Return places whose ZIP code or name begins with the text, bigger cities first; "spring, m" asks by state."""
        words = " ".join(text.split())
        if limit <= 0 or not words or len(words) > 200:
            return []
        if _CODE_BEGUN.fullmatch(words):
            code = words[:5]
            start, end = bisect_left(self._zips_in_order, code), bisect_left(self._zips_in_order, code + ":")
            entries = [self.zips[found] for found in self._zips_in_order[start:end] if self.zips[found].active]
            if len(code) < 5:
                entries.sort(key=lambda entry: (self.rank_of(entry) or 1_000_000, not entry.standard, entry.zip))
            return [entry.place for entry in entries[:limit]]
        name, comma, rest = words.partition(",")
        key, state_prefix = normalise(name), re.sub(r"[\d\s]*$", "", rest).strip()
        if not key:
            return []
        states = _states_beginning(state_prefix) if state_prefix else None
        found = {city.key + city.place.state: city for city in self._with_prefix(key, exact=bool(comma), states=states)}
        spelled, state = split_state(words)
        if not comma and state is not None:
            for city in self._with_prefix(normalise(spelled), exact=True, states={state}):
                found.setdefault(city.key + city.place.state, city)
        return [city.place for city in sorted(found.values(), key=_rank)[:limit]]

    def _with_prefix(self, key: str, *, exact: bool, states: set[str] | None) -> list[CityEntry]:
        cities = [city for city in self._prefixed(key) if states is None or city.place.state in states]
        also_called = self._by_alias.get(key, [])
        cities += [self._cities[name, state] for name, state in also_called if states is None or state in states]
        whole = [city for city in cities if city.key == key]
        return whole if exact and whole else cities


def _rank(city: CityEntry) -> int:
    return city.rank


def _states_beginning(text: str) -> set[str]:
    code = state_code(text)
    if code:
        return {code}
    return {
        code
        for code, name in STATE_NAMES.items()
        if code.startswith(text.upper()) or name.casefold().startswith(text.casefold())
    }


def either(places: Iterable[Place]) -> str:
    """Join the names of places as a question would: "A, B or C"."""
    names = list(dict.fromkeys(place.name for place in places))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def split_state(words: str) -> tuple[str, str | None]:
    """Split "Chicago, Illinois" or "Chicago IL" into the city's name and the state's code, None if there is none."""
    name, comma, rest = words.rpartition(",")
    if comma:
        rest = re.sub(r"\b(?:USA|US|United States)\.?$", "", rest.strip(), flags=re.IGNORECASE).strip()
        return (name.strip(), state_code(rest)) if rest else split_state(name.strip())
    pieces = words.split(" ")
    for count in (1, 2, 3):
        if len(pieces) > count and (code := state_code(" ".join(pieces[-count:]))):
            return " ".join(pieces[:-count]), code
    return words, None


def _repair(raw: list[dict[str, Any]]) -> Iterator[ZipEntry]:
    """Turn raw rows into entries; a row at 0,0 takes the centre of its city or 3-digit area, or is left out."""
    by_city: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    by_area: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in raw:
        point = float(row["lat"]), float(row["long"])
        if point != (0.0, 0.0):
            by_city[row["city"], row["state"]].append(point)
            by_area[row["zip_code"][:3]].append(point)
    for row in raw:
        lat, lon = float(row["lat"]), float(row["long"])
        if (lat, lon) == (0.0, 0.0):
            points = by_city[row["city"], row["state"]] or by_area[row["zip_code"][:3]]
            if not points:
                continue
            lat, lon = median(point[0] for point in points), median(point[1] for point in points)
        yield ZipEntry(
            zip=row["zip_code"],
            city=row["city"],
            state=row["state"],
            county=row["county"],
            lat=lat,
            lon=lon,
            time_zone=row["timezone"],
            active=row["active"],
            standard=row["zip_code_type"] == "STANDARD",
        )


def read_cities() -> list[dict[str, str]]:
    """Read the cities of 50,000 people and more, largest first: city, state, lat, lon, population, time_zone."""
    with CITIES_FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """Return this process's gazetteer, built on first use."""
    collecting = gc.isenabled()
    gc.disable()  # hundreds of thousands of objects that all stay: looking through them for garbage doubles the time
    try:
        # filter_by and not list_all, which would keep a second copy of the data for ever
        return Gazetteer(zipcodes.filter_by(), read_cities())  # type: ignore[no-untyped-call]
    finally:
        if collecting:
            gc.enable()

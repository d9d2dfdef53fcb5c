"""Writes of places, and the oracle of road miles for other rooms."""

from django.db import connection, transaction

from foundation.places.gazetteer import gazetteer
from foundation.places.models import ZipCode
from foundation.places.oracle import road_network, travel_oracle

__all__ = ["load_zip_table", "road_network", "travel_oracle", "warm_up"]

_LOAD_LOCK = 0x5A495053
"""The advisory lock that keeps two starts from loading the table at once."""
_COLUMNS = ("zip", "city", "state", "county", "lat", "lon", "time_zone", "population_rank")
_MERGE = """
    INSERT INTO places_zipcode AS held SELECT * FROM zip_draft
    ON CONFLICT (zip) DO UPDATE SET
        city = excluded.city, state = excluded.state, county = excluded.county, lat = excluded.lat, lon = excluded.lon,
        time_zone = excluded.time_zone, population_rank = excluded.population_rank
    WHERE (held.*) IS DISTINCT FROM (excluded.*)
"""


@transaction.atomic
def load_zip_table() -> int:
    """Bring the ZIP table in line with the gazetteer and return its number of rows; safe to run at every start.

    Rows that the gazetteer no longer has stay: postings may point to them.
    """
    places = gazetteer()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOAD_LOCK])
        cursor.execute("CREATE TEMPORARY TABLE zip_draft (LIKE places_zipcode)")
        with cursor.copy(f"COPY zip_draft ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
            for entry in places:
                position = entry.lat, entry.lon, entry.time_zone, places.rank_of(entry)
                copy.write_row((entry.zip, entry.city, entry.state, entry.county, *position))
        cursor.execute(_MERGE)
        cursor.execute("DROP TABLE zip_draft")
    return ZipCode.objects.count()


def warm_up() -> None:
    """Read gazetteer and road network into this process, which the first question would otherwise wait for."""
    gazetteer()
    road_network().prepare()

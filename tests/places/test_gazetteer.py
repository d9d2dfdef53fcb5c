"""Words into places."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.places.gazetteer import COVERAGE_MILES, gazetteer, split_state
from foundation.places.geometry import great_circle_miles
from foundation.places.place import OutsideCoverage, PlaceNotFound
from foundation.places.queries import find_place, suggest_places


@pytest.mark.parametrize(
    ("text", "name", "precision"),
    [
        ("60601", "Chicago, IL 60601", "zip"),
        (" 60601 ", "Chicago, IL 60601", "zip"),
        ("60601-1234", "Chicago, IL 60601", "zip"),
        ("606011234", "Chicago, IL 60601", "zip"),
        ("Chicago, IL 60601", "Chicago, IL 60601", "zip"),
        ("Chicago, IL", "Chicago, IL", "city"),
        ("chicago il", "Chicago, IL", "city"),
        ("CHICAGO,Illinois", "Chicago, IL", "city"),
        ("Dallas, Texas, USA", "Dallas, TX", "city"),
        ("Washington, DC", "Washington, DC", "city"),
        ("Washington, D.C.", "Washington, DC", "city"),
        ("New York, NY", "New York, NY", "city"),
        ("New York City, NY", "New York, NY", "city"),
        ("NYC, NY", "New York, NY", "city"),
        ("St Louis, MO", "St. Louis, MO", "city"),
        ("Saint Louis MO", "St. Louis, MO", "city"),
        ("Winston Salem, North Carolina", "Winston-Salem, NC", "city"),
        ("O’Fallon, MO", "O'Fallon, MO", "city"),
        ("Coeur d'Alene, ID", "Coeur D Alene, ID", "city"),
        ("41.88,-87.63", "Chicago, IL", "coordinates"),
        ("41.88 -87.63", "Chicago, IL", "coordinates"),
    ],
)
def test_a_place_is_found_by_the_words_people_write(text: str, name: str, precision: str) -> None:
    place = find_place(text)
    assert (place.name, place.precision) == (name, precision)


def test_coordinates_stay_as_given_and_take_city_and_zone_from_the_nearest_zip() -> None:
    place = find_place("41.8781,-87.6298")
    assert (place.lat, place.lon, place.zip3, place.time_zone) == (41.8781, -87.6298, "606", "America/Chicago")


@pytest.mark.parametrize("code", ["60601", "10001", "90001", "77352", "95214", "00501", "99403"])
def test_the_name_of_a_zip_code_finds_it_again(code: str) -> None:
    place = find_place(code)
    assert find_place(place.name) == place


def test_every_city_is_found_by_its_name() -> None:
    for text in ("a", "m", "s", "w"):
        for place in suggest_places(text, 400):
            assert find_place(place.name) == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("60699999", "neither a ZIP code of five digits nor coordinates"),
        ("00000", "There is no ZIP code 00000. Did you mean"),
        ("60698", "Did you mean"),
        ("6060", "neither a ZIP code"),
        ("Chicgo, IL", "There is no “Chicgo” in Illinois. Did you mean Chicago, IL"),
        ("Springfield", "Add the state"),
        ("Chicago, TX 60601", "ZIP code 60601 is in Chicago, IL, not in TX"),
        ("Xqzzt, WY", "Check the spelling, or give the ZIP code"),
        ("", "Say where"),
        ("x" * 300, "too long"),
        ("95.1,-87", "Latitude lies between"),
        ("٦٠٦٠١", "neither a ZIP code"),
        ("999.9,999.9", "Latitude lies between"),
        ("<script>alert(1)</script>", "Add the state"),
        ("Chicago\x00, IL; DROP TABLE", ""),
    ],
)
def test_words_that_name_no_place_are_answered_with_what_would_do(text: str, words: str) -> None:
    with pytest.raises(PlaceNotFound) as refusal:
        find_place(text)
    assert words in refusal.value.sentence
    assert refusal.value.text == text


def test_a_wrong_zip_code_suggests_its_neighbours() -> None:
    with pytest.raises(PlaceNotFound) as refusal:
        find_place("60698")
    assert all(place.zip and place.zip.startswith("606") for place in refusal.value.suggestions)
    assert refusal.value.suggestions


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("99501", "Alaska"),
        ("00907", "Puerto Rico"),
        ("Honolulu, HI", "Hawaii"),
        ("51.5,-0.1", "outside the 48 states"),
        ("25.0,-90.0", "outside the 48 states"),
        ("-87.63,41.88", "Latitude comes first"),
        ("41.88,87.63", "Western longitudes are negative"),
    ],
)
def test_what_no_road_reaches_is_refused(text: str, hint: str) -> None:
    with pytest.raises(OutsideCoverage) as refusal:
        find_place(text)
    assert hint in refusal.value.sentence


@given(st.text(max_size=40))
def test_any_text_is_answered_by_a_place_or_a_sentence(text: str) -> None:
    try:
        answer = find_place(text).state
    except PlaceNotFound as refusal:
        answer = refusal.sentence
    assert answer
    assert len(suggest_places(text)) <= 8


def test_every_zip_code_has_a_point_in_the_48_states_and_a_real_time_zone() -> None:
    zones, entries = available_timezones(), list(gazetteer())
    assert len(entries) > 41_000
    for entry in entries:
        assert 24.3 < entry.lat < 49.5, entry
        assert -125 < entry.lon < -66.8, entry
        assert entry.time_zone in zones, entry


def test_zip_codes_without_coordinates_take_their_citys() -> None:
    """Four in Los Angeles County and fourteen elsewhere come at 0,0."""
    assert great_circle_miles(find_place("95214").lat, find_place("95214").lon, 37.96, -121.29) < 20


def test_no_settled_point_is_outside_the_coverage() -> None:
    for text in ("37.2,-116.0", "42.5,-119.5", "31.0,-104.5", "47.0,-107.0", "44.6,-110.5"):
        assert find_place(text).precision == "coordinates"
    assert COVERAGE_MILES == 60


def test_suggestions_begin_with_the_text_bigger_cities_first() -> None:
    assert [place.name for place in suggest_places("chic")][:2] == ["Chicago, IL", "Chico, CA"]
    assert [place.name for place in suggest_places("springfield, m")][:2] == ["Springfield, MO", "Springfield, MA"]
    assert [place.name for place in suggest_places("chicago il")] == ["Chicago, IL"]
    assert suggest_places("nyc")[0].name == "New York, NY"
    assert len(suggest_places("s", limit=3)) == 3


def test_suggestions_for_digits_are_zip_codes() -> None:
    found = suggest_places("606")
    assert len(found) == 8
    assert all(place.zip and place.zip.startswith("606") for place in found)
    assert [place.name for place in suggest_places("60601")] == ["Chicago, IL 60601"]
    assert suggest_places("99999") == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("New York, New York", ("New York", "NY")),
        ("West Virginia", ("West", "VA")),
        ("Charleston West Virginia", ("Charleston West", "VA")),
        ("Charleston, West Virginia", ("Charleston", "WV")),
        ("Chicago", ("Chicago", None)),
    ],
)
def test_city_and_state_are_split(words: str, expected: tuple[str, str | None]) -> None:
    assert split_state(words) == expected


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("60601", "America/Chicago"),
        ("El Paso, TX", "America/Denver"),
        ("Phoenix, AZ", "America/Phoenix"),
        ("Gary, IN", "America/Chicago"),
        ("Indianapolis, IN", "America/Indiana/Indianapolis"),
        ("Pensacola, FL", "America/Chicago"),
    ],
)
def test_a_place_knows_its_time_zone(text: str, zone: str) -> None:
    assert find_place(text).time_zone == zone


def test_zones_follow_daylight_saving_and_arizona_does_not() -> None:
    before, after = datetime(2027, 3, 14, 6, tzinfo=UTC), datetime(2027, 3, 14, 10, tzinfo=UTC)
    chicago, phoenix = ZoneInfo(find_place("60601").time_zone), ZoneInfo(find_place("85001").time_zone)
    assert before.astimezone(chicago).utcoffset() == timedelta(hours=-6)
    assert after.astimezone(chicago).utcoffset() == timedelta(hours=-5)
    assert before.astimezone(phoenix).utcoffset() == after.astimezone(phoenix).utcoffset() == timedelta(hours=-7)

"""The room's REST, fragments, form field and tables."""

import gzip
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from foundation.places.models import ZipCode
from foundation.places.place import Place
from foundation.places.queries import find_place, zip_code
from foundation.places.services import load_zip_table
from tests.builders import make_organization, make_person
from tests.places.site import TripForm

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings: Any, empty_cache: None) -> None:
    settings.ROOT_URLCONF = "tests.places.site"


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(make_person(make_organization()), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_zip_table_is_filled_once_and_mended_by_the_next_start() -> None:
    count = load_zip_table()
    assert count > 41_000
    row = zip_code("60601")
    assert row is not None
    assert (row.city, row.state, row.county, row.time_zone) == ("Chicago", "IL", "Cook County", "America/Chicago")
    assert row.population_rank == 4
    ZipCode.objects.filter(pk="60601").update(city="Elsewhere")
    ZipCode.objects.filter(pk="10001").delete()
    assert load_zip_table() == count
    assert ZipCode.objects.get(pk="60601").city == "Chicago"


def test_a_start_that_changes_nothing_writes_no_row() -> None:
    load_zip_table()
    versions = "SELECT zip, ctid::text FROM places_zipcode ORDER BY zip"
    with connection.cursor() as cursor:
        cursor.execute(versions)
        before = cursor.fetchall()
        load_zip_table()
        cursor.execute(versions)
        assert cursor.fetchall() == before


def test_api_suggests_places(signed_in: Client) -> None:
    answer = signed_in.get("/api/v1/places", {"query": "chic", "limit": "3"})
    assert answer.status_code == 200
    body = answer.json()
    assert body["next"] is None
    assert [item["name"] for item in body["items"]][:2] == ["Chicago, IL", "Chico, CA"]
    assert set(body["items"][0]) == {"name", "city", "state", "zip", "lat", "lon", "time_zone", "precision"}


def test_api_finds_coordinates_and_corrects_spelling(signed_in: Client) -> None:
    (here,) = signed_in.get("/api/v1/places", {"query": "41.88,-87.63"}).json()["items"]
    assert here["precision"] == "coordinates"
    assert signed_in.get("/api/v1/places", {"query": "Chicgo, IL"}).json()["items"][0]["name"] == "Chicago, IL"


def test_api_measures_the_road(signed_in: Client) -> None:
    answer = signed_in.get("/api/v1/places/miles", {"from": "60601", "to": "New York, NY", "path": "true"}).json()
    assert answer["basis"] == "computed"
    assert 780 < answer["miles"] < 805
    assert 700 < answer["minutes"] < 800
    assert answer["road_version"].startswith("roads-1-")
    assert answer["path"][0] == [find_place("60601").lat, find_place("60601").lon]
    assert "path" not in signed_in.get("/api/v1/places/miles", {"from": "60601", "to": "10001"}).json()


@pytest.mark.parametrize(
    ("path", "parameters", "parameter", "words"),
    [
        ("/api/v1/places", {}, "query", "Give query"),
        ("/api/v1/places", {"query": "a", "limit": "0"}, "limit", "from 1 to 50"),
        ("/api/v1/places", {"query": "a", "limit": "²"}, "limit", "from 1 to 50"),
        ("/api/v1/places", {"query": "a", "q": "b"}, "q", "does not know"),
        ("/api/v1/places/miles", {"from": "60601"}, "to", "Give to"),
        ("/api/v1/places/miles", {"from": "00000", "to": "60601"}, "from", "Did you mean"),
        ("/api/v1/places/miles", {"from": "60601", "to": "99501"}, "to", "Alaska"),
        ("/api/v1/places/miles", {"from": "60601", "to": "10001", "path": "yes"}, "path", "true or false"),
    ],
)
def test_api_names_the_parameter_that_is_wrong(
    signed_in: Client, path: str, parameters: dict[str, str], parameter: str, words: str
) -> None:
    answer = signed_in.get(path, parameters)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert parameter in [error.get("parameter") for error in answer.json()["errors"]]
    assert words in answer.json()["detail"]


def test_strangers_are_turned_away(client: Client) -> None:
    assert client.get("/api/v1/places", {"query": "chic"}).status_code == 401
    assert client.get("/api/v1/places/miles", {"from": "60601", "to": "10001"}).status_code == 401
    assert client.get("/places/suggestions", {"origin": "chic"}).status_code == 401


def test_suggestions_come_as_options_under_any_fields_name(signed_in: Client) -> None:
    answer = signed_in.get("/places/suggestions", {"stops-0-place": "chic"})
    assert '<li class="list-group-item list-group-item-action" role="option"' in answer.content.decode()
    assert 'data-value="Chicago, IL"' in answer.content.decode()
    assert signed_in.get("/places/suggestions").content.decode().strip() == ""


def test_freeways_are_served_packed_cached_and_with_an_etag(client: Client) -> None:
    answer = client.get("/places/freeways.json", headers={"Accept-Encoding": "gzip, br"})
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert len(answer.content) < 90_000
    feature = json.loads(gzip.decompress(answer.content))
    assert feature["geometry"]["type"] == "MultiLineString"
    assert client.get("/places/freeways.json").json() == feature
    again = client.get("/places/freeways.json", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    assert client.post("/places/freeways.json").status_code == 405


def test_a_form_takes_words_and_gives_places() -> None:
    form = TripForm({"origin": "Chicago, IL 60601", "home": ""})
    assert form.is_valid()
    assert form.cleaned_data["origin"] == find_place("60601")
    assert form.cleaned_data["home"] is None


def test_a_form_says_what_is_wrong_with_a_place_and_keeps_what_was_typed() -> None:
    form = TripForm({"origin": '60698"><script>', "home": "00000"})
    assert not form.is_valid()
    assert "Did you mean" in form.errors["home"][0]
    assert "<script>" not in form.as_p()
    assert "60698" in form.as_p()


def test_the_input_is_a_combobox_that_works_without_javascript() -> None:
    html = str(TripForm(initial={"origin": find_place("60601")})["origin"])
    for piece in (
        'type="text"',
        'value="Chicago, IL 60601"',
        'role="combobox"',
        'hx-get="/places/suggestions"',
        'aria-controls="id_origin_places"',
        '<ul class="place-options list-group" id="id_origin_places" role="listbox"',
    ):
        assert piece in html, piece


def test_coordinates_go_through_a_form_unchanged() -> None:
    place = find_place("41.12345,-87.54321")
    form = TripForm(initial={"origin": place})
    shown = form["origin"].value()
    assert isinstance(shown, Place)
    assert find_place(form.fields["origin"].widget.format_value(place) or "") == place

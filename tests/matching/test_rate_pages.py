"""The market estimate where people and programs meet it: load page and form, lane page, lists, match, REST."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from matching.engine.policy import DEFAULT_POLICY
from matching.models import Match
from matching.policies import forget_policy
from matching.services import fit_rates
from tests.builders import make_load, make_organization, now
from tests.matching.bookings import Parties, observe
from tests.matching.market import run
from tests.matching.pairs import make_match, make_pair
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db

URL = "/api/v1/rates/estimate"
LANE = ("606", "IL", "752", "TX")


@pytest.fixture(autouse=True)
def fresh_policy() -> Iterator[None]:
    """Read the policy anew in each test, and leave none behind."""
    forget_policy()
    yield
    forget_policy()


def text_of(response):
    assert response.status_code == 200, response.content
    return " ".join(response.content.decode().split())


def typed(**changed):
    """Return what a browser sends of a load's form: Chicago to Dallas in a van."""
    day = (now() + timedelta(days=2)).date().isoformat()
    form = {
        "stop": ["0", "1"],
        "equipment": "V",
        "size": "full",
        "s0-kind": "pickup",
        "s0-place": "60601",
        "s1-kind": "delivery",
        "s1-place": "75201",
    }
    for key in ("0", "1"):
        form |= {f"s{key}-opens_on": day, f"s{key}-opens": "08:00", f"s{key}-closes": "16:00"}
    return {**form, **changed}


def test_a_load_page_fetches_what_the_load_is_worth_and_says_that_it_is_not_observed(shipper, sign_in):
    load = make_load(shipper, rate_cents=None)
    client = sign_in(shipper)
    page = text_of(client.get(f"/loads/{load.public_id}/"))
    assert f'hx-get="/matching/loads/{load.public_id}/rate/"' in page
    fragment = text_of(client.get(f"/matching/loads/{load.public_id}/rate/", headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    assert "Market estimate</dt>" in page
    assert "<strong" in fragment
    assert "default, not observed" in fragment
    assert "Too little was booked on this lane" in fragment
    whole = text_of(client.get(f"/matching/loads/{load.public_id}/rate/"))
    assert "<html" in whole
    assert "default, not observed" in whole


def test_an_observed_estimate_names_its_bookings_its_window_and_its_age(shipper, sign_in):
    newest = observe(Parties(), 212, lane=("303", "GA", "331", "FL"))[0].booked_on
    version = fit_rates()
    load = make_load(shipper, rate_cents=None, size="partial", length_feet=12)
    fragment = text_of(sign_in(shipper).get(f"/matching/loads/{load.public_id}/rate/", headers={"HX-Request": "true"}))
    assert "For 84 % of a truck <strong" in fragment  # by weight: 38,000 of 45,000 lb
    assert "observed, 212 bookings, last 90 days" in fragment
    assert f"Newest booking {newest:%b %-d}, fitted {version.fitted_at:%b %-d}." in fragment
    assert "not observed" not in fragment


def test_a_lane_that_was_booked_often_enough_shows_its_own_figure(shipper, sign_in):
    observe(Parties(), 10, equipment=("V",), miles=967.0, lane=LANE)
    fragment = text_of(sign_in(shipper).get("/matching/rates/?equipment=V&origin=60601&destination=75201"))
    assert "This lane, 606xx to 752xx: median $" in fragment
    assert "10 bookings" in fragment
    wider = text_of(sign_in(shipper).get("/matching/rates/?equipment=V&origin=60432&destination=77002"))
    assert "Too little was booked between these ZIP areas for a figure of their own. IL to TX" in wider


def test_the_lane_of_others_is_not_for_an_unverified_account_but_the_estimate_is(sign_in):
    observe(Parties(), 10, equipment=("V",), miles=967.0, lane=LANE)
    new = sign_in(make_organization("New Paper", verified=False))
    page = text_of(new.get("/matching/rates/?equipment=V&origin=60601&destination=75201"))
    assert "default, not observed" in page
    assert "This lane" not in page
    assert "bookings, " not in page


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("equipment=XX&origin=60601&destination=75201", "Select a valid choice"),
        ("equipment=V&origin=Atlantis&destination=75201", "Atlantis"),
        ("equipment=V&origin=60601", "This field is required"),
        ("equipment=V&origin=%00&destination=75201", "Null characters are not allowed"),
        ("equipment=V&origin=" + "x" * 300 + "&destination=75201", "at most 200 characters"),
    ],
)
def test_a_question_that_names_no_lane_is_answered_at_its_field(question, sentence, shipper, sign_in):
    response = sign_in(shipper).get(f"/matching/rates/?{question}")
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_the_rates_page_opens_without_a_question(shipper, sign_in):
    assert "Look up" in text_of(sign_in(shipper).get("/matching/rates/"))


def test_a_load_being_typed_is_valued_once_its_stops_are_known(shipper, sign_in):
    client = sign_in(shipper)
    page = text_of(client.get("/loads/new/"))
    assert 'hx-post="/matching/rates/form/"' in page
    fragment = text_of(client.post("/matching/rates/form/", typed()))
    assert "default, not observed" in fragment
    assert "<html" not in fragment
    for changed in ({"s1-place": ""}, {"s1-place": "Atlantis"}, {"equipment": "XX"}, {"stop": []}):
        waiting = text_of(client.post("/matching/rates/form/", typed(**changed)))
        assert "appears once every stop has its place" in waiting
    assert "full truckload" in text_of(client.post("/matching/rates/form/", typed(size="partial")))


def test_matches_say_that_their_rate_is_estimated_with_the_band_and_what_it_rests_on(shipper, carrier, broker, sign_in):
    match = make_match(shipper, carrier, rate_cents=None)
    band = match.rate_band
    assert band is not None
    assert (band.basis, band.words) == ("default", "default, not observed")
    assert band.low_cents < match.rate_cents < band.high_cents
    assert band.low_cents % 500 == band.high_cents % 500 == 0
    between = f"${band.low_cents // 100:,} to ${band.high_cents // 100:,}"
    page = text_of(sign_in(shipper).get(f"/matches/{match.public_id}/"))
    assert f"The rate here is the market estimate, {between}: default, not observed." in page
    for path in (f"/matching/legs/{match.leg.public_id}/matches/", f"/matching/loads/{match.load.public_id}/matches/"):
        assert f"estimate, {between}, not observed" in text_of(sign_in(carrier).get(path)), path
    assert "default estimate" in text_of(sign_in(broker).get("/desk/"))
    for viewer in (shipper, carrier, broker):
        seen = ApiClient(viewer).get(f"/api/v1/matches/{match.public_id}").json()
        assert (seen["rate_is_estimated"], seen["rate_basis"]) == (True, "default")
        assert float(seen["rate_low"]["amount"]) * 100 == band.low_cents
        assert float(seen["rate_high"]["amount"]) * 100 == band.high_cents


def test_a_posted_rate_has_no_band(shipper, carrier):
    match = make_match(shipper, carrier)
    assert match.rate_band is None
    seen = ApiClient(carrier).get(f"/api/v1/matches/{match.public_id}").json()
    assert (seen["rate_is_estimated"], seen["rate_basis"]) == (False, "posted")
    assert (seen["rate_low"], seen["rate_high"]) == (None, None)


def test_a_match_whose_account_is_older_than_bands_is_still_shown(shipper, carrier, sign_in):
    leg, load = make_pair(shipper, carrier, rate_cents=None)
    run(leg)
    match = Match.objects.get(leg=leg, load=load)
    match.parts.pop("rate_estimate")
    match.save()
    for path in (f"/matches/{match.public_id}/", f"/matching/legs/{leg.public_id}/matches/"):
        assert "estimate" in text_of(sign_in(carrier).get(path))
    assert ApiClient(carrier).get(f"/api/v1/matches/{match.public_id}").json()["rate_basis"] == "default"


def test_the_api_estimates_by_places_and_by_miles(shipper):
    api = ApiClient(shipper)
    lane = api.get(f"{URL}?equipment=V&from=60601&to=Dallas, TX").json()
    assert lane["rate_basis"] == "default"
    assert lane["version"] == DEFAULT_POLICY.rates.version
    assert (lane["bookings"], lane["newest_on"], lane["lane"]) == (None, None, None)
    assert 900 < lane["miles"] < 1000
    far = api.get(f"{URL}?equipment=R&miles=600").json()
    # 265 c x 600 = $1,590; a quarter less and more
    assert [far[name]["amount"] for name in ("rate", "rate_low", "rate_high")] == ["1590.00", "1195.00", "1990.00"]


def test_the_api_says_what_an_observed_rate_rests_on_and_what_the_lane_paid(shipper):
    observe(Parties(), 210, equipment=("V",), miles=967.0, lane=LANE, level=1.2)
    version = fit_rates()
    seen = ApiClient(shipper).get(f"{URL}?equipment=V&from=60601&to=75201").json()
    assert (seen["rate_basis"], seen["bookings"], seen["window_days"]) == ("observed", 210, 90)
    assert (seen["version"], seen["fitted_on"]) == (version.version, version.fitted_at.date().isoformat())
    assert seen["lane"]["scope"] == "zip3"
    assert seen["lane"]["bookings"] == 210
    assert float(seen["lane"]["rate"]["amount"]) == pytest.approx(seen["miles"] * 2.097 * 1.2, rel=0.05)


@pytest.mark.parametrize(
    ("question", "parameter", "code"),
    [
        ("", "equipment", "invalid_equipment"),
        ("equipment=XX&miles=5", "equipment", "invalid_equipment"),
        ("equipment=V", "from", "missing_parameter"),
        ("equipment=V&from=60601", "to", "missing_parameter"),
        ("equipment=V&from=60601&to=Atlantis", "to", "place_not_found"),
        ("equipment=V&from=60601&miles=500", "from", "miles_or_places"),
        ("equipment=V&miles=nan", "miles", "invalid_miles"),
        ("equipment=V&miles=-1", "miles", "invalid_miles"),
        ("equipment=V&miles=inf", "miles", "invalid_miles"),
        ("equipment=V&miles=5001", "miles", "invalid_miles"),
        ("equipment=V&miles=0", "miles", "invalid_miles"),
        ("equipment=V&miles=500&until=now", "until", "unknown_parameter"),
    ],
)
def test_a_question_that_does_not_read_is_refused_at_its_parameter(question, parameter, code, shipper):
    response = ApiClient(shipper).get(f"{URL}?{question}")
    assert response.status_code == 400
    (error, *_) = response.json()["errors"]
    assert (error["parameter"], error["code"]) == (parameter, code)


def test_the_api_needs_a_key_that_reads_matches(shipper, client):
    assert client.get(f"{URL}?equipment=V&miles=500").status_code == 401
    assert ApiClient(shipper, scopes=["loads:read"]).get(f"{URL}?equipment=V&miles=500").status_code == 403


def test_estimates_are_limited_as_searches_are(shipper, settings, empty_cache):
    settings.REST_RATE_LIMITS = {**settings.REST_RATE_LIMITS, "search": (2, 10, 60)}
    api = ApiClient(shipper)
    assert [api.get(f"{URL}?equipment=V&miles=500").status_code for _ in range(3)] == [200, 200, 429]

"""The pages of loads, by Django's client: what they show to whom, and what a wrong form answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from foundation.places.geocoding import Geocoded
from loads.models import Load, StopKind
from tests.builders import load_terms, make_load, make_organization, now, stop_terms

pytestmark = pytest.mark.django_db
CHICAGO = ZoneInfo("America/Chicago")


def in_days(days):
    """Return the day in Chicago so many days from today, as a form writes it."""
    return str(now().astimezone(CHICAGO).date() + timedelta(days=days))


def filled(**changes):
    """Return what a dispatcher types: Chicago tomorrow 08:00 to 16:00, Dallas three days later."""
    values = {
        "stop": ["0", "1"],
        "s0-kind": "pickup",
        "s0-place": "60601",
        "s0-opens_on": in_days(1),
        "s0-opens": "08:00",
        "s0-closes": "16:00",
        "s0-service_minutes": "120",
        "s1-kind": "delivery",
        "s1-place": "Dallas, TX",
        "s1-opens_on": in_days(4),
        "s1-opens": "08:00",
        "s1-closes": "16:00",
        "s1-service_minutes": "120",
        "equipment": "V",
        "size": "full",
        "weight_pounds": "38,000",
        "commodity": "Paper products",
        "rate_cents": "$2,400",
        "free_minutes": "120",
        "payment_days": "30",
        "audience": "market",
        "form_token": "token-1",
        "do": "post",
    }
    return {**values, **changes}


@pytest.fixture
def dispatcher(shipper, sign_in):
    return sign_in(shipper)


def errors_in(response):
    """Return the sentences that stand beside fields."""
    parts = response.content.decode().split("invalid-feedback")[1:]
    return [part.split("</div>")[0].split("</i>")[-1].strip() for part in parts]


def test_a_form_posts_a_load_in_the_stops_own_time(dispatcher, shipper):
    typed = filled()
    answer = dispatcher.post("/loads/new/", typed)
    load = Load.objects.get()
    assert answer.headers["Location"] == f"/loads/{load.public_id}/"
    assert (load.status, load.weight_pounds, load.rate_cents) == ("open", 38_000, 2_400_00)
    assert load.first_stop.opens_at.astimezone(CHICAGO).strftime("%H %Y-%m-%d") == f"08 {typed['s0-opens_on']}"
    assert "Posted: trucks are being matched." in dispatcher.get(answer.headers["Location"]).content.decode()


def test_a_double_click_posts_one_load(dispatcher):
    first = dispatcher.post("/loads/new/", filled())
    second = dispatcher.post("/loads/new/", filled())
    assert first.headers["Location"] == second.headers["Location"]
    assert Load.objects.count() == 1


def test_a_new_form_brings_its_token_and_usual_values(dispatcher):
    one, two = (dispatcher.get("/loads/new/").context["form"] for _ in range(2))
    assert one.freight["form_token"].value() != two.freight["form_token"].value()
    assert [stop["kind"].value() for stop in one.stops] == ["pickup", "delivery"]
    assert one.freight["free_minutes"].value() == 120


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"s0-place": "99999"}, "There is no ZIP code 99999"),
        ({"s0-place": "Springfield"}, "Add the state to “Springfield”"),
        ({"weight_pounds": "0"}, "Give the weight in pounds, at least 1 lb."),
        ({"weight_pounds": "200,000"}, "200,000 lb do not go on one van"),
        ({"weight_pounds": "heavy"}, "“heavy” is not a whole number. Write it like 38000."),
        ({"s0-closes": "07:00"}, "The window closes before it opens."),
        ({"s1-opens_on": 1}, "This stop cannot be reached in time"),
        ({"s0-opens_on": "2020-01-01"}, "This window is over"),
        ({"rate_cents": "0"}, "A rate is at least $50.00."),
        ({"rate_cents": "a lot"}, "“a lot” is not an amount in dollars."),
        ({"commodity": ""}, "This field is required."),
        ({"audience": "partners_first"}, "Say until when only partners see it."),
        ({"temperature_min_f": "34"}, "A van keeps no temperature."),
    ],
)
def test_a_wrong_field_gets_its_sentence_and_what_was_typed_stays(dispatcher, typed, sentence):
    typed = {name: in_days(value) if isinstance(value, int) else value for name, value in typed.items()}
    answer = dispatcher.post("/loads/new/", filled(reference="PO <b>7</b>", **typed))
    assert answer.status_code == 422
    assert any(sentence in error for error in errors_in(answer)), errors_in(answer)
    html = answer.content.decode()
    assert "PO &lt;b&gt;7&lt;/b&gt;" in html
    assert "<b>7</b>" not in html
    for value in typed.values():
        assert value in html
    assert not Load.objects.exists()


def test_a_time_that_the_clocks_skip_is_refused_at_its_field(dispatcher):
    march = [datetime(now().year + 1, 3, day) for day in range(8, 15)]
    spring = next(day for day in march if day.weekday() == 6)  # the second Sunday
    answer = dispatcher.post("/loads/new/", filled(**{"s0-opens_on": f"{spring:%Y-%m-%d}", "s0-opens": "02:30"}))
    assert any("The clocks skip 02:30" in error for error in errors_in(answer))


def test_a_script_in_a_text_is_text(dispatcher):
    script = "<script>alert(1)</script>"
    dispatcher.post("/loads/new/", filled(commodity=script, reference=script, notes=script))
    load = Load.objects.get()
    assert load.commodity == script
    for page in ("/loads/", f"/loads/{load.public_id}/", f"/loads/{load.public_id}/edit/"):
        html = dispatcher.get(page).content.decode()
        assert script not in html
        assert "&lt;script&gt;alert(1)" in html


def test_stops_come_and_go_and_what_was_typed_stays(dispatcher):
    answer = dispatcher.post("/loads/form/stops/", filled(do="add-pickup"), headers={"HX-Request": "true"})
    stops = answer.context["form"].stops
    assert [stop["kind"].value() for stop in stops] == ["pickup", "pickup", "delivery"]
    assert stops[0]["place"].value() == "60601"
    assert errors_in(answer) == []
    moved = dispatcher.post("/loads/form/stops/", filled(do="up-1")).context["form"].stops
    assert [stop["kind"].value() for stop in moved] == ["delivery", "pickup"]
    three = filled(**{"stop": ["0", "1", "7"], "s7-kind": "delivery", "s7-place": "Waco, TX", "do": "remove-1"})
    left = dispatcher.post("/loads/form/stops/", three).context["form"].stops
    assert [stop["place"].value() for stop in left] == ["60601", "Waco, TX"]
    without_scripts = dispatcher.post("/loads/new/", filled(do="add-delivery"))
    assert (without_scripts.status_code, len(without_scripts.context["form"].stops)) == (200, 3)
    assert errors_in(without_scripts) == []
    assert not Load.objects.exists()


def test_the_road_is_told_while_one_types(dispatcher):
    html = dispatcher.post("/loads/form/road/", filled()).content.decode()
    assert " mi</strong>" in html
    assert "CST" in html or "CDT" in html
    assert "is there before the last stop opens" in html
    late = filled(**{"s1-opens_on": filled()["s0-opens_on"]})
    assert "The last stop closes before" in dispatcher.post("/loads/form/road/", late).content.decode()
    for odd in ({"s1-place": "nowhere"}, {"stop": []}, {"s0-closes": ""}, {"s0-service_minutes": "x"}):
        assert dispatcher.post("/loads/form/road/", filled(**odd)).status_code == 200


def test_a_stale_form_shows_both_versions_and_keeps_what_was_typed(dispatcher, shipper):
    load = make_load(shipper)
    page = f"/loads/{load.public_id}/edit/"
    typed = filled(weight_pounds="30000", do="save", version="1")
    dispatcher.post(page, filled(weight_pounds="20000", do="save", version="1"))
    answer = dispatcher.post(page, typed)
    assert answer.status_code == 412
    html = answer.content.decode()
    assert "Somebody changed this load while you were editing." in html
    assert "20,000 lb" in html
    assert 'value="30000"' in html
    assert Load.objects.get().weight_pounds == 20_000
    # the form now knows the newer version: saving again replaces it on purpose
    version = answer.context["form"].freight["version"].value()
    assert dispatcher.post(page, {**typed, "version": version}).status_code == 302
    assert Load.objects.get().weight_pounds == 30_000


def sent_of(form):
    """Return what a browser sends of an edit's form that nobody has touched."""
    data = {"stop": [stop.key for stop in form.stops], "do": "save"}
    for part in (form.freight, *form.stops):
        for bound in part:
            value = bound.value()
            if isinstance(value, list):
                data[bound.html_name] = value
            elif value is True:
                data[bound.html_name] = "on"
            elif value not in (None, False, ""):
                data[bound.html_name] = bound.field.widget.format_value(value)
                if isinstance(data[bound.html_name], list):  # a select's
                    data[bound.html_name] = data[bound.html_name][0]
    return data


def test_an_edit_without_changes_keeps_every_term(dispatcher, shipper):
    start = now().replace(minute=0, second=0) + timedelta(days=1)
    stops = (
        stop_terms("60601", start, hours=30, by_appointment=True, facility="Dock 4", address="1 Main St"),
        stop_terms("75201", start + timedelta(days=4), kind=StopKind.DELIVERY, instructions="call\nfirst"),
    )
    load = make_load(shipper, terms=load_terms(stops=stops, notes="a\nb", attributes=4, hazmat_class="3"))
    form = dispatcher.get(f"/loads/{load.public_id}/edit/").context["form"]
    answer = dispatcher.post(f"/loads/{load.public_id}/edit/", sent_of(form))
    assert answer.status_code == 302, errors_in(answer)
    assert Load.objects.get().version == 1


def test_an_edit_keeps_what_a_form_cannot_say_of_a_time(dispatcher, shipper):
    """Seconds, and which of the two equal hours is meant in the night in which the clocks go back."""
    november = [datetime(now().year + 1, 11, day, tzinfo=CHICAGO) for day in range(1, 8)]
    autumn = next(day for day in november if day.weekday() == 6)  # the first Sunday
    opens = autumn.replace(hour=1, minute=30, second=17, fold=1).astimezone(UTC)
    stops = stop_terms("60601", opens), stop_terms("75201", opens + timedelta(days=3), kind=StopKind.DELIVERY)
    until = opens - timedelta(minutes=10)
    load = make_load(shipper, stops=stops, status="draft", audience="partners_first", partners_first_until=until)
    page = f"/loads/{load.public_id}/edit/"
    answer = dispatcher.post(page, sent_of(dispatcher.get(page).context["form"]) | {"commodity": "Pulp"})
    assert answer.status_code == 302, errors_in(answer)
    load.refresh_from_db()
    stored = load.first_stop
    assert (load.commodity, stored.opens_at, stored.closes_at) == ("Pulp", opens, opens + timedelta(hours=8))
    assert load.partners_first_until == until


def test_a_window_in_a_year_beyond_calendars_is_refused_at_its_field(dispatcher):
    answer = dispatcher.post("/loads/new/", filled(**{"s1-opens_on": "9999-12-31", "s1-closes": "23:00"}))
    assert answer.status_code == 422
    assert any("Check the year" in error for error in errors_in(answer)), errors_in(answer)


def test_a_copy_begins_with_the_terms_and_later_days(dispatcher, shipper):
    load = make_load(shipper, opens_at=now() - timedelta(days=9), reference="PO 7")
    form = dispatcher.get(f"/loads/new/?copy={load.public_id}").context["form"]
    today = now().astimezone(CHICAGO).date()
    assert form.stops[0]["opens_on"].value() == today + timedelta(days=1)
    assert form.stops[1]["opens_on"].value() == today + timedelta(days=4)
    assert form.freight["commodity"].value() == "Paper products"
    assert form.freight["reference"].value() == ""
    stranger = make_load(make_organization())
    assert dispatcher.get(f"/loads/new/?copy={stranger.public_id}").status_code == 404


def test_the_buttons_move_a_load(dispatcher, shipper):
    load = make_load(shipper, confirmed_at=now() - timedelta(hours=20))
    page = f"/loads/{load.public_id}/"
    assert "Does this load still stand?" in dispatcher.get(page).content.decode()
    dispatcher.post(f"{page}confirmation/")
    assert "Does this load still stand?" not in dispatcher.get(page).content.decode()
    dispatcher.post(f"{page}withdrawal/", {"version": "1"})
    assert Load.objects.get().status == "withdrawn"
    stale = dispatcher.post(f"{page}opening/", {"version": "1"}, follow=True)
    assert "This was changed elsewhere meanwhile" in stale.content.decode()
    dispatcher.post(f"{page}opening/", {"version": "2"})
    assert Load.objects.get().status == "open"
    history = dispatcher.get(page).context["history"]
    assert [step.what for step in history] == ["Posted", "Withdrawn", "Confirmed"]


def test_a_row_is_confirmed_in_place(dispatcher, shipper):
    load = make_load(shipper, confirmed_at=now() - timedelta(hours=20))
    answer = dispatcher.post(f"/loads/{load.public_id}/confirmation/", headers={"HX-Request": "true"})
    assert answer.content.decode().strip().startswith("<tr")
    assert "just now" in answer.content.decode()


def test_what_a_list_shows_is_confirmed_at_once(dispatcher, shipper):
    waiting = [make_load(shipper, confirmed_at=now() - timedelta(hours=20)) for _ in range(2)]
    gone = make_load(shipper, status="withdrawn")
    assert "2 loads on this page wait" in dispatcher.get("/loads/").content.decode()
    ids = [load.public_id for load in (*waiting, gone)]
    answer = dispatcher.post("/loads/confirmation/", {"load": ids}, follow=True)
    assert "Confirmed 2 loads." in answer.content.decode()
    assert not answer.context["asked"]
    stranger = make_load(make_organization())
    assert dispatcher.post("/loads/confirmation/", {"load": [stranger.public_id]}).status_code == 404


def test_a_street_address_is_located_where_a_geocoder_serves(dispatcher, settings, monkeypatch):
    settings.GEOCODER = "photon"
    asked = []

    def geocode(*, street, near):
        asked.append(street)
        return Geocoded(replace(near, lat=41.9, lon=-87.65, precision="address"))

    monkeypatch.setattr("loads.forms.geocode_address", geocode)
    dispatcher.post("/loads/new/", filled(**{"s0-address": "233 S Wacker Dr"}))
    stop = Load.objects.get().first_stop
    assert asked == ["233 S Wacker Dr"]
    assert (stop.exact_lat, stop.exact_lon) == (41.9, -87.65)
    assert (stop.lat, stop.zip) != (41.9, "")  # figures stay on the ZIP code's centre


def test_a_load_whose_time_is_over_is_mended_in_its_form(dispatcher, shipper):
    load = make_load(shipper, status="expired", opens_at=now() - timedelta(days=3))
    answer = dispatcher.post(f"/loads/{load.public_id}/opening/", {"version": "1"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/loads/{load.public_id}/edit/"
    assert "This window is over" in answer.content.decode()
    assert dispatcher.post(f"/loads/{load.public_id}/edit/", filled(version="1")).status_code == 302
    assert Load.objects.get().status == "open"


def test_a_covered_load_has_no_form(dispatcher, shipper):
    load = make_load(shipper, status="covered")
    assert dispatcher.get(f"/loads/{load.public_id}/edit/").status_code == 409
    answer = dispatcher.post(f"/loads/{load.public_id}/edit/", filled(version="1"))
    assert answer.status_code == 409
    assert "a booking rests on its terms" in answer.content.decode()


def test_the_unverified_draft_and_see_lanes_only(sign_in):
    shipper = make_organization(verified=False)
    client = sign_in(shipper)
    for _ in range(3):
        make_load(make_organization())
    assert "Post load" not in client.get("/loads/new/").content.decode()
    assert client.post("/loads/new/", filled()).status_code == 403
    assert client.post("/loads/new/", filled(do="draft")).status_code == 302
    assert Load.objects.get(organization=shipper).status == "draft"
    assert "Paper products" not in client.get("/loads/market/").content.decode()
    assert client.get("/loads/market/").context["lanes"] == [{"from_state": "IL", "to_state": "TX", "loads": 3}]


def pages_of(load):
    page = f"/loads/{load.public_id}/"
    return {
        "get": [page, f"{page}edit/", f"/loads/new/?copy={load.public_id}"],
        "post": [f"{page}edit/", f"{page}confirmation/", f"{page}withdrawal/", f"{page}opening/"],
    }


@pytest.mark.parametrize("status", ["draft", "withdrawn"])
def test_anothers_load_off_the_market_is_not_found_on_any_page(shipper, sign_in, status):
    load = make_load(shipper, status=status)
    client = sign_in(make_organization())
    for method, pages in pages_of(load).items():
        for page in pages:
            assert getattr(client, method)(page, filled() if method == "post" else {}).status_code == 404, page


def test_anothers_open_load_can_be_read_and_nothing_else(shipper, sign_in):
    load = make_load(shipper, reference="PO-SECRET", private_notes="NOTES-SECRET", reserve_cents=3_333_00)
    client = sign_in(make_organization())
    html = client.get(f"/loads/{load.public_id}/").content.decode()
    for secret in ("PO-SECRET", "NOTES-SECRET", "3,333", "60601", "Prairie Paper", "Edit", "History</h2>"):
        assert secret not in html
    assert "606" in html
    assert client.post(f"/loads/{load.public_id}/edit/", filled()).status_code == 404


def test_a_viewer_reads_all_and_changes_nothing(shipper, sign_in):
    load = make_load(shipper, reserve_cents=3_333_00)
    client = sign_in(shipper, "viewer")
    html = client.get(f"/loads/{load.public_id}/").content.decode()
    assert "$3,333" in html
    assert "Withdraw" not in html
    for page in [*pages_of(load)["post"], "/loads/new/"]:
        assert client.post(page, filled()).status_code == 403


def test_a_driver_sees_no_loads(shipper, sign_in):
    load = make_load(shipper)
    client = sign_in(shipper, "driver")
    for page in ("/loads/", "/loads/market/", f"/loads/{load.public_id}/"):
        assert client.get(page).status_code == 403


def test_whoever_is_not_signed_in_is_sent_to_sign_in(client, shipper):
    load = make_load(shipper)
    for page in ("/loads/", "/loads/market/", "/loads/new/", f"/loads/{load.public_id}/"):
        assert client.get(page).headers["Location"].startswith("/accounts/login/")

"""The pages of carriers, as each of the cast sees them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from carriers.forms.legs import new_defaults
from carriers.models import CostSetting, ReturnLeg, Truck
from carriers.services import edit_leg
from carriers.store import terms_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade.posting import Status
from foundation.trade.windows import local
from tests.builders import make_home_base, make_leg, make_organization, make_truck, now

pytestmark = pytest.mark.django_db

SignIn = Callable[..., Client]


def wall(instant: datetime) -> str:
    """Return an instant as a browser's control sends it, in Chicago's time."""
    return f"{local(instant, 'America/Chicago'):%Y-%m-%dT%H:%M}"


def form(truck: Truck, **fields: Any) -> dict[str, Any]:
    """Return what a dispatcher types: empty in Chicago tomorrow, home in Dallas three days later."""
    ready = now() + timedelta(days=1)
    return {
        "truck": truck.public_id,
        "empty": "60601",
        "ready_at": wall(ready),
        "home_base": truck.home_base.public_id if truck.home_base else "",
        "home": "",
        "home_by": wall(ready + timedelta(days=3)),
        "max_pickup_deadhead_miles": "100",
        "max_home_deadhead_miles": "100 mi",
        "max_out_of_route_miles": "1,500",
        "audience": "market",
        "form_token": "form_abc",
        "save": "open",
        **fields,
    }


def test_a_dispatcher_posts_a_leg_and_sees_it(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    client = sign_in(carrier)
    answer = client.post("/legs/new/", form(truck, drive_minutes_left="7:30"))
    leg = ReturnLeg.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/legs/{leg.public_id}/")
    assert (leg.status, leg.max_out_of_route_miles, leg.drive_minutes_left) == (Status.OPEN, 1500, 450)
    page = client.get(f"/legs/{leg.public_id}/").content.decode()
    assert "Chicago, IL" in page
    assert "driving 7:30" in page
    assert f'hx-get="/matching/legs/{leg.public_id}/matches/"' in page
    assert "Posted" in client.get("/legs/").content.decode() or leg.public_id in client.get("/legs/").content.decode()


def test_the_form_starts_from_the_truck_and_the_limits_used_last(
    sign_in: SignIn, carrier: Organization, truck: Truck
) -> None:
    make_truck(carrier)
    make_leg(carrier, truck=truck, max_pickup_deadhead_miles=77, status=Status.WITHDRAWN)
    page = sign_in(carrier).get(f"/legs/new/?truck={truck.public_id}").content.decode()
    assert 'value="77"' in page
    assert f'<option value="{truck.home_base.public_id}" selected>' in page
    assert f'<option value="{truck.usual_driver.public_id}" selected>' in page


def test_the_form_never_starts_from_an_hour_that_the_clocks_skip(carrier: Organization) -> None:
    friday = datetime(2027, 3, 12, 7, 30, tzinfo=UTC)  # half past one in Chicago, two days before 02:00 is skipped
    begins = new_defaults(carrier, None, friday)
    assert (begins["ready_at"], begins["home_by"]) == (datetime(2027, 3, 12, 2), datetime(2027, 3, 14, 3))


def test_choosing_another_truck_keeps_what_was_typed(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    other = make_truck(carrier, number="13", home="Tulsa, OK")
    typed = form(truck, notes="Call first") | {"truck": other.public_id}
    page = sign_in(carrier).get("/legs/new/", typed).content.decode()
    assert "Call first" in page
    assert 'value="60601"' in page
    assert f'<option value="{other.home_base.public_id}" selected>' in page


def test_a_double_click_posts_one_leg(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    client = sign_in(carrier)
    first, second = (client.post("/legs/new/", form(truck)) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert ReturnLeg.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"empty": "00000"}, "empty", "There is no ZIP code 00000"),
        ({"ready_at": "soon"}, "ready_at", "no date and time"),
        ({"ready_at": "2001-01-01T08:00"}, "home_by", "at most 30 days"),
        ({"home_by": "2001-01-01T08:00"}, "home_by", "must be home after it is empty"),
        ({"max_pickup_deadhead_miles": "-5"}, "max_pickup_deadhead_miles", "from 0 to 3,000 miles"),
        ({"max_pickup_deadhead_miles": "many"}, "max_pickup_deadhead_miles", "not a whole number"),
        ({"drive_minutes_left": "11:30"}, "drive_minutes_left", "from 0:00 to 11:00"),
        ({"shift_minutes_left": "14:01"}, "shift_minutes_left", "from 0:00 to 14:00"),
        ({"break_minutes_left": "9:00"}, "break_minutes_left", "from 0:00 to 8:00"),
        ({"cycle_minutes_left": "71"}, "cycle_minutes_left", "from 0:00 to 70:00"),
        ({"cycle_minutes_left": "long"}, "cycle_minutes_left", "Write it like 7:30"),
        ({"weight_pounds": "0"}, "weight_pounds", "from 1 to"),
        ({"weight_pounds": "200,000"}, "weight_pounds", "a van usually has 45,000 lb"),
        ({"home_base": "", "home": ""}, "home", "Say where the truck must be home"),
        ({"home_base": "", "home": "Dalas, TX"}, "home", "Did you mean"),
        ({"truck": "trk_nobodys"}, "truck", "no such truck of yours"),
        ({"audience": "partners_first"}, "partners_first_until", "Say until when"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_what_was_typed_stays(
    sign_in: SignIn, carrier: Organization, truck: Truck, fields: dict[str, str], field: str, words: str
) -> None:
    answer = sign_in(carrier).post("/legs/new/", form(truck, notes="<script>alert(1)</script>") | fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    error = page.split(f'id="id_{field}_error"')[1].split("</div>")[0]
    assert words in error
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert ReturnLeg.objects.count() == 0


def test_a_home_by_out_of_reach_names_the_earliest(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    data = form(truck)
    data["home_by"] = wall(now() + timedelta(days=1, hours=12))
    answer = sign_in(carrier).post("/legs/new/", data)
    assert answer.status_code == 422
    assert "cannot be reached by then at legal" in answer.content.decode()


def test_a_busy_truck_is_refused_beside_the_truck(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    make_leg(carrier, truck=truck)
    answer = sign_in(carrier).post("/legs/new/", form(truck))
    assert answer.status_code == 409
    assert "is on another return leg" in answer.content.decode().split('id="id_truck_error"')[1].split("</div>")[0]


def test_a_trip_opens_its_return_leg(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    client = sign_in(carrier)
    departs = wall(now() - timedelta(hours=3))
    data = form(truck, origin="Dallas, TX", departs_at=departs, trip_reference="OUT 7")
    answer = client.post("/legs/trips/new/", data)
    leg = ReturnLeg.objects.get()
    assert answer.status_code == 302
    assert leg.trip is not None
    assert (leg.trip.from_city, leg.trip.to_city, leg.trip.reference) == ("Dallas", "Chicago", "OUT 7")
    assert leg.trip.empties_at == leg.ready_at
    again = client.post("/legs/trips/new/", data)
    assert again["Location"] == answer["Location"]


def test_a_trip_that_departs_after_it_is_empty_is_refused(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    departs = wall(now() + timedelta(days=2))
    answer = sign_in(carrier).post("/legs/trips/new/", form(truck, origin="Dallas, TX", departs_at=departs))
    assert answer.status_code == 422
    assert "departs before the truck empties" in answer.content.decode()


def test_a_stale_edit_shows_both_versions(sign_in: SignIn, carrier: Organization, owner: Actor, truck: Truck) -> None:
    leg = make_leg(carrier, truck=truck)
    client = sign_in(carrier)
    assert client.get(f"/legs/{leg.public_id}/edit/").status_code == 200
    data = form(truck, version="1", notes="Mine", save="keep")
    edit_leg(actor=owner, leg_id=leg.public_id, version=1, terms=terms_of(leg))
    ReturnLeg.objects.filter(pk=leg.pk).update(version=2, notes="Theirs")
    answer = client.post(f"/legs/{leg.public_id}/edit/", data)
    page = answer.content.decode()
    assert answer.status_code == 412
    assert "Theirs" in page
    assert "Mine" in page
    assert 'name="version" value="2"' in page
    assert client.post(f"/legs/{leg.public_id}/edit/", data | {"version": "2"}).status_code == 302
    assert ReturnLeg.objects.get().notes == "Mine"


def test_an_edit_that_touches_nothing_changes_nothing(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    leg = make_leg(carrier, truck=truck, ready_at=now() + timedelta(days=1, seconds=17))
    client = sign_in(carrier)
    shown = client.get(f"/legs/{leg.public_id}/edit/").context["form"]
    data = {name: shown[name].value() for name in shown.fields}
    data = {name: shown.fields[name].widget.format_value(value) or "" for name, value in data.items()}
    data = {name: value[0] if isinstance(value, list) else value for name, value in data.items()}
    assert client.post(f"/legs/{leg.public_id}/edit/", data | {"save": "keep"}).status_code == 302
    leg.refresh_from_db()
    assert leg.version == 1


def test_forms_refuse_a_leg_where_the_trucks_booked_tour_does_not_leave_it_beside_the_field(
    sign_in: SignIn, carrier: Organization, truck: Truck
) -> None:
    ends_at = now().replace(second=0) + timedelta(days=1)
    leg = make_leg(carrier, truck=truck, empty="77002", ready_at=ends_at)
    ReturnLeg.objects.update(tour_starts_at=ends_at - timedelta(hours=30), tour_ends_at=ends_at)
    client, edit = sign_in(carrier), f"/legs/{leg.public_id}/edit/"
    later = {"home_by": wall(ends_at + timedelta(days=5)), "version": "1", "save": "keep"}
    answer = client.post(edit, form(truck, ready_at=wall(ends_at), **later))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["empty"]
    assert "booked tour of truck" in answer.content.decode()
    answer = client.post(edit, form(truck, empty="77002", ready_at=wall(ends_at - timedelta(minutes=1)), **later))
    assert list(answer.context["form"].errors) == ["ready_at"]
    assert client.post(edit, form(truck, empty="77002", ready_at=wall(ends_at), **later)).status_code == 302
    ReturnLeg.objects.update(status=Status.WITHDRAWN)
    answer = client.post("/legs/new/", form(truck, ready_at=wall(ends_at), home_by=later["home_by"]))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["ready_at"]
    assert "too far away to be here by then" in answer.content.decode()


def test_buttons_confirm_withdraw_and_post_again(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    leg = make_leg(carrier, truck=truck, confirmed_at=now() - timedelta(hours=13))
    client = sign_in(carrier)
    assert "1 return leg has" in client.get("/legs/").content.decode()
    assert client.post("/legs/confirmations/").status_code == 302
    leg.refresh_from_db()
    assert leg.confirmed_at > now() - timedelta(minutes=1)
    assert client.post(f"/legs/{leg.public_id}/withdrawal/", {"version": "1"}).status_code == 302
    assert client.post(f"/legs/{leg.public_id}/withdrawal/", {"version": "1"}).status_code == 412
    assert client.post(f"/legs/{leg.public_id}/withdrawal/").status_code == 409
    assert client.post(f"/legs/{leg.public_id}/opening/").status_code == 302
    leg.refresh_from_db()
    assert leg.status == Status.OPEN


def test_the_market_sees_area_and_terms_only(
    sign_in: SignIn, carrier: Organization, broker: Organization, stranger: Organization, truck: Truck
) -> None:
    leg = make_leg(carrier, truck=truck, notes="secret note", reference="REF 9", private_notes="hush")
    for organization in (broker, stranger):
        client = sign_in(organization)
        for address in ("/legs/market/", f"/legs/{leg.public_id}/"):
            page = client.get(address).content.decode().split("<main")[1]
            assert "Chicago, IL" in page
            assert "752xx" in page
            for hidden in ("Dallas", "75201", "60601", "Ana Ruiz", "214 555", "secret note", "REF 9", "hush"):
                assert hidden not in page, (address, hidden)
            assert ("Ruiz Trucking" in page) == (organization is broker)


def test_a_private_leg_is_not_there_for_strangers(
    sign_in: SignIn, carrier: Organization, stranger: Organization
) -> None:
    client = sign_in(stranger)
    for leg in (
        make_leg(carrier, status=Status.DRAFT),
        make_leg(carrier, status=Status.WITHDRAWN),
        make_leg(carrier, audience="partners"),
        make_leg(carrier, expires_at=now() - timedelta(minutes=1)),
    ):
        assert client.get(f"/legs/{leg.public_id}/").status_code == 404
        assert client.get(f"/legs/{leg.public_id}/edit/").status_code == 404


def test_the_unverified_see_counts_only(sign_in: SignIn) -> None:
    for _ in range(3):
        make_leg(empty="60601", home="75201")
    client = sign_in(make_organization(verified=False))
    page = client.get("/legs/market/").content.decode()
    assert "Chicago" not in page
    assert "IL" in page
    assert "TX" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("equipment=V", 1),
        ("equipment=R", 0),
        ("near=Gary, IN&radius=50", 1),
        ("near=Gary, IN&radius=25", 1),
        ("near=Denver, CO&radius=100", 0),
        ("near=Milwaukee, WI&radius=50", 0),
        ("home_state=TX", 1),
        ("home_state=OK", 0),
        ("near=Nowhere, ZZ", 0),
        ("ready_on=2001-01-01", 0),
    ],
)
def test_the_market_is_filtered_by_what_all_see(
    sign_in: SignIn, stranger: Organization, query: str, found: int
) -> None:
    make_leg()
    page = sign_in(stranger).get(f"/legs/market/?{query}").content.decode()
    assert page.count("<tr id=") == found


@pytest.mark.parametrize(
    "path", ["/legs/", "/legs/market/", "/legs/new/", "/trucks/", "/trucks/drivers/", "/trucks/costs/"]
)
def test_a_driver_sees_none_of_it(sign_in: SignIn, carrier: Organization, path: str) -> None:
    assert sign_in(carrier, "driver").get(path).status_code == 403


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("dispatcher", 403), ("viewer", 403)])
def test_costs_are_for_owners(sign_in: SignIn, carrier: Organization, role: str, status: int) -> None:
    client = sign_in(carrier, role)
    assert client.get("/trucks/costs/").status_code == status
    assert ("/trucks/costs/" in client.get("/trucks/").content.decode()) == (role == "owner")


def test_an_owner_sees_the_defaults_and_enters_their_own(sign_in: SignIn, carrier: Organization) -> None:
    client = sign_in(carrier, "owner")
    page = client.get("/trucks/costs/").content.decode()
    assert "default of ATRI 2025" in page
    assert "$2.26" in page
    data = {
        "valid_from": "2026-01-01",
        "loaded_cents_per_mile": "2.40",
        "empty_cents_per_mile": "$2.05",
        "hour_cents": "45",
    }
    assert client.post("/trucks/costs/", data).status_code == 302
    setting = CostSetting.objects.get()
    assert (setting.loaded_cents_per_mile, setting.empty_cents_per_mile, setting.hour_cents) == (240, 205, 4500)
    answer = client.post("/trucks/costs/", data | {"empty_cents_per_mile": "0"})
    assert answer.status_code == 422
    assert "An empty mile costs from" in answer.content.decode()
    assert client.post(f"/trucks/costs/{setting.pk}/removal/").status_code == 302
    assert not CostSetting.objects.exists()


def test_a_viewer_reads_but_finds_no_button(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    leg = make_leg(carrier, truck=truck)
    client = sign_in(carrier, "viewer")
    for path in ("/legs/", f"/legs/{leg.public_id}/", "/trucks/"):
        page = client.get(path).content.decode().split("<main")[1]
        assert 'method="post"' not in page
    assert client.post(f"/legs/{leg.public_id}/withdrawal/").status_code == 403


def test_fleet_units_are_added_edited_archived_and_restored(sign_in: SignIn, carrier: Organization) -> None:
    client = sign_in(carrier)
    assert client.post("/trucks/home-bases/new/", {"name": "Yard", "place": "Tulsa, OK"}).status_code == 302
    base = carrier.home_bases.get()
    data = {"number": "T-1", "equipment": "R", "home_base": base.public_id}
    assert client.post("/trucks/trucks/new/", data).status_code == 302
    truck = carrier.trucks.get()
    assert (truck.weight_pounds, truck.length_feet, truck.pallets) == (43_500, 53, 26)
    answer = client.post("/trucks/trucks/new/", data | {"number": "t-1"})
    assert answer.status_code == 409
    assert "number already" in answer.content.decode().split('id="id_number_error"')[1].split("</div>")[0]
    edit = f"/trucks/trucks/{truck.public_id}/edit/"
    assert client.post(edit, data | {"version": "1", "weight_pounds": "42,000"}).status_code == 302
    assert client.post(edit, data | {"version": "1", "weight_pounds": "41,000"}).status_code == 412
    assert client.post(f"/trucks/trucks/{truck.public_id}/archive/").status_code == 302
    assert "T-1" not in client.get("/trucks/").content.decode().split("<main")[1].split("alert")[0]
    assert "T-1" in client.get("/trucks/?archived=1").content.decode()
    assert client.post("/trucks/trucks/new/", data).status_code == 302
    assert client.post(f"/trucks/trucks/{truck.public_id}/restoration/").status_code == 409


def test_a_truck_on_an_open_leg_is_not_archived(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    make_leg(carrier, truck=truck)
    answer = sign_in(carrier).post(f"/trucks/trucks/{truck.public_id}/archive/")
    assert answer.status_code == 409
    assert "Withdraw that one first" in answer.content.decode()


def test_another_fleet_is_not_there(
    sign_in: SignIn, stranger: Organization, carrier: Organization, truck: Truck
) -> None:
    other = make_organization(hauls=True)
    client = sign_in(other)
    base = make_home_base(carrier)
    assert client.get(f"/trucks/trucks/{truck.public_id}/edit/").status_code == 404
    assert client.post(f"/trucks/trucks/{truck.public_id}/archive/").status_code == 404
    assert client.get("/trucks/planes/").status_code == 404
    answer = client.post("/trucks/trucks/new/", {"number": "9", "equipment": "V", "home_base": base.public_id})
    assert answer.status_code == 422


def test_the_zone_of_a_place_is_said(sign_in: SignIn, carrier: Organization, truck: Truck) -> None:
    client = sign_in(carrier)
    assert client.get("/legs/zone/", {"empty": "Denver, CO"}).content.decode()[0] == "M"
    assert client.get("/legs/zone/", {"home_base": truck.home_base.public_id}).content.decode()[0] == "C"
    assert client.get("/legs/zone/", {"empty": "<b>"}).content.decode() == "Local time there"


@pytest.mark.parametrize(("day", "said"), [("2027-01-15", "MST"), ("2027-07-15", "MDT"), ("soon", "M")])
def test_the_zone_has_the_name_that_it_has_at_the_time_typed(
    sign_in: SignIn, carrier: Organization, truck: Truck, day: str, said: str
) -> None:
    client, time = sign_in(carrier), f"{day}T08:00"
    for names in ({"empty": "Denver, CO", "ready_at": time}, {"home": "Denver, CO", "home_by": time}):
        assert client.get("/legs/zone/", names).content.decode().startswith(said)
    page = client.post("/legs/new/", form(truck, empty="Denver, CO", ready_at=time)).content.decode()
    assert f">{said}" in page
    assert client.get("/legs/new/").status_code == 200

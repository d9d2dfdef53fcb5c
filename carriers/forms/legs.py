"""The form of a return leg, with its headhaul or without: terms from what is typed, defaults from the truck."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.urls import reverse_lazy

from carriers.models import ReturnLeg, Truck
from carriers.queries import drivers_of, home_bases_of, last_leg_of, trailers_of, trucks_of
from carriers.store import CAPACITY, place_of
from carriers.terms import LegTerms, TripTerms
from foundation.accounts.models import Organization
from foundation.places.forms import PlaceField
from foundation.places.place import Place
from foundation.trade.form_fields import CountField
from foundation.trade.hours import DutyClock
from foundation.trade.ids import new_id
from foundation.trade.posting import Audience
from foundation.trade.time_fields import DurationField, WallTimeField, set_instant
from foundation.trade.windows import local

FIRST_LIMITS = {"max_pickup_deadhead_miles": 100, "max_home_deadhead_miles": 100, "max_out_of_route_miles": 150}
USUAL_RETURN = timedelta(days=2)


class LegForm(forms.Form):
    """A return leg without a headhaul. Wall times are those of the place beside them."""

    page = "carriers:new_leg"

    truck = forms.ChoiceField(label="Truck")
    empty = PlaceField(label="Empties at", help_text="ZIP code or “City, ST”")
    ready_at = WallTimeField(label="Empty from")
    home_base = forms.ChoiceField(label="Home", required=False)
    home = PlaceField(label="Somewhere else", required=False, help_text="ZIP code or “City, ST”")
    home_by = WallTimeField(label="Home by")
    max_pickup_deadhead_miles = CountField(
        label="Empty to the pickup, at most", unit="mi", required=False, help_text="Left empty: no limit"
    )
    max_home_deadhead_miles = CountField(
        label="Empty home, at most", unit="mi", required=False, help_text="Left empty: no limit"
    )
    max_out_of_route_miles = CountField(
        label="Or out of route, at most",
        unit="mi",
        required=False,
        help_text="A pickup farther along the way will do if the whole run home gets no longer than this",
    )
    trailer = forms.ChoiceField(label="Trailer", required=False)
    driver = forms.ChoiceField(label="Driver", required=False)
    weight_pounds = CountField(label="Weight it can take", unit="lb", required=False, help_text="Left empty: as usual")
    length_feet = CountField(label="Deck length free", unit="ft", required=False, help_text="Left empty: as usual")
    pallets = CountField(label="Pallet places free", required=False, help_text="Left empty: as usual")
    drive_minutes_left = DurationField(label="Driving left", required=False)
    shift_minutes_left = DurationField(label="Shift left", required=False)
    break_minutes_left = DurationField(label="To the break", required=False)
    cycle_minutes_left = DurationField(label="Cycle left", required=False)
    audience = forms.ChoiceField(label="Who sees it", choices=Audience.choices, initial=Audience.MARKET)
    partners_first_until = WallTimeField(label="Partners first until", required=False)
    reference = forms.CharField(label="Your reference", max_length=64, required=False)
    notes = forms.CharField(
        label="Notes", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}), strip=True
    )
    private_notes = forms.CharField(
        label="Private notes",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Only your organization sees these",
    )
    form_token = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, organization: Organization, leg: ReturnLeg | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.leg = leg
        if leg is None:
            self.fields["truck"].widget.attrs.update(self._truck_brings_its_own())
        self.trucks = {truck.public_id: truck for truck in trucks_of(organization)}
        if leg is not None:
            self.trucks.setdefault(leg.truck.public_id, leg.truck)
        self.bases = {base.public_id: base for base in home_bases_of(organization)}
        self._offer("truck", [(key, _truck_label(truck)) for key, truck in self.trucks.items()])
        bases = [(key, f"{base.name} · {base.city}, {base.state}") for key, base in self.bases.items()]
        if leg is not None and leg.home_base is not None and leg.home_base.public_id not in self.bases:
            self.bases[leg.home_base.public_id] = leg.home_base
            bases.append((leg.home_base.public_id, f"{leg.home_base.name} (archived)"))
        self._offer("home_base", [*bases, ("", "Somewhere else")])
        trailers = [
            (unit.public_id, f"{unit.number} · {unit.get_equipment_display()}") for unit in trailers_of(organization)
        ]
        drivers = [(unit.public_id, unit.name) for unit in drivers_of(organization)]
        if leg is not None and leg.trailer is not None and leg.trailer.public_id not in dict(trailers):
            trailers.append((leg.trailer.public_id, f"{leg.trailer.number} (archived)"))
        if leg is not None and leg.driver is not None and leg.driver.public_id not in dict(drivers):
            drivers.append((leg.driver.public_id, f"{leg.driver.name} (archived)"))
        self._offer("trailer", [("", "None"), *trailers])
        self._offer("driver", [("", "Not said"), *drivers])

    def _truck_brings_its_own(self) -> dict[str, str]:
        """Let another truck bring its own base, driver, trailer and limits, and keep what was typed."""
        return {
            "hx-get": str(reverse_lazy(self.page)),
            "hx-trigger": "change",
            "hx-target": "#leg-form",
            "hx-select": "#leg-form",
            "hx-swap": "outerHTML",
            "hx-include": "closest form",
            "hx-params": "not csrfmiddlewaretoken",
        }

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        field.error_messages["invalid_choice"] = (
            f"There is no such {name.replace('_', ' ')} of yours. Choose from the list."
        )

    def clean(self) -> dict[str, Any]:
        """Turn wall times into instants: of the empty place, of home, and of the organization's own office."""
        cleaned = super().clean() or {}
        empty, home = cleaned.get("empty"), self.home_place()
        office = self.organization.time_zone
        set_instant(
            self,
            cleaned,
            "ready_at",
            empty.time_zone if isinstance(empty, Place) else office,
            before=self._stored("ready_at"),
        )
        set_instant(self, cleaned, "home_by", home.time_zone if home else office, before=self._stored("home_by"))
        set_instant(self, cleaned, "partners_first_until", office, before=self._stored("partners_first_until"))
        if cleaned.get("audience") != Audience.PARTNERS_FIRST:
            cleaned["partners_first_until"] = None
        if not cleaned.get("home_base") and not cleaned.get("home") and "home" not in self.errors:
            self.add_error("home", forms.ValidationError("Say where the truck must be home.", code="required"))
        return cleaned

    def _stored(self, name: str) -> datetime | None:
        """Return the instant that a leg under edit has in a field."""
        stored = getattr(self.leg, name, None) if self.leg else None
        return stored if isinstance(stored, datetime) else None

    def home_place(self) -> Place | None:
        """Return where home is by what was typed, as far as it is known."""
        base = self.bases.get(str(self.cleaned_data.get("home_base") or ""))
        if base is not None:
            return Place(base.zip, base.city, base.state, base.lat, base.lon, base.time_zone, "zip")
        home = self.cleaned_data.get("home")
        return home if isinstance(home, Place) else None

    def terms(self) -> LegTerms:
        """Return the terms of a form that is valid."""
        data = self.cleaned_data
        leg = self.leg
        same = leg is not None and (
            (data["truck"], data["trailer"], data["driver"])
            == tuple(unit.public_id if unit else "" for unit in (leg.truck, leg.trailer, leg.driver))
        )
        return LegTerms(
            truck=data["truck"],
            trailer=data["trailer"],
            driver=data["driver"],
            home_base=data["home_base"],
            home=None if data["home_base"] else data["home"],
            empty=data["empty"],
            ready_at=data["ready_at"],
            home_by=data["home_by"],
            equipment=leg.equipment if same and leg else None,
            attributes=leg.attributes if same and leg else None,
            weight_pounds=data["weight_pounds"],
            length_feet=data["length_feet"],
            pallets=data["pallets"],
            max_pickup_deadhead_miles=data["max_pickup_deadhead_miles"],
            max_home_deadhead_miles=data["max_home_deadhead_miles"],
            max_out_of_route_miles=data["max_out_of_route_miles"],
            clock=DutyClock(
                drive_minutes=data["drive_minutes_left"],
                shift_minutes=data["shift_minutes_left"],
                break_minutes=data["break_minutes_left"],
                cycle_minutes=data["cycle_minutes_left"],
            ),
            audience=data["audience"],
            partners_first_until=data["partners_first_until"],
            reference=data["reference"],
            notes=data["notes"],
            private_notes=data["private_notes"],
        )


class TripForm(LegForm):
    """A headhaul with the return leg that follows from it."""

    page = "carriers:new_trip"

    origin = PlaceField(label="Loads at", help_text="ZIP code or “City, ST”")
    departs_at = WallTimeField(label="Departs")
    trip_reference = forms.CharField(label="Reference of the trip", max_length=64, required=False)

    def clean(self) -> dict[str, Any]:
        """Turn the departure into an instant too."""
        cleaned = super().clean()
        origin = cleaned.get("origin")
        zone = origin.time_zone if isinstance(origin, Place) else self.organization.time_zone
        set_instant(self, cleaned, "departs_at", zone, before=self._stored("departs_at"))
        return cleaned

    def trip_terms(self) -> TripTerms:
        """Return the headhaul's terms of a form that is valid."""
        data = self.cleaned_data
        return TripTerms(origin=data["origin"], departs_at=data["departs_at"], reference=data["trip_reference"])


def _truck_label(truck: Truck) -> str:
    home = f" · home {truck.home_base.city}, {truck.home_base.state}" if truck.home_base else ""
    return f"{truck.number} · {truck.get_equipment_display()}{home}"


def truck_defaults(truck: Truck) -> dict[str, Any]:
    """Return what a form starts from for a truck: its base, driver and trailer, and the limits used last."""
    last = last_leg_of(truck)
    limits: dict[str, Any] = {name: getattr(last, name) if last else value for name, value in FIRST_LIMITS.items()}
    base, driver, trailer = truck.home_base, truck.usual_driver, truck.usual_trailer
    return {
        "truck": truck.public_id,
        "home_base": base.public_id if base and base.archived_at is None else "",
        "driver": driver.public_id if driver and driver.archived_at is None else "",
        "trailer": trailer.public_id if trailer and trailer.archived_at is None else "",
        "audience": last.audience if last and last.audience != Audience.PARTNERS_FIRST else Audience.MARKET,
        **limits,
    }


def new_defaults(organization: Organization, truck: Truck | None, now: datetime) -> dict[str, Any]:
    """Return what an empty form starts from: the next full hour, home in two days, and the truck's own defaults."""
    hour = (now + timedelta(minutes=59)).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    zone = organization.time_zone
    wall, home_by = (local(instant, zone).replace(tzinfo=None) for instant in (hour, hour + USUAL_RETURN))
    return {
        "ready_at": wall,
        "home_by": home_by,
        "departs_at": wall,
        "form_token": new_id("form"),
        **FIRST_LIMITS,
        **(truck_defaults(truck) if truck else {}),
    }


def leg_values(leg: ReturnLeg, organization: Organization) -> dict[str, Any]:
    """Return a stored leg as the form shows it, its times on the wall of their places."""
    until = leg.partners_first_until
    return {
        "truck": leg.truck.public_id,
        "trailer": leg.trailer.public_id if leg.trailer else "",
        "driver": leg.driver.public_id if leg.driver else "",
        "home_base": leg.home_base.public_id if leg.home_base else "",
        "home": None if leg.home_base else place_of(leg, "home"),
        "empty": place_of(leg, "empty"),
        "ready_at": local(leg.ready_at, leg.empty_time_zone),
        "home_by": local(leg.home_by, leg.home_time_zone),
        "partners_first_until": local(until, organization.time_zone) if until else None,
        "version": leg.version,
        # in all: what is on board counts in what the truck holds
        **{name: getattr(leg, name) + getattr(leg, f"taken_{name}") for name in CAPACITY},
        **{
            name: getattr(leg, name)
            for name in (
                "max_pickup_deadhead_miles",
                "max_home_deadhead_miles",
                "max_out_of_route_miles",
                "drive_minutes_left",
                "shift_minutes_left",
                "break_minutes_left",
                "cycle_minutes_left",
                "audience",
                "reference",
                "notes",
                "private_notes",
            )
        },
    }

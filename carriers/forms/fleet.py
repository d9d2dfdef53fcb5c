"""The forms of the fleet and its costs."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Model, QuerySet

from carriers.models import Driver, HomeBase, Trailer, Truck
from carriers.queries import drivers_of, home_bases_of, people_who_drive, trailers_of
from carriers.rules import implied_attributes
from carriers.terms import CostTerms, DriverTerms, HomeBaseTerms, TrailerTerms, TruckTerms
from foundation.accounts.models import Organization
from foundation.places.forms import PlaceField
from foundation.places.place import Place
from foundation.trade.equipment import ATTRIBUTE_NAMES, TRUCK_EQUIPMENT_CHOICES
from foundation.trade.form_fields import CountField, DollarsField


class FleetForm(forms.Form):
    """What the forms of fleet units share: the version that was looked at."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization

    def offer(self, name: str, rows: QuerySet[Any], label: Callable[[Any], str], none: str, kept: Model | None) -> None:
        """Offer the units in service, and the one that is stored though it is archived."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        choices = [("", none), *((row.public_id, label(row)) for row in rows)]
        if kept is not None and kept.public_id not in dict(choices):  # type: ignore[attr-defined]
            choices.append((kept.public_id, f"{kept} (archived)"))  # type: ignore[attr-defined]
        field.choices = choices
        field.error_messages["invalid_choice"] = "That is not in your fleet any more. Choose from the list."


class HomeBaseForm(FleetForm):
    """A home base."""

    name = forms.CharField(label="Name", max_length=80, help_text="Like “Yard” or “Home”")
    place = PlaceField(
        label="Where",
        help_text="ZIP code or “City, ST”. Before a booking others see the state and the first three digits only.",
    )

    @staticmethod
    def values(base: HomeBase) -> dict[str, Any]:
        """Return a stored base as the form shows it."""
        place = Place(base.zip, base.city, base.state, base.lat, base.lon, base.time_zone, "zip")
        return {"name": base.name, "place": place, "version": base.version}

    def terms(self) -> HomeBaseTerms:
        """Return the terms of a valid form."""
        return HomeBaseTerms(name=self.cleaned_data["name"], place=self.cleaned_data["place"])


class DriverForm(FleetForm):
    """A driver."""

    name = forms.CharField(label="Name", max_length=120)
    phone = forms.CharField(
        label="Phone",
        max_length=32,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    hazmat_endorsed = forms.BooleanField(label="Hazmat endorsement", required=False)
    person = forms.ChoiceField(
        label="Signs in as",
        required=False,
        help_text="A member with the role driver. Owners invite people under Organization, People.",
    )

    def __init__(self, *args: Any, kept: Driver | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = kept.person if kept else None
        self.offer("person", people_who_drive(self.organization), str, "Nobody: no sign-in", stored)

    @staticmethod
    def values(driver: Driver) -> dict[str, Any]:
        """Return a stored driver as the form shows it."""
        return {
            "name": driver.name,
            "phone": driver.phone,
            "hazmat_endorsed": driver.hazmat_endorsed,
            "person": driver.person.public_id if driver.person else "",
            "version": driver.version,
        }

    def terms(self) -> DriverTerms:
        """Return the terms of a valid form."""
        data = self.cleaned_data
        return DriverTerms(
            name=data["name"], phone=data["phone"], hazmat_endorsed=data["hazmat_endorsed"], person=data["person"]
        )


class _CapacityForm(FleetForm):
    """What trucks and trailers share: number, equipment, what it holds and offers."""

    number = forms.CharField(label="Number", max_length=40)
    equipment = forms.ChoiceField(label="Equipment", choices=TRUCK_EQUIPMENT_CHOICES)
    weight_pounds = CountField(label="Weight", unit="lb", required=False, help_text="Left empty: as usual")
    length_feet = CountField(label="Length", unit="ft", required=False, help_text="Left empty: as usual")
    pallets = CountField(label="Pallet places", required=False, help_text="Left empty: as usual")
    attributes = forms.TypedMultipleChoiceField(
        label="Offers",
        required=False,
        coerce=int,
        choices=[(int(bit), name.capitalize()) for bit, name in ATTRIBUTE_NAMES.items()],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    @staticmethod
    def capacity_values(unit: Truck | Trailer) -> dict[str, Any]:
        """Return what trucks and trailers share as the form shows it."""
        offered = unit.attributes & ~implied_attributes(unit.equipment)
        return {
            "number": unit.number,
            "equipment": unit.equipment,
            "weight_pounds": unit.weight_pounds,
            "length_feet": unit.length_feet,
            "pallets": unit.pallets,
            "attributes": [int(bit) for bit in ATTRIBUTE_NAMES if offered & bit],
            "version": unit.version,
        }

    def capacity(self) -> dict[str, Any]:
        """Return the shared terms of a valid form."""
        data = self.cleaned_data
        names = ("number", "equipment", "weight_pounds", "length_feet", "pallets")
        return {name: data[name] for name in names} | {"attributes": sum(data["attributes"])}


class TrailerForm(_CapacityForm):
    """A trailer."""

    @staticmethod
    def values(trailer: Trailer) -> dict[str, Any]:
        """Return a stored trailer as the form shows it."""
        return _CapacityForm.capacity_values(trailer)

    def terms(self) -> TrailerTerms:
        """Return the terms of a valid form."""
        return TrailerTerms(**self.capacity())


class TruckForm(_CapacityForm):
    """A truck."""

    home_base = forms.ChoiceField(label="Home base", required=False)
    usual_driver = forms.ChoiceField(label="Usual driver", required=False)
    usual_trailer = forms.ChoiceField(label="Usual trailer", required=False)

    def __init__(self, *args: Any, kept: Truck | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.organization
        base, driver, trailer = (kept.home_base, kept.usual_driver, kept.usual_trailer) if kept else (None, None, None)
        self.offer("home_base", home_bases_of(owner), lambda row: f"{row.name} · {row.city}, {row.state}", "None", base)
        self.offer("usual_driver", drivers_of(owner), str, "None", driver)
        self.offer(
            "usual_trailer",
            trailers_of(owner),
            lambda row: f"{row.number} · {row.get_equipment_display()}",
            "None",
            trailer,
        )

    @staticmethod
    def values(truck: Truck) -> dict[str, Any]:
        """Return a stored truck as the form shows it."""
        return _CapacityForm.capacity_values(truck) | {
            "home_base": truck.home_base.public_id if truck.home_base else "",
            "usual_driver": truck.usual_driver.public_id if truck.usual_driver else "",
            "usual_trailer": truck.usual_trailer.public_id if truck.usual_trailer else "",
        }

    def terms(self) -> TruckTerms:
        """Return the terms of a valid form."""
        data = self.cleaned_data
        return TruckTerms(
            **self.capacity(),
            home_base=data["home_base"],
            usual_driver=data["usual_driver"],
            usual_trailer=data["usual_trailer"],
        )


class CostForm(forms.Form):
    """The carrier's own costs from a day on."""

    valid_from = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    loaded_cents_per_mile = DollarsField(label="A loaded mile")
    empty_cents_per_mile = DollarsField(label="An empty mile")
    hour_cents = DollarsField(label="An hour on duty that is not driving", help_text="Loading, unloading, waiting")
    delay_hour_cents = DollarsField(label="An hour late at home", required=False, help_text="Left empty: $0")

    def terms(self) -> CostTerms:
        """Return the terms of a valid form."""
        data = self.cleaned_data
        return CostTerms(
            valid_from=data["valid_from"],
            loaded_cents_per_mile=data["loaded_cents_per_mile"],
            empty_cents_per_mile=data["empty_cents_per_mile"],
            hour_cents=data["hour_cents"],
            delay_hour_cents=data["delay_hour_cents"] or 0,
        )

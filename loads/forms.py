"""The form of a load: its freight and its stops, windows in local time; the rules stand in `loads.rules`."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict

from foundation.places.forms import PlaceField, PlaceInput
from foundation.places.geocoding import geocode_address
from foundation.places.place import Place
from foundation.trade.equipment import ATTRIBUTE_NAMES, LOAD_EQUIPMENT_CHOICES, Attribute
from foundation.trade.errors import Invalid
from foundation.trade.form_fields import CountField, DollarsField
from foundation.trade.posting import Audience
from foundation.trade.time_fields import typed_instant
from foundation.trade.windows import local
from loads.models import LoadSize, StopKind
from loads.rules import HAZMAT_CLASSES, MOST_STOPS, needs_by_nature
from loads.terms import SALE_COLUMNS, LoadTerms, SaleTerms, StopTerms

FIRST_OPENS, FIRST_CLOSES = time(8), time(16)
_KEY = re.compile(r"[0-9]{1,4}")


def _area(rows: int, **attrs: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


class FreightForm(forms.Form):
    """What the load is, what it pays and who may see it."""

    equipment = forms.ChoiceField(choices=LOAD_EQUIPMENT_CHOICES, initial="V")
    size = forms.ChoiceField(label="Takes", choices=LoadSize.choices, initial=LoadSize.FULL)
    weight_pounds = CountField(label="Weight", unit="lb")
    length_feet = CountField(label="Length", unit="ft", required=False, help_text="Empty: the whole trailer.")
    pallets = CountField(label="Pallets", required=False)
    commodity = forms.CharField(
        max_length=200, help_text="Shown on the market: name the class of goods, like “Paper products”."
    )
    hazmat_class = forms.ChoiceField(
        label="Hazardous", choices=[("", "No"), *((code, name) for code, name in HAZMAT_CLASSES)], required=False
    )
    temperature_min_f = CountField(label="Lowest temperature", unit="°F", required=False)
    temperature_max_f = CountField(label="Highest temperature", unit="°F", required=False)
    attributes = forms.TypedMultipleChoiceField(
        label="Truck or driver must have",
        choices=[(int(bit), name.capitalize()) for bit, name in ATTRIBUTE_NAMES.items() if bit != Attribute.HAZMAT],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    rate_cents = DollarsField(label="Offered rate, all in", required=False, help_text="Empty: open to offers.")
    book_now = forms.BooleanField(
        label="Book now", required=False, help_text="Carriers may book it at this rate at once, without asking."
    )
    reserve_cents = DollarsField(
        label="Most you would pay", required=False, help_text="Nobody outside your organization ever sees this."
    )
    free_minutes = CountField(label="Free time at each stop", unit="min", initial=120)
    detention_cents_per_hour = DollarsField(label="Detention an hour after it", required=False)
    tonu_cents = DollarsField(label="Truck ordered, not used", required=False)
    layover_cents = DollarsField(label="Layover a day", required=False)
    payment_days = CountField(label="Days to pay", unit="days", initial=30)
    audience = forms.ChoiceField(label="Who may see it", choices=Audience.choices, initial=Audience.MARKET)
    partners_first_until = forms.DateTimeField(
        label="Partners only until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    reference = forms.CharField(
        max_length=200, required=False, help_text="Your order number; a booked carrier sees it."
    )
    external_id = forms.CharField(
        label="Number in your own system", max_length=200, required=False, help_text="Unique among your loads."
    )
    notes = forms.CharField(required=False, widget=_area(2), help_text="A booked carrier sees these.")
    instructions = forms.CharField(required=False, widget=_area(2), help_text="For the driver, once booked.")
    private_notes = forms.CharField(required=False, widget=_area(2), help_text="Only your own people see these.")
    form_token = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, time_zone: str, stored: LoadTerms | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.time_zone = time_zone
        self._before = stored.partners_first_until if stored else None
        self.fields["partners_first_until"].help_text = f"In your office's time ({time_zone})."

    def clean_partners_first_until(self) -> datetime | None:
        """Return the instant that the office's wall time means."""
        wall: datetime | None = self.cleaned_data["partners_first_until"]
        if wall is None:
            return None
        try:
            return typed_instant(wall.replace(tzinfo=None), self.time_zone, before=self._before)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class SaleForm(forms.Form):
    """What the broker that sells a load says to carriers."""

    rate_cents = DollarsField(label="Rate to carriers, all in", required=False, help_text="Empty: open to offers.")
    book_now = forms.BooleanField(
        label="Book now", required=False, help_text="Carriers may book it at this rate at once, without asking."
    )
    free_minutes = CountField(label="Free time at each stop", unit="min", initial=120)
    detention_cents_per_hour = DollarsField(label="Detention an hour after it", required=False)
    tonu_cents = DollarsField(label="Truck ordered, not used", required=False)
    layover_cents = DollarsField(label="Layover a day", required=False)
    payment_days = CountField(label="Days to pay", unit="days", initial=30)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def terms(self) -> SaleTerms:
        """Return the terms of a valid form."""
        return _sale_terms(self.cleaned_data)


def _sale_terms(values: Mapping[str, Any]) -> SaleTerms:
    given = {name: values[name] or 0 for name in SALE_COLUMNS if name not in ("rate_cents", "book_now")}
    return SaleTerms.of_columns({**given, "rate_cents": values["rate_cents"], "book_now": values["book_now"]})


class StopForm(forms.Form):
    """One pickup or delivery, its window in the wall time of the place."""

    kind = forms.ChoiceField(choices=StopKind.choices)
    place = PlaceField(label="ZIP or city", widget=PlaceInput(attrs={"placeholder": "ZIP or City, ST"}))
    opens_on = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    opens = forms.TimeField(label="From", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    closes = forms.TimeField(label="To", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    closes_on = forms.DateField(
        label="Until day",
        required=False,
        help_text="Only where the window ends on another day.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    by_appointment = forms.BooleanField(label="By appointment", required=False)
    service_minutes = CountField(label="Time to load or unload", unit="min", initial=120)
    facility = forms.CharField(max_length=300, required=False)
    address = forms.CharField(label="Street address", max_length=300, required=False)
    instructions = forms.CharField(label="Instructions for this stop", required=False, widget=_area(2))

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        key: str,
        initial: dict[str, Any] | None = None,
        stored: StopTerms | None = None,
    ) -> None:
        super().__init__(data, prefix=f"s{key}", initial=initial)
        self.key = key
        self._before = (stored.opens_at, stored.closes_at) if stored else (None, None)

    @property
    def has_details(self) -> bool:
        """Say whether the part that is folded away holds something to look at."""
        names = ("facility", "address", "instructions", "closes_on", "by_appointment")
        return any(self[name].value() or self[name].errors for name in names) or bool(self["service_minutes"].errors)

    def clean(self) -> dict[str, Any]:
        """Turn wall times into instants of the place's zone."""
        values = self.cleaned_data
        place = values.get("place")
        for name, day, hour, before in (
            ("opens", values.get("opens_on"), values.get("opens"), self._before[0]),
            ("closes", values.get("closes_on") or values.get("opens_on"), values.get("closes"), self._before[1]),
        ):
            if place is None or day is None or hour is None:
                continue
            try:
                values[f"{name}_at"] = typed_instant(datetime.combine(day, hour), place.time_zone, before=before)
            except ValueError as error:
                self.add_error(name, str(error))
        return values

    def terms(self) -> StopTerms:
        """Return the stop's terms; for a valid form only. Asks the geocoder for a street address."""
        values = self.cleaned_data
        return StopTerms(
            kind=values["kind"],
            place=_located(values["place"], values["address"]),
            opens_at=values["opens_at"],
            closes_at=values["closes_at"],
            by_appointment=values["by_appointment"],
            service_minutes=values["service_minutes"],
            facility=values["facility"],
            address=values["address"],
            instructions=_lines(values["instructions"]),
        )


def _located(place: Place, address: str) -> Place:
    """Return the place of the street address where a geocoder serves; it falls back to the place itself."""
    if address and settings.GEOCODER and place.precision != "coordinates":
        return geocode_address(street=address, near=place).place
    return place


def _typed(form: forms.Form) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


# Where a service's word about a term stands in the form.
_STOP_FIELDS = {"opens_at": "opens", "closes_at": "closes"}


class LoadForm:
    """The freight and its stops as one form: bound to what was typed, or filled with what it begins with."""

    def __init__(
        self,
        *,
        time_zone: str,
        data: QueryDict | None = None,
        freight: Mapping[str, Any] | None = None,
        stops: Sequence[Mapping[str, Any]] = (),
        kept: SaleTerms | None = None,
        stored: LoadTerms | None = None,
    ) -> None:
        """`kept`: the terms towards carriers are not this form's to say; these stay the owner's.

        `stored`: the terms that an edit began with, whose instants stay where nobody touched them.
        """
        self._time_zone = time_zone
        self._stored = stored
        self._kept = kept
        self._data = None if data is None else data.copy()
        self.freight = self._freight(self._data, dict(freight or {}))
        self.stops: list[StopForm] = []
        if self._data is None:
            self.stops = [StopForm(key=str(key), initial=dict(initial)) for key, initial in enumerate(stops)]
            if stops and not stops[0].get("place"):
                self.stops[0].fields["place"].widget.attrs["autofocus"] = True
        else:
            keys = [key for key in dict.fromkeys(self._data.getlist("stop")) if _KEY.fullmatch(key)]
            known = {str(place): stop for place, stop in enumerate(stored.stops if stored else ())}
            self.stops = [StopForm(self._data, key=key, stored=known.get(key)) for key in keys[: MOST_STOPS + 2]]

    def _freight(self, data: QueryDict | None, initial: dict[str, Any]) -> FreightForm:
        form = FreightForm(data, initial=initial, time_zone=self._time_zone, stored=self._stored)
        for name in SALE_COLUMNS if self._kept else ():
            del form.fields[name]
        return form

    @property
    def errors(self) -> bool:
        """Say whether anything is wrong with what was typed."""
        wrong = [bool(form.errors) for form in (self.freight, *self.stops)]  # each is asked: all show their errors
        return any(wrong)

    @property
    def non_field_errors(self) -> list[str]:
        """Return what is wrong with the form as a whole."""
        own = [str(error) for error in self.freight.non_field_errors()]
        return own + [str(error) for stop in self.stops for error in stop.non_field_errors()]

    @property
    def has_needs(self) -> bool:
        """Say whether the folded part about special needs holds something to look at."""
        names = ("temperature_min_f", "temperature_max_f", "hazmat_class", "attributes")
        return any(self.freight[name].value() not in (None, "", []) or self.freight[name].errors for name in names)

    @property
    def has_details(self) -> bool:
        """Say whether the part that is folded away has an error in it."""
        names = set(SALE_COLUMNS) - {"rate_cents", "book_now"}
        names |= {"audience", "partners_first_until"}
        names |= {"reference", "external_id", "notes", "instructions", "private_notes"}
        return any(self.freight[name].errors for name in names & self.freight.fields.keys())

    def forgive(self) -> None:
        """Keep what was typed and drop the errors: the form is not sent yet."""
        freight, stops = self.freight, self.stops
        self.freight = self._freight(None, _typed(freight))
        self.stops = [StopForm(key=stop.key, initial=_typed(stop)) for stop in stops]

    def overwrite(self, name: str, value: str) -> None:
        """Put another value into a field of the freight that was typed or hidden."""
        if self._data is not None:
            self._data[name] = value

    def is_valid(self) -> bool:
        """Say whether terms can be read from what was typed; the rules come after."""
        return not self.errors

    def terms(self) -> LoadTerms:
        """Return the terms of a valid form."""
        values = self.freight.cleaned_data
        until = values["partners_first_until"] if values["audience"] == Audience.PARTNERS_FIRST else None
        sale = self._kept or _sale_terms(values)
        return LoadTerms(
            equipment=values["equipment"],
            size=values["size"],
            attributes=sum(values["attributes"]),
            weight_pounds=values["weight_pounds"],
            length_feet=values["length_feet"],
            pallets=values["pallets"] or 0,
            commodity=values["commodity"],
            hazmat_class=values["hazmat_class"],
            temperature_min_f=values["temperature_min_f"],
            temperature_max_f=values["temperature_max_f"],
            rate_cents=sale.rate_cents,
            book_now=sale.book_now,
            reserve_cents=values["reserve_cents"],
            accessorials=sale.accessorials,
            payment_days=sale.payment_days,
            audience=values["audience"],
            partners_first_until=until,
            reference=values["reference"],
            notes=_lines(values["notes"]),
            private_notes=_lines(values["private_notes"]),
            instructions=_lines(values["instructions"]),
            stops=tuple(stop.terms() for stop in self.stops),
        )

    def show(self, error: Invalid) -> None:
        """Put a service's sentences beside the fields that they speak of."""
        for problem in error.problems:
            form, name = self._place_of(problem.field)
            form.add_error(name, forms.ValidationError(problem.sentence, code=problem.code))

    def _place_of(self, path: str) -> tuple[forms.Form, str | None]:
        head, _, rest = path.partition(".")
        if head != "stops":
            return self.freight, path if path in self.freight.fields else None
        index, _, name = rest.partition(".")
        if not index.isdigit() or int(index) >= len(self.stops):
            return self.freight, None
        stop = self.stops[int(index)]
        name = _STOP_FIELDS.get(name, name)
        return stop, name if name in stop.fields else None


def first_stops(today: date) -> list[dict[str, Any]]:
    """Return what a new form's stops begin with: a pickup tomorrow and a delivery two days later, in office hours."""
    return [
        {
            "kind": kind,
            "opens_on": today + timedelta(days=days),
            "opens": FIRST_OPENS,
            "closes": FIRST_CLOSES,
            "service_minutes": 120,
        }
        for kind, days in ((StopKind.PICKUP, 1), (StopKind.DELIVERY, 3))
    ]


def sale_initial(terms: SaleTerms) -> dict[str, Any]:
    """Return what the fields of a seller's terms begin with; what costs nothing is left empty."""
    return {
        name: (value or None) if name.endswith(("_cents", "_cents_per_hour")) else value
        for name, value in terms.columns().items()
    }


def freight_initial(terms: LoadTerms, time_zone: str) -> dict[str, Any]:
    """Return what the form of a stored load begins with."""
    until = terms.partners_first_until
    return {
        **{name: getattr(terms, name) for name in FreightForm.base_fields if hasattr(terms, name)},
        "attributes": [int(bit) for bit in ATTRIBUTE_NAMES if terms.attributes & ~needs_by_nature(terms) & bit],
        "pallets": terms.pallets or None,
        **sale_initial(SaleTerms.of(terms)),
        "partners_first_until": local(until, time_zone).replace(tzinfo=None) if until else None,
    }


def stops_initial(terms: LoadTerms, days_later: int = 0) -> list[dict[str, Any]]:
    """Return what the stops of a stored load begin with, so many days later for a copy."""
    rows = []
    for stop in terms.stops:
        opens, closes = local(stop.opens_at, stop.place.time_zone), local(stop.closes_at, stop.place.time_zone)
        shift = timedelta(days=days_later)
        rows.append(
            {
                "kind": stop.kind,
                "place": stop.place,
                "opens_on": opens.date() + shift,
                "opens": opens.time(),
                "closes": closes.time(),
                "closes_on": closes.date() + shift if closes.date() != opens.date() else None,
                "by_appointment": stop.by_appointment,
                "service_minutes": stop.service_minutes,
                "facility": stop.facility,
                "address": stop.address,
                "instructions": stop.instructions,
            }
        )
    return rows

"""The form of an amendment: the terms, the times and the load's own fields as they stand, to be changed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django import forms

from brokers.forms.terms import StopFields, TermsForm
from brokers.models import Amendment
from brokers.papers.amending import load_before
from brokers.papers.stop_details import STOP_FIELDS
from brokers.terms import BargainTerms
from foundation.trade.form_fields import CountField
from loads.models import Load

EXPIRIES = ((60, "1 hour"), (240, "4 hours"), (720, "12 hours"), (1440, "1 day"), (2880, "2 days"))
_MONEY_FIELDS = (
    "linehaul_cents",
    "fuel_surcharge_cents",
    "free_minutes",
    "detention_cents_per_hour",
    "tonu_cents",
    "layover_cents",
    "payment_days",
    "notes",
)

_DETAILS = (
    ("facility", "Facility", 120),
    ("address", "Street address", 200),
    ("instructions", "Instructions at this stop", 500),
)


class AmendmentForm(TermsForm):
    """What one side would change. Fields that the subject does not touch are not there."""

    reason = forms.CharField(
        label="Why", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The other side reads it.",
    )  # fmt: skip
    booking_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    def __init__(
        self,
        data: Any = None,
        *,
        load: Load,
        terms: BargainTerms,
        subject: str,
        freight: bool,
        booking_version: int,
        **kwargs: Any,
    ) -> None:
        initial = {"booking_version": booking_version, "expires_in_minutes": 1440}
        stood = load_before(load) if freight else {}
        initial |= {_field(name): value for name, value in stood.items()}
        super().__init__(data, load=load, terms=terms, initial=initial, **kwargs)
        self.freight, self.subject, self._load, self._stood = freight, subject, load, stood
        self.fields["expires_in_minutes"].choices = EXPIRIES  # type: ignore[attr-defined]
        self.fields["expires_in_minutes"].label = "It stands for"
        del self.fields["load_version"], self.fields["on_number"], self.fields["form_token"]
        if subject == Amendment.Subject.FREIGHT:
            for name in _MONEY_FIELDS:
                del self.fields[name]
        if freight:
            self._add_load_fields()
        else:
            for stop in self.stops:
                for name in ("opens_at", "closes_at", "by_appointment"):
                    del self.fields[f"stop_{stop.sequence}_{name}"]
            self.stops = []

    def _add_load_fields(self) -> None:
        self.fields["load_weight_pounds"] = CountField(label="Weight", unit="lb")
        self.fields["load_length_feet"] = CountField(label="Length", unit="ft")
        self.fields["load_pallets"] = CountField(label="Pallets", unit="")
        self.fields["load_commodity"] = forms.CharField(label="Commodity", max_length=80)
        self.fields["load_reference"] = forms.CharField(label="Reference", max_length=64, required=False)
        for name, label in (("temperature_min_f", "Lowest temperature"), ("temperature_max_f", "Highest temperature")):
            self.fields[f"load_{name}"] = forms.IntegerField(label=label, required=False, min_value=-40, max_value=120)
        for name, label in (("notes", "Notes"), ("instructions", "For the driver")):
            self.fields[f"load_{name}"] = forms.CharField(
                label=label, max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
            )
        for stop in self.stops:
            for name, label, longest in _DETAILS:
                field = forms.CharField(label=label, max_length=longest, required=False)
                if name == "instructions":
                    field.widget = forms.Textarea(attrs={"rows": 2, "maxlength": longest})
                self.fields[_field(f"stops.{stop.sequence}.{name}")] = field

    def stop_fields(self) -> Iterator[StopFields]:
        """Return each stop with its fields: of freight also facility, address and instructions."""
        for row in super().stop_fields():
            names = [_field(f"stops.{row.stop.sequence}.{name}") for name in STOP_FIELDS]
            yield replace(row, details=tuple(self[name] for name in names))

    @property
    def details_open(self) -> bool:
        """Say that what waiting costs and the times are unfolded: any of them may be what changes."""
        return True

    def terms(self) -> BargainTerms:
        """Return the terms of a valid form; of the freight without money."""
        if self.subject == Amendment.Subject.FREIGHT:
            data = self.cleaned_data | dict.fromkeys(_MONEY_FIELDS, 0) | {"notes": ""}
            self.cleaned_data = data
        return super().terms()

    def load_changes(self) -> dict[str, Any]:
        """Return what the form says of the load's own fields."""
        if not self.freight:
            return {}
        found = {name: self.cleaned_data[_field(name)] for name in self._stood}
        return {name: value.replace("\r\n", "\n") if isinstance(value, str) else value for name, value in found.items()}

    def _field_of(self, path: str) -> str | None:
        return _field(path) if _field(path) in self.fields else super()._field_of(path)


def _field(name: str) -> str:
    """Return the form's field for a field that an amendment names: `stops.0.address` is `load_stop_0_address`."""
    return f"load_{name.replace('stops.', 'stop_').replace('.', '_')}"

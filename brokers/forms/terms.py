"""The terms of a bargain as a form: rate, accessorial terms, the times at each stop, days to pay, a note, an expiry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField

from brokers.bargain_rules import Windows
from brokers.models.bargains import MOST_PAYMENT_DAYS
from brokers.terms import BargainTerms, StopTime
from foundation.trade.errors import Invalid
from foundation.trade.form_fields import CountField, DollarsField
from foundation.trade.ids import new_id
from foundation.trade.time_fields import WallTimeField, set_instant
from foundation.trade.windows import local
from loads.models import Load, Stop

EXPIRIES = (
    (15, "15 minutes"),
    (30, "30 minutes"),
    (60, "1 hour"),
    (120, "2 hours"),
    (240, "4 hours"),
    (720, "12 hours"),
    (1440, "1 day"),
)
USUAL_EXPIRY = 30
NEEDS_CONFIRMATION = "needs_confirmation"


@dataclass(frozen=True, slots=True)
class StopFields:
    """A stop of the load with the fields of its times, and of what else may change there."""

    stop: Stop
    opens_at: BoundField
    closes_at: BoundField
    by_appointment: BoundField
    details: tuple[BoundField, ...] = ()


class TermsForm(forms.Form):
    """What one side would agree to. Begins with the terms that it is given; wall times are those of each stop.

    `load_version` and `on_number` name what the reader saw, so that a stale page is refused and says so; `form_token`
    names the form, so that a first offer that is sent twice is made once. `windows` is what may be said of the times:
    a sale keeps those of the posting and has no fields for them.
    """

    linehaul_cents = DollarsField(label="Rate", help_text="All in, unless you name a fuel surcharge beside it.")
    fuel_surcharge_cents = DollarsField(
        label="Fuel surcharge on top", required=False, help_text="Empty: the rate is all in."
    )
    free_minutes = CountField(label="Free time at each stop", unit="min")
    detention_cents_per_hour = DollarsField(label="Detention an hour after it", required=False)
    tonu_cents = DollarsField(label="Truck ordered, not used", required=False)
    layover_cents = DollarsField(label="Layover a day", required=False)
    payment_days = CountField(label="Paid within", unit="days", help_text=f"At most {MOST_PAYMENT_DAYS} days.")
    notes = forms.CharField(
        label="Note to the other side", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    expires_in_minutes = forms.TypedChoiceField(
        label="The offer stands for", choices=EXPIRIES, coerce=int, initial=USUAL_EXPIRY
    )
    load_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    on_number = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(
        self,
        data: Any = None,
        *,
        load: Load,
        terms: BargainTerms,
        on_number: int | None = None,
        windows: Windows = Windows.FREE,
        **kwargs: Any,
    ) -> None:
        self.keeps_posted_times = windows is Windows.POSTED
        self.keeps_within = windows is Windows.WITHIN and load.seller_id is not None
        self.stops = [] if self.keeps_posted_times else list(load.stops.all())
        self._before = {time.sequence: time for time in terms.stop_times}
        initial = {name: getattr(terms, name) or None for name in _MONEY}
        initial |= {"free_minutes": terms.free_minutes, "payment_days": terms.payment_days}
        initial |= {"load_version": load.version, "on_number": on_number, "form_token": new_id("form")}
        for stop in self.stops:
            initial |= self._times(stop)
        super().__init__(data, initial=initial | kwargs.pop("initial", {}), **kwargs)
        for stop in self.stops:
            self.fields[f"stop_{stop.sequence}_opens_at"] = WallTimeField(label="From")
            self.fields[f"stop_{stop.sequence}_closes_at"] = WallTimeField(label="To")
            self.fields[f"stop_{stop.sequence}_by_appointment"] = forms.BooleanField(
                label="By appointment", required=False
            )

    def _time(self, stop: Stop) -> StopTime:
        """Return when a stop is to be served by the terms that the form begins with, or as the load is posted."""
        return self._before.get(stop.sequence) or StopTime(
            sequence=stop.sequence,
            opens_at=stop.opens_at,
            closes_at=stop.closes_at,
            by_appointment=stop.by_appointment,
        )

    def _times(self, stop: Stop) -> dict[str, Any]:
        time, name = self._time(stop), f"stop_{stop.sequence}"
        return {
            f"{name}_opens_at": local(time.opens_at, stop.time_zone),
            f"{name}_closes_at": local(time.closes_at, stop.time_zone),
            f"{name}_by_appointment": time.by_appointment,
        }

    def stop_fields(self) -> Iterator[StopFields]:
        """Return each stop with its fields, for the template."""
        for stop in self.stops:
            name = f"stop_{stop.sequence}"
            yield StopFields(stop, self[f"{name}_opens_at"], self[f"{name}_closes_at"], self[f"{name}_by_appointment"])

    @property
    def details_open(self) -> bool:
        """Say whether a field that is folded away needs a look."""
        return bool(set(self.errors) - {"linehaul_cents", "fuel_surcharge_cents", "expires_in_minutes", "notes"})

    @property
    def asks_to_confirm(self) -> bool:
        """Say whether nothing is wrong but a rate that nobody would expect: whoever means it says so."""
        codes = [error.code for errors in self.errors.as_data().values() for error in errors]
        return bool(codes) and set(codes) == {NEEDS_CONFIRMATION}

    def clean(self) -> dict[str, Any]:
        """Turn the wall times of each stop into instants."""
        cleaned = super().clean() or {}
        for stop in self.stops:
            time = self._time(stop)
            for name in ("opens_at", "closes_at"):
                field = f"stop_{stop.sequence}_{name}"
                set_instant(self, cleaned, field, stop.time_zone, before=getattr(time, name))
        return cleaned

    def look_again(self, **seen: int) -> None:
        """Keep what was typed, to be sent on what stands now: `seen` are the hidden fields that name it."""
        self.data = dict(self.data.items()) | {name: str(value) for name, value in seen.items()}

    def terms(self) -> BargainTerms:
        """Return the terms of a form that is valid."""
        data = self.cleaned_data
        return BargainTerms(
            **{name: data[name] or 0 for name in _MONEY},
            free_minutes=data["free_minutes"],
            payment_days=data["payment_days"],
            notes=data["notes"].replace("\r\n", "\n"),
            stop_times=self.stop_times(),
        )

    def stop_times(self) -> tuple[StopTime, ...]:
        """Return the times at the stops; none where one of them is not right, or where the form asks for none."""
        if any(name.startswith("stop_") for name in self.errors):
            return ()
        data = self.cleaned_data
        return tuple(
            StopTime(
                sequence=stop.sequence,
                opens_at=data[f"stop_{stop.sequence}_opens_at"],
                closes_at=data[f"stop_{stop.sequence}_closes_at"],
                by_appointment=data[f"stop_{stop.sequence}_by_appointment"],
            )
            for stop in self.stops
        )

    def show(self, error: Invalid) -> None:
        """Put a service's sentences beside the fields they speak of; what has no field stands above the form."""
        for problem in error.problems:
            self.add_error(self._field_of(problem.field), forms.ValidationError(problem.sentence, code=problem.code))

    def _field_of(self, path: str) -> str | None:
        parts = path.removeprefix("terms.").split(".")
        if parts[0] in ("stop_times", "stops") and len(parts) == 3:
            parts = [f"stop_{parts[1]}_{parts[2]}"]
        elif parts[0] in ("rate_cents", "rate"):
            parts = ["linehaul_cents"]
        return parts[0] if parts[0] in self.fields else None


_MONEY = ("linehaul_cents", "fuel_surcharge_cents", "detention_cents_per_hour", "tonu_cents", "layover_cents")

"""With what a load is hauled: a return leg that it is a backhaul for, or a truck going out with it; driver, trailer.

A broker that may act for carriers finds their return legs in the same list: the choice of a truck says for whom.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django import forms

from brokers.booking_queries import tour_home_on
from brokers.crews import crew_problems
from brokers.services.outbound import tour_to_join
from brokers.terms import posted_terms
from brokers.touring import NamedVehicle, Vehicle
from carriers.models import HomeBase, ReturnLeg, Truck
from carriers.queries import drivers_of, home_bases_of, trailers_of, trucks_of
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Invalid
from foundation.trade.money import dollars
from foundation.trade.time_fields import WallTimeField, set_instant
from foundation.trade.windows import local
from loads.models import Load, LoadSize

LEG, TRUCK = "leg:", "truck:"
_USUAL_WAY_HOME = timedelta(days=3)
_NOT_THE_LEGS = (
    "That {noun} cannot be had with this return leg, as it was posted or is booked. Choose from the list, or change it "
    "on the return leg."
)


class VehicleForm(forms.Form):
    """Which truck takes the load, and how: on its way home, or going out and then home on a leg that opens by itself.

    One list holds both: return legs first, those that the engine matched with the load in front; then, by carrier, the
    return legs of those for whom the reader acts, which bring their own driver and trailer.
    """

    vehicle = forms.ChoiceField(label="Truck")
    driver = forms.ChoiceField(label="Driver", required=False)
    trailer = forms.ChoiceField(label="Trailer", required=False)
    home_base = forms.ChoiceField(label="Home after the delivery", required=False)
    return_home_by = WallTimeField(
        label="Home by", required=False, help_text="Local time at home. The way home goes on the market with it."
    )

    def __init__(
        self,
        data: Any = None,
        *,
        organization: Organization,
        load: Load,
        legs: Iterable[ReturnLeg],
        gains: Mapping[int, int] | None = None,
        acted: Sequence[tuple[ReturnLeg, int | None]] = (),
        chosen: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.load = load
        found = gains or {}
        self.legs = {leg.public_id: leg for leg in sorted(legs, key=lambda leg: (-found.get(leg.pk, -1), leg.ready_at))}
        self.acted = {leg.public_id: leg for leg, _ in acted}
        self.trucks = {truck.public_id: truck for truck in trucks_of(organization)}
        self.bases = {base.public_id: base for base in home_bases_of(organization)}
        groups: list[tuple[str, list[tuple[str, str]]]] = [
            ("On the way home", [(LEG + key, _leg_words(leg, found.get(leg.pk))) for key, leg in self.legs.items()]),
            (
                "Going out; its way home opens too",
                [(TRUCK + key, _truck_words(truck)) for key, truck in self.trucks.items()],
            ),
            *(
                (
                    f"For {each}, for whom you act",
                    [(LEG + leg.public_id, _acted_words(leg, gain)) for leg, gain in rows],
                )
                for each, rows in groupby(acted, key=lambda row: row[0].organization)
            ),
        ]
        choices = [group for group in groups if group[1]]
        self._offer("vehicle", choices)
        known = {key for _, options in choices for key, _ in options}
        first = next((key for _, options in choices for key, _ in options), "")
        self.chosen = str(self["vehicle"].value() or "") if self.is_bound else (chosen if chosen in known else first)
        self._offer_crew(organization)
        self.shared = self._shared_home()
        self._offer_bases()
        self.initial = {**self._defaults(), **self.initial}

    def _offer_crew(self, organization: Organization) -> None:
        """Offer who may drive and what may be pulled: all that there are on the way out, on a leg what it allows."""
        drivers, trailers, leg = list(drivers_of(organization)), list(trailers_of(organization)), self.leg
        if leg is not None:
            tour = tour_home_on(leg)
            drivers = [row for row in drivers if not any(crew_problems(leg, tour, driver=row, trailer=None))]
            trailers = [row for row in trailers if not any(crew_problems(leg, tour, driver=None, trailer=row))]
        words = ((row.public_id, f"{row.number} · {row.get_equipment_display()}") for row in trailers)
        self._offer("driver", [("", "Not said"), *((row.public_id, row.name) for row in drivers)])
        self._offer("trailer", [("", "None"), *words])
        if leg is not None:
            for name in ("driver", "trailer"):
                self.fields[name].error_messages["invalid_choice"] = _NOT_THE_LEGS.format(noun=name)

    def _offer_bases(self) -> None:
        """Offer where the truck may go home to; where the load joins a tour out, where its return leg goes."""
        bases = [(key, f"{base.name} · {base.city}, {base.state}") for key, base in self.bases.items()]
        shared = self.shared
        if shared is not None and (shared.home_base is None or shared.home_base.public_id not in self.bases):
            bases = [("", f"{shared.home_city}, {shared.home_state}, as its return leg says"), *bases]
        self._offer("home_base", bases or [("", "No home base yet")])

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        noun = {"vehicle": "truck or return leg", "home_base": "home base"}.get(name, name)
        field.error_messages["invalid_choice"] = f"There is no such {noun} of yours any more. Choose from the list."

    @property
    def leg(self) -> ReturnLeg | None:
        """The reader's own return leg that is chosen, or None for an outbound load."""
        return self.legs.get(self.chosen.removeprefix(LEG)) if self.chosen.startswith(LEG) else None

    @property
    def acted_leg(self) -> ReturnLeg | None:
        """The return leg that is chosen of a carrier for whom the reader acts."""
        return self.acted.get(self.chosen.removeprefix(LEG)) if self.chosen.startswith(LEG) else None

    @property
    def acting_for(self) -> Organization | None:
        """The carrier for whom the reader acts with what is chosen; None where it is the reader's own truck."""
        return self.acted_leg.organization if self.acted_leg else None

    @property
    def truck(self) -> Truck | None:
        """The truck that is chosen, or the leg's."""
        leg = self.leg
        return leg.truck if leg else self.trucks.get(self.chosen.removeprefix(TRUCK))

    @property
    def is_outbound(self) -> bool:
        """Whether the truck goes out with the load."""
        return self.leg is None and self.acted_leg is None

    @property
    def is_empty(self) -> bool:
        """Whether there is no truck to choose."""
        return not self.trucks and not self.legs and not self.acted

    def _defaults(self) -> dict[str, Any]:
        """Return what goes with the chosen leg or truck: its driver, trailer and base, and a usual time to be home."""
        leg, truck = self.leg, self.truck
        if self.acted_leg is not None:
            return {"vehicle": self.chosen}
        shared = self.shared
        posted = leg or shared  # who joins a tour out rides with its crew
        driver = posted.driver if posted else (truck.usual_driver if truck else None)
        trailer = posted.trailer if posted else (truck.usual_trailer if truck else None)
        base = shared.home_base if shared else truck.home_base if truck and not leg else None
        home = base if shared else self._home(base.public_id if base else "")
        return {
            "vehicle": self.chosen,
            "driver": driver.public_id if driver else "",
            "trailer": trailer.public_id if trailer else "",
            "home_base": home.public_id if home else "",
            "return_home_by": None if leg else self._usual_home_by(home, shared),
        }

    def _shared_home(self) -> ReturnLeg | None:
        """Return the leg home of the tour out that the load would join with the chosen truck: that says by when."""
        if self.truck is None or self.leg is not None or self.load.size != LoadSize.PARTIAL:
            return None
        times = posted_terms(self.load, rate_cents=1).stop_times
        joined = tour_to_join(self.load, times, Vehicle(truck=self.truck), clock.now())
        return joined.home if joined is not None else None

    def _home(self, public_id: str) -> HomeBase | None:
        return self.bases.get(public_id) or next(iter(self.bases.values()), None)

    def _usual_home_by(self, home: HomeBase | None, shared: ReturnLeg | None) -> datetime | None:
        if shared is not None:
            return local(shared.home_by, shared.home_time_zone).replace(second=0, microsecond=0, tzinfo=None)
        if home is None:
            return None
        there = local(self.load.delivery_closes_at + _USUAL_WAY_HOME, home.time_zone)
        return there.replace(minute=0, second=0, microsecond=0, tzinfo=None)

    def clean(self) -> dict[str, Any]:
        """Ask for the way home of an outbound load, as an instant; a leg brings its own."""
        cleaned = super().clean() or {}
        if not cleaned.get("vehicle") or not self.is_outbound:
            cleaned["return_home_by"] = None
            return cleaned
        base = self.bases.get(str(cleaned.get("home_base") or ""))
        wall = cleaned.get("return_home_by")
        zone = base.time_zone if base is not None else self.shared.home_time_zone if self.shared is not None else ""
        if not zone and "home_base" not in self.errors:
            self.add_error("home_base", "Say where the truck is at home: add a home base to your fleet first.")
        elif wall is None and "return_home_by" not in self.errors:
            self.add_error("return_home_by", "Say by when the truck must be home again.")
        elif zone:
            before = self.shared.home_by if self.shared is not None else None
            set_instant(self, cleaned, "return_home_by", zone, before=before)
        return cleaned

    def choice(self) -> NamedVehicle:
        """Return what was chosen in a form that is valid."""
        data, leg, truck = self.cleaned_data, self.leg, self.truck
        if self.acted_leg is not None:
            return NamedVehicle(leg_id=self.acted_leg.public_id)
        assert truck is not None
        return NamedVehicle(
            truck_id=truck.public_id,
            leg_id=leg.public_id if leg else "",
            driver_id=data["driver"],
            trailer_id=data["trailer"],
            home_base_id="" if leg else data["home_base"],
            return_home_by=None if leg else data["return_home_by"],
        )

    def show(self, error: Invalid) -> list[str]:
        """Put a service's sentences beside the fields they speak of; return those that have no field here."""
        left = []
        for problem in error.problems:
            name = _FIELD_OF.get(problem.field.removesuffix("_id"), problem.field.removesuffix("_id"))
            if name in self.fields:
                self.add_error(name, forms.ValidationError(problem.sentence, code=problem.code))
            else:
                left.append(problem.sentence)
        return left


_FIELD_OF = {"truck": "vehicle", "leg": "vehicle"}


def _leg_words(leg: ReturnLeg, gain_cents: int | None) -> str:
    gain = f" · your gain {_round(gain_cents)}" if gain_cents is not None else ""
    ready = f"{local(leg.ready_at, leg.empty_time_zone):%a %b %-d, %H:%M}"
    home = f"{leg.home_city}, {leg.home_state}"
    return f"{leg.truck.number}: empty {leg.empty_city}, {leg.empty_state}, {ready} → {home}{gain}"


def _acted_words(leg: ReturnLeg, gain_cents: int | None) -> str:
    """Return a leg as the broker that acts for its carrier sees it: no truck number, home by its area only."""
    gain = f" · gain {_round(gain_cents)} at market costs" if gain_cents is not None else ""
    ready = f"{local(leg.ready_at, leg.empty_time_zone):%a %b %-d, %H:%M}"
    home = f"home {leg.home_state} {leg.home_zip[:3]}"
    return f"{leg.get_equipment_display()}: empty {leg.empty_city}, {leg.empty_state}, {ready} → {home}{gain}"


def _round(cents: int) -> str:
    return dollars(round(cents / 100) * 100).removesuffix(".00")


def _truck_words(truck: Truck) -> str:
    home = f" · home {truck.home_base.city}, {truck.home_base.state}" if truck.home_base else ""
    return f"{truck.number} · {truck.get_equipment_display()}{home}"

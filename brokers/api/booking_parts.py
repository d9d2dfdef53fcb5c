"""Parts and examples that claims, bookings and tours share in the API."""

from typing import Any

from rest_framework import serializers

from brokers.models import Agreement, CancelReason, ContentionStatus
from foundation.rest.fields import InstantField, MoneyField
from foundation.rest.serializers import StrictSerializer

LOAD, BOOKING, CLAIM = (f"{kind}_06hx2k4a8m0q3v5y7z9c1e2g3r" for kind in ("load", "bkg", "claim"))
LEG, TOUR, TRUCK, DRIVER = (f"{kind}_06hx2k4a8m0q3v5y7z9c1e2g3r" for kind in ("leg", "tour", "trk", "drv"))
LANE = "Chicago, IL to Dallas, TX"
BOTH_SIDES = "Who stood on both sides when it was made, in a sentence for both; empty for nobody. It never changes."
RATE = {"amount": "2400.00", "currency": "USD"}
CARRIER = {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g4s", "name": "Ruiz Trucking"}
SHIPPER = {"id": "org_06hx2k4a8m0q3v5y7z9c1e2g3r", "name": "Prairie Paper"}
TRUCK_EXAMPLE = {"id": TRUCK, "number": "12"}
PLANNED = {
    "arrives_at": "2026-11-24T15:10:00Z",
    "begins_at": "2026-11-24T15:10:00Z",
    "ends_at": "2026-11-24T17:10:00Z",
}
STOP: dict[str, Any] = {
    "sequence": 0,
    "kind": "pickup",
    "city": "Chicago",
    "state": "IL",
    "zip": "60601",
    "time_zone": "America/Chicago",
    "facility": "Dock 4",
    "address": "233 S Wacker Dr",
    "opens_at": "2026-11-24T14:00:00Z",
    "closes_at": "2026-11-24T22:00:00Z",
    "opens_at_local": "2026-11-24T08:00",
    "closes_at_local": "2026-11-24T16:00",
    "by_appointment": False,
    "service_minutes": 120,
    "instructions": "Check in at gate B.",
    "planned": PLANNED,
}


class NamedSerializer(serializers.Serializer[Any]):
    """An organization."""

    id = serializers.CharField()
    name = serializers.CharField()


class ContactSerializer(NamedSerializer):
    """An organization with its business contact."""

    contact_name = serializers.CharField()
    phone = serializers.CharField()
    email = serializers.CharField()
    usdot_number = serializers.CharField()
    mc_number = serializers.CharField()


class UnitSerializer(serializers.Serializer[Any]):
    """A truck or a trailer."""

    id = serializers.CharField()
    number = serializers.CharField()


class PlannedSerializer(serializers.Serializer[Any]):
    """When the truck arrives at a stop, begins there and ends, by the plan."""

    arrives_at = InstantField()
    begins_at = InstantField()
    ends_at = InstantField()


class AgreedStopSerializer(serializers.Serializer[Any]):
    """A stop at its street address, with the agreed window."""

    sequence = serializers.IntegerField()
    kind = serializers.CharField()
    city = serializers.CharField()
    state = serializers.CharField()
    zip = serializers.CharField()
    time_zone = serializers.CharField()
    facility = serializers.CharField()
    address = serializers.CharField()
    opens_at = InstantField()
    closes_at = InstantField()
    opens_at_local = serializers.CharField()
    closes_at_local = serializers.CharField()
    by_appointment = serializers.BooleanField()
    service_minutes = serializers.IntegerField()
    instructions = serializers.CharField()
    planned = PlannedSerializer(required=False, help_text="Only the carrier and its driver see it.")


class ContentionPartSerializer(StrictSerializer):
    """Money of a cancellation that hangs on one side's word: what is claimed, by whom, and what the other answered."""

    id = serializers.CharField()
    booking = serializers.CharField()
    lane = serializers.CharField()
    agreement = serializers.ChoiceField(
        choices=Agreement.choices, help_text="carriage: seller and carrier; sale: a broker and its shipper."
    )
    status = serializers.ChoiceField(
        choices=ContentionStatus.choices,
        help_text="Only agreed changes what is owed. Not answered and withdrawn grant nothing.",
    )
    version = serializers.IntegerField()
    claimant = NamedSerializer(help_text="Who says it.")
    asked = NamedSerializer(help_text="Who is asked to agree or dispute.")
    reason = serializers.ChoiceField(choices=CancelReason.choices)
    note = serializers.CharField(help_text="The claimant's own words.")
    would_owe_less = serializers.BooleanField(
        help_text="true where the claimant owes the amount by the clock and says that it does not: the truck did not "
        "come. false where it claims the amount: the load was not ready."
    )
    tonu = MoneyField()
    deadhead = MoneyField()
    deadhead_miles = serializers.FloatField()
    made_at = InstantField()
    answer_by = InstantField()
    closed_at = InstantField(allow_null=True)
    answered_by = NamedSerializer(allow_null=True)
    answer = serializers.CharField(help_text="The other side's own words.")
    withdrawn_by = NamedSerializer(allow_null=True, help_text="Who withdrew it for the side that said it.")
    withdrawn_because = serializers.CharField(help_text="Why, in the claimant's own words.")


class OwedSerializer(serializers.Serializer[Any]):
    """What a cancellation left to pay: by rule and the clock, and what was agreed since."""

    by = serializers.CharField(help_text="The organization that owes it to the other side.")
    tonu = MoneyField()
    deadhead = MoneyField(help_text="The empty miles that the truck had driven, at the dated default of a mile.")
    deadhead_miles = serializers.FloatField()

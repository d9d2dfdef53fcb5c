"""With what a load is hauled, as a body of the API names it: for claims, round trips and first offers."""

from collections.abc import Mapping
from typing import Any

from brokers.touring import NamedVehicle
from foundation.rest.fields import InstantField, PublicIdField
from foundation.rest.serializers import StrictSerializer


class VehicleFieldsSerializer(StrictSerializer):
    """A truck on its return leg, whose truck need not be named then, or one that goes out."""

    truck = PublicIdField("trk", required=False, help_text="May be left out where the leg names it.")
    leg = PublicIdField("leg", required=False, help_text="The return leg that it is taken on, as a backhaul.")
    driver = PublicIdField("drv", required=False, help_text="The leg's or the truck's usual one where left out.")
    trailer = PublicIdField("trl", required=False, help_text="The leg's or the truck's usual one where left out.")
    home_base = PublicIdField("base", required=False, help_text="Where the truck goes home to; its own if left out.")
    return_home_by = InstantField(required=False, help_text="Without a leg: by when the truck must be home.")


def vehicle_in(body: Mapping[str, Any]) -> NamedVehicle:
    """Return what a checked body names."""
    return NamedVehicle(
        truck_id=body.get("truck", ""),
        leg_id=body.get("leg", ""),
        driver_id=body.get("driver", ""),
        trailer_id=body.get("trailer", ""),
        home_base_id=body.get("home_base", ""),
        return_home_by=body.get("return_home_by"),
    )

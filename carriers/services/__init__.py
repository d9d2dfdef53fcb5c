"""Every write of carriers: the fleet, its costs, trips and return legs."""

from carriers.queries import locked_leg
from carriers.services.booked import cover_leg, open_leg_after, reopen_leg, set_on_board
from carriers.services.costs import remove_costs, set_costs
from carriers.services.fleet import (
    add_driver,
    add_home_base,
    add_trailer,
    add_truck,
    archive_driver,
    archive_home_base,
    archive_trailer,
    archive_truck,
    edit_driver,
    edit_home_base,
    edit_trailer,
    edit_truck,
    restore_driver,
    restore_home_base,
    restore_trailer,
    restore_truck,
    upsert_truck,
)
from carriers.services.legs import confirm_leg, edit_leg, open_leg, post_leg, upsert_leg, withdraw_leg
from carriers.services.sweeps import ask_confirmation, expire_due_legs
from carriers.services.trips import post_trip

__all__ = [
    "add_driver",
    "add_home_base",
    "add_trailer",
    "add_truck",
    "archive_driver",
    "archive_home_base",
    "archive_trailer",
    "archive_truck",
    "ask_confirmation",
    "confirm_leg",
    "cover_leg",
    "edit_driver",
    "edit_home_base",
    "edit_leg",
    "edit_trailer",
    "edit_truck",
    "expire_due_legs",
    "locked_leg",
    "open_leg",
    "open_leg_after",
    "post_leg",
    "post_trip",
    "remove_costs",
    "reopen_leg",
    "restore_driver",
    "restore_home_base",
    "restore_trailer",
    "restore_truck",
    "set_costs",
    "set_on_board",
    "upsert_leg",
    "upsert_truck",
    "withdraw_leg",
]

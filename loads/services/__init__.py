"""Every write of loads: one verb of the trade, one function, one transaction."""

from loads.queries import locked_load
from loads.services.covering import amend_load, cover_load, reopen_load
from loads.services.posting import (
    ask_confirmation,
    confirm_load,
    confirm_loads,
    edit_load,
    expire_due_loads,
    open_load,
    post_load,
    upsert_load,
    withdraw_load,
)
from loads.services.selling import give_back_load, price_load, sell_load, take_back_load

__all__ = [
    "amend_load",
    "ask_confirmation",
    "confirm_load",
    "confirm_loads",
    "cover_load",
    "edit_load",
    "expire_due_loads",
    "give_back_load",
    "locked_load",
    "open_load",
    "post_load",
    "price_load",
    "reopen_load",
    "sell_load",
    "take_back_load",
    "upsert_load",
    "withdraw_load",
]

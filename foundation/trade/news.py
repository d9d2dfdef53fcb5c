"""Kinds of news that somebody may want by mail: what each is called, and whether it waits for an answer."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class NewsKind(StrEnum):
    """What a piece of news is about."""

    OFFER = "offer"
    PROPOSAL = "proposal"
    PAPER = "paper"
    CANCELLATION = "cancellation"
    BOOKING = "booking"
    CLAIM = "claim"
    ENDED = "ended"


class Wording(NamedTuple):
    """What a kind is called on the page of preferences; `waits` says that somebody waits for an answer."""

    label: str
    hint: str
    waits: bool


WORDING: Mapping[NewsKind, Wording] = MappingProxyType(
    {
        NewsKind.OFFER: Wording(
            "Offers to answer", "Offers, counter-offers, tenders, and a split of the difference.", True
        ),
        NewsKind.PROPOSAL: Wording("Proposals to answer", "A broker proposes a truck or a load to you.", True),
        NewsKind.PAPER: Wording("Papers to sign", "Rate confirmations, and changes of a booking to accept.", True),
        NewsKind.CANCELLATION: Wording("Cancellations", "A booking fell through: the load or the truck is free.", True),
        NewsKind.BOOKING: Wording("Bookings", "A load was booked, or a booking changed as both agreed.", False),
        NewsKind.CLAIM: Wording("Claims", "A claim is on hold while it is checked, and how it ended.", False),
        NewsKind.ENDED: Wording(
            "Offers that ended, or that were made for you",
            "Declined, withdrawn, expired or replaced offers; what your broker offered for you.",
            False,
        ),
    }
)

"""What is told of claims and bookings, each party in the words of its own part."""

from brokers.models import CancelReason, ClaimStatus
from brokers.notices.notes import Note, Payload, Reader, amount, filled, until
from foundation.trade.news import NewsKind


def claim_pending(claim: Payload, reader: Reader) -> Note:
    """Tell that a claim is on hold: its carrier with the reason, a seller only that its load is reserved."""
    held = until(claim["held_until"], reader)
    if "carrier" not in claim:
        text = f"{claim['lane']} is reserved until {held} while a claim is checked. You need do nothing."
        return _claim_note(text, f"/loads/{claim['load']}/", f"Reserved: {claim['lane']}", "See the load")
    lanes = _lanes(claim)
    reasons = " ".join(check["sentence"] for check in claim["checks"] if check["result"] == "hold")
    text = f"{_whose_claim(claim, reader)} of {lanes} is on hold until {held} at the latest while a check repeats."
    told = dict.fromkeys(load.get("both_sides_sentence", "") for load in claim["loads"])
    text = " ".join(filter(None, [text, *told]))
    rows = filled(("Why", reasons), ("Decided by", held))
    return _claim_note(text, f"/claims/{claim['id']}/", f"On hold: {lanes}", "See the claim", rows)


def claim_closed(claim: Payload, reader: Reader) -> Note | None:
    """Tell that a claim was released; one that booked is told by its bookings."""
    if claim["status"] != ClaimStatus.RELEASED:
        return None
    if "carrier" not in claim:
        text = f"{claim['lane']} is no longer reserved: the claim on it was released."
        return _claim_note(text, f"/loads/{claim['load']}/", f"Free again: {claim['lane']}", "See the load")
    lanes = _lanes(claim)
    text = f"{_whose_claim(claim, reader)} of {lanes} was released, and nothing was booked. {claim['outcome']}".strip()
    rows = filled(("Why", claim["outcome"]))
    return _claim_note(text, f"/claims/{claim['id']}/", f"Released: {lanes}", "See the claim", rows)


def booking_made(booking: Payload, reader: Reader) -> Note:
    """Tell a party that a load is booked, with its own rate."""
    rate, lane = amount(booking["rate"]), booking["lane"]
    if booking["role"] == "carrier":
        text = f"Booked: {lane} at {rate}. Your truck and its hours are set aside for it."
    else:
        text = f"Booked: {booking['carrier']['name']} hauls {lane}. {_whose_rate(booking)} {rate}."
    if booking.get("both_sides_sentence"):  # facts of before it was kept lack it
        text = f"{text} {booking['both_sides_sentence']}"
    return _booking_note(NewsKind.BOOKING, text, booking, f"Booked: {lane} at {rate}", _parties(booking, rate))


def booking_amended(booking: Payload, reader: Reader) -> Note:
    """Tell a party that its booking changed as both accepted."""
    rate, lane = amount(booking["rate"]), booking["lane"]
    text = f"The booking {lane} changed as accepted. {_whose_rate(booking)} {rate}; a new rate confirmation follows."
    return _booking_note(NewsKind.BOOKING, text, booking, f"Changed: {lane}", _parties(booking, rate))


def booking_cancelled(booking: Payload, reader: Reader) -> Note:
    """Tell a party that its booking fell through, why, and what is owed by rule."""
    lane = booking["lane"]
    reason = CancelReason(booking["cancel_reason"]).label if booking["cancel_reason"] else ""
    if booking["cancelled_for"] == reader.id:
        kind, text = NewsKind.BOOKING, f"You cancelled the booking {lane}."
    else:
        kind, text = NewsKind.CANCELLATION, f"The booking {lane} fell through: {_lowered(reason)}."
    text += " Your truck is free again." if booking["role"] == "carrier" else " The load is free again."
    rows = filled(("Reason", reason), ("Owed by rule", _owed(booking.get("owed"), reader)))
    return _booking_note(kind, text, booking, f"Cancelled: {lane}", rows)


def _claim_note(text: str, url: str, subject: str, button: str, rows: tuple[tuple[str, str], ...] = ()) -> Note:
    return Note(kind=NewsKind.CLAIM, text=text, url=url, subject=subject, button=button, rows=rows)


def _booking_note(kind: NewsKind, text: str, booking: Payload, subject: str, rows: tuple[tuple[str, str], ...]) -> Note:
    url = f"/bookings/{booking['id']}/"
    return Note(kind=kind, text=text, url=url, subject=subject, button="Open the booking", rows=rows)


def _whose_claim(claim: Payload, reader: Reader) -> str:
    carrier = claim["carrier"]
    return "Your claim" if carrier["id"] == reader.id else f"Your claim for {carrier['name']}"


def _lanes(claim: Payload) -> str:
    return " and ".join(load["lane"] for load in claim["loads"])


def _parties(booking: Payload, rate: str) -> tuple[tuple[str, str], ...]:
    label = "Carrier’s rate" if booking["role"] == "broker" else "Your rate"
    return filled((label, rate), ("Carrier", booking["carrier"]["name"]), ("Shipper", booking["shipper"]["name"]))


def _whose_rate(booking: Payload) -> str:
    return "The carrier’s rate is" if booking["role"] == "broker" else "Your rate is"


def _owed(owed: Payload | None, reader: Reader) -> str:
    if owed is None:
        return ""
    parts = [
        f"{amount(owed[name])} {words}"
        for name, words in (("tonu", "for a truck ordered and not used"), ("deadhead", "for empty miles driven"))
        if owed[name] is not None and owed[name]["amount"] != "0.00"
    ]
    return f"{' and '.join(parts)}, {'by you' if owed['by'] == reader.id else 'to be paid to you'}" if parts else ""


def _lowered(label: str) -> str:
    return label[:1].lower() + label[1:]

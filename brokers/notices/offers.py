"""What is told of offers and threads: an offer to answer, how one ended, courteous words for what lapsed."""

from brokers.models import OfferStatus, Thread, ThreadOutcome
from brokers.notices.notes import Note, Payload, Reader, amount, filled, stop_rows, until
from foundation.trade.news import NewsKind

_WENT_ELSEWHERE = "The load went to another truck. Thank you for your offer; these are the next best loads."


def offer_made(offer: Payload, reader: Reader) -> Note | None:
    """Tell of an offer: to answer, or made for the reader by who represents it; of the reader's own, nothing."""
    if offer["made_by"]["id"] == reader.id:
        return None
    rate, lane = amount(offer["rate"]), offer["lane"]
    deadline = until(offer["expires_at"], reader)
    rows = filled(
        ("Rate, all in", rate),
        ("Of that fuel surcharge", _some(offer["fuel_surcharge"])),
        ("Before", _rate_before(offer)),
        *stop_rows(offer),
        ("Paid within", f"{offer['payment_days']} days"),
        ("Note", offer["notes"]),
        ("Stands until", deadline),
    )
    if offer["is_yours"]:
        text = f"{offer['made_by']['name']} offered {rate} {_for_whom(offer, reader)}: {lane}."
        return _note(NewsKind.ENDED, text, offer["thread"], f"Offered {rate}: {lane}", "See the negotiation", rows)
    who = offer["made_for"]["name"]
    says = "offers" if offer["number"] == 1 else "answers with"
    text = f"{who} {says} {rate} for {lane}. It stands until {deadline}."
    if offer["represents_both_sides"]:
        text += " Somebody acts for both sides of this negotiation."
    subject = f"{who} {says} {rate}: {lane}"
    return _note(NewsKind.OFFER, text, offer["thread"], subject, "Read it and answer", rows)


def offer_closed(offer: Payload, reader: Reader) -> Note | None:
    """Tell how an offer ended where nothing else tells it: declined, withdrawn, expired, or the load has changed.

    An answered or accepted offer is told by the answer or the booking, a lapsed one and one whose closer left the
    whole negotiation by the end of its thread.
    """
    if offer.get("leaves"):
        return None
    rate, lane, who = amount(offer["rate"]), offer["lane"], offer["made_for"]["name"]
    by = offer["closed_by"]
    if by is not None and by["id"] == reader.id:
        return None
    mine = offer["made_for"]["id"] == reader.id
    whose = "your" if mine else f"{who}’s"
    closer = _who_acted(offer, reader)
    match offer["status"]:
        case OfferStatus.DECLINED:
            subject, text = "Declined", f"{closer or 'The other side'} declined {whose} offer of {rate} for {lane}."
        case OfferStatus.WITHDRAWN:
            taken_back = "your" if mine else "its"
            subject, text = "Withdrawn", f"{closer or who} withdrew {taken_back} offer of {rate}: {lane}."
        case OfferStatus.EXPIRED:
            said = f"{whose[:1].upper()}{whose[1:]} offer of {rate} for {lane} ran out unanswered."
            subject, text = "Expired", f"{said} Either side may make a new one."
        case OfferStatus.SUPERSEDED:
            said = f"The load {lane} changed, so {whose} offer of {rate} no longer stands."
            subject, text = "The load changed", f"{said} A new one, on the load as it is now, is filled in for you."
        case _:
            return None
    hold = offer.get("hold")
    if hold and hold["closed_at"] == offer["closed_at"]:  # accepted, it came to its end while the carrier was checked
        text = f"{lane} at {rate}: {hold['sentence']}"
    rows = filled(("Reason", offer["reason"]), ("Rate, all in", rate))
    return _note(NewsKind.ENDED, text, offer["thread"], f"{subject}: {lane} at {rate}", "See the negotiation", rows)


def offer_held(offer: Payload, reader: Reader) -> Note | None:
    """Tell both sides that an offer is accepted, and that the load is reserved while the carrier is checked."""
    hold, rate, lane = offer["hold"], amount(offer["rate"]), offer["lane"]
    if hold is None:
        return None
    text = f"{lane}: {hold['sentence']}"
    if offer["represents_both_sides"]:
        text += " Somebody acts for both sides of this negotiation."
    rows = filled(("Rate, all in", rate), ("Decided by", until(hold["held_until"], reader)))
    return _note(NewsKind.CLAIM, text, offer["thread"], f"Accepted, on hold: {lane} at {rate}", "See it", rows)


def offer_released(offer: Payload, reader: Reader) -> Note | None:
    """Tell both sides why an accepted offer was not booked, and that it stands again."""
    hold, rate, lane = offer["hold"], amount(offer["rate"]), offer["lane"]
    if hold is None:
        return None
    rows = filled(("Rate, all in", rate), ("Stands until", until(offer["expires_at"], reader)))
    text = f"{lane} at {rate}: {hold['sentence']}"
    return _note(NewsKind.CLAIM, text, offer["thread"], f"Not booked: {lane} at {rate}", "See the negotiation", rows)


def thread_closed(thread: Payload, reader: Reader) -> Note | None:
    """Tell that a thread is over, unless the declined offer or the booking tells it."""
    outcome, lane, load = thread["outcome"], thread["lane"], thread["load"]["id"]
    if outcome in (ThreadOutcome.DECLINED, ThreadOutcome.BOOKED_BY_TAKER):
        return None
    if outcome == ThreadOutcome.AGREED:
        return _agreed(thread, reader) if thread["kind"] == Thread.Kind.TENDER else None
    by = thread["closed_by"]
    if outcome == ThreadOutcome.WITHDRAWN and by is not None and by["id"] == reader.id:
        return None
    is_taker = thread["your_side"] != "seller"
    if outcome == ThreadOutcome.BOOKED_ELSEWHERE and is_taker:
        text, button = f"{lane}: {_WENT_ELSEWHERE}", "See the next best loads"
        return Note(
            kind=NewsKind.ENDED,
            text=text,
            url=f"/bargain/loads/{load}/",
            subject=f"Gone to another truck: {lane}",
            button=button,
        )
    who = _who_acted(thread, reader) if outcome == ThreadOutcome.WITHDRAWN else ""
    text = f"{lane}: {f'{who} left this negotiation.' if who else thread['outcome_sentence']}"
    return _note(NewsKind.ENDED, text, thread["id"], f"Over: {lane}", "See the negotiation")


def thread_split(split: Payload, reader: Reader) -> Note | None:
    """Tell both sides at once that both asked to split the difference."""
    rate, lane = amount(split["split"]), split["lane"]
    text = f"You both asked to split the difference for {lane}: {rate}. It is a suggestion; either side may offer it."
    return _note(NewsKind.OFFER, text, split["id"], f"Split the difference: {lane} at {rate}", "Go to the negotiation")


def _agreed(thread: Payload, reader: Reader) -> Note:
    lane, seller, taker = thread["lane"], thread["seller"], thread["taker"]
    if reader.id == taker["id"]:
        text, subject = f"{seller['name']} gave you {lane} to sell.", f"Yours to sell: {lane}"
    else:
        text, subject = f"You agreed: {taker['name']} sells {lane} for you now.", f"Sold: {lane}"
    return _note(NewsKind.BOOKING, text, thread["id"], subject, "See what was agreed")


def _rate_before(offer: Payload) -> str:
    change = next((each for each in offer["changes"] if each["field"] == "rate"), None)
    return amount(change["before"]) if change else ""


def _who_acted(closed: Payload, reader: Reader) -> str:
    """Return who brought an offer or a thread to its end as the reader is told it: the side whose move it was, with the
    broker that made it for that side, or the broker for the reader; "" where nobody did.
    """
    by, side = closed["closed_by"], closed.get("closed_for")  # facts of before it was told lack it
    if by is None or side is None or side["id"] == by["id"]:
        return by["name"] if by else ""
    if side["id"] == reader.id:
        return f"For you, {by['name']}"
    return f"{side['name']}, for whom {by['name']} acts,"


def _some(money: Payload) -> str:
    return "" if money["amount"] == "0.00" else amount(money)


def _for_whom(offer: Payload, reader: Reader) -> str:
    if offer["made_for"]["id"] == reader.id:
        return "for you"
    itself = offer["made_for"]["id"] == offer["made_by"]["id"]
    return "itself" if itself else f"for {offer['made_for']['name']}"


def _note(
    kind: NewsKind, text: str, thread_id: str, subject: str, button: str, rows: tuple[tuple[str, str], ...] = ()
) -> Note:
    return Note(kind=kind, text=text, url=f"/threads/{thread_id}/", subject=subject, button=button, rows=rows)

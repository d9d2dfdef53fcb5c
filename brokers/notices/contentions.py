"""What is told of money that hangs on one side's word: the other side is asked, and both hear how it ended."""

from brokers.models import CancelReason, ContentionStatus
from brokers.notices.notes import Note, Payload, Reader, amount, filled, until
from foundation.trade.money import cents_from_text, dollars
from foundation.trade.news import NewsKind


def contention_made(contention: Payload, reader: Reader) -> Note | None:
    """Ask a side whether it is as the other one says; who said it is told by the page."""
    if not contention["waits_for_you"]:
        return None
    who, lane, sum_ = contention["claimant"]["name"], contention["lane"], _sum(contention)
    if contention["would_owe_less"]:
        means = f"By the clock it owes you {sum_}. If you agree, it owes you nothing"
    else:
        means = f"It claims {sum_}. You owe it only if you agree"
    deadline = until(contention["answer_by"], reader)
    text = f"{who} cancelled {lane} and says that {_said(contention)}. {means}; answer until {deadline}."
    if contention["agreement"] == "sale":
        text = f"{lane} fell through, and {who} says that {_said(contention)}. {means}; answer until {deadline}."
    rows = filled(("Amount", sum_), ("In its words", contention["note"]), ("Answer until", deadline))
    return _note(contention, text, f"Is it so? {lane}: {_said(contention)}", "Agree or dispute", rows)


def contention_closed(contention: Payload, reader: Reader) -> Note | None:
    """Tell how it ended: to who said it; that nobody answered, to both; and to a side whose broker answered for it."""
    status, lane, sum_ = contention["status"], contention["lane"], _sum(contention)
    is_claimant = contention["claimant"]["id"] == reader.id
    if not is_claimant and status != ContentionStatus.UNANSWERED:
        return _answered_for_you(contention, reader)
    asked, claimant = contention["asked"]["name"], contention["claimant"]["name"]
    stays = f"the {sum_} stay owed" if contention["would_owe_less"] else f"nothing of the {sum_} is owed"
    match status:
        case ContentionStatus.AGREED:
            now = f"you do not owe the {sum_} any more" if contention["would_owe_less"] else f"it owes you {sum_}"
            text, subject = f"{asked} agrees that {_said(contention)}: {now}. {lane}.", f"Agreed: {lane}"
        case ContentionStatus.DISPUTED:
            text = f"{asked} disputes that {_said(contention)} ({lane}), so {stays}. Settle it between you."
            subject = f"Disputed: {lane}"
        case _:
            who = f"{asked} did not answer" if is_claimant else f"You did not answer {claimant}"
            text = f"{who} whether {_said(contention)} ({lane}), so {stays}. Settle it between you."
            subject = f"Not answered: {lane}"
    rows = filled(("Amount", sum_), ("Said", contention["note"]), ("Answered", contention["answer"]))
    return _note(contention, text, subject, "See the booking", rows)


def contention_withdrawn(contention: Payload, reader: Reader) -> Note | None:
    """Tell who was asked that nothing is left to answer; a side whose broker withdrew for it, what was done."""
    lane, sum_ = contention["lane"], _sum(contention)
    claimant, by = contention["claimant"], contention["withdrawn_by"]
    is_claimant = claimant["id"] == reader.id
    if is_claimant and by["id"] == reader.id:
        return None
    relieves = contention["would_owe_less"]
    if is_claimant:
        now = f"you owe the {sum_} as by the clock" if relieves else f"nothing of the {sum_} is owed to you"
        text = f"{by['name']} withdrew for you that {_said(contention)} ({lane}): {now}."
    else:
        now = f"it owes you the {sum_} as by the clock" if relieves else f"you owe nothing of the {sum_}"
        text = f"{claimant['name']} withdrew that {_said(contention)} ({lane}): {now}, and nothing is left to answer."
    rows = filled(("Amount", sum_), ("Said", contention["note"]), ("Withdrawn", contention["withdrawn_because"]))
    return _note(contention, text, f"Withdrawn: {lane}", "See the booking", rows)


def _answered_for_you(contention: Payload, reader: Reader) -> Note | None:
    """Tell a side what its broker answered for it; None where its own people did."""
    by, lane, sum_ = contention["answered_by"], contention["lane"], _sum(contention)
    if by is None or by["id"] == reader.id:
        return None
    who, relieves = contention["claimant"]["name"], contention["would_owe_less"]
    if contention["status"] == ContentionStatus.AGREED:
        now = f"it does not owe you the {sum_} any more" if relieves else f"you owe {who} {sum_}"
        text, subject = f"{by['name']} agreed for you that {_said(contention)} ({lane}): {now}.", f"Agreed: {lane}"
    else:
        now = f"the {sum_} stays owed to you" if relieves else f"you owe nothing of the {sum_}"
        text = f"{by['name']} disputed for you that {_said(contention)} ({lane}): {now}."
        subject = f"Disputed: {lane}"
    rows = filled(("Amount", sum_), ("Said", contention["note"]), ("Answered", contention["answer"]))
    return _note(contention, text, subject, "See the booking", rows)


def _said(contention: Payload) -> str:
    is_no_show = contention["reason"] == CancelReason.NO_SHOW
    return "the truck did not come" if is_no_show else "the load was not ready"


def _sum(contention: Payload) -> str:
    if not contention["deadhead_miles"] and contention["tonu"]["amount"] != "0.00":
        return amount(contention["tonu"])
    cents = sum(cents_from_text(contention[name]["amount"]) for name in ("tonu", "deadhead"))
    return dollars(cents).removesuffix(".00")


def _note(contention: Payload, text: str, subject: str, button: str, rows: tuple[tuple[str, str], ...]) -> Note:
    url = f"/bookings/{contention['booking']}/"
    return Note(kind=NewsKind.CANCELLATION, text=text, url=url, subject=subject, button=button, rows=rows)

"""What is told of papers: a rate confirmation to sign, a signature, an amendment to answer, a record that was read."""

from dataclasses import replace

from brokers.models import AmendmentStatus
from brokers.notices.notes import Note, Paper, Payload, Reader, amount, filled, until
from foundation.trade.news import NewsKind


def confirmation_ready(paper: Payload, reader: Reader) -> Note | None:
    """Tell a side that its rate confirmation is there to read and sign; a mail at once brings the document."""
    word = (
        "is ready to sign" if paper["revision"] == 1 else f"changed as agreed: revision {paper['revision']} is to sign"
    )
    rate = amount(paper["rate"])
    text = f"Rate confirmation {paper['number']} for {paper['lane']} at {rate} {word}."
    note = _note(paper, text, f"Rate confirmation {paper['number']}: {paper['lane']}", "Read and sign", reader)
    return replace(note, paper=Paper(paper["id"], paper["sha256"]))


def confirmation_signed(paper: Payload, reader: Reader) -> Note | None:
    """Tell a side that the other one has signed; its own signature is no news."""
    others = [each for each in paper["signatures"] if each["organization"]["id"] != reader.id]
    own = [each for each in paper["signatures"] if each["organization"]["id"] == reader.id]
    last = max(paper["signatures"], key=lambda each: str(each["signed_at"]))
    if last in own or not others:
        return None
    who = f"{last['name']} signed rate confirmation {paper['number']} for {last['organization']['name']}"
    text = f"{who}. Both sides have signed." if own else f"{who}. Your side has not signed yet."
    return _note(paper, text, f"Signed: rate confirmation {paper['number']}", "Open it", reader)


def amendment_made(amendment: Payload, reader: Reader) -> Note | None:
    """Ask a side for its yes to a change once, when it is proposed; who has said it is not asked."""
    is_new = len(amendment["accepted_by"]) == 1  # who proposed it
    if not (is_new and amendment["waits_for_you"]):
        return None
    who = amendment["proposed_for"]["name"]
    text = f"{who} asks you to accept a change of the booking {amendment['lane']}: {_changed(amendment)}."
    rows = filled(("Why", amendment["reason"]), ("Stands until", until(amendment["expires_at"], reader)))
    return _about(amendment, NewsKind.PAPER, text, f"A change to accept: {amendment['lane']}", "Read and answer", rows)


def amendment_closed(amendment: Payload, reader: Reader) -> Note | None:
    """Tell what became of a proposed change; an accepted one is told by its booking."""
    if amendment["status"] == AmendmentStatus.ACCEPTED:
        return None
    became = AmendmentStatus(amendment["status"]).label.lower()
    text = f"The change of the booking {amendment['lane']} ({_changed(amendment)}) was {became}; all stays as it was."
    text = text.replace("was lapsed", "has lapsed")
    rows = filled(("Why", amendment["close_reason"]))
    return _about(amendment, NewsKind.BOOKING, text, f"Not changed: {amendment['lane']}", "See it", rows)


def record_asked(record: Payload, reader: Reader) -> Note:
    """Tell a broker that a party read the transaction record of its load."""
    who = record["asked_by"]["name"]
    text = f"{who} asked for the transaction record of a booking and was given it (49 CFR 371.3): {record['reason']}"
    url = f"/transaction-records/{record['id']}/"
    rows = filled(("By", who), ("Why", record["reason"]))
    return Note(
        kind=NewsKind.BOOKING, text=text, url=url, subject=f"{who} read a record", button="The record", rows=rows
    )


def _changed(amendment: Payload) -> str:
    words = [str(each["field"]).split(".")[0].replace("_", " ") for each in amendment["changes"]]
    return ", ".join(dict.fromkeys(words))


def _about(
    amendment: Payload, kind: NewsKind, text: str, subject: str, button: str, rows: tuple[tuple[str, str], ...]
) -> Note:
    url = f"/amendments/{amendment['id']}/"
    return Note(kind=kind, text=text, url=url, subject=subject, button=button, rows=rows)


def _note(paper: Payload, text: str, subject: str, button: str, reader: Reader) -> Note:
    other = paper["payee"] if paper["payer"]["id"] == reader.id else paper["payer"]
    rows = filled(("With", other["name"]), ("Rate", amount(paper["rate"])), ("SHA-256", paper["sha256"] or ""))
    url = f"/rate-confirmations/{paper['id']}/"
    return Note(kind=NewsKind.PAPER, text=text, url=url, subject=subject, button=button, rows=rows)

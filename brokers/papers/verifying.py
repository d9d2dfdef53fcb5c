"""Whether a paper is still what was made and signed: bytes, hash, signatures and audit have to agree."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from brokers.models import ConfirmationDocument, RateConfirmation
from brokers.papers.content import digest_of
from foundation.events.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Check:
    """What a check of a stored document found; `problems` are sentences, none where it holds."""

    sha256: str
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was changed."""
        return not self.problems


def digest_of_bytes(pieces: Iterable[bytes]) -> str:
    """Return the SHA-256 of what comes in pieces."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def check(confirmation: RateConfirmation) -> Check:
    """Check a stored document against its hash, its signatures and what the audit of its sides wrote down.

    Expects that the document has been made.
    """
    document = ConfirmationDocument.objects.filter(confirmation=confirmation).first()
    if document is None:
        return Check("", ("The stored document is missing.",))
    found = digest_of_bytes([bytes(document.pdf)])
    problems = []
    if found != confirmation.sha256:
        was = confirmation.sha256
        problems.append(f"The stored document was changed: its SHA-256 is {found}, and it was made with {was}.")
    problems += [
        f"{signature.name} signed for {signature.organization} another document than this one."
        for signature in confirmation.signatures.all()
        if signature.sha256 != found
    ]
    problems += _against_audit(confirmation, found)
    return Check(found, tuple(problems))


def _against_audit(confirmation: RateConfirmation, sha256: str) -> list[str]:
    """Compare with the entries that the audits of both sides hold; those are chained, and cannot be changed unseen."""
    sides = {confirmation.payer.public_id: confirmation.payer, confirmation.payee.public_id: confirmation.payee}
    entries = AuditEntry.objects.filter(
        organization_id__in=sides,
        subject=confirmation.public_id,
        action__in=["confirmation.issued", "confirmation.ready"],
    )
    wanted = {"sha256": sha256, "content_sha256": digest_of(confirmation.content)}
    words = {"sha256": "document", "content_sha256": "content"}
    told: dict[str, set[str]] = {name: set() for name in wanted}
    problems = set()
    for entry in entries:
        for name, value in wanted.items():
            if name in entry.changes:
                told[name].add(entry.organization_id)
                if entry.changes[name][1] != value:
                    problems.add(f"The audit wrote down another {words[name]} than this one.")
    problems |= {f"The audit does not know this {words[name]}." for name in wanted if told[name] != set(sides)}
    return sorted(problems)

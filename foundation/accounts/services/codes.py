"""Verifying an organization by a code that is sent to the contact of its federal record, never to one typed in."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.crypto import constant_time_compare, salted_hmac

from foundation.accounts.actor import Actor
from foundation.accounts.federal.sources import asks_registry
from foundation.accounts.federal.standing import masked, refusal
from foundation.accounts.models import Organization, VerificationCode
from foundation.accounts.models.codes import MOST_ATTEMPTS
from foundation.accounts.queries import holder_of_number, live_code_of, record_of
from foundation.accounts.services.organizations import locked, verify_organization
from foundation.events.services import publish, queue_mail, record_audit
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid

CODE_DIGITS = 8
CODE_LASTS = timedelta(minutes=15)
BETWEEN_CODES = timedelta(seconds=60)
CODES_AN_HOUR = 3
CODES_A_DAY = 5  # of an organization, and to a number, whoever asks
MAILS_A_DAY = 10  # to one mailbox of the registry, for all numbers that name it
BETWEEN_LOOKUPS = timedelta(seconds=60)
DECIDED_BY = "a code sent to the federal contact"
_PEPPER = "foundation.accounts.codes"


def ask_record(*, actor: Actor) -> bool:
    """Have the registry asked about the organization's number; False when it was asked within the minute.

    Raises `Forbidden`, and `Conflict` where there is no number or nobody to ask.
    """
    actor.require("organization:write")
    with transaction.atomic():
        organization = locked(actor.organization)
        _require_registry(organization)
        record = record_of(organization)
        if record is not None and clock.now() - record.tried_at < BETWEEN_LOOKUPS:
            return False
        publish(name="organization.record_asked", subject=organization.public_id, audience={})
    return True


def send_code(*, actor: Actor) -> VerificationCode:
    """Send a fresh code to the contact of the federal record; an older one is good no longer.

    Raises `Forbidden` for who is not an owner with a confirmed address, and `Conflict`, each with what to do: verified
    already, record missing or not in order, no e-mail on record, number verified by others, too many codes lately.
    """
    actor.require("organization:write")
    actor.require_confirmed_email()
    if actor.person is None:
        raise Forbidden("key_verifies", "A key cannot ask for a code. Sign in to do it.")
    with transaction.atomic():
        organization = locked(actor.organization)
        now = clock.now()
        _require_open(organization)
        _require_registry(organization)
        record = record_of(organization)
        if reason := refusal(organization, record, now):
            raise Conflict("not_in_order", reason)
        assert record is not None
        if not record.email:
            raise Conflict(
                "no_federal_email",
                "The federal record names no e-mail address, so no code can be sent. The operator of this market "
                "decides: it calls the number on record.",
            )
        mailbox = _hash("mailbox", record.email)
        _require_pace(organization, mailbox, now)
        VerificationCode.objects.filter(organization=organization, closed_at__isnull=True).update(closed_at=now)
        text = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        code = VerificationCode(
            organization=organization,
            market=organization.market,
            usdot_number=organization.usdot_number,
            contact_hash=mailbox,
            sent_to=masked(record.email),
            asked_by=actor.person,
            asked_at=now,
            expires_at=now + CODE_LASTS,
        )
        code.code_hash = _hash(code.public_id, text)
        code.save(force_insert=True)
        _mail(code, record.email, text)
        _audit(actor, organization, "organization.code_sent", {"to": [None, code.sent_to]})
    return code


def enter_code(*, actor: Actor, text: str) -> Organization:
    """Verify the organization by the code that was sent. Five tries; a wrong one counts whatever happens after.

    Raises `Forbidden`, `Invalid` for a wrong code, `Conflict` where no code is live, the number was changed, the record
    is not in order any more or another organization was verified with the number meanwhile.
    """
    actor.require("organization:write")
    actor.require_confirmed_email()
    wrong: Invalid | None = None
    with transaction.atomic():
        organization = locked(actor.organization)
        now = clock.now()
        _require_open(organization)
        code = live_code_of(organization, now)
        if code is None or code.usdot_number != organization.usdot_number:
            raise Conflict("no_live_code", "No code is good any more. Ask for a new one.")
        if constant_time_compare(_hash(code.public_id, _digits(text)), code.code_hash):
            if reason := refusal(organization, record_of(organization), now):
                raise Conflict("not_in_order", reason)
            code.used_at = code.closed_at = now
            code.save(update_fields=["used_at", "closed_at"])
            _audit(actor, organization, "organization.code_entered", {"usdot_number": [None, code.usdot_number]})
            return verify_organization(
                public_id_or_name=organization.public_id,
                decided_by=DECIDED_BY,
                reason=f"The code sent to {code.sent_to} for USDOT {code.usdot_number} was entered.",
            )
        wrong = _count_wrong(code, now)
        _audit(actor, organization, "organization.code_refused", {"attempts": [None, code.attempts]})
    raise wrong


def _count_wrong(code: VerificationCode, now: datetime) -> Invalid:
    code.attempts += 1
    left = MOST_ATTEMPTS - code.attempts
    if left <= 0:
        code.closed_at = now
    code.save(update_fields=["attempts", "closed_at"])
    if left <= 0:
        sentence = "That was not the code, and it was the last try. Ask for a new code."
    else:
        sentence = f"That is not the code. {left} {'try is' if left == 1 else 'tries are'} left."
    return Invalid([FieldProblem("code", "wrong_code", sentence)])


def _require_open(organization: Organization) -> None:
    if organization.is_verified:
        raise Conflict("already_verified", f"{organization} is verified already.")
    holder = holder_of_number(organization)
    if holder is not None:
        raise Conflict(
            "usdot_number_taken",
            f"An organization is verified with USDOT number {organization.usdot_number} already. Ask its owner to "
            "invite you; if that is not your company, tell the operator of this market.",
        )


def _require_registry(organization: Organization) -> None:
    if not organization.usdot_number:
        raise Conflict("no_usdot_number", "There is no USDOT number to look up. Enter it under Organization → Edit.")
    if not asks_registry(organization.market):
        raise Conflict(
            "no_registry", "This installation does not ask the federal registry. Its operator decides on verification."
        )


def _require_pace(organization: Organization, mailbox: str, now: datetime) -> None:
    """Raise `Conflict` where too many codes were sent lately, with when the next may be."""
    day, hour = timedelta(days=1), timedelta(hours=1)
    own = VerificationCode.objects.filter(organization=organization)
    number = VerificationCode.objects.filter(market=organization.market, usdot_number=organization.usdot_number)
    limits: list[tuple[QuerySet[VerificationCode], int, timedelta]] = [
        (own, 1, BETWEEN_CODES),
        (own, CODES_AN_HOUR, hour),
        (own, CODES_A_DAY, day),
        (number, CODES_A_DAY, day),
        (VerificationCode.objects.filter(contact_hash=mailbox), MAILS_A_DAY, day),
    ]
    for rows, most, window in limits:
        sent = list(rows.filter(asked_at__gt=now - window).order_by("-asked_at").values_list("asked_at", flat=True))
        if len(sent) >= most:
            again = sent[most - 1] + window
            raise Conflict(
                "too_many_codes",
                f"A code was sent moments ago, or too many lately. The next may be sent from {again:%b} {again.day}, "
                f"{again:%H:%M} UTC. The operator of this market can decide meanwhile.",
            )


def _digits(text: str) -> str:
    return "".join(each for each in text if each in "0123456789")[: CODE_DIGITS + 1]


def _hash(what: str, text: str) -> str:
    return salted_hmac(_PEPPER, f"{what}:{text}", algorithm="sha256").hexdigest()


def _mail(code: VerificationCode, to: str, text: str) -> None:
    """Queue the mail with the code: for the federal contact alone, so no organization's page of mails has it."""
    words = {
        "code": f"{text[:4]}-{text[4:]}",
        "organization": code.organization,
        "person": code.asked_by,
        "number": code.usdot_number,
        "minutes": int(CODE_LASTS.total_seconds() // 60),
        "url": settings.BASE_URL,
    }
    queue_mail(
        organization_id=None,
        to=to,
        subject=f"Code for USDOT {code.usdot_number} on Backhaul",
        text=render_to_string("accounts/mail/verification_code.txt", words),
        kind="sign_in",
    )


def _audit(actor: Actor, organization: Organization, action: str, changes: dict[str, object]) -> None:
    record_audit(
        organization_id=organization.public_id,
        actor=actor,
        action=action,
        subject=organization.public_id,
        changes=changes,
    )

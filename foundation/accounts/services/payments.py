"""Where a carrier is paid: entered by an owner, told to all owners, and kept as a fingerprint."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac

from foundation.accounts.actor import Actor
from foundation.accounts.models import Membership, Organization, PaymentAccount, PaymentKind, Role
from foundation.accounts.queries import payment_account_of
from foundation.accounts.services.organizations import locked
from foundation.events.services import publish, queue_mail, record_audit
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden
from foundation.trade.rules import Problems

CHANGES_A_DAY = 3
ROUTING_DIGITS = 9
SHORTEST_ACCOUNT, LONGEST_ACCOUNT = 5, 17
LONGEST_NAME = 120
_SHOWN_FROM = 8  # digits: of a shorter number four would be most of it
_PEPPER = "foundation.accounts.payments"
_WEIGHTS = (3, 7, 1) * 3  # of the check digit, ABA Routing Number Policy
# The Federal Reserve districts, thrift institutions and electronic transactions; 00 is the government's, 80 cheques'.
_PREFIXES = (*range(1, 13), *range(21, 33), *range(61, 73))


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """What an owner enters: a bank account in its name, or the factoring company that the invoices are assigned to."""

    kind: str
    name: str
    routing_number: str = ""
    account_number: str = ""

    def __repr__(self) -> str:
        """Show no number, wherever it is printed."""
        return f"PaymentTerms(kind={self.kind!r})"


def set_payment_account(*, actor: Actor, terms: PaymentTerms) -> PaymentAccount:
    """Say where a carrier is paid from now on; the same once more changes nothing. Every owner has a mail of a change.

    Raises `Forbidden` for who is not an owner, signed in, with a confirmed address; `Invalid`; `Conflict` where the
    organization hauls nothing, or has changed it three times within a day.
    """
    actor.require("organization:write")
    actor.require_confirmed_email()
    if actor.person is None:
        raise Forbidden("key_sets_account", "A key cannot say where you are paid. Sign in to do it.")
    terms = _checked(terms)
    with transaction.atomic():
        organization = locked(actor.organization)
        if not organization.hauls:
            raise Conflict("not_a_carrier", f"{organization} hauls nothing, so nobody pays it for a load here.")
        now, before = clock.now(), payment_account_of(organization)
        account = PaymentAccount(
            organization=organization,
            kind=terms.kind,
            name=terms.name,
            last_four=last_four_of(terms.account_number),
            fingerprint=fingerprint_of(terms.routing_number, terms.account_number),
            set_at=now,
            set_by=actor.person,
        )
        if before is not None:
            if (before.kind, before.name, before.fingerprint) == (account.kind, account.name, account.fingerprint):
                return before
            _require_pace(organization, now)
            before.ended_at = now
            before.save(update_fields=["ended_at"])
        account.save(force_insert=True)
        _tell(actor, organization, account, before, now)
    return account


def fingerprint_of(routing_number: str, account_number: str) -> str:
    """Return what tells an account from others without telling its number; "" for none.

    A keyed hash (HMAC-SHA256 under a key derived from the installation's secret): who has the table alone cannot try
    out numbers. Spaces, dashes and leading zeros make no other account: banks fill numbers up with zeros.
    """
    if not account_number:
        return ""
    numbers = f"{_bare(routing_number)}:{_bare(account_number).lstrip('0')}"
    return salted_hmac(_PEPPER, numbers, algorithm="sha256").hexdigest()


def last_four_of(account_number: str) -> str:
    """Return what an account may be recognised by: its last four digits, two of a short one; zeros in front lengthen
    nothing.
    """
    return account_number[-4:] if len(account_number.lstrip("0")) >= _SHOWN_FROM else account_number[-2:]


def is_routing_number(digits: str) -> bool:
    """Say whether nine digits are a routing number of the American Bankers Association: prefix and check digit."""
    if len(digits) != ROUTING_DIGITS or not (digits.isascii() and digits.isdigit()) or int(digits[:2]) not in _PREFIXES:
        return False
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 10 == 0


def _checked(terms: PaymentTerms) -> PaymentTerms:
    """Return terms with tidy names and bare digits. Raises `Invalid`, in words that repeat no number."""
    name = " ".join(terms.name.split())
    routing, account = (_bare(each) for each in (terms.routing_number, terms.account_number))
    problems = Problems()
    if terms.kind not in PaymentKind.values:
        problems.add("kind", "unknown", "Choose “bank” for your own account, or “factor” for a factoring company.")
        problems.settle()
    if terms.kind == PaymentKind.FACTOR:
        problems.text("name", name, longest=LONGEST_NAME, label="The factoring company's name", required=True)
        for field, value in (("routing_number", routing), ("account_number", account)):
            if value:
                problems.add(field, "not_needed", "Leave this empty: the notice of assignment names the account.")
        problems.settle()
        return PaymentTerms(kind=terms.kind, name=name)
    problems.text("name", name, longest=LONGEST_NAME, label="The name on the account", required=True)
    if not is_routing_number(routing):
        sentence = (
            "This is no routing number: it has nine digits, the last of which checks the others. It stands at the "
            "bottom left of a check."
        )
        problems.add("routing_number", "check_digit", sentence)
    digits = account.isascii() and account.isdigit() and account.strip("0")
    if not (digits and SHORTEST_ACCOUNT <= len(account) <= LONGEST_ACCOUNT):
        sentence = f"An account number has {SHORTEST_ACCOUNT} to {LONGEST_ACCOUNT} digits, not all zero, nothing else."
        problems.add("account_number", "digits", sentence)
    problems.settle()
    return PaymentTerms(kind=terms.kind, name=name, routing_number=routing, account_number=account)


def _bare(text: str) -> str:
    return "".join(text.split()).replace("-", "")


def _require_pace(organization: Organization, now: datetime) -> None:
    """Raise `Conflict` after the last change of a day: each ended the account that stood, a first entry ended none."""
    rows = PaymentAccount.objects.filter(organization=organization, ended_at__gt=now - timedelta(days=1))
    if rows.count() >= CHANGES_A_DAY:
        sentence = f"This was changed {CHANGES_A_DAY} times within a day. Change it again tomorrow."
        raise Conflict("too_many_changes", sentence)


def _tell(
    actor: Actor, organization: Organization, account: PaymentAccount, before: PaymentAccount | None, now: datetime
) -> None:
    """Write it down without a number, tell the parties' rooms that it changed, and mail every owner."""
    record_audit(
        organization_id=organization.public_id,
        actor=actor,
        action="organization.payment_changed",
        subject=organization.public_id,
        changes={"kind": [before.kind if before else None, account.kind]},
    )
    publish(
        name="organization.payment_changed",
        subject=organization.public_id,
        audience={organization.public_id: {"is_first": before is None, "changed_at": now.isoformat()}},
    )
    words = {
        "organization": organization,
        "person": actor.person,
        "account": account,
        "is_first": before is None,
        "when": now,
        "url": f"{settings.BASE_URL}/organization/payment/",
    }
    text = render_to_string("accounts/mail/payment_changed.txt", words)
    owners = Membership.objects.filter(organization=organization, role=Role.OWNER, person__is_active=True)
    for address in sorted(set(owners.values_list("person__email", flat=True))):
        # on no organization's page of mails: it is for owners alone
        queue_mail(
            organization_id=None,
            to=address,
            subject=f"{organization}: where you are paid was {'entered' if before is None else 'changed'}",
            text=text,
            kind="payment",
        )

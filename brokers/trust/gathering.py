"""What the rules count and compare about a carrier, gathered by one statement: each claim waits for it.

Contacts are typed by their owners: whoever comes later with another's contact is the one to ask, never the other. So a
carrier is compared with the organizations of its market that were verified before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from brokers.models import BookingStatus, ClaimStatus
from brokers.trust.conduct import ACCOUNT_WINDOW, HOLD_WINDOW, LEFT_ACCOUNT_COUNTS, REPOST_WINDOW, RUSH_WINDOW
from foundation.accounts.models import Organization, Verification
from foundation.trade.statements import rows_of

_NEAR_LETTERS = 4

# The expressions of phones and domains are those of the indexes on organizations: `phone_digits` and `email_domain`.
_OLDER = """
    market = %(market)s AND verified_at IS NOT NULL AND id <> %(carrier)s
    AND (%(verified_at)s::timestamptz IS NULL OR verified_at < %(verified_at)s::timestamptz)
"""
_DOMAIN = "LOWER(SPLIT_PART(contact_email, '@', 2))"
_NOT_SETTLING = """
    NOT EXISTS (
        SELECT 1 FROM brokers_claimedload AS held
        WHERE held.claim_id = claim.id AND held.is_held AND held.load_id = ANY(%(loads)s::bigint[])
    )
"""
# An acceptance that was on hold and booked counts as the booking that it became.
_NOT_BARGAINED = "(offer_id IS NULL OR status <> %(claim_booked)s)"
_GATHER = f"""
    SELECT
        ARRAY(SELECT rule FROM accounts_verification
              WHERE organization_id = %(carrier)s AND decision = %(cleared)s ORDER BY id),
        ARRAY(SELECT about FROM accounts_verification
              WHERE organization_id = %(carrier)s AND decision = %(cleared)s ORDER BY id),
        %(has_digits)s AND (
            EXISTS (SELECT 1 FROM accounts_federalrecord WHERE market = %(market)s
                    AND phone_digits = ANY(%(digits)s::text[]) AND usdot_number <> %(number)s)
            OR EXISTS (SELECT 1 FROM accounts_organization WHERE {_OLDER} AND hauls
                       AND RIGHT(REGEXP_REPLACE(contact_phone, '\\D', '', 'g'), 10) = ANY(%(digits)s::text[]))
        ),
        %(domain)s <> '' AND EXISTS (
            SELECT 1 FROM accounts_organization WHERE {_OLDER} AND hauls AND {_DOMAIN} = %(domain)s
        ),
        EXISTS (
            SELECT 1 FROM accounts_paymentaccount AS own
            JOIN accounts_paymentaccount AS theirs
                ON theirs.fingerprint = own.fingerprint AND theirs.organization_id <> own.organization_id
                AND theirs.set_at < own.set_at
                AND (theirs.ended_at IS NULL OR theirs.ended_at > %(left_account_after)s)
            JOIN accounts_organization AS other ON other.id = theirs.organization_id
            WHERE own.organization_id = %(carrier)s AND own.ended_at IS NULL AND own.fingerprint <> ''
            AND other.market = %(market)s AND other.verified_at IS NOT NULL AND other.hauls
        ),
        (SELECT own.set_at FROM accounts_paymentaccount AS own
         WHERE own.organization_id = %(carrier)s AND own.ended_at IS NULL AND own.set_at > %(account_after)s
         AND EXISTS (SELECT 1 FROM accounts_paymentaccount AS before
                     WHERE before.organization_id = %(carrier)s AND before.ended_at IS NOT NULL)),
        ARRAY(SELECT DISTINCT {_DOMAIN} AS domain FROM accounts_organization
              WHERE %(domain)s <> '' AND {_OLDER}
              AND LENGTH({_DOMAIN}) BETWEEN %(fewest)s AND %(most)s ORDER BY domain),
        ARRAY(SELECT made_at FROM brokers_claim AS claim
              WHERE carrier_id = %(carrier)s AND made_at > %(hour_ago)s AND {_NOT_SETTLING} AND {_NOT_BARGAINED}
              UNION ALL
              SELECT booked_at FROM brokers_booking
              WHERE carrier_id = %(carrier)s AND booked_at > %(hour_ago)s AND offer_id IS NOT NULL
              ORDER BY 1),
        ARRAY(SELECT made_at FROM brokers_claim AS claim
              WHERE carrier_id = %(carrier)s AND made_at > %(day_ago)s AND held_until IS NOT NULL AND {_NOT_SETTLING}
              AND status <> %(claim_booked)s AND NOT spared
              ORDER BY 1),
        EXISTS (SELECT 1 FROM brokers_booking
                WHERE carrier_id = ANY(%(sellers)s::bigint[]) AND status = %(booked)s
                AND booked_at > %(reposted_after)s)
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was counted and compared; as in `Case`. `near_domains` are older companies' of about the same length,
    `seller_hauls` says that a seller has hauled something itself lately.
    """

    cleared: frozenset[tuple[str, str]]
    shares_phone: bool
    shares_domain: bool
    shares_account: bool
    account_changed_at: datetime | None
    near_domains: Sequence[str]
    made_lately: Sequence[datetime]
    held_lately: Sequence[datetime]
    seller_hauls: bool


def gathered(
    carrier: Organization,
    now: datetime,
    *,
    digits: Sequence[str] = (),
    own_domain: str = "",
    loads: Sequence[int] = (),
    sellers: Sequence[int] = (),
) -> Gathered:
    """Gather what is known of a carrier with these phone digits and this e-mail domain.

    The pending claim of the `loads` (their keys) that are being settled does not count against itself; `sellers` are
    the keys of who sells them.
    """
    values: dict[str, Any] = {
        "carrier": carrier.pk,
        "market": carrier.market,
        "verified_at": carrier.verified_at,
        "number": carrier.usdot_number,
        "cleared": Verification.Decision.CLEARED.value,
        "booked": BookingStatus.BOOKED.value,
        "claim_booked": ClaimStatus.BOOKED.value,
        "has_digits": bool(digits),
        "digits": list(digits),
        "domain": own_domain,
        "fewest": len(own_domain) - _NEAR_LETTERS,
        "most": len(own_domain) + _NEAR_LETTERS,
        "loads": list(loads),
        "sellers": list(sellers),
        "hour_ago": now - RUSH_WINDOW,
        "day_ago": now - HOLD_WINDOW,
        "reposted_after": now - REPOST_WINDOW,
        "left_account_after": now - LEFT_ACCOUNT_COUNTS,
        "account_after": now - ACCOUNT_WINDOW,
    }
    rules, abouts, phone, domain, account, changed_at, near, made, held, hauls = rows_of(_GATHER, values)[0]
    return Gathered(
        cleared=frozenset(zip(rules, abouts, strict=True)),
        shares_phone=phone,
        shares_domain=domain,
        shares_account=account,
        account_changed_at=changed_at.astimezone(UTC) if changed_at else None,
        near_domains=near,
        made_lately=[each.astimezone(UTC) for each in made],
        held_lately=[each.astimezone(UTC) for each in held],
        seller_hauls=hauls,
    )

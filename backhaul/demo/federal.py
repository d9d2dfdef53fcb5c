"""What the federal registry says in the demo: recorded answers for its companies, good ones and a few bad ones."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from foundation.accounts.actor import Actor
from foundation.accounts.federal.lookups import refresh_record
from foundation.accounts.models import Organization
from foundation.accounts.queries import record_of
from foundation.trade import clock

SETTLED_IN = timedelta(days=400)
"""How long the demo's companies have been verified: nobody's account is new."""

YOUNG_DAYS = 40

# Companies that nobody signs in for: what a seller, or `backhaul verify NAME --show`, sees of them.
ODD_ANSWERS: dict[str, dict[str, Any]] = {
    "Wagon Trail Transport": {"fails": "It did not answer (recorded for the demo)."},
    "Steady Wheel Transport": {"carrier": {"allowedToOperate": "N", "oosDate": "2026-03-12"}},
    "Canyon Run Carriers": {"carrier": {"bipdInsuranceOnFile": "300"}},
    "Harvest Moon Trucking": {"carrier": {"commonAuthorityStatus": "I"}},
    "Foxglove Freight": {"young": True},
}
# Numbers that belong to nobody yet: set up a company with one and see how it is verified.
FREE_NUMBERS: dict[str, dict[str, Any]] = {
    "3300001": {},
    "3300002": {"census": {"email_address": None}},
    "3300003": {"carrier": {"commonAuthorityStatus": "I"}},
    "3300004": {"carrier": {"bondInsuranceOnFile": "10"}},
}


def record_answers(actors: Sequence[Actor]) -> None:
    """Write the recorded answers of the demo's companies and of the free numbers, and have each asked for.

    Where the installation plays none, nothing is written.
    """
    if not settings.FEDERAL_ANSWERS:
        return
    folder = Path(settings.FEDERAL_ANSWERS)
    folder.mkdir(parents=True, exist_ok=True)
    for number, odd in FREE_NUMBERS.items():
        email = f"registry@company-{number}.example"
        _write(folder, number, _answers(number, f"COMPANY {number}", email, f"608555{number[-4:]}", odd))
    now = clock.now()
    for actor in actors:
        company = actor.organization
        number = company.usdot_number
        if not number:
            continue
        odd = ODD_ANSWERS.get(company.name, {})
        _write(
            folder, number, _answers(number, company.name.upper(), company.contact_email, company.contact_phone, odd)
        )
        known = record_of(company)
        if known is None or not known.is_fresh(now):
            refresh_record(market=company.market, usdot_number=number)
    _settle_in([actor.organization.pk for actor in actors])


def _settle_in(keys: list[int]) -> None:
    """Date the verification of the companies back, those that came first the furthest."""
    now = clock.now()
    for place, company in enumerate(Organization.objects.filter(pk__in=keys).order_by("pk")):
        if company.verified_at is not None and now - company.verified_at < SETTLED_IN / 2:
            Organization.objects.filter(pk=company.pk).update(verified_at=now - SETTLED_IN + timedelta(hours=place))


def _answers(number: str, name: str, email: str, phone: str, odd: dict[str, Any]) -> dict[str, Any]:
    if "fails" in odd:
        return odd
    today = clock.now().date()
    registered = today - timedelta(days=YOUNG_DAYS if odd.get("young") else 4000 + int(number) % 2000)
    carrier = {
        "allowedToOperate": "Y",
        "bipdInsuranceOnFile": "1000",
        "bipdRequiredAmount": "750",
        "bondInsuranceOnFile": "75",
        "brokerAuthorityStatus": "A",
        "commonAuthorityStatus": "A",
        "contractAuthorityStatus": "N",
        "dotNumber": int(number),
        "legalName": name,
        "oosDate": None,
        "phyCity": "MADISON",
        "phyState": "WI",
        "phyStreet": "1 DEMO WAY",
        "phyZipcode": "53703",
        "statusCode": "A",
    }
    row = {"telephone": phone, "email_address": email, "add_date": f"{registered:%Y%m%d}"}
    row |= odd.get("census", {})
    return {
        "carrier": {"content": {"carrier": carrier | odd.get("carrier", {})}},
        "census": [{name: value for name, value in row.items() if value is not None}],
    }


def _write(folder: Path, number: str, answers: dict[str, Any]) -> None:
    (folder / f"{number}.json").write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")

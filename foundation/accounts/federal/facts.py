"""What the registry says of a number, read out of its answers, with the traps that they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

_DATE_FORMS = ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d", "%d-%b-%y", "%d-%b-%Y")
_LARGEST_AMOUNT = 10**9  # thousands of dollars: more is no amount


class RegistryFailed(Exception):
    """The registry did not answer, or answered what cannot be read; the message never holds the web key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How a company is reached according to the registry, and since when it has its number."""

    phone: str = ""
    email: str = ""
    registered_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The registry's facts about a number; amounts in cents, authorities `A` active, `I` inactive, `N` none, "" unsaid.

    `contact` is None where the directory of contacts did not answer: what was known before stands.
    """

    legal_name: str
    dba_name: str
    is_allowed_to_operate: bool
    is_out_of_service: bool
    out_of_service_since: date | None
    common_authority: str
    contract_authority: str
    broker_authority: str
    authority_since: date | None
    bipd_required_cents: int | None
    bipd_on_file_cents: int | None
    bond_on_file_cents: int | None
    address: str
    contact: Contact | None
    raw: dict[str, Any]


def carrier_in(answer: Any) -> Mapping[str, Any] | None:
    """Return the carrier of an answer of `/carriers/{number}`, None where the registry knows no such number.

    Raises `RegistryFailed` for anything else.
    """
    if not isinstance(answer, dict) or "content" not in answer:
        raise RegistryFailed("The answer has no content.")
    content = answer["content"]
    if isinstance(content, list):
        content = content[0] if content else None
    if content is None:
        return None
    carrier = content.get("carrier", content) if isinstance(content, dict) else None
    if not isinstance(carrier, dict):
        raise RegistryFailed("The answer's content is no carrier.")
    return carrier


def authorities_in(answer: Any) -> list[Mapping[str, Any]]:
    """Return the authorities of an answer of `/carriers/{number}/authority`, one for each docket number."""
    content = answer.get("content") if isinstance(answer, dict) else None
    rows = content if isinstance(content, list) else [content] if isinstance(content, dict) else []
    found = [row.get("carrierAuthority", row) for row in rows if isinstance(row, dict)]
    return [each for each in found if isinstance(each, dict)]


def contact_in(answer: Any) -> Contact:
    """Return the contact of an answer of the census of motor carriers: a list with one row, or with none."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise RegistryFailed("The census answered no list of rows.")
    row: Mapping[str, Any] = answer[0] if answer else {}
    return Contact(
        phone=_text(row.get("telephone") or row.get("phone"), 40),
        email=_text(row.get("email_address"), 254).lower(),
        registered_on=_day(row.get("add_date")),
    )


def read_facts(answers: Mapping[str, Any]) -> Facts | None:
    """Return the facts in a set of answers (`carrier`, and where they were asked for `authority` and `census`).

    None where the registry knows no such number. Raises `RegistryFailed`.
    """
    carrier = carrier_in(answers.get("carrier"))
    if carrier is None:
        return None
    authorities = [carrier, *authorities_in(answers.get("authority"))]
    census = answers.get("census")
    contact = contact_in(census) if census is not None else None
    if contact is not None and not contact.phone:
        contact = Contact(
            phone=_text(carrier.get("telephone") or carrier.get("phone"), 40),
            email=contact.email,
            registered_on=contact.registered_on,
        )
    out_since = carrier.get("oosDate")
    return Facts(
        legal_name=_text(carrier.get("legalName"), 200),
        dba_name=_text(carrier.get("dbaName"), 200),
        is_allowed_to_operate=_allowed(carrier) and _text(carrier.get("statusCode"), 1).upper() != "I",
        is_out_of_service=bool(out_since),
        out_of_service_since=_day(out_since),
        common_authority=_best(authorities, "commonAuthorityStatus"),
        contract_authority=_best(authorities, "contractAuthorityStatus"),
        broker_authority=_best(authorities, "brokerAuthorityStatus"),
        authority_since=_since(authorities),
        bipd_required_cents=_thousands(carrier, "bipdRequiredAmount"),
        bipd_on_file_cents=_thousands(carrier, "bipdInsuranceOnFile"),
        bond_on_file_cents=_thousands(carrier, "bondInsuranceOnFile"),
        address=_address(carrier),
        contact=contact,
        raw=dict(answers),
    )


def _allowed(carrier: Mapping[str, Any]) -> bool:
    """Read whether it may operate: documented as `allowToOperate`, delivered as `allowedToOperate`."""
    for name in ("allowedToOperate", "allowToOperate"):
        said = _text(carrier.get(name), 5).upper()
        if said in {"Y", "N"}:
            return said == "Y"
    raise RegistryFailed("The answer does not say whether the carrier may operate.")


def _best(rows: list[Mapping[str, Any]], name: str) -> str:
    """Return the best status that any docket has: active, then inactive, then none."""
    found = {_text(row.get(name), 1).upper() for row in rows}
    return next((status for status in ("A", "I", "N") if status in found), "")


def _since(rows: list[Mapping[str, Any]]) -> date | None:
    """Return the day of the oldest authority that says its day; the service's documentation promises none."""
    days = [_day(row.get("authorityDate")) for row in rows]
    return min((day for day in days if day), default=None)


def _thousands(carrier: Mapping[str, Any], name: str) -> int | None:
    """Return an amount in cents that is delivered in thousands of dollars, as a string: "1000" is $1,000,000."""
    value = carrier.get(name)
    if value is None or value == "" or isinstance(value, bool):
        return None
    text = str(value).strip().replace(",", "")
    if not text.isdecimal() or int(text) > _LARGEST_AMOUNT:
        raise RegistryFailed(f"The answer's {name} is no amount.")
    return int(text) * 1_000_00


def _day(value: Any) -> date | None:
    text = str(value or "").strip()[:10]
    for form in _DATE_FORMS:
        try:
            day = datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        # two digits of a year: none of these days lies ahead
        return day.replace(year=day.year - 100) if day > datetime.now(UTC).date() and form.endswith("%y") else day
    return None


def _address(carrier: Mapping[str, Any]) -> str:
    parts = [_text(carrier.get(name), 100) for name in ("phyStreet", "phyCity", "phyState", "phyZipcode")]
    return ", ".join(part for part in parts if part)[:300]


def _text(value: Any, longest: int) -> str:
    text = "" if value is None or isinstance(value, dict | list) else str(value)
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:longest]

"""What an organization says of itself, as one value, and the rules it keeps."""

import re
from dataclasses import asdict, dataclass, fields, replace
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from foundation.accounts.models import Organization
from foundation.trade.errors import FieldProblem, Invalid

US_TIME_ZONES: tuple[tuple[str, str], ...] = (
    ("America/New_York", "Eastern (New York)"),
    ("America/Chicago", "Central (Chicago)"),
    ("America/Denver", "Mountain (Denver)"),
    ("America/Phoenix", "Mountain, no daylight saving (Phoenix)"),
    ("America/Los_Angeles", "Pacific (Los Angeles)"),
    ("America/Anchorage", "Alaska (Anchorage)"),
    ("Pacific/Honolulu", "Hawaii (Honolulu)"),
)
_USDOT = re.compile(r"[1-9][0-9]{0,7}")
_MC = re.compile(r"[0-9]{1,8}")
_SCAC = re.compile(r"[A-Z]{2,4}")
_PHONE = re.compile(r"\+?[0-9 ().\-]{7,24}( ?(x|ext\.?) ?[0-9]{1,6})?", re.IGNORECASE)
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationTerms:
    """What an owner may say and change of an organization."""

    name: str
    ships: bool = False
    hauls: bool = False
    brokers: bool = False
    hides_name: bool = False
    shows_margin: bool = False
    usdot_number: str = ""
    mc_number: str = ""
    scac: str = ""
    time_zone: str = "America/Chicago"
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""

    def values(self) -> dict[str, str | bool]:
        """Return the columns by name."""
        return asdict(self)


def terms_of(organization: Organization) -> OrganizationTerms:
    """Return what an organization says of itself now."""
    return OrganizationTerms(**{field.name: getattr(organization, field.name) for field in fields(OrganizationTerms)})


def tidy(terms: OrganizationTerms) -> OrganizationTerms:
    """Return the terms as they are stored: no stray blanks, MC numbers without their letters, SCAC in capitals."""
    mc_number = re.sub(r"(?i)^mc[\s\-#]*", "", terms.mc_number.strip())
    return replace(
        terms,
        name=" ".join(terms.name.split()),
        usdot_number=terms.usdot_number.strip(),
        mc_number=mc_number,
        scac=terms.scac.strip().upper(),
        contact_name=" ".join(terms.contact_name.split()),
        contact_phone=terms.contact_phone.strip(),
        contact_email=terms.contact_email.strip(),
    )


def _number_problems(terms: OrganizationTerms) -> list[FieldProblem]:
    problems = []
    if terms.usdot_number and not _USDOT.fullmatch(terms.usdot_number):
        problems.append(
            FieldProblem(
                "usdot_number",
                "not_a_usdot_number",
                "A USDOT number has 1 to 8 digits, no letters and no leading zero, such as 1234567.",
            )
        )
    if terms.mc_number and not _MC.fullmatch(terms.mc_number):
        problems.append(
            FieldProblem(
                "mc_number", "not_an_mc_number", "An MC number has up to 8 digits, such as MC-123456 or 123456."
            )
        )
    if terms.scac and not _SCAC.fullmatch(terms.scac):
        problems.append(FieldProblem("scac", "not_a_scac", "A SCAC has 2 to 4 letters, such as ABCD."))
    if terms.hauls and not terms.usdot_number:
        problems.append(
            FieldProblem("usdot_number", "required", "Enter the USDOT number: whoever hauls freight is known by it.")
        )
    elif terms.brokers and not (terms.usdot_number or terms.mc_number):
        problems.append(
            FieldProblem("usdot_number", "required", "Enter the USDOT number or the MC number of your brokerage.")
        )
    return problems


def _contact_problems(terms: OrganizationTerms) -> list[FieldProblem]:
    problems = []
    if len(terms.contact_name) > _LONGEST_NAME:
        problems.append(FieldProblem("contact_name", "too_long", "Use at most 120 characters."))
    if terms.contact_phone and not _PHONE.fullmatch(terms.contact_phone):
        problems.append(
            FieldProblem(
                "contact_phone", "not_a_phone_number", "Enter a phone number such as (312) 555-0142 or +1 312 555 0142."
            )
        )
    if terms.contact_email:
        try:
            validate_email(terms.contact_email)
        except ValidationError:
            problems.append(
                FieldProblem("contact_email", "not_an_email", "Enter an address such as dispatch@example.com.")
            )
    return problems


def checked(terms: OrganizationTerms) -> OrganizationTerms:
    """Return tidy terms; raises `Invalid` with every rule that they break."""
    terms = tidy(terms)
    problems = []
    if not 2 <= len(terms.name) <= _LONGEST_NAME:
        problems.append(FieldProblem("name", "length", "Enter the company's name: 2 to 120 characters."))
    elif not terms.name.isprintable():
        problems.append(
            FieldProblem("name", "unprintable", "The name holds a character that cannot be printed; type it again.")
        )
    if not (terms.ships or terms.hauls or terms.brokers):
        problems.append(
            FieldProblem("ships", "nothing_chosen", "Choose at least one: ships, hauls or brokers freight.")
        )
    if terms.time_zone not in available_timezones():
        problems.append(
            FieldProblem("time_zone", "unknown", "Choose a time zone from the list, such as Central (Chicago).")
        )
    problems += _number_problems(terms) + _contact_problems(terms)
    if problems:
        raise Invalid(problems)
    return terms

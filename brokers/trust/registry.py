"""The rules that read what the federal registry says of the carrier."""

from collections.abc import Sequence
from datetime import timedelta

from brokers.trust.case import Case
from brokers.trust.results import RuleResult
from foundation.accounts.models import FederalRecord, Market
from foundation.trade.money import dollars
from loads.models import Load

YOUNG_AUTHORITY = timedelta(days=90)
LEAST_BIPD_CENTS = 750_000_00  # 49 CFR 387.9(1): for-hire property carriers
HAZARDOUS_BIPD_CENTS = 1_000_000_00  # 49 CFR 387.9(3)
MOST_HAZARDOUS_BIPD_CENTS = 5_000_000_00  # 49 CFR 387.9(2)
# 387.9(2) speaks of bulk, zones and quantities that a posting does not say: the careful reading asks for the most.
_MOST_HAZARDOUS_CLASSES = frozenset({"1.1", "1.2", "1.3", "2.3", "7"})
_BULK_EQUIPMENT = frozenset({"TN", "HB", "DT"})


def required_bipd_cents(loads: Sequence[Load], record: FederalRecord | None = None) -> int:
    """Return the liability insurance that the loads ask for, or the record where it asks for more; cents."""
    least = LEAST_BIPD_CENTS
    for load in loads:
        if load.hazmat_class in _MOST_HAZARDOUS_CLASSES or (load.hazmat_class and load.equipment in _BULK_EQUIPMENT):
            least = max(least, MOST_HAZARDOUS_BIPD_CENTS)
        elif load.hazmat_class:
            least = max(least, HAZARDOUS_BIPD_CENTS)
    return max(least, (record.bipd_required_cents or 0) if record else 0)


def _passed(rule: str, case: Case) -> RuleResult:
    facts = case.facts
    return RuleResult(rule=rule, result="pass", inputs={"usdot_number": facts.usdot_number if facts else ""})


def record(case: Case) -> RuleResult:
    """Hold where the registry has not answered lately; block where it does not know the number."""
    rule, found = "record", case.record
    inputs = {
        "usdot_number": case.carrier.usdot_number,
        "outcome": found.outcome if found else "",
        "fetched_at": found.fetched_at if found else None,
    }
    number = case.carrier.usdot_number
    if case.facts is not None or case.is_own_freight:
        return RuleResult(rule=rule, result="pass", inputs=inputs)
    if found is None and case.carrier.market == Market.SANDBOX:
        return RuleResult(rule=rule, result="pass", inputs=inputs)
    if found is not None and found.outcome == "not_found" and found.is_fresh(case.now):
        sentence = (
            f"The federal registry knows no USDOT number {number}. Correct the number under Organization, "
            "or ask the registry why it is not listed."
        )
        return RuleResult(rule=rule, result="block", sentence=sentence, inputs=inputs)
    if not number:
        sentence = "Your organization has no USDOT number. An owner enters it under Organization; then it is verified."
        if case.asks_registry:
            return RuleResult(rule=rule, result="block", sentence=sentence, inputs=inputs)
    if not case.asks_registry:
        sentence = "This installation does not ask the federal registry: the seller is told that you are not checked."
        told = (
            "This carrier's authority and insurance were not checked against the federal registry. "
            "Ask it for its certificate of insurance."
        )
        return RuleResult(rule=rule, result="flag", sentence=sentence, told=told, inputs=inputs)
    if found is None:
        sentence = "We are asking the federal registry about your USDOT number. That takes a minute; nothing to do."
    elif found.failures:
        sentence = (
            "The federal registry does not answer at the moment. We go on asking; if it stays away, the load is "
            "released and you may claim again later."
        )
    else:
        sentence = "What we know from the federal registry is more than a day old. We are asking again."
    return RuleResult(rule=rule, result="hold", sentence=sentence, inputs=inputs)


def out_of_service(case: Case) -> RuleResult:
    """Block a carrier under an out-of-service order, whosever freight it is."""
    facts = case.facts
    if facts is None or not facts.is_out_of_service:
        return _passed("out_of_service", case)
    day = facts.out_of_service_since
    since = f" since {day:%b} {day.day}, {day:%Y}" if day else ""
    sentence = (
        f"The federal registry lists you as out of service{since}. You may claim again once FMCSA lifts the order; "
        "we look at the registry at least once a day."
    )
    return RuleResult(rule="out_of_service", result="block", sentence=sentence, inputs={"since": day})


def authority(case: Case) -> RuleResult:
    """Block a carrier that may not operate, or may not haul for others; its own freight needs no authority."""
    facts = case.facts
    if facts is None or facts.may_haul or (case.is_own_freight and facts.is_allowed_to_operate):
        return _passed("authority", case)
    inputs = {
        "allowed_to_operate": facts.is_allowed_to_operate,
        "common": facts.common_authority,
        "contract": facts.contract_authority,
    }
    what = (
        "you have no active authority to haul for others"
        if facts.is_allowed_to_operate
        else "you are not allowed to operate"
    )
    sentence = (
        f"According to the federal registry {what}. Once FMCSA shows your authority as active, you may claim; "
        "we look at the registry at least once a day."
    )
    return RuleResult(rule="authority", result="block", sentence=sentence, inputs=inputs)


def insurance(case: Case) -> RuleResult:
    """Block where less liability insurance is on file than the loads ask for; own freight is the owner's own risk."""
    facts = case.facts
    if facts is None or case.is_own_freight:
        return _passed("insurance", case)
    required, on_file = required_bipd_cents(case.loads, facts), facts.bipd_on_file_cents or 0
    inputs = {"required_cents": required, "on_file_cents": on_file}
    if on_file >= required:
        return RuleResult(rule="insurance", result="pass", inputs=inputs)
    sentence = (
        f"This needs {dollars(required)} of liability insurance (BIPD) on file with FMCSA; "
        f"{dollars(on_file) if on_file else 'none'} is on file for you. Ask your insurer to file the proof; "
        "we look at the registry at least once a day."
    )
    return RuleResult(rule="insurance", result="block", sentence=sentence, inputs=inputs)


def young_authority(case: Case) -> RuleResult:
    """Flag a carrier whose authority is younger than 90 days."""
    facts = case.facts
    since = (facts.authority_since or facts.registered_on) if facts else None
    if facts is None or since is None or case.is_own_freight or case.now.date() - since >= YOUNG_AUTHORITY:
        return _passed("young_authority", case)
    days = max((case.now.date() - since).days, 0)
    what = "authority" if facts.authority_since else "USDOT number"
    told = (
        f"A young company: its {what} is {days} day{'' if days == 1 else 's'} old. Everybody starts once; "
        "a call before the pickup does no harm."
    )
    sentence = f"Your {what} is younger than 90 days: the seller is told so."
    return RuleResult(rule="young_authority", result="flag", sentence=sentence, told=told, inputs={"since": since})

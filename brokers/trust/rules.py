"""The rules of trust, in the order in which they speak: `docs/trust.md` is the same list, held by a test."""

from collections.abc import Callable
from dataclasses import dataclass

from brokers.trust import conduct, registry
from brokers.trust.case import Case
from brokers.trust.results import RuleResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what it asks, what it looks at, its threshold in words, what it may answer besides pass, its check."""

    name: str
    asks: str
    inputs: tuple[str, ...]
    threshold: str
    results: tuple[str, ...]
    check: Callable[[Case], RuleResult]


RULES: tuple[Rule, ...] = (
    Rule(
        name="record",
        asks="Do we know what the federal registry says of the carrier?",
        inputs=("USDOT number", "federal record", "its age"),
        threshold="an answer of the last 24 hours",
        results=("flag", "hold", "block"),
        check=registry.record,
    ),
    Rule(
        name="out_of_service",
        asks="Is the carrier under an out-of-service order?",
        inputs=("federal record",),
        threshold="any order in force",
        results=("block",),
        check=registry.out_of_service,
    ),
    Rule(
        name="authority",
        asks="May the carrier haul for others?",
        inputs=("federal record", "whose freight it is"),
        threshold="allowed to operate, and common or contract authority active",
        results=("block",),
        check=registry.authority,
    ),
    Rule(
        name="insurance",
        asks="Is enough liability insurance (BIPD) on file?",
        inputs=("federal record", "hazard class and equipment of the loads", "whose freight it is"),
        threshold="$750,000; hazardous freight $1,000,000; classes 1.1 to 1.3, 2.3 and 7, and hazardous freight in "
        "tanks, hoppers and dump trailers, $5,000,000; more where the record asks for more",
        results=("block",),
        check=registry.insurance,
    ),
    Rule(
        name="young_authority",
        asks="How long has the carrier been in business?",
        inputs=("federal record", "whose freight it is"),
        threshold="authority (or, where the record does not say, the USDOT number) younger than 90 days",
        results=("flag",),
        check=registry.young_authority,
    ),
    Rule(
        name="shared_phone",
        asks="Does the carrier's phone belong to another carrier too?",
        inputs=("contact phone", "federal record", "phones of the market's other carriers"),
        threshold="the same last ten digits",
        results=("flag",),
        check=conduct.shared_phone,
    ),
    Rule(
        name="shared_domain",
        asks="Does the carrier's e-mail domain belong to another carrier too?",
        inputs=("contact e-mail", "domains of the market's other carriers"),
        threshold="the same domain, public mail services left out",
        results=("flag",),
        check=conduct.shared_domain,
    ),
    Rule(
        name="shared_account",
        asks="Is the carrier paid on a bank account of another carrier's?",
        inputs=("fingerprint of its bank account", "fingerprints of the market's other carriers"),
        threshold="the same routing and account number, entered there before; an account that the other has left "
        "counts 90 days; a factoring company's does not count",
        results=("flag",),
        check=conduct.shared_account,
    ),
    Rule(
        name="account_changed",
        asks="Has the carrier just changed where it is paid?",
        inputs=("when its payment account was set", "whether there was one before"),
        threshold="changed within the last 7 days; the first one that it enters is no change",
        results=("flag",),
        check=conduct.account_changed,
    ),
    Rule(
        name="lookalike_domain",
        asks="Does the carrier's e-mail domain imitate another company's?",
        inputs=("contact e-mail", "federal record", "domains of the market's verified companies", "operator's word"),
        threshold=(
            "the same before another ending, one letter apart, or the same once digits, hyphens and letters of any "
            "alphabet that look alike are made equal"
        ),
        results=("flag", "block"),
        check=conduct.lookalike_domain,
    ),
    Rule(
        name="reposted",
        asks="Has the carrier put a load back on the market that it has just taken to haul?",
        inputs=("bookings of the last 24 hours", "own loads on the market"),
        threshold="same first and last ZIP code, equipment and commodity, weight within 5 %, pickup windows that meet",
        results=("block",),
        check=conduct.reposted,
    ),
    Rule(
        name="seller",
        asks="May the seller sell these loads?",
        inputs=(
            "bookings of the last 24 hours of who posted the load and of the broker that sells it",
            "selling broker's federal record",
        ),
        threshold="the load does not look like one that either has taken to haul itself; a broker has active "
        "authority and $75,000 of bond on file",
        results=("block",),
        check=conduct.seller,
    ),
    Rule(
        name="pace",
        asks="Does a new account claim in a rush?",
        inputs=("verified since", "claims and bookings of the last hour"),
        threshold="three within an hour, in the first 30 days after verification",
        results=("block",),
        check=conduct.pace,
    ),
)
"""`holds` speaks after them: see `brokers.trust.judging`."""

HOLDS = Rule(
    name="holds",
    asks="Has the carrier reserved loads by holds too often?",
    inputs=("holds of the last 24 hours",),
    threshold="three holds in 24 hours; it asks only where another rule holds the claim",
    results=("block",),
    check=conduct.holds,
)

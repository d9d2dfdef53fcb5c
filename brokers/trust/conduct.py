"""The rules that read how the carrier, and the seller, behave on this market."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from brokers.trust.case import Case
from brokers.trust.results import RuleResult
from foundation.accounts.models import Organization

NEW_ACCOUNT = timedelta(days=30)
RUSH_WINDOW = timedelta(hours=1)
RUSH_CLAIMS = 3
HOLD_WINDOW = timedelta(hours=24)
MOST_HOLDS = 3
REPOST_WINDOW = timedelta(hours=24)
ACCOUNT_WINDOW = timedelta(days=7)
LEFT_ACCOUNT_COUNTS = timedelta(days=90)


def shared_phone(case: Case) -> RuleResult:
    """Flag a carrier whose phone another carrier had before."""
    rule = "shared_phone"
    if not case.shares_phone:
        return RuleResult(rule=rule, result="pass")
    return RuleResult(
        rule=rule,
        result="flag",
        sentence="Another carrier has the same phone number: the seller is told so. An owner can enter your own line.",
        told="This carrier shares its phone number with another carrier. Sister companies often do; ask which it is.",
    )


def shared_domain(case: Case) -> RuleResult:
    """Flag a carrier whose e-mail domain another carrier had before."""
    rule, inputs = "shared_domain", {"domain": case.own_domain}
    if not case.shares_domain:
        return RuleResult(rule=rule, result="pass", inputs=inputs)
    return RuleResult(
        rule=rule,
        result="flag",
        sentence=f"Another carrier writes from {case.own_domain} too: the seller is told so.",
        told="This carrier shares its e-mail domain with another carrier. Sister companies often do; ask which it is.",
        inputs=inputs,
    )


def shared_account(case: Case) -> RuleResult:
    """Flag a carrier that is paid on a bank account which another carrier entered before."""
    rule = "shared_account"
    if not case.shares_account:
        return RuleResult(rule=rule, result="pass")
    return RuleResult(
        rule=rule,
        result="flag",
        sentence="Another carrier is paid on the same bank account: the seller is told so. An owner can correct it "
        "under Organization → Payment.",
        told="This carrier is paid on the same bank account as another carrier. Sister companies often are; ask which "
        "it is before you pay.",
    )


def account_changed(case: Case) -> RuleResult:
    """Flag a carrier that has changed where it is paid within seven days."""
    rule, changed_at = "account_changed", case.account_changed_at
    if changed_at is None:
        return RuleResult(rule=rule, result="pass")
    day = f"{changed_at:%b} {changed_at.day}"
    days = ACCOUNT_WINDOW.days
    return RuleResult(
        rule=rule,
        result="flag",
        sentence=f"You changed where you are paid on {day}: for {days} days, sellers are told so.",
        told=f"This carrier changed where it is paid on {day}. Before you pay, call it on a number that you knew "
        "before.",
        inputs={"changed_at": changed_at},
    )


def lookalike_domain(case: Case) -> RuleResult:
    """Block a carrier whose e-mail domain imitates an older company's; flag it where the registry or the operator
    vouches for the domain.
    """
    rule, inputs = "lookalike_domain", {"domain": case.own_domain, "looks_like": case.looks_like}
    if not case.looks_like:
        return RuleResult(rule=rule, result="pass", inputs=inputs)
    facts = case.facts
    registered = facts is not None and facts.email_domain == case.own_domain
    if registered or (rule, case.own_domain) in case.cleared:
        return RuleResult(
            rule=rule,
            result="flag",
            sentence=f"Your e-mail domain {case.own_domain} is close to another company's: the seller is told so.",
            told=f"This carrier writes from {case.own_domain}, which is easily mistaken for another company's domain. "
            "The domain was checked; compare the address when you write.",
            inputs=inputs,
        )
    sentence = (
        f"Your e-mail domain {case.own_domain} is easily mistaken for another company's. Enter the address that FMCSA "
        "has on file for you under Organization, or ask the operator of this market to look at it."
    )
    return RuleResult(rule=rule, result="block", sentence=sentence, inputs=inputs)


def reposted(case: Case) -> RuleResult:
    """Block a carrier that has put a load which it took to haul back on the market."""
    rule, inputs = "reposted", {"load": case.reposted}
    if not case.reposted:
        return RuleResult(rule=rule, result="pass", inputs=inputs)
    sentence = (
        f"Your posting {case.reposted} looks like a load that you have taken to haul yourself. A carrier does not hand "
        "on what it has booked: withdraw the posting, or cancel the booking, and claim again."
    )
    return RuleResult(rule=rule, result="block", sentence=sentence, inputs=inputs)


def seller(case: Case) -> RuleResult:
    """Block claims of a load that its seller may not sell; why is the seller's and the operator's business."""
    inputs = {"reposted": case.load_is_reposted, "unlicensed": case.unlicensed_seller}
    if not (case.load_is_reposted or case.unlicensed_seller):
        return RuleResult(rule="seller", result="pass", inputs=inputs)
    sentence = (
        "This load cannot be claimed at the moment: we are checking whether its posting stands. It is not about you."
    )
    return RuleResult(rule="seller", result="block", sentence=sentence, inputs=inputs)


def is_new(carrier: Organization, now: datetime) -> bool:
    """Say whether an account is in its first thirty days since it was verified."""
    return carrier.verified_at is None or now - carrier.verified_at < NEW_ACCOUNT


def pace(case: Case) -> RuleResult:
    """Block a new account that has claimed three times within the hour, until the hour is over."""
    rule, inputs = "pace", {"made_lately": len(case.made_lately)}
    if not is_new(case.carrier, case.now) or len(case.made_lately) < RUSH_CLAIMS:
        return RuleResult(rule=rule, result="pass", inputs=inputs)
    return RuleResult(rule=rule, result="block", sentence=rush_sentence(case.made_lately), inputs=inputs)


def rush_sentence(made_lately: Sequence[datetime]) -> str:
    """Return when a new account may claim again, from the instants of the last hour's claims, oldest first."""
    again = made_lately[-RUSH_CLAIMS] + RUSH_WINDOW
    return (
        f"In its first {NEW_ACCOUNT.days} days an account books {RUSH_CLAIMS} loads an hour at most. "
        f"You may claim again from {_at(again)}."
    )


def holds(case: Case) -> RuleResult:
    """Block a claim that would be the fourth hold within a day, until the first of the three is a day old."""
    rule, inputs = "holds", {"held_lately": len(case.held_lately)}
    if len(case.held_lately) < MOST_HOLDS:
        return RuleResult(rule=rule, result="pass", inputs=inputs)
    return RuleResult(rule=rule, result="block", sentence=cool_down_sentence(case.held_lately), inputs=inputs)


def cool_down_sentence(held_lately: Sequence[datetime]) -> str:
    """Return when holds are possible again, from the instants of the last day's holds, oldest first."""
    again = held_lately[-MOST_HOLDS] + HOLD_WINDOW
    return (
        f"{MOST_HOLDS} of your claims were put on hold within a day, and this one would be again. From {_at(again)} a "
        "claim may be held; before that it books as soon as the federal registry answers for you."
    )


def _at(instant: datetime) -> str:
    return f"{instant:%b} {instant.day}, {instant:%H:%M} UTC"

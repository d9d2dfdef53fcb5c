"""The tables of accounts."""

from foundation.accounts.models.codes import VerificationCode
from foundation.accounts.models.federal import FederalOutcome, FederalRecord
from foundation.accounts.models.keys import ApiKey
from foundation.accounts.models.organizations import Capability, Market, Organization, Verification
from foundation.accounts.models.payments import PaymentAccount, PaymentKind
from foundation.accounts.models.people import Invitation, Membership, Person, Role
from foundation.accounts.models.relationships import Decision, Relationship, RelationshipKind, RelationshipRequest

__all__ = [
    "ApiKey",
    "Capability",
    "Decision",
    "FederalOutcome",
    "FederalRecord",
    "Invitation",
    "Market",
    "Membership",
    "Organization",
    "PaymentAccount",
    "PaymentKind",
    "Person",
    "Relationship",
    "RelationshipKind",
    "RelationshipRequest",
    "Role",
    "Verification",
    "VerificationCode",
]

"""Every write of accounts."""

from foundation.accounts.services.codes import ask_record, enter_code, send_code
from foundation.accounts.services.keys import create_key, revoke_key
from foundation.accounts.services.organizations import (
    clear_rule,
    create_organization,
    endangers_verification,
    meant_organization,
    revoke_verification,
    update_organization,
    verify_organization,
)
from foundation.accounts.services.payments import PaymentTerms, set_payment_account
from foundation.accounts.services.people import (
    accept_invitation,
    change_role,
    find_invitation,
    invite_colleague,
    remove_member,
    revoke_invitation,
    switch_organization,
)
from foundation.accounts.services.relationships import (
    answer_request,
    ask_for_relationship,
    end_relationship,
    keep_decisions,
    set_relationship,
    withdraw_request,
)

__all__ = [
    "PaymentTerms",
    "accept_invitation",
    "answer_request",
    "ask_for_relationship",
    "ask_record",
    "change_role",
    "clear_rule",
    "create_key",
    "create_organization",
    "end_relationship",
    "endangers_verification",
    "enter_code",
    "find_invitation",
    "invite_colleague",
    "keep_decisions",
    "meant_organization",
    "remove_member",
    "revoke_invitation",
    "revoke_key",
    "revoke_verification",
    "send_code",
    "set_payment_account",
    "set_relationship",
    "switch_organization",
    "update_organization",
    "verify_organization",
    "withdraw_request",
]

"""The policy in force: what every score made now rests on."""

from matching.engine.policy import DEFAULT_POLICY, Policy


def current_policy() -> Policy:
    """Return the policy that scores are made with now."""
    return DEFAULT_POLICY

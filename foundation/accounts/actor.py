"""Who acts: a person or a key, for one organization, with what it may do."""

from dataclasses import dataclass

from foundation.accounts.models import Capability, Organization, Person, Role
from foundation.events.services import HasLabel
from foundation.trade.errors import Forbidden

READ_SCOPES = frozenset(
    {
        "loads:read",
        "legs:read",
        "trucks:read",
        "matches:read",
        "offers:read",
        "bookings:read",
        "tours:read",
        "events:read",
    }
)
WRITE_SCOPES = frozenset(
    {"loads:write", "legs:write", "trucks:write", "matches:write", "offers:write", "bookings:write"}
)
OWNER_SCOPES = frozenset({"organization:write", "keys:manage", "people:manage", "costs:write"})
ALL_SCOPES = READ_SCOPES | WRITE_SCOPES | OWNER_SCOPES
# What a key may hold: organization, keys and people are managed by owners who are signed in, never by a key.
KEY_SCOPES = ALL_SCOPES - {"organization:write", "keys:manage", "people:manage"}

SCOPES_BY_ROLE: dict[str, frozenset[str]] = {
    Role.OWNER: ALL_SCOPES,
    Role.DISPATCHER: READ_SCOPES | WRITE_SCOPES,
    Role.VIEWER: READ_SCOPES,
    Role.DRIVER: frozenset({"tours:read"}),
}

_NEEDED: dict[str, str] = {
    Capability.SHIPS: "post loads",
    Capability.HAULS: "post trucks",
    Capability.BROKERS: "work as a broker",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """The organization that asks, the person or key behind it, and the scopes that it holds."""

    organization: Organization
    scopes: frozenset[str]
    person: Person | None = None
    role: str = ""
    key_id: str = ""
    email_confirmed: bool = True

    @property
    def label(self) -> str:
        """What the audit calls the actor: a person's or a key's public id."""
        return self.person.public_id if self.person else self.key_id

    def may(self, scope: str) -> bool:
        """Say whether the actor holds a scope."""
        return scope in self.scopes

    def require(self, scope: str) -> None:
        """Raise `Forbidden` unless the actor holds the scope."""
        if scope not in self.scopes:
            raise Forbidden(
                "missing_scope", f"This needs the permission {scope}. An owner of {self.organization} can give it."
            )

    def require_confirmed_email(self) -> None:
        """Raise `Forbidden` unless the person has shown that the e-mail address is theirs."""
        if not self.email_confirmed:
            raise Forbidden(
                "email_unconfirmed", "Confirm your e-mail address first: open the link in the mail we sent you."
            )

    def require_posting(self, capability: Capability) -> None:
        """Raise `Forbidden` unless the actor may put something on the market for an organization that does this.

        The e-mail address must be confirmed, the organization must have the capability, and must be verified.
        """
        self.require_confirmed_email()
        if not getattr(self.organization, capability):
            raise Forbidden(
                "missing_capability",
                f"{self.organization} is not set up to {_NEEDED[capability]}. "
                "An owner can change that under Organization.",
            )
        if not self.organization.is_verified:
            raise Forbidden(
                "unverified",
                f"{self.organization} is not verified yet. "
                "You can save drafts; posting opens once we have verified you.",
            )


def named_to(reader: Organization, actor: HasLabel | str) -> HasLabel | str:
    """Return who acted as an organization's audit names it: of another's people and keys only the organization."""
    if isinstance(actor, Actor) and actor.organization.pk != reader.pk:
        return actor.organization.public_id
    return actor

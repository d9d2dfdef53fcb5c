"""How the API knows who calls: a key in the Authorization header, or a browser's session with CSRF."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from django.db.models import Q
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.request import Request

from foundation.accounts.actor import Actor
from foundation.accounts.models import ApiKey, Market, Person
from foundation.accounts.present import actor_by_key, keys_named
from foundation.trade import clock
from foundation.trade.kept import Kept

KEY_FORM = re.compile(r"bh_(?P<kind>live|test)_(?P<id>[0-9a-z]{26})_(?P<secret>[0-9a-f]{48})")
KEY_IN_ADDRESS = re.compile(r"\s*(Bearer\s+)?bh_(live|test)_", re.IGNORECASE)
KINDS: dict[str, str] = {Market.LIVE: "live", Market.SANDBOX: "test"}
USED_AT_GRAIN = timedelta(minutes=1)  # last use is written at most this often: a busy key must not write on every call
_REFUSAL = "This key is not valid. Check that it was copied whole, has not expired and has not been revoked."


def hash_of(secret: str) -> str:
    """Return the only thing that is stored of a secret (48 random hex digits, so a plain SHA-256 suffices)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_text(*, market: str, public_id: str, secret: str) -> str:
    """Return the key as its owner copies it."""
    return f"bh_{KINDS[market]}_{public_id.removeprefix('key_')}_{secret}"


_KEY = Kept(keys_named)


def _find(text: str) -> ApiKey | None:
    """Return the key that a text names, with its organization, creator and the creator's role, if the secret fits."""
    match = KEY_FORM.fullmatch(text)
    public_id = f"key_{match['id']}" if match else ""
    key = _KEY.first(public_id=public_id)
    stored = key.secret_hash if key else "0" * 64
    fits = hmac.compare_digest(stored, hash_of(match["secret"] if match else ""))
    if key is None or match is None or not fits or KINDS[key.organization.market] != match["kind"]:
        return None
    return key


def _note_use(key: ApiKey, now: datetime) -> None:
    if key.last_used_at is None or key.last_used_at <= now - USED_AT_GRAIN:
        due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USED_AT_GRAIN)
        ApiKey.objects.filter(due, pk=key.pk).update(last_used_at=now)


def actor_of_key(text: str) -> tuple[ApiKey, Actor] | None:
    """Return a valid key with the actor it makes, or None; notes the use."""
    key = _find(text)
    now = clock.now()
    actor = actor_by_key(key, now) if key is not None else None
    if key is None or actor is None:
        return None
    _note_use(key, now)
    return key, actor


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer bh_live_<id>_<secret>`."""

    def authenticate(self, request: Request) -> tuple[Person, ApiKey] | None:
        """Return the key's maker and the key, and set `request.actor`; None when there is no Authorization header."""
        if any(KEY_IN_ADDRESS.match(str(value)) for _, values in request.query_params.lists() for value in values):
            raise ParseError(
                "A key in an address ends up in logs. Send it as 'Authorization: Bearer <key>', and revoke this one."
            )
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise AuthenticationFailed("Send the key as 'Authorization: Bearer <key>'.")
        found = actor_of_key(text.strip())
        if found is None:
            raise AuthenticationFailed(_REFUSAL)
        key, actor = found
        request._request.actor = actor  # type: ignore[attr-defined]
        return key.created_by, key

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return 'Bearer realm="backhaul"'


class ActorSessionAuthentication(SessionAuthentication):
    """A signed-in browser, with CSRF; `request.actor` is the one that the middleware found."""

    def authenticate(self, request: Request) -> tuple[Person, None] | None:
        """Return the person whose session this is, if it works for an organization."""
        result = super().authenticate(request)
        if result is None or getattr(request._request, "actor", None) is None:
            return None
        return result

"""Rate limits per key (or person) and per organization, in buckets of their own for reading, searching and writing.

Counted in the cache, in fixed windows. When the cache is away, requests pass: a limit protects the service and must
not be what stops it.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from foundation.rest.actors import actor_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Policy:
    """So many requests (`quota`) in so many seconds (`window_seconds`), under a name that clients see."""

    name: str
    quota: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a client stands under a policy: how many requests are left, and when the window begins anew."""

    policy: Policy
    remaining: int
    reset_seconds: int
    exceeded: bool


def _count(policy: Policy, owner: str, now: float) -> Standing:
    window, elapsed = divmod(now, policy.window_seconds)
    name = f"{owner}:rate:{policy.name}:{int(window)}"
    reset = max(1, round(policy.window_seconds - elapsed))
    try:
        cache.add(name, 0, timeout=policy.window_seconds + 5)
        used = cache.incr(name)
    except Exception:
        logger.warning("Rate limits cannot be counted; the request passes", exc_info=True)
        used = 1
    return Standing(policy, max(0, policy.quota - used), reset, used > policy.quota)


def policies_of(bucket: str) -> tuple[Policy, Policy]:
    """Return the policies of a bucket: for the key or person, and for the whole organization."""
    per_key, per_organization, seconds = settings.REST_RATE_LIMITS[bucket]
    return Policy(f"{bucket}-key", per_key, seconds), Policy(f"{bucket}-organization", per_organization, seconds)


def header_policy(standings: Sequence[Standing]) -> str:
    """Return the value of `RateLimit-Policy`."""
    return ", ".join(f'"{each.policy.name}";q={each.policy.quota};w={each.policy.window_seconds}' for each in standings)


def header_state(standings: Sequence[Standing]) -> str:
    """Return the value of `RateLimit`."""
    return ", ".join(f'"{each.policy.name}";r={each.remaining};t={each.reset_seconds}' for each in standings)


class BucketThrottle(BaseThrottle):
    """Counts a request in the view's bucket, for its key and its organization."""

    wait_seconds: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count, remember the standing for the headers, and say whether the request may pass."""
        actor = actor_of(request)
        now = time.time()
        per_key, per_organization = policies_of(view.bucket_of(request))
        organization = str(actor.organization.public_id)
        standings = [
            _count(per_key, f"{organization}:{actor.label}", now),
            _count(per_organization, organization, now),
        ]
        request._request.rate_standings = standings  # type: ignore[attr-defined]
        exceeded = [each.reset_seconds for each in standings if each.exceeded]
        self.wait_seconds = max(exceeded) if exceeded else None
        return not exceeded

    def wait(self) -> float | None:
        """Return after how many seconds the client may go on."""
        return self.wait_seconds


def client_address(request: Request | HttpRequest) -> str:
    """Return the address that a request came from; behind a trusted proxy, the one that the proxy saw."""
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def count_failed_sign_in(request: Request) -> None:
    """Count a refused key against the address that it came from. Raises a 429 when there were too many."""
    policy = policies_of("sign_in")[0]
    standing = _count(policy, f"address:{client_address(request)}", time.time())
    if standing.exceeded:
        raise Throttled(wait=standing.reset_seconds)

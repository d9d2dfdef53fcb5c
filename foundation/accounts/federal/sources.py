"""Where answers about USDOT numbers come from: the federal service, recorded answers, or nowhere."""

from django.conf import settings

from foundation.accounts.models import Market


def asks_registry(market: str) -> bool:
    """Say whether numbers of a market are asked for at all: the sandbox always plays recorded answers."""
    return market == Market.SANDBOX or bool(settings.FEDERAL_ANSWERS or settings.FMCSA_WEB_KEY)

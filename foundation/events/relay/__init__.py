"""The relay: gives facts their order, tells open pages, and sends tasks to those who react."""

from foundation.events.relay.loop import Relay, run_relay

__all__ = ["Relay", "run_relay"]

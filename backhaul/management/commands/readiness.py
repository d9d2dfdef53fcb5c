"""Print the installation's health as lines for `backhaul doctor`."""

from typing import Any

from django.core.management.base import BaseCommand

from backhaul import health


class Command(BaseCommand):
    """`backhaul doctor` reads it: name, tab, ok or not, tab, words, tab, remedy."""

    help = "Print the installation's health, a finding on each line."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings."""
        found = health.check()
        if not found.database.reachable:
            self._tell("Database", False, "does not answer", "Check DATABASE_URL, or start the installation.")
        elif not found.database.migrated:
            self._tell("Database", False, "migrations are missing", "Run: backhaul prepare")
        else:
            self._tell("Database", True, "answers, migrated")
        self._tell(
            "Redis",
            found.queue.reachable,
            "answers" if found.queue.reachable else "does not answer",
            "Check REDIS_URL, or start the installation. Until then live pages poll and matching waits.",
        )
        age = found.worker.seconds_since_canary
        words = "has not answered yet" if age is None else f"answered {age:.0f} s ago"
        self._tell("Worker", found.worker.ok, words, "See logs/worker.log and logs/relay.log; start both.")
        waiting = found.outbox.oldest_waiting_seconds
        words = "nothing waits" if not waiting else f"the oldest fact waits since {waiting:.0f} s"
        self._tell("Relay", found.outbox.ok, words, "See logs/relay.log; start the relay.")
        if found.outbox.dead_reactions:
            words = f"{found.outbox.dead_reactions} reactions were given up after 8 attempts"
            self._tell("Reactions", False, words, "Mend what their last error says, then replay them.")

        if not found.matches.ok:
            words = f"the last audit mended {found.matches.wrong} wrong and {found.matches.missing} missing matches"
            self._tell("Matches", False, words, "See “The audit found” in logs/worker.log, and report it as a defect.")
        elif found.matches.seconds_since_audit is not None:
            hours = found.matches.seconds_since_audit / 3600
            self._tell("Matches", True, f"the audit of {hours:.0f} h ago found each as scoring says")

    def _tell(self, name: str, ok: bool, words: str, remedy: str = "") -> None:
        self.stdout.write("\t".join([name, "ok" if ok else "not", words, remedy]))

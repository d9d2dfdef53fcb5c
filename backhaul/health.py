"""Whether the installation works, asked by load balancers, the supervisor and `backhaul doctor`."""

from dataclasses import asdict, dataclass
from functools import lru_cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from psycopg_pool import PoolTimeout

from foundation.events.queries import Pulse, pulse
from matching.audits import last_audits

OLD_EVENT_SECONDS = 60.0
DEAF_WORKER_SECONDS = 90.0


@dataclass(frozen=True)
class Database:
    """Whether PostgreSQL answers and has the schema this code needs."""

    reachable: bool
    migrated: bool


@dataclass(frozen=True)
class Outbox:
    """How long the oldest fact has waited for the relay and the oldest reaction for a worker; None where none waits."""

    ok: bool
    oldest_waiting_seconds: float | None
    oldest_undone_seconds: float | None
    dead_reactions: int


@dataclass(frozen=True)
class Worker:
    """When a worker last answered the canary; None: not since it is watched."""

    ok: bool
    seconds_since_canary: float | None


@dataclass(frozen=True)
class Queue:
    """Whether Redis answers."""

    reachable: bool


@dataclass(frozen=True)
class Matches:
    """What the last nightly audit found wrong or missing, and mended; None where there was none yet."""

    ok: bool
    wrong: int
    missing: int
    seconds_since_audit: float | None


@dataclass(frozen=True)
class Health:
    """The whole. Without Redis, relay or worker posting goes on and nothing is lost: that is `degraded`, not down."""

    database: Database
    outbox: Outbox
    queue: Queue
    worker: Worker
    matches: Matches

    @property
    def ready(self) -> bool:
        """Whether requests can be served."""
        return self.database.reachable and self.database.migrated

    @property
    def status(self) -> str:
        """The whole in a word: `ready`, `degraded` or `not_ready`."""
        if not self.ready:
            return "not_ready"
        return "ready" if self.outbox.ok and self.queue.reachable and self.worker.ok else "degraded"

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON's values."""
        return {"status": self.status, **asdict(self)}


class _MigrationsMissing(Exception):
    """Some migrations are not applied."""


@lru_cache(maxsize=1)
def _require_migrations() -> None:
    """Raise unless every migration is applied; once true it stays true for this process, and costs nothing again."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _MigrationsMissing


def _database() -> Database:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        _require_migrations()
    except _MigrationsMissing:
        return Database(reachable=True, migrated=False)
    except (DatabaseError, PoolTimeout, OSError):
        return Database(reachable=False, migrated=False)
    return Database(reachable=True, migrated=True)


def _queue() -> Queue:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            return Queue(reachable=bool(client.ping()))
    except (redis.RedisError, OSError):
        return Queue(reachable=False)


def _pulse(database: Database) -> Pulse | None:
    return pulse() if database.migrated else None


def _worker(seen: Pulse | None) -> Worker:
    """Judge by when a worker last heard the fact that the relay publishes for this purpose."""
    age = seen.canary_seconds if seen else None
    return Worker(ok=age is not None and age <= DEAF_WORKER_SECONDS, seconds_since_canary=age)


def _outbox(seen: Pulse | None) -> Outbox:
    """Judge by the oldest fact without a position; reactions that wait or were given up are told beside it."""
    if seen is None:
        return Outbox(ok=False, oldest_waiting_seconds=None, oldest_undone_seconds=None, dead_reactions=0)
    waiting = seen.oldest_fact_seconds
    return Outbox(
        ok=waiting is None or waiting <= OLD_EVENT_SECONDS,
        oldest_waiting_seconds=waiting,
        oldest_undone_seconds=seen.oldest_reaction_seconds,
        dead_reactions=seen.dead_reactions,
    )


def _matches(database: Database) -> Matches:
    if not database.migrated:
        return Matches(ok=True, wrong=0, missing=0, seconds_since_audit=None)
    found = last_audits()
    ok = not (found.wrong or found.missing)
    return Matches(ok=ok, wrong=found.wrong, missing=found.missing, seconds_since_audit=found.seconds_since)


def check() -> Health:
    """Look at everything, each part with a short patience."""
    database = _database()
    seen = _pulse(database)
    return Health(
        database=database,
        outbox=_outbox(seen),
        queue=_queue(),
        worker=_worker(seen),
        matches=_matches(database),
    )

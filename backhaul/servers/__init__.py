"""The embedded servers: PostgreSQL and Valkey on Unix sockets, started and stopped with the program that uses them."""

from backhaul.servers.base import ServerFailed
from backhaul.servers.postgres import PostgresServer
from backhaul.servers.valkey import ValkeyServer

__all__ = ["PostgresServer", "ServerFailed", "ValkeyServer"]

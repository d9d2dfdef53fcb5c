"""Addresses: the host names the web server answers to, and a Redis address in the two spellings its clients want."""

import socket
from urllib.parse import parse_qs, urlsplit

LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound to


def local_base_url(host: str, port: int) -> str:
    """Return the address under which this machine reaches its own web server."""
    shown = "127.0.0.1" if host in EVERYWHERE else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def allowed_hosts(*, host: str, base_url: str) -> list[str]:
    """Return the Host headers to answer: loopback, the public name and, bound everywhere, this machine's own."""
    names = [*LOOPBACK, urlsplit(base_url).hostname or ""]
    if host in EVERYWHERE:
        name = socket.gethostname()
        names.append(name)
        try:
            names += [str(found[4][0]) for found in socket.getaddrinfo(name, None)]
        except OSError:  # a machine that cannot resolve its own name
            names += []
    else:
        names.append(host)
    bracketed = [f"[{name}]" if ":" in name and not name.startswith("[") else name for name in names if name]
    return list(dict.fromkeys(bracketed))


def celery_broker_url(redis_url: str) -> str:
    """Return Celery's spelling of a Redis address: a Unix socket is `redis+socket://` there."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"

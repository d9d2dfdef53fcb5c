"""What `backhaul demo` and `backhaul up` were asked to do, checked before anything starts."""

import os
import socket
from dataclasses import dataclass, field

from backhaul.network import EVERYWHERE, LOOPBACK, local_base_url


class Refused(Exception):
    """The installation cannot start as asked; the message says why and what would do."""


@dataclass(frozen=True)
class Options:
    """How to run the installation."""

    demo: bool
    expose: bool = False
    legs: int = 300
    loads: int = 2000
    host: str = field(default_factory=lambda: os.environ.get("HOST") or "127.0.0.1")
    port: int = field(default_factory=lambda: _port())

    @property
    def base_url(self) -> str:
        """The address that people open."""
        return (os.environ.get("BASE_URL") or local_base_url(self.host, self.port)).rstrip("/")

    @property
    def local_url(self) -> str:
        """The address under which this machine reaches the web server, whatever stands in front of it."""
        return local_base_url(self.host, self.port)

    def check(self) -> None:
        """Raise Refused when the demo would be open to the network unasked, or the port is taken."""
        if self.demo and self.host not in LOOPBACK and self.host != "::1" and not self.expose:
            raise Refused(
                f"HOST={self.host} would open the demo, with its known kind of content, to the network.\n"
                "Say so with `backhaul demo --expose` (make demo ARGS=--expose), or leave HOST out."
            )
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except PermissionError as error:
                raise Refused(f"Port {self.port} is reserved to root. Choose one above 1023: PORT=8000") from error
            except OSError as error:
                raise Refused(self._taken(error)) from error

    def _taken(self, error: OSError) -> str:
        if self.host not in (*LOOPBACK, *EVERYWHERE) and "assign" in str(error):
            return f"HOST={self.host} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for every address."
        other = self.port + 1 if self.port < 65535 else 8001
        return (
            f"Port {self.port} on {self.host} is taken by another program.\n"
            f"Stop that program, or choose another port: PORT={other}"
        )


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Refused(f"PORT={text} is not a port: give a number from 1 to 65535")
    return int(text)

"""Addresses to listen on, as people write them, and what to do when one cannot be had."""

import errno
import ipaddress
import socket
from typing import NamedTuple, Self

from joulecast.errors import JoulecastError


class Listen(NamedTuple):
    """A host and a TCP port. An empty host is every interface; port 0 is any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. Raises JoulecastError."""
        host, colon, port = text.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        if (
            not colon
            or not port.isascii()
            or not port.isdigit()
            or int(port) > 65535
            or (":" in host and not bracketed)
        ):
            raise JoulecastError(
                f"{text!r} is no address to listen on", "write HOST:PORT, such as 127.0.0.1:9877 or [::1]:9877"
            )
        return cls(host.strip("[]"), int(port))

    @property
    def family(self) -> socket.AddressFamily:
        """IPv6 for IPv6 literals and, where the kernel has it, for every interface; IPv4 otherwise."""
        if not self.host:
            return socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        try:
            version = ipaddress.ip_address(self.host).version
        except ValueError:
            return socket.AF_INET  # a name
        return socket.AF_INET6 if version == 6 else socket.AF_INET

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def bind_error(listen: Listen, error: OSError) -> JoulecastError:
    """Say why an address cannot be bound, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return JoulecastError(
            f"{listen} is taken by another process",
            f"stop it (`ss -ltnp 'sport = :{listen.port}'` names it) or choose another address with --listen",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return JoulecastError(f"not allowed to listen on {listen}", "choose a port above 1023 with --listen")
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return JoulecastError(
            f"{listen.host} is no address of this machine",
            "use 127.0.0.1, or 0.0.0.0 for every interface, with --listen",
        )
    return JoulecastError(
        f"cannot listen on {listen} ({error.strerror or error})", "choose another address with --listen"
    )

"""What binding an address needs to know, and what to do when it cannot be had."""

import errno
import ipaddress
import socket

from joulecast.errors import JoulecastError
from joulecast.serving.address import TcpAddress

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""Hosts that mean every interface; `::` is served over IPv4 as well."""


def family_of(address: TcpAddress) -> socket.AddressFamily:
    """IPv6 for IPv6 literals; IPv4 for everything else, names included."""
    try:
        version = ipaddress.ip_address(address.host).version
    except ValueError:
        return socket.AF_INET
    return socket.AF_INET6 if version == 6 else socket.AF_INET


def bind_error(address: TcpAddress, error: OSError) -> JoulecastError:
    """Say why an address cannot be bound, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return JoulecastError(
            f"{address} is taken by another process",
            f"stop it (`ss -ltnp 'sport = :{address.port}'` names it) or choose another address with --listen",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return JoulecastError(f"not allowed to listen on {address}", "choose a port above 1023 with --listen")
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return JoulecastError(
            f"{address.host} is no address of this machine", "use 127.0.0.1, or [::] for every interface, with --listen"
        )
    return JoulecastError(
        f"cannot listen on {address} ({error.strerror or error})", "choose another address with --listen"
    )

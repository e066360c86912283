"""Addresses to listen on, as people write them and as gRPC and sockets take them."""

from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple


class TcpAddress(NamedTuple):
    """A host and a port; port 0 lets the kernel choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it; a name other than localhost may be anywhere."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class UnixAddress(NamedTuple):
    """A socket in the file system."""

    path: Path

    def __str__(self) -> str:
        return f"unix://{self.path}"


Address = TcpAddress | UnixAddress


def parse_tcp(text: str) -> TcpAddress:
    """Read HOST:PORT or [IPv6]:PORT. Raises ValueError.

    >>> parse_tcp("[::1]:9877")
    TcpAddress(host='::1', port=9877)
    """
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed) or "/" in host:
        raise ValueError(text)
    if not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(text)
    return TcpAddress(host.strip("[]"), int(port))


def parse_address(text: str) -> Address:
    """Read unix:///PATH, unix:PATH or what `parse_tcp` reads. Raises ValueError."""
    if not text.strip().startswith("unix:"):
        return parse_tcp(text)
    path = text.strip().removeprefix("unix:").removeprefix("//")
    if not path:
        raise ValueError(text)
    return UnixAddress(Path(path))

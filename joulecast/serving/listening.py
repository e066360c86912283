"""Binding addresses: each failure is named before gRPC can hide it, and no living socket is ever taken over."""

import errno
import os
import socket
import stat
from pathlib import Path

import grpc

from joulecast.errors import JoulecastError
from joulecast.serving.address import Address, TcpAddress, UnixAddress

# Whoever may reach the directory may connect, as containers with users of their own must; narrow it by the directory.
SOCKET_MODE = 0o666
DIRECTORY_MODE = 0o755
# The kernel's limit for the path of a socket, with its final zero.
_MAX_SOCKET_PATH = 107


def listen(server: grpc.Server, address: Address, credentials: grpc.ServerCredentials | None) -> Address:
    """Bind one address and return it with its actual port. Raises JoulecastError."""
    if isinstance(address, UnixAddress):
        return _listen_unix(server, address)
    return _listen_tcp(server, address, credentials)


def _listen_tcp(server: grpc.Server, address: TcpAddress, credentials: grpc.ServerCredentials | None) -> TcpAddress:
    _probe(address)
    try:
        if credentials is None:
            port = server.add_insecure_port(str(address))
        else:
            port = server.add_secure_port(str(address), credentials)
    except RuntimeError as error:
        raise JoulecastError(
            f"cannot listen on {address} ({error})", "check the certificates or choose another --grpc"
        ) from error
    return address._replace(port=port)


def _probe(address: TcpAddress) -> None:
    """Bind the address once ourselves: gRPC says only that it failed."""
    try:
        # As bytes where it is ASCII: for text Python loads the tables of international names, which stay in memory.
        host = address.host.encode() if address.host.isascii() else address.host
        found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise _unbound(address, error) from error


def _unbound(address: TcpAddress, error: OSError) -> JoulecastError:
    if error.errno == errno.EADDRINUSE:
        return JoulecastError(
            f"{address} is taken by another process",
            f"stop it (`ss -ltnp 'sport = :{address.port}'` names it) or choose another address with --grpc",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return JoulecastError(f"not allowed to listen on {address}", "choose a port above 1023 with --grpc")
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return JoulecastError(
            f"{address.host} is no address of this machine",
            "use 127.0.0.1, or 0.0.0.0 for every interface, with --grpc",
        )
    return JoulecastError(f"cannot listen on {address} ({error.strerror or error})", "choose another with --grpc")


def _listen_unix(server: grpc.Server, address: UnixAddress) -> UnixAddress:
    path = address.path.absolute()
    if len(os.fsencode(path)) > _MAX_SOCKET_PATH:
        raise JoulecastError(
            f"{path} is too long for a socket", f"use a path of at most {_MAX_SOCKET_PATH} characters with --grpc"
        )
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
            path.parent.chmod(DIRECTORY_MODE)
        _clear(path)
        server.add_insecure_port(f"unix:{path}")
        path.chmod(SOCKET_MODE)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise JoulecastError(
            f"cannot listen on the socket {path} ({reason})",
            "let the user of this process write its directory, or choose another with --grpc unix:///PATH",
        ) from error
    return UnixAddress(path)


def _clear(path: Path) -> None:
    """Remove a socket that nobody answers at; gRPC itself would silently replace one that is in use."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise JoulecastError(f"{path} exists and is no socket", "move it away, or choose another with --grpc")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise JoulecastError(
        f"another process listens on the socket {path}",
        f"stop it (`ss -lxp src {path}` names it) or choose another with --grpc",
    )

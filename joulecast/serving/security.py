"""Who may call, and over what: TLS, client certificates, the token, and the refusal to be open to the network."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from joulecast.errors import JoulecastError
from joulecast.serving.address import Address, TcpAddress


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM format; with a client CA, only clients with a certificate it signed are let in."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """What gRPC takes. Raises JoulecastError for a file that cannot be read or is no PEM."""
        pair = (_read_pem(self.key, "PRIVATE KEY"), _read_pem(self.certificate, "CERTIFICATE"))
        authority = None if self.client_ca is None else _read_pem(self.client_ca, "CERTIFICATE")
        return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)


@dataclass(frozen=True, slots=True)
class Security:
    """What guards the TCP listeners; Unix sockets are guarded by the file system."""

    tls: Tls | None = None
    token: str | None = field(default=None, repr=False)
    insecure: bool = False  # beyond this machine although TLS or a proof of identity is missing

    def check(self, addresses: Iterable[Address]) -> None:
        """Refuse to be open to the network by accident. Raises JoulecastError."""
        identified = self.token is not None or (self.tls is not None and self.tls.client_ca is not None)
        if self.insecure or (self.tls is not None and identified):
            return
        for address in addresses:
            if isinstance(address, TcpAddress) and not address.is_loopback:
                raise JoulecastError(
                    f"{address} can be reached from other machines without {'a token' if self.tls else 'encryption'}",
                    "give --tls-cert, --tls-key and --token-file (or --tls-client-ca), listen on 127.0.0.1, or accept "
                    "the risk with --insecure",
                )


def _read_pem(path: Path, kind: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JoulecastError(f"{path} cannot be read ({error.strerror})", "check the path and its rights") from error
    if f"{kind}-----".encode() not in content:
        raise JoulecastError(f"{path} holds no {kind} in PEM format", "give a file that begins with -----BEGIN")
    return content

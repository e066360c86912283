"""What it takes to be let in: certificates and a token, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from joulecast.client.address import Address
from joulecast.client.failure import Misconfigured


@dataclass(frozen=True, slots=True)
class Credentials:
    """TLS material as bytes, and a bearer token; all None for a plain connection."""

    tls: bool = False
    authority: bytes | None = None  # PEM of the CA; None with TLS means gRPC's own roots
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def credentials_from(environ: Mapping[str, str], address: Address) -> Credentials:
    """Read JOULECAST_TLS_CA, _TLS_CERT, _TLS_KEY, JOULECAST_TOKEN or JOULECAST_TOKEN_FILE for this address.

    A Unix socket never speaks TLS: the kernel guards it. A token never crosses a network in the clear.
    Raises Misconfigured.
    """
    paths = {name: environ.get(f"JOULECAST_TLS_{name}", "") for name in ("CA", "CERT", "KEY")}
    tls = any(paths.values()) and not address.unix
    token = _token(environ)
    if token and not tls and not address.private:
        raise Misconfigured(
            f"a token for {address.target} would cross the network in the clear",
            "set JOULECAST_TLS_CA so that the connection is encrypted",
        )
    if not tls:
        return Credentials(token=token)
    if bool(paths["CERT"]) != bool(paths["KEY"]):
        raise Misconfigured(
            "a client certificate needs its key", "set both JOULECAST_TLS_CERT and JOULECAST_TLS_KEY, or neither"
        )
    authority, certificate, key = (_pem(f"JOULECAST_TLS_{name}", path) for name, path in paths.items())
    return Credentials(True, authority, certificate, key, token)


def _pem(variable: str, path: str) -> bytes | None:
    return _read(variable, path) if path else None


def _token(environ: Mapping[str, str]) -> str | None:
    token = environ.get("JOULECAST_TOKEN", "")
    if not token and (path := environ.get("JOULECAST_TOKEN_FILE", "")):
        token = _read("JOULECAST_TOKEN_FILE", path).decode(errors="replace")
    token = token.strip()
    if not (token.isascii() and token.isprintable()):
        raise Misconfigured("the token holds unprintable characters", "check JOULECAST_TOKEN or JOULECAST_TOKEN_FILE")
    return token or None


def _read(variable: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be read ({error.strerror})", f"check the path in {variable} and its permissions"
        ) from error

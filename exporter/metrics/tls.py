"""Encryption of the HTTP door, and who may enter by client certificate."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from joulecast.errors import JoulecastError


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM format. With `client_ca`, only clients with a certificate signed by it are served."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Read the files. Raises JoulecastError naming what cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise JoulecastError(
                f"cannot use the certificate {self.certificate} with the key {self.key} ({error})",
                "give a readable PEM certificate and its unencrypted private key",
            ) from error
        if self.client_ca is not None:
            try:
                context.load_verify_locations(self.client_ca)
            except (OSError, ssl.SSLError) as error:
                raise JoulecastError(
                    f"cannot use the client CA {self.client_ca} ({error})",
                    "give a readable PEM file of CA certificates",
                ) from error
            context.verify_mode = ssl.CERT_REQUIRED
        return context

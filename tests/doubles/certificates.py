"""Throw-away certificates: an authority, a server for 127.0.0.1, and a client, all signed by it."""

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificates(NamedTuple):
    """PEM files."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


def make_certificates(directory: Path) -> Certificates:
    """Make them anew with the `openssl` command."""
    files = Certificates(
        *(directory / f"{name}.pem" for name in ("ca", "server", "server-key", "client", "client-key"))
    )
    authority_key = directory / "ca-key.pem"
    _make(files.authority, authority_key, "/CN=test authority", "basicConstraints=critical,CA:TRUE")
    signed_by = ("-CA", str(files.authority), "-CAkey", str(authority_key))
    _make(files.server, files.server_key, "/CN=exporter", "subjectAltName=IP:127.0.0.1", *signed_by)
    _make(files.client, files.client_key, "/CN=workload", "subjectAltName=DNS:workload", *signed_by)
    return files


def _make(certificate: Path, key: Path, subject: str, extension: str, *options: str) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", subject, "-addext", extension, "-days", "2", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *options], check=True, capture_output=True)

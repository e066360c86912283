"""The service's configuration: each option declared once; flags, JOULECAST_PREDICTOR_* variables and a TOML file."""
# ruff: noqa: RUF009 - `option` makes a dataclasses.field, which is what the rule asks for

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from joulecast.serving.address import Address, TcpAddress, parse_address, parse_tcp
from joulecast.serving.option_sources import collect
from joulecast.serving.options import PATH, SWITCH, Kind, add_flags, declared, number, one_of, option, several
from joulecast.serving.security import Security, Tls
from joulecast.serving.token import read_token

PREFIX = "JOULECAST_PREDICTOR_"
DEFAULT_GRPC = TcpAddress("127.0.0.1", 9879)
DEFAULT_LISTEN = TcpAddress("127.0.0.1", 9880)


@dataclass(frozen=True, slots=True)
class Config:
    """Every option with its value. Read it where the service is wired; rooms receive values, never this."""

    grpc: tuple[Address, ...] = option(
        several(parse_address, "unix:///PATH or HOST:PORT, several by commas"),
        "where the prediction service listens; repeat it, or separate by commas",
        metavar="ADDRESS",
        default=(DEFAULT_GRPC,),
        default_text=str(DEFAULT_GRPC),
    )
    listen: TcpAddress = option(
        Kind(f"HOST:PORT, as {DEFAULT_LISTEN}, or 0.0.0.0:9880 for every interface", parse_tcp),
        "where /metrics is served",
        metavar="HOST:PORT",
        default=DEFAULT_LISTEN,
    )
    artifacts: tuple[Path, ...] = option(
        several(PATH.parse, "a directory or a file, several by commas"),
        "serve the artifacts of this directory, or this file, before the packaged ones; repeat it for more",
        metavar="DIR|FILE",
        default=(),
        default_text="the packaged ones alone",
    )
    period: float = option(
        number(0.1, 3600, "seconds"),
        "seconds between two looks for changed artifacts; SIGHUP looks at once",
        metavar="SECONDS",
        default=2.0,
    )
    tls_cert: Path | None = option(
        PATH, "certificate (PEM): gRPC over TCP and /metrics are then served over TLS", metavar="FILE"
    )
    tls_key: Path | None = option(PATH, "its private key (PEM)", metavar="FILE")
    tls_client_ca: Path | None = option(
        PATH, "over TLS, let in only clients with a certificate signed by this CA (PEM)", metavar="FILE"
    )
    token_file: Path | None = option(
        PATH,
        "file with the bearer token that callers must send: gRPC over TCP, and /metrics beyond this machine",
        metavar="FILE",
    )
    insecure: bool = option(
        SWITCH, "serve gRPC beyond this machine although it has no TLS or no token", default=False, default_text="off"
    )
    log_level: str = option(
        one_of("debug", "info", "warning", "error"), "least severe message to log", metavar="LEVEL", default="info"
    )
    config: Path | None = option(
        PATH, "TOML file with any of these options, as period = 10", metavar="FILE", in_file=False
    )

    def security(self) -> Security:
        """Who may call, and over what. Raises JoulecastError for a token that cannot be read."""
        tls = (
            None
            if self.tls_cert is None or self.tls_key is None
            else Tls(self.tls_cert, self.tls_key, self.tls_client_ca)
        )
        token = None if self.token_file is None else read_token(self.token_file)
        return Security(tls, token, self.insecure)


OPTIONS = declared(Config)


def add_arguments(parser: ArgumentParser) -> None:
    """Give a parser one flag per option."""
    add_flags(parser, OPTIONS, PREFIX)


def load_config(flags: Namespace, environ: Mapping[str, str]) -> Config:
    """Each option from the first that gives it: flag, variable, file, default. Raises JoulecastError."""
    return Config(**collect(flags, environ, OPTIONS, PREFIX))

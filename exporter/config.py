"""The exporter's configuration: every option declared once, read from flags, JOULECAST_* variables and a TOML file."""
# ruff: noqa: RUF009 - `option` makes a dataclasses.field, which is what the rule asks for

import os
import socket
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from exporter.kubernetes.access import POD_RESOURCES, Endpoint, parse_endpoint
from joulecast.footprint.rates import HIGHEST_INTENSITY, HIGHEST_PRICE, HIGHEST_PUE
from joulecast.serving.address import Address, TcpAddress, UnixAddress, parse_address, parse_tcp
from joulecast.serving.option_sources import collect
from joulecast.serving.options import (
    PATH,
    SWITCH,
    TEXT,
    Kind,
    add_flags,
    declared,
    number,
    one_of,
    option,
    several,
    whole_number,
)

SYSTEM_STATE = Path("/var/lib/joulecast")
RUN_DIRECTORY = Path("/run/joulecast")
DEFAULT_TCP = TcpAddress("127.0.0.1", 9878)

_HOST_PORT = Kind("HOST:PORT, as 127.0.0.1:9877, or 0.0.0.0:9877 for every interface", parse_tcp)
_ADDRESS = Kind("unix:///PATH or HOST:PORT", parse_address)
_KUBELET = Kind("https://NODE:10250, or http://NODE:10255 for a read-only port", parse_endpoint)
_GRPC = several(parse_address, "unix:///PATH or HOST:PORT, several by commas")


@dataclass(frozen=True, slots=True)
class Config:
    """Every option with its value. Read it where the rooms are wired; they receive values, never this."""

    listen: TcpAddress = option(
        _HOST_PORT,
        "where /metrics and the status page are served",
        metavar="HOST:PORT",
        default=TcpAddress("127.0.0.1", 9877),
    )
    grpc: tuple[Address, ...] = option(
        _GRPC,
        "where the energy service listens; repeat it, or separate by commas",
        metavar="ADDRESS",
        default_text=f"unix://{RUN_DIRECTORY}/joulecast.sock if that directory is writable, and {DEFAULT_TCP}",
    )
    state_dir: Path = option(
        PATH,
        "what outlives a restart: intervals, counters, idle baseline",
        metavar="DIR",
        default_text=f"{SYSTEM_STATE} if it can be written, else $XDG_STATE_HOME/joulecast or ~/.local/state/joulecast",
    )
    store: str | None = option(
        TEXT,
        "database of the intervals: a path, sqlite:///PATH or postgresql://USER@HOST/DATABASE",
        metavar="URL",
        default_text="joulecast.db in the state directory",
    )
    store_sync: Literal["normal", "full"] = option(
        one_of("normal", "full"),
        "normal: an acknowledged begin survives kill -9, a power cut may cost the last moments; full: it survives both",
        metavar="normal|full",
        default="normal",
    )
    node: str = option(
        TEXT, "this node's name in a database that nodes share", metavar="NAME", default_text="the host name"
    )
    period: float = option(
        number(0.05, 4, "seconds"), "seconds between two readings of the sensors", metavar="SECONDS", default=1.0
    )
    sysfs: Path = option(PATH, "where sysfs is mounted", metavar="DIR", default=Path("/sys"))
    procfs: Path = option(PATH, "where procfs is mounted", metavar="DIR", default=Path("/proc"))
    replay: Path | None = option(PATH, "play this recorded machine instead of reading sensors", metavar="CAPTURE")
    cpu_tdp_watts: float | None = option(
        number(1, 5000, "watts"),
        "power of all CPU packages at full load, for a machine without any CPU sensor",
        metavar="WATTS",
    )
    predictor: Address | None = option(
        _ADDRESS,
        "ask this predictor for the power of what has no sensor, in place of the models that come with this version",
        metavar="ADDRESS",
    )
    kubelet: Endpoint | None = option(
        _KUBELET, "the kubelet of this node, asked for the names of pods and containers", metavar="URL"
    )
    kubelet_token_file: Path | None = option(
        PATH,
        "token that the kubelet is shown",
        metavar="FILE",
        default_text="in a pod, that of its service account",
    )
    kubelet_ca: Path | None = option(
        PATH,
        "authority (PEM) that signed the kubelet's certificate",
        metavar="FILE",
        default_text="in a pod, the cluster's; else those this machine trusts",
    )
    kubelet_insecure: bool = option(
        SWITCH,
        "take any certificate of the kubelet, and show the token to whoever answers in its place",
        default=False,
        default_text="off",
    )
    pod_resources: Path = option(
        PATH, "socket where the kubelet tells which container holds which GPU", metavar="PATH", default=POD_RESOURCES
    )
    attribution_idle: Literal["unattributed", "by-request", "by-use"] = option(
        one_of("unattributed", "by-request", "by-use"),
        "who bears idle power: nobody, those who requested the machine, or those who used it",
        metavar="POLICY",
        default="unattributed",
    )
    attribution_ttl: float = option(
        number(1, 86_400, "seconds"),
        "seconds for which a finished workload stays on /metrics before it is summed under `other`",
        metavar="SECONDS",
        default=600.0,
    )
    max_workloads: int = option(
        whole_number(1, 10_000),
        "workloads with a line of their own on /metrics; the rest is summed under `other`",
        metavar="NUMBER",
        default=1000,
    )
    max_label_sets: int = option(
        whole_number(1, 100_000),
        "pairs of job and phase kept apart on /metrics; the rest is summed as `other`",
        metavar="NUMBER",
        default=200,
    )
    carbon_zone: str | None = option(
        TEXT,
        "country of this machine (ISO 3166 code or name), for the yearly carbon intensity of its electricity",
        metavar="COUNTRY",
    )
    carbon_intensity: float | None = option(
        number(0, HIGHEST_INTENSITY, "grams of CO2-equivalents per kWh"),
        "carbon intensity of the electricity, in place of the country's yearly average",
        metavar="GRAMS",
    )
    carbon_source: str | None = option(TEXT, "where that intensity is from, as readers are to see it", metavar="TEXT")
    electricity_price: float | None = option(
        number(0, HIGHEST_PRICE, "money per kWh"), "price of a kWh, in --currency", metavar="PRICE"
    )
    currency: str | None = option(TEXT, "currency of the price: three letters of ISO 4217, as EUR", metavar="CODE")
    pue: float | None = option(
        number(1, HIGHEST_PUE, "a ratio"),
        "power usage effectiveness of the site, by which carbon and money are multiplied; joules never are",
        metavar="RATIO",
    )
    retention_days: float = option(
        number(0, 36_500, "days"), "days a finished interval is kept; 0 keeps all", metavar="DAYS", default=90.0
    )
    tls_cert: Path | None = option(
        PATH, "certificate (PEM): gRPC over TCP and the pages of --listen are then served over TLS", metavar="FILE"
    )
    tls_key: Path | None = option(PATH, "its private key (PEM)", metavar="FILE")
    tls_client_ca: Path | None = option(
        PATH, "over TLS, let in only clients with a certificate signed by this CA (PEM)", metavar="FILE"
    )
    token_file: Path | None = option(
        PATH,
        "file with the bearer token that callers must send: gRPC over TCP, and the pages beyond this machine",
        metavar="FILE",
    )
    insecure: bool = option(
        SWITCH, "serve gRPC beyond this machine although it has no TLS or no token", default=False, default_text="off"
    )
    log_level: str = option(
        one_of("debug", "info", "warning", "error"), "least severe message to log", metavar="LEVEL", default="info"
    )
    config: Path | None = option(
        PATH, "TOML file with any of these options, as period = 0.5", metavar="FILE", in_file=False
    )
    notes: tuple[str, ...] = ()  # what the defaults made of this machine, to be logged


OPTIONS = declared(Config)


def add_arguments(parser: ArgumentParser) -> None:
    """Give a parser one flag per option."""
    add_flags(parser, OPTIONS)


def load_config(
    flags: Namespace,
    environ: Mapping[str, str],
    *,
    system_state: Path = SYSTEM_STATE,
    run_directory: Path = RUN_DIRECTORY,
) -> Config:
    """Each option from the first that gives it: flag, variable, file, default. Raises JoulecastError."""
    values = collect(flags, environ, OPTIONS)
    values.setdefault("node", socket.gethostname())
    if "state_dir" not in values:
        values["state_dir"] = _default_state(environ, system_state)
    if "grpc" not in values:
        values["grpc"], values["notes"] = _default_grpc(run_directory)
    return Config(**values)


def _default_state(environ: Mapping[str, str], system_state: Path) -> Path:
    if _is_usable(system_state):
        return system_state
    home = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".local/state"
    return Path(home) / "joulecast"


def _default_grpc(run_directory: Path) -> tuple[tuple[Address, ...], tuple[str, ...]]:
    if _is_usable(run_directory):
        return (UnixAddress(run_directory / "joulecast.sock"), DEFAULT_TCP), ()
    return (DEFAULT_TCP,), (
        f"no Unix socket: {run_directory} cannot be written; workloads on this machine use {DEFAULT_TCP}",
    )


def _is_usable(directory: Path) -> bool:
    """Whether files can be made there, be it after making the directory itself."""
    try:
        place = directory if directory.exists() else directory.parent
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    except OSError:
        return False

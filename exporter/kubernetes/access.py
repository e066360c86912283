"""How the kubelet of this node is reached: where it lists its pods, what it is shown, where its socket is."""

import os
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
POD_RESOURCES = Path("/var/lib/kubelet/pod-resources/kubelet.sock")
TIMEOUT_SECONDS = 5.0

_PORTS = {"https": 10250, "http": 10255}  # the kubelet's own, and its read-only one, where that is switched on


class Endpoint(NamedTuple):
    """Where a kubelet lists its pods."""

    scheme: str
    host: str
    port: int
    path: str = "/pods"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class KubeletAccess:
    """What is needed to ask one kubelet. None is "do not ask" for `pods` and `pod_resources`."""

    pods: Endpoint | None = None
    token_file: Path | None = None  # read anew for every question: the kubelet replaces it
    ca_file: Path | None = None  # without one, the authorities this machine trusts
    verify: bool = True
    pod_resources: Path | None = None
    timeout: float = TIMEOUT_SECONDS  # seconds of silence


def parse_endpoint(text: str) -> Endpoint:
    """Read https://NODE:10250 or http://NODE:10255. Raises ValueError.

    An IPv6 address may stand there without brackets, as `https://$(NODE_IP):10250` makes it in a DaemonSet.

    >>> str(parse_endpoint("https://10.0.0.7:10250"))
    'https://10.0.0.7:10250/pods'
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in _PORTS or parts.query or parts.fragment or "@" in parts.netloc or not parts.netloc:
        raise ValueError(text)
    host, colon, port = parts.netloc.rpartition(":")
    if not colon or parts.netloc.endswith("]"):
        host, port = parts.netloc, str(_PORTS[parts.scheme])
    host = host.removeprefix("[").removesuffix("]")
    if ":" in host:
        IPv6Address(host)  # ValueError if it is none
    if not host or not host.isprintable() or " " in host or not (port.isascii() and port.isdigit()):
        raise ValueError(text)
    if not 0 < int(port) <= 65535:
        raise ValueError(text)
    return Endpoint(parts.scheme, host, int(port), parts.path.rstrip("/") or "/pods")


def kubelet_access(
    pods: Endpoint | None,
    *,
    token_file: Path | None = None,
    ca_file: Path | None = None,
    insecure: bool = False,
    pod_resources: Path | None = None,
    service_account: Path = SERVICE_ACCOUNT,
) -> KubeletAccess:
    """What was asked for; what was not, as a pod finds it: token and authority from its service account."""
    return KubeletAccess(
        pods,
        token_file or _existing(service_account / "token"),
        ca_file or _existing(service_account / "ca.crt"),
        not insecure,
        pod_resources,
    )


def is_node(access: KubeletAccess, service_account: Path = SERVICE_ACCOUNT) -> bool:
    """Whether there is, or may yet come, a kubelet to ask: one was named, this is a pod, or its directory is here."""
    named = access.pods is not None or _may_exist(service_account)
    return named or (access.pod_resources is not None and _may_exist(access.pod_resources.parent))


def _existing(path: Path) -> Path | None:
    return path if _may_exist(path) else None


def _may_exist(path: Path) -> bool:
    try:
        os.stat(path)  # noqa: PTH116 - before Python 3.14 Path.exists raises for what may not be looked at
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True

"""The ways a call can fail, told apart by what a person would do about each."""

from typing import TYPE_CHECKING

from joulecast.errors import JoulecastError

if TYPE_CHECKING:
    import grpc


class Unreachable(JoulecastError):
    """No exporter answered: it is down, hangs, or listens elsewhere."""


class Refused(JoulecastError):
    """An exporter answered, and said no. `not_found` tells an unknown interval from every other refusal."""

    def __init__(self, problem: str, remedy: str = "", *, not_found: bool = False) -> None:
        super().__init__(problem, remedy)
        self.not_found = not_found


class Misconfigured(JoulecastError):
    """The address, certificate or token given cannot work."""


_START = "start one with `joulecast exporter`, or set JOULECAST_ADDRESS to where it listens"
_ACCESS = "set JOULECAST_TOKEN (or JOULECAST_TOKEN_FILE, JOULECAST_TLS_CERT) to what this exporter accepts"


def failure_of(error: "grpc.RpcError", address: str, timeout: float | None) -> Unreachable | Refused:
    """Turn gRPC's status into one of ours, with what to do next."""
    import grpc

    code, details = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE and "Permission denied" in details:
        return Unreachable(
            f"the exporter's socket {address} is closed to this user", "join the group that owns the socket"
        )
    if code is grpc.StatusCode.UNAVAILABLE:
        return Unreachable(f"no exporter answers at {address}", _START)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unreachable(f"the exporter at {address} did not answer within {timeout:g} s", "see its log and its load")
    if code is grpc.StatusCode.UNAUTHENTICATED or code is grpc.StatusCode.PERMISSION_DENIED:
        return Refused(f"the exporter at {address} refuses this client ({details})", _ACCESS)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return Refused(f"what answers at {address} does not know this call", "check the address and its version")
    return Refused(
        details or f"the exporter at {address} answered {code.name}", not_found=code is grpc.StatusCode.NOT_FOUND
    )

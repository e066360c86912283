"""One exporter as this process talks to it: opened at first use, never waited for, safe to share and to fork."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from joulecast.client.address import chosen_address, parse_address
from joulecast.client.failure import Misconfigured, Refused, Unreachable, failure_of
from joulecast.client.outage import PATIENCE, Outage

if TYPE_CHECKING:
    import grpc

CALL_TIMEOUT = 2.0


class Connection:
    """Calls to one exporter. Every call has a timeout, and while none is answered most are not even tried.

    `timeout` is for one call; `patience` is all that may be waited for results while one outage lasts. Safe to use
    from many threads. After a fork the child opens a channel of its own.
    """

    def __init__(
        self,
        address: str,
        environ: Mapping[str, str] = os.environ,
        *,
        timeout: float = CALL_TIMEOUT,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self.timeout = timeout
        self.patience = patience
        self._environ = environ
        self._clock = clock
        self._outage = Outage(clock, patience)
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._stub: Any = None
        self._failed_call: type[grpc.RpcError]  # known once gRPC is loaded
        self._metadata: tuple[tuple[str, str], ...] | None = None
        self._problem: Unreachable | None = None
        self._unusable: Misconfigured | None = None

    def ready(self) -> Any:
        """Load gRPC and open the channel, once: done before an interval begins, so that its cost is not measured.

        Raises Misconfigured.
        """
        if self._stub is not None:
            return self._stub
        with self._lock:
            if self._unusable is not None:
                raise self._unusable
            if self._stub is None:
                self._open()
        return self._stub

    def call(self, method: str, request: Any, *, timeout: float | None = None, insist: bool = False) -> Any:
        """One unary call; all of the service's are harmless to repeat.

        Fails at once while the exporter is known to be down, unless `insist`: then the rest of this outage's
        patience is spent on waiting for it. Raises Unreachable, Refused or Misconfigured.
        """
        stub = self._stub or self.ready()
        timeout = self.timeout if timeout is None else timeout
        if insist:
            return self._insist(getattr(stub, method), request, timeout)
        if self._problem is not None and self._outage.paused:
            raise self._told_problem()
        # One repeat at once: a restarted exporter leaves a connection that is only found dead by using it.
        attempts = 2 if self._problem is None else 1
        while True:
            attempts -= 1
            started = self._clock()
            try:
                return self._answer(getattr(stub, method), request, timeout, wait=False)
            except Unreachable:
                cost = self._clock() - started
                if attempts and cost < timeout:
                    continue
                self._outage.failed(cost)
                raise

    def stream(self, method: str, request: Any, *, timeout: float | None = None) -> Iterator[Any]:
        """The messages of a server stream. Raises as `call` does, also in the middle."""
        import grpc

        stub = self.ready()
        call = getattr(stub, method)(request, timeout=timeout, metadata=self._metadata, wait_for_ready=False)
        try:
            yield from call
        except grpc.RpcError as error:
            raise failure_of(error, self.address, timeout) from None
        finally:
            call.cancel()

    def close(self) -> None:
        """Close the channel; a later call opens it again."""
        with self._lock:
            channel, self._channel, self._stub = self._channel, None, None
        if channel is not None:
            channel.close()

    def forked(self) -> None:
        """Start anew in a child process, leaving the parent's channel alone: closing it here could hang."""
        if self._channel is not None:
            _left_behind.append(self._channel)
            if self._environ.get("GRPC_ENABLE_FORK_SUPPORT", "1").lower() in {"0", "false", "no"}:
                # gRPC's threads did not survive the fork and every call would hang, whatever its timeout.
                self._unusable = Misconfigured(
                    "gRPC cannot be used in a forked process here",
                    "unset GRPC_ENABLE_FORK_SUPPORT=0, or start workers with the spawn method",
                )
        self._lock = threading.Lock()
        self._outage = Outage(self._clock, self.patience)
        self._channel = self._stub = self._problem = None

    def _open(self) -> None:
        import grpc

        from joulecast.client.channel import open_channel
        from joulecast.client.credentials import credentials_from
        from joulecast.v1.energy_pb2_grpc import EnergyServiceStub

        address = parse_address(self.address)
        credentials = credentials_from(self._environ, address)
        if credentials.token is not None:
            self._metadata = (("authorization", f"Bearer {credentials.token}"),)
        self._failed_call = grpc.RpcError
        self._channel = open_channel(address, credentials)
        self._stub = EnergyServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def _insist(self, method: Any, request: Any, timeout: float) -> Any:
        deadline = self._clock() + timeout
        while True:
            started = self._clock()
            left = min(self._outage.patience, deadline - started)
            if left <= 0:
                raise self._told_problem()
            try:
                return self._answer(method, request, left, wait=True)
            except Unreachable:
                # Something may accept and hang up at once while it starts: do not hammer it.
                time.sleep(min(left, 0.02))
                self._outage.failed(self._clock() - started, waited=True)

    def _answer(self, method: Any, request: Any, timeout: float, *, wait: bool) -> Any:
        try:
            # Not False: gRPC takes longer over what it is told than over its own default.
            answer = method(request, timeout=timeout, metadata=self._metadata, wait_for_ready=wait or None)
        except self._failed_call as error:
            failure = failure_of(error, self.address, timeout)
            self._problem = failure if isinstance(failure, Unreachable) else None
            if isinstance(failure, Refused):
                self._outage.over()
            raise failure from None
        if self._problem is not None:
            self._problem = None
            self._outage.over()
        return answer

    def _told_problem(self) -> Unreachable:
        problem = self._problem or Unreachable(f"no exporter answers at {self.address}")
        return Unreachable(problem.problem, problem.remedy)


def connect(address: str | None = None) -> Connection:
    """The connection to the exporter at `address`, checked for what can be checked without calling it.

    Defaults to JOULECAST_ADDRESS, else this machine's exporter. Raises Misconfigured.
    """
    connection = shared_connection(address)
    connection.ready()
    return connection


def shared_connection(address: str | Connection | None = None) -> Connection:
    """The one connection this process has to that address, not opened yet."""
    if isinstance(address, Connection):
        return address
    text = chosen_address(address, os.environ)
    connection = _connections.get(text)
    if connection is None:
        connection = _connections.setdefault(text, Connection(text))
    return connection


def _start_anew_after_fork() -> None:
    for connection in _connections.values():
        connection.forked()


_connections: dict[str, Connection] = {}
_left_behind: list[Any] = []
os.register_at_fork(after_in_child=_start_anew_after_fork)

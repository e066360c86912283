"""Bracketing work: as a with-block, a decorator, or an explicit begin and end."""

import asyncio
import functools
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Any, TypeVar, cast

from joulecast.client.caller import NODE, asks_for_container
from joulecast.client.connection import Connection, shared_connection
from joulecast.client.energy import Energy
from joulecast.client.scope import gpus_of
from joulecast.client.span import Span
from joulecast.client.tag import Tag, tag_of

DEFAULT_LEASE = 60.0
SHORTEST_LEASE = 1.0
LONGEST_LEASE = 30 * 86_400.0

Function = TypeVar("Function", bound=Callable[..., Any])


class Interval:
    """A kind of work to bracket. One object may serve many times, nested, and from many threads and tasks."""

    def __init__(
        self,
        tag: Tag,
        connection: Connection,
        *,
        lease: float = DEFAULT_LEASE,
        sync: Callable[[], object] | None = None,
        strict: bool = False,
    ) -> None:
        self.tag = tag
        self._connection = connection
        self._lease = lease
        self._sync = sync
        self._strict = strict
        self._entered: dict[int, list[Energy]] = {}

    def begin(self) -> Energy:
        """Begin now; `end()` of what it returns ends it. Whoever never calls it leaves it to the process's exit."""
        return _announced(self.tag, self._connection, self._lease, self._sync, strict=self._strict)

    def __enter__(self) -> Energy:
        return self._enter(self.begin())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        energy = self._leave()
        # The workload's own exception is the one to be seen.
        with suppress(Exception) if kind is not None else nullcontext():
            energy.end()

    async def __aenter__(self) -> Energy:
        span = _begun(self.tag, self._connection, self._lease, self._sync, strict=self._strict)
        try:
            await asyncio.to_thread(span.announce)
        except BaseException:
            # Cancelled meanwhile: neither the body nor __aexit__ will run, so the keeper is left a finished interval.
            span.mark_end()
            raise
        return self._enter(Energy(span, sync=self._sync, strict=self._strict))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        energy = self._leave()
        with suppress(Exception) if kind is not None else nullcontext():
            try:
                energy.stop()
            finally:
                await asyncio.to_thread(energy.end)

    def __call__(self, function: Function) -> Function:
        """Decorate a function or coroutine function: every call is an interval of its own."""
        import inspect

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__qualname__} is a generator, which pauses between its values: "
                f"put `with joulecast.interval({self.tag.name!r}):` around the work inside it"
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def bracketed(*args: Any, **kwargs: Any) -> Any:
                async with self:
                    return await function(*args, **kwargs)
        else:

            @functools.wraps(function)
            def bracketed(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return function(*args, **kwargs)

        return cast("Function", bracketed)

    def _enter(self, energy: Energy) -> Energy:
        self._entered.setdefault(_strand(), []).append(energy)
        return energy

    def _leave(self) -> Energy:
        strand = _strand()
        if strand not in self._entered:
            # An async generator may be closed by another task than the one that started it.
            strand = next(iter(self._entered))
        stack = self._entered[strand]
        energy = stack.pop()
        if not stack:
            del self._entered[strand]
        return energy


def interval(
    name: str,
    *,
    phase: str | None = None,
    job: str | None = None,
    gpus: str | int | Iterable[str | int] | None = None,
    scope: str = NODE,
    lease: float = DEFAULT_LEASE,
    sync: Callable[[], object] | None = None,
    strict: bool = False,
    address: str | Connection | None = None,
    **labels: object,
) -> Interval:
    """Bracket work called `name`: `with joulecast.interval("train", phase="training", epoch=3) as energy: ...`.

    Also `async with`, a decorator for functions and coroutine functions, and `.begin()`.

    phase: one of `joulecast.Phase`, or free text. job: the series it is summed under.
    gpus: indices or UUIDs it pays for, "all" or "none"; by default what CUDA_VISIBLE_DEVICES shows this process.
    scope: "container" asks, beside the node's energy, for the share of the container, systemd service or SLURM job that
    this process runs in: it is in `energy.container`.
    lease: seconds of silence (a killed process) after which it is closed as truncated; renewed in the background.
    sync: called before both timestamps, so that queued device work falls inside: `sync=torch.cuda.synchronize`.
    strict: raise when the exporter cannot be reached, instead of warning once and measuring nothing.
    address: of the exporter, by default JOULECAST_ADDRESS or this machine's. Everything else becomes a label.
    """
    if callable(name):
        raise TypeError('write the decorator with a name: @joulecast.interval("train")')
    container = asks_for_container(scope, strict=strict)
    used = gpus_of(gpus, os.environ)
    tag = tag_of(name, job=job, phase=phase, labels=labels, gpus=used, container=container, strict=strict)
    return Interval(tag, shared_connection(address), lease=lease, sync=sync, strict=strict)


def begin(
    name: str,
    *,
    phase: str | None = None,
    job: str | None = None,
    gpus: str | int | Iterable[str | int] | None = None,
    scope: str = NODE,
    lease: float = DEFAULT_LEASE,
    sync: Callable[[], object] | None = None,
    strict: bool = False,
    address: str | Connection | None = None,
    **labels: object,
) -> Energy:
    """Begin an interval here and end it elsewhere: `energy = joulecast.begin("train"); ...; energy.end()`.

    Takes what `joulecast.interval` takes.
    """
    container = asks_for_container(scope, strict=strict)
    used = gpus_of(gpus, os.environ)
    tag = tag_of(name, job=job, phase=phase, labels=labels, gpus=used, container=container, strict=strict)
    return _announced(tag, shared_connection(address), lease, sync, strict=strict)


def _begun(tag: Tag, connection: Connection, lease: float, sync: Callable[[], object] | None, *, strict: bool) -> Span:
    """A span whose begin is marked, and which the exporter has not heard of yet."""
    if not SHORTEST_LEASE <= lease <= LONGEST_LEASE:
        lease = min(LONGEST_LEASE, max(SHORTEST_LEASE, lease))
    span = Span(connection, tag, lease=lease, strict=strict)
    span.prepare()
    if sync is not None:
        sync()
    span.mark_begin()
    return span


def _announced(
    tag: Tag, connection: Connection, lease: float, sync: Callable[[], object] | None, *, strict: bool
) -> Energy:
    """An interval that has begun, and the exporter was told."""
    span = _begun(tag, connection, lease, sync, strict=strict)
    span.announce()
    return Energy(span, sync=sync, strict=strict)


def _strand() -> int:
    """Which thread, or which task of an event loop, is running: the blocks of one strand nest, those of two do not."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return threading.get_ident()
    return threading.get_ident() if task is None else id(task)

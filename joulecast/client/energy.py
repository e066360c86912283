"""What a workload holds while it works, and reads its joules from afterwards."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from joulecast.client.readable import seconds_text
from joulecast.client.result import ContainerJoules, DeviceJoules, Joules, Result, Usage
from joulecast.client.span import Span
from joulecast.client.tag import counts_within_limits
from joulecast.footprint.footprint import Footprint
from joulecast.provenance import Provenance


class Energy:
    """The energy of one interval.

    Everything is None while it is not known. Reading an attribute of an ended interval fetches the result once,
    waiting the fraction of a second until the last samples are in; while the interval is open, each read asks for
    the energy so far. In a coroutine, `await energy.settled()` first: attributes then answer at once.
    """

    def __init__(self, span: Span, *, sync: Callable[[], object] | None = None, strict: bool = False) -> None:
        self._span = span
        self._sync = sync
        self._strict = strict

    def count(self, **counts: float) -> None:
        """Add what the work produced: `energy.count(sample=len(batch))`. Stored with the interval when it ends."""
        sums = self._span.counts
        for what, number in counts_within_limits(counts, strict=self._strict).items():
            sums[what] = sums.get(what, 0.0) + number

    def end(self, counts: Mapping[str, float] | None = None) -> Self:
        """End the interval, adding `counts`. A second end, or one in a forked child, does nothing."""
        if counts:
            self.count(**counts)
        try:
            self.stop()
        finally:
            self._span.conclude()
        return self

    def stop(self) -> None:
        """Mark the end, once the devices are done (`sync`), and leave it to `end` to tell the exporter."""
        try:
            if self._sync is not None and not self._span.ended:
                self._sync()
        finally:
            self._span.mark_end()

    def result(self) -> Result:
        """Everything that is known, as one consistent and immutable value."""
        return self._span.result()

    async def settled(self) -> Self:
        """Wait for the result without holding up the event loop."""
        await asyncio.to_thread(self._span.result)
        return self

    def joules_per(self, what: str, count: float | None = None, *, net: bool = False) -> float | None:
        """Joules per `what` ("sample", "token"): for `count` of them, or for those counted so far.

        Gross, or net of idle. None if the energy is not known, or none were counted.
        """
        return self.result().joules_per(what, self._span.counts.get(what) if count is None else count, net=net)

    @property
    def joules(self) -> float | None:
        """Gross joules."""
        return self.gross_joules

    @property
    def gross_joules(self) -> float | None:
        """Energy of the node's CPUs, DRAM and the GPUs in scope, over the interval."""
        return self.result().energy.gross_joules

    @property
    def idle_joules(self) -> float | None:
        """What the same hardware would have used idle; None until a baseline is known."""
        return self.result().energy.idle_joules

    @property
    def net_joules(self) -> float | None:
        """Gross minus idle; may be negative."""
        return self.result().energy.net_joules

    @property
    def uncertainty_joules(self) -> float | None:
        """Half-width of the sampling error."""
        return self.result().energy.uncertainty_joules

    @property
    def calibration_uncertainty_joules(self) -> float | None:
        """Half-width of what repeats in every interval: sensor gain, model error."""
        return self.result().energy.calibration_uncertainty_joules

    @property
    def footprint(self) -> Footprint:
        """What the gross joules come to in carbon and money, with the rates and the error bars it was made with."""
        return self.result().footprint

    @property
    def grams_co2e(self) -> float | None:
        """Grams of CO2-equivalents of the gross joules; None unless the exporter knows a carbon intensity."""
        return self.result().footprint.grams_co2e

    @property
    def cost(self) -> float | None:
        """Money for the gross joules, in `footprint.currency`; None unless the exporter knows a price."""
        return self.result().footprint.cost

    @property
    def coverage(self) -> float | None:
        """Share of the interval that was really observed, 0 to 1."""
        return self.result().energy.coverage

    @property
    def provenance(self) -> Provenance | None:
        """How the weakest part of the sum was obtained."""
        return self.result().energy.provenance

    @property
    def components(self) -> Mapping[str, Joules]:
        """Energy by component: "cpu", "dram", "gpu", "platform"."""
        return self.result().components

    @property
    def container(self) -> ContainerJoules | None:
        """What of it was this process's own container's; None unless `scope="container"` asked for it."""
        return self.result().container

    @property
    def devices(self) -> Sequence[DeviceJoules]:
        """Energy by device."""
        return self.result().devices

    @property
    def usage(self) -> Usage:
        """Mean utilisation over the interval."""
        return self.result().usage

    @property
    def notes(self) -> Sequence[str]:
        """What a reader of the numbers should know."""
        return self.result().notes

    @property
    def duration_seconds(self) -> float | None:
        """By this process's monotonic clock: known whether or not the energy is."""
        return self._span.duration

    @property
    def interval_id(self) -> str | None:
        """The exporter's id, for `joulecast intervals show`; None if it was never reached."""
        return self._span.interval_id

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._span.tag.name

    def __str__(self) -> str:
        return str(self.result())

    def __repr__(self) -> str:
        # Debuggers and loggers print what they like: only `str` may ask the exporter and wait.
        latest = self._span.latest
        if latest is not None and latest.final:
            return f"<Energy {self.name!r}: {latest}>"
        state = "ended, not read yet" if self._span.ended else "open"
        return f"<Energy {self.name!r}: {state}, {seconds_text(self._span.duration)}>"

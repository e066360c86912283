"""After a restart: what to do with intervals that an earlier run left open."""

from exporter.intervals.accountant import Accountant, Live
from exporter.intervals.charged_before import unpack_charged
from exporter.intervals.edges import Edges, unpack_edges
from exporter.intervals.interval import Interval, Status
from exporter.intervals.ledger import Ledger


def revive(ledger: Ledger, interval: Interval) -> Live:
    """A stored interval as it was in the book, with the begin edge kept for it."""
    if interval.status is Status.OPEN and interval.end is not None:
        interval.status = Status.SETTLING  # the death came between the two
    interval.account = None  # made anew from the same curves
    packed = ledger.edges(interval.interval_id)
    if not packed:
        return Live(interval)
    charged = packed.get("charged")
    return Live(interval, unpack_edges(packed), charged_before=unpack_charged(charged) if charged else None)


def close_over_reboot(live: Live, last_known: Edges, accountant: Accountant) -> None:
    """The machine restarted: what the last checkpoint of that boot knew is all there will be."""
    interval = live.interval
    if interval.end is None:
        interval.notes.append("the machine restarted: energy up to the last checkpoint before that")
        seen = max((edge.time for edge in last_known.values()), default=interval.begin)
        interval.end = max(interval.begin, seen)
        interval.end_wall = interval.begin_wall + (interval.end - interval.begin)
    interval.status = Status.TRUNCATED
    interval.account = accountant.over_reboot(live, last_known)

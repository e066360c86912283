"""A node for the HTTP door to show: everything its pages are made from, for a test to change."""

from dataclasses import dataclass, field

from doubles.snapshots import full_snapshot, some_figures

from exporter.intervals.figures import IntervalFigures
from exporter.intervals.interval import Interval
from exporter.metering.snapshot import Snapshot
from exporter.metrics.site import Site
from exporter.metrics.status_page import About
from joulecast.serving.address import TcpAddress

ANY_PORT = TcpAddress("127.0.0.1", 0)
NOW = 1_760_000_003.0  # two seconds after the snapshots of `doubles.snapshots`


@dataclass
class Node:
    """A test assigns to these as the exporter would, and the next request sees it."""

    snapshot: Snapshot = field(default_factory=full_snapshot)
    figures: IntervalFigures = field(default_factory=some_figures)
    intervals: list[Interval] = field(default_factory=list)
    trouble: str | None = None
    about: About = field(default_factory=About)

    def site(self) -> Site:
        """The pages over whatever this node holds at the time of the request."""
        return Site(
            latest=lambda: self.snapshot,
            figures=lambda: self.figures,
            open_intervals=lambda: self.intervals,
            healthy=lambda: self.trouble,
            about=self.about,
            wall=lambda: NOW,
        )

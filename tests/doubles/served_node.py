"""A node for the HTTP door to show: everything its pages are made from, for a test to change."""

from dataclasses import dataclass, field

from doubles.snapshots import full_snapshot, some_figures

from exporter.intervals.figures import IntervalFigures
from exporter.metering.snapshot import Snapshot
from exporter.metrics.page.history import Step
from exporter.metrics.page.view import About, Sight
from exporter.metrics.site import Site
from joulecast.serving.address import TcpAddress

ANY_PORT = TcpAddress("127.0.0.1", 0)
NOW = 1_760_000_003.0  # two seconds after the snapshots of `doubles.snapshots`


@dataclass
class Node:
    """A test assigns to these as the exporter would, and the next request sees it."""

    snapshot: Snapshot = field(default_factory=full_snapshot)
    figures: IntervalFigures = field(default_factory=some_figures)
    intervals: Sight = field(default_factory=Sight)
    history: list[Step] = field(default_factory=list)
    trouble: str | None = None
    about: About = field(default_factory=About)

    def site(self) -> Site:
        """The pages over whatever this node holds at the time of the request."""
        return Site(
            latest=lambda: self.snapshot,
            figures=lambda: self.figures,
            intervals=lambda: self.intervals,
            history=lambda: self.history,
            healthy=lambda: self.trouble,
            about=self.about,
            wall=lambda: NOW,
        )

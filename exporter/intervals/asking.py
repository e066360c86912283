"""Intervals that ask for their container's share: when it is looked for, watched, and watched no more."""

from collections.abc import Sequence

from exporter.intervals.accountant import Live
from exporter.intervals.container_watch import Asked, ContainerWatch
from exporter.intervals.interval import Status
from exporter.usage.evidence import Caller, CgroupIdentity

# Who is not known at once may have begun a moment ago; after so many periods it is nobody.
ATTEMPTS = 10
KEPT_EVERY_SECONDS = 30.0


def look_for(containers: ContainerWatch | None, caller: Caller) -> CgroupIdentity | None:
    """Whose container that is, as far as it is known now."""
    return None if containers is None else containers.find(caller)


def ask(containers: ContainerWatch | None, live: Live, *, has_restarted: bool = False) -> None:
    """Watch the container of this interval from now on, if it is known which one that is."""
    if live.asked is None:
        live.asked = Asked(live.interval.container, has_restarted=has_restarted)
        before = live.charged_before
        if before is not None and containers is not None and before.run != containers.run:
            live.asked.before = before
    if containers is not None:
        containers.hold(live.asked)


def ask_again(containers: ContainerWatch | None, lives: Sequence[Live], now: float) -> None:
    """Once per period: containers that have just begun may be known by now."""
    if containers is None:
        return
    containers.tick(now)
    for live in lives:
        asked, caller = live.asked, live.interval.tag.caller
        if asked is None or asked.identity is not None or caller is None or asked.attempts >= ATTEMPTS:
            continue
        asked.attempts += 1
        asked.identity = containers.find(caller)
        if asked.identity is not None:
            live.interval.container = asked.identity
            live.stored = False  # without it a restart would have to look again
            containers.hold(asked)


def due_to_keep(lives: Sequence[Live], now: float) -> list[Live]:
    """Open intervals of which a restart would cost more of their share than it should."""
    due = []
    for live in lives:
        asked = live.asked
        if asked is None or asked.begin is None or live.begin_edges is None or live.interval.status is not Status.OPEN:
            continue
        if now - asked.kept_at >= KEPT_EVERY_SECONDS:
            asked.kept_at = now
            due.append(live)
    return due


def let_go(containers: ContainerWatch | None, live: Live, now: float) -> None:
    """The account of this interval is made."""
    if live.asked is not None and containers is not None:
        containers.let_go(live.asked, now)

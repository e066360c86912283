"""An interval's share of its own container: what it is, how sure, and what is said where it is not known."""

import math

import pytest
from doubles.attributed_machine import CPUS
from doubles.measured_node import BOOT
from doubles.shared_node import SharedNode
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.intervals.asking import KEPT_EVERY_SECONDS
from exporter.intervals.book import BackDated
from exporter.intervals.container_watch import KEPT_SECONDS, MOST_KEPT, MOST_LOOKED_FOR, MOST_WATCHED
from exporter.intervals.interval import Account, ContainerShare, Interval, Status, Tag
from exporter.usage.evidence import Caller, GpuProcess, GpuUse, SeenCgroup
from exporter.usage.manager import Manager
from joulecast.clock import Moment
from joulecast.component import Component

CPU, GPU = Component.CPU, Component.GPU


def share_of(account: Account | None) -> ContainerShare:
    """The share in an account that has one."""
    assert account is not None
    assert account.container is not None
    return account.container


@pytest.fixture
def node() -> SharedNode:
    """80 W, of which one container uses three CPUs of eight and another one."""
    node = SharedNode(80.0)
    node.use(large=3.0, small=1.0)
    node.run_for(3.0)
    return node


def test_a_share_is_the_part_of_the_machine_that_was_used(node: SharedNode) -> None:
    """Three of eight CPUs, and then none, over five seconds each: three eighths of the first half's joules."""
    large, small = node.begin("large"), node.begin("small")
    node.run_for(5.0)
    node.use(small=1.0)
    node.run_for(5.0)
    account, other = node.end_together(large, small)
    share = share_of(account)

    assert account.node.gross_joules == pytest.approx(800.0, rel=1e-3)
    assert share.gross_joules == pytest.approx(80.0 * 5.0 * 3.0 / CPUS, rel=1e-2)
    assert share_of(other).gross_joules == pytest.approx(80.0 * 10.0 / CPUS, rel=1e-2)
    assert share.coverage == pytest.approx(1.0)
    assert share.components[CPU].methods == ("cpu_time",)
    assert not share.notes


def test_half_widths_hold_the_truth(node: SharedNode) -> None:
    """A container that works only outside of its interval is charged for parts of two steps, within what is said."""
    node.run_for(0.3)
    node.use(small=1.0)
    interval = node.begin("large")
    node.run_for(2.4)
    share = share_of(node.end(interval))

    assert share.gross_joules is not None
    assert 0.0 <= share.gross_joules <= share.uncertainty_joules
    assert share.calibration_uncertainty_joules == 0.0


def test_nobody_else_waits_for_attribution(node: SharedNode) -> None:
    """An interval that does not ask settles with the curves, has no share, and watches nobody."""
    interval = node.node.begin("unscoped")
    node.run_for(2.0)
    account = node.end(interval)

    assert account.container is None
    assert node.node.book.settles_in(interval) == 0.0
    assert not node.attribution.watched.identities()


def test_the_name_is_the_one_known_at_the_end(node: SharedNode) -> None:
    """A pod is called by its UID until a kubelet names it, and an interval by the name it has at its end."""
    unmapped, named = node.begin("small"), node.begin("large")
    node.run_for(2.0)
    node.name("large")
    first, second = (share_of(account).workload for account in node.end_together(unmapped, named))

    assert first is not None
    assert (first.manager, first.pod, first.container) == (Manager.KUBERNETES, "uid-small", f"{101:064x}"[:12])
    assert second is not None
    assert (second.namespace, second.pod, second.container) == ("default", "large", "main")


def test_nested_intervals_share_one_watch(node: SharedNode) -> None:
    """The inner ends first and takes nothing from the outer; after a while nobody is watched any more."""
    outer = node.begin("large")
    node.run_for(2.2)
    inner = node.begin("large")
    node.run_for(3.1)
    within = share_of(node.end(inner)).gross_joules
    node.run_for(2.7)
    around = share_of(node.end(outer)).gross_joules

    assert within is not None
    assert around is not None
    assert around > 2 * within
    assert len(node.attribution.watched.identities()) == 1
    node.run_for(KEPT_SECONDS + 2.0)
    assert not node.attribution.watched.identities()


def test_shares_of_consecutive_intervals_add_up(node: SharedNode) -> None:
    """What is used at the moment where one ends and the next begins is charged in one of them, whatever the step."""
    whole, first = node.begin("large"), node.begin("large")
    node.run_for(1.7)
    node.use(small=1.0)
    node.node.book.end(interval_id=first.interval_id)
    second = node.begin("large")
    node.run_for(0.8)
    node.use(large=2.0)
    node.run_for(2.1)
    around, rest = node.end_together(whole, second)
    parts = [share_of(each).gross_joules for each in (first.account, rest)]

    assert None not in parts
    assert math.fsum(part or 0.0 for part in parts) == pytest.approx(share_of(around).gross_joules, rel=1e-9)


def test_a_truncated_interval_has_the_share_up_to_its_end(node: SharedNode) -> None:
    """Its workload fell silent, so its energy and its share end where it was last heard."""
    interval = node.begin("large")
    interval.lease_seconds = 3.0
    node.run_for(10.0)

    assert interval.status is Status.TRUNCATED
    assert share_of(interval.account).gross_joules == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("lease", "seconds"), [(3.0, 8.0), (50.0, 90.0)])
def test_what_ends_after_all_has_the_share_of_its_whole_length(node: SharedNode, lease: float, seconds: float) -> None:
    """Truncated and then ended by its workload, it is charged as if it had never been given up, and nothing twice."""
    interval = node.begin("large")
    node.run_for(0.6 * seconds)
    interval.last_heard = interval.begin + 0.5 * seconds
    interval.lease_seconds = lease - 0.5 * seconds if lease > 0.5 * seconds else 0.1
    node.run_for(0.4 * seconds)
    assert interval.status is Status.TRUNCATED
    account = node.end(interval)

    assert share_of(account).gross_joules == pytest.approx(80.0 * seconds * 3.0 / CPUS, rel=1e-2)
    assert share_of(account).coverage == pytest.approx(1.0)


def test_an_open_interval_tells_its_share_so_far(node: SharedNode) -> None:
    """While it is open its share grows with its energy, and says how much of it is seen."""
    interval = node.begin("large")
    node.run_for(4.5)
    share = share_of(node.node.book.get(interval_id=interval.interval_id).account)

    assert share.gross_joules == pytest.approx(80.0 * 4.0 * 3.0 / CPUS, rel=0.05)
    assert 0.7 < share.coverage < 1.0


def test_over_restarts_of_which_it_was_told_little_is_missing(node: SharedNode) -> None:
    """Stopped twice and started again, it lacks the time it was away and the first step of each life, no more."""
    node.use(large=float(CPUS))
    interval = node.begin("large")
    for _ in range(2):
        node.run_for(10.3)
        node.restart(away=1.0, gently=True)
    node.run_for(10.4)
    account = node.end(interval)
    share = share_of(account)

    assert account.node.gross_joules is not None
    assert 0.8 < share.coverage < 0.95
    assert share.gross_joules == pytest.approx(account.node.gross_joules * share.coverage, rel=0.03)
    assert any("restart" in note for note in share.notes)


def test_after_a_kill_what_was_kept_is_told(node: SharedNode) -> None:
    """Every half a minute what was charged is kept: a kill costs no more than that."""
    interval = node.begin("large")
    node.run_for(65.0)
    node.restart()
    node.run_for(5.0)
    share = share_of(node.end(interval))

    assert share.coverage > (70.0 - KEPT_EVERY_SECONDS - 6.0) / 70.0
    assert share.gross_joules == pytest.approx(80.0 * 70.0 * 3.0 / CPUS * share.coverage, rel=0.03)


def test_an_end_before_what_was_kept_has_no_share(node: SharedNode) -> None:
    """Told after a restart of an end before it, nobody knows any more what of the kept joules came before that end."""
    interval = node.begin("large")
    node.run_for(40.0)
    node.restart(gently=True)
    now, wall = node.clock.monotonic(), node.clock.wall()
    node.run_for(3.0)
    ended = node.node.book.end(interval_id=interval.interval_id, at=Moment(wall - 10.0, now - 10.0, BOOT))

    assert share_of(node.node.settled(ended)).gross_joules is None


def test_over_a_kill_only_what_was_seen_is_told(node: SharedNode) -> None:
    """The identity survives in the store; what was used before the restart is missing, and that is said."""
    interval = node.begin("large")
    node.run_for(6.0)
    node.restart(away=1.0)
    node.run_for(7.0)
    account = node.end(node.node.book.get(interval_id=interval.interval_id))
    share = share_of(account)

    assert share.workload is not None
    assert share.workload.pod == "uid-large"
    assert 0.3 < share.coverage < 0.6
    assert share.gross_joules == pytest.approx(account.node.gross_joules * 3.0 / CPUS * share.coverage, rel=0.05)
    assert any("restart" in note for note in share.notes)


def test_a_restart_of_the_machine_leaves_no_share(node: SharedNode) -> None:
    """Energy ends at the last checkpoint of that boot; the share is unknown, and says why."""
    interval = node.begin("large")
    node.run_for(4.0)
    node.restart(boot_id="boot-2")
    share = node.ledger.find(interval_id=interval.interval_id)

    assert share is not None
    assert share_of(share.account).gross_joules is None
    assert "the machine restarted" in share_of(share.account).notes[0]


@pytest.mark.parametrize(
    ("caller", "note"),
    [
        (Caller(BOOT, (SeenCgroup(2, "/init.scope", 4711),)), "no workload is known"),
        (Caller(BOOT, ()), "in no cgroup"),
        (Caller("another-boot", (SeenCgroup(2, "/", 100),)), "another kernel"),
        (Caller("", (SeenCgroup(2, "/", 100),)), "another kernel"),
    ],
    ids=["unknown", "nowhere", "elsewhere", "no boot"],
)
def test_a_caller_that_is_nobody_has_no_share(node: SharedNode, caller: Caller, note: str) -> None:
    """Its energy is the node's as ever, the share is unknown and not zero, and its note says why."""
    interval = node.begin("large", caller=caller)
    node.run_for(2.0)
    account = node.end(interval)
    share = share_of(account)

    assert account.node.gross_joules == pytest.approx(160.0, rel=1e-2)
    assert (share.workload, share.gross_joules, share.coverage) == (None, None, 0.0)
    assert note in share.notes[0]


def test_a_container_that_has_just_begun_is_found_a_period_later(node: SharedNode) -> None:
    """Its first moments are missing from its share, which says so."""
    interval = node.begin("large", caller=Caller(BOOT, (SeenCgroup(2, "/", 102),)))
    node.run_for(1.5)
    node.use(late=2.0)
    node.run_for(8.5)
    share = share_of(node.end(interval))

    assert share.workload is not None
    assert share.workload.pod == "uid-late"
    assert 0.6 < share.coverage < 0.99
    assert "its first" in share.notes[-1]


def test_without_evidence_there_is_no_share(node: SharedNode) -> None:
    """Where cgroups cannot be read for the whole of it, a share is unknown and the energy is not."""
    node.cpu.is_blind = True
    node.run_for(8.0)
    interval = node.begin("large")
    node.run_for(3.0)
    account = node.end(interval)

    assert share_of(account).gross_joules is None
    assert share_of(account).components[CPU].gross_joules is None
    assert account.node.gross_joules == pytest.approx(240.0, rel=1e-2)


def test_a_failing_attribution_holds_nobody_up() -> None:
    """If steps of attribution stop, the interval is final a few seconds after its end, and its share is not known."""
    node = SharedNode(80.0)
    node.use(large=3.0)
    node.node._attribute = None
    interval = node.begin("large")
    node.run_for(3.0)
    node.node.book.end(interval_id=interval.interval_id)
    node.run_for(6.0)

    assert interval.status is Status.FINISHED
    assert share_of(interval.account).gross_joules is None


def test_gpus_outside_the_scope_are_in_no_share() -> None:
    """A container that used a GPU is told of it, unless its interval does not pay for that GPU."""
    node = SharedNode(80.0, gpu_watts=200.0)
    node.use(large=2.0)
    node.cpu.pids[7] = "large"
    node.gpus.uses = [GpuUse("GPU-0", [GpuProcess(7, 0.5)], utilization=0.5)]
    node.run_for(3.0)
    everything, nothing = node.begin("large"), node.begin("large", gpus=())
    node.run_for(5.0)
    with_gpu, without = (share_of(account) for account in node.end_together(everything, nothing))

    assert with_gpu.components[GPU].gross_joules == pytest.approx(200.0 * 0.5 * 5.0, rel=0.02)
    assert with_gpu.components[GPU].methods == ("process_utilization",)
    assert GPU not in without.components
    assert without.gross_joules == with_gpu.components[CPU].gross_joules


def test_a_gpu_of_which_nobody_tells_is_not_zero() -> None:
    """A GPU in use whose driver shows no process is in no share, and the share says so."""
    node = SharedNode(80.0, gpu_watts=200.0)
    node.use(large=2.0)
    node.gpus.uses = [GpuUse("GPU-0", (), utilization=0.5)]
    node.run_for(8.0)
    interval = node.begin("large")
    node.run_for(5.0)
    share = share_of(node.end(interval))

    assert share.components[GPU].gross_joules is None
    assert share.gross_joules == share.components[CPU].gross_joules
    assert "gpu GPU-0" in share.notes[0]


def row(node: SharedNode, name: str, begin: float, end: float) -> BackDated:
    """An interval of that container which began and ended so many seconds ago."""
    now = node.clock.monotonic()
    wall = node.clock.wall()
    edges = [Moment(wall - ago, now - ago, BOOT) for ago in (begin, end)]
    return BackDated(Tag("", caller=node.caller(name)), edges[0], edges[1], {})


def recorded(node: SharedNode, one: BackDated) -> Interval:
    """That interval, entered."""
    (interval,) = node.node.book.record([one])
    assert isinstance(interval, Interval)
    return interval


def test_what_was_over_before_anybody_watched_has_no_share(node: SharedNode) -> None:
    """The first back-dated interval of a container comes too late for its share."""
    node.run_for(5.0)
    interval = recorded(node, row(node, "large", 4.0, 1.5))
    node.run_for(4.0)
    share = share_of(interval.account)

    assert share.gross_joules is None
    assert "not watched then" in share.notes[0]


def test_a_container_that_asked_once_is_watched_for_what_is_told_later(node: SharedNode) -> None:
    """Rows of a batch have their shares as long as their container was heard of before they began."""
    recorded(node, row(node, "large", 1.0, 0.5))
    node.run_for(10.0)
    interval = recorded(node, row(node, "large", 6.0, 3.0))
    node.run_for(4.0)

    assert share_of(interval.account).gross_joules == pytest.approx(80.0 * 3.0 * 3.0 / CPUS, rel=1e-2)
    assert share_of(interval.account).coverage == pytest.approx(1.0)


def test_no_caller_makes_it_watch_everybody(node: SharedNode) -> None:
    """However many containers are asked for, only so many are looked for, watched and kept."""
    for number in range(MOST_LOOKED_FOR * 2):
        node.container(f"c{number}")
    intervals = [node.begin(f"c{number}") for number in range(MOST_LOOKED_FOR * 2)]
    assert sum(interval.container is not None for interval in intervals) == MOST_LOOKED_FOR
    node.run_for(1.1)
    assert len(node.attribution.watched.identities()) == 2 * MOST_LOOKED_FOR <= MOST_WATCHED
    for interval in intervals:
        node.node.book.end(interval_id=interval.interval_id)
    node.run_for(5.0)

    assert {interval.status for interval in intervals} == {Status.FINISHED}
    assert len(node.attribution.watched.identities()) == MOST_KEPT


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.floats(0.02, 3.0),  # seconds
            st.floats(0.0, 200.0),  # watts
            st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3),  # what each container uses to what the others do
            st.sampled_from(
                [1.0, 1.0, 0.5]
            ),  # how busy CPUs and GPU are, the latter with one container after the other
        ),
        min_size=2,
        max_size=12,
    ),
    windows=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=6),
)
def test_shares_never_exceed_the_machine(
    steps: list[tuple[float, float, list[float], float]], windows: list[tuple[int, int]]
) -> None:
    """Whatever three containers do, their shares of any window are together no more than the node used in it."""
    node = SharedNode(80.0, gpu_watts=50.0)
    names = ("a", "b", "c")
    node.cpu.pids.update(enumerate(names))
    node.use(a=0.0, b=0.0, c=0.0)
    node.run_for(1.3)
    spans = [(min(pair) % len(steps), max(pair) % len(steps)) for pair in windows]
    opened: dict[int, list[Interval]] = {}
    ended: list[list[Interval]] = []
    for number, (seconds, watts, weights, busy) in enumerate(steps):
        cpus = [CPUS * busy * weight / math.fsum(weights) for weight in weights]
        for index, (begin, _) in enumerate(spans):
            if begin == number:
                opened[index] = [node.begin(name) for name in names]
        node.draw(watts)
        node.use(**dict(zip(names, cpus, strict=True)))
        node.gpus.uses = [GpuUse("GPU-0", [GpuProcess(number % 3, busy)], utilization=busy)]
        node.run_for(seconds)
        for index, (_, end) in enumerate(spans):
            if end == number and index in opened:
                ended.append(opened.pop(index))
                for interval in ended[-1]:
                    node.node.book.end(interval_id=interval.interval_id)
    node.run_for(8.0)

    for window in ended:
        accounts = [interval.account for interval in window]
        assert None not in accounts
        gross = accounts[0].node.gross_joules if accounts[0] else None
        shares = [share_of(account).gross_joules for account in accounts]
        assert gross is not None
        assert None not in shares
        assert math.fsum(share or 0.0 for share in shares) <= gross * (1 + 1e-9) + 1e-9

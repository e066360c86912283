"""The pause container is told from one whose ID is merely late; where that is not sure it stays without a name."""

import json
from typing import Any

import pytest
from doubles.kubelet_pods import Container, a_pod, container_id, pod_list, pod_uid

from exporter.kubernetes.directory import Directory
from exporter.kubernetes.pod_list import PodList
from exporter.kubernetes.strangers import MOST_PODS, SETTLED_SECONDS, Strangers
from exporter.usage.evidence import CgroupIdentity, ContainerName
from exporter.usage.manager import Manager

SANDBOX = ContainerName("default", "web-1", "POD")
STARTING = a_pod("web-1", Container("main", started=False))
RUNNING = a_pod("web-1")


def group(container: str) -> CgroupIdentity:
    """A cgroup in the pod."""
    return CgroupIdentity(Manager.KUBERNETES, pod_uid("web-1"), container)


PAUSE, MAIN, AGAIN = group("f" * 64), group(container_id("web-1", "main")), group(container_id("web-1", "main", 1))


class Node:
    """A directory whose cgroups ask for their names, as they do at every tick."""

    def __init__(self) -> None:
        self.directory = Directory(600.0)
        self.now = 0.0

    def show(self, *pods: Any) -> None:
        """A complete list comes in."""
        answer = PodList()
        answer.read(iter([json.dumps(pod_list(pods)).encode()]))
        self.directory.replace(answer, self.now, self.now)

    def ask(self, *groups: CgroupIdentity) -> list[ContainerName | None]:
        """The names of these cgroups a second later."""
        self.now += 1.0
        return [self.directory.find(each, self.now) for each in groups]

    def let_settle(self, *pods: Any) -> None:
        """Enough time passes, and another list comes."""
        self.now += SETTLED_SECONDS
        self.show(*pods)


@pytest.fixture
def node() -> Node:
    """A node whose kubelet has not answered yet."""
    return Node()


def test_pod_that_starts(node: Node) -> None:
    """The sandbox is there first, then the container, then the container's ID; a minute later all have names."""
    node.show(STARTING)
    assert node.ask(PAUSE, MAIN) == [None, None]
    node.show(RUNNING)
    assert node.ask(PAUSE, MAIN)[0] is None
    node.let_settle(RUNNING)

    assert node.ask(PAUSE, MAIN) == [SANDBOX, ContainerName("default", "web-1", "main")]


def test_pod_that_was_there_before_the_exporter(node: Node) -> None:
    """Cgroups ask before the first list comes; the one that stays without a name is the sandbox."""
    assert node.ask(PAUSE, MAIN) == [None, None]
    node.show(RUNNING)
    node.let_settle(RUNNING)

    assert node.ask(MAIN, PAUSE)[1] == SANDBOX


def test_nothing_is_decided_without_a_list(node: Node) -> None:
    """While the kubelet is silent, time alone makes nobody a sandbox."""
    node.ask(PAUSE, MAIN)
    node.show(RUNNING)
    node.now += 10 * SETTLED_SECONDS

    assert node.ask(MAIN, PAUSE)[1] is None


def test_a_restarted_container_is_never_the_sandbox(node: Node) -> None:
    """Its ID may be missing for as long as the API server is away."""
    node.show(RUNNING)
    node.ask(MAIN)
    for _ in range(10):
        node.let_settle(RUNNING)
        assert node.ask(AGAIN) == [None]


def test_two_strangers_are_not_told_apart(node: Node) -> None:
    """A container that restarted before the exporter came, of which the kubelet lists the run before."""
    node.ask(PAUSE, AGAIN)
    node.show(RUNNING)
    node.let_settle(RUNNING)
    assert node.ask(PAUSE, AGAIN) == [None, None]

    restarted = a_pod("web-1", Container("main", restarts=1))
    node.show(restarted)
    assert node.ask(AGAIN, PAUSE) == [ContainerName("default", "web-1", "main"), SANDBOX]


def test_a_pod_without_any_id_has_no_sandbox_yet(node: Node) -> None:
    """While nothing of a pod has an ID, a stranger may be any of it."""
    node.ask(PAUSE)
    for _ in range(3):
        node.let_settle(STARTING)
        assert node.ask(PAUSE) == [None]


def test_strangers_are_bounded() -> None:
    """However many pods come and go, what is remembered of strangers has an end."""
    strangers = Strangers()
    for number in range(3 * MOST_PODS):
        strangers.meet(f"uid-{number}", "id", 0.0, started=False)

    assert len(strangers._pods) <= MOST_PODS

"""What is known of names: when they are forgotten, and what a stranger in a known pod is called."""

import json
from typing import Any

from doubles.kubelet_pods import Container, a_pod, container_id, pod_list, pod_uid

from exporter.kubernetes.directory import MOST_GONE, Directory
from exporter.kubernetes.pod_list import PodList, PodName
from exporter.usage.evidence import CgroupIdentity, ContainerName
from exporter.usage.manager import Manager

KEEP = 600.0


def listed(*pods: Any) -> PodList:
    """A list as it is read."""
    answer = PodList()
    answer.read(iter([json.dumps(pod_list(pods)).encode()]))
    return answer


def group(pod: str, container: str = "main", *, run: int = 0, manager: Manager = Manager.KUBERNETES) -> CgroupIdentity:
    """The cgroup of a container of the doubles."""
    return CgroupIdentity(manager, pod_uid(pod), container_id(pod, container, run))


def test_name_outlives_its_pod_for_as_long_as_promised() -> None:
    """From the first list without it, not from the last with it; then it goes."""
    directory = Directory(KEEP)
    directory.replace(listed(a_pod("web-1")), 0.0, 0.0)
    directory.replace(listed(), 5000.0, 5000.0)

    directory.replace(listed(), 5000.0 + KEEP, 5000.0 + KEEP)
    assert directory.find(group("web-1"), 0.0) == ContainerName("default", "web-1", "main")
    directory.replace(listed(), 5001.0 + KEEP, 5001.0 + KEEP)
    assert directory.find(group("web-1"), 0.0) is None
    assert len(directory) == 0


def test_what_comes_back_is_there() -> None:
    """A pod that was missing from one list does not go on to age."""
    directory = Directory(KEEP)
    for at, pods in ((0.0, [a_pod("web-1")]), (10.0, []), (20.0, [a_pod("web-1")]), (700.0, []), (1200.0, [])):
        directory.replace(listed(*pods), at, at)

    assert directory.find(group("web-1"), 0.0) is not None


def test_a_list_that_broke_off_takes_no_name_away() -> None:
    """What it has is added, what it lacks stays."""
    directory = Directory(KEEP)
    directory.replace(listed(a_pod("web-1")), 0.0, 0.0)
    directory.add(listed(a_pod("web-2")))

    assert directory.find(group("web-1"), 0.0) is not None
    assert directory.find(group("web-2"), 0.0) is not None


def test_earlier_runs_of_a_restarting_container_go_too() -> None:
    """A container that crashes for months does not fill the memory with the IDs of its runs."""
    directory = Directory(KEEP)
    for restarts in range(50):
        at = 300.0 * restarts
        directory.replace(listed(a_pod("web-1", Container("main", restarts=restarts))), at, at)

    assert len(directory) <= 3 + KEEP / 300.0
    assert directory.find(group("web-1", run=49), 0.0) is not None


def test_a_storm_of_short_pods_is_bounded() -> None:
    """More pods than there is room for: the ones gone longest are forgotten first."""
    directory = Directory(KEEP)
    for batch in range(6):
        answer = PodList()
        for number in range(2000):
            key = f"{batch}-{number}"
            answer.pods[f"uid-{key}"] = PodName("default", key, started=True)
            answer.containers[f"id-{key}"] = ContainerName("default", key, "main")
        directory.replace(answer, batch, batch)

    assert len(directory) <= 2000 + MOST_GONE
    assert directory.find(CgroupIdentity(Manager.KUBERNETES, "uid-0-0", "id-0-0"), 0.0) is None
    assert directory.find(CgroupIdentity(Manager.KUBERNETES, "uid-5-0", "id-5-0"), 0.0) is not None


def test_uid_is_found_as_either_cgroup_driver_writes_it() -> None:
    """With dashes, and as systemd has them, with underscores."""
    directory = Directory(KEEP)
    directory.replace(listed(a_pod("web-1")), 0.0, 0.0)
    expected = ContainerName("default", "web-1", "")

    for uid in (pod_uid("web-1"), pod_uid("web-1").replace("-", "_")):
        assert directory.find(CgroupIdentity(Manager.KUBERNETES, uid), 0.0) == expected


def test_a_container_is_known_by_its_id_alone() -> None:
    """A runtime whose cgroups do not name the pod: the kubelet knows the container all the same."""
    directory = Directory(KEEP)
    directory.replace(listed(a_pod("web-1")), 0.0, 0.0)
    bare = CgroupIdentity(Manager.CONTAINERS, container_id=container_id("web-1", "main"))

    assert directory.find(bare, 0.0) == ContainerName("default", "web-1", "main")
    assert directory.find(CgroupIdentity(Manager.CONTAINERS, container_id="f" * 64), 0.0) is None

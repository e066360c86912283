"""Of a kubelet's list, the names of every kind of container are kept, by every ID they go by."""

import json
from typing import Any

import pytest
from doubles.kubelet_pods import Container, a_pod, container_id, many_pods, pod_list, pod_uid

from exporter.kubernetes.pod_list import PodList
from exporter.usage.evidence import ContainerName


def read(*pods: Any) -> PodList:
    """What is kept of a list."""
    listed = PodList()
    listed.read(iter([json.dumps(pod_list(pods)).encode()]))
    return listed


def test_container_is_found_by_its_id_with_what_it_asks_for() -> None:
    """Namespace, pod, container, and requests in CPUs and bytes."""
    listed = read(a_pod("web-1", Container("main", {"cpu": "250m", "memory": "128Mi"}), namespace="shop"))

    assert listed.containers[container_id("web-1", "main")] == ContainerName("shop", "web-1", "main", 0.25, 2.0**27)
    assert listed.pods[pod_uid("web-1")].pod == "web-1"


@pytest.mark.parametrize("kind", ["containers", "initContainers", "ephemeralContainers"])
@pytest.mark.parametrize("runtime", ["containerd", "cri-o", "docker"])
def test_every_kind_of_container_and_runtime(kind: str, runtime: str) -> None:
    """Containers that prepare, that work and that debug are all named, whoever runs them."""
    listed = read(a_pod("web-1", Container("it", kind=kind, runtime=runtime)))

    assert listed.containers[container_id("web-1", "it")].container == "it"


def test_a_restarted_container_is_known_by_its_last_run_too() -> None:
    """What the ended run still used is its container's."""
    listed = read(a_pod("web-1", Container("main", restarts=1)))

    assert listed.containers.keys() == {container_id("web-1", "main", run) for run in (0, 1)}


def test_an_ended_container_keeps_its_id() -> None:
    """A state that is terminated names the container as well."""
    listed = read(a_pod("job-1", Container("main", state="terminated"), phase="Succeeded"))

    assert container_id("job-1", "main") in listed.containers
    assert listed.finished == {("default", "job-1")}


def test_a_pod_followed_by_one_of_its_name_is_not_finished() -> None:
    """A StatefulSet's new pod has the name of the old one, and holds what it holds."""
    old, new = a_pod("db-0", phase="Failed", uid="old"), a_pod("db-0", uid="new")

    assert read(old, new).finished == set()
    assert read(new, old).finished == set()


def test_static_pod_is_known_by_the_hash_of_its_manifest() -> None:
    """Its cgroup is named by the hash, whether the list has it as UID or as an annotation."""
    digest = "720e3565e5682bf94a59c2d4563d46f0"
    own = a_pod("etcd-node-1", uid=digest, annotations={"kubernetes.io/config.hash": digest})
    mirror = a_pod("etcd-node-1", annotations={"kubernetes.io/config.mirror": digest})

    assert read(own).pods[digest].pod == "etcd-node-1"
    assert read(mirror).pods.keys() == {digest, pod_uid("etcd-node-1")}


def test_what_was_granted_goes_before_what_was_asked_for() -> None:
    """A resize in place changes the spec at once, and the status when it holds."""
    pod = a_pod("web-1", Container("main", {"cpu": "4"}))
    pod["status"]["containerStatuses"][0]["resources"] = {"requests": {"cpu": "2"}}

    assert read(pod).containers[container_id("web-1", "main")].cpu_request == 2.0


def test_a_container_that_waits_has_no_id_yet() -> None:
    """A pod whose containers are being made is known, its containers are not."""
    listed = read(a_pod("web-1", Container("main", started=False)))

    assert listed.containers == {}
    assert not listed.pods[pod_uid("web-1")].started


@pytest.mark.parametrize(
    "damage",
    [
        lambda pod: pod.clear(),
        lambda pod: pod["metadata"].pop("uid"),
        lambda pod: pod["metadata"].update(name=7),
        lambda pod: pod["metadata"].update(name="x" * 300),
        lambda pod: pod["metadata"].update(namespace="a\nb"),
        lambda pod: pod.update(metadata=[]),
        lambda pod: pod.update(status="Running"),
        lambda pod: pod.update(spec=None),
        lambda pod: pod["status"].update(containerStatuses={"a": 1}),
        lambda pod: pod["status"].update(containerStatuses=[None, 1, {"containerID": 7}]),
        lambda pod: pod["spec"]["containers"][0].update(resources=3),
        lambda pod: pod["metadata"].update(annotations=None),
    ],
)
def test_a_damaged_pod_costs_no_other_its_name(damage: Any) -> None:
    """What has not the shape of a pod is passed over; those after it are read."""
    broken = a_pod("broken")
    damage(broken)
    listed = read(broken, "no pod", a_pod("whole"))

    assert listed.containers[container_id("whole", "main")].pod == "whole"
    assert all(len(each.pod) <= 253 for each in listed.containers.values())


def test_a_crowded_node_is_read_whole() -> None:
    """2,000 pods of two containers each are 4,000 names."""
    listed = read(*many_pods(2000))

    assert (listed.count, len(listed.pods), len(listed.containers)) == (2000, 2000, 4000)

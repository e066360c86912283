"""The whole way: a real kubelet's doors are asked aside, and whoever wants a name never waits."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.awaiting import until
from doubles.certificates import Certificates, make_certificates
from doubles.clock import FakeClock
from doubles.kubelet import TOKEN, Kubelet
from doubles.kubelet_devices import KubeletDevices
from doubles.kubelet_pods import Container, a_pod, container_id, many_pods, pod_uid

from exporter.kubernetes.access import KubeletAccess
from exporter.kubernetes.names import HOLDERS_SECONDS, KubernetesNames
from exporter.usage.evidence import CgroupIdentity, ContainerName, GpuHolder, Names
from exporter.usage.manager import Manager

GPU = "GPU-8a6c4f7e-1111-2222-3333-0123456789ab"


def group(pod: str, container: str = "main") -> CgroupIdentity:
    """The cgroup of a container of the doubles."""
    return CgroupIdentity(Manager.KUBERNETES, pod_uid(pod), container_id(pod, container))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A cluster's authority, and a kubelet's certificate signed by it."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def kubelet(certificates: Certificates) -> Iterator[Kubelet]:
    """A kubelet with one pod."""
    with Kubelet(certificates) as running:
        running.show([a_pod("web-1", Container("main", {"cpu": "2", "memory": "1Gi"}))])
        yield running


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[KubeletDevices]:
    """Its socket, where the pod holds a GPU."""
    with KubeletDevices(tmp_path / "kubelet.sock") as running:
        running.give("web-1", "main", "nvidia.com/gpu", GPU)
        yield running


@pytest.fixture
def access(kubelet: Kubelet, devices: KubeletDevices, certificates: Certificates, tmp_path: Path) -> KubeletAccess:
    """What the DaemonSet gives."""
    (tmp_path / "token").write_text(TOKEN)
    return KubeletAccess(kubelet.endpoint, tmp_path / "token", certificates.authority, True, devices.path, timeout=30.0)


@pytest.fixture
def names(access: KubeletAccess) -> Iterator[KubernetesNames]:
    """Names that are asked for all the time."""
    names = KubernetesNames(access, period=0.05, debounce=0.0, backoff=0.05)
    names.start()
    yield names
    names.close()


def statuses(names: Names) -> dict[str, str]:
    """How each source is."""
    return {each.source: each.status for each in names.findings()}


def test_names_and_holders_are_known_soon_after_the_start(names: KubernetesNames) -> None:
    """A container with its requests, its GPU, and two sources that are up."""
    until(lambda: set(statuses(names).values()) == {"up"})

    assert names.container(group("web-1")) == ContainerName("default", "web-1", "main", 2.0, 2.0**30)
    assert names.gpu_holders() == {GPU: [GpuHolder("default", "web-1", "main")]}
    assert [each.message for each in names.findings()] == ["pods listed: 1", "GPUs and slices held: 1"]


def test_nothing_is_known_and_nothing_raises_before_the_first_answer(access: KubeletAccess) -> None:
    """Names that were not started yet answer that they do not know."""
    names = KubernetesNames(access)

    assert names.container(group("web-1")) is None
    assert names.gpu_holders() == {}
    assert statuses(names) == {"kubelet": "failing", "pod-resources": "failing"}
    names.close()


def test_looking_asks_once_and_waits(access: KubeletAccess, kubelet: Kubelet) -> None:
    """A doctor that asks has the answers when it returns."""
    names = KubernetesNames(access)
    names.look()

    assert statuses(names) == {"kubelet": "up", "pod-resources": "up"}
    assert len(kubelet.asked) == 1


def test_a_new_container_is_asked_for_at_once(access: KubeletAccess, kubelet: Kubelet) -> None:
    """A pod the last list did not have is named long before the next regular list."""
    names = KubernetesNames(access, period=3600.0, debounce=0.0)
    names.start()
    until(lambda: names.container(group("web-1")))
    kubelet.show([a_pod("web-1"), a_pod("new-1")])

    until(lambda: names.container(group("new-1")))
    names.close()


def test_a_container_whose_id_comes_late_is_asked_for_again(access: KubeletAccess, kubelet: Kubelet) -> None:
    """Its cgroup is there seconds before the kubelet's list has its ID; after some questions it waits its turn."""
    clock = FakeClock()
    names = KubernetesNames(access, clock, period=3600.0, debounce=0.0)
    names.start()
    until(lambda: statuses(names)["kubelet"] == "up")
    kubelet.show([a_pod("new-1", Container("main", started=False))])
    for times in (2, 3, 4):
        assert names.container(group("new-1")) is None
        until(lambda times=times: len(kubelet.asked) == times and names._pollers["kubelet"]._asking_since is None)
        clock.advance(7.0)
    for _ in range(20):
        clock.advance(60.0)
        assert names.container(group("new-1")) is None
    kubelet.show([a_pod("new-1"), a_pod("web-2")])
    assert names.container(group("web-2")) is None  # somebody else's question brings it

    until(lambda: names.container(group("new-1")))
    assert len(kubelet.asked) == 5
    names.close()


def test_who_is_no_pod_makes_nobody_ask(access: KubeletAccess, kubelet: Kubelet) -> None:
    """Services and containers without Kubernetes are none of the kubelet's business."""
    names = KubernetesNames(access, period=3600.0, debounce=0.0)
    names.start()
    until(lambda: statuses(names)["kubelet"] == "up")
    for manager in (Manager.SYSTEMD, Manager.CONTAINERS, Manager.SLURM):
        assert names.container(CgroupIdentity(manager, container_id="f" * 64, unit="a.service")) is None
    names.close()

    assert len(kubelet.asked) == 1


def test_a_kubelet_that_hangs_delays_nobody(access: KubeletAccess, kubelet: Kubelet, devices: KubeletDevices) -> None:
    """While both questions hang and nothing would end them, what is known is answered, and what is not as well."""
    names = KubernetesNames(replace(access, timeout=3600.0), period=0.05)
    names.start()
    until(lambda: set(statuses(names).values()) == {"up"})
    asked = len(kubelet.asked), devices.asked
    kubelet.mood, devices.delay = "hang", 3600.0
    until(lambda: len(kubelet.asked) > asked[0] and devices.asked > asked[1])
    for _ in range(1000):
        assert names.container(group("web-1")) is not None
        assert names.container(group("unknown")) is None
        assert names.gpu_holders()
    names.close()

    assert not kubelet.let_go.is_set()
    assert len(kubelet.asked) <= asked[0] + 2  # a question more may have been on its way when the mood changed


@pytest.mark.parametrize("mood", ["forbidden", "busy", "garbage", "cut", "moved"])
def test_names_outlive_a_kubelet_that_stops_answering(names: KubernetesNames, kubelet: Kubelet, mood: str) -> None:
    """What was known stays known, the finding says what is wrong, and it is well again when the kubelet is."""
    until(lambda: names.container(group("web-1")))
    kubelet.mood = mood
    until(lambda: statuses(names)["kubelet"] != "up")

    assert names.container(group("web-1")) is not None
    finding = names.findings()[0]
    assert finding.message
    assert finding.remedy
    kubelet.mood = "well"
    kubelet.show([a_pod("new-1")])
    until(lambda: names.container(group("new-1")))
    until(lambda: statuses(names)["kubelet"] == "up")
    assert names.container(group("web-1")) is not None


def test_names_outlive_a_kubelet_that_is_gone(access: KubeletAccess, certificates: Certificates) -> None:
    """Hours without a kubelet cost no name; holders are let go after minutes, for a socket may be another's by then."""
    clock = FakeClock()
    with Kubelet(certificates) as kubelet:
        kubelet.show([a_pod("web-1")])
        names = KubernetesNames(replace(access, pods=kubelet.endpoint), clock)
        names.look()
    assert access.pod_resources is not None
    access.pod_resources.unlink()
    for _ in range(60):
        clock.advance(60.0)
        names.look()

    assert names.container(group("web-1")) == ContainerName("default", "web-1", "main")
    assert statuses(names) == {"kubelet": "failing", "pod-resources": "absent"}
    assert names.gpu_holders() == {}


def test_holders_stay_through_a_restart_of_the_kubelet(access: KubeletAccess, devices: KubeletDevices) -> None:
    """A kubelet that is away for a moment has given the GPU to nobody else."""
    clock = FakeClock()
    names = KubernetesNames(access, clock)
    names.look()
    devices.path.unlink()
    clock.advance(HOLDERS_SECONDS - 1)
    names.look()

    assert GPU in names.gpu_holders()
    clock.advance(2.0)
    assert names.gpu_holders() == {}


def test_an_ended_pod_holds_no_gpu(access: KubeletAccess, kubelet: Kubelet, devices: KubeletDevices) -> None:
    """Some kubelets go on to list the devices of a Job that is done, beside those of the pod that has them now."""
    kubelet.show([a_pod("web-1", phase="Succeeded"), a_pod("web-2")])
    devices.give("web-2", "main", "nvidia.com/gpu", GPU)
    names = KubernetesNames(access)
    names.look()

    assert names.gpu_holders() == {GPU: [GpuHolder("default", "web-2", "main")]}
    kubelet.show([a_pod("web-1", phase="Succeeded"), a_pod("web-2", phase="Failed")])
    names.look()
    assert names.gpu_holders() == {}


def test_gpus_without_uuid_are_told(access: KubeletAccess, devices: KubeletDevices) -> None:
    """A plugin that numbers its GPUs is up, and the doctor says what to change."""
    devices.give("web-2", "main", "nvidia.com/gpu", "nvidia0", "nvidia1")
    names = KubernetesNames(access)
    names.look()
    finding = names.findings()[1]

    assert finding.status == "up"
    assert "without UUID: 2 ('nvidia0', 'nvidia1')" in finding.message
    assert "UUID" in finding.remedy


def test_without_a_kubelet_named_the_socket_is_asked_alone(access: KubeletAccess) -> None:
    """In a pod whose manifest lacks the variable, holders are known and the finding has the line to add."""
    names = KubernetesNames(replace(access, pods=None))
    names.look()
    finding = names.findings()[0]

    assert statuses(names) == {"kubelet": "absent", "pod-resources": "up"}
    assert "JOULECAST_KUBELET=https://$(NODE_IP):10250" in finding.remedy
    assert GPU in names.gpu_holders()


def test_without_a_socket_the_kubelet_is_asked_alone(access: KubeletAccess) -> None:
    """A cluster without device plugins has names all the same."""
    names = KubernetesNames(replace(access, pod_resources=None))
    names.look()

    assert statuses(names) == {"kubelet": "up"}
    assert names.container(group("web-1")) is not None


def test_a_rotated_token_costs_no_question(access: KubeletAccess, kubelet: Kubelet) -> None:
    """The kubelet and the file change together; the next question has the new one."""
    names = KubernetesNames(access)
    names.look()
    assert access.token_file is not None
    access.token_file.write_text("rotated-token")
    kubelet.token = "rotated-token"
    names.look()

    assert statuses(names)["kubelet"] == "up"
    assert kubelet.asked[-1] == "Bearer rotated-token"


def test_a_crowded_node_is_named_whole(access: KubeletAccess, kubelet: Kubelet) -> None:
    """2,000 pods over the wire, the last as well as the first."""
    kubelet.show(many_pods(2000))
    names = KubernetesNames(access)
    names.look()

    for number in (0, 1999):
        pod = f"web-66558b79-{number:05d}"
        expected = ContainerName(f"team-{number % 20}", pod, "sidecar", 0.05, 64 * 2.0**20)
        assert names.container(group(pod, "sidecar")) == expected
    assert names.findings()[0].message == "pods listed: 2000"

"""The kubelet's socket is asked by the kubelet's own protocol; each way in which it does not answer has its remedy."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from doubles.kubelet_devices import KubeletDevices

from exporter.kubernetes.no_answer import NoAnswer
from exporter.kubernetes.pod_resources import PodResources
from exporter.usage.evidence import GpuHolder

GPU = "GPU-8a6c4f7e-1111-2222-3333-0123456789ab"
SLICE = "MIG-4f1d2c3b-aaaa-bbbb-cccc-0123456789ab"


@pytest.fixture
def kubelet(tmp_path: Path) -> Iterator[KubeletDevices]:
    """A kubelet that answers."""
    with KubeletDevices(tmp_path / "kubelet.sock") as devices:
        yield devices


def refusal(path: Path, timeout: float = 5.0) -> NoAnswer:
    """How it does not answer."""
    with pytest.raises(NoAnswer) as refused:
        PodResources(path, timeout).read()
    assert refused.value.remedy
    return refused.value


def test_holders_of_gpus_and_slices(kubelet: KubeletDevices) -> None:
    """Every resource of NVIDIA's plugin counts, beside CPUs and memory that are told too and skipped."""
    kubelet.give("train-0", "main", "nvidia.com/gpu", GPU, namespace="ml")
    kubelet.give("serve-0", "model", "nvidia.com/gpu.shared", f"{GPU}::3")
    kubelet.give("note-0", "lab", "nvidia.com/mig-1g.10gb", SLICE)
    kubelet.give("net-0", "main", "example.com/nic", "GPU-nic", "0")

    held = PodResources(kubelet.path, 5.0).read()

    assert held.holders == {
        GPU: (GpuHolder("default", "serve-0", "model"), GpuHolder("ml", "train-0", "main")),
        SLICE: (GpuHolder("default", "note-0", "lab"),),
    }
    assert held.unmapped == ()


def test_claimed_devices_are_read(kubelet: KubeletDevices) -> None:
    """A claim whose CDI name has a UUID is mapped, one that is only numbered is told, other drivers are no GPUs."""
    kubelet.claim("a", "main", "gpu.nvidia.com", "gpu-0", f"k8s.gpu.nvidia.com/device={GPU}")
    kubelet.claim("b", "main", "gpu.nvidia.com", "gpu-1", "k8s.gpu.nvidia.com/claim=1b2c-gpu-1")
    kubelet.claim("c", "main", "compute-domain.nvidia.com", "channel-0")

    held = PodResources(kubelet.path, 5.0).read()

    assert held.holders == {GPU: (GpuHolder("default", "a", "main"),)}
    assert held.unmapped == ("gpu-1",)


def test_nobody_holds_anything(kubelet: KubeletDevices) -> None:
    """An empty answer is an answer."""
    assert PodResources(kubelet.path, 5.0).read().holders == {}


def test_a_socket_that_came_again_is_asked(tmp_path: Path) -> None:
    """A kubelet that restarts makes a new socket at the old place."""
    asking = PodResources(tmp_path / "kubelet.sock", 5.0)
    for _ in range(2):
        with KubeletDevices(tmp_path / "kubelet.sock") as kubelet:
            kubelet.give("train-0", "main", "nvidia.com/gpu", GPU)

            assert GPU in asking.read().holders


def test_no_socket_is_absent(tmp_path: Path) -> None:
    """A machine without kubelet is no failure; a pod is told what to mount."""
    refused = refusal(tmp_path / "none" / "kubelet.sock")

    assert refused.status == "absent"
    assert "mount" in refused.remedy


def test_a_socket_nobody_listens_on_fails(tmp_path: Path) -> None:
    """What a dead kubelet left behind, and what is no socket at all."""
    path = tmp_path / "kubelet.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    assert refusal(path).status == "failing"
    assert refusal(Path("/" + "x" * 200)).status == "failing"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
def test_a_socket_of_others_is_denied(kubelet: KubeletDevices) -> None:
    """Without the right to write there is a remedy, not a failure."""
    kubelet.path.chmod(stat.S_IRUSR)

    assert refusal(kubelet.path).status == "denied"


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (grpc.StatusCode.UNIMPLEMENTED, "1.20"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "kubelet's log"),
        (grpc.StatusCode.INTERNAL, "kubelet's log"),
    ],
)
def test_what_the_kubelet_refuses_is_told_in_its_words(
    kubelet: KubeletDevices, code: grpc.StatusCode, named: str
) -> None:
    """Its status and its words are in the finding, with what to do."""
    kubelet.fails_with = code
    refused = refusal(kubelet.path)

    assert refused.status == "failing"
    assert named in refused.remedy
    assert code.name.lower() in refused.problem


def test_a_kubelet_that_is_silent_is_given_up(kubelet: KubeletDevices) -> None:
    """After the timeout, with how long that was."""
    kubelet.delay = 1.0

    assert "silent for 0.1 s" in refusal(kubelet.path, timeout=0.1).problem

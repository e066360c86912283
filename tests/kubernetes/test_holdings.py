"""Who holds a GPU is gathered by UUID, however device plugins name it."""

import pytest

from exporter.kubernetes.holdings import Device, gpus_by_uuid
from exporter.usage.evidence import GpuHolder

GPU = "GPU-8a6c4f7e-1111-2222-3333-0123456789ab"
OTHER = "GPU-8a6c4f7e-1111-2222-3333-0123456789ac"
SLICE = "MIG-4f1d2c3b-aaaa-bbbb-cccc-0123456789ab"
OLD_SLICE = f"MIG-{GPU}/1/0"
TRAIN, SERVE = GpuHolder("ml", "train-0", "main"), GpuHolder("ml", "serve-0", "main")


@pytest.mark.parametrize(
    ("name", "uuid"),
    [
        (GPU, GPU),
        (f"{GPU}::3", GPU),
        (SLICE, SLICE),
        (f"{SLICE}::0", SLICE),
        (OLD_SLICE, OLD_SLICE),
        (f"k8s.gpu.nvidia.com/gpu={GPU}", GPU),
    ],
)
def test_every_form_with_a_uuid_is_that_device(name: str, uuid: str) -> None:
    """Whole GPUs, slices of either generation of names, replicas of both, and CDI names."""
    assert gpus_by_uuid([Device(TRAIN, (name,))]).holders == {uuid: (TRAIN,)}


def test_replicas_of_one_gpu_are_held_by_each_container_once() -> None:
    """Two replicas to one container are one holder, replicas to two containers are two."""
    devices = [Device(TRAIN, (f"{GPU}::0",)), Device(TRAIN, (f"{GPU}::1",)), Device(SERVE, (f"{GPU}::2",))]

    assert gpus_by_uuid(devices).holders == {GPU: (SERVE, TRAIN)}


def test_several_gpus_of_one_container() -> None:
    """A container may hold many."""
    assert gpus_by_uuid([Device(TRAIN, (GPU,)), Device(TRAIN, (OTHER,))]).holders == {GPU: (TRAIN,), OTHER: (TRAIN,)}


@pytest.mark.parametrize("name", ["0", "nvidia0", "nvidia0/gi1", "gpu-0", "", "GPU-8a6c4f7e", "GPU-" + "z" * 36])
def test_a_name_without_uuid_is_told_and_not_guessed(name: str) -> None:
    """A number says which GPU only to the plugin that gave it."""
    found = gpus_by_uuid([Device(TRAIN, (name,))])

    assert (found.holders, found.unmapped) == ({}, (name,))

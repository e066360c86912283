"""Which GPUs an interval pays for."""

import pytest
from doubles.energy_service import EnergyServer

import joulecast
from joulecast.client.scope import gpus_of, visible_gpus


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("0,1", ("0", "1")),
        (" 3 , 2 ", ("3", "2")),
        ("GPU-8f6d,MIG-1c2b", ("GPU-8f6d", "MIG-1c2b")),
        ("0,-1,1", ("0",)),
        ("1,oops,2", ("1",)),
        ("0,0", ("0",)),
        ("-1", ()),
        ("", ()),
        ("NoDevFiles", ()),
    ],
)
def test_cuda_visible_devices_is_read_as_cuda_reads_it(visible: str, expected: tuple[str, ...]) -> None:
    """Whatever follows the first invalid entry is ignored, and set but empty means no GPU at all."""
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": visible}) == expected


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        ("all", None),
        ("", None),
        ("0,1", None),
        ("none", ()),
        ("void", ()),
        ("GPU-8f6d,GPU-11aa", ("GPU-8f6d", "GPU-11aa")),
    ],
)
def test_a_containers_gpus_are_known_by_uuid(granted: str, expected: tuple[str, ...] | None) -> None:
    """A container runtime's grant counts where it names UUIDs; its indices are not the node's."""
    assert visible_gpus({"NVIDIA_VISIBLE_DEVICES": granted}) == expected


def test_cuda_comes_before_the_container() -> None:
    """What the process restricted itself to is narrower than what its container was given."""
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "1", "NVIDIA_VISIBLE_DEVICES": "GPU-8f6d"}) == ("1",)


def test_unset_is_all_and_empty_is_none(server: EnergyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the wire an absent selection is the whole node, a present empty one is no GPU, and an argument wins."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("NVIDIA_VISIBLE_DEVICES", raising=False)
    joulecast.begin("all", address=server.address).end()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    joulecast.begin("none", address=server.address).end()
    joulecast.begin("argument", gpus=2, address=server.address).end()

    whole, none, argument = server.service.asked("BeginInterval")
    assert not whole.HasField("gpus")
    assert none.HasField("gpus")
    assert list(none.gpus.gpus) == []
    assert list(argument.gpus.gpus) == ["2"]


def test_words_for_all_and_none() -> None:
    """`gpus="all"` overrides the environment, and `gpus="none"` pays for no GPU."""
    assert gpus_of("all", {"CUDA_VISIBLE_DEVICES": "0"}) is None
    assert gpus_of("none", {}) == ()

"""Which GPU a person means."""

import pytest

from exporter.sensors.nvml.gpu import Gpu, UnknownGpuError, resolve_gpus
from joulecast.errors import JoulecastError

FIRST = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"
SECOND = "GPU-8932aaaa-0000-4000-8000-000000000001"
SLICE = "MIG-41b35c55-9d2a-5e8b-9c3f-3e9d7d2f6a10"
GPUS = (
    Gpu(FIRST, 0, "NVIDIA A100-SXM4-80GB", "570.86.15"),
    Gpu(SECOND, 1, "NVIDIA A100-SXM4-80GB", "570.86.15", mig_uuids=(SLICE,)),
)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["0"], (FIRST,)),
        (["1", "0"], (SECOND, FIRST)),
        ([SECOND], (SECOND,)),
        (["GPU-8932f937"], (FIRST,)),
        ([" 1 "], (SECOND,)),
        (["0", FIRST, "GPU-8932f"], (FIRST,)),
        ([SLICE], (SECOND,)),
        ([f"MIG-{FIRST}/3/0"], (FIRST,)),
        ([], ()),
    ],
    ids=["index", "order", "uuid", "prefix", "blanks", "once", "mig", "old-mig", "none"],
)
def test_a_gpu_is_found_by_any_of_its_names(selection: list[str], expected: tuple[str, ...]) -> None:
    """Index, UUID, unique prefix and MIG instance all lead to the board's UUID, once."""
    assert resolve_gpus(selection, GPUS) == expected


@pytest.mark.parametrize("name", ["2", "-1", "GPU-ffff", "", "GPU-8932", "MIG-unheard-of", "MIG-GPU-ffff/1/0", "H100"])
def test_an_unknown_or_ambiguous_name_lists_what_exists(name: str) -> None:
    """A name of no GPU, or of two, is refused with the list of GPUs to choose from."""
    with pytest.raises(UnknownGpuError) as refused:
        resolve_gpus([name], GPUS)
    assert isinstance(refused.value, ValueError)
    assert isinstance(refused.value, JoulecastError)
    assert repr(name) in str(refused.value)
    assert FIRST in str(refused.value)
    assert f"1 {SECOND} (NVIDIA A100-SXM4-80GB), {SLICE}" in str(refused.value)


def test_a_uuid_that_begins_another_is_not_ambiguous() -> None:
    """A full UUID means its own GPU even where it is a prefix of a longer one."""
    longer = Gpu(FIRST + "0", 2, "other", "570")
    assert resolve_gpus([FIRST], (*GPUS, longer)) == (FIRST,)


def test_a_node_without_gpus_says_so() -> None:
    """The list of nothing is spelt out."""
    with pytest.raises(UnknownGpuError, match="it has none"):
        resolve_gpus(["0"], ())

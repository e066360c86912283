"""The packaged catalogue: names as drivers report and people write them, figures with sources, helpful refusals."""

import subprocess
import sys

import pytest

from joulecast.errors import JoulecastError
from predictor.hardware.catalogue import KINDS, device_named, devices
from predictor.hardware.device import device_given


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("H100 SXM", "NVIDIA H100 SXM 80GB"),
        ("H100", "NVIDIA H100 SXM 80GB"),
        ("NVIDIA H100 80GB HBM3", "NVIDIA H100 SXM 80GB"),
        ("nvidia h100 pcie", "NVIDIA H100 PCIe 80GB"),
        ("A100-SXM4-40GB", "NVIDIA A100 SXM4 40GB"),
        ("a100 sxm 80 gb", "NVIDIA A100 SXM4 80GB"),
        ("NVIDIA A100 80GB PCIe", "NVIDIA A100 PCIe 80GB"),
        ("Tesla V100-SXM2-32GB", "NVIDIA V100 SXM2 32GB"),
        ("Tesla T4", "NVIDIA T4 16GB"),
        ("NVIDIA GH200 480GB", "NVIDIA GH200 96GB"),
        ("rtx4090", "NVIDIA GeForce RTX 4090"),
        ("RTX 5000", "NVIDIA Quadro RTX 5000"),
        ("Quadro RTX 6000", "NVIDIA Quadro RTX 6000"),
        ("NVIDIA RTX 6000 Ada Generation", "NVIDIA RTX 6000 Ada Generation"),
        ("RTX 3080", "NVIDIA GeForce RTX 3080 10GB"),
        ("AMD Instinct MI300X OAM", "AMD Instinct MI300X 192GB"),
        ("gaudi2", "Intel Gaudi 2 96GB"),
        ("AMD EPYC 7742 64-Core Processor", "AMD EPYC 7742"),
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "Intel Xeon E5-2680 v4"),
        ("13th Gen Intel(R) Core(TM) i9-13900K", "Intel Core i9-13900K"),
        ("Intel Xeon 8480+", "Intel Xeon Platinum 8480+"),
    ],
)
def test_a_device_is_found_as_drivers_and_people_name_it(written: str, name: str) -> None:
    """Vendor, case, dashes and left-out words do not matter as long as one device remains."""
    assert device_named(written).name == name


@pytest.mark.parametrize("name", ["A100", "V100", "RTX 6000", "Jetson Orin", "AMD EPYC"])
def test_a_name_of_several_devices_is_refused_with_their_names(name: str) -> None:
    """A name that several devices share is an error that lists them, never a guess."""
    with pytest.raises(JoulecastError, match=r"could be .*, .*name it in full, or give its figures"):
        device_named(name)


def test_an_unknown_device_suggests_near_names_or_explicit_figures() -> None:
    """A slip of the pen is answered with what it may have meant, and with the way round the catalogue."""
    with pytest.raises(JoulecastError, match=r"'RTX 4095': did you mean .*RTX 4090.*give its figures: tdp_watts"):
        device_named("RTX 4095")


@pytest.mark.parametrize("name", ["", "NVIDIA", "!!", "quantum abacus"])
def test_a_name_that_says_nothing_is_unknown(name: str) -> None:
    """Empty names, vendors alone and nonsense name no device."""
    with pytest.raises(JoulecastError, match="unknown device"):
        device_named(name)


def test_a_slice_of_a_gpu_is_not_taken_for_the_whole() -> None:
    """A MIG slice has its own memory and shares its board's power, so its name is not its board's."""
    with pytest.raises(JoulecastError, match="unknown device"):
        device_named("NVIDIA A100-SXM4-40GB MIG 1g.5gb")


def test_figures_are_in_base_units() -> None:
    """Watts, bytes, bytes per second and operations per second, to the last digit of the data sheet."""
    device = device_named("A100 SXM4 40GB")
    assert device.tdp_watts == 400
    assert device.memory_bytes == 40 * 2**30
    assert device.memory_bandwidth_bytes_per_second == 1_555_000_000_000
    assert device.peak_flops_per_second == 312_000_000_000_000
    assert device.idle_watts == 54.789
    assert device_named("MI300X").peak_flops_per_second == 1_307_400_000_000_000


def test_every_device_is_found_by_its_own_name_and_plausible() -> None:
    """Each row can be asked for by its full name, has a source and a kind, and no figure is off by a unit."""
    bounds = {
        "tdp_watts": (5, 2000),
        "memory_bytes": (2**31, 2**39),
        "memory_bandwidth_bytes_per_second": (5e9, 2e13),
        "peak_flops_per_second": (1e10, 1e16),
        "idle_watts": (0.1, 500),
    }
    assert len({each.name for each in devices()}) == len(devices())
    for device in devices():
        assert device_named(device.name) is device
        assert device.source
        assert device.kind in KINDS
        assert device.tdp_watts is not None
        for figure, (least, most) in bounds.items():
            value = getattr(device, figure)
            assert value is None or least <= value <= most, (device.name, figure)


def test_no_accelerator_computes_slower_per_byte_than_its_neighbours_by_orders() -> None:
    """A misplaced decimal point in a rate would show as an impossible number of operations per byte."""
    for device in devices(kind="gpu"):
        peak, bandwidth = device.peak_flops_per_second, device.memory_bandwidth_bytes_per_second
        if peak is not None and bandwidth is not None:
            assert 10 < peak / bandwidth < 600, device.name


def test_the_list_can_be_narrowed_by_kind_and_name() -> None:
    """A kind, a part of a name or of an alias, or both."""
    assert {each.kind for each in devices(kind="board")} == {"board"}
    assert [each.name for each in devices(matching="80gb hbm3")] == ["NVIDIA H100 SXM 80GB"]
    assert {each.name for each in devices("gpu", "a100")} == {
        f"NVIDIA A100 {form} {size}GB" for form in ("SXM4", "PCIe") for size in (40, 80)
    }
    with pytest.raises(JoulecastError, match="there are gpu, accelerator, cpu, board"):
        devices(kind="toaster")


@pytest.mark.parametrize(
    ("figures", "problem"),
    [
        ({"memory_bytes": 80}, "80 GB is 80e9"),
        ({"memory_bandwidth_bytes_per_second": 3350}, r"3\.35e12"),
        ({"peak_flops_per_second": 989}, "989e12"),
        ({"tdp_watts": 0}, "tdp_watts is 0"),
        ({"tdp_watts": float("nan")}, "tdp_watts is nan"),
        ({"tdp_watts": 700_000}, "tdp_watts is 700000: give watts"),
    ],
)
def test_figures_in_a_wrong_unit_are_refused_by_name(figures: dict[str, float], problem: str) -> None:
    """Explicit figures that no device has are an error that names the figure and shows the unit."""
    with pytest.raises(JoulecastError, match=problem):
        device_given(**figures)


def test_explicit_figures_make_a_device() -> None:
    """A device nobody listed is described by what is known of it; the rest stays unknown."""
    device = device_given(name="mine", tdp_watts=500, memory_bytes=64e9)
    assert (device.tdp_watts, device.memory_bytes, device.peak_flops_per_second) == (500, 64e9, None)


def test_the_catalogue_costs_nothing_until_asked() -> None:
    """Importing it reads no file and loads neither a TOML parser nor numpy."""
    code = (
        "import sys, predictor.hardware.catalogue; "
        "assert not {'numpy', 'pandas', 'tomllib', 'difflib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""What a driver or its Python bindings may do that the fake library cannot: a double of pynvml itself."""

from types import SimpleNamespace

import pynvml
import pytest

from exporter.sensors.nvml.device import NvmlDevice
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.refusal import RefusedError

GPU = Gpu("GPU-0", 0, "H100", "570")


def _bindings(**functions: object) -> SimpleNamespace:
    """A pynvml with these functions beside those that are always there."""
    always = {
        "NVMLError": pynvml.NVMLError,
        "nvmlMemory_v2": pynvml.nvmlMemory_v2,
        "nvmlDeviceGetFieldValues": None,
        "nvmlDeviceGetPowerUsage": None,
        "nvmlDeviceGetTotalEnergyConsumption": None,
    }
    return SimpleNamespace(**{**always, **functions})


def _field(value_type: int, **members: float) -> object:
    return lambda _handle, _ids: [SimpleNamespace(nvmlReturn=0, valueType=value_type, value=SimpleNamespace(**members))]


@pytest.mark.parametrize(("value_type", "member"), [(1, "uiVal"), (2, "ulVal"), (3, "ullVal"), (5, "siVal")])
def test_power_is_read_whatever_its_type(value_type: int, member: str) -> None:
    """A field says by its type where its value is."""
    device = NvmlDevice(_bindings(nvmlDeviceGetFieldValues=_field(value_type, **{member: 123456})), None, GPU)
    assert device.instant_watts() == pytest.approx(123.456)


@pytest.mark.parametrize(("value_type", "raw"), [(5, -1000), (4, -(2**63)), (0, 3), (99, 3)])
def test_a_negative_or_untyped_power_is_garbage(value_type: int, raw: int) -> None:
    """Neither a negative number nor one of a type that power never has becomes watts."""
    members = {"siVal": raw, "sllVal": raw, "dVal": raw}
    device = NvmlDevice(_bindings(nvmlDeviceGetFieldValues=_field(value_type, **members)), None, GPU)
    with pytest.raises(RefusedError) as refused:
        device.instant_watts()
    assert refused.value.reason == "garbage"


def test_older_bindings_without_a_function_fall_back() -> None:
    """A pynvml from before the versioned temperature call uses the old one."""
    device = NvmlDevice(_bindings(nvmlDeviceGetTemperature=lambda _handle, _sensor: 44), None, GPU)
    assert device.temperature_celsius() == 44.0


def test_a_name_that_is_no_text_does_not_cost_the_gpu() -> None:
    """A broken board memory gives bytes that are no UTF-8; the GPU is still listed."""

    def name(_handle: object) -> str:
        return b"\xff\xfe".decode()

    def missing(*_: object) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    library = NvmlLibrary(
        lambda: _bindings(
            nvmlInit=lambda: None,
            nvmlShutdown=lambda: None,
            nvmlSystemGetDriverVersion=lambda: "570",
            nvmlDeviceGetCount=lambda: 1,
            nvmlDeviceGetHandleByIndex=lambda index: index,
            nvmlDeviceGetUUID=lambda _handle: "GPU-0",
            nvmlDeviceGetName=name,
            nvmlDeviceGetPciInfo=missing,
            nvmlDeviceGetMigMode=missing,
        )
    )
    library.open()
    assert [device.gpu for device in library.devices] == [Gpu("GPU-0", 0, "unknown", "570")]

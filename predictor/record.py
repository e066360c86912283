"""The one record type: a measured operating point, in base units. Training, evaluation and calibration read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from joulecast.errors import JoulecastError
from predictor.nearest import nearest
from predictor.record_column import Column, column_of, count, number, ratio, text

if TYPE_CHECKING:  # whoever reads records needs no numpy
    from numpy.typing import NDArray

KINDS = ("generative", "diffusion", "discriminative")
SCOPES = ("gpu", "cpu", "dram", "cpu+dram", "gpu+cpu", "gpu+cpu+dram", "gpu+dram", "wall")
MEASURED = ("measured", "integrated")
ESTIMATED = ("modelled", "predicted")

_SINGLE = "single parameters: 7 billion is 7e9"
_BYTES = "bytes: 80 GB is 80e9"
_BANDWIDTH = "bytes per second: 3.35 TB/s is 3.35e12"
_FLOPS = "operations per second: 989 teraflops is 989e12"


@dataclass(frozen=True, slots=True)
class Record:
    """One measured operating point. `None` and "" are unknown, never zero.

    A sample is a request, an image, a video or a classification. `device_*` figures are those of one device; power and
    energies are those of all that `energy_scope` covers.
    """

    record_id: str = text("unique among all that is read together", required=True)
    source: str = text("who measured: evaluation is told apart by it", required=True)
    kind: str = text("what the model does", required=True, values=KINDS)
    model_id: str = text("the model: cross-validation never splits it", required=True)
    device: str = text("the device, as the hardware catalogue names it", required=True)
    energy_scope: str = text("whose power and energy: never mixed in one target", required=True, values=SCOPES)

    licence: str = text("under which the measurement may be used")
    phase: str = text("of the pipeline")
    task: str = text("chat, code, image-classification, ...")
    model_family: str = text("models of one design: left out together in evaluation")
    architecture: str = text("dense, moe, cnn, transformer, ...")
    parameters_total: float | None = number("", "all parameters", least=1e3, hint=_SINGLE)
    parameters_active: float | None = number("", "those that one token or sample passes", least=1e3, hint=_SINGLE)
    bytes_per_parameter: float | None = number("bytes", "of the weights as served", most=16)
    model_size_bytes: float | None = number("bytes", "weights in memory", least=1e3, hint="bytes: 14 GB is 14e9")
    macs: float | None = number("", "multiply-accumulates per sample, of a language model per token", least=1e3,
                                hint="single operations: 4 billion is 4e9")  # fmt: skip

    device_kind: str = text("gpu, accelerator, cpu, board")
    device_count: float | None = number("", "devices the model runs on", least=1, closed=True, whole=True)
    device_tdp_watts: float | None = number("W", "board power limit as sold", most=1e5)
    device_memory_bytes: float | None = number("bytes", "memory", least=1e6, hint=_BYTES)
    device_memory_bandwidth_bytes_per_second: float | None = number("B/s", "of that memory", least=1e6, hint=_BANDWIDTH)
    device_peak_flops_per_second: float | None = number("1/s", "dense 16-bit matrix rate", least=1e6, hint=_FLOPS)
    host_cpu: str = text("CPU of the host")

    serving_stack: str = text("vllm, hf, tflite, ...")
    precision: str = text("bf16, fp8, int8, ...")
    batch_size: float | None = number("", "batch; of a language model the server's limit")
    concurrency: float | None = number("", "mean requests in flight")
    request_rate_per_second: float | None = number("1/s", "completed requests")
    samples_per_second: float | None = number("1/s", "completed samples")
    output_tokens_per_second: float | None = number("1/s", "generated tokens, of all requests together")
    average_input_tokens: float | None = number("", "prompt length")
    average_output_tokens: float | None = number("", "generated tokens of one request")
    cache_hit_rate: float | None = ratio("share of prompt tokens found in the prefix cache")
    latency_seconds_per_token: float | None = number("s", "between two tokens of one request")
    duration_seconds: float | None = number("s", "of the measurement")
    samples: float | None = number("", "done in it")

    cpu_utilization_ratio: float | None = ratio("mean over all cores")
    gpu_utilization_ratio: float | None = ratio("share of time with a kernel running, mean over GPUs (NVML)")
    gpu_memory_utilization_ratio: float | None = ratio("share of time the memory controller was busy, not occupancy")
    accuracy_ratio: float | None = ratio("of the model on its task")
    mean_power_watts: float | None = number("W", "mean over the measurement, of all devices in scope")
    energy_joules_per_sample: float | None = number("J", "of all devices in scope")
    energy_joules_per_output_token: float | None = number("J", "of all devices in scope")
    measurement_method: str = text("with what, and over what")
    provenance: str = text("of the energy; `modelled` and `predicted` are refused", values=(*MEASURED, *ESTIMATED))

    stack_version: str = text("serving stack with its version", promoted=True)
    tensor_parallel: float | None = count("devices that share each layer")
    pipeline_parallel: float | None = count("groups of devices that hold consecutive layers")
    data_parallel: float | None = count("copies of the model")
    expert_parallel: float | None = count("devices that share the experts")
    latency_statistic: str = text("which statistic `latency_seconds_per_token` is", promoted=True)
    p90_itl_seconds: float | None = number("s", "90th percentile between two tokens", promoted=True)
    p99_itl_seconds: float | None = number("s", "99th percentile between two tokens", promoted=True)
    architecture_detail: str = text("encoder-decoder, ...", promoted=True)
    source_task: str = text("the task by its name at the source", promoted=True)

    denoising_steps: float | None = count("steps of a diffusion model")
    height: float | None = count("of a generated image or frame, in pixels")
    width: float | None = count("of a generated image or frame, in pixels")
    frames: float | None = count("of a generated video; 1 is an image")
    fps: float | None = number("1/s", "frames per second of a generated video", promoted=True)
    batch_latency_seconds: float | None = number("s", "of one whole batch", promoted=True)
    ulysses_degree: float | None = count("devices that share attention heads")
    ring_degree: float | None = count("devices that share the sequence in a ring")
    parameters_active_meaning: str = text("what `parameters_active` counts, where not the usual", promoted=True)

    resolution: float | None = count("edge of a classified image, in pixels")
    backend: str = text("library below the serving stack", promoted=True)
    delegate: str = text("kernel library of an edge runtime", promoted=True)
    framework: str = text("runtime with its version", promoted=True)
    unit: str = text("part of a board that computes: cpu, gpu, accelerator", promoted=True)
    power_mode: str = text("power limit chosen on a board", promoted=True)
    scenario: str = text("singlestream, multistream, offline", promoted=True)
    run_basis: str = text("of which runs a row is made", promoted=True)
    mlperf_version: str = text("round of the benchmark", promoted=True)
    page_size: str = text("of the kernel, where not the usual", promoted=True)
    live_preprocessing: str = text("yes, where images are prepared while measuring", promoted=True)
    binary_network: str = text("yes, where weights are single bits", promoted=True)
    input_pipeline_bound: str = text("likely, where devices wait for input", promoted=True)
    macs_source: str = text("who counted `macs`", promoted=True)
    p90_latency_seconds: float | None = number("s", "90th percentile of one sample", promoted=True)
    p99_query_latency_seconds: float | None = number("s", "99th percentile of one query", promoted=True)
    gpu_energy_joules_per_sample: float | None = number("J", "part of the GPUs", promoted=True)
    cpu_dram_energy_joules_per_sample: float | None = number("J", "part of CPU and DRAM", promoted=True)
    gpu_memory_used_ratio: float | None = ratio("occupied share of the GPUs' memory", promoted=True)
    gpu_minimum_power_watts: float | None = number("W", "least that was read, of one GPU", promoted=True)

    notes: Mapping[str, str] = field(default_factory=dict, hash=False)  # what has no column


COLUMNS: Mapping[str, Column] = {
    each.name: column for each in fields(Record) if (column := column_of(each.name, each.metadata)) is not None
}
"""All columns but `notes`, in the order they are written."""


def columns(records: Sequence[Record], names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The named columns as arrays: numbers as float64 with NaN for unknown, names as text with "" for unknown.

    Raises JoulecastError for a column there is not, suggesting the nearest.
    """
    import numpy as np

    table: dict[str, NDArray[Any]] = {}
    for name in names:
        column = COLUMNS.get(name)
        if column is None:
            raise JoulecastError(f"records have no column {name!r}", nearest(name, COLUMNS))
        values = [getattr(record, name) for record in records]
        # As float64, numpy reads None as NaN.
        table[name] = np.array(values, dtype=np.str_ if column.type == "text" else np.float64)
    return table


def by_scope(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of each energy scope: what a GPU drew and what a wall socket gave are never one target."""
    scopes: dict[str, list[Record]] = {}
    for record in records:
        scopes.setdefault(record.energy_scope, []).append(record)
    return scopes

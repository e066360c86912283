"""What follows from an operating point: rates, utilisations, bytes moved. Derived once, for training and for serving.

Each formula is written in plain operators, so that it takes single floats and numpy columns alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Way:
    """How one quantity follows from others. `assumes` says what a person should know about it, where it is a guess."""

    quantity: str
    needs: tuple[str, ...]
    formula: Callable[..., Any]
    assumes: str = ""


WAYS: tuple[Way, ...] = (
    # What may be left out.
    Way("device_count", (), lambda: 1.0, "one device"),
    Way("parameters_active", ("parameters",), lambda parameters: parameters),
    Way("model_size_bytes", ("parameters", "bytes_per_parameter"), lambda n, each: n * each),
    Way("bytes_per_parameter", ("model_size_bytes", "parameters"), lambda size, n: size / n),
    Way("bytes_per_parameter", (), lambda: 2.0, "weights of 16 bits"),
    # Rates.
    Way("output_tokens_per_second", ("request_rate", "average_output_tokens"), lambda rate, tokens: rate * tokens),
    Way("request_rate", ("output_tokens_per_second", "average_output_tokens"), lambda rate, tokens: rate / tokens),
    Way("concurrency", ("output_tokens_per_second", "latency_seconds_per_token"), lambda rate, each: rate * each),
    Way("concurrency", ("batch_size",), lambda batch: batch, "as many requests in flight as the batch holds"),
    Way("batch_size", ("concurrency",), lambda flying: flying),
    # One step of the server yields a token for every request in flight.
    Way("step_seconds", ("concurrency", "output_tokens_per_second"), lambda flying, rate: flying / rate),
    # Shares of what the device could do: each multiply-accumulate is two operations. A generated token passes every
    # active parameter through one.
    Way(
        "compute_utilization_ratio",
        ("parameters_active", "output_tokens_per_second", "device_count", "device_peak_flops_per_second"),
        lambda active, rate, count, peak: 2.0 * active * rate / (count * peak),
    ),
    Way(
        "compute_utilization_ratio",
        ("macs", "samples_per_second", "device_count", "device_peak_flops_per_second"),
        lambda macs, rate, count, peak: 2.0 * macs * rate / (count * peak),
    ),
    Way(
        "memory_bandwidth_utilization_ratio",
        (
            "parameters_active",
            "bytes_per_parameter",
            "step_seconds",
            "device_count",
            "device_memory_bandwidth_bytes_per_second",
        ),
        lambda active, each, step, count, bandwidth: active * each / (step * count * bandwidth),
    ),
    # Requests of one step choose experts apart from each other: each weight stays unread with (1 - share) ** requests.
    Way(
        "parameters_read",
        ("parameters", "parameters_active", "concurrency"),
        lambda parameters, active, flying: parameters * (1.0 - (1.0 - active / parameters) ** flying),
    ),
    Way(
        "read_bandwidth_utilization_ratio",
        (
            "parameters_read",
            "bytes_per_parameter",
            "step_seconds",
            "device_count",
            "device_memory_bandwidth_bytes_per_second",
        ),
        lambda read, each, step, count, bandwidth: read * each / (step * count * bandwidth),
    ),
    # A step's time beside the time to read all weights once.
    Way(
        "steps_per_weight_read",
        ("step_seconds", "device_memory_bandwidth_bytes_per_second", "device_count", "model_size_bytes"),
        lambda step, bandwidth, count, size: step * bandwidth * count / size,
    ),
    # The least a step takes. Half of the parameters a token passes are taken to be shared by all (attention, dense
    # layers, shared experts), the other half to be of experts that requests choose apart from each other.
    Way(
        "weight_read_seconds",
        (
            "parameters",
            "parameters_active",
            "concurrency",
            "bytes_per_parameter",
            "device_count",
            "device_memory_bandwidth_bytes_per_second",
        ),
        lambda parameters, active, flying, each, count, bandwidth: (
            (parameters - (parameters - 0.5 * active) * (1.0 - 0.5 * active / (parameters - 0.5 * active)) ** flying)
            * each
            / (count * bandwidth)
        ),
    ),
    Way(
        "step_compute_seconds",
        ("parameters_active", "concurrency", "device_count", "device_peak_flops_per_second"),
        lambda active, flying, count, peak: 2.0 * active * flying / (count * peak),
    ),
    Way("roofline_step_seconds", ("weight_read_seconds", "step_compute_seconds"), lambda read, compute: read + compute),
    Way(
        "compute_per_weight_read", ("step_compute_seconds", "weight_read_seconds"), lambda compute, read: compute / read
    ),
    # Generated tokens in flight beside the memory that weights leave for their cache; never less than a fiftieth of it.
    Way(
        "tokens_per_free_byte",
        ("concurrency", "average_output_tokens", "device_count", "device_memory_bytes", "model_size_bytes"),
        lambda flying, tokens, count, memory, size: (
            flying * tokens / ((count * memory - size) ** 2 + (0.02 * count * memory) ** 2) ** 0.5
        ),
    ),
    # A reference only, near enough for a Lasso to correct: 5 ms to launch a step, and prefill, attention and imperfect
    # kernels make computing four times as long as it might be.
    Way(
        "roofline_joules_per_output_token",
        ("rated_watts", "weight_read_seconds", "step_compute_seconds", "concurrency"),
        lambda watts, read, compute, flying: watts * (0.005 + read + 4.0 * compute) / flying,
    ),
    # Images and videos: what a denoiser passes in a step. A token stands for 16x16 pixels of a frame (a latent pixel is
    # 8x8, a patch 2x2 of those) and for four frames of a video after its first.
    Way("frames", (), lambda: 1.0, "an image: one frame"),
    Way(
        "latent_tokens",
        ("height", "width", "frames"),
        lambda height, width, frames: height * width / 256.0 * (1.0 + (frames - 1.0) / 4.0),
    ),
    Way(
        "step_tokens_each",
        ("latent_tokens", "batch_size", "device_count"),
        lambda tokens, batch, count: tokens * batch / count,
    ),
    # Every token passes every parameter and attends to every token: a transformer of width d has about 12 d^2
    # parameters in each of d / 128 layers, and attention adds tokens / 6 d to what those compute.
    Way(
        "denoising_operations",
        ("parameters_active", "latent_tokens", "denoising_steps"),
        lambda active, tokens, steps: (
            2.0 * active * tokens * steps * (1.0 + tokens / (6.0 * (10.7 * active) ** (1.0 / 3.0)))
        ),
    ),
    Way(
        "denoising_seconds",
        ("denoising_operations", "device_peak_flops_per_second"),
        lambda operations, peak: operations / peak,
    ),
    Way(
        "denoising_step_seconds",
        ("batch_size", "samples_per_second", "denoising_steps"),
        lambda batch, rate, steps: batch / (rate * steps),
    ),
    Way(
        "step_seconds_per_token",
        ("denoising_step_seconds", "step_tokens_each"),
        lambda step, tokens: step / tokens,
    ),
    # Beside the peak rate, of 16x16 pixels of every frame passing every parameter at every step.
    Way(
        "denoising_compute_ratio",
        (
            "parameters_active",
            "height",
            "width",
            "frames",
            "denoising_steps",
            "samples_per_second",
            "device_count",
            "device_peak_flops_per_second",
        ),
        lambda active, height, width, frames, steps, rate, count, peak: (
            2.0 * active * height * width / 256.0 * frames * steps * rate / (count * peak)
        ),
    ),
    # A reference only: each step of a batch takes 20 ms of every device to launch, beside its operations.
    Way(
        "denoising_joules_per_sample",
        ("denoising_seconds", "denoising_steps", "device_count", "batch_size", "device_tdp_watts"),
        lambda seconds, steps, count, batch, watts: (seconds + 0.02 * steps * count / batch) * watts,
    ),
    Way("frame_pixels", ("height", "width"), lambda height, width: height * width),
    # The paper's own (Sec. 6.1); memory is that of all devices.
    Way(
        "model_size_to_ram",
        ("model_size_bytes", "device_count", "device_memory_bytes"),
        lambda size, count, memory: size / (count * memory),
    ),
    Way("macs_param", ("macs", "parameters"), lambda macs, parameters: macs / parameters),
    Way("work_done", ("parameters", "samples_per_second"), lambda parameters, rate: parameters * rate),
    Way("rated_watts", ("device_count", "device_tdp_watts"), lambda count, tdp: count * tdp),
    # Classifiers: what a device's figures and its load say before anything is learnt.
    Way("samples_per_second_each", ("samples_per_second", "device_count"), lambda rate, count: rate / count),
    Way(
        "weight_traffic_ratio",
        (
            "model_size_bytes",
            "samples_per_second",
            "batch_size",
            "device_count",
            "device_memory_bandwidth_bytes_per_second",
        ),
        lambda size, rate, batch, count, bandwidth: size * rate / (batch * count * bandwidth),
    ),
    Way(
        "bandwidth_per_watt",
        ("device_memory_bandwidth_bytes_per_second", "device_tdp_watts"),
        lambda bandwidth, tdp: bandwidth / tdp,
    ),
    Way("peak_per_watt", ("device_peak_flops_per_second", "device_tdp_watts"), lambda peak, tdp: peak / tdp),
    # A GPU at rest with its clocks up was measured to draw 0.14 (A100) to 0.17 (H100) of its TDP.
    Way(
        "loaded_watts",
        ("rated_watts", "gpu_utilization_ratio"),
        lambda rated, busy: rated * (0.15 + 0.85 * busy),
    ),
    # A server at rest draws about a quarter of its full power (SPECpower median); its packages are taken to draw 0.3.
    Way(
        "cpu_loaded_watts",
        ("rated_watts", "cpu_utilization_ratio"),
        lambda rated, busy: rated * (0.3 + 0.7 * busy),
    ),
    Way(
        "joules_at_peak",
        ("macs", "device_tdp_watts", "device_peak_flops_per_second"),
        lambda macs, tdp, peak: 2.0 * macs * tdp / peak,
    ),
)
"""In order of preference: of several ways to one quantity the first that can be gone is taken."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps from what is given to what is wanted, and what stays unknown.

    A step is (quantity, formula, names of its arguments).
    """

    steps: tuple[tuple[str, Callable[..., Any], tuple[str, ...]], ...]
    missing: tuple[str, ...]
    assumptions: tuple[str, ...]

    def complete(self, known: dict[str, Any]) -> None:
        """Add every step's quantity to what is known."""
        for quantity, formula, needs in self.steps:
            known[quantity] = formula(*[known[name] for name in needs])


@lru_cache(maxsize=1024)
def plan(given: frozenset[str], wanted: tuple[str, ...]) -> Plan:
    """How to get from these quantities to those."""
    found: dict[str, Way] = {}
    missing = tuple(name for name in wanted if not _reach(name, given, found, frozenset()))
    return Plan(
        steps=tuple((name, way.formula, way.needs) for name, way in found.items()),
        missing=missing,
        assumptions=tuple(way.assumes for way in found.values() if way.assumes),
    )


def _reach(name: str, given: Collection[str], found: dict[str, Way], path: frozenset[str]) -> bool:
    """Whether a quantity is known or follows; the ways gone are added to `found`, each after what it needs."""
    if name in given or name in found:
        return True
    if name in path:
        return False
    for way in _BY_QUANTITY.get(name, ()):
        before = dict(found)
        if all(_reach(need, given, found, path | {name}) for need in way.needs):
            found[name] = way
            return True
        found.clear()
        found.update(before)
    return False


def _by_quantity() -> Mapping[str, tuple[Way, ...]]:
    ways: dict[str, list[Way]] = {}
    for way in WAYS:
        ways.setdefault(way.quantity, []).append(way)
    return {name: tuple(each) for name, each in ways.items()}


_BY_QUANTITY = _by_quantity()

"""Classifiers of images: energy is power over the rate where the rate is known, and learnt as a whole where it is not.

Whose energy is asked for is an input: a GPU's, that of GPU, CPU and memory, of CPU and memory, or of the wall socket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from predictor.estimate import Input, Question
from predictor.record import Record
from predictor.training.recipe import FeatureRecipe, FormRecipe, Recipe, VariantRecipe, is_one_of, log, value

STACKS = ("armnn", "onnx", "pytorch", "tensorflow")  # beside tflite
DELEGATES = ("neon", "opencl", "xnnpack")  # beside ruy

WHOLE = (
    "unless energy_scope says gpu, the energy is that of the whole machine: of a board at the wall socket, of a host "
    "that of its GPUs, CPUs and memory"
)

STANDS_FOR: Mapping[str, Mapping[str, str]] = {
    "serving_stack": {
        "torch": "pytorch",
        "pytorch": "pytorch",
        "tf": "tensorflow",
        "tensorflow": "tensorflow",
        "keras": "tensorflow",
        "tflite": "tflite",
        "onnx": "onnx",
        "arm nn": "armnn",
        "armnn": "armnn",
    }
}

INPUTS = (
    Input("macs", "1", "multiply-accumulates of one sample", required=True, least=1e3),
    Input("parameters", "1", "all parameters of the model", required=True, least=1e3),
    Input("resolution", "px", "edge of a classified image"),
    Input("bytes_per_parameter", "bytes", "of the weights as served", most=16),
    Input("model_size_bytes", "bytes", "weights in memory", least=1e3),
    Input("precision", meaning="of the weights, instead of bytes_per_parameter", is_text=True),
    Input("batch_size", "samples", "classified at once"),
    Input("samples_per_second", "1/s", "samples classified, by all devices together"),
    Input("gpu_utilization_ratio", "1", "share of time with a kernel running, mean over GPUs", least_is_allowed=True,
          most=1.0),
    Input("gpu_memory_utilization_ratio", "1", "share of time the memory controller was busy", least_is_allowed=True,
          most=1.0),
    Input("cpu_utilization_ratio", "1", "mean over all cores", least_is_allowed=True, most=1.0),
    Input("energy_scope", meaning="whose energy: gpu, gpu+cpu+dram, cpu+dram, wall", is_text=True),
    Input("serving_stack", meaning="runtime: tflite, armnn, onnx, pytorch, tensorflow", is_text=True),
    Input("delegate", meaning="kernel library of an edge runtime: ruy, xnnpack, neon, opencl", is_text=True),
    Input("power_mode", meaning="power limit chosen on a board: maxq", is_text=True),
    Input("live_preprocessing", meaning="yes, where images are prepared on the device meanwhile", is_text=True),
    Input("device", meaning="GPU, CPU or board by name or alias; ListHardware lists them", is_text=True),
    Input("device_count", "1", "devices the model runs on", most=1e5),
    Input("device_tdp_watts", "W", "power limit of one device; else the catalogue's", most=1e5),
    Input("device_memory_bandwidth_bytes_per_second", "B/s", "of one device; else the catalogue's", least=1e6),
    Input("device_peak_flops_per_second", "1/s", "of one device; else the catalogue's", least=1e6),
)  # fmt: skip

MODEL = (
    log("macs", "macs"),
    log("parameters", "parameters"),
    log("bytes per parameter", "bytes_per_parameter"),
)
DEVICE = (
    # The TDP itself would tell each board from the others: without it the share learnt on some holds on the next.
    log("bandwidth per watt", "bandwidth_per_watt", optional=True),
    log("peak per watt", "peak_per_watt", optional=True),
)
SOFTWARE = (
    *is_one_of("serving_stack", STACKS),
    *is_one_of("delegate", DELEGATES),
    *is_one_of("power_mode", ("maxq",)),
    *is_one_of("live_preprocessing", ("yes",)),
)
RATE = (
    log("compute utilization", "compute_utilization_ratio", optional=True),
    log("weight traffic", "weight_traffic_ratio", optional=True),
    log("rate", "samples_per_second_each"),
)
SCOPE = is_one_of("energy_scope", ("gpu",))

WITH_GPU_UTILIZATION: tuple[FeatureRecipe, ...] = (
    log("gpu utilization", "gpu_utilization_ratio", offset=0.05),
    log("gpu memory utilization", "gpu_memory_utilization_ratio", offset=0.02, optional=True),
    log("compute utilization", "compute_utilization_ratio", optional=True),
    log("weight traffic", "weight_traffic_ratio", optional=True),
    log("macs", "macs"),
    log("parameters", "parameters"),
    log("macs_param", "macs_param"),
    log("rate", "samples_per_second_each"),
    *is_one_of("serving_stack", ("pytorch",)),
    *SCOPE,
)
WITH_CPU_UTILIZATION: tuple[FeatureRecipe, ...] = (
    value("cpu utilization", "cpu_utilization_ratio"),
    log("compute utilization", "compute_utilization_ratio", optional=True),
    log("macs", "macs"),
    log("parameters", "parameters"),
    log("macs_param", "macs_param"),
    log("rate", "samples_per_second_each"),
    log("bandwidth per watt", "bandwidth_per_watt", optional=True),
    *is_one_of("serving_stack", ("onnx", "pytorch")),
    *SCOPE,
)
WITH_RATE = (*RATE, *MODEL, *DEVICE, *SOFTWARE, *SCOPE)
A_PRIORI = (
    *MODEL,
    log("macs_param", "macs_param"),
    log("resolution", "resolution", optional=True),
    *DEVICE,
    log("tdp", "device_tdp_watts"),
    log("device count", "device_count"),
    *SOFTWARE,
    *SCOPE,
)


def takes(record: Record) -> bool:
    """Classifiers, whatever the scope."""
    return record.kind == "discriminative"


def parts(record: Record) -> Sequence[Record]:
    """The GPU's own energy, where a record of a whole node tells it."""
    energy, rate = record.gpu_energy_joules_per_sample, record.samples_per_second
    if record.energy_scope == "gpu" or energy is None or rate is None:
        return ()
    return (
        replace(
            record,
            record_id=f"{record.record_id}-gpu",
            energy_scope="gpu",
            energy_joules_per_sample=energy,
            mean_power_watts=energy * rate,
        ),
    )


RECIPE = Recipe(
    name="discriminative",
    question=Question.DISCRIMINATIVE,
    scope="wall",
    inputs=INPUTS,
    variants=(
        VariantRecipe(
            "rate and GPU utilization known",
            (FormRecipe("power_watts", "loaded_watts", WITH_GPU_UTILIZATION, bound=1.6),),
        ),
        VariantRecipe(
            "rate and CPU utilization known",
            (FormRecipe("power_watts", "cpu_loaded_watts", WITH_CPU_UTILIZATION, bound=1.5),),
        ),
        VariantRecipe("rate known", (FormRecipe("power_watts", "rated_watts", WITH_RATE, bound=1.5),)),
        VariantRecipe("a priori", (FormRecipe("joules_per_sample", "joules_at_peak", A_PRIORI, bound=3.0),)),
    ),
    takes=takes,
    parts=parts,
    parts_weight=0.25,
    stands_for=STANDS_FOR,
    notes=(WHOLE,),
    scored="joules_per_sample",
)

"""What both models of served language models take."""

from collections.abc import Mapping

from predictor.estimate import Input

ARCHITECTURES = ("moe", "hybrid", "rnn")  # beside dense
TASKS = ("chat", "code", "image-chat", "instruct", "reasoning", "video-chat")
STACKS = ("pytorch-2.0.1-fastchat", "vllm-0.5.4", "vllm-0.11.1")

STANDS_FOR: Mapping[str, Mapping[str, str]] = {
    # A stack that was never measured counts as the one nearest in design; estimates say that it is outside training.
    "serving_stack": {
        "vllm": "vllm-0.11.1",
        **{f"vllm 0.{minor}": "vllm-0.5.4" for minor in range(8)},  # before the engine was rewritten in 0.8
        **{f"vllm 0.{minor}": "vllm-0.11.1" for minor in range(10, 30)},
        "sglang": "vllm-0.11.1",
        "tensorrt": "vllm-0.11.1",
        "tgi": "vllm-0.5.4",
        "text generation inference": "vllm-0.5.4",
        "lmdeploy": "vllm-0.11.1",
        "hf": "pytorch-2.0.1-fastchat",
        "transformers": "pytorch-2.0.1-fastchat",
        "pytorch": "pytorch-2.0.1-fastchat",
        "hugging": "pytorch-2.0.1-fastchat",
    },
    "task": {"text": "chat", "conversation": "chat", "question": "chat", "image": "image-chat", "video": "video-chat"},
}

MODEL_INPUTS = (
    Input("parameters", "1", "all parameters of the model", required=True, least=1e6),
    Input("parameters_active", "1", "those one token passes; fewer than all in a mixture of experts", least=1e6),
    Input("bytes_per_parameter", "bytes", "of the weights as served", most=16),
    Input("model_size_bytes", "bytes", "weights in memory", least=1e6),
    Input("precision", meaning="of the weights, instead of bytes_per_parameter", is_text=True),
    Input("architecture", meaning="dense, moe, hybrid, rnn", is_text=True),
    Input("task", meaning="what is asked of the model", is_text=True),
    Input("serving_stack", meaning="serving software and its version", is_text=True),
)

DEVICE_INPUTS = (
    Input("device", meaning="the GPU by name or alias; ListHardware lists them", is_text=True),
    Input("device_count", "1", "GPUs the model runs on", most=1e5),
    Input("device_tdp_watts", "W", "board power limit of one GPU; else the catalogue's", most=1e5),
    Input("device_memory_bytes", "bytes", "memory of one GPU; else the catalogue's", least=1e6),
    Input("device_memory_bandwidth_bytes_per_second", "B/s", "of one GPU; else the catalogue's", least=1e6),
    Input("device_peak_flops_per_second", "1/s", "dense 16-bit rate of one GPU; else the catalogue's", least=1e6),
)

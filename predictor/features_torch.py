"""Characteristics of a PyTorch module. Experiments aside, the only file that needs torch, and only when called."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from joulecast.errors import JoulecastError
from predictor.characteristics import Characteristics

if TYPE_CHECKING:
    import torch

# Parts of the names of operators that multiply matrices without the counter knowing how many.
_UNCOUNTABLE = ("rnn", "lstm", "gru", "quantized", "transformer_encoder_layer", "native_multi_head", "_pointwise")


def characteristics_of_module(
    module: "torch.nn.Module", *example: Any, keywords: Mapping[str, Any] | None = None
) -> Characteristics:
    """What a module is, and the work of one forward pass over the example (MACs of the whole batch it holds).

    The example is the module's positional input, `keywords` its named one; without either, `macs` stay unknown. Runs
    the module once in evaluation mode, without gradients, on whatever device it lives; on the meta device nothing is
    computed or allocated. The module's own mode is restored. Where an operator runs that torch cannot count (a fused
    recurrent layer, say), `macs` are None and `notes` name it: a wrong count would be worse.

    Raises JoulecastError if the module cannot run on the example.
    """
    parameters = _distinct(module.parameters())
    buffers_bytes = sum(each.numel() * each.element_size() for each in _distinct(module.buffers()))
    total = sum(each.numel() for each in parameters)
    if not total:
        raise JoulecastError(f"{type(module).__name__} has no parameters", "give the module that holds the weights")
    macs, notes = _macs(module, example, keywords or {}) if example or keywords else (None, ())
    return Characteristics(
        source="torch",
        parameters=total,
        trainable_parameters=sum(each.numel() for each in parameters if each.requires_grad),
        active_parameters=total,
        size_bytes=sum(each.numel() * each.element_size() for each in parameters) + buffers_bytes,
        buffers_bytes=buffers_bytes,
        macs=macs,
        layers=sum(1 for each in module.modules() if not any(True for _ in each.children())),
        notes=notes,
    )


def characteristics_of_factory(build: Callable[[], Any], sizes: Sequence[int] | None = None) -> Characteristics:
    """What `build` returns, on the meta device, so that nothing is allocated; MACs of one sample of these sizes.

    Raises JoulecastError for what builds no module, and as `characteristics_of_module` does.
    """
    import torch

    try:
        with torch.device("meta"):
            module = build()
    except Exception as error:  # a factory is foreign code, as a module is
        raise JoulecastError(
            f"the module cannot be built ({type(error).__name__}: {_first_line(error)})",
            "give a factory that works without arguments",
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise JoulecastError(f"a {type(module).__name__} was built", "give a factory of a torch.nn.Module")
    return characteristics_of_module(module, *([] if sizes is None else [torch.zeros(1, *sizes, device="meta")]))


def _distinct(tensors: Any) -> "list[torch.Tensor]":
    """Each tensor once: tied weights take memory once."""
    return list({id(each): each for each in tensors}.values())


def _macs(
    module: "torch.nn.Module", example: tuple[Any, ...], keywords: Mapping[str, Any]
) -> tuple[int | None, tuple[str, ...]]:
    """MACs, or None with a note of why torch cannot count them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    modes = [(each, each.training) for each in module.modules()]
    counter = FlopCounterMode(display=False, custom_mapping=_formulas())
    ran: set[str] = set()
    # Fused encoder layers run past the counter.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        module.eval()
        with torch.no_grad(), _recording(ran), counter:
            module(*example, **keywords)
    except Exception as error:  # a module is foreign code: whatever it raises, the caller gets one line
        raise JoulecastError(
            f"{type(module).__name__} cannot run on the example ({type(error).__name__}: {_first_line(error)})",
            "give an input of the right shape and type, on the module's own device",
        ) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for each, training in modes:
            each.training = training
    unseen = sorted(name for name in ran if any(part in name for part in _UNCOUNTABLE))
    if unseen:
        return None, (f"macs are unknown: torch does not count {', '.join(unseen)}; give them by hand",)
    # Two floating-point operations are one multiply-accumulate.
    return int(counter.get_total_flops()) // 2, ()


def _recording(ran: set[str]) -> Any:
    """A mode that notes which operators run."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recording(TorchDispatchMode):  # type: ignore[misc] # Any where torch is not installed
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            ran.add(str(func))
            return func(*args, **(kwargs or {}))

    return Recording()


def _formulas() -> dict[Any, Any]:
    """Formulas for the operators that torch's own counter passes over in silence."""
    import torch
    from torch.utils.flop_counter import sdpa_flop_count

    def attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
        return int(sdpa_flop_count(query, key, value))

    def grouped(left: Any, right: Any, *_: Any, **__: Any) -> int:
        # Each row of the left meets the one matrix of its group, whatever the number of groups.
        rows = left[-2] if len(left) == 2 else left[0] * left[1]
        return 2 * int(rows) * int(left[-1]) * int(right[-1])

    formulas = {
        "_scaled_dot_product_flash_attention_for_cpu": attention,
        "_grouped_mm": grouped,
    }
    known = {name: getattr(torch.ops.aten, name, None) for name in formulas}
    return {operator: formulas[name] for name, operator in known.items() if operator is not None}


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")

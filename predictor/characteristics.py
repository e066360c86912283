"""What a model is, before anything runs: the numbers every estimate starts from, and where they came from."""

import math
from dataclasses import dataclass

from joulecast.errors import JoulecastError

# No network has fewer parameters; a smaller number is a person who meant billions.
_FEWEST_PARAMETERS = 1_000


@dataclass(frozen=True, slots=True)
class Characteristics:
    """A model's size and work (paper, Sec. 5.3). `None` is unknown, never zero.

    `macs` are the multiply-accumulates of one forward pass: of one sample, or of one generated token, and for the
    whole batch where the input was one.
    """

    source: str  # "torch", "config.json of llama", "given"
    parameters: int
    trainable_parameters: int
    active_parameters: int  # those one token or sample passes through; fewer than all in a mixture of experts
    size_bytes: int  # parameters and buffers, in memory
    buffers_bytes: int = 0
    macs: int | None = None
    layers: int | None = None
    non_embedding_parameters: int | None = None
    kv_bytes_per_token: int | None = None
    context_tokens: int | None = None  # at which `macs` were counted
    architecture: str | None = None  # dense, moe, or unknown
    notes: tuple[str, ...] = ()

    @property
    def bytes_per_parameter(self) -> float:
        """Bytes of one parameter in memory, on average."""
        return (self.size_bytes - self.buffers_bytes) / self.parameters

    @property
    def macs_param(self) -> float | None:
        """The paper's MACs per trainable parameter; None where either is unknown or nothing is trainable."""
        if self.macs is None or not self.trainable_parameters:
            return None
        return self.macs / self.trainable_parameters


def given(
    *,
    parameters: float,
    bytes_per_parameter: float = 2.0,
    active_parameters: float | None = None,
    macs: float | None = None,
    layers: int | None = None,
) -> Characteristics:
    """Characteristics a person states. Raises JoulecastError naming the number that cannot be right."""
    active = parameters if active_parameters is None else active_parameters
    for name, value in (
        ("parameters", parameters),
        ("active_parameters", active),
        ("bytes_per_parameter", bytes_per_parameter),
        ("macs", macs),
    ):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise JoulecastError(f"{name} is {value:g}", "give a positive number")
    if parameters < _FEWEST_PARAMETERS:
        raise JoulecastError(f"parameters is {parameters:g}", f"give single parameters: {parameters:g} billion is "
                             f"{parameters:g}e9")  # fmt: skip
    if active > parameters:
        raise JoulecastError(
            f"active_parameters is {active:g}, more than all {parameters:g}", "give what one token passes through"
        )
    return Characteristics(
        source="given",
        parameters=round(parameters),
        trainable_parameters=round(parameters),
        active_parameters=round(active),
        size_bytes=round(parameters * bytes_per_parameter),
        macs=None if macs is None else round(macs),
        layers=layers,
        architecture="moe" if active < parameters else "dense",
    )

"""Counting weights: how many parameters a block has, and how many multiply-accumulates a token costs in it.

Blocks are added and repeated: `layer * 32 + linear(4096, 128256)`. Nothing is allocated.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """The parameters of a block, by what may happen to them, and its MACs for one token."""

    matrices: int = 0  # of linear layers: what quantisation packs
    plain: int = 0  # norms, biases, routers, the output head: left in the model's own type
    tables: int = 0  # embeddings: looked up, never multiplied
    idle: int = 0  # of all these, what one token does not pass through: experts it is not routed to
    macs: int = 0

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.matrices + self.plain + self.tables

    def __add__(self, other: "Weights") -> "Weights":
        return Weights(
            self.matrices + other.matrices,
            self.plain + other.plain,
            self.tables + other.tables,
            self.idle + other.idle,
            self.macs + other.macs,
        )

    def __mul__(self, times: int) -> "Weights":
        return Weights(
            self.matrices * times, self.plain * times, self.tables * times, self.idle * times, self.macs * times
        )

    def unquantised(self) -> "Weights":
        """The same, left in the model's own type."""
        return Weights(0, self.matrices + self.plain, self.tables, self.idle, self.macs)


NOTHING = Weights()


def linear(inputs: int, outputs: int, *, bias: bool = False) -> Weights:
    """A matrix that every token is multiplied by."""
    return Weights(matrices=inputs * outputs, plain=outputs * bias, macs=inputs * outputs)


def unpacked(inputs: int, outputs: int, *, bias: bool = False) -> Weights:
    """A matrix that quantisation leaves alone: a router, the output head."""
    return Weights(plain=inputs * outputs + outputs * bias, macs=inputs * outputs)


def vector(size: int) -> Weights:
    """A norm's gains, or any other parameters without a matrix multiplication."""
    return Weights(plain=size)


def table(rows: int, width: int) -> Weights:
    """An embedding."""
    return Weights(tables=rows * width)


def tied_head(width: int, rows: int) -> Weights:
    """An output head that is the embedding again: work, but no parameters."""
    return Weights(macs=width * rows)


def experts(one: Weights, count: int, used: int) -> Weights:
    """`count` blocks of which every token passes through `used`."""
    return Weights(
        one.matrices * count,
        one.plain * count,
        one.tables * count,
        one.parameters * (count - used),
        one.macs * used,
    )

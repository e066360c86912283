"""A decoder: its weights, and what its attention costs over the context."""

from dataclasses import dataclass

from predictor.weights import Weights, linear


@dataclass(frozen=True, slots=True)
class Attention:
    """One layer's attention beyond its matrices."""

    macs: int  # per token and position looked back at: scores and weighted values
    cached: int  # elements each token leaves in the cache
    window: int | None = None  # positions it looks back at, where not all of them

    def span(self, context: int) -> int:
        """Positions looked back at when there are `context` of them."""
        return context if self.window is None else min(context, self.window)


@dataclass(frozen=True, slots=True)
class Transformer:
    """A decoder, embeddings and output head included."""

    weights: Weights
    layers: tuple[Attention, ...]
    mixture: bool = False  # of experts

    def macs_per_token(self, context: int) -> int:
        """MACs of generating one token with `context` tokens to look back at."""
        return self.weights.macs + sum(layer.macs * layer.span(context) for layer in self.layers)

    def cached_elements(self, context: int) -> int:
        """Elements of the key-value cache of one sequence of `context` tokens."""
        return sum(layer.cached * layer.span(context) for layer in self.layers)


def grouped_query(hidden: int, heads: int, groups: int, dim: int, *, bias: bool, out_bias: bool) -> Weights:
    """Query, key, value and output matrices; as many groups as heads is plain multi-head attention."""
    return (
        linear(hidden, heads * dim, bias=bias)
        + linear(hidden, groups * dim, bias=bias) * 2
        + linear(heads * dim, hidden, bias=out_bias)
    )


def gated(hidden: int, inner: int, *, bias: bool = False) -> Weights:
    """A feed-forward block of three matrices: gate, up, down."""
    return linear(hidden, inner, bias=bias) * 2 + linear(inner, hidden, bias=bias)


def ungated(hidden: int, inner: int, *, bias: bool) -> Weights:
    """A feed-forward block of two matrices."""
    return linear(hidden, inner, bias=bias) + linear(inner, hidden, bias=bias)

"""A PyTorch module becomes characteristics, and its work is counted right or not at all."""

from typing import Any

import pytest

from joulecast.errors import JoulecastError
from predictor.features_torch import characteristics_of_module

torch = pytest.importorskip("torch")
nn = torch.nn


class BasicBlock(nn.Module):  # type: ignore[misc] # Any where torch is not installed
    """Two convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
        )
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Any) -> Any:
        """The sum of both ways."""
        return torch.relu(self.second(self.first(x)) + self.shortcut(x))


def resnet18() -> Any:
    """ResNet-18 as published for ImageNet."""
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    widths = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
    blocks = [block for i, o, s in widths for block in (BasicBlock(i, o, s), BasicBlock(o, o, 1))]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


class Attends(nn.Module):  # type: ignore[misc] # as above
    """Attention of a sequence to itself, one parameter."""

    def __init__(self, *, causal: bool) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.causal = causal

    def forward(self, x: Any) -> Any:
        """One fused call."""
        return nn.functional.scaled_dot_product_attention(x, x, x, is_causal=self.causal)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_resnet18_on_32_by_32_pixels_is_exact(device: str) -> None:
    """Analytic multiply-accumulates of its convolutions and its classifier, and nothing else."""
    with torch.device(device):
        found = characteristics_of_module(resnet18(), torch.zeros(1, 3, 32, 32))
    assert found.macs == 37_523_456
    assert found.parameters == found.trainable_parameters == 11_689_512
    # 4,800 means and variances of 32 bits, 20 step counters of 64.
    assert found.buffers_bytes == 9600 * 4 + 20 * 8
    assert found.size_bytes == 4 * 11_689_512 + found.buffers_bytes
    assert found.macs_param == pytest.approx(3.21, abs=0.01)


def test_a_batch_is_counted_whole() -> None:
    """MACs are those of the forward pass that was run."""
    with torch.device("meta"):
        assert characteristics_of_module(resnet18(), torch.zeros(8, 3, 32, 32)).macs == 8 * 37_523_456


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_fused_attention_is_counted_on_every_device(device: str, *, causal: bool) -> None:
    """Torch's own counter passes over the CPU's fused attention in silence."""
    with torch.device(device):
        found = characteristics_of_module(Attends(causal=causal), torch.zeros(2, 4, 32, 16))
    assert found.macs == 2 * (2 * 4 * 32 * 32 * 16)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_an_encoder_layer_does_not_slip_past_on_its_fast_path(device: str) -> None:
    """In evaluation mode it would run as one operator nobody counts."""
    with torch.device(device):
        layer = nn.TransformerEncoderLayer(64, 4, dim_feedforward=256, batch_first=True)
        found = characteristics_of_module(layer, torch.zeros(1, 10, 64))
    assert found.macs == 10 * (4 * 64 * 64 + 2 * 64 * 256) + 2 * 10 * 10 * 64


def test_what_cannot_be_counted_is_unknown_and_told() -> None:
    """A fused recurrent layer: no number, and a note that names the operator."""
    found = characteristics_of_module(nn.LSTM(16, 32), torch.zeros(10, 1, 16))
    assert found.macs is None
    assert "torch does not count aten." in found.notes[0]


def test_tied_weights_are_counted_once() -> None:
    """They take memory once."""
    first = nn.Linear(8, 8, bias=False)
    second = nn.Linear(8, 8, bias=False)
    second.weight = first.weight
    found = characteristics_of_module(nn.Sequential(first, second), torch.zeros(1, 8))
    assert (found.parameters, found.size_bytes, found.macs) == (64, 256, 128)


def test_frozen_parameters_are_parameters_but_not_trainable() -> None:
    """The paper's MACs per parameter divide by the trainable ones."""
    module = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    module[0].requires_grad_(requires_grad=False)
    found = characteristics_of_module(module, torch.zeros(1, 8))
    assert (found.parameters, found.trainable_parameters) == (144, 72)
    assert found.macs_param == 128 / 72


def test_the_module_is_left_as_it_was() -> None:
    """Its mode, its statistics and its gradients are its owner's."""
    module = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout())
    module[1].eval()
    characteristics_of_module(module, torch.ones(3, 4))
    assert (module.training, module[0].training, module[1].training) == (True, True, False)
    assert module[0].num_batches_tracked == 0
    assert module[0].weight.grad is None


def test_without_an_example_macs_are_unknown() -> None:
    """Unknown is None, not zero."""
    assert characteristics_of_module(nn.Linear(4, 4)).macs is None


def test_an_example_that_does_not_fit_is_one_line() -> None:
    """The module's own error is quoted."""
    with pytest.raises(JoulecastError, match="Linear cannot run on the example") as refused:
        characteristics_of_module(nn.Linear(4, 4), torch.zeros(1, 5))
    assert "\n" not in str(refused.value)


def test_a_module_without_parameters_is_refused() -> None:
    """There is nothing to characterise."""
    with pytest.raises(JoulecastError, match="ReLU has no parameters"):
        characteristics_of_module(nn.ReLU(), torch.zeros(1))

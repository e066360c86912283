"""From the GPUs to the machine around them: a published share, never learnt, and always said to be one.

Almost everything measured openly is the GPUs alone. What CPU, memory, fans and power supplies add is known from few
places:
* accelerators 58 %, host CPU and memory 25 % of a served prompt, so 1.43 of the accelerators alone (Google, "Measuring
  the environmental impact of delivering AI at Google scale", 2025);
* 1.25, the least of wall over GPU + CPU + memory measured on PCs (1.25 to 1.49);
* 10.2 kW of a machine with eight GPUs of 700 W, so 1.82 at most (NVIDIA DGX H100 data sheet).
"""

from __future__ import annotations

from predictor.estimate import Quantity

NOTE = "the machine around the GPUs is a published share, not learnt: 1.25 to 1.82 times the GPUs, 1.43 usually"
_LEAST, _USUAL, _MOST = 1.25, 1.43, 1.82


def with_host(gpus: Quantity) -> Quantity:
    """What the whole machine takes when its GPUs take this; the band is widened by what is known of the share."""
    return Quantity(gpus.value * _USUAL, gpus.p10 * _LEAST, gpus.p90 * _MOST)

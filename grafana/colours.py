"""Which colour means what, the same on every dashboard. Told apart by eyes that see no red or no green."""

from collections.abc import Mapping

BLUE, ORANGE, TEAL, PURPLE = "#5794F2", "#FF9830", "#2CB5A0", "#B877D9"
GREEN, YELLOW, RED, GREY = "#73BF69", "#FADE2A", "#F2495C", "#8E8E99"

COMPONENTS: Mapping[str, str] = {"cpu": BLUE, "dram": TEAL, "gpu": ORANGE, "platform": GREY}
COMPONENT_NAMES: Mapping[str, str] = {"cpu": "CPU", "dram": "DRAM", "gpu": "GPU", "platform": "Platform meter"}

PROVENANCES: Mapping[str, str] = {"measured": GREEN, "integrated": BLUE, "modelled": YELLOW, "predicted": PURPLE}

DESTINATIONS: Mapping[str, str] = {
    "containers": BLUE,
    "services and batch jobs": TEAL,
    "idle baseline": GREY,
    "unattributed": RED,
}
"""Where a joule went: what is attributed, what the policy gives to nobody, what nobody could be charged for."""

PHASES: Mapping[str, str] = {
    "data": GREY,
    "experimentation": PURPLE,
    "training": ORANGE,
    "fine-tuning": YELLOW,
    "inference": BLUE,
    "monitoring": TEAL,
}

"""The names of this node's containers and the holders of its GPUs, kept at hand for who must not wait."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from exporter.kubernetes.access import SERVICE_ACCOUNT, KubeletAccess, is_node
from exporter.kubernetes.directory import Directory
from exporter.kubernetes.holdings import Holdings
from exporter.kubernetes.kubelet import KubeletPods
from exporter.kubernetes.no_answer import NoAnswer
from exporter.kubernetes.pod_list import PodList
from exporter.kubernetes.pod_resources import PodResources
from exporter.kubernetes.poller import BACKOFF_SECONDS, DEBOUNCE_SECONDS, PERIOD_SECONDS, Poller
from exporter.usage.evidence import CgroupIdentity, ContainerName, GpuHolder, NamesFinding, NoNames
from exporter.usage.manager import Manager
from joulecast.clock import Clock, SystemClock

KUBELET = "kubelet"
POD_RESOURCES = "pod-resources"

KEEP_SECONDS = 900.0  # names of what has gone
# A kubelet that restarts gives no GPU to anybody; one that is silent for longer may have been replaced.
HOLDERS_SECONDS = 300.0

# Something new is asked for at once, and again: a container's ID comes to the kubelet's list seconds after its cgroup.
# What is then still not known waits for the regular list.
_ASK_AGAIN_SECONDS = (3.0, 6.0, float("inf"))
_MOST_WONDERED = 4096

_HOW = "in the DaemonSet, set NODE_IP from status.hostIP and JOULECAST_KUBELET=https://$(NODE_IP):10250"


class KubernetesNames:
    """Asks the kubelet of this node in threads of its own, and answers from memory. `start`, then `close`."""

    def __init__(
        self,
        access: KubeletAccess,
        clock: Clock | None = None,
        *,
        keep_seconds: float = KEEP_SECONDS,
        period: float = PERIOD_SECONDS,
        debounce: float = DEBOUNCE_SECONDS,
        backoff: float = BACKOFF_SECONDS,
    ) -> None:
        self._clock = clock or SystemClock()
        self._directory = Directory(keep_seconds)
        self._holdings = Holdings({}, ())
        self._held = float("-inf")
        self._wondered: dict[tuple[str, str], tuple[int, float]] = {}  # how often asked for, and when to ask again
        self._pollers: dict[str, Poller] = {}
        asked: dict[str, Callable[[], tuple[str, str]]] = {}
        if access.pods is not None:
            asked[KUBELET] = partial(self._ask_pods, KubeletPods(access.pods, access, self._clock))
        if access.pod_resources is not None:
            asked[POD_RESOURCES] = partial(self._ask_devices, PodResources(access.pod_resources, access.timeout))
        for source, ask in asked.items():
            self._pollers[source] = Poller(source, ask, self._clock, period=period, debounce=debounce, backoff=backoff)

    def start(self) -> None:
        """Begin to ask; names come with the first answer."""
        for poller in self._pollers.values():
            poller.start()

    def close(self) -> None:
        """Ask no more; what is known stays known."""
        for poller in self._pollers.values():
            poller.close()

    def look(self) -> None:
        """Ask everybody once, and wait for it: for who has the time, as a doctor does."""
        for poller in self._pollers.values():
            poller.poll()

    def container(self, identity: CgroupIdentity) -> ContainerName | None:
        """The names behind a pod's container; None while they are not known. What is new is asked for soon."""
        now = self._clock.monotonic()
        found = self._directory.find(identity, now)
        if found is None and identity.manager is Manager.KUBERNETES:
            self._wonder((identity.pod_uid, identity.container_id), now)
        return found

    def gpu_holders(self) -> Mapping[str, Sequence[GpuHolder]]:
        """The containers that hold each GPU or MIG slice, by UUID; nobody, once the kubelet is silent for too long.

        Some kubelets go on to list devices of pods that have ended (kubernetes#119423); those hold nothing.
        """
        if self._clock.monotonic() - self._held > HOLDERS_SECONDS:
            return {}
        held = {}
        for uuid, holders in self._holdings.holders.items():
            left = [each for each in holders if not self._directory.is_finished(each.namespace, each.pod)]
            if left:
                held[uuid] = left
        return held

    def findings(self) -> Sequence[NamesFinding]:
        """Whether each source answers."""
        findings = [poller.finding() for poller in self._pollers.values()]
        if KUBELET not in self._pollers:
            findings.insert(0, NamesFinding(KUBELET, "absent", "nobody said where the kubelet is", _HOW))
        return findings

    def _wonder(self, key: tuple[str, str], now: float) -> None:
        times, due = self._wondered.get(key, (0, now))
        if now < due:
            return
        if len(self._wondered) >= _MOST_WONDERED:
            self._wondered = {}
        self._wondered[key] = times + 1, now + _ASK_AGAIN_SECONDS[min(times, len(_ASK_AGAIN_SECONDS) - 1)]
        for poller in self._pollers.values():
            poller.wake()

    def _ask_pods(self, kubelet: KubeletPods) -> tuple[str, str]:
        asked = self._clock.monotonic()
        listed = PodList()
        try:
            kubelet.read(listed)
        except NoAnswer:
            self._directory.add(listed)
            raise
        self._directory.replace(listed, asked, self._clock.monotonic())
        return f"pods listed: {listed.count}", ""

    def _ask_devices(self, devices: PodResources) -> tuple[str, str]:
        self._holdings = holdings = devices.read()
        self._held = self._clock.monotonic()
        message = f"GPUs and slices held: {len(holdings.holders)}"
        if not holdings.unmapped:
            return message, ""
        named = ", ".join(repr(name) for name in holdings.unmapped[:3])
        return (
            f"{message}; without UUID: {len(holdings.unmapped)} ({named})",
            "have the device plugin name GPUs by UUID; until then processes alone tell who uses these",
        )


def kubernetes_names(
    access: KubeletAccess,
    clock: Clock | None = None,
    *,
    keep_seconds: float = KEEP_SECONDS,
    service_account: Path = SERVICE_ACCOUNT,
) -> KubernetesNames | NoNames:
    """The names of this node; on a machine that is none, the reason why there are none."""
    if is_node(access, service_account):
        return KubernetesNames(access, clock, keep_seconds=keep_seconds)
    return NoNames((NamesFinding(KUBELET, "absent", "this machine runs no kubelet"),))

"""The names that are known: of all pods listed last, and for a while of those that have gone."""

from exporter.kubernetes.pod_list import PodList, PodName
from exporter.kubernetes.strangers import Strangers
from exporter.usage.evidence import CgroupIdentity, ContainerName
from exporter.usage.manager import Manager

# A node runs some hundred pods; only one that starts a job a second would have more to remember.
MOST_GONE = 8192

SANDBOX = "POD"  # what cAdvisor, and so every dashboard, calls a pod's pause container


class Directory:
    """Written by the thread that asks the kubelet, read by any: what is read is replaced whole, never changed.

    A name stays as long as no complete list shows that its container is gone, and then for `keep_seconds`. So while a
    kubelet is silent nothing is forgotten: IDs are never used twice, a name that was right stays right.
    """

    def __init__(self, keep_seconds: float) -> None:
        self._keep = keep_seconds
        self._pods: dict[str, PodName] = {}
        self._containers: dict[str, ContainerName] = {}
        self._finished: frozenset[tuple[str, str]] = frozenset()
        self._gone: dict[str, float] = {}  # since when a UID or an ID is not listed, the longest first
        self._listed = float("-inf")  # when the last complete list was asked for
        self._strangers = Strangers()

    def __len__(self) -> int:
        return len(self._containers)

    def find(self, identity: CgroupIdentity, now: float) -> ContainerName | None:
        """The names behind an identity; a group that is the pod itself has no container name."""
        known = self._containers.get(identity.container_id)
        if identity.manager is not Manager.KUBERNETES:
            return known
        if known is not None:
            self._strangers.resolve(identity.pod_uid, identity.container_id)
            return known
        # The systemd cgroup driver writes the dashes of a UID as underscores.
        pod = self._pods.get(identity.pod_uid) or self._pods.get(identity.pod_uid.replace("_", "-"))
        if pod is not None and not identity.container_id:
            return ContainerName(pod.namespace, pod.pod, "")
        started = pod is not None and pod.started
        self._strangers.meet(identity.pod_uid, identity.container_id, now, started=started)
        if pod is None or not started:
            return None
        is_sandbox = self._strangers.is_sandbox(identity.pod_uid, identity.container_id, self._listed)
        return ContainerName(pod.namespace, pod.pod, SANDBOX) if is_sandbox else None

    def is_finished(self, namespace: str, pod: str) -> bool:
        """Whether all that is left of the pods of this name has ended: devices are not held any more then."""
        return (namespace, pod) in self._finished

    def add(self, listed: PodList) -> None:
        """Take in a list that broke off: what it names is true, what it lacks may still be there."""
        self._pods = self._pods | listed.pods
        self._containers = self._containers | listed.containers

    def replace(self, listed: PodList, asked: float, now: float) -> None:
        """Take in a complete list, asked for at `asked`: what it lacks is gone."""
        there = listed.pods.keys() | listed.containers.keys()
        gone = {key: since for key, since in self._gone.items() if key not in there and now - since <= self._keep}
        new = (self._pods.keys() | self._containers.keys()) - there - self._gone.keys()
        gone |= dict.fromkeys(sorted(new), now)
        for key in list(gone)[: max(0, len(gone) - MOST_GONE)]:
            del gone[key]
        self._pods = {key: self._pods[key] for key in gone if key in self._pods} | listed.pods
        self._containers = {key: self._containers[key] for key in gone if key in self._containers} | listed.containers
        self._gone = gone
        self._finished = frozenset(listed.finished)
        self._listed = asked

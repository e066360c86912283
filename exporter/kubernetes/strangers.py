"""Containers that no kubelet names, and which of them is the sandbox of its pod.

Every pod has a container that holds its network and does nothing, called the pause container; it has a cgroup of its
own, and stands in no list. It is the first one of a pod to start. So it is taken to be whoever was there before any
container of the pod had an ID, is still not listed a minute later, and is the only one. Anything less sure stays a
stranger: while an API server is down a kubelet lists no ID of what it restarts, and a wrong name would stay.
"""

SETTLED_SECONDS = 60.0
MOST_PODS = 4096


class Strangers:
    """Container IDs that were asked for in vain, by the UID of their pod."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, float | None]] = {}  # since when; None for who came after a named container

    def meet(self, pod_uid: str, container_id: str, now: float, *, started: bool) -> None:
        """Somebody asks for a container without a name; `started` if its pod already had one with a name."""
        strangers = self._pods.get(pod_uid)
        if strangers is None:
            if len(self._pods) >= MOST_PODS:
                self._pods = {}
            strangers = self._pods[pod_uid] = {}
        strangers.setdefault(container_id, None if started else now)

    def resolve(self, pod_uid: str, container_id: str) -> None:
        """It has a name after all."""
        strangers = self._pods.get(pod_uid)
        if strangers is not None:
            strangers.pop(container_id, None)

    def is_sandbox(self, pod_uid: str, container_id: str, listed: float) -> bool:
        """Whether it is the sandbox, as far as a list tells that was asked for at `listed`."""
        strangers = self._pods.get(pod_uid, {})
        since = strangers.get(container_id)
        return since is not None and len(strangers) == 1 and listed >= since + SETTLED_SECONDS

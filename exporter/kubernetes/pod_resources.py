"""The kubelet's own account of which container was given which device: its pod-resources API on a Unix socket."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc

from exporter.kubernetes.holdings import Device, Holdings, gpus_by_uuid
from exporter.kubernetes.no_answer import NoAnswer
from exporter.kubernetes.podresources import podresources_pb2
from exporter.usage.evidence import GpuHolder

# The kubelet's own clients allow as much; what 2,000 pods need is well below 1 MiB.
MOST_BYTES = 16 * 1024 * 1024

_METHOD = "/v1.PodResourcesLister/List"
# nvidia.com/gpu, gpu.shared, mig-1g.10gb, and what an administrator renamed a shared one to.
_RESOURCES = "nvidia.com/"
_DRIVERS = ("gpu.nvidia.com",)  # of resource claims


class PodResources:
    """Asks one kubelet who holds its GPUs. Every question is a connection of its own: kubelets replace their socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._path = path
        self._timeout = timeout

    def read(self) -> Holdings:
        """The holders now. Raises NoAnswer."""
        self._knock()
        return gpus_by_uuid(_devices(self._list()))

    def _knock(self) -> None:
        """Connect once by hand: the operating system says why it is not let in, gRPC says `unavailable`."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(self._timeout)
            try:
                probe.connect(os.fspath(self._path))
            except OSError as error:
                raise self._refusal(error) from None

    def _list(self) -> podresources_pb2.ListPodResourcesResponse:
        options = [
            ("grpc.max_receive_message_length", MOST_BYTES),
            ("grpc.default_authority", "localhost"),  # Go refuses a path in its place
            ("grpc.use_local_subchannel_pool", 1),
        ]
        with grpc.insecure_channel(f"unix:{self._path.absolute()}", options) as channel:
            call = channel.unary_unary(
                _METHOD,
                request_serializer=podresources_pb2.ListPodResourcesRequest.SerializeToString,
                response_deserializer=podresources_pb2.ListPodResourcesResponse.FromString,
            )
            try:
                response: podresources_pb2.ListPodResourcesResponse = call(
                    podresources_pb2.ListPodResourcesRequest(), timeout=self._timeout
                )
            except grpc.RpcError as error:
                raise self._failure(error.code(), error.details() or "") from None
        return response

    def _refusal(self, error: OSError) -> NoAnswer:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return NoAnswer(
                "absent",
                f"there is no {self._path}",
                f"in a pod, mount {self._path.parent} of the node there, read-only",
            )
        if error.errno in (errno.EACCES, errno.EPERM):
            return NoAnswer(
                "denied", f"{self._path} may not be opened", "run as root, or give this user the right to write to it"
            )
        return NoAnswer(
            "failing", f"{self._path} does not answer ({error.strerror or error})", "see whether the kubelet runs"
        )

    def _failure(self, code: grpc.StatusCode, details: str) -> NoAnswer:
        words = "".join(character for character in details if character.isprintable())[:200]
        said = f"{self._path} answers {code.name.lower()} ({words})"
        match code.name:
            case "UNIMPLEMENTED":
                return NoAnswer(
                    "failing", said, "Kubernetes 1.20 is the first to tell who holds a device by version v1"
                )
            case "DEADLINE_EXCEEDED":
                return NoAnswer(
                    "failing", f"{self._path} is silent for {self._timeout:g} s", "see how the kubelet of this node is"
                )
            case _:
                return NoAnswer("failing", said, "see the kubelet's log")


def _devices(response: podresources_pb2.ListPodResourcesResponse) -> Iterator[Device]:
    for pod in response.pod_resources:
        for container in pod.containers:
            holder = GpuHolder(pod.namespace, pod.name, container.name)
            for given in container.devices:
                if given.resource_name.startswith(_RESOURCES):
                    yield from (Device(holder, (name,)) for name in given.device_ids)
            for claim in container.dynamic_resources:
                for device in claim.claim_resources:
                    if device.driver_name in _DRIVERS:
                        yield Device(holder, (device.device_name, *(each.name for each in device.cdi_devices)))

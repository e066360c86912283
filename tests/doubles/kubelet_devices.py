"""A kubelet's pod-resources socket: gRPC by the whole of the kubelet's own definition, not by what is read of it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TEXT, _INT64, _UINT64, _MESSAGE = (
    descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
    descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
)
# k8s.io/kubelet/pkg/apis/podresources/v1/api.proto of Kubernetes 1.34: name, number, type ("" for a scalar), repeated.
_MESSAGES: dict[str, list[tuple[str, int, Any, bool]]] = {
    "ListPodResourcesResponse": [("pod_resources", 1, "PodResources", True)],
    "PodResources": [
        ("name", 1, _TEXT, False),
        ("namespace", 2, _TEXT, False),
        ("containers", 3, "ContainerResources", True),
    ],
    "ContainerResources": [
        ("name", 1, _TEXT, False),
        ("devices", 2, "ContainerDevices", True),
        ("cpu_ids", 3, _INT64, True),
        ("memory", 4, "ContainerMemory", True),
        ("dynamic_resources", 5, "DynamicResource", True),
    ],
    "ContainerMemory": [
        ("memory_type", 1, _TEXT, False),
        ("size", 2, _UINT64, False),
        ("topology", 3, "TopologyInfo", False),
    ],
    "ContainerDevices": [
        ("resource_name", 1, _TEXT, False),
        ("device_ids", 2, _TEXT, True),
        ("topology", 3, "TopologyInfo", False),
    ],
    "TopologyInfo": [("nodes", 1, "NUMANode", True)],
    "NUMANode": [("ID", 1, _INT64, False)],
    "DynamicResource": [
        ("claim_name", 2, _TEXT, False),
        ("claim_namespace", 3, _TEXT, False),
        ("claim_resources", 4, "ClaimResource", True),
    ],
    "ClaimResource": [
        ("cdi_devices", 1, "CDIDevice", True),
        ("driver_name", 2, _TEXT, False),
        ("pool_name", 3, _TEXT, False),
        ("device_name", 4, _TEXT, False),
    ],
    "CDIDevice": [("name", 1, _TEXT, False)],
}


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="api.proto", package="v1", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            added = message.field.add(name=field, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                added.type, added.type_name = _MESSAGE, f".v1.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"v1.{name}"))  # type: ignore[no-untyped-call]
        for name in _MESSAGES
    }


_CLASSES = _messages()


class KubeletDevices:
    """Tells what was given to whom. `fails_with` is how it fails, `delay` how long it takes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fails_with: grpc.StatusCode | None = None
        self.delay = 0.0
        self.asked = 0
        self._let_go = threading.Event()
        self._pods = _CLASSES["ListPodResourcesResponse"]()
        self._server: grpc.Server | None = None

    def give(self, pod: str, container: str, resource: str, *devices: str, namespace: str = "default") -> None:
        """Devices of a device plugin, beside the CPUs and the memory that a kubelet tells as well."""
        given = self._container(pod, container, namespace)
        given.cpu_ids.extend((2, 3))
        given.memory.add(memory_type="memory", size=1 << 30).topology.nodes.add(ID=1)
        given.devices.add(resource_name=resource, device_ids=devices).topology.nodes.add(ID=0)

    def claim(self, pod: str, container: str, driver: str, device: str, *cdi: str, namespace: str = "default") -> None:
        """A device of a resource claim."""
        claim = self._container(pod, container, namespace).dynamic_resources.add(claim_name="gpu", claim_namespace="ml")
        resource = claim.claim_resources.add(driver_name=driver, pool_name="node-1", device_name=device)
        for name in cdi:
            resource.cdi_devices.add(name=name)

    def take_all(self) -> None:
        """Nobody holds anything any more."""
        self._pods = _CLASSES["ListPodResourcesResponse"]()

    def __enter__(self) -> Self:
        self._server = grpc.server(ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(
            self._list, response_serializer=lambda each: each.SerializeToString()
        )
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("v1.PodResourcesLister", {"List": handler}),)
        )
        self._server.add_insecure_port(f"unix:{self.path}")
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go.set()
        if self._server is not None:
            self._server.stop(0).wait()
        self.path.unlink(missing_ok=True)  # gRPC removes it, in its own time

    def _container(self, pod: str, container: str, namespace: str) -> Any:
        return self._pods.pod_resources.add(name=pod, namespace=namespace).containers.add(name=container)

    def _list(self, _request: bytes, context: grpc.ServicerContext) -> Any:
        self.asked += 1
        self._let_go.wait(self.delay)
        if self.fails_with is not None:
            context.abort(self.fails_with, "the kubelet's own words")
        return self._pods

"""Server reflection, for grpcurl and its kin: loaded when first asked for, since most servers never are."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import grpc

from joulecast.serving.answering import STANDARD
from joulecast.serving.streams import StreamSlots

_PREFIX = "/grpc.reflection.v1alpha.ServerReflection/"
NAME = "grpc.reflection.v1alpha.ServerReflection"


class LazyReflection(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in its stubs only
    """Answers for these services; a caller holds one stream slot as long as it keeps asking."""

    def __init__(self, services: Sequence[str], slots: StreamSlots) -> None:
        self._services = services
        self._slots = slots

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of the one reflection method; None for all others."""
        if not handler_call_details.method.startswith(_PREFIX):
            return None
        from grpc_reflection.v1alpha import reflection_pb2

        return grpc.stream_stream_rpc_method_handler(
            self._answer,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )

    @cached_property
    def _servicer(self) -> Any:
        from grpc_reflection.v1alpha.reflection import ReflectionServicer

        return ReflectionServicer(self._services)

    @STANDARD.streaming
    def _answer(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        with self._slots.held():
            yield from self._servicer.ServerReflectionInfo(requests, context)

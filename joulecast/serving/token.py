"""The bearer token: who calls over TCP must know it; the Unix socket is guarded by the file system instead."""

import hmac
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import grpc

from joulecast.errors import JoulecastError

MIN_TOKEN_LENGTH = 16

Handler = Any  # grpc.RpcMethodHandler, generic in its stubs only

# A probe (kubelet's, a load balancer's) has no way to send a token, and learns nothing but "serving".
_OPEN_SERVICE = "/grpc.health.v1.Health/"


def read_token(path: Path) -> str:
    """The token in a file, without the white space around it. Raises JoulecastError."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise JoulecastError(
            f"the token file {path} cannot be read ({error})", "check --token-file: one line of ASCII text"
        ) from error
    if len(token) < MIN_TOKEN_LENGTH or not token.isprintable() or " " in token:
        raise JoulecastError(
            f"the token in {path} is no token of {MIN_TOKEN_LENGTH} printable characters or more",
            f"make one with: openssl rand -hex 32 > {path}",
        )
    return token


class TokenInterceptor(grpc.ServerInterceptor):  # type: ignore[type-arg] # generic in its stubs only
    """Refuses calls over TCP that do not carry the token, before anything of theirs is read."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Pass the call on, or answer it with UNAUTHENTICATED if it turns out to have come over TCP."""
        handler = continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(_OPEN_SERVICE):
            return handler
        if self._is_known(handler_call_details.invocation_metadata):
            return handler
        return _local_only(handler)

    def _is_known(self, metadata: Iterable[tuple[str, str | bytes]]) -> bool:
        for key, value in metadata:
            if key == "authorization":
                sent = value if isinstance(value, bytes) else value.encode()
                return hmac.compare_digest(sent, self._expected)
        return False


def _local_only(handler: Handler) -> Handler:
    """The same handler, open only to callers on the Unix socket: whence a call came is known no earlier than here."""
    name = f"{'stream' if handler.request_streaming else 'unary'}_{'stream' if handler.response_streaming else 'unary'}"
    serve = getattr(handler, name)

    def guarded(request: Any, context: grpc.ServicerContext) -> Any:
        if not context.peer().startswith("unix:"):
            context.abort(
                grpc.StatusCode.UNAUTHENTICATED,
                "this server wants a bearer token: set JOULECAST_TOKEN (metadata `authorization: Bearer TOKEN`)",
            )
        return serve(request, context)

    make = getattr(grpc, f"{name}_rpc_method_handler")
    return make(
        guarded, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
    )

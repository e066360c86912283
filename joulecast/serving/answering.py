"""From errors to gRPC statuses by one table, and the guard that every handler answers through."""

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, NoReturn, TypeVar

import grpc

from joulecast.errors import JoulecastError

Handler = TypeVar("Handler", bound=Callable[..., Any])

logger = logging.getLogger(__name__)


class MalformedRequest(JoulecastError):
    """A field that could never be answered; the message names it."""


class TooManyStreams(JoulecastError):
    """As many listings and watches are running as the server serves at once."""


class Guard:
    """Makes handlers answer each of their errors by a table; an error goes by its nearest ancestor."""

    def __init__(self, statuses: Mapping[type[Exception], grpc.StatusCode]) -> None:
        self._statuses = {
            MalformedRequest: grpc.StatusCode.INVALID_ARGUMENT,
            TooManyStreams: grpc.StatusCode.RESOURCE_EXHAUSTED,
            JoulecastError: grpc.StatusCode.FAILED_PRECONDITION,
            Exception: grpc.StatusCode.INTERNAL,
            **statuses,
        }

    def status_of(self, error: Exception) -> grpc.StatusCode:
        """The status an error is answered with."""
        return next(self._statuses[kind] for kind in type(error).__mro__ if kind in self._statuses)

    def describe(self, error: Exception) -> tuple[grpc.StatusCode, str]:
        """Status and message for the caller; a bug is logged whole and answered by a reference to that log line."""
        status = self.status_of(error)
        if status is not grpc.StatusCode.INTERNAL:
            return status, str(error)
        reference = secrets.token_hex(4)
        logger.error("internal error %s", reference, exc_info=error)
        return status, f"internal error {reference}: please report it with the server's log lines of that reference"

    def answering(self, handler: Handler) -> Handler:
        """Make a unary handler answer each of its errors by the table."""

        @wraps(handler)
        def answer(service: Any, request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return handler(service, request, context)
            except Exception as error:  # whatever it is, the caller gets a status and never a traceback
                refused = error
            return self._abort(context, refused)

        return answer  # type: ignore[return-value]

    def streaming(self, handler: Handler) -> Handler:
        """Make a streaming handler answer each of its errors by the table."""

        @wraps(handler)
        def stream(service: Any, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                yield from handler(service, request, context)
            except Exception as error:  # as above
                refused = error
            else:
                return
            self._abort(context, refused)

        return stream  # type: ignore[return-value]

    def _abort(self, context: grpc.ServicerContext, error: Exception) -> NoReturn:
        context.abort(*self.describe(error))


STANDARD = Guard({})
"""For the standard services, which know no errors of their own."""

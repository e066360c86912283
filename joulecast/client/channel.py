"""Opening the gRPC channel: the one place that knows gRPC's options."""

from typing import TYPE_CHECKING

from joulecast.client.address import Address
from joulecast.client.credentials import Credentials
from joulecast.client.failure import Misconfigured

if TYPE_CHECKING:
    import grpc

_OPTIONS = (
    # A workload's http_proxy is for its downloads; the exporter is on this machine or in this cluster.
    ("grpc.enable_http_proxy", 0),
    # Connections shared with the workload's other channels would be cut under us at a fork.
    ("grpc.use_local_subchannel_pool", 1),
    # An exporter that restarts is found again within a second, not within two minutes ("min" is one attempt's limit).
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A connection repeats calls itself, and to be ready for more than that makes each call 2 % longer.
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)


def open_channel(address: Address, credentials: Credentials) -> "grpc.Channel":
    """A channel to this address; nothing is connected before the first call.

    Raises Misconfigured when the certificates cannot be used.
    """
    import grpc

    if not credentials.tls:
        return grpc.insecure_channel(address.target, _OPTIONS)
    try:
        secrets = grpc.ssl_channel_credentials(credentials.authority, credentials.key, credentials.certificate)
        return grpc.secure_channel(address.target, secrets, _OPTIONS)
    except Exception as error:
        raise Misconfigured(
            f"TLS to {address.target} cannot be set up ({error})", "check the files named by JOULECAST_TLS_*"
        ) from error

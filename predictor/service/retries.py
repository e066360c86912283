"""What a client of the service gives its channel to outlive a restart of the server: an estimate can be asked again.

`grpc.insecure_channel(address, options=[("grpc.service_config", RETRIES)])`, and `wait_for_ready=True` with the calls.
"""

import json

# gRPC answers CANCELLED to a call that reaches a server between its decision to stop and the client's knowledge of it
# (grpc/grpc#41785); nobody else cancels a call from afar.
_CODES = ("UNAVAILABLE", "CANCELLED")

RETRIES = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{"service": "joulecast.v1.PredictionService"}],
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": _CODES,
                },
            }
        ]
    }
)
"""A gRPC service configuration, as JSON."""

"""Who turns utilisation into watts: a model in this process, or a predictor asked over gRPC."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import grpc

from exporter.sensors.sensor import SensorAbsent, SensorFailed
from joulecast.serving.address import Address
from joulecast.v1 import prediction_pb2, prediction_pb2_grpc

# A predictor answers in milliseconds; longer, and the reading would stand for another moment than it says.
PATIENCE_SECONDS = 1.0


class Band(NamedTuple):
    """Estimated watts, and what 80 % of truths lie between."""

    watts: float
    p10: float
    p90: float

    @property
    def relative_error(self) -> float:
        """Half the width of the band, as a ratio."""
        return (self.p90 - self.p10) / (2.0 * self.watts)


class Estimator(Protocol):
    """Answers for one model by name. Never a guess: what cannot be answered is an error, and then an absence."""

    source: str  # for people

    def watts(self, model: str, numbers: Mapping[str, float], names: Mapping[str, str]) -> Band:
        """Watts at these features. Raises SensorAbsent where there is no such model, SensorFailed for no answer."""
        ...

    def close(self) -> None:
        """Release what is held; harmless twice."""
        ...


class RemoteEstimator:
    """A predictor elsewhere. Each question is one call; nothing is kept, so that its silence is ours."""

    def __init__(self, address: Address, patience: float = PATIENCE_SECONDS) -> None:
        self.source = f"predictor at {address}"
        self._patience = patience
        # One that comes back is asked again soon.
        options = [("grpc.max_reconnect_backoff_ms", 5000), ("grpc.enable_http_proxy", 0)]
        self._channel = grpc.insecure_channel(str(address), options)
        self._stub = prediction_pb2_grpc.PredictionServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def watts(self, model: str, numbers: Mapping[str, float], names: Mapping[str, str]) -> Band:
        """Ask and wait a moment."""
        request = prediction_pb2.PredictRequest(
            question=prediction_pb2.QUESTION_NODE_POWER,
            model=model,
            features=numbers,
            names=names,
            omit_contributions=True,
        )
        try:
            power = self._stub.Predict(request, timeout=self._patience).power_watts
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT):
                raise SensorAbsent(
                    f"{self.source} has no answer: {error.details()}", "let it serve this version's node-power models"
                ) from None
            raise SensorFailed(
                f"{self.source} does not answer ({error.code().name.lower()})", "start it: joulecast predictor"
            ) from None
        if not 0 < power.p10 <= power.value <= power.p90:
            raise SensorFailed(f"{self.source} gave no power for {model}", "let it serve the node-power models")
        return Band(power.value, power.p10, power.p90)

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

"""The server around the service: health, reflection, tokens, its own metrics."""

import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
from doubles.share_model import load_share_model, write_share_model
from grpc_health.v1 import health_pb2, health_pb2_grpc

from joulecast.errors import JoulecastError
from joulecast.serving.address import TcpAddress
from joulecast.serving.security import Security
from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub
from predictor.service.artifacts import Artifacts
from predictor.service.figures import Figures
from predictor.service.metrics_page import MetricsPage
from predictor.service.prediction_service import SERVICE, PredictionService
from predictor.service.server import PredictionServer

LOCAL = TcpAddress("127.0.0.1", 0)


def service_of(directory: Path) -> PredictionService:
    """A service over one artifact."""
    write_share_model(directory / "share.json", name="share")
    artifacts = Artifacts([directory], load_share_model)
    return PredictionService(artifacts, lambda _, __: (), Figures(artifacts))


def test_health_says_serving_under_the_services_name(predictor: Any) -> None:
    """What a probe and a load balancer ask."""
    with grpc.insecure_channel(predictor.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", SERVICE):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_the_service(predictor: Any) -> None:
    """What grpcurl asks first."""
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    with grpc.insecure_channel(predictor.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        requests = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        (answer,) = stub.ServerReflectionInfo(requests, timeout=10)
    assert SERVICE in {each.name for each in answer.list_services_response.service}


def test_without_its_token_a_caller_over_tcp_is_refused(tmp_path: Path) -> None:
    """And with it answered."""
    server = PredictionServer(service_of(tmp_path), [LOCAL], Security(token="0123456789abcdef"))
    server.start()
    with grpc.insecure_channel(str(server.addresses[0])) as channel:
        stub = PredictionServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refused:
            stub.DescribeModel(pb.DescribeModelRequest(), timeout=10)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        sent = (("authorization", "Bearer 0123456789abcdef"),)
        assert stub.DescribeModel(pb.DescribeModelRequest(), timeout=10, metadata=sent).models
    server.stop()


def test_an_open_door_to_the_network_is_refused(tmp_path: Path) -> None:
    """Beyond this machine only with TLS and a proof of identity, or on one's own word."""
    with pytest.raises(JoulecastError, match="can be reached from other machines without encryption"):
        PredictionServer(service_of(tmp_path), [TcpAddress("0.0.0.0", 0)])


def test_a_bug_in_a_model_is_one_internal_error_and_no_end(predictor: Any) -> None:
    """The caller gets a reference to the log, the next caller an answer."""
    write_share_model(predictor.directory / "share.json", name="share", share="a half")
    predictor.artifacts.refresh()
    request = pb.PredictRequest(model="share", features={"request_rate": 1.0}, names={"device": "H100"})
    with pytest.raises(grpc.RpcError) as refused:
        predictor.stub.Predict(request, timeout=10)
    assert refused.value.code() is grpc.StatusCode.INTERNAL
    assert "internal error" in refused.value.details()
    assert predictor.stub.DescribeModel(pb.DescribeModelRequest(), timeout=10).models


def test_metrics_are_served_on_a_page_of_their_own(predictor: Any) -> None:
    """And an address that is taken is told in one line."""
    page = MetricsPage(LOCAL, predictor.figures)
    with urllib.request.urlopen(f"http://{page.address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert 'joulecast_predictor_artifact_info{answers_by_default="true",model="share"' in text
    with pytest.raises(JoulecastError, match=r"cannot serve /metrics on 127\.0\.0\.1"):
        MetricsPage(page.address, predictor.figures)
    page.stop()

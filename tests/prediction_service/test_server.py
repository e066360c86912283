"""The server around the service: health, reflection, tokens, its own metrics."""

import shutil
import ssl
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
from doubles.certificates import make_certificates
from doubles.http_client import request
from doubles.share_model import load_share_model, write_share_model
from grpc_health.v1 import health_pb2, health_pb2_grpc

from joulecast.errors import JoulecastError
from joulecast.serving.address import TcpAddress
from joulecast.serving.security import Security, Tls
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


def test_metrics_beyond_this_machine_want_the_token_and_probes_do_not(predictor: Any) -> None:
    """A kubelet has no way to send one; on the loopback nobody needs it."""
    token = "0123456789abcdef"
    page = MetricsPage(TcpAddress("0.0.0.0", 0), predictor.figures, Security(token=token, insecure=True))
    here = TcpAddress("127.0.0.1", page.address.port)
    assert request(here, "/-/ready").status == 200
    assert request(here, "/metrics").status == 401
    assert request(here, "/metrics", headers={"Authorization": "Bearer wrong"}).status == 401
    assert request(here, "/metrics", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert request(here, "/elsewhere", headers={"Authorization": f"Bearer {token}"}).status == 404
    page.stop()
    local = MetricsPage(LOCAL, predictor.figures, Security(token=token))
    assert request(local.address, "/metrics").status == 200
    local.stop()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_both_doors_speak_tls(tmp_path: Path) -> None:
    """With the same certificate; one that does not fit its key is refused at the start."""
    files = make_certificates(tmp_path)
    security = Security(Tls(files.server, files.server_key))
    directory = tmp_path / "artifacts"
    directory.mkdir()
    service = service_of(directory)
    server = PredictionServer(service, [LOCAL], security)
    server.start()
    trusted = grpc.ssl_channel_credentials(files.authority.read_bytes())
    with grpc.secure_channel(str(server.addresses[0]), trusted) as channel:
        assert PredictionServiceStub(channel).DescribeModel(pb.DescribeModelRequest(), timeout=10).models
    server.stop()
    page = MetricsPage(LOCAL, service.figures, security)
    context = ssl.create_default_context(cafile=str(files.authority))
    with urllib.request.urlopen(page.url, timeout=10, context=context) as answer:
        assert b"joulecast_predictor_build_info" in answer.read()
    page.stop()
    with pytest.raises(JoulecastError, match="cannot use"):
        MetricsPage(LOCAL, service.figures, Security(Tls(files.server, files.client_key)))


def test_a_watcher_of_health_is_told_of_the_end_and_let_go(tmp_path: Path) -> None:
    """It would otherwise hold up a stop for as long as it may last."""
    server = PredictionServer(service_of(tmp_path), [LOCAL])
    server.start()
    with grpc.insecure_channel(str(server.addresses[0])) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        server.stop(grace_seconds=60)
        assert [each.status for each in watch] == [health_pb2.HealthCheckResponse.NOT_SERVING]

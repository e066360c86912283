"""Manifests that a cluster takes, and whose parts fit each other."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from doubles.kustomized import COMPOSED, KUBERNETES, Manifests, environment_of, selects

import exporter.config
import predictor.service.config
from joulecast.serving.security import Security, Tls
from joulecast.version import __version__

OLDEST, NEWEST = "1.31", "1.37"
FOREIGN = {"PrometheusRule", "ServiceMonitor"}  # resources that operators define, and Kubernetes' schemas do not
SERVERS = {"exporter": exporter.config, "predictor": predictor.service.config}


def _config(container: dict[str, Any]) -> Any:
    """What the container's own command would make of its arguments and variables."""
    room = SERVERS[container["args"][0]]
    parser = ArgumentParser()
    room.add_arguments(parser)
    return room.load_config(parser.parse_args(container["args"][1:]), environment_of(container))


def _servers(manifests: Manifests) -> list[Any]:
    return [container for _, container in manifests.containers() if "args" in container]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_schema(manifests: Manifests, version: str) -> None:
    """Every object is one that Kubernetes knows, without a field it does not know, in the oldest and newest release."""
    for each in manifests.objects:
        if each["kind"] not in FOREIGN:
            kubernetes_validate.validate(each, version, strict=True)


def test_schema_is_strict(render: Any) -> None:
    """A misspelt field is found, or the test before this one would prove nothing."""
    daemonset = yaml.safe_load(yaml.safe_dump(render("base").one("DaemonSet", "joulecast-exporter")))
    daemonset["spec"]["template"]["spec"]["hostPid"] = True

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(daemonset, NEWEST, strict=True)


def test_options(manifests: Manifests) -> None:
    """Every flag and variable is one that the server takes, with a value it takes."""
    servers = _servers(manifests)

    assert {each["args"][0] for each in servers} == set(SERVERS)
    for container in servers:
        _config(container)


def test_unknown_option_is_found(render: Any) -> None:
    """A variable that no option has is refused, so that the test before this one means something."""
    container = next(dict(each) for each in _servers(render("base")) if each["args"] == ["exporter"])
    container["env"] = [*container["env"], {"name": "JOULECAST_SYSFSS", "value": "/host/sys"}]

    with pytest.raises(Exception, match="JOULECAST_SYSFSS"):
        _config(container)


def test_starts_guarded(manifests: Manifests) -> None:
    """No server would refuse to start for being open to the network: TLS with a token, or a decision to do without."""
    for container in _servers(manifests):
        config = _config(container)
        tls = Tls(config.tls_cert, config.tls_key) if config.tls_cert and config.tls_key else None
        Security(tls, "of the Secret" if config.token_file else None, config.insecure).check(config.grpc)


def test_variables_are_filled_in(manifests: Manifests) -> None:
    """What a variable takes from another stands behind it, or Kubernetes would leave `$(NAME)` as it is."""
    for _, container in manifests.containers():
        assert not [value for value in environment_of(container).values() if "$(" in value]


def test_mounts(manifests: Manifests) -> None:
    """Every mount has its volume, every volume its mount, and every file of the configuration lies on a mount."""
    for pod in manifests.pods():
        spec = pod["spec"]
        mounts = [mount for each in spec["containers"] for mount in each.get("volumeMounts", ())]
        assert {mount["name"] for mount in mounts} == {volume["name"] for volume in spec.get("volumes", ())}
    for container in _servers(manifests):
        places = [Path(mount["mountPath"]) for mount in container.get("volumeMounts", ())]
        config = _config(container)
        files = [config.tls_cert, config.tls_key, config.token_file]
        if container["args"][0] == "exporter":
            files += [config.state_dir, config.sysfs, config.procfs]
            files += [each.path for each in config.grpc if hasattr(each, "path")]
        for file in filter(None, files):
            assert any(file.is_relative_to(place) for place in places), file


def test_ports(manifests: Manifests) -> None:
    """Servers listen on the ports that their pods declare, and probes and Services ask for those."""
    for container in _servers(manifests):
        config = _config(container)
        listening = {config.listen.port, *(each.port for each in config.grpc if hasattr(each, "port"))}
        assert {port["containerPort"] for port in container["ports"]} == listening
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] == "metrics"
    for service in manifests.all("Service"):
        chosen = [each for each in manifests.pods() if selects(each["metadata"]["labels"], service["spec"]["selector"])]
        assert chosen, service["metadata"]["name"]
        for pod in chosen:
            offered = {port["name"] for each in pod["spec"]["containers"] for port in each["ports"]}
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= offered


def test_probes_speak_as_the_server_does(manifests: Manifests) -> None:
    """Probes ask over HTTPS where the server has a certificate, and only there."""
    for container in _servers(manifests):
        expected = "HTTPS" if _config(container).tls_cert else None
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"].get("scheme") == expected


def test_selectors(manifests: Manifests) -> None:
    """Whatever selects pods selects some, and no pod belongs to two workloads."""
    pods = [each["metadata"]["labels"] for each in manifests.pods()]
    for each in manifests.all("NetworkPolicy"):
        assert any(selects(labels, each["spec"]["podSelector"].get("matchLabels", {})) for labels in pods)
    for each in manifests.all("PodDisruptionBudget"):
        assert any(selects(labels, each["spec"]["selector"]["matchLabels"]) for labels in pods)
    for each in manifests.all("HorizontalPodAutoscaler"):
        assert manifests.one("Deployment", each["spec"]["scaleTargetRef"]["name"])
    selectors = [each["spec"]["selector"]["matchLabels"] for each in manifests.workloads()]
    assert [sum(selects(labels, wanted) for wanted in selectors) for labels in pods] == [1] * len(pods)


def test_monitors_select_services(render: Any) -> None:
    """Each ServiceMonitor finds exactly one Service, and a port of the name it scrapes."""
    manifests = render("everything")
    for monitor in manifests.all("ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        found = [each for each in manifests.all("Service") if selects(each["metadata"]["labels"], wanted)]
        assert len(found) == 1
        ports = {port["name"] for port in found[0]["spec"]["ports"]}
        assert {each["port"] for each in monitor["spec"]["endpoints"]} <= ports


def test_release(manifests: Manifests) -> None:
    """Images have the tag of this release."""
    for _, container in manifests.containers():
        assert container["image"].rpartition(":")[2] == __version__


def test_every_component_is_rendered() -> None:
    """Each component is part of a deployment that these tests render."""
    there = {each.name for each in (KUBERNETES / "components").iterdir()}
    assert there == {name for names in COMPOSED.values() for name in names}

"""What deployed parts may do: as little as they need, whatever the deployment."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from doubles.kustomized import Manifests, environment_of

UNPRIVILEGED = ("overlays/non-root", "overlays/no-sensors", "non-root with GPUs and TLS")

Render = Callable[[str], Manifests]


def test_containers_are_hardened(manifests: Manifests) -> None:
    """No container is privileged, gains rights, writes its root file system or keeps a capability it was given."""
    for pod, container in manifests.containers():
        security = container["securityContext"]
        assert security["privileged"] is False
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"]["drop"] == ["ALL"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_no_capability(manifests: Manifests) -> None:
    """Nothing that serves has a capability; the container that gives directories away has that one."""
    added = {
        container["name"]: container["securityContext"]["capabilities"]["add"]
        for _, container in manifests.containers()
        if "add" in container["securityContext"]["capabilities"]
    }
    assert added in ({}, {"own-directories": ["CHOWN"]})


def test_host_namespaces(render: Render, manifests: Manifests) -> None:
    """No pod shares the host's network or IPC; its processes only where GPUs are shared, and only on GPU nodes."""
    for pod in manifests.pods():
        assert not pod["spec"].get("hostNetwork")
        assert not pod["spec"].get("hostIPC")
        if pod["spec"].get("hostPID"):
            assert manifests is render("everything")
            assert pod["metadata"]["labels"]["app.kubernetes.io/component"] == "gpu-node"


def test_resources(manifests: Manifests) -> None:
    """Every container says what it needs, and has an end to its memory."""
    for _, container in manifests.containers():
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]


def test_host_trees_are_read_only(manifests: Manifests) -> None:
    """Of the host's directories only the exporter's own two can be written, and nothing below /sys and /proc can."""
    for pod, container in manifests.containers():
        hosts = {each["name"]: each["hostPath"]["path"] for each in pod.get("volumes", ()) if "hostPath" in each}
        for mount in container.get("volumeMounts", ()):
            path = hosts.get(mount["name"])
            if path in ("/sys", "/proc"):
                assert (mount["readOnly"], mount["recursiveReadOnly"]) == (True, "IfPossible")
            elif path not in ("/run/joulecast", "/var/lib/joulecast", None):
                assert mount["readOnly"] is True


@pytest.mark.parametrize("name", UNPRIVILEGED)
def test_unprivileged(render: Render, name: str) -> None:
    """Where root is not wanted, everything that serves runs as another user, and must."""
    for pod in render(name).pods():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["runAsUser"] == 65532
        for container in pod["spec"]["containers"]:
            assert "runAsUser" not in container["securityContext"]


def test_tokens(manifests: Manifests) -> None:
    """Only the exporter, which shows it to the kubelet, is given a token of its service account."""
    for pod in manifests.pods():
        is_exporter = pod["spec"]["serviceAccountName"] == "joulecast-exporter"
        assert pod["spec"]["automountServiceAccountToken"] is is_exporter
    for account in manifests.all("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("name", "resources"), [("base", ["nodes/pods"]), ("everything", ["nodes/pods", "nodes/proxy"])]
)
def test_rights(render: Render, name: str, resources: list[str]) -> None:
    """The cluster lets the exporter list pods; the right to do more is a component of its own, for old kubelets."""
    (role,) = render(name).all("ClusterRole")

    assert role["rules"] == [{"apiGroups": [""], "resources": resources, "verbs": ["get"]}]
    assert not render(name).all("Role", "RoleBinding")


def test_network(manifests: Manifests) -> None:
    """What no policy lets through is denied; metrics are for the namespace "monitoring" alone."""
    policies = manifests.all("NetworkPolicy")
    denied = manifests.one("NetworkPolicy", "default-deny")["spec"]
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    rules = [rule for each in policies for rule in each["spec"].get("ingress", ())]
    assert all("from" in rule for rule in rules)
    for rule in rules:
        if {port["port"] for port in rule["ports"]} & {9877, 9880}:
            assert [each["namespaceSelector"]["matchLabels"] for each in rule["from"]] == [
                {"kubernetes.io/metadata.name": "monitoring"}
            ]


def test_tls_leaves_nothing_in_the_clear(render: Render) -> None:
    """With TLS every server has a certificate and asks for the token, none is told to do without."""
    for _, container in render("overlays/tls").containers():
        variables = environment_of(container)
        assert {name.rpartition("_")[2] for name in variables if "TLS" in name} == {"CERT", "KEY"}
        assert any(name.endswith("_TOKEN_FILE") for name in variables)
        assert not any(name.endswith("INSECURE") for name in variables)


@pytest.mark.parametrize("labels", [{}, {"nvidia.com/gpu.present": "true"}, {"nvidia.com/gpu.present": "false"}])
def test_one_exporter_per_node(render: Render, labels: Mapping[str, str]) -> None:
    """With GPUs in some nodes, each node has exactly one exporter: NVIDIA's where NVIDIA's runtime is."""
    node = {"kubernetes.io/os": "linux", **labels}
    there = [each for each in render("overlays/gpu").all("DaemonSet") if _runs_on(each, node)]

    runtimes = [each["spec"]["template"]["spec"].get("runtimeClassName") for each in there]
    assert runtimes == (["nvidia"] if labels.get("nvidia.com/gpu.present") == "true" else [None])


def test_gpus_are_not_claimed(render: Render) -> None:
    """Measuring a GPU takes none away from those who wait for one."""
    for _, container in render("overlays/gpu").containers():
        asked = {*container["resources"]["requests"], *container["resources"]["limits"]}
        assert asked <= {"cpu", "memory"}


def _runs_on(daemonset: Mapping[str, Any], node: Mapping[str, str]) -> bool:
    pod = daemonset["spec"]["template"]["spec"]
    affinity = pod.get("affinity", {}).get("nodeAffinity", {})
    terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms", [])
    wanted = pod["nodeSelector"].items() <= node.items()
    refused = any(
        node.get(each["key"]) in each["values"]
        for term in terms
        for each in term["matchExpressions"]
        if each["operator"] == "NotIn"
    )
    return wanted and not refused

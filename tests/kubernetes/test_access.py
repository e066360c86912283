"""How a kubelet is reached: what people write, what a pod finds, and where there is no kubelet at all."""

from pathlib import Path

import pytest

from exporter.kubernetes.access import Endpoint, KubeletAccess, is_node, kubelet_access, parse_endpoint
from exporter.kubernetes.names import KubernetesNames, kubernetes_names
from exporter.usage.evidence import NoNames


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://10.0.0.7:10250", "https://10.0.0.7:10250/pods"),
        ("https://10.0.0.7:10250/", "https://10.0.0.7:10250/pods"),
        ("https://10.0.0.7:10250/pods", "https://10.0.0.7:10250/pods"),
        ("https://10.0.0.7", "https://10.0.0.7:10250/pods"),
        ("http://127.0.0.1", "http://127.0.0.1:10255/pods"),
        ("https://node-1.example:443/api/proxy/pods", "https://node-1.example:443/api/proxy/pods"),
        ("https://[fd00::7]:10250", "https://[fd00::7]:10250/pods"),
        ("https://[fd00::7]", "https://[fd00::7]:10250/pods"),
        ("https://fd00::7:10250", "https://[fd00::7]:10250/pods"),
    ],
)
def test_urls_are_read_as_daemonsets_write_them(text: str, expected: str) -> None:
    """Ports and paths have defaults, and an IPv6 address may stand there as the downward API gives it."""
    assert str(parse_endpoint(text)) == expected
    assert parse_endpoint(expected) == parse_endpoint(text)


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.7:10250",
        "https://",
        "https://:10250",
        "ftp://a:1",
        "https://a:0",
        "https://a:70000",
        "https://a:x",
        "https://user:secret@a:1",
        "https://a:1/pods?x=1",
        "https://a:b:c:1",
        "https://[fd00::7",
        "https://a b:1",
        "",
    ],
)
def test_what_is_no_url_of_a_kubelet_is_refused(text: str) -> None:
    """Anything else is a ValueError, which the option turns into a sentence."""
    with pytest.raises(ValueError, match=r".|"):
        parse_endpoint(text)


def test_a_pod_finds_token_and_authority_in_its_service_account(tmp_path: Path) -> None:
    """What is mounted is taken; what was named goes first; what is not there is not asked for."""
    endpoint = Endpoint("https", "10.0.0.7", 10250)
    (tmp_path / "token").write_text("t")

    found = kubelet_access(endpoint, service_account=tmp_path)
    named = kubelet_access(endpoint, token_file=Path("/t"), ca_file=Path("/c"), insecure=True, service_account=tmp_path)

    assert (found.token_file, found.ca_file, found.verify) == (tmp_path / "token", None, True)
    assert (named.token_file, named.ca_file, named.verify) == (Path("/t"), Path("/c"), False)


def test_a_machine_without_kubelet_is_no_node(tmp_path: Path) -> None:
    """Neither named, nor a pod, nor with the kubelet's directory; and each of them makes it one."""
    nowhere, here = tmp_path / "none" / "kubelet.sock", tmp_path / "kubelet.sock"

    assert not is_node(KubeletAccess(pod_resources=nowhere), tmp_path / "none")
    assert is_node(KubeletAccess(pod_resources=nowhere), tmp_path)
    assert is_node(KubeletAccess(pod_resources=here), tmp_path / "none")
    assert is_node(KubeletAccess(parse_endpoint("http://127.0.0.1")), tmp_path / "none")


def test_names_of_a_machine_without_kubelet_say_why_there_are_none(tmp_path: Path) -> None:
    """Outside a cluster nothing is asked, and the doctor has one line."""
    nowhere = KubeletAccess(pod_resources=tmp_path / "none" / "kubelet.sock")
    names = kubernetes_names(nowhere, service_account=tmp_path / "none")

    assert isinstance(names, NoNames)
    assert [(each.source, each.status) for each in names.findings()] == [("kubelet", "absent")]
    assert isinstance(kubernetes_names(nowhere, service_account=tmp_path), KubernetesNames)

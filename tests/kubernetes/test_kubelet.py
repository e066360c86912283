"""A kubelet is asked over TLS with the token of the moment; each way in which it does not answer has its remedy."""

import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.certificates import Certificates, make_certificates
from doubles.kubelet import TOKEN, Kubelet, Mood
from doubles.kubelet_pods import a_pod, container_id, many_pods

from exporter.kubernetes.access import KubeletAccess
from exporter.kubernetes.kubelet import KubeletPods
from exporter.kubernetes.no_answer import NoAnswer
from exporter.kubernetes.pod_list import PodList
from joulecast.clock import SystemClock


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A cluster's authority, and a kubelet's certificate signed by it."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def kubelet(certificates: Certificates) -> Iterator[Kubelet]:
    """A kubelet with one pod."""
    with Kubelet(certificates) as running:
        running.show([a_pod("web-1")])
        yield running


@pytest.fixture
def access(kubelet: Kubelet, certificates: Certificates, tmp_path: Path) -> KubeletAccess:
    """What a pod with the right to list pods has."""
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    return KubeletAccess(kubelet.endpoint, token, certificates.authority, timeout=10.0)


def names(access: KubeletAccess) -> set[str]:
    """The pods that are listed."""
    assert access.pods is not None
    listed = PodList()
    KubeletPods(access.pods, access, SystemClock()).read(listed)
    return {each.pod for each in listed.pods.values()}


def refusal(access: KubeletAccess) -> NoAnswer:
    """How it does not answer: one line, printable, and something to do."""
    with pytest.raises(NoAnswer) as refused:
        names(access)
    assert refused.value.remedy
    assert str(refused.value).isprintable()
    return refused.value


def test_pods_are_listed_to_who_shows_the_token(access: KubeletAccess) -> None:
    """Over TLS that is verified by the cluster's authority."""
    assert names(access) == {"web-1"}


def test_token_is_read_anew_for_every_question(access: KubeletAccess, kubelet: Kubelet) -> None:
    """A token that was replaced in its file is the one that is shown next."""
    names(access)
    kubelet.token = "another-token"
    assert refusal(access).status == "denied"
    assert access.token_file is not None
    access.token_file.write_text("another-token")

    assert names(access) == {"web-1"}
    assert kubelet.asked == [f"Bearer {token}" for token in (TOKEN, TOKEN, "another-token")]


def test_authority_is_read_anew_too(access: KubeletAccess, tmp_path: Path) -> None:
    """An authority that was replaced in its file is trusted from then on."""
    mounted = tmp_path / "ca.crt"
    others = make_certificates(tmp_path)
    mounted.write_bytes(others.authority.read_bytes())
    asking = replace(access, ca_file=mounted)
    assert "not trusted" in refusal(asking).problem
    assert access.ca_file is not None
    mounted.write_bytes(access.ca_file.read_bytes())

    assert names(asking) == {"web-1"}


def test_a_certificate_of_nobody_known_is_refused_unless_told(
    access: KubeletAccess, kubelet: Kubelet, tmp_path: Path
) -> None:
    """Self-signed kubelets are many: the error names both ways out, and the token has not been shown."""
    asking = replace(access, ca_file=make_certificates(tmp_path).authority)
    refused = refusal(asking)

    assert refused.status == "failing"
    assert "--kubelet-ca" in refused.remedy
    assert "--kubelet-insecure" in refused.remedy
    assert kubelet.asked == []
    assert names(replace(asking, verify=False)) == {"web-1"}


def test_a_certificate_for_another_name_is_refused(access: KubeletAccess, kubelet: Kubelet) -> None:
    """A certificate of the cluster for another node is that of another node."""
    asking = replace(access, pods=kubelet.endpoint._replace(host="localhost"))

    assert "localhost" in refusal(asking).problem
    assert kubelet.asked == []


def test_read_only_port_is_shown_no_token(tmp_path: Path) -> None:
    """What goes over plain HTTP is no secret any more."""
    (tmp_path / "token").write_text(TOKEN)
    with Kubelet() as kubelet:
        kubelet.token = None
        kubelet.show([a_pod("web-1")])

        assert names(KubeletAccess(kubelet.endpoint, tmp_path / "token")) == {"web-1"}
        assert kubelet.asked == [""]


def test_refused_token_is_denied(access: KubeletAccess, kubelet: Kubelet) -> None:
    """401: the token is not known, or the kubelet takes none of its kind."""
    kubelet.token = "another"
    refused = refusal(access)

    assert refused.status == "denied"
    assert "401: Unauthorized" in refused.problem
    assert "--kubelet-token-file" in refused.remedy


def test_forbidden_names_the_verb_and_the_resource(access: KubeletAccess, kubelet: Kubelet) -> None:
    """403: the kubelet's words say who asked, the remedy what to grant."""
    kubelet.mood = "forbidden"
    refused = refusal(access)

    assert refused.status == "denied"
    assert "system:serviceaccount:monitoring:joulecast" in refused.problem
    assert '"get" on nodes/pods' in refused.remedy
    assert "nodes/proxy" in refused.remedy


@pytest.mark.parametrize(
    ("mood", "named"),
    [
        ("busy", "answers 503: [31mtoo many requests"),
        ("moved", "answers 301"),
        ("garbage", "no list of pods"),
        ("cut", "no list of pods (it ends in the middle"),
        ("endless", "lists more than 64 MiB of pods"),
    ],
)
def test_strange_answers_fail_with_what_they_were(
    access: KubeletAccess, kubelet: Kubelet, mood: Mood, named: str
) -> None:
    """Errors, redirects, pages, halves and floods are told in one line; none is followed or swallowed."""
    kubelet.show(many_pods(1))
    kubelet.mood = mood
    refused = refusal(access)

    assert refused.status == "failing"
    assert named in refused.problem


@pytest.mark.parametrize("mood", ["hang", "stall"])
def test_silence_is_given_up(access: KubeletAccess, kubelet: Kubelet, mood: Mood) -> None:
    """Before the answer or in its middle: after the timeout, with how long that was."""
    kubelet.show(many_pods(100))
    kubelet.mood = mood

    assert "silent for 0.2 s" in refusal(replace(access, timeout=0.2)).problem


def test_what_came_before_the_end_is_kept(access: KubeletAccess, kubelet: Kubelet) -> None:
    """Names in the first half of a list that broke off are names all the same."""
    kubelet.show(many_pods(100))
    kubelet.mood = "cut"
    assert access.pods is not None
    listed = PodList()
    with pytest.raises(NoAnswer):
        KubeletPods(access.pods, access, SystemClock()).read(listed)

    assert container_id("web-66558b79-00000", "main") in listed.containers
    assert container_id("web-66558b79-00099", "main") not in listed.containers


def test_nobody_listens(access: KubeletAccess, kubelet: Kubelet) -> None:
    """A kubelet that is down."""
    asking = replace(access, pods=kubelet.endpoint._replace(port=unused_port()))

    assert "Connection refused" in refusal(asking).problem


def test_name_that_nobody_knows(access: KubeletAccess, kubelet: Kubelet) -> None:
    """A host name without address."""
    asking = replace(access, pods=kubelet.endpoint._replace(host="node-1.invalid"))

    assert "cannot be asked" in refusal(asking).problem


def test_what_hangs_before_tls_is_given_up(access: KubeletAccess, kubelet: Kubelet) -> None:
    """A port that accepts and never shakes hands."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        asking = replace(access, pods=kubelet.endpoint._replace(port=mute.getsockname()[1]), timeout=0.2)

        assert "silent for 0.2 s" in refusal(asking).problem


def test_scheme_of_another_port_is_told(access: KubeletAccess, kubelet: Kubelet) -> None:
    """HTTPS asked of a plain port."""
    with Kubelet() as plain:
        assert "does not speak TLS" in refusal(replace(access, pods=plain.endpoint._replace(scheme="https"))).problem
    with_http = replace(access, pods=kubelet.endpoint._replace(scheme="http"))
    assert refusal(with_http).status == "failing"


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", b"\xff"])
def test_token_that_is_none_is_told_before_anything_is_asked(
    access: KubeletAccess, kubelet: Kubelet, content: bytes | None, tmp_path: Path
) -> None:
    """A missing, empty or broken token file is named; no header is made of it."""
    path = tmp_path / "broken"
    if content is not None:
        path.write_bytes(content)

    assert str(path) in refusal(replace(access, token_file=path)).problem
    assert kubelet.asked == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_token_that_may_not_be_read_is_denied(access: KubeletAccess) -> None:
    """A token of another user."""
    assert access.token_file is not None
    access.token_file.chmod(stat.S_IWUSR)

    assert refusal(access).status == "denied"


def test_without_a_token_the_kubelet_is_asked_as_nobody(access: KubeletAccess, kubelet: Kubelet) -> None:
    """Some kubelets answer everybody, the others say what is missing."""
    nobody = replace(access, token_file=None)
    assert refusal(nobody).status == "denied"
    kubelet.token = None

    assert names(nobody) == {"web-1"}


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_authority_that_is_none_is_told(access: KubeletAccess, tmp_path: Path, content: bytes | None) -> None:
    """A missing or broken authority file is named; the machine's own are not taken in its place."""
    path = tmp_path / "broken"
    if content is not None:
        path.write_bytes(content)

    assert str(path) in refusal(replace(access, ca_file=path)).problem


def unused_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])

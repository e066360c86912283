"""What holds of every path, whatever directories it names."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.usage.cgroups.identity import identity_of, names_in, place_of

HEX = "3" * 64
NAMES = st.sampled_from(
    [
        "kubepods",
        "kubepods.slice",
        "burstable",
        "kubepods-burstable.slice",
        "kubepods-burstable-pod1_2.slice",
        "pod74c13223-5a00-11e9-b385-42010a80018d",
        f"cri-containerd-{HEX}.scope",
        f"crio-conmon-{HEX}.scope",
        f"docker-{HEX}.scope",
        f"kubepods-pod1_2.slice:cri-containerd:{HEX}",
        HEX,
        "docker",
        "libpod_parent",
        "lxc.payload.web",
        "lxc",
        "system.slice",
        "nginx.service",
        "user@1000.service",
        "session-3.scope",
        "slurm",
        "slurmstepd.scope",
        "uid_1000",
        "job_42",
        "step_0",
        "machine",
        "qemu-1-vm.libvirt-qemu",
        "..",
    ]
)
PATHS = st.lists(NAMES, max_size=8).map(lambda names: "/" + "/".join(names))


@given(st.text(max_size=300) | PATHS)
def test_any_path_has_an_identity_or_none(path: str) -> None:
    """No path is an error, and every identity can be encoded."""
    identity = identity_of(path)

    if identity is not None:
        f"{identity.pod_uid}{identity.container_id}{identity.unit}".encode()


@given(PATHS)
def test_a_workloads_own_directory_is_where_its_path_says(path: str) -> None:
    """Walking down, a tree finds each workload at the very directory that a path through it names."""
    names = names_in(path)
    place = place_of(names)

    if place is not None:
        assert 1 <= place.depth <= len(names)
        assert place_of(names[: place.depth]) == place


@given(PATHS, PATHS)
def test_what_is_below_a_solid_workload_is_the_workloads(path: str, below: str) -> None:
    """Nothing that a pod's container or a job starts is somebody else's."""
    place = place_of(names_in(path))

    if place is not None and place.solid:
        assert place_of(names_in(path + below)) == place

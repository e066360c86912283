"""Whose a cgroup is, by paths as they were seen on machines and as the documentation of their makers shows them."""

import pytest

from exporter.usage.cgroups.identity import identity_of, names_in, place_of
from exporter.usage.evidence import CgroupIdentity
from exporter.usage.manager import Manager

# Stand for the ids on the machines where the paths were seen.
A = "34dc0b5e626f2c5c4c5170e34b10e7654ce36f0fcd532739f4445baabea03376"
B = "cf88024cb81864dd0546310be9937c37d7dfb4a21fe1703a8537e60d5af248af"
SESSION = "user.slice/user-1000.slice"
USER = f"{SESSION}/user@1000.service"


def pod(uid: str, container: str = A) -> CgroupIdentity:
    """A pod's container."""
    return CgroupIdentity(Manager.KUBERNETES, pod_uid=uid, container_id=container)


def container(name: str = A) -> CgroupIdentity:
    """A container that no kubelet keeps."""
    return CgroupIdentity(Manager.CONTAINERS, container_id=name)


def unit(name: str) -> CgroupIdentity:
    """A service or scope."""
    return CgroupIdentity(Manager.SYSTEMD, unit=name)


def job(number: int) -> CgroupIdentity:
    """A SLURM job."""
    return CgroupIdentity(Manager.SLURM, unit=f"job_{number}")


KUBERNETES = {
    # cgroupfs driver: containerd and Docker on GKE, k3s, minikube; CRI-O
    f"/kubepods/besteffort/pod74c13223-5a00-11e9-b385-42010a80018d/{A}": pod("74c13223-5a00-11e9-b385-42010a80018d"),
    f"/kubepods/burstable/podf6adb0af-0855-4bab-b25b-c853f18d0ce2/{A}": pod("f6adb0af-0855-4bab-b25b-c853f18d0ce2"),
    f"/kubepods/pod58662905-8ccc-11e7-a695-c85b76cda386/{A}": pod("58662905-8ccc-11e7-a695-c85b76cda386"),
    f"/kubepods/guaranteed/pod58662905-8ccc-11e7-a695-c85b76cda386/{A}": pod("58662905-8ccc-11e7-a695-c85b76cda386"),
    f"/kubepods/burstable/pod58662905-8ccc-11e7-a695-c85b76cda386/crio-{A}": pod(
        "58662905-8ccc-11e7-a695-c85b76cda386"
    ),
    f"/kubepods/burstable/pod404bd273-57bc-4508-a386-e2b76d3c9cfe/{A}/init": pod(
        "404bd273-57bc-4508-a386-e2b76d3c9cfe"
    ),
    # systemd driver: containerd (kubeadm, EKS, RKE2, k3s on systemd), CRI-O (OpenShift), Docker
    f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod7fda01c4_0ece_403d_88b4_c371d66d132a.slice"
    f"/cri-containerd-{A}.scope": pod("7fda01c4-0ece-403d-88b4-c371d66d132a"),
    f"/kubepods.slice/kubepods-pod91f5b561_369f_4103_8015_66391059996a.slice/cri-containerd-{A}.scope": pod(
        "91f5b561-369f-4103-8015-66391059996a"
    ),
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda5c1f8d5_1919_434d_add7_4afaafdaef89.slice"
    f"/crio-{A}.scope": pod("a5c1f8d5-1919-434d-add7-4afaafdaef89"),
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda5c1f8d5_1919_434d_add7_4afaafdaef89.slice"
    f"/crio-{A}.scope/container": pod("a5c1f8d5-1919-434d-add7-4afaafdaef89"),
    f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod9692aa0e_748e_11e8_8dfa_76d458035df6.slice"
    f"/docker-{A}.scope": pod("9692aa0e-748e-11e8-8dfa-76d458035df6"),
    # static pods: the UID is a hash of the manifest
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1864dd0546310be9937c37cf88024cb8.slice"
    f"/crio-{A}.scope": pod("1864dd0546310be9937c37cf88024cb8"),
    f"/kubepods/burstable/pod1864dd0546310be9937c37cf88024cb8/{A}": pod("1864dd0546310be9937c37cf88024cb8"),
    # kind, with either driver, from inside its node and from outside
    f"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice"
    f"/kubelet-kubepods-besteffort-pod1e597579_417e_482f_bf65_5fe170c3aebd.slice/cri-containerd-{A}.scope": pod(
        "1e597579-417e-482f-bf65-5fe170c3aebd"
    ),
    f"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1e597579_417e_482f_bf65_5fe170c3aebd.slice"
    f"/cri-containerd-{A}.scope": pod("1e597579-417e-482f-bf65-5fe170c3aebd"),
    f"/docker/{B}/kubelet/kubepods/besteffort/pod7e241a28-b013-481e-9e00-cbe6f00b5eaf/{A}": pod(
        "7e241a28-b013-481e-9e00-cbe6f00b5eaf"
    ),
    f"/docker/{B}/kubepods/besteffort/pod7e241a28-b013-481e-9e00-cbe6f00b5eaf/{A}": pod(  # RKE
        "7e241a28-b013-481e-9e00-cbe6f00b5eaf"
    ),
    f"/docker/{B}/kubepods.slice/kubepods-besteffort.slice"  # minikube
    f"/kubepods-besteffort-pod2ca4a155_3599_498d_bb9d_4446693fa3ea.slice/crio-{A}.scope": pod(
        "2ca4a155-3599-498d-bb9d-4446693fa3ea"
    ),
    # the names that a systemd driver gives, where runc was not told to use systemd
    f"/system.slice/containerd.service/kubepods-besteffort-pod0125ec2f_b64a_4868_8f5b_94b56cbab864.slice"
    f":cri-containerd:{A}": pod("0125ec2f-b64a-4868-8f5b-94b56cbab864"),
    f"/kubepods-burstable-podff49d0be_16b7_4a49_bb9e_8ec1f1f4e27f.slice:cri-containerd:{A}": pod(
        "ff49d0be-16b7-4a49-bb9e-8ec1f1f4e27f"
    ),
    # all that runs inside a pod's container is the container's
    f"/kubepods/besteffort/pod74c13223-5a00-11e9-b385-42010a80018d/{A}/docker/{B}": pod(
        "74c13223-5a00-11e9-b385-42010a80018d"
    ),
    f"/kubepods/besteffort/pod74c13223-5a00-11e9-b385-42010a80018d/{A}/kubepods/burstable/pod1-2/{B}": pod(
        "74c13223-5a00-11e9-b385-42010a80018d"
    ),
    f"/kubepods/besteffort/pod74c13223-5a00-11e9-b385-42010a80018d/{A}/system.slice/slurmstepd.scope/job_7": pod(
        "74c13223-5a00-11e9-b385-42010a80018d"
    ),
    f"/kubepods/burstable/pod58662905-8ccc-11e7-a695-c85b76cda386/kata_{A}": pod(
        "58662905-8ccc-11e7-a695-c85b76cda386"
    ),
    "/kubepods/burstable/pod03f3a69f-82ff-4368-a1aa-16ddaf74ac22/xmrig": pod(
        "03f3a69f-82ff-4368-a1aa-16ddaf74ac22", "xmrig"
    ),
}
CONTAINERS = {
    f"/docker/{A}": container(),
    f"/docker/{A}/docker/{B}": container(),
    f"/{A}": container(),  # Docker on a Debian of old
    f"/system.slice/docker-{A}.scope": container(),
    f"/system.slice/docker-{A}.scope/system.slice/nginx.service": container(),
    f"/actions_job/{A}": container(),  # --cgroup-parent, as GitHub's runners do
    "/docker/buildkit/t4967jvf8rbufklrhkicskyes": container("t4967jvf8rbufklrhkicskyes"),
    f"/{USER}/user.slice/docker-{A}.scope": container(),
    f"/machine.slice/libpod-{A}.scope/container": container(),
    f"/machine.slice/machine-libpod_pod_{B}.slice/libpod-{A}.scope": container(),
    f"/{USER}/user.slice/libpod-{A}.scope/container": container(),
    f"/{USER}/user.slice/user-libpod_pod_{B}.slice/libpod-{A}.scope": container(),
    f"/system.slice/elasticsearch.service/libpod-payload-{A}": container(),  # --cgroups=split
    f"/libpod_parent/libpod-{A}": container(),
    f"/libpod_parent/{B}/libpod-{A}": container(),
    f"/default/{A}": container(),  # containerd's own namespace
    f"/system.slice/nerdctl-{A}.scope": container(),
    f"/{USER}/user.slice/nerdctl-{A}.scope": container(),
    f"/ecs/55091c13-b8cf-4801-b527-f4601742204d/{A}": container(),
    "/ecs/34dc0b5e626f2c5c4c5170e34b10e765/34dc0b5e626f2c5c4c5170e34b10e765-1234567890": container(
        "34dc0b5e626f2c5c4c5170e34b10e765-1234567890"
    ),
    "/lxc.payload.web/system.slice/cron.service": container("web"),
    "/lxc/101/ns/init.scope": container("101"),
}
UNITS = {
    "/init.scope": unit("init.scope"),
    "/system.slice/nginx.service": unit("nginx.service"),
    "/system.slice/postgresql@14-main.service": unit("postgresql@14-main.service"),
    "/system.slice/system-getty.slice/getty@tty1.service": unit("getty@tty1.service"),
    "/system.slice/systemd-udevd.service/udev": unit("systemd-udevd.service"),
    "/kubelet.slice/kubelet.service": unit("kubelet.service"),
    "/vm.slice/qemu-datapath@199.service": unit("qemu-datapath@199.service"),
    f"/{SESSION}/session-3.scope": unit("session-3.scope"),
    f"/{USER}/app.slice/dbus.service": unit("user@1000.service"),
    f"/{USER}/app.slice/app-org.gnome.Terminal.slice/vte-spawn-f22f14d2.scope": unit("user@1000.service"),
    f"/{USER}/user.slice/podman-239302.scope": unit("user@1000.service"),
    "/machine.slice/machine-qemu\\x2d1\\x2dubuntu.scope/libvirt/vcpu0": unit("machine-qemu\\x2d1\\x2dubuntu.scope"),
    "/machine.slice/machine-debian.scope/payload/init.scope": unit("machine-debian.scope"),
    "/machine.slice/systemd-nspawn@debian.service/payload/system.slice/cron.service": unit(
        "systemd-nspawn@debian.service"
    ),
    "/machine/lxc-1268-sl.libvirt-lxc": unit("lxc-1268-sl.libvirt-lxc"),
    "/machine/qemu-1-vm.libvirt-qemu/emulator": unit("qemu-1-vm.libvirt-qemu"),
    "/system.slice/slurmstepd.scope/system": unit("slurmstepd.scope"),
    "/system.slice/slurmd.service": unit("slurmd.service"),
}
JOBS = {
    "/slurm/uid_1000/job_42/step_0/task_0": job(42),
    "/slurm/uid_1000/job_42/step_batch": job(42),
    "/slurm/uid_1000/job_42": job(42),
    "/slurm_gpu01/uid_1000/job_42/step_extern/task_0": job(42),  # several slurmd on one machine
    "/system.slice/slurmstepd.scope/job_42/step_0/user/task_0": job(42),
    "/system.slice/slurmstepd.scope/job_42/step_extern/slurm": job(42),
    "/system.slice/gpu01_slurmstepd.scope/job_42/step_batch/user/task_0": job(42),
    f"/system.slice/slurmstepd.scope/job_42/step_0/user/task_0/libpod-{A}.scope": job(42),
}
NOBODY = (
    "",
    "/",
    "/system.slice",
    "/kubepods.slice/kubepods-burstable.slice",
    "/kubepods/besteffort/pod74c13223-5a00-11e9-b385-42010a80018d",
    "/kubepods.slice/kubepods-pod91f5b561_369f_4103_8015_66391059996a.slice",
    f"/kubepods.slice/kubepods-podb4e8e0dc_caf3_4a43_bf50_f84ef5ef7a8f.slice/crio-conmon-{A}.scope",
    f"/machine.slice/libpod-conmon-{A}.scope",
    "/lxc.monitor.web",
    "/slurm/uid_1000",
    "/podruntime/kubelet",
    "/kubepods.slice/podman.slice/inner",
    "/k3s",
    f"/libpod_parent/{B}",
    "/process/6ac4af4dd81d3aeb7316d84f4e1f36a4",
    "/jobs/job_42",
)


@pytest.mark.parametrize(("path", "whose"), [*KUBERNETES.items(), *CONTAINERS.items(), *UNITS.items(), *JOBS.items()])
def test_the_path_tells_whose_it_is(path: str, whose: CgroupIdentity) -> None:
    """Every known layout of every manager is told apart, and all inside a workload's cgroup is the workload's."""
    assert identity_of(path) == whose


@pytest.mark.parametrize("path", NOBODY)
def test_a_path_that_names_no_workload_is_nobodys(path: str) -> None:
    """Slices, pods without a container, the keepers of containers and strangers' cgroups are charged to nobody."""
    assert identity_of(path) is None


def test_the_cgroup_of_a_process_that_outlived_it_keeps_its_name() -> None:
    """The kernel writes " (deleted)" behind such a path, which is no part of a unit's name."""
    assert identity_of("/system.slice/nginx.service (deleted)") == unit("nginx.service")


def test_odd_bytes_become_text() -> None:
    """A name that is no UTF-8 gives a unit that can be printed and encoded, and still tells two such names apart."""
    first = identity_of("/system.slice/web\udce9.service")
    second = identity_of("/system.slice/web\udce8.service")

    assert first == unit("web\\xe9.service")
    assert first != second


@pytest.mark.parametrize(
    ("path", "depth", "solid"),
    [
        (f"/kubepods/burstable/pod58662905-8ccc-11e7-a695-c85b76cda386/{A}/init", 4, True),
        ("/slurm/uid_1000/job_42/step_0", 3, True),
        (f"/system.slice/docker-{A}.scope/init.scope", 2, False),
        (f"/{USER}/app.slice/dbus.service", 3, False),
        (f"/{USER}/user.slice/libpod-{A}.scope/container", 5, False),
    ],
)
def test_a_workload_begins_at_one_directory_of_the_path(path: str, depth: int, solid: bool) -> None:
    """Pods' containers and jobs own all below them; services and other containers may hold some of these."""
    place = place_of(names_in(path))

    assert place is not None
    assert (depth, solid) == (place.depth, place.solid)

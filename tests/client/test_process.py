"""What only a process of its own can show: imports, forks, exits."""

import os
import subprocess
import sys
import textwrap

from doubles.energy_service import EnergyServer


def run_python(code: str, *arguments: str, **environ: str) -> str:
    """Standard output of a program, which must end well and within half a minute."""
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


def test_importing_loads_no_grpc() -> None:
    """`import joulecast` costs a workload neither gRPC nor protobuf; they come with the first interval."""
    loaded = run_python(
        """
        import sys, joulecast
        print(sorted(name for name in sys.modules if name.startswith(("grpc", "google"))))
        """
    )

    assert loaded.strip() == "[]"


def test_every_public_name_is_there() -> None:
    """Lazy names resolve, are listed, and a wrong one is the usual error."""
    out = run_python(
        """
        import joulecast
        for name in joulecast.__all__:
            getattr(joulecast, name)
            assert name in dir(joulecast), name
        try:
            joulecast.no_such_thing
        except AttributeError as error:
            print(error)
        """
    )

    assert "module 'joulecast' has no attribute 'no_such_thing'" in out


def test_an_interval_left_open_is_ended_at_exit(server: EnergyServer) -> None:
    """A process that ends without ending its interval, by an exception too, ends it on its way out."""
    run_python(
        """
        import sys, joulecast
        energy = joulecast.begin("whole run", address=sys.argv[1])
        energy.count(sample=3)
        sys.exit()
        """,
        server.address,
    )

    (end,) = server.service.asked("EndInterval")
    assert end.counts["sample"] == 3


FORK = """
import os, sys, joulecast
address = sys.argv[1]
with joulecast.interval("parent", address=address) as energy:
    child = os.fork()
    if child == 0:
        with joulecast.interval("child", address=address) as inner:
            pass
        print("child", inner.joules is not None, flush=True)
if child:
    assert os.waitpid(child, 0)[1] == 0
    print("parent", energy.joules is not None)
"""


def test_a_forked_child_measures_for_itself(server: EnergyServer) -> None:
    """After a fork both processes go on measuring, and the child does not end what its parent began."""
    out = run_python(FORK, server.address)

    assert sorted(line for line in out.splitlines() if line.endswith("True")) == ["child True", "parent True"]
    names = {row.request_id: row.name for row in server.service.intervals.values()}
    assert sorted(names[end.request_id] for end in server.service.asked("EndInterval")) == ["child", "parent"]


def test_a_forked_child_without_grpc_support_goes_on_unmeasured(server: EnergyServer) -> None:
    """Where gRPC was told not to survive forks, the child is warned and works; it does not hang."""
    out = run_python(FORK, server.address, GRPC_ENABLE_FORK_SUPPORT="0")

    assert "child False" in out
    assert "parent True" in out
    assert "gRPC cannot be used in a forked process" in out


def test_workers_of_a_forking_pool_are_measured(server: EnergyServer) -> None:
    """A multiprocessing pool, as data loaders use, tags from all of its workers."""
    out = run_python(
        """
        import multiprocessing, sys, joulecast
        def work(n):
            with joulecast.interval("load", address=sys.argv[1], n=n) as energy:
                pass
            return energy.joules is not None
        with joulecast.interval("epoch", address=sys.argv[1]):
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(pool.map(work, range(8)))
        """,
        server.address,
    )

    assert str([True] * 8) in out
    assert len(server.service.asked("EndInterval")) == 9


def test_a_proxy_for_downloads_is_not_asked_for_the_exporter() -> None:
    """A workload's http_proxy does not swallow the calls to the exporter."""
    with EnergyServer("127.0.0.1:0") as server:
        out = run_python(
            """
            import sys, joulecast
            with joulecast.interval("train", strict=True) as energy:
                pass
            print(energy.joules is not None)
            """,
            http_proxy="http://127.0.0.1:9",
            no_proxy="",
            JOULECAST_ADDRESS=server.address,
        )

    assert "True" in out

"""Where the folds of a cross-validation run: on this machine, or on a Dask or Ray cluster, by one flag."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from joblib import parallel_config

from joulecast.errors import JoulecastError

BACKENDS = ("loky", "dask", "ray")
CONNECT_SECONDS = 10.0


@contextmanager
def backend(name: str, address: str = "", *, connect_seconds: float = CONNECT_SECONDS) -> Iterator[None]:
    """Send joblib's work there while the block runs.

    `address` is a running Dask scheduler's, which has `connect_seconds` to answer; without one a cluster is started on
    this machine.

    Raises JoulecastError where the backend is not installed or does not answer.
    """
    if name == "loky":
        with parallel_config("loky"):
            yield
        return
    _need("distributed" if name == "dask" else "ray", name)
    if name == "ray":
        from ray.util.joblib import register_ray

        register_ray()
        with parallel_config("ray"):
            yield
        return
    from distributed import Client, LocalCluster

    if not address:
        with (
            LocalCluster(processes=True, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster),
            parallel_config("dask"),
        ):
            yield
        return
    try:
        client = Client(address, timeout=connect_seconds)
    except (OSError, ValueError) as error:
        raise JoulecastError(f"no Dask scheduler answers at {address}", "start one with `dask scheduler`") from error
    with client, parallel_config("dask"):
        yield


def _need(module: str, name: str) -> None:
    if find_spec(module) is None:
        extra = "pip install 'joulecast[dask]'" if name == "dask" else "pip install ray"
        raise JoulecastError(f"the backend {name} is not installed", extra)

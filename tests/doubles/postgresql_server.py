"""A real PostgreSQL server of a test's own, where this machine has one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BIN = Path("/usr/lib/postgresql/15/bin")
Control = Callable[..., None]


@contextmanager
def postgresql_server() -> Iterator[tuple[str, Control]]:
    """A server on a Unix socket of its own: its URL, and pg_ctl. Skips the test where there is none."""
    pytest.importorskip("psycopg", reason="needs the extra joulecast[postgresql]")
    if not BIN.is_dir():
        pytest.skip(f"no PostgreSQL server at {BIN}")
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    home = Path(tempfile.mkdtemp(prefix="joulecast-postgresql-"))  # short: it holds a socket
    if user is not None:
        subprocess.run(["chown", user, str(home)], check=True)
    data = home / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(BIN / program), "-D", str(data), *arguments],
            check=True,
            user=user,
            cwd=home,
            stdout=subprocess.DEVNULL,
            extra_groups=[] if user else None,
        )

    run("initdb", "-U", "joulecast", "-A", "trust", "--no-sync")
    options = f"-k {home} -c listen_addresses='' -F"
    start = ("-w", "-o", options, "-l", str(home / "log"), "start")
    run("pg_ctl", *start)

    def pg_ctl(action: str) -> None:
        run("pg_ctl", *(start if action == "start" else ("-w", "-m", "immediate", "stop")))

    try:
        yield f"postgresql://joulecast@/postgres?host={home}", pg_ctl
    finally:
        pg_ctl("stop")
        shutil.rmtree(home)

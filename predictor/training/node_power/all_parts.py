"""Every node-power artifact, from the table of servers and from records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from predictor.artifact import Artifact, document_of, write_artifact
from predictor.node_power.servers import read_servers
from predictor.record import Record
from predictor.training.node_power.cpu import train_cpu
from predictor.training.node_power.gpu import train_gpu
from predictor.training.node_power.memory import train_dram
from predictor.training.node_power.wall import train_wall


def train_node_power(table: Path, records: Sequence[Record], jobs: int = -1) -> Iterator[Artifact]:
    """The wall, CPU packages, memory and GPUs, each as soon as it is trained. Raises JoulecastError."""
    servers = read_servers(table)
    wall = train_wall(servers, jobs)
    yield _versioned(wall)
    yield _versioned(train_cpu(servers, records, wall.variants[0].forms[0], jobs))
    yield _versioned(train_dram(servers))
    yield _versioned(train_gpu(records, jobs))


def _versioned(artifact: Artifact) -> Artifact:
    """With a digest of its content as its version."""
    text = json.dumps(document_of(replace(artifact, version="")), sort_keys=True)
    return replace(artifact, version=f"1.{blake2b(text.encode(), digest_size=4).hexdigest()}")


def write_node_power(artifacts: Iterator[Artifact], directory: Path) -> list[Path]:
    """One file each. Names order them so that the wall answers the question when no model is named."""
    written = []
    for each in artifacts:
        path = directory / f"{each.name.replace('node-power-', 'node-power_')}.json"
        write_artifact(each, path)
        written.append(path)
    return written

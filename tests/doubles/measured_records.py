"""Small measured records, and CSV files of them, for tests of whatever reads or learns from records."""

from pathlib import Path
from typing import Any

from predictor.record import Record

HEADER = "record_id,source,kind,model_id,device,energy_scope,mean_power_watts,samples_per_second"
ROW = "r1,ours,generative,llama,H100,gpu,500,2"


def generative_record(**changes: Any) -> Record:
    """A language model of 8 billion parameters on one H100, consistent in all its values."""
    values: dict[str, Any] = {
        "record_id": "one",
        "source": "ours",
        "kind": "generative",
        "model_id": "meta-llama/Llama-3.1-8B",
        "device": "NVIDIA H100 SXM 80GB",
        "energy_scope": "gpu",
        "parameters_total": 8e9,
        "bytes_per_parameter": 2.0,
        "model_size_bytes": 16e9,
        "device_count": 1.0,
        "device_tdp_watts": 700.0,
        "samples_per_second": 2.0,
        "mean_power_watts": 500.0,
        "energy_joules_per_sample": 250.0,
        "stack_version": "vllm-0.11.1",
        "notes": {"form_factor": "inferred"},
    }
    return Record(**values | changes)


def csv_of(folder: Path, *lines: str, name: str = "records.csv") -> Path:
    """A CSV file of these lines."""
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

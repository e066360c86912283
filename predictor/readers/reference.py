"""Writes the page on records from the columns declared: `python -m predictor.readers.reference > docs/records.md`."""

from predictor.hardware.catalogue import KINDS as HARDWARE_KINDS
from predictor.hardware.catalogue import devices
from predictor.readers.intervals import LABELS, OBSERVED
from predictor.record import COLUMNS
from predictor.record_column import Column

_PAGE = """\
# Records

<!-- `python -m predictor.readers.reference > docs/records.md` writes this from predictor/record.py. -->

A record is one measured operating point: a model, on a device, at a rate, and what it drew. Models are trained on
records, evaluated and calibrated with them. They come from files (`--records`, several at once) or from an exporter's
store (`--store`).

* **Base units** throughout: joules, watts, seconds, bytes, ratios in 0..1, single parameters and operations.
* **An empty cell is unknown**, never zero, and is not written `NaN` or `-`.
* **Only measured energy.** A record whose `provenance` is `modelled` or `predicted` is left out, always, and counted.
* **Scopes are kept apart.** What GPUs drew and what a wall socket gave are never one target.

## Files

CSV is UTF-8 with commas, a header and decimal points; a byte order mark and carriage returns are fine. Parquet (`pip
install 'joulecast[parquet]'`) has the same columns. The suffix says which it is. `notes` holds what has no column, as
`key=value;key=value` or as a map; a key that has become a column is read from either, and the column wins. A column
that records do not have is said and kept as a note.

Everything that cannot be is an error naming file, line and column, up to twenty at once, and nothing is read from a
file with one: malformed and infinite numbers, decimal commas, rates of zero, ratios above 1, numbers in a wrong unit
(7 parameters, 80 bytes of memory), names there are not, mistyped columns, missing required ones, record ids that stand
twice in all files together. What contradicts itself (power / rate is not the energy of a sample) is said and kept,
for only its owner knows which value is right.

Devices get the name under which the hardware catalogue knows them, if it does; one without `device_tdp_watts` gets
its figures from there too.

## Columns

{columns}

One of `mean_power_watts`, `energy_joules_per_sample` and `energy_joules_per_output_token` must be there.

### Columns that may also be keys of `notes`

{promoted}

## From an exporter's store

`--store` takes the exporter's state directory, its SQLite file, or a PostgreSQL URL
(`postgresql://user@host/database`). It is opened read-only. Files of `joulecast intervals export`, CSV or Parquet,
are read by `--records` like any other.

A finished interval of phase `inference` is a record if its labels say at least which **model** it was, its size
(**parameters** or **macs**), and on which **device** it ran:

```python
with joulecast.interval(
    "serve",
    phase="inference",
    model="meta-llama/Llama-3.1-8B",
    parameters=8.03e9,
    bytes_per_parameter=2,
    precision="bf16",
    device="H100 SXM",
    device_count=1,
    batch_size=32,
    concurrency=20,
    serving_stack="vllm",
    stack_version="vllm-0.11.1",
) as energy:
    energy.count(request=200, output_token=60_000)
```

* A label may have the name of any column above, or a short one: {labels}.
* Never taken from a label, because sensors and counts say it: {observed}.
* Counts give the rates: `request` or `sample` (or `image`, `video`), `output_token`. What counts tokens is
  generative, what has a label `denoising_steps` is diffusion, all else discriminative, unless a label `kind` says
  otherwise.
* The scope is the GPUs' energy where there are GPUs, else CPU and DRAM as far as they are measured; a label
  `energy_scope` says otherwise. Power is gross.
* `gpus=[...]` of the interval says which GPUs are in scope; `device_count` may be left out, or must agree with them.
* Left out, counted and said with the reason: modelled and predicted energy, coverage below 99 %, an uncertainty above
  10 %, intervals shorter than two refreshes of a counter, labels that cannot be read. Intervals without a model are
  passed over.

## Hardware

Devices are known by name or alias, as drivers report them and as people write them: vendor, case and dashes do not
matter. A name of several devices (`A100`) is an error that lists them; for an unknown one give its figures. What is
not certain is left out; each figure's source is in `ListHardware`.

{devices}
"""


def reference() -> str:
    """The page, as Markdown."""
    plain = [column for column in COLUMNS.values() if not column.promoted]
    rows = [f"| {kind} | {len(devices(kind))} | {_few(kind)} |" for kind in HARDWARE_KINDS]
    return _PAGE.format(
        columns=_table(plain),
        promoted=_table([column for column in COLUMNS.values() if column.promoted]),
        labels=", ".join(f"`{label}` for `{name}`" for label, name in LABELS.items()),
        observed=", ".join(f"`{name}`" for name in COLUMNS if name in OBSERVED),
        devices="\n".join(["| kind | devices | such as |", "|---|---|---|", *rows]),
    )


def _few(kind: str) -> str:
    known = devices(kind)
    return ", ".join(each.name for each in known[:: max(1, len(known) // 4)][:4])


def _table(columns: list[Column]) -> str:
    rows = [f"| {_name(column)} | {_type(column)} | {_bounds(column)} | {column.meaning} |" for column in columns]
    return "\n".join(["| column | type | values | meaning |", "|---|---|---|---|", *rows])


def _name(column: Column) -> str:
    return f"`{column.name}`, required" if column.required else f"`{column.name}`"


def _type(column: Column) -> str:
    if column.type == "text":
        return "text"
    kind = "whole number" if column.type == "whole" else "number"
    return f"{kind}, {column.unit}" if column.unit and column.unit != "0..1" else kind


def _bounds(column: Column) -> str:
    if column.type == "text":
        return ", ".join(f"`{value}`" for value in column.values)
    least = f"{'at least' if column.closed else 'above'} {column.least:g}"
    return least if column.most is None else f"{least}, at most {column.most:g}"


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201

"""`joulecast intervals`: what an exporter keeps, as a table, as JSON and as files."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from doubles.energy_service import EnergyServer
from pyarrow import parquet

import joulecast as workload
from joulecast.v1 import energy_pb2 as pb

Joulecast = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def kept(server: EnergyServer) -> EnergyServer:
    """An exporter that keeps a finished epoch of each of two jobs, and an open one."""
    for job, epoch in (("nightly", 1), ("daily", 2)):
        workload.begin("epoch", job=job, phase="training", address=server.address, epoch=epoch).end({"sample": 64})
    workload.begin("open", job="nightly", address=server.address)
    return server


@pytest.mark.usefixtures("kept")
def test_a_list_is_newest_first(joulecast: Joulecast) -> None:
    """One line per interval under the titles."""
    ended = joulecast("intervals", "list")

    titles, *lines = ended.stdout.splitlines()
    assert titles.split()[:6] == ["id", "begin", "name", "job", "phase", "status"]
    assert [line.split()[0] for line in lines] == ["iv-000002", "iv-000001", "iv-000000"]
    assert "epoch=1" in lines[2]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--job", "nightly"], ["iv-000002", "iv-000000"]),
        (["--job", "nightly", "--phase", "training"], ["iv-000000"]),
        (["--label", "epoch=2"], ["iv-000001"]),
        (["--status", "open"], ["iv-000002"]),
        (["--name", "epoch", "--limit", "1"], ["iv-000001"]),
        (["--since", "1h"], ["iv-000002", "iv-000001", "iv-000000"]),
        (["--until", "1h"], []),
        (["--since", "2020-01-01", "--until", "2020-01-02T12:00"], []),
    ],
)
def test_filters(joulecast: Joulecast, filters: list[str], expected: list[str]) -> None:
    """All filters must hold, and JSON is one array whatever it holds."""
    ended = joulecast("intervals", "list", "--json", *filters)

    assert [document["interval_id"] for document in json.loads(ended.stdout)] == expected


def test_an_empty_list_says_so(joulecast: Joulecast) -> None:
    """No titles over nothing."""
    ended = joulecast("intervals", "list")

    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "no intervals match\n", 0)


@pytest.mark.usefixtures("kept")
def test_one_interval_in_full(joulecast: Joulecast) -> None:
    """Words, times, usage, components, devices and counts."""
    shown = joulecast("intervals", "show", "iv-000000").stdout

    for words in (
        "job     nightly",
        "labels  epoch=1",
        "counts  sample=64",
        "usage   cpu 50.0 %",
        "cpu 0 package",
        "per sample",
    ):
        assert words in shown
    assert json.loads(joulecast("intervals", "show", "iv-000000", "--json").stdout)["counts"] == {"sample": 64.0}


def test_an_estimate_is_one_line_beside_the_account(joulecast: Joulecast, kept: EnergyServer) -> None:
    """Joules with their band, from which model, of what and whether in its domain; in full as JSON, else null."""
    for each, departures in zip(kept.service.intervals.values(), ([], ["device"]), strict=False):
        each.estimate.CopyFrom(
            pb.WorkloadEstimate(
                model="generative-known-runtime",
                version="1.abc",
                scope="gpu",
                joules=12.34,
                p10_joules=10.1,
                p90_joules=15.02,
                in_domain=not departures,
                departures=departures,
            )
        )

    inside, outside = (joulecast("intervals", "show", f"iv-00000{number}").stdout for number in (0, 1))
    assert "model estimate: 12.3 J (10.1 to 15.0), generative-known-runtime, gpu, in domain\n" in inside
    assert "generative-known-runtime, gpu, outside of its training by device\n" in outside
    assert "model estimate" not in joulecast("intervals", "show", "iv-000002").stdout
    told = [json.loads(joulecast("intervals", "show", f"iv-00000{number}", "--json").stdout) for number in (1, 2)]
    assert (told[0]["estimate"]["joules"], told[0]["estimate"]["departures"]) == (12.34, ["device"])
    assert told[1]["estimate"] is None


def test_the_share_of_a_container_stands_beside_the_node(joulecast: Joulecast, kept: EnergyServer) -> None:
    """Who, how much, how sure and by what; a column of the list and of exports once somebody has one."""
    assert "container" not in joulecast("intervals", "list").stdout
    first, second, _ = kept.service.intervals.values()
    cpu = pb.ContainerComponent(component=pb.COMPONENT_CPU, gross_joules=12.5, coverage=0.9, methods=["cpu_time"])
    first.container.CopyFrom(
        pb.ContainerShare(
            manager="kubernetes",
            namespace="shop",
            pod="web-0\x1b[2J",
            container="main",
            gross_joules=12.5,
            uncertainty_joules=0.5,
            coverage=0.9,
            components=[cpu],
            notes=["first 1.0 s missing"],
        )
    )
    second.container.CopyFrom(pb.ContainerShare(notes=["no workload is known"]))

    shown, unknown = (joulecast("intervals", "show", f"iv-00000{number}").stdout for number in (0, 1))
    assert "container kubernetes shop/web-0?[2J/main: 12.5 J ± 0.5 J gross, coverage 90.0 %\n" in shown
    assert "  cpu 12.5 J by cpu_time\n  first 1.0 s missing\n" in shown
    assert "container unknown: unknown gross, coverage 0.0 %\n  no workload is known\n" in unknown
    assert "12.5 J" in joulecast("intervals", "list").stdout
    told = [json.loads(joulecast("intervals", "show", f"iv-00000{number}", "--json").stdout) for number in (0, 2)]
    assert told[0]["container"]["components"]["cpu"]["methods"] == ["cpu_time"]
    assert told[1]["container"] is None
    exported = joulecast("intervals", "export", "--format", "csv", "--output", "-").stdout
    rows = [*csv.DictReader(io.StringIO(exported))]
    assert [row["container_gross_joules"] for row in rows] == ["12.5", "", ""]
    assert [row["container_container"] for row in rows] == ["main", "", ""]
    assert [row["container_cpu_gross_joules"] for row in rows] == ["12.5", "", ""]


def test_an_unknown_interval_is_one_line(joulecast: Joulecast) -> None:
    """Not found is said, with the id."""
    ended = joulecast("intervals", "show", "iv-999999")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "joulecast: no interval 'iv-999999'\n"


def test_words_of_others_cannot_move_the_terminal(joulecast: Joulecast, server: EnergyServer) -> None:
    """Control characters in a label are shown as question marks."""
    workload.begin("epoch", address=server.address, evil="\x1b[2Jgone").end()

    shown = joulecast("intervals", "list").stdout + joulecast("intervals", "show", "iv-000000").stdout
    assert "\x1b" not in shown
    assert shown.count("evil=?[2Jgone") == 2


@pytest.mark.usefixtures("kept")
def test_csv_has_one_flat_row_per_interval(joulecast: Joulecast) -> None:
    """Joules per component are columns, labels are JSON, what is not known is empty, and the oldest comes first."""
    ended = joulecast("intervals", "export", "--format", "csv", "--output", "-")

    first, _, last = csv.DictReader(io.StringIO(ended.stdout))
    assert (first["interval_id"], first["job"], json.loads(first["labels"])) == ("iv-000000", "nightly", {"epoch": "1"})
    assert float(first["cpu_gross_joules"]) == pytest.approx(0.6 * float(first["gross_joules"]))
    assert float(first["gpu_utilization_ratio"]) == 0.9
    assert (first["dram_gross_joules"], first["below_resolution"], first["provenance"]) == ("", "false", "measured")
    assert first["begin_time"].endswith("Z")
    assert (last["status"], last["gross_joules"], last["end_time"]) == ("open", "", "")


@pytest.mark.usefixtures("kept")
def test_parquet_has_typed_columns(joulecast: Joulecast, tmp_path: Path) -> None:
    """Numbers are numbers, times are times, and null is null."""
    file = tmp_path / "intervals.parquet"
    ended = joulecast("intervals", "export", "--format", "parquet", "--output", str(file), "--status", "finished")

    table = parquet.read_table(file)
    assert ended.stderr == f"2 intervals written to {file}\n"
    assert table.num_rows == 2
    assert str(table.schema.field("gross_joules").type) == "double"
    assert str(table.schema.field("begin_time").type) == "timestamp[us, tz=UTC]"
    assert table["dram_gross_joules"].null_count == 2
    assert list(tmp_path.iterdir()) == [file]


def test_an_export_that_fails_leaves_the_old_file(joulecast: Joulecast, tmp_path: Path) -> None:
    """What stood there before is still there, and nothing else is."""
    file = tmp_path / "intervals.csv"
    file.write_text("precious")
    ended = joulecast(
        "intervals", "export", "--format", "csv", "--output", str(file), JOULECAST_ADDRESS="unix:///nonexistent/s"
    )

    assert ended.returncode == 1
    assert file.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_is_one_line(joulecast: Joulecast, tmp_path: Path) -> None:
    """A folder that is not there, and parquet to a pipe."""
    nowhere = joulecast("intervals", "export", "--format", "csv", "--output", str(tmp_path / "no" / "file.csv"))
    piped = joulecast("intervals", "export", "--format", "parquet", "--output", "-")

    assert (nowhere.returncode, piped.returncode) == (1, 1)
    assert "cannot be written (No such file or directory)" in nowhere.stderr
    assert "name a file with --output" in piped.stderr


@pytest.mark.usefixtures("kept")
def test_parquet_without_its_extra_says_what_to_install(environ: dict[str, str], tmp_path: Path) -> None:
    """One line, and no file."""
    code = (
        "import sys\nsys.modules['pyarrow'] = None\nfrom joulecast.cli.main import main\n"
        f"sys.exit(main(['intervals', 'export', '--format', 'parquet', '--output', {str(tmp_path / 'f')!r}]))"
    )
    ended = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr == "joulecast: writing parquet needs the parquet extra: pip install 'joulecast[parquet]'\n"
    assert list(tmp_path.iterdir()) == []


def test_a_broken_listing_goes_on_where_it_stopped(joulecast: Joulecast, kept: EnergyServer) -> None:
    """An exporter restarted in the middle of an export costs no row and repeats none."""
    kept.service.break_listing_after = 2
    ended = joulecast("intervals", "export", "--format", "csv", "--output", "-", "--limit", "3")

    rows = [row["interval_id"] for row in csv.DictReader(io.StringIO(ended.stdout))]
    assert rows == ["iv-000000", "iv-000001", "iv-000002"]
    assert kept.service.asked("ListIntervals")[1].limit == 1

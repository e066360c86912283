"""The page over the real command, playing the demonstration capture: live, with intervals, and through a kill."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles.exporter_process import ExporterProcess
from doubles.tab import Tab

import joulecast


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[ExporterProcess]:
    """A machine of the capture, read five times a second."""
    with ExporterProcess(tmp_path, "--replay", "demo", "--period", "0.2") as process:
        yield process


def row_of(name: str) -> str:
    """The row of an interval, as an expression."""
    return f"[...document.querySelectorAll('.intervals tbody tr')].find(row => row.textContent.includes('{name}'))"


def test_page_lives_and_tells_the_joules_that_the_client_got(
    visit: Callable[..., Tab], exporter: ExporterProcess
) -> None:
    """Power changes, an interval appears while it runs, and ends with its client's very figures."""
    tab = visit(f"http://{exporter.listen}/")
    first = tab.text("#power .watts")
    assert "Replay, not this machine" in tab.text(".banner.replay")
    tab.until(f"document.querySelector('#power .watts').innerText !== {first!r}")

    interval = joulecast.begin("fine-tune", job="resnet", phase="training", address=exporter.grpc)
    row = row_of("fine-tune")
    tab.until(f"{row}?.closest('table').classList.contains('running')")
    tab.until(f"{row}.querySelector('data.gross') !== null")
    interval.count(sample=512)
    interval.end()
    result = interval.result()
    assert result.energy.gross_joules is not None

    tab.until(f"{row}.closest('table').classList.contains('ended') && {row}.querySelector('data.gross') !== null")
    assert float(tab.run(f"{row}.querySelector('data.gross').value")) == result.energy.gross_joules
    text = tab.run(f"{row}.innerText")
    gross = result.energy.gross_joules / 512
    assert "per sample" in text
    assert float(tab.run(f"{row}.querySelector('[data-key=sample] data').value")) == gross
    assert (tab.outside, tab.errors) == ([], [])


def test_killed_exporter_is_shown_and_its_successor_found(visit: Callable[..., Tab], exporter: ExporterProcess) -> None:
    """After kill -9 the page says that it shows the past; with a new process it goes on, intervals included."""
    with joulecast.interval("before", address=exporter.grpc) as before:
        pass
    joules = before.result().energy.gross_joules
    tab = visit(f"http://{exporter.listen}/")
    tab.until(f"{row_of('before')} !== undefined")
    exporter.kill()
    tab.until("document.documentElement.dataset.link === 'lost'")
    assert tab.text("#lost").startswith("Connection lost since ")
    assert tab.page.locator("#power .watts").is_visible()
    exporter.start()
    tab.until("document.documentElement.dataset.link === 'live'")
    kept = tab.run(f"{row_of('before')}.querySelector('data.gross')?.value ?? null")
    assert (None if kept is None else float(kept)) == joules

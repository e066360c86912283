"""Options come from flags, variables, a file or a default, and what is wrong is named."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exporter.config import OPTIONS, Config, add_arguments, load_config
from exporter.kubernetes.access import Endpoint
from joulecast.errors import JoulecastError
from joulecast.serving.address import TcpAddress, UnixAddress
from joulecast.serving.options import flag_of, variable_of


def load(*arguments: str, environ: Mapping[str, str] | None = None, **directories: Path) -> Config:
    """The configuration of one command line."""
    parser = ArgumentParser()
    add_arguments(parser)
    return load_config(parser.parse_args(arguments), environ or {}, **directories)


def a_file(directory: Path, text: str) -> Path:
    """A configuration file."""
    path = directory / "exporter.toml"
    path.write_text(text)
    return path


def refusal(*arguments: str, environ: Mapping[str, str] | None = None) -> JoulecastError:
    """How a command line is refused."""
    with pytest.raises(JoulecastError) as refused:
        load(*arguments, environ=environ)
    assert refused.value.remedy
    return refused.value


def test_defaults_are_the_documented_ones() -> None:
    """Without anything said, the addresses and periods are those that scripts rely on."""
    config = load()

    assert config.listen == TcpAddress("127.0.0.1", 9877)
    assert TcpAddress("127.0.0.1", 9878) in config.grpc
    assert (config.period, config.retention_days, config.insecure) == (1.0, 90.0, False)
    assert (config.sysfs, config.procfs) == (Path("/sys"), Path("/proc"))


def test_first_source_wins(tmp_path: Path) -> None:
    """A flag beats a variable, a variable beats the file, the file beats the default."""
    file = a_file(tmp_path, "period = 3\nretention-days = 3\nmax_label_sets = 3\n")
    config = load(
        *("--config", str(file), "--period", "1.5"),
        environ={"JOULECAST_PERIOD": "2", "JOULECAST_RETENTION_DAYS": "2"},
    )

    assert (config.period, config.retention_days, config.max_label_sets) == (1.5, 2.0, 3)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("listen", "0.0.0.0:0", TcpAddress("0.0.0.0", 0)),
        ("grpc", "unix:///a/b.sock,[::1]:5", (UnixAddress(Path("/a/b.sock")), TcpAddress("::1", 5))),
        ("state_dir", "/x", Path("/x")),
        ("store", "sqlite:////x.db", "sqlite:////x.db"),
        ("store_sync", "FULL", "full"),
        ("cpu_tdp_watts", "150", 150.0),
        ("max_label_sets", "7", 7),
        ("insecure", "true", True),
        ("replay", "capture.json", Path("capture.json")),
        ("kubelet", "https://10.0.0.7:10250", Endpoint("https", "10.0.0.7", 10250)),
        ("pod_resources", "/x.sock", Path("/x.sock")),
    ],
)
def test_every_source_reads_the_same_value(tmp_path: Path, name: str, text: str, expected: Any) -> None:
    """A flag, a variable and a key of the file mean the same."""
    flags = [flag_of(name)] if name == "insecure" else [flag_of(name), text]
    literal = text if name in {"cpu_tdp_watts", "max_label_sets", "insecure"} else f'"{text}"'
    file = a_file(tmp_path, f"{name} = {literal}\n")

    assert getattr(load(*flags), name) == expected
    assert getattr(load(environ={variable_of(name): text}), name) == expected
    assert getattr(load("--config", str(file)), name) == expected


def test_grpc_may_be_repeated_or_listed(tmp_path: Path) -> None:
    """Several addresses: repeated flags, commas, or a list in the file."""
    expected = (TcpAddress("127.0.0.1", 1), UnixAddress(Path("/a")))
    file = a_file(tmp_path, 'grpc = ["127.0.0.1:1", "unix:/a"]')

    assert load("--grpc", "127.0.0.1:1", "--grpc", "unix:///a").grpc == expected
    assert load("--grpc", "127.0.0.1:1, unix:///a").grpc == expected
    assert load("--config", str(file)).grpc == expected


def test_config_file_may_be_named_by_its_variable(tmp_path: Path) -> None:
    """JOULECAST_CONFIG is as good as --config."""
    file = a_file(tmp_path, "period = 2")

    assert load(environ={"JOULECAST_CONFIG": str(file)}).period == 2.0


def test_unknown_key_names_its_line_and_the_nearest(tmp_path: Path) -> None:
    """A typo in the file is an error that says where, and what was probably meant."""
    refused = refusal("--config", str(a_file(tmp_path, "# ours\nperiod = 1\nretention-dys = 3\n")))

    assert "exporter.toml, line 3: unknown option 'retention-dys'" in refused.problem
    assert "retention_days" in refused.remedy


def test_unknown_key_like_nothing_points_to_the_help(tmp_path: Path) -> None:
    """Where nothing is near, the remedy is the list of options."""
    refused = refusal("--config", str(a_file(tmp_path, "[zzzqqq]\na = 1\n")))

    assert "line 1: unknown option 'zzzqqq'" in refused.problem
    assert "--help" in refused.remedy


def test_a_file_cannot_name_another_file(tmp_path: Path) -> None:
    """`config` is no key of the file."""
    assert "unknown option 'config'" in refusal("--config", str(a_file(tmp_path, 'config = "other"'))).problem


def test_key_in_both_spellings_is_refused(tmp_path: Path) -> None:
    """Two spellings of one key would hide one of the values."""
    file = a_file(tmp_path, 'state-dir = "/a"\nstate_dir = "/b"\n')

    assert "twice" in refusal("--config", str(file)).problem


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('period = "1.0"', "period is '1.0'"),
        ("period = true", "period is True"),
        ("period = 0.01", "seconds from 0.05 to 4"),
        ("period = nan", "seconds from 0.05 to 4"),
        ("max_label_sets = 1.5", "whole number"),
        ("listen = 9877", "HOST:PORT"),
        ('insecure = "yes"', "true or false"),
        ("grpc = [1]", "unix:///PATH or HOST:PORT"),
        ('log_level = "loud"', "one of debug, info, warning, error"),
    ],
)
def test_wrong_type_in_the_file_names_key_value_and_what_is_expected(tmp_path: Path, text: str, named: str) -> None:
    """A value of the wrong type or outside its bounds is never bent into shape."""
    refused = refusal("--config", str(a_file(tmp_path, f"\n{text}\n")))

    assert f"line 2: {text.partition(' ')[0]} is" in refused.problem
    assert named in str(refused)


@pytest.mark.parametrize("text", ["period = ", "period = 1\nperiod = 2", "\x00"])
def test_file_that_is_no_toml_is_told(tmp_path: Path, text: str) -> None:
    """The parser's own words, with the file's name, and no traceback."""
    assert "exporter.toml" in refusal("--config", str(a_file(tmp_path, text))).problem


def test_missing_and_binary_files_are_told(tmp_path: Path) -> None:
    """A file that is not there, or no text, is one line."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    assert "cannot be read" in refusal("--config", str(tmp_path / "absent")).problem
    assert "not UTF-8" in refusal("--config", str(tmp_path / "binary")).problem


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("JOULECAST_PERIOD", "fast", "JOULECAST_PERIOD is 'fast'"),
        ("JOULECAST_INSECURE", "perhaps", "JOULECAST_INSECURE is 'perhaps'"),
        ("JOULECAST_PEROID", "1", "unknown variable JOULECAST_PEROID: did you mean JOULECAST_PERIOD?"),
    ],
)
def test_wrong_variable_is_named(variable: str, value: str, named: str) -> None:
    """A mistyped or misfilled JOULECAST_ variable is refused like a flag."""
    assert named in str(refusal(environ={variable: value}))


@pytest.mark.parametrize(
    "variable",
    [
        "JOULECAST_ADDRESS",
        "JOULECAST_TOKEN",
        "JOULECAST_TLS_CA",
        "JOULECAST_SERVICE_HOST",
        "JOULECAST_SERVICE_PORT_METRICS",
        "JOULECAST_PORT",
        "JOULECAST_EXPORTER_PORT_9877_TCP_ADDR",
        "JOULECASTLE",
        "HOME",
    ],
)
def test_variables_of_others_are_left_alone(variable: str) -> None:
    """The client's variables, and those Kubernetes makes of a Service called joulecast, do not stop the exporter."""
    assert load(environ={variable: "tcp://10.0.0.1:9877"}).period == 1.0


def test_empty_variable_says_nothing() -> None:
    """Compose files pass variables on empty; that is not a value."""
    assert load(environ={"JOULECAST_TOKEN_FILE": "", "JOULECAST_PERIOD": ""}).token_file is None


@pytest.mark.parametrize(
    "text", ["9877", ":9877", "host", "host:", "host:x", "host:70000", "::1:5", "http://a:1", "a:²"]
)
def test_address_that_is_none_is_refused(text: str) -> None:
    """An address without host or port is told with an example of a good one."""
    assert "127.0.0.1:9877" in refusal("--listen", text).remedy


@pytest.mark.parametrize("flag", ["--tls-cert", "--tls-key", "--tls-client-ca"])
def test_half_a_key_pair_is_refused(flag: str) -> None:
    """TLS with only one of its files would silently be no TLS."""
    assert f"{flag} is given without --tls-" in refusal(flag, "file.pem").problem


def test_state_directory_falls_back_to_the_user(tmp_path: Path) -> None:
    """Where the system's state directory cannot be made, the user's is taken."""
    usable, unusable = tmp_path / "joulecast", tmp_path / "none" / "joulecast"

    assert load(system_state=usable).state_dir == usable
    assert load(system_state=unusable, environ={"XDG_STATE_HOME": "/x"}).state_dir == Path("/x/joulecast")
    assert load(system_state=unusable, environ={"HOME": "/h"}).state_dir == Path("/h/.local/state/joulecast")


def test_default_socket_needs_its_directory_and_says_so(tmp_path: Path) -> None:
    """Without a usable run directory there is TCP alone, and a note for the log; an explicit address has no note."""
    with_socket = load(run_directory=tmp_path / "joulecast")
    without = load(run_directory=tmp_path / "none" / "joulecast")

    assert with_socket.grpc[0] == UnixAddress(tmp_path / "joulecast" / "joulecast.sock")
    assert with_socket.notes == ()
    assert without.grpc == (TcpAddress("127.0.0.1", 9878),)
    assert "no Unix socket" in without.notes[0]
    assert load("--grpc", "127.0.0.1:0", run_directory=tmp_path / "none" / "joulecast").notes == ()


def test_help_tells_every_option_its_default_and_its_variable() -> None:
    """--help is complete: no option without a sentence and a variable."""
    parser = ArgumentParser()
    add_arguments(parser)
    text = " ".join(parser.format_help().split())

    for name, each in OPTIONS.items():
        assert flag_of(name) in text
        assert variable_of(name) + "]" in text
        assert each.meaning in text
    assert "default: 127.0.0.1:9877" in text

"""`joulecast grafana`: dashboards, and finished intervals on them, brought into a Grafana."""

import argparse

from joulecast.cli import grafana_annotate, grafana_push
from joulecast.cli.grafana_access import add_access
from joulecast.grafana.place import TOKEN_VARIABLE, URL_VARIABLE

_EXAMPLES = f"""\
examples:
  joulecast grafana push --url https://grafana.example.org --token-file token --prometheus-url http://prometheus:9090
  joulecast grafana push --dry-run
  joulecast grafana annotate --job nightly --since 7d
  joulecast grafana annotate --follow --cursor-file /var/lib/joulecast/grafana.json

The token is that of a service account with the role Editor, or Admin for --prometheus-url. It is never given on the
command line. Without --url and --token-file, {URL_VARIABLE} and {TOKEN_VARIABLE} are read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two things to bring into a Grafana."""
    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", required=True, metavar="push|annotate")
    for name, summary, action in (
        ("push", "data source, folder and dashboards", grafana_push),
        ("annotate", "finished intervals on the dashboards' graphs", grafana_annotate),
    ):
        action_parser = actions.add_parser(
            name,
            help=summary,
            description=action.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add_access(action_parser)
        action.add_arguments(action_parser)


def run(args: argparse.Namespace) -> int:
    """Do the one that was asked for."""
    status: int = args.act(args)
    return status

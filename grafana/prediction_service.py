"""The prediction service: calls, how long they take, how often it is asked beyond what it learnt, what it serves."""

from grafana.colours import GREEN, PURPLE, RED
from grafana.panel import Look, Panel, Query
from grafana.panels import bars, stat, table
from grafana.plots import graph

_NO_SERVICE = "No prediction service is scraped"


def service() -> list[Panel]:
    """All services of the chosen clusters together."""
    seconds = "sum by (method, le) (rate(joulecast_predictor_request_seconds_bucket{CLUSTER}[$__rate_interval]))"
    estimates = "sum by (model) (rate(joulecast_predictor_estimates_total{{CLUSTER{}}}[$__rate_interval]))"
    return [
        graph(
            "Calls",
            "Calls answered per second, by method and outcome.",
            [
                Query(
                    "sum by (method, code) (rate(joulecast_predictor_requests_total{CLUSTER}[$__rate_interval]))",
                    "{{method}} {{code}}",
                )
            ],
            "reqps",
            look=Look(8, 8, no_data=_NO_SERVICE),
        ),
        graph(
            "Time to answer",
            "Median and 99th percentile, without that of the transport.",
            [
                Query(f"histogram_quantile(0.5, {seconds})", "{{method}} median"),
                Query(f"histogram_quantile(0.99, {seconds})", "{{method}} 99 %"),
            ],
            "s",
            look=Look(8, 8, no_data=_NO_SERVICE),
        ),
        graph(
            "Points inside the domain",
            "Share of the points asked about that are inside of what the model was trained on. Outside, its band is "
            "wider.",
            [
                Query(
                    estimates.format(',in_domain="true"') + " / " + estimates.format(""),
                    "{{model}}",
                )
            ],
            "percentunit",
            look=Look(8, 8, least=0, most=1, no_data=_NO_SERVICE),
        ),
        table(
            "Models served",
            "Each artifact, the digest of its content, and whether it answers when no model is named.",
            [
                Query(
                    "max by (model, version, question, answers_by_default) (joulecast_predictor_artifact_info{CLUSTER})"
                )
            ],
            columns={
                "model": "Model",
                "question": "Question",
                "version": "Version",
                "answers_by_default": "Answers by default",
            },
            look=Look(16, 8, no_data=_NO_SERVICE),
        ),
        bars(
            "Points estimated",
            "In the time range, by model.",
            Query(
                "sort_desc(sum by (model) (increase(joulecast_predictor_estimates_total{CLUSTER}[$__range])))",
                "{{model}}",
                instant=True,
            ),
            "short",
            look=Look(5, 8, decimals=0, least=0, steps=((None, PURPLE),), color="thresholds", no_data=_NO_SERVICE),
            names="top",
        ),
        stat(
            "Broken files",
            "Artifacts that could not be loaded as they are now; the version before goes on answering.",
            Query("max(joulecast_predictor_artifacts_failed{CLUSTER})"),
            "none",
            look=Look(3, 8, decimals=0, steps=((None, GREEN), (1, RED)), no_data="No service"),
            trend=False,
        ),
    ]

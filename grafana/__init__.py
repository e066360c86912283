"""Dashboards as code: Python that writes `dashboards/*.json`, which Grafana and `joulecast grafana push` read.

One module a dashboard; `promql`, `panels`, `fields`, `colours`, `variables` and `layout` are the vocabulary they share.
Development only: the wheel carries the JSON, as `joulecast/dashboards/`, and no room imports this one.
"""

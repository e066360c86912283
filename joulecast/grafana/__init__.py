"""A running Grafana, from outside: the shipped dashboards pushed into it, finished intervals marked on its graphs.

Loaded by `joulecast grafana` alone, for it needs grafana-api. May import the vocabulary, the client and the shipped
dashboards; how those are drawn is nothing it knows of.
"""

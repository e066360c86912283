"""The exporter: measures a node, publishes it for Prometheus, and answers the workloads that tag their work.

Rooms from the bottom: sensors and usage, metering, intervals, then store, metrics and rpc; `assembly` wires them.
"""

"""The HTTP door: /metrics for Prometheus, health for orchestrators, a status page for people.

Reads only the last snapshot and the interval figures; may import intervals, metering, usage, sensors and joulecast.
"""

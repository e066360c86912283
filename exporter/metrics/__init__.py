"""The HTTP door: /metrics for Prometheus, health for orchestrators, a page and its JSON for people and programs.

Reads only the last snapshot and the intervals; may import intervals, attribution, metering, usage, sensors and
joulecast.
"""

"""The gRPC door: `joulecast.v1.EnergyService` over Unix sockets and TCP, with health and reflection.

May import `exporter.intervals` and what is below it, and the generated stubs; never the store or the metrics.
"""

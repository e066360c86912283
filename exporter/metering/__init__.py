"""From readings to energy curves: counters unwrapped, power integrated, both fused; one curve per series.

May import `exporter.sensors`, `exporter.usage` and `joulecast`; knows nothing of intervals, stores or the wire.
"""

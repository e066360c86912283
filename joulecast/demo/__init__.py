"""The demonstration: a played node, a predictor, a workload with phases and Prometheus, all on this machine's loopback.

`joulecast demo` is `command.py`; what the played node does at each second, and what is tagged of it, is `round.py`.
"""

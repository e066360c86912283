"""NVIDIA GPUs through NVML: their energy counter and power, what they are, and who uses them.

`library.py` alone imports pynvml; `handle.py` and `device.py` ask one GPU; `sensor.py` decides what to read and when.
`processes.py` puts together who is on a GPU (`occupants.py`), for how much of its time (`sampled.py`), in which part of
it (`mig.py`).
"""

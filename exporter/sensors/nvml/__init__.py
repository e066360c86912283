"""NVIDIA GPUs through NVML: their energy counter and power, and what they are.

`library.py` alone imports pynvml; `device.py` asks one GPU in base units; `sensor.py` decides what to read and when.
"""

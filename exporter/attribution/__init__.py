"""Whose joules: splits each step of the energy curves over containers, services and jobs, and closes the balance.

Every joule is attributed to a workload, idle, or openly unattributed; the three always add up to the device.
"""

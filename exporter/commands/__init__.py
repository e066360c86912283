"""The exporter's own commands. Each module has `add_arguments` and `run`, and is loaded only when it is called.

May import every room of the exporter; nothing imports this one but the command line.
"""

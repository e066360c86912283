"""The one command, `joulecast`.

May import the vocabulary and the client. The other rooms' commands are named in `main.py` and loaded when asked for.
"""

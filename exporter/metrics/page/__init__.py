"""The page for people at `/`: live power, intervals, sensors, made on the server from one snapshot.

Markup is made and escaped in `markup.py` alone. The script in `static/` asks for the same page again and brings in what
changed, so there is one renderer, and the page is complete without a script. Imports nothing of the HTTP door above it.
"""

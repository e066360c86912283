"""What every server of the house does alike: options, addresses, TLS, tokens, listening, statuses, health, reflection.

Imported by the rooms that serve, with their extra; never by a client. May import joulecast's vocabulary only.
"""

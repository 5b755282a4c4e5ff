"""The border: one package per system, and nothing that two systems share but the ports.

Each package holds the same rooms: a *client* (transport, authentication, limits), *wire* (the
remote's own shapes), a *reader* and a *writer*. Remote answers are judged here and leave as our
nouns or as our errors; a body, a token or a customer's name never leaves inside an error or a log
line. What a connector needs from the rest of the house (a token store, a shared budget, a clock)
arrives as an argument that satisfies a Protocol of :mod:`include.connectors.ports`.
"""

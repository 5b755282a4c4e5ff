"""What connectors of REST APIs share, and nothing that knows whose API it is.

::

    transport  bytes out, bytes in: size cap, deadline, no redirects, sent or never sent
    pace       admit a call under the shared budget, pause everyone, read Retry-After
    retries    repeat what waiting can heal and what cannot have taken effect
    tokens     one access token for all workers, renewed once per call
"""

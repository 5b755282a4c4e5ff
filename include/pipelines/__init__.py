"""Business verbs over ports: what a flow does, without Airflow and without knowing who listens.

One order's walk: :mod:`announce` (poll for what no webhook told) → claim (ledger) → :mod:`extract` →
:mod:`translate` → :mod:`check` → :mod:`load` → :mod:`settle`. Each stage takes a
:class:`~include.pipelines.ports.World` (the systems) and a :class:`~include.pipelines.ports.Ticket`
(the batch), reads and writes record sets in the staging area, and returns counts.
"""

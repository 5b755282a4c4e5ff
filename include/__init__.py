"""Everything of Tradebridge that would survive without Airflow.

The rooms and who may import whom are described in ``docs/architecture.md`` and held by
import-linter contracts in ``pyproject.toml``.
"""

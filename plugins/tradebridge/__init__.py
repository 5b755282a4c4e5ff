"""Everything shared that knows Airflow: stages, connections, retry policy, web, executor.

Airflow does not scan this folder (``plugins/.airflowignore``); it is imported as ``tradebridge``.
"""

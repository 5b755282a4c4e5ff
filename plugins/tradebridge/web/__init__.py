"""What Tradebridge adds to Airflow's API server: webhook receiver, waker, exceptions API and page."""

from __future__ import annotations

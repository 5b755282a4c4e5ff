"""What Tradebridge adds to Airflow's API server: the webhook receiver, the waker, the exceptions API and page."""

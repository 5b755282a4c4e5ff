# One image for every container of docker-compose.yaml and for Airflow's Helm chart.
# DAG files are not in it: they are mounted where they run, and the API server never sees them.
FROM python:3.11.13-slim-bookworm

ENV DEBIAN_FRONTEND=noninteractive \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1

# unixODBC for Sage 100's reads; the SQLite driver is for the sandbox. The ProvideX driver is Sage's own and
# comes with your licence: add it, with its entry in odbcinst.ini, in an image FROM this one.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends unixodbc libsqliteodbc \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 50000 --gid 0 --home-dir /opt/airflow --create-home tradebridge \
    && install --directory --owner tradebridge --group 0 --mode 0775 \
        /opt/airflow/logs /opt/airflow/state /opt/airflow/staging /opt/airflow/sandbox /opt/airflow/dags

WORKDIR /opt/airflow

COPY requirements.txt ./
RUN pip install --requirement requirements.txt

COPY pyproject.toml README.md LICENSE ./
COPY include include
COPY plugins plugins
RUN pip install --no-deps --editable . && python -m compileall -q include plugins

ENV AIRFLOW_HOME=/opt/airflow/state \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/airflow/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/airflow/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    GX_ANALYTICS_ENABLED=false \
    PYTHONPATH=/opt/airflow:/opt/airflow/plugins

USER 50000:0

"""No Docker is needed to hold these: the file parses, says nothing secret, and runs what we run natively."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.sandbox.salesforce.certificates import HOSTS
from include.standalone import services
from include.standalone.environment import Machine, airflow_settings
from include.standalone.ports import Ports
from include.standalone.secret_store import Secrets

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
MACHINE = Machine(Path("/run"), Ports(postgres=5432), Secrets(*("x" * 7)))


def signature(command: tuple[str, ...]) -> tuple[str, ...]:
    """A command without what differs from place to place: interpreter, addresses, ports, folders."""
    arguments = command[command.index("-m") + 1 :]
    return tuple("..." if re.fullmatch(r"[\d.]+|/.*", argument) else argument for argument in arguments)


def native() -> dict[tuple[str, ...], str]:
    """Every command that `make up` or a test runs on this machine, and its name there."""
    running = [*services.outside_world(MACHINE), *services.airflow(MACHINE), *services.jobs(MACHINE)]
    return {signature(each.command): each.name for each in running} | {
        signature(services.CELERY_WORKER): "celery worker"
    }


def test_there_is_a_service_for_everything_and_nothing_else() -> None:
    assert set(COMPOSE["services"]) == {
        "api-server", "scheduler", "dag-processor", "triggerer", "worker", "postgres", "redis",
        "airflow-migrate", "ledger-migrate", "sage-company", "sandbox", "gateway",
    }  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_that_runs_natively(name: str) -> None:
    assert signature(tuple(OURS[name]["command"])) in native()


def test_every_native_command_has_its_service() -> None:
    in_compose = {signature(tuple(service["command"])) for service in OURS.values()}
    assert in_compose == set(native())


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_images_are_pinned_to_a_full_version(name: str) -> None:
    image = COMPOSE["services"][name]["image"]
    assert re.search(r":(\d+\.\d+(\.\d+)?[-\w]*|\$\{TRADEBRIDGE_VERSION:-\d+\.\d+\.\d+\})$", image), image


def test_the_image_is_built_on_a_pinned_python() -> None:
    assert re.search(r"^FROM python:3\.11\.\d+-slim-\w+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_only_the_api_server_is_published() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["api-server"]


def test_the_databases_have_no_way_out() -> None:
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert (
        COMPOSE["services"]["postgres"]["networks"] == COMPOSE["services"]["redis"]["networks"] == ["store"]
    )


def test_the_api_server_does_not_see_dag_files() -> None:
    def mounts(name: str) -> list[str]:
        return [volume for volume in OURS[name]["volumes"] if "/dags" in volume]

    assert mounts("api-server") == []
    assert all(mounts(name) for name in ("scheduler", "dag-processor", "triggerer", "worker"))
    assert "COPY dags" not in (ROOT / "Dockerfile").read_text()


def test_no_secret_stands_in_the_file() -> None:
    secret = re.compile(r"(key|secret|password|token|connection)\b", re.IGNORECASE)
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if secret.search(name.replace("_", " ")) and not name.endswith("PASSWORDS_FILE"):
                assert re.fullmatch(r"(>-)?\$\{\w+:[?-].*\}", value), name
            for password in re.findall(r"://\w+:([^@]*)@", value):
                assert password.startswith("${"), name


@pytest.mark.parametrize("name", OURS)
def test_our_code_is_importable_in_every_airflow_container(name: str) -> None:
    environment = OURS[name].get("environment", {})
    if "AIRFLOW__CORE__EXECUTOR" in environment:
        assert environment["PYTHONPATH"] == "/opt/airflow:/opt/airflow/plugins"
    assert any("/opt/airflow/include" in volume for volume in OURS[name]["volumes"])


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_whatever_stays_up_has_a_health_check_and_is_not_root(name: str) -> None:
    service = COMPOSE["services"][name]
    if service["restart"] != "no":
        assert service["healthcheck"]["test"]
    assert service.get("user") in {"postgres", "redis"} or "build" in service
    assert re.search(r"^USER 50000", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("section", ["SCHEDULER", "WORKERS", "DAG_PROCESSOR"])
def test_the_engine_is_tuned_as_on_one_machine(section: str) -> None:
    def tuned(environment: dict[str, str]) -> dict[str, str]:
        return {
            name: value for name, value in environment.items() if name.startswith(f"AIRFLOW__{section}__")
        }

    assert tuned(OURS["worker"]["environment"]) == tuned(airflow_settings(MACHINE)) != {}


def test_the_sandbox_starts_only_when_asked_for() -> None:
    profiles = {name for name, service in OURS.items() if service.get("profiles") == ["sandbox"]}
    assert profiles == {"sandbox", "gateway", "sage-company"}
    for name in OURS.keys() - profiles:
        assert not profiles & set(OURS[name].get("depends_on", {}))


@pytest.mark.parametrize("name", ["api-server", "scheduler", "dag-processor", "triggerer", "worker"])
def test_files_that_the_sandbox_s_connections_name_are_there_for_all_who_use_them(name: str) -> None:
    """C8: the API server looks records up, so it too needs Sage's tables and Salesforce's authority."""
    named = set(re.findall(r'"(/opt/airflow/[^"]+)"', (ROOT / "docs" / "deploy.md").read_text()))
    assert {Path(each).name for each in named} >= {"salesforce-ca.pem", "MAS_ABC.sqlite"}
    mounted = [volume.split(":")[1] for volume in OURS[name]["volumes"]]
    assert [each for each in named if not any(each.startswith(f"{place}/") for place in mounted)] == []


def test_the_sandbox_s_connection_leads_to_its_ports_by_name() -> None:
    """C12: Salesforce's hosts go through the proxy; the bus is called as its certificate is."""
    deploy = (ROOT / "docs" / "deploy.md").read_text()
    told = re.search(r"^SALESFORCE_CONNECTION='(.*//sandbox.*)'$", deploy, re.MULTILINE)
    assert told is not None
    extra = json.loads(told[1])["extra"]
    command = OURS["sandbox"]["command"]
    ports = dict(pairwise(command))
    assert ports["--host"] == "0.0.0.0"
    assert extra["proxies"] == {"https": f"http://sandbox:{ports['--salesforce-proxy-port']}"}
    assert (extra["pubsub_host"], str(extra["pubsub_port"])) == ("sandbox", ports["--salesforce-bus-port"])
    assert extra["pubsub_host"] in HOSTS
    assert extra["ca_file"] == extra["pubsub_ca_file"] == f"{ports['--data']}/salesforce-ca.pem"

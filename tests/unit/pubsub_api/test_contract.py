"""The vendor's contract and what is generated from it: C12."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from include.pubsub_api import pubsub_api_pb2 as wire

ROOT = Path(__file__).resolve().parents[3]
PROTO = "include/pubsub_api/pubsub_api.proto"


def test_the_generated_modules_are_those_of_the_contract(tmp_path: Path) -> None:
    made = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I.", *made, PROTO], cwd=ROOT, check=True)
    fresh = sorted((tmp_path / PROTO).parent.glob("pubsub_api_pb2*"))
    assert [one.suffix for one in fresh] == [".py", ".pyi", ".py"]
    for one in fresh:
        assert one.read_text() == (ROOT / PROTO).with_name(one.name).read_text(), "run `make protocol`"


def test_a_request_has_the_published_bytes() -> None:
    """Field numbers and kinds, as any other implementation of the contract writes them."""
    asked = wire.FetchRequest(topic_name="t", replay_preset=wire.CUSTOM, replay_id=b"r", num_requested=5)
    assert asked.SerializeToString().hex(" ", 2) == "0a01 7410 021a 0172 2005"


def test_the_service_has_the_published_calls() -> None:
    service = wire.DESCRIPTOR.services_by_name["PubSub"]
    assert service.full_name == "eventbus.v1.PubSub"
    calls = {one.name: (one.client_streaming, one.server_streaming) for one in service.methods}
    both, neither = (True, True), (False, False)
    assert calls == {
        "Subscribe": both,
        "GetSchema": neither,
        "GetTopic": neither,
        "Publish": neither,
        "PublishStream": both,
        "ManagedSubscribe": both,
    }

"""`/metrics` counts requests, protects names by the token, and serves each metric of the dashboard."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from mien import config
from mien.errors import ApiError
from mien.operations.table import OPERATIONS
from tests import live, photos
from tests.live import Live
from tests.locked import Locked
from tests.wire.conversation import answered, connect, head

DOCS = Path(__file__).resolve().parents[2] / "docs"
DASHBOARD = DOCS / "grafana.json"
TOKEN = "a-token"
TOLD = {"Authorization": f"Bearer {TOKEN}"}
CHUNKED = head("ListCollections", 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(server: Live, **headers: str) -> Samples:
    answer = server.send("GET", "/metrics", None, headers)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.body.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


@pytest.fixture(scope="module")
def watched(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Starts a server without image cache that has answered requests of each kind and names two collections."""
    flags = ("--metrics-collections", "2", "--image-cache", "0", "--metrics-token", TOKEN)
    server = live.serve(packs, tmp_path_factory.mktemp("watched") / "data", *flags)
    client = server.client()
    for name, pictures in (("two", 2), ("none", 0), ("one", 1)):
        client.create_collection(CollectionId=name)
        for data in (photos.astronaut().data, photos.hopper().data)[:pictures]:
            client.index_faces(CollectionId=name, Image={"Bytes": data})
    client.search_faces_by_image(CollectionId="two", Image={"Bytes": photos.pair()})
    client.compare_faces(SourceImage={"Bytes": photos.pair()}, TargetImage={"Bytes": photos.hopper().data})
    client.detect_faces(Image={"Bytes": photos.jpeg(photos.hopper().pixels[:300, :300])})
    server.post("IndexFaces", b'{"CollectionId":"nowhere"}')
    server.post("FindAnything", b"{}")
    yield server
    server.stop()


def test_requests_are_counted_by_operation_and_code(watched: Live) -> None:
    found = samples(watched, **TOLD)
    assert value(found, "mien_requests_total", operation="IndexFaces", code="OK") == 3
    assert value(found, "mien_requests_total", operation="IndexFaces", code="ValidationException") == 1
    assert value(found, "mien_requests_total", operation="unknown", code="UnknownOperationException") == 1
    assert value(found, "mien_request_seconds_count", operation="IndexFaces") == 4
    assert value(found, "mien_request_seconds_sum", operation="IndexFaces") > 0
    assert value(found, "mien_faces_found_total") == 3 + 2 + 3 + 1
    assert not [name for name, labels in found if "FindAnything" in str(labels)]


def test_stages_are_timed(watched: Live) -> None:
    found = samples(watched, **TOLD)
    times = {stage: value(found, "mien_stage_seconds_count", stage=stage) for stage in STAGES}
    assert times["decode"] >= 7  # as many pictures
    assert times["detect"] == times["align"] == 7
    assert times["embed"] == 5
    assert times["store"] == 4  # three faces in, one search's faces out
    assert times["search"] == 1
    assert times["body"] == times["wait"] >= 10


STAGES = ("body", "wait", "decode", "detect", "align", "embed", "search", "store")


def test_inferences_are_counted_by_network(watched: Live) -> None:
    found = samples(watched, **TOLD)
    runs = {
        network: value(found, "mien_inference_inputs_count", network=network)
        for network in ("wide", "narrow", "embedder")
    }
    assert runs["embedder"] == 5
    assert runs["wide"] + runs["narrow"] >= 7
    assert min(runs.values()) >= 1
    assert value(found, "mien_inference_inputs_sum", network="embedder") == 2 * (3 + 1 + 2)  # each crop and its mirror
    assert value(found, "mien_inference_seconds_count", network="embedder") == 5


def test_what_is_stored_and_what_runs_is_shown(watched: Live) -> None:
    found = samples(watched, **TOLD)
    named = {dict(labels)["collection"]: value for (name, labels), value in found.items() if name.endswith("ion_faces")}
    assert named == {"two": 2, "one": 1}
    assert value(found, "mien_collections") == 3
    assert value(found, "mien_faces") == 3
    (info,) = [dict(labels) for name, labels in found if name == "mien_info"]
    assert info["pack"] == config.DEFAULT_PACK
    assert {"version", "model_version", "contract", "engine", "engine_version", "precision"} <= info.keys()
    assert value(found, "process_resident_memory_bytes") > 50e6
    assert value(found, "mien_gallery_bytes") > 0  # of the collection searched
    for queue in ("bodies", "threads", "pixels"):
        assert ("mien_queue_depth", frozenset({("queue", queue)})) in found


def test_images_that_were_remembered_and_what_they_take_are_shown(live: Live) -> None:
    names = ("mien_image_cache_hits_total", "mien_image_cache_misses_total", "mien_image_cache_bytes")
    picture = {"Bytes": photos.jpeg(photos.hopper().pixels[:, :-1])}
    figures = []
    for _ in range(3):
        found = samples(live)
        figures.append([value(found, name) for name in names])
        live.client().detect_faces(Image=picture)
    one, two, three = figures
    assert [after - before for after, before in zip(two, one, strict=True)][:2] == [0, 1]
    assert [after - before for after, before in zip(three, two, strict=True)] == [1, 0, 0]
    assert two[2] > 0


def test_the_dashboard_asks_for_what_is_there(watched: Live) -> None:
    shown = {name for name, _ in samples(watched, **TOLD)}
    queries = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"\b(?:mien|process)_[a-z_]+", query)}
    assert len(queries) >= 10
    assert asked - shown == set()
    ours = {re.sub(r"_(bucket|sum|count|total|info)$", "", name) for name in shown if name.startswith("mien_")}
    assert {re.sub(r"_(bucket|sum|count|total|info)$", "", name) for name in asked} >= ours - {"mien"}


def test_alerts_ask_for_what_is_there(watched: Live) -> None:
    """Every metric exists with every label that is asked for, and an error's code is one that mien answers with."""
    shown = samples(watched, **TOLD)
    labelled = {(name, label) for name, labels in shown for label, _ in labels}
    (group,) = yaml.safe_load((DOCS / "alerts.yaml").read_text())["groups"]
    assert len(group["rules"]) >= 8
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in {"page", "warn"}
        assert rule["annotations"].keys() == {"summary", "action"}
        asked = re.findall(r"\b((?:mien|process)_[a-z_]+)(?:\{([^}]*)\})?", rule["expr"])
        assert asked or rule["expr"].startswith("up{")
        for name, labels in asked:
            assert name in {each for each, _ in shown}, rule["alert"]
            for label, wanted in re.findall(r'([a-z]+)="([^"]*)"', labels):
                assert (name, label) in labelled, rule["alert"]
                if label == "code":
                    assert wanted in {error.code for error in _below(ApiError)}, rule["alert"]
                elif label == "state":
                    assert value(shown, name, state=wanted) >= 0
                    assert (name, frozenset({("state", wanted)})) in shown, rule["alert"]
                else:
                    assert wanted in OPERATIONS, rule["alert"]


def _below(error: type[ApiError]) -> set[type[ApiError]]:
    return {error, *(each for child in error.__subclasses__() for each in _below(child))}


def test_a_scrape_is_open_on_loopback_and_needs_the_token_where_there_is_one(
    packs: str, tmp_path: Path, live: Live, locked: Locked
) -> None:
    for server in (live, locked.server):  # keys are for the API; who can reach loopback runs the machine
        found = samples(server)
        assert value(found, "mien_collections") == len(server_collections(server, locked))
        assert not [name for name, labels in found if {"collection", "account"} & dict(labels).keys()]
    token = uuid4().hex
    own = serve_with(packs, tmp_path / "a", "--metrics-token", token)
    try:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": token}, {"Authorization": "Bearer é"}):
            refused = own.send("GET", "/metrics", None, headers)
            assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert samples(own, Authorization=f"Bearer {token}")
        assert own.send("GET", "/healthz", None, {}).status == own.send("GET", "/readyz", None, {}).status == 200
    finally:
        own.stop()


def test_a_scrape_from_elsewhere_needs_a_token(packs: str, tmp_path: Path) -> None:
    from tests.locked import key

    data = tmp_path / "data"
    key(data, "admin")
    own = serve_with(packs, data, "--host", "0.0.0.0")
    try:
        refused = own.send("GET", "/metrics", None, {})
        assert refused.status == 403
        assert b"metrics_token" in refused.body
        assert own.send("GET", "/readyz", None, {}).status == 200
    finally:
        own.stop()


def server_collections(server: Live, locked: Locked) -> list[str]:
    client = locked.client(locked.admin) if server is locked.server else server.client()
    return list(client.list_collections()["CollectionIds"])


def serve_with(packs: str, data: Path, *flags: str) -> Live:
    return live.serve(packs, data, *flags)


@pytest.mark.parametrize(
    ("sent", "operation", "code"),
    [
        (b"no head\r\n\r\n", "unknown", "MalformedHttpRequestException"),
        (b"GET / HTTP/1.1\r\n" + 101 * b"x: y\r\n" + b"\r\n", "unknown", "RequestHeaderFieldsTooLargeException"),
        (head("ListCollections", 2, **{"Content-Encoding": "gzip"}) + b"{}", "ListCollections",
         "UnsupportedMediaTypeException"),
        (CHUNKED + b"no size\r\n", "ListCollections", "MalformedHttpRequestException"),
    ],
    ids=["no head", "a large head", "a compressed body", "no chunks"],
)  # fmt: skip
def test_a_request_that_is_refused_as_http_is_counted_and_logged(
    live: Live, sent: bytes, operation: str, code: str
) -> None:
    before = value(samples(live), "mien_requests_total", operation=operation, code=code)
    with connect(live) as raw:
        raw.sendall(sent)
        answer = answered(raw)
    assert value(samples(live), "mien_requests_total", operation=operation, code=code) == before + 1
    request_id = re.search(rb"x-amzn-requestid: (\S+)", answer)
    assert request_id
    assert code in live.log.read_text().splitlines()[-1]
    assert request_id[1].decode() in live.log.read_text().splitlines()[-1]

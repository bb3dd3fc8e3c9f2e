"""The console's arithmetic, run in the browser and compared with Python's."""

import base64
import hashlib
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from mien import config, naming
from mien.face import similarity
from mien.face.similarity import Calibration
from mien.packs import manifest
from tests.access.signer import NOW, Signed
from tests.console.visit import Visit


def run(page: Page, module: str, body: str, given: Any = None) -> Any:
    """Runs JavaScript with a module of the console as `m` and an argument as `given`."""
    return page.evaluate(f"async (given) => {{ const m = await import('/console/{module}'); {body} }}", given)


@pytest.mark.parametrize("native", [True, False])
def test_sha_256(visit: Visit, native: bool) -> None:
    texts = ["x" * length for length in (0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1000, 100_003)] + ["ä€😀" * 99]
    name = "sha256" if native else "ours"
    page = visit.open()
    body = f"return Promise.all(given.map(async (text) => [...await m.{name}(new TextEncoder().encode(text))]));"
    digests = run(page, "sha256.js", body, texts)
    assert [bytes(each).hex() for each in digests] == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


@pytest.mark.parametrize("path", ["/", "/base/path", "/a b/é"])
def test_the_signature_is_that_of_the_specification(visit: Visit, path: str) -> None:
    body = (
        "const url = new URL(`http://localhost:6436${given.path}`); const text = new TextEncoder().encode(given.body);"
        "return [url.pathname, await m.sign(url, given.headers, text, given.key, new Date(given.now))];"
    )
    signed = Signed()
    headers = {name: value for name, value in signed.sent.items() if name != "host"}
    key = {"id": signed.access_key, "secret": signed.secret, "region": signed.region}
    given = {"path": path, "headers": headers, "body": signed.body.decode(), "key": key, "now": NOW.isoformat()}
    sent, made = run(visit.open(), "sigv4.js", body, given)
    wanted = signed.but(path="/".join(part.replace("%", "%25") for part in sent.split("/"))).headers()
    assert made == {name: wanted[name] for name in ("x-amz-date", "authorization")}


def rates(page: Page) -> Any:
    """Returns the false match rates of about.json."""
    return page.evaluate("fetch('about.json').then((answer) => answer.json()).then((about) => about.false_match_rates)")


def test_what_a_similarity_means(visit: Visit) -> None:
    page = visit.open()
    meaning = {value: far for far, value in similarity.FAR_SIMILARITY}  # the one place that says so
    given = {"rates": rates(page), "scores": list(meaning)}
    found = run(page, "words.js", "return given.scores.map((each) => m.falseMatchRate(each, given.rates));", given)
    assert found == pytest.approx(list(meaning.values()))
    given["scores"] = [20, 60, 80, 85, 90, 99, 99.9, 99.999]
    said = run(page, "words.js", "return given.scores.map((each) => m.strangers(each, given.rates));", given)
    assert [each.replace(" scores this high", "").removesuffix(".") for each in said] == [
        "About one stranger in 10",
        "About one stranger in 1,000",
        "About one stranger in 10,000",
        "About one stranger in 32,000",
        "About one stranger in 100,000",
        "About one stranger in 1,000,000",
        "About one stranger in 10,000,000, by extrapolation",
        "Fewer than one stranger in 100,000,000, by extrapolation",
    ]


def test_a_server_that_does_not_say_what_a_similarity_means_is_not_guessed_at(visit: Visit) -> None:
    assert run(visit.open(), "words.js", "return [m.strangers(90, []), m.crowd(90, 10, 'faces', [])];") == ["", ""]


def test_what_a_threshold_means_for_a_crowd(visit: Visit) -> None:
    """1 - (1 - 1e-4)^1000 = 9.5%."""
    page = visit.open()
    known = rates(page)
    assert run(page, "words.js", "return m.crowd(80, 1000, 'faces', given);", known) == (
        "A stranger finds a match among the 1,000 faces here with about 10 chances in 100."
    )
    assert "one chance in 10,000" in run(page, "words.js", "return m.crowd(80, 1, 'faces', given);", known)
    assert "about one chance in 1,000" in run(page, "words.js", "return m.crowd(99, 1000, 'faces', given);", known)
    assert "at most one chance in 100,000" in run(
        page, "words.js", "return m.crowd(99.999, 1000, 'faces', given);", known
    )


def test_a_name_becomes_one_that_the_api_takes(visit: Visit) -> None:
    body = "return given.map(([name, folder, naming]) => m.named({ name }, folder, naming) ?? null);"
    given = [
        ["me.jpg", "", "file"],
        ["Zoë & Åse (2).jpg", "", "file"],
        ["me.jpg", "2024/Zoë", "path"],
        ["me.jpg", "2024/Zoë", "folder"],
        ["me.jpg", "", "folder"],
        ["me.jpg", "x", "none"],
        ["x" * 300, "", "file"],
    ]
    names = ["me.jpg", "Zoë & Åse (2).jpg", "Zoë/me.jpg", "Zoë", None, None, "x" * 300]
    wanted = [name and naming.written_file(name) for name in names]
    assert run(visit.open(), "indexing.js", body, given) == wanted


def test_a_csv_is_one_that_a_spreadsheet_does_not_run(visit: Visit) -> None:
    refused = [{"file": 'a "b".jpg', "why": "Blurred, dark."}, {"file": "=1+1.jpg", "why": "x"}]
    assert run(visit.open(), "indexing.js", "return m.csv(given);", refused).split("\r\n") == [
        "file,why", '"a ""b"".jpg","Blurred, dark."', '"\'=1+1.jpg","x"',
    ]  # fmt: skip


def test_what_prometheus_reads_is_read(visit: Visit) -> None:
    text = (
        "# HELP mien_requests_total Requests.\n# TYPE mien_requests_total counter\n"
        'mien_requests_total{operation="DetectFaces",code="OK"} 12\n'
        'mien_requests_total{operation="DetectFaces",code="InvalidImageFormatException"} 3\n'
        'mien_requests_total{code="OK",operation="ListFaces"} 1e2\n'
        'mien_gallery_bytes{collection="a\\"b"} 2048\nprocess_resident_memory_bytes 3.5e+08\n'
    )
    body = "const found = m.samples(given); return [m.requests(found), m.sum(found, /gallery/), m.sum(found, /none/)];"
    rows, gallery, nothing = run(visit.open(), "metrics.js", body, text)
    assert rows == [
        {"operation": "ListFaces", "requests": 100, "errors": {}},
        {"operation": "DetectFaces", "requests": 15, "errors": {"InvalidImageFormatException": 3}},
    ]
    assert (gallery, nothing) == (2048, None)


def test_embeddings_are_compared_as_the_server_does(visit: Visit, seed: int) -> None:
    """The page draws straight lines between the scores of about.json, the server a smooth curve."""
    calibration = Calibration.from_far(manifest.named(config.DEFAULT_PACK).calibration)
    random = np.random.default_rng(seed)
    one = random.normal(size=(200, 96)).astype("<f4")
    other = (one * np.linspace(0, 1, 200)[:, None] + 0.8 * random.normal(size=one.shape)).astype("<f4")
    one, other = (each / np.linalg.norm(each, axis=1, keepdims=True) * 0.97 for each in (one, other))
    texts = [
        [base64.b64encode(each.astype("<f4").tobytes()).decode() for each in pair]
        for pair in zip(one, other, strict=True)
    ]
    body = """const { scores } = await (await fetch('about.json')).json();
        return given.map(([one, other]) => m.similarity(m.vector(one), m.vector(other), scores));"""
    found = np.array(run(visit.open(), "alike.js", body, texts))
    wanted = calibration.similarity(np.vecdot(one, other), np.full(200, 0.97**2))
    assert np.ptp(wanted) > 60
    assert np.abs(found - wanted)[wanted > 40].max() < 2
    sure = np.abs(wanted - 80) > 0.01
    assert ((found >= 80) == (wanted >= 80))[sure].all()


def test_two_people_whom_the_server_knows_are_never_one_track(visit: Visit) -> None:
    """A film cuts to another person in the same place, who is somewhat like the one before."""
    body = (
        "const following = new m.Following([[0, 0], [100, 1]]);"
        "const face = (user, ...vector) => ({ box: { Left: 0, Top: 0, Width: 1, Height: 1 }, vector, worth: 1,"
        "  people: user ? [{ UserId: user, DisplayName: user }] : [] });"
        "given.forEach(([user, vector], i) => following.add(500 * i, [face(user, ...vector)]));"
        "return following.people.map((each) => [each.user, each.tracks.length]);"
    )
    ann, like_ann = [1, 0], [0.6, 0.8]
    page = visit.open()
    assert run(page, "following.js", body, [["ann", ann], ["bea", like_ann]]) == [["ann", 1], ["bea", 1]]
    assert run(page, "following.js", body, [["ann", ann], [None, like_ann]]) == [["ann", 1]]

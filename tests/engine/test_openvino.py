"""OpenVINO runs a network the same way from many threads, in batches, and with either order of colours."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import numpy as np
import pytest

from mien.engine import openvino
from mien.engine.cores import Cores
from mien.engine.openvino import OpenVinoSession
from mien.engine.quiet import ov
from mien.engine.session import Graph, Pixels
from mien.packs.load import Pack

op = ov.opset15
INPUTS = np.random.default_rng(13).integers(0, 255, (7, 128, 128, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def file(packs: str, pack: Pack) -> Path:
    folder = Path(packs)
    name = pack.manifest.embedders[0].file
    return folder / name if (folder / name).is_file() else folder / pack.manifest.name / name


def compiled(file: Path, cores: Cores | None = None, **options: object) -> OpenVinoSession:
    return OpenVinoSession(Graph(file, 128, 128, **({"color": "BGR"} | options)), cores or Cores(2))  # type: ignore[arg-type]


def answer(session: OpenVinoSession, pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    (output,) = session.run(pixels).values()
    return output.reshape(len(pixels), -1)


def test_a_batch_larger_than_the_requests_is_answered_in_order(file: Path) -> None:
    session = compiled(file)
    together = answer(session, INPUTS)
    assert together.dtype == np.float32
    for row in range(len(INPUTS)):
        np.testing.assert_allclose(together[row], answer(session, INPUTS[row : row + 1])[0], atol=1e-4)


def test_many_threads_get_their_own_answers(file: Path) -> None:
    session = compiled(file)
    expected = answer(session, INPUTS)
    with ThreadPoolExecutor(8) as pool:
        rows = [row % len(INPUTS) for row in range(80)]
        found = list(pool.map(lambda row: answer(session, INPUTS[row : row + 1])[0], rows))
    for row, vector in zip(rows, found, strict=True):
        np.testing.assert_allclose(vector, expected[row], atol=1e-4)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collects how many threads each run had for an inference."""
    seen: list[int] = []
    taken = openvino._Lanes.taken

    def noted(lanes: openvino._Lanes, wanted: int) -> AbstractContextManager[list[openvino._Lane]]:
        streams, running = (lanes.compiled.get_property(name) for name in ("NUM_STREAMS", "INFERENCE_NUM_THREADS"))
        seen.append(running // streams)
        return taken(lanes, wanted)

    monkeypatch.setattr(openvino._Lanes, "taken", noted)
    return seen


def test_a_lone_inference_has_two_cores_and_answers_the_same(file: Path, threads: list[int]) -> None:
    session = compiled(file, paired=True)
    lone = [answer(session, INPUTS[row : row + 1])[0] for row in range(len(INPUTS))]
    assert threads == [2] * len(INPUTS)
    single = session.unpaired()
    np.testing.assert_array_equal([answer(single, INPUTS[row : row + 1])[0] for row in range(len(INPUTS))], lone)
    np.testing.assert_array_equal(answer(session, INPUTS), lone)
    assert threads[len(INPUTS) :] == [1] * (len(INPUTS) + 1)


def test_a_lean_network_has_half_as_many_inferences_and_answers_the_same(file: Path, threads: list[int]) -> None:
    lean, usual = (answer(compiled(file, lean=each), INPUTS) for each in (True, False))
    assert threads == [2, 1]
    np.testing.assert_allclose(lean, usual, rtol=0.02, atol=0.02 * float(np.abs(usual).max()))
    answer(compiled(file, Cores(1), lean=True), INPUTS)
    assert threads[2:] == [1]


def test_each_inference_has_one_core_while_another_thread_is_at_work(file: Path, threads: list[int]) -> None:
    cores = Cores(2)
    session = compiled(file, cores, paired=True)
    with cores.at_work():
        lone = answer(session, INPUTS[:1])
        with ThreadPoolExecutor(1) as pool, cores.at_work():
            beside = pool.submit(answer, session, INPUTS[:1]).result()
        np.testing.assert_array_equal(answer(session, INPUTS[:1]), beside)
    np.testing.assert_array_equal(lone, beside)
    assert threads == [2, 1, 2]


@pytest.mark.parametrize(
    ("threads", "at_work", "each"), [(2, 0, 2), (2, 1, 2), (2, 2, 1), (5, 2, 2), (4, 3, 1), (1, 1, 1)]
)
def test_cores_are_shared_among_the_threads_at_work(threads: int, at_work: int, each: int) -> None:
    cores = Cores(threads)
    with ExitStack() as stack:
        for _ in range(at_work):
            stack.enter_context(cores.at_work())
        assert cores.share == each


def test_an_answer_stays_as_it_is_when_the_session_runs_again(file: Path) -> None:
    session = compiled(file, Cores(1))
    first = answer(session, INPUTS[:1])
    kept = first.copy()
    answer(session, INPUTS[1:2])
    np.testing.assert_array_equal(first, kept)


def test_colour_order_is_part_of_the_graph(file: Path) -> None:
    as_bgr = answer(compiled(file, color="BGR"), INPUTS)
    as_rgb = answer(compiled(file, color="RGB"), np.ascontiguousarray(INPUTS[..., ::-1]))
    np.testing.assert_allclose(as_bgr, as_rgb, atol=0.02)
    assert np.abs(as_bgr - answer(compiled(file, color="RGB"), INPUTS)).max() > 0.05


def test_mean_and_scale_are_part_of_the_graph(file: Path) -> None:
    plain = answer(compiled(file), INPUTS // 2)
    scaled = answer(compiled(file, scale=(0.5, 0.5, 0.5)), INPUTS // 4)
    assert np.abs(plain - scaled).mean() < 0.25 * np.abs(plain).mean()
    shifted = answer(compiled(file, mean=(127.5, 127.5, 127.5)), INPUTS)
    assert np.abs(shifted - answer(compiled(file), INPUTS)).max() > 0.05


def test_it_says_what_it_is(file: Path) -> None:
    runtime = compiled(file).describe()
    assert runtime.engine == "OpenVINO"
    assert runtime.version[0].isdigit()
    assert runtime.device
    assert runtime.precision


@pytest.mark.parametrize("content", [b"", b"no network at all"])
def test_a_file_that_is_not_a_network_cannot_be_compiled(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.onnx").write_bytes(content)
    with pytest.raises(RuntimeError):
        compiled(tmp_path / "broken.onnx")


def test_released_memory_is_taken_again_by_the_next_run(file: Path) -> None:
    session = compiled(file, paired=True)
    expected = answer(session, INPUTS), answer(session, INPUTS[:1])
    session.release()
    np.testing.assert_array_equal(answer(session, INPUTS), expected[0])
    np.testing.assert_array_equal(answer(session, INPUTS[:1]), expected[1])


def test_releasing_disturbs_no_thread_that_runs(file: Path) -> None:
    session = compiled(file)
    expected, releasing = answer(session, INPUTS), threading.Event()

    def release() -> int:
        count = 0
        while not releasing.is_set():
            session.release()
            count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        released = pool.submit(release)
        found = list(pool.map(lambda _: answer(session, INPUTS), range(60)))
        releasing.set()
        assert released.result() > 0
    for each in found:
        np.testing.assert_array_equal(each, expected)


def test_without_kernels_for_chains_of_layers_a_network_answers_the_same(file: Path) -> None:
    chained, apart = (compiled(file, chained=each) for each in (True, False))
    assert len(kernels(chained)) > len(kernels(apart))
    np.testing.assert_allclose(answer(chained, INPUTS), answer(apart, INPUTS), atol=1e-4)


def kernels(session: OpenVinoSession) -> list[object]:
    """The chains of layers that have a kernel of their own."""
    layers = session._whole.lanes(paired=False).compiled.get_runtime_model().get_ops()
    return [layer for layer in layers if "Subgraph" in str(layer.get_rt_info()["layerType"].astype(str))]


def test_pixels_are_not_brought_into_another_order(tmp_path: Path) -> None:
    """A convolution reads channels last, as pixels come, so nothing is transposed on the way to it."""
    session = OpenVinoSession(Graph(tmp_path / "none", 64, 64, "BGR", read=lambda _: convolution()), Cores(1))
    layers = session._whole.lanes(paired=False).compiled.get_runtime_model().get_ops()
    kinds = [str(layer.get_rt_info()["layerType"].astype(str)) for layer in layers]
    assert "Convolution" in kinds
    assert "Transpose" not in kinds
    pixels = np.random.default_rng(3).integers(0, 255, (1, 64, 64, 3)).astype(np.uint8)
    blue = answer(session, pixels).reshape(64, 64)
    np.testing.assert_allclose(blue, pixels[0, :, :, 2], rtol=0.01)  # the weights take the first channel of BGR


def test_a_smaller_shape_is_compiled_when_it_is_first_used(tmp_path: Path, threads: list[int]) -> None:
    graph = Graph(
        tmp_path / "none", 64, 64, "BGR", read=lambda _: convolution(), smaller=((64, 48), (32, 64)), paired=True
    )
    cores = Cores(2)
    session = OpenVinoSession(graph, cores)
    assert session.shapes == [(32, 64, 3), (64, 48, 3), (64, 64, 3)]
    assert session.shape == (64, 64, 3)
    assert made(session) == {(64, 64, 3): 2}
    pixels = np.random.default_rng(4).integers(0, 255, (3, 64, 64, 3)).astype(np.uint8)
    whole = answer(session, pixels).reshape(3, 64, 64)
    part = answer(session, np.ascontiguousarray(pixels[:, :32])).reshape(3, 32, 64)
    np.testing.assert_array_equal(part, whole[:, :32])
    assert made(session) == {(32, 64, 3): 1, (64, 64, 3): 2}
    np.testing.assert_array_equal(answer(session, np.ascontiguousarray(pixels[:1, :32])).reshape(32, 64), part[0])
    assert threads == [1, 1, 2]
    assert made(session) == {(32, 64, 3): 2, (64, 64, 3): 2}
    session.release()
    np.testing.assert_array_equal(
        answer(session.unpaired(), pixels[:1, :, :48].copy()).reshape(64, 48), whole[0, :, :48]
    )
    assert threads[-1] == 1


def made(session: OpenVinoSession) -> dict[tuple[int, ...], int]:
    """How many times the network is compiled for each shape."""
    return {shape: len(network._made) for shape, network in session._networks.items() if network._made}


def test_threads_that_need_a_shape_at_the_same_time_compile_it_once(tmp_path: Path) -> None:
    session = OpenVinoSession(
        Graph(tmp_path / "none", 64, 64, read=lambda _: convolution(), smaller=((32, 64),)), Cores(2)
    )
    pixels = np.random.default_rng(4).integers(0, 255, (2, 32, 64, 3)).astype(np.uint8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: answer(session, pixels), range(16)))
    for each in found:
        np.testing.assert_array_equal(each, found[0])
    assert made(session)[32, 64, 3] == 1


def test_a_network_with_a_size_of_its_own_keeps_to_its_shape(tmp_path: Path) -> None:
    def read(_: Path) -> ov.Model:
        model = convolution()
        (entry,), (result,) = model.get_parameters(), model.get_results()
        size = op.constant(np.array([1, 64 * 64], np.int64))
        return ov.Model([op.result(op.reshape(result.input_value(0), size, False))], [entry], "flat")

    session = OpenVinoSession(Graph(tmp_path / "none", 64, 64, read=read, smaller=((32, 64),)), Cores(1))
    assert session.shapes == [(64, 64, 3)]


def convolution() -> ov.Model:
    """A network that takes the first channel of three, float32 (1, 1, 64, 64)."""
    entry = op.parameter([1, 3, 64, 64], np.float32)
    weights = op.constant(np.array([1, 0, 0], np.float32).reshape(1, 3, 1, 1))
    taken = op.convolution(entry, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    return ov.Model([op.result(taken)], [entry], "first channel")

"""The house rules that a program can check: imports point down, names are unique, files and functions stay small."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.rooms import FILES, LEVELS, imports, level, room

TESTS = Path(__file__).resolve().parent
SAYS_NOTHING = {"util", "utils", "common", "commons", "helper", "helpers", "manager", "core", "service", "misc"}
MOST_FILE, MOST_FUNCTION = 300, 50
SAME_NAME = {  # modules that may share a name, and why
    "attributes": "what is measured of a face, and its spelling in operations/",
    "base": "the seam of gallery/ and of store/",
    "copy": "a command and its work in store/upkeep/",
    "face": "a room and the family of operations",
    "faces": "what the library offers, and a table of the store",
    "keys": "a command and the table it fills",
    "liveness": "a room and the family of operations",
    "packs": "a command and its room",
    "people": "a room and the family of operations",
    "store": "a command and its room",
    "transfer": "commands and their room",
    "video": "a room and the family of operations",
}


@pytest.mark.parametrize("module", FILES)
def test_every_room_has_its_place(module: str) -> None:
    assert any(room(module) in rooms for rooms in LEVELS), f"say in LEVELS where the room {room(module)} stands"


@pytest.mark.parametrize("module", FILES)
def test_imports_only_point_down(module: str) -> None:
    upward = {name for name in imports(module) if level(name) < level(module)}
    assert not upward


def test_what_is_imported_exists() -> None:
    missing = {(module, name) for module in FILES for name in imports(module) if name not in FILES}
    assert not missing


def test_no_import_goes_in_a_circle() -> None:
    done: set[str] = set()

    def walk(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " → ".join((*above[above.index(module) :], module))
        if module not in done:
            for name in sorted(imports(module)):
                walk(name, (*above, module))
            done.add(module)

    for module in FILES:
        walk(module, ())


def test_only_operations_see_both_faces_and_the_store() -> None:
    """Below the composition root; the store knows embeddings, not the faces of a picture."""
    seeing = {room(module) for module in FILES if {"face", "store"} <= {room(name) for name in imports(module)}}
    assert seeing <= {"operations", "app", "doctor", "measure", "library", "local", "transfer"}


def test_only_the_wire_knows_http() -> None:
    for module, path in FILES.items():
        if room(module) not in ("wire", "app", "measure", "packs"):  # packs are downloaded
            names = {alias.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import)
                     for alias in node.names}  # fmt: skip
            assert not names & {"http", "http.client", "uvicorn", "starlette", "urllib.request"}, module


def test_openvino_is_imported_where_it_cannot_report_its_use() -> None:
    for module, path in FILES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert module == "mien.engine.quiet" or "openvino" not in {name.split(".")[0] for name in names}, module


@pytest.mark.parametrize("module", FILES)
def test_a_file_is_under_300_lines(module: str) -> None:
    assert len(FILES[module].read_text().splitlines()) < MOST_FILE


@pytest.mark.parametrize("module", FILES)
def test_a_function_is_under_50_lines(module: str) -> None:
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or node.lineno) - node.lineno + 1 <= MOST_FUNCTION, node.name


@pytest.mark.parametrize("module", FILES)
def test_a_name_says_something(module: str) -> None:
    assert not SAYS_NOTHING & set(module.split("."))


def test_no_two_modules_have_one_name() -> None:
    """A room's folder counts as a module, since both are named alike in a conversation."""
    named = defaultdict(set)
    for module in FILES:
        named[module.rpartition(".")[2]].add(module)
    shared = {name: modules for name, modules in named.items() if len(modules) > 1}
    assert {name: modules for name, modules in shared.items() if name not in SAME_NAME} == {}
    assert SAME_NAME.keys() - shared == set()  # an exception ends with its reason


@pytest.mark.parametrize("file", sorted(TESTS.rglob("*.py")), ids=lambda file: str(file.relative_to(TESTS)))
def test_a_test_takes_only_fixtures_from_a_conftest(file: Path) -> None:
    """pytest finds those by itself; what is imported by name stands in a module that says what it is."""
    for node in ast.walk(ast.parse(file.read_text())):
        assert not (isinstance(node, ast.ImportFrom) and (node.module or "").endswith("conftest")), file.name


@pytest.mark.parametrize("module", FILES)
def test_a_module_opens_with_what_it_is(module: str) -> None:
    assert ast.get_docstring(ast.parse(FILES[module].read_text()))


def test_nothing_is_loaded_at_import() -> None:
    """No module calls an engine, opens a store or reads settings while it is imported."""
    for module, path in FILES.items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr):
                for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
                    assert ast.unparse(call.func).split(".")[-1] not in {
                        "load", "open_store", "open_pack", "compile_model", "connect", "Core", "install",
                    }, module  # fmt: skip

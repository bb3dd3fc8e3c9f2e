"""The house rules that a program can see: imports point down and never in a circle; files and functions stay small."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "mien"
# A room may import its own and every lower one. Rooms on a level may know each other, but not in a circle.
LEVELS = (
    ("cli", "__main__", "commands"),
    ("app", "doctor", "draw", "library", "local", "measure", "transfer"),
    ("wire", "console"),
    ("access", "watch"),
    ("operations",),
    ("serving",),
    ("packs", "store"),
    ("gallery", "image", "face"),
    ("engine",),
    ("config", "errors", "system", "__init__"),
)
SAYS_NOTHING = {"util", "utils", "common", "commons", "helper", "helpers", "manager", "core", "service", "misc"}
MOST_FILE, MOST_FUNCTION = 300, 50

FILES = {
    ".".join(("mien", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def level(module: str) -> int:
    return next(number for number, rooms in enumerate(LEVELS) if room(module) in rooms)


def imports(module: str) -> set[str]:
    """The modules of mien that a module imports anywhere in its text, but for those only its types need."""
    found = set()
    for node in _running(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            base = node.module or ""
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in FILES else base for alias in node.names}
    return {name for name in found if name.split(".")[0] == "mien"} - {module}


def _running(tree: ast.AST) -> list[ast.AST]:
    nodes, stack = [], [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += node.orelse
            continue
        nodes.append(node)
        stack += ast.iter_child_nodes(node)
    return nodes


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

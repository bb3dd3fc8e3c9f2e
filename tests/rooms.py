"""The rooms of mien and what imports what, read from the source; the house rules and the documents start from it."""

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "mien"
# A room may import its own modules and every lower level. Rooms on one level may import each other, but not in a
# circle. Each room stands with its line in the table of CONTRIBUTING.md, which `docs/generate.py` writes.
LEVELS: tuple[dict[str, str], ...] = (
    {
        "cli": "the command line: every command's arguments",
        "__main__": "`python -m mien`",
        "commands": "what each command does, printed; a thin layer over the rooms below",
    },
    {
        "app": "puts a server together from settings: pack, store, operations, HTTP",
        "welcome": "the text that `mien serve` prints at its start",
        "doctor": "`mien doctor`: what would run on this machine, tried once",
        "draw": "boxes and landmarks drawn onto an image file",
        "library": "`from mien import Faces`: the same results without a server",
        "local": "the operations in this process, for commands and the library",
        "workers": "the processes that serve on one port, and the parent that starts, watches and replaces them",
        "jobs": "video jobs: claimed, looked at in a process of low priority, searched, and their end told",
        "measure": "`mien eval` (accuracy) and `mien bench` (speed)",
        "cameras": "`mien watch`: who comes and goes before cameras, said as events",
        "sorting": "who is in photographs: folders by person, and sidecars that photo programs read",
        "transfer": "collections and photographs imported, exported, and indexed again with another pack",
    },
    {
        "wire": "HTTP and AWS JSON: bytes in, bytes out",
        "console": "the page at `/console`: ES modules and CSS, no build step, only the public API",
    },
    {
        "access": "access keys, signatures, and which key may do what",
        "watch": "log, metrics and traces, each from one record of an answered request; readiness",
    },
    {"operations": "what the API promises: a file for each family, shapes, constraints, paging, the quality filter"},
    {
        "serving": "what requests share: their budget, the image cache, the galleries kept current",
        "spread": "nodes of Ray: started with a token and on loopback, joined, listed and ended",
    },
    {
        "packs": "model packs: manifest, installation, loading, calibration; `catalog/` has mien's own",
        "store": "the truth, in SQL: `tables/`, `engines/` (SQLite, PostgreSQL, migrations), `upkeep/` (backup, "
        "check), and the vault",
    },
    {
        "people": "groups of faces by person, and the faces of a user that look unlike the rest: arrays in, labels out",
        "gallery": "exact and sketched search over embeddings in memory",
        "liveness": "what a film of a liveness session shows: numbers about its frames in, a decision out",
        "image": "bytes or an S3 object → upright pixels; a file for each picture format",
        "video": "films and cameras as frames, and faces followed from frame to frame: files in, values out",
        "face": "detect, align, measure quality, embed, similarity: arrays in, values out",
    },
    {"engine": "runs networks on OpenVINO or ONNX Runtime; knows nothing of faces"},
    {
        "config": "the table of settings",
        "errors": "the tree of errors",
        "naming": "names written as ids of the API, and ids shown as names",
        "system": "background work, the heap, leftover files, progress",
        "__init__": "the version, and what `import mien` offers",
    },
)

FILES = {
    ".".join(("mien", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def level(module: str) -> int:
    return next(number for number, rooms in enumerate(LEVELS) if room(module) in rooms)


def imports(module: str) -> set[str]:
    """Returns the modules of mien that a module imports anywhere in its text, except those only its types need."""
    found = set()
    for node in _running(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            base = node.module or ""
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in FILES else base for alias in node.names}
    return {name for name in found if name.split(".")[0] == "mien"} - {module}


def neighbours() -> dict[str, set[str]]:
    """Returns the rooms that each room imports from."""
    found: dict[str, set[str]] = {name: set() for rooms in LEVELS for name in rooms}
    for module in FILES:
        found[room(module)] |= {room(name) for name in imports(module)} - {room(module)}
    return found


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

"""The house as a tree of files: which room a module lives in, and what it imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FLOORS: dict[str, int] = {
    "foundation.trade": 0,
    "foundation.rest": 0,
    "foundation.events": 1,
    "foundation.accounts": 2,
    "foundation.places": 3,
    "loads": 4,
    "carriers": 4,
    "matching": 5,
    "brokers": 6,
    "backhaul": 9,
}
NOT_A_ROOM = {"utils", "helpers", "common", "core", "lib"}


def modules() -> Iterator[tuple[str, Path]]:
    """Yield every module of the rooms by its dotted name."""
    for room in FLOORS:
        for path in sorted((ROOT / room.replace(".", "/")).rglob("*.py")):
            relative = path.relative_to(ROOT)
            parts = relative.with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def room_of(module: str) -> str | None:
    """Return the room that a dotted name belongs to, None for what is not ours."""
    return next((room for room in FLOORS if module == room or module.startswith(room + ".")), None)


@cache
def imports(path: Path) -> tuple[tuple[str, int, bool], ...]:
    """Return (imported name, line, inside a function) of a file; `from a import b` is `a.b`."""
    tree = ast.parse(path.read_text(), str(path))
    nested: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nested.update(child for child in ast.walk(node) if child is not node)
    return tuple(_imports(tree, nested, path))


def _imports(tree: ast.Module, nested: set[ast.AST], path: Path) -> Iterator[tuple[str, int, bool]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, node in nested
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno, node in nested

"""Which facts the code publishes, read from the code itself."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("foundation", "loads", "carriers", "matching", "brokers", "backhaul")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def product_files() -> list[Path]:
    """Return the product's modules."""
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)


def _constants(node: ast.expr | None) -> set[str] | None:
    """Return the texts that an expression may be, None when the code alone does not tell."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        either, other = _constants(node.body), _constants(node.orelse)
        return either | other if either and other else None
    return None


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _calls_of(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == name)


def _argument(call: ast.Call, name: str, index: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[index] if index < len(call.args) else None


def _parameters(function: Function) -> list[str]:
    return [argument.arg for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def _through(function: Function, variable: str, room: list[ast.Module]) -> set[str] | None:
    """Return what a function's variable may be: what it is set to, or what the room's callers hand in."""
    sources: list[ast.expr | None] = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == variable for to in node.targets)
    ]
    if variable in _parameters(function):
        index = _parameters(function).index(variable)
        sources += [_argument(call, variable, index) for tree in room for call in _calls_of(tree, function.name)]
    found = [_constants(source) for source in sources]
    return None if not found or None in found else set().union(*(each for each in found if each))


def _importers(trees: dict[Path, ast.Module]) -> dict[tuple[str | None, str], list[ast.Module]]:
    """Return the modules that import each name of each module."""
    found: dict[tuple[str | None, str], list[ast.Module]] = {}
    for tree in trees.values():
        froms = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        for key in {(node.module, alias.name) for node in froms for alias in node.names}:
            found.setdefault(key, []).append(tree)
    return found


@cache
def published() -> tuple[dict[str, list[str]], list[str]]:
    """Return the facts that the code publishes with their places, and the places where the code does not tell."""
    trees = {path: ast.parse(path.read_text()) for path in product_files()}
    importers = _importers(trees)
    facts: dict[str, list[str]] = {}
    untold: list[str] = []
    for path, tree in trees.items():
        for function in (node for node in ast.walk(tree) if isinstance(node, Function)):
            for call in _calls_of(function, "publish"):
                value = next((keyword.value for keyword in call.keywords if keyword.arg == "name"), None)
                if value is None:
                    continue  # Redis' publish, or another's
                names = _constants(value)
                if names is None and isinstance(value, ast.Name):
                    # who may call it: its own module, and those that import it
                    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                    names = _through(function, value.id, [tree, *importers.get((module, function.name), ())])
                place = f"{path.relative_to(ROOT)}:{call.lineno}"
                if names is None:
                    untold.append(place)
                for name in names or ():
                    facts.setdefault(name, []).append(place)
    return facts, untold

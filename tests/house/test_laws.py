"""The three laws, and the habits that a machine can hold."""

import ast
import re
from graphlib import CycleError, TopologicalSorter

from tests.house.tree import FLOORS, NOT_A_ROOM, ROOT, imports, modules, room_of

LONGEST_FILE = 400
TEMPLATES = ROOT / "templates"


def _is_migration(name: str) -> bool:
    return ".migrations" in name


def test_imports_point_down() -> None:
    wrong = []
    for name, path in modules():
        room = room_of(name)
        assert room is not None
        for imported, line, _ in imports(path):
            other = room_of(imported)
            if other is None or other == room:
                continue
            if FLOORS[other] >= FLOORS[room] and not (room == "foundation.rest" and other == "foundation.trade"):
                wrong.append(f"{path.relative_to(ROOT)}:{line} {room} imports {imported}")
    assert wrong == []


def test_loads_and_carriers_do_not_know_each_other() -> None:
    rooms = {"loads": "carriers", "carriers": "loads"}
    wrong = [
        f"{path}:{line}"
        for name, path in modules()
        for imported, line, _ in imports(path)
        if room_of(name) in rooms and rooms[room_of(name) or ""] == room_of(imported)
    ]
    assert wrong == []


def test_nothing_is_imported_inside_a_function() -> None:
    wrong = [f"{path.relative_to(ROOT)}:{line}" for _, path in modules() for _, line, nested in imports(path) if nested]
    assert wrong == []


def test_no_module_imports_itself_round_a_circle() -> None:
    names = {name for name, _ in modules()}
    graph: dict[str, set[str]] = {}
    for name, path in modules():
        found = set()
        for imported, _, _ in imports(path):
            target = imported if imported in names else imported.rpartition(".")[0]
            # a package's front page gathers its own modules; they do not go through it
            if target in names and target != name:
                found.add(target)
        graph[name] = found
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_no_room_uses_django_signals() -> None:
    # got_request_exception is what Django itself sends for a failed request; REST sends it on for what it answers
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for _, path in modules()
        for imported, line, _ in imports(path)
        if imported.startswith("django.") and ".signals." in imported and not imported.endswith("got_request_exception")
    ]
    assert wrong == []


def test_nothing_is_called_utils() -> None:
    wrong = [name for name, _ in modules() if NOT_A_ROOM & set(name.split("."))]
    assert wrong == []


def test_no_file_has_outgrown_its_size() -> None:
    files = [path for name, path in modules() if not _is_migration(name)]
    files += [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    files += [*(ROOT / "static" / "js").rglob("*.js"), *(ROOT / "static" / "css").rglob("*.css")]
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def _room_of_template(name: str) -> str | None:
    head = name.split("/")[0]
    return next((room for room in FLOORS if room.split(".")[-1] == head), None)


def test_templates_reach_only_base_their_own_room_and_lower_rooms() -> None:
    wrong = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES).as_posix()
        room = _room_of_template(name)
        if room is None:
            continue
        for target in re.findall(r"{%\s*(?:extends|include)\s+[\"']([^\"']+)[\"']", path.read_text()):
            other = _room_of_template(target)
            if other is not None and other != room and FLOORS[other] >= FLOORS[room]:
                wrong.append(f"{name} -> {target}")
        for library in re.findall(r"{%\s*load\s+([^%]+?)\s*%}", path.read_text()):
            for word in library.split(" from ")[-1].split():
                other = _room_of_tags(word)
                if other is not None and other != room and FLOORS[other] > FLOORS[room]:
                    wrong.append(f"{name} loads {word} of {other}")
    assert wrong == []


def _room_of_tags(library: str) -> str | None:
    return next(
        (room for room in FLOORS if (ROOT / room.replace(".", "/") / "templatetags" / f"{library}.py").exists()), None
    )


def test_partials_begin_with_an_underscore() -> None:
    included = set()
    for path in TEMPLATES.rglob("*.html"):
        included |= set(re.findall(r"{%\s*include\s+[\"']([^\"']+)[\"']", path.read_text()))
    ours = {name for name in included if (TEMPLATES / name).exists()}
    assert {name for name in ours if not name.split("/")[-1].startswith("_")} == set()


def test_pages_hold_no_inline_script_or_style() -> None:
    wrong = []
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        if re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", text) or re.search(r"<style\b", text):
            wrong.append(path.name)
        if re.search(r"\son[a-z]+=\"", text) or re.search(r"\sstyle=\"", text):
            wrong.append(path.name)
    assert wrong == []


def test_every_module_class_and_public_function_says_what_it_is_for() -> None:
    silent = []
    for name, path in modules():
        if _is_migration(name):
            continue
        tree = ast.parse(path.read_text())
        if path.read_text().strip() and not ast.get_docstring(tree):
            silent.append(name)
        for node in tree.body:
            speaks = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if speaks and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{name}.{node.name}")
    assert silent == []


def _offered(name: str) -> set[str] | None:
    """Return what a folder of services offers on its front page; None for services in one file, which offer all."""
    front, found, _ = name.partition(".services.")
    if not found:
        return None
    return {
        imported.rpartition(".")[2]
        for imported, _, _ in imports(ROOT / front.replace(".", "/") / "services/__init__.py")
    }


def test_services_take_keyword_arguments_only() -> None:
    wrong = []
    for name, path in modules():
        if "services" not in name.split(".") or room_of(name) in {"foundation.rest", "foundation.trade"}:
            continue
        offered = _offered(name)
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if (offered is None or node.name in offered) and node.args.args:
                wrong.append(f"{name}.{node.name}")
    assert wrong == []


def test_no_file_names_this_machine_or_waits_to_be_finished() -> None:
    marks = re.compile(rf"\b(TODO|FIXME|XXX)\b|NotImplemented\b|/home/[a-z]+/|{re.escape(str(ROOT))}")
    wrong = []
    for _, path in modules():
        for line, text in enumerate(path.read_text().splitlines(), 1):
            if marks.search(text):
                wrong.append(f"{path.relative_to(ROOT)}:{line}")
    assert wrong == []

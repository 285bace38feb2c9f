"""The tools of Node.js: one exact version each, from wherever the machine's npm gets its packages."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_lock_is_exact_and_names_no_registry() -> None:
    """The lock pins version and hash of the tools that package.json asks for and of their programs, and no address."""
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    tools = {name.removeprefix("node_modules/"): tool for name, tool in locked.items() if name}
    programs = {name for name in tools if name.startswith("@esbuild/")}
    assert {tools[name]["version"] for name in programs} == {wanted["esbuild"]}
    assert {name: tool["version"] for name, tool in tools.items() if name not in programs} == wanted
    for tool in tools.values():
        assert tool["integrity"].startswith("sha512-")
        assert "resolved" not in tool

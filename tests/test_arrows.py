"""The map of the package: which folder may import which. An arrow not drawn here is a mistake."""

import ast
from pathlib import Path

import visus

EVERYTHING = {path.stem for path in Path(visus.__file__).parent.iterdir() if path.is_dir()} | {"estimators"}
MAY_IMPORT = {
    "geometry": set(),
    "engine": set(),
    "circuit": set(),
    "features": set(),
    "search": set(),
    "worlds": {"geometry", "engine"},
    "decoding": set(),
    "losses": {"geometry"},
    "metrics": {"geometry"},
    "layers": {"geometry"},
    "models": {"layers", "geometry", "data", "losses", "engine"},
    "data": {"geometry"},
    "attacks": {"engine", "losses"},
    "tasks": {"engine", "losses", "metrics", "geometry", "attacks", "decoding"},
    "runs": {"engine"},
    "doctor": {"engine", "runs", "geometry"},
    "explain": {"engine", "losses", "geometry", "features"},
    "recipes": {"models", "layers", "data", "worlds", "features", "tasks", "engine", "losses", "attacks", "geometry"},
    "report": {"runs", "doctor", "metrics", "explain", "geometry"},
    "ship": {"runs", "recipes", "data", "engine", "decoding", "models", "geometry", "worlds"},
    "playbook": {
        *("recipes", "data", "doctor", "search", "runs", "report", "engine", "ship", "metrics", "tasks"),
        *("explain", "attacks", "models", "geometry", "decoding", "worlds"),
    },
    "estimators": {"recipes", "engine", "data", "features", "ship", "geometry", "models", "tasks", "losses"},
    "lab": {
        *("geometry", "engine", "circuit", "features", "search", "losses", "metrics", "layers", "models", "data"),
        *("tasks", "recipes", "runs", "report", "attacks", "explain", "decoding", "worlds"),
    },
    "cli": EVERYTHING | {"cli", "__version__"},
    "studio": EVERYTHING,
}


def arrows(root: Path):
    """(importing folder, imported folder, file:line) of every relative import."""
    for file in root.rglob("*.py"):
        inside = file.relative_to(root).with_suffix("").parts
        if inside[0] in ("__init__", "__main__"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                above = inside[: len(inside) - node.level]
                inner = node.module.split(".") if node.module else [name.name for name in node.names]
                yield inside[0], (*above, *inner)[0], f"{file.relative_to(root)}:{node.lineno}"


def test_arrows_follow_the_map():
    wrong = [
        f"{where}: {folder} imports {target}"
        for folder, target, where in arrows(Path(visus.__file__).parent)
        if target != folder and target not in MAY_IMPORT[folder]
    ]
    assert not wrong, "\n".join(wrong)


def test_the_map_itself_has_no_cycle():
    order: list[str] = []
    while len(order) < len(MAY_IMPORT):
        ready = [f for f, targets in MAY_IMPORT.items() if f not in order and targets - {f} <= {*order, "__pycache__"}]
        ready = ready or [
            f for f in ("cli", "studio") if f not in order and set(order) >= MAY_IMPORT.keys() - {"cli", "studio"}
        ]
        assert ready, f"a cycle among {MAY_IMPORT.keys() - set(order)}"
        order += ready


def test_no_absolute_import_of_ourselves_inside_the_package():
    for file in Path(visus.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not any(name.name.split(".")[0] == "visus" for name in node.names), file
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert (node.module or "").split(".")[0] != "visus", f"{file}:{node.lineno}"

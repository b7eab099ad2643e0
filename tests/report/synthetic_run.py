"""A run folder as `visus fit` leaves it, made up but plausible, for the report to be written from."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

TEN = ("accordion", "airplanes", "anchor", "ant", "barrel", "bass", "beaver", "binocular", "bonsai", "brain")
STAGES = ("audit", "split", "baselines", "checks", "search", "train", "test", "report")
STARTED = 1_772_000_000.0
EPOCHS, STEPS_AN_EPOCH = 30, 22

Event = dict[str, Any]


def build(
    folder: Path, classes: Sequence[str] = TEN, n_test: int = 300, stages: Sequence[str] = STAGES, seed: int = 0
) -> Path:
    """Write run.json, events.jsonl and evidence.safetensors of a run that went through `stages`."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    labels, probabilities = predictions(random, len(classes), n_test)
    accuracy = float((probabilities.argmax(1) == labels).mean())
    write_info(folder, classes)
    parts = {
        "audit": [audit(random, classes)],
        "split": [split(n_test)],
        "baselines": [baselines()],
        "checks": [checks()],
        "search": [*trials(random), search()],
        "train": [*curves(random, accuracy), *findings(), train(accuracy)],
        "test": [test(accuracy, n_test)],
        "report": [verdict("report", "pass", "/somewhere/report.html", 0.8, {})],
    }
    events = [{"event": "opened"}, *(event for stage in STAGES if stage in stages for event in parts[stage])]
    write_events(folder, events)
    if "test" in stages:
        write_evidence(folder, random, classes, labels, probabilities)
    return folder


def write_info(folder: Path, classes: Sequence[str] = TEN, **more: Any) -> None:
    info = {
        "name": "caltech-1",
        "recipe": "fit",
        "command": "fit photos/caltech budget=10m epochs=30",
        "source": "photos/caltech",
        "given": {"epochs": 30},
        "settings": {"model": "resnet", "lr": 0.0031, "weight_decay": 5e-4, "epochs": 30, "batch": 64, "flip": True},
        "seed": 0,
        "started": "2026-02-25T06:13:20+00:00",
        "versions": {"python": "3.11.9", "torch": "2.13.0", "visus": "0.1.0", "numpy": "2.4.6"},
        "hardware": {"cpu": "AMD EPYC 7R13", "threads": 2, "memory_gib": 15.4, "device": "cpu"},
        "precision": "bfloat16, channels-last",
        "data": {"origin": "photos/caltech", "fingerprint": "5f1d9c0ab34e", "n": 2000, "classes": list(classes)},
        "split_hash": "c41e77aa9d20",
        "budget_s": 600.0,
    }
    (folder / "run.json").write_text(json.dumps(info | more), encoding="utf-8")


def write_events(folder: Path, events: Sequence[Mapping[str, Any]]) -> None:
    """NaN and infinity are written as a careless program would: the report must bear them."""
    timed = [{"time": STARTED + i, **event} for i, event in enumerate(events)]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in timed), encoding="utf-8")


def read_events(folder: Path) -> list[Event]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def predictions(random: np.random.Generator, n_classes: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A network right about three times in four, somewhat too sure, that takes neighbours for one another."""
    labels = random.integers(0, n_classes, n)
    scores = random.normal(0, 1, (n, n_classes))
    scores[np.arange(n), labels] += 1.6 + 0.35 * np.log(n_classes)
    scores[np.arange(n), labels // 2 * 2] += 0.9
    scores = np.exp(2.2 * scores)
    return labels, (scores / scores.sum(1, keepdims=True)).astype(np.float32)


def curves(random: np.random.Generator, best: float) -> list[Event]:
    events: list[Event] = [{"event": "started", "step": 0}]
    steps = EPOCHS * STEPS_AN_EPOCH
    for step in range(1, steps, 2):
        done = step / steps
        shape = done / 0.1 if done < 0.1 else 0.5 * (1 + np.cos(np.pi * (done - 0.1) / 0.9))
        value = max(0.25 + 2.1 * np.exp(-4 * done) + random.normal(0, 0.12), 0.05)
        metrics = {"objective": "classify", "loss": value, "terms": {"cross_entropy": value}, "gradient_norm": 2.0}
        ratio = float(1.6e-3 * shape * np.exp(random.normal(0, 0.15)) + 1e-6)
        at = {"step": step, "epoch": (step + 1) / STEPS_AN_EPOCH}
        events.append({"event": "metrics", **at, **metrics, "lr": 0.0031 * float(shape), "update_ratio": ratio})
        if (step + 1) % STEPS_AN_EPOCH == 0:
            rise = 1 - np.exp(-5 * done)
            validation = float(best * rise + 0.1 * (1 - rise) + random.normal(0, 0.012))
            scores = {
                "validation_accuracy": validation,
                "validation_loss": float(2.3 - 1.6 * rise + 0.25 * done**2),
                "train_accuracy": min(validation + 0.22 * done, 1.0),
                "train_loss": float(2.3 - 2.0 * rise),
            }
            events.append({"event": "scores", **at, "scores": scores})
    return [*events, {"event": "stopped", "step": steps, "why": ""}]


def trials(random: np.random.Generator) -> list[Event]:
    events = []
    for i in range(34):
        number = 1 if i < 24 else 2
        power = -5 + 4 * i / 23 if number == 1 else random.uniform(-3.2, -2)
        diverged = power > -1.5
        score = max(0.62 - 0.09 * (power + 2.6) ** 2 + random.normal(0, 0.03) + 0.06 * (number - 1), 0.1)
        settings = {"lr": float(10**power), "weight_decay": float(10 ** random.uniform(-5, -2))}
        settings["augment"] = ("none", "flip", "flip and crop")[i % 3]
        length = {"seconds": 4.1 * number, "epochs": number}
        found = {"score": None if diverged else score, "diverged": diverged}
        events.append({"event": "trial", "round": number, "settings": settings, **found, **length})
    return events


def findings() -> list[Event]:
    overfits = {
        "watcher": "overfitting",
        "severity": "warning",
        "what": "training accuracy is 21 points above validation",
        "against": "a gap of at most 10 points",
        "cause": "the network remembers pictures instead of what they have in common",
        "remedy": "augment more, or raise weight_decay",
    }
    healthy = {"watcher": "update_size", "severity": "pass", "what": "updates are 1.6e-03 of the weights"}
    return [{"event": "finding", **found} for found in (overfits, {**healthy, "against": "1e-05 to 0.1"})]


def verdict(stage: str, severity: str, line: str, seconds: float, detail: Mapping[str, Any]) -> Event:
    facts = {"stage": stage, "severity": severity, "line": line, "detail": detail, "seconds": seconds}
    return {"event": "verdict", **facts}


def audit(random: np.random.Generator, classes: Sequence[str]) -> Event:
    counts = {name: int(random.integers(40, 260)) for name in classes}
    n = sum(counts.values())

    def check(name: str, severity: str, what: str, remedy: str = "", names: Sequence[str] = ()) -> dict[str, Any]:
        return {"check": name, "severity": severity, "what": what, "remedy": remedy, "names": names}

    checks = [
        check(
            "unreadable", "warning", f"2 of {n} pictures cannot be read", "save them anew", ["ant/7.jpg", "ant/9.jpg"]
        ),
        check(
            "duplicates", "note", "3 pairs hold the same pixels", "kept together", [f"ant/{i}.jpg" for i in range(6)]
        ),
        check("conflicting_labels", "pass", "no picture has two labels"),
        check("imbalance", "pass", "the largest class is 4 times the smallest"),
    ]
    table = {
        "format": {"JPEG": n - 42, "PNG": 40, "GIF": 2},
        "mode": {"RGB": n - 43, "L": 40, "P": 3},
        "size": {f"{300 - 3 * i}x{200 + 5 * i}": 30 - i for i in range(20)},
        "orientation": {"1": n - 4, "6": 4},
    }
    detail = {"n": n, "unreadable": 2, "class_counts": counts, "checks": checks, "table": table}
    return verdict("audit", "warning", f"{n} images, {len(classes)} classes; 2 unreadable (listed)", 3.2, detail)


def split(n_test: int) -> Event:
    detail = {
        "train": 1400,
        "validation": 300,
        "test": n_test,
        "hash": "c41e77aa9d20",
        "how": "stratified, alike together",
    }
    return verdict("split", "pass", f"1,400 train / 300 validation / {n_test} test, stratified", 0.4, detail)


def baselines() -> Event:
    found = {"majority": 0.11, "input_blind": 0.112, "knn": 0.317, "linear": 0.383}
    line = "majority 11.0 %   input-blind 11.2 %   kNN 31.7 %   linear 38.3 %"
    return verdict("baselines", "pass", line, 14.0, {**found, "mirrored": 0.31, "flip": True, "train": 1400})


def checks() -> Event:
    def found(check: str, severity: str, what: str, against: str, cause: str = "", remedy: str = "") -> dict[str, str]:
        return {
            "check": check,
            "severity": severity,
            "what": what,
            "against": against,
            "cause": cause,
            "remedy": remedy,
        }

    examined = [
        found("first_loss", "pass", "loss at the start is 2.31", "expected 2.30 = ln 10"),
        found("overfits_few", "pass", "20 pictures are learned by heart in 61 steps", "at most 200"),
        found("gradient", "note", "relative error 3e-05", "at most 1e-05", "kinks of ReLU", "none needed"),
    ]
    return verdict("checks", "note", "loss at the start is 2.31 (expected 2.30)", 9.5, {"findings": examined})


def search() -> Event:
    ranges = {"lr": [1e-5, 1e-1, True], "weight_decay": [1e-5, 1e-2, True]}
    detail = {"best": {"lr": 0.0031, "weight_decay": 1.2e-5}, "border": ["weight_decay"], "ranges": ranges}
    return verdict(
        "search", "note", "34 trials in 2 rounds: lr 3.1e-03; the best weight_decay on the border", 161.0, detail
    )


def train(accuracy: float) -> Event:
    detail = {"epochs": EPOCHS, "best_epoch": 26, "best": accuracy + 0.01, "steps": 660, "seconds": 241.0}
    return verdict("train", "note", "30 epochs, best validation at epoch 26; doctor: 1 note", 241.0, detail)


def test(accuracy: float, n: int) -> Event:
    detail = {"accuracy": accuracy, "n": n, "use": 1, "split_hash": "c41e77aa9d20"}
    return verdict("test", "pass", f"{100 * accuracy:.1f} %, first use of this test split", 2.1, detail)


def write_evidence(
    folder: Path, random: np.random.Generator, classes: Sequence[str], labels: np.ndarray, probabilities: np.ndarray
) -> None:
    first, second = np.sort(probabilities, axis=1).T[[-1, -2]]
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)
    worst, unsure = wrong[np.argsort(-first[wrong])][:24], np.argsort(first - second)[:24]
    rows = np.unique(np.concatenate([worst, unsure]))
    tensors = {
        "test.probabilities": torch.from_numpy(probabilities),
        "test.labels": torch.from_numpy(labels.astype(np.int64)),
        "gallery.rows": torch.from_numpy(rows),
        "gallery.images": torch.from_numpy(np.stack([picture(random, int(labels[row]), 96) for row in rows])),
        "audit.images": torch.from_numpy(np.stack([picture(random, i, 64) for i in range(8)])),
        "filters": torch.from_numpy(filters(random)),
    }
    facts = {
        "classes": list(classes),
        "test.names": [f"{classes[k]}/image_{i:04d}.jpg" for i, k in enumerate(labels)],
        "audit.names": [f"{classes[i % len(classes)]}/image_{i:04d}.jpg" for i in range(8)],
        "audit.checks": ["duplicates"] * 6 + ["too_dark"] * 2,
    }
    save_file(tensors, folder / "evidence.safetensors", {"facts": json.dumps(facts)})


def picture(random: np.random.Generator, k: int, side: int) -> np.ndarray:
    """A blob on a gradient: smooth, as photographs mostly are."""
    y, x = np.mgrid[0:side, 0:side] / side
    centre, colour = random.uniform(0.3, 0.7, 2), np.array([np.sin(k + 2 * c) * 90 + 128 for c in range(3)])
    blob = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 0.03)[..., None]
    ground = 90 + 120 * np.stack([y, x, 0.5 * (x + y)], -1)
    noise = random.normal(0, 3, (side, side, 1))
    return np.clip(ground * (1 - blob) + colour * blob + noise, 0, 255).astype(np.uint8)


def filters(random: np.random.Generator, n: int = 32, side: int = 7) -> np.ndarray:
    """Edges of all directions, some in colour, as first layers learn them."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    made = []
    for i in range(n):
        angle, phase = np.pi * i / n, random.uniform(0, 3)
        wave = np.exp(-(x**2 + y**2) / 0.6) * np.sin(3.5 * (x * np.cos(angle) + y * np.sin(angle)) + phase)
        made.append(wave * (np.ones(3) if i % 3 else random.normal(0, 1, 3))[:, None, None])
    return np.stack(made).astype(np.float32)

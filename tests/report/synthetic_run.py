"""A run folder as `visus fit` leaves it, made up but plausible, for the report to be written from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

TEN = ("accordion", "airplanes", "anchor", "ant", "barrel", "bass", "beaver", "binocular", "bonsai", "brain")
STARTED = 1_772_000_000.0


def build(
    folder: Path, classes: Sequence[str] = TEN, n_test: int = 300, stages: Sequence[str] = (), seed: int = 0
) -> Path:
    """Write run.json, events.jsonl and evidence.safetensors. `stages` names those that ran; none means all."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    labels, probabilities = predictions(random, len(classes), n_test)
    accuracy = float((probabilities.argmax(1) == labels).mean())
    write_info(folder, classes)
    events = [
        {"event": "started", "time": STARTED},
        *findings(),
        *trials(random),
        *curves(random, accuracy),
        *verdicts(random, classes, accuracy, n_test),
    ]
    if stages:
        events = [e for e in events if e["event"] != "verdict" or e["stage"] in stages]
        events = [e for e in events if e["event"] != "trial" or "search" in stages]
        events = [e for e in events if e["event"] not in ("metrics", "scores") or "train" in stages]
    write_events(folder, events)
    if not stages or "test" in stages:
        write_evidence(folder, random, classes, labels, probabilities)
    return folder


def write_info(folder: Path, classes: Sequence[str], **more: Any) -> None:
    info = {
        "name": "caltech-10",
        "recipe": "fit",
        "settings": {
            "model": "resnet",
            "lr": 0.0031,
            "weight_decay": 5e-4,
            "epochs": 30,
            "batch_size": 64,
            "augment": "flip",
        },
        "seed": 0,
        "started": "2026-02-25T06:13:20+00:00",
        "versions": {"python": "3.11.9", "torch": "2.13.0", "visus": "0.1.0", "numpy": "2.4.6"},
        "hardware": {"cpu": "AMD EPYC 7R13", "threads": 2, "memory_gib": 15.4, "device": "cpu"},
        "precision": "bfloat16, channels-last",
        "data": {
            "origin": "photos/caltech-10",
            "fingerprint": "sha256:5f1d9c0ab34e",
            "n": 2000,
            "classes": list(classes),
        },
        "split_hash": "c41e77aa9d20",
        "budget_s": 600.0,
    }
    (folder / "run.json").write_text(json.dumps(info | more), encoding="utf-8")


def write_events(folder: Path, events: Sequence[dict[str, Any]]) -> None:
    """NaN and infinity are written as they would be by a careless program: the reader must bear them."""
    timed = [{"time": STARTED + i, **event} for i, event in enumerate(events)]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in timed), encoding="utf-8")


def predictions(random: np.random.Generator, n_classes: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A network that is right about two times in three, somewhat too sure, and takes neighbours for one another."""
    labels = random.integers(0, n_classes, n)
    scores = random.normal(0, 1, (n, n_classes))
    scores[np.arange(n), labels] += 2.2 + 0.3 * np.log(n_classes)
    scores[np.arange(n), labels // 2 * 2] += 0.9
    scores = np.exp(1.5 * scores)
    return labels, (scores / scores.sum(1, keepdims=True)).astype(np.float32)


def curves(random: np.random.Generator, best: float, epochs: int = 30, a_epoch: int = 22) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for step in range(epochs * a_epoch):
        done = step / (epochs * a_epoch)
        lr = 0.0031 * (min(1, done / 0.1) if done < 0.1 else 0.5 * (1 + np.cos(np.pi * (done - 0.1) / 0.9)))
        value = 0.25 + 2.1 * np.exp(-4 * done) + random.normal(0, 0.12)
        events.append(
            {
                "event": "metrics",
                "step": step,
                "epoch": step / a_epoch,
                "objective": "classify",
                "loss": float(max(value, 0.05)),
                "terms": {"cross_entropy": float(value)},
                "gradient_norm": float(2 * np.exp(random.normal(0, 0.3))),
                "lr": float(lr),
                "update_ratio": float(1.6e-3 * lr / 0.0031 * np.exp(random.normal(0, 0.15)) + 1e-6),
            }  # fmt: skip
        )
        if (step + 1) % a_epoch == 0:
            rise = 1 - np.exp(-5 * done)
            validation = best * rise + 0.1 * (1 - rise) + random.normal(0, 0.012)
            scores = {
                "validation_accuracy": float(validation),
                "validation_loss": float(2.3 - 1.6 * rise + 0.25 * done**2),
                "train_accuracy": float(min(validation + 0.22 * done, 1)),
                "train_loss": float(2.3 - 2.0 * rise),
            }
            events.append({"event": "scores", "step": step, "epoch": (step + 1) / a_epoch, "scores": scores})
    return events


def trials(random: np.random.Generator) -> list[dict[str, Any]]:
    events = []
    for i in range(34):
        round_ = 1 if i < 24 else 2
        exponent = random.uniform(-5, -1) if round_ == 1 else random.uniform(-3.2, -2)
        diverged = exponent > -1.4
        score = 0.62 - 0.09 * (exponent + 2.6) ** 2 + random.normal(0, 0.03) + (0.06 if round_ == 2 else 0)
        settings = {
            "lr": float(10**exponent),
            "weight_decay": float(10 ** random.uniform(-5, -2)),
            "augment": ["none", "flip", "flip and crop"][i % 3],
        }
        events.append(
            {
                "event": "trial",
                "round": round_,
                "settings": settings,
                "score": None if diverged else float(max(score, 0.1)),
                "diverged": diverged,
                "seconds": 4.1 * round_,
                "epochs": round_,
            }  # fmt: skip
        )
    return events


def findings() -> list[dict[str, Any]]:
    base = {
        "event": "finding",
        "watcher": "overfitting",
        "severity": "warning",
        "against": "a gap of at most 10 points",
    }
    cause = {
        "cause": "the network remembers pictures instead of what they have in common",
        "remedy": "augment more, or raise weight_decay",
    }
    return [
        *({**base, **cause, "step": s, "what": f"training accuracy is {g} points above validation"} for s, g in ((400, 12), (500, 17), (640, 21))),
        {
            "event": "finding", "step": 660, "watcher": "update_size", "severity": "pass", "against": "1e-05 to 0.1",
            "what": "updates are 1.6e-03 of the weights", "cause": "", "remedy": "",
        },
    ]  # fmt: skip


def verdicts(random: np.random.Generator, classes: Sequence[str], accuracy: float, n_test: int) -> list[dict[str, Any]]:
    counts = {name: int(random.integers(40, 260)) for name in classes}
    n = sum(counts.values())
    checks = [
        {"check": "unreadable", "severity": "warning", "what": f"2 of {n} pictures cannot be read", "remedy": "save them anew, or delete them",
         "names": ["ant/image_0007.jpg", "brain/image_0031.jpg"]},
        {"check": "duplicates", "severity": "note", "what": "3 pairs hold the same pixels", "remedy": "they are kept on one side of the split",
         "names": [f"{classes[0]}/image_{i:04d}.jpg" for i in range(6)]},
        {"check": "conflicting_labels", "severity": "pass", "what": "no picture has two labels", "remedy": "", "names": []},
        {"check": "imbalance", "severity": "pass", "what": "the largest class is 4 times the smallest", "remedy": "", "names": []},
    ]  # fmt: skip
    table = {
        "format": {"JPEG": n - 42, "PNG": 40, "GIF": 2}, "mode": {"RGB": n - 43, "L": 40, "P": 3},
        "size": {f"{300 - 3 * i}x{200 + 5 * i}": 30 - i for i in range(20)}, "orientation": {"1": n - 4, "6": 4},
    }  # fmt: skip
    examined = [
        {"check": "initial_loss", "severity": "pass", "what": "loss at the start is 2.31", "against": "2.30 = ln 10", "cause": "", "remedy": ""},
        {"check": "overfit_tiny", "severity": "pass", "what": "20 pictures are learned by heart in 61 steps", "against": "200 steps", "cause": "", "remedy": ""},
        {"check": "gradient", "severity": "note", "what": "relative error 3e-05", "against": "1e-05", "cause": "kinks of ReLU", "remedy": "none needed"},
    ]  # fmt: skip
    detail = {
        "audit": ("warning", f"{n} pictures in {len(classes)} classes; 2 cannot be read", {"n": n, "unreadable": 2, "class_counts": counts, "checks": checks, "table": table}),
        "split": ("pass", "70 % to train, 15 % to validate, 15 % to test; no picture on two sides", {"train": 1400, "validation": 300, "test": n_test, "hash": "c41e77aa9d20", "how": "stratified, duplicates kept together"}),
        "baselines": ("pass", "linear softmax 38.3 %, nearest neighbours 31.7 %", {"majority": 0.11, "input_blind": 0.112, "knn": 0.317, "linear": 0.383}),
        "checks": ("pass", "the network starts right, learns 20 pictures by heart and mixes no examples", {"findings": examined}),
        "search": ("warning", "best of 34 trials: lr 0.0031, weight_decay 0.0005; weight_decay is best at its border", {"best": {"lr": 0.0031, "weight_decay": 1.2e-5, "augment": "flip"}, "border": ["weight_decay"], "ranges": {"lr": [1e-5, 1e-1, True], "weight_decay": [1e-5, 1e-2, True]}}),
        "train": ("note", f"best validation accuracy {100 * accuracy:.1f} % in epoch 26 of 30", {"epochs": 30, "best_epoch": 26, "best": accuracy + 0.01, "steps": 660, "seconds": 241.0}),
        "test": ("pass", f"{100 * accuracy:.1f} % of {n_test} test pictures", {"accuracy": accuracy, "n": n_test, "use": 1, "split_hash": "c41e77aa9d20", "loss": 0.98}),
    }  # fmt: skip
    times = {"audit": 3.2, "split": 0.4, "baselines": 14.0, "checks": 9.5, "search": 161.0, "train": 241.0, "test": 2.1}
    return [
        {
            "event": "verdict",
            "stage": stage,
            "severity": severity,
            "line": line,
            "detail": facts,
            "seconds": times[stage],
        }
        for stage, (severity, line, facts) in detail.items()
    ]


def write_evidence(
    folder: Path, random: np.random.Generator, classes: Sequence[str], labels: np.ndarray, probabilities: np.ndarray
) -> None:
    truth = probabilities[np.arange(len(labels)), labels]
    lead = np.diff(np.sort(probabilities, axis=1)[:, -2:], axis=1)[:, 0] if len(classes) > 1 else truth
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)
    worst = wrong[np.argsort(truth[wrong])][:12]
    rows = np.array([*worst, *[row for row in np.argsort(lead) if row not in worst][:12]], dtype=np.int64)
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
        "audit.checks": ["unreadable"] * 2 + ["duplicates"] * 6,
    }
    save_file(tensors, folder / "evidence.safetensors", {"facts": json.dumps(facts)})


def picture(random: np.random.Generator, k: int, side: int) -> np.ndarray:
    """A blob on a gradient: smooth, as photographs mostly are."""
    y, x = np.mgrid[0:side, 0:side] / side
    centre, colour = random.uniform(0.3, 0.7, 2), np.array([np.sin(k + 2 * c) * 90 + 128 for c in range(3)])
    blob = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 0.03)[..., None]
    ground = 90 + 120 * np.stack([y, x, 0.5 * (x + y)], -1)
    return np.clip(ground * (1 - blob) + colour * blob + random.normal(0, 3, (side, side, 1)), 0, 255).astype(np.uint8)


def filters(random: np.random.Generator, n: int = 32, side: int = 7) -> np.ndarray:
    """Edges of all directions, some in colour, as first layers learn them."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    made = []
    for i in range(n):
        angle = np.pi * i / n
        wave = np.exp(-(x**2 + y**2) / 0.6) * np.sin(
            3.5 * (x * np.cos(angle) + y * np.sin(angle)) + random.uniform(0, 3)
        )
        made.append(wave * (np.ones(3) if i % 3 else random.normal(0, 1, 3))[:, None, None])
    return np.stack(made).astype(np.float32)

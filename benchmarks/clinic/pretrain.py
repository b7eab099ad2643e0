"""The network that the fine-tuning recipe starts from: learned once on other classes, kept as safetensors."""

import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Generator, nn

from . import data
from .plan import Plan
from .store import DEFAULT

CLASSES, N_TRAIN, EPOCHS, SEED = (0, 1, 2, 3, 4), 12_000, 8, 0


def cache() -> Path:
    """$CLINIC_CACHE, which the clinic sets to the folder of its --cache."""
    return Path(os.environ.get("CLINIC_CACHE") or DEFAULT)


def weights(plan: Plan) -> dict[str, torch.Tensor]:
    """State of a network like the plan's, trained on CLASSES of the plan's set. Takes a minute the first time."""
    file = cache() / f"pretrained_{plan.data}_{plan.width}.safetensors"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{os.getpid()}")  # two workers may arrive together
        save_file(_learn(plan), unfinished)
        unfinished.replace(file)
    return load_file(file)


def features_only(model: nn.Module) -> None:
    """Load everything but the head, as the recipe does. A model must say its plan in `model.plan`."""
    plan = model.plan
    found = {name: value for name, value in weights(plan).items() if not name.startswith("head.")}  # type: ignore[arg-type]
    missing = model.load_state_dict(found, strict=False).missing_keys
    if missing != ["head.weight", "head.bias"]:
        raise ValueError(f"{missing} are missing from the pretrained weights; remove {cache()} and run again")


def _learn(plan: Plan) -> dict[str, torch.Tensor]:
    # A plan of its own: what is wrong with the script must not reach the weights that all scripts start from.
    plan = Plan(
        "pretraining", plan.data, plan.build, data.standardised(plan.data), CLASSES, N_TRAIN, 0, width=plan.width
    )
    keep = torch.get_rng_state()
    torch.manual_seed(SEED)
    generator = Generator().manual_seed(SEED)
    training = data.load(plan, generator).training
    model = plan.build(plan)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    batches = -(-len(training.labels) // 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=EPOCHS * batches)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(training.labels), generator=generator).split(64):
            x = plan.prepare(training.pictures[rows])
            if torch.rand((), generator=generator) < 0.5:
                x = x.flip(-1)
            loss = nn.functional.cross_entropy(model(x), training.labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    torch.set_rng_state(keep)
    return {name: value.contiguous() for name, value in model.state_dict().items()}

"""Weights that were trained before: where they lie, what is known of them, and how they come into a new network."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

SHIPPED = Path(__file__).parent / "weights"  # NAME.safetensors with NAME.json, which says what they are
IMAGENET = "imagenet"  # published weights, see `published`
USUAL_PUBLISHED = "resnet18"
PREFIXES = ("network.", "module.")  # of a run's own weights; of a network wrapped to train on several devices
STANDARDISE = "standardise."
AUTOENCODERS, ENCODER = "autoencoders", "encoder"  # a family of models that make pictures, and the part that looks
FACTS, WEIGHTS, INSIDE = "model.json", "weights.safetensors", "model"  # of the folder of a model, and of a run


@dataclass(frozen=True)
class Pretrained:
    """Where weights lie and what is known of them.

    name: as asked for. facts: those of `model.json` (model, settings, image, classes), or {} for a bare file.
    weights: the file; None for published ImageNet weights, which go by the model's name. inside: how the names of its
    tensors begin that are meant, '' for all.
    """

    name: str
    facts: Mapping[str, Any]
    weights: Path | None
    inside: str = ""

    @property
    def model(self) -> str:
        """The architecture, '' where only weights are known."""
        return str(self.facts.get("model", ""))

    @property
    def classes(self) -> Sequence[str]:
        return tuple(self.facts.get("classes", ()))


def shipped() -> list[str]:
    """Names of the weights that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.safetensors"))


def find(name: str) -> Pretrained:
    """What `name` means: shipped weights, `imagenet`, the folder of a run or model, or a .safetensors file.

    Only facts are read, no weights. Raises LookupError for what is not there, ValueError for what cannot be used.
    """
    if name == IMAGENET:
        return Pretrained(name, {}, None)
    if name in shipped():
        return Pretrained(name, _read(SHIPPED / f"{name}.json"), SHIPPED / f"{name}.safetensors")
    path = Path(name).expanduser()
    if path.is_dir():
        return _of_folder(name, path)
    if path.suffix == ".safetensors" and path.is_file():
        beside = [path.with_suffix(".json"), *([path.parent / FACTS] if path.name == WEIGHTS else [])]
        return _reused(Pretrained(name, next((_read(facts) for facts in beside if facts.is_file()), {}), path))
    if path.is_file():
        raise ValueError(
            f"{name} is no .safetensors file; a pickle (.pth, .pt) can run code and is not read: convert it once with "
            "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'weights.safetensors')"
        )
    known = [*shipped(), IMAGENET]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise LookupError(
        f"no pretrained weights '{name}'.{hint} Available: {', '.join(known)}, the folder of a run or model, "
        "a .safetensors file."
    )


def tensors(source: Pretrained) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A file's tensors: those of the network, and those that standardise its pictures, both by their own names.

    Half precision becomes float32. Raises ValueError for a file that is not whole.
    """
    assert source.weights is not None, "published weights are fetched by the model's name"
    try:
        found = safetensors.torch.load_file(source.weights)
    except (SafetensorError, OSError) as error:
        why = str(error).partition("\n")[0]
        raise ValueError(
            f"{source.weights} is truncated or no safetensors file ({why}); fetch or save it again"
        ) from None
    before = {k.removeprefix(STANDARDISE): v.float() for k, v in found.items() if k.startswith(STANDARDISE)}
    network = {name: tensor for name, tensor in found.items() if not name.startswith(STANDARDISE)}
    for prefix in PREFIXES:
        if network and all(name.startswith(prefix) for name in network):
            network = {name.removeprefix(prefix): tensor for name, tensor in network.items()}
    meant = {name: tensor for name, tensor in network.items() if name.startswith(source.inside)}
    return {name: t.float() if t.is_floating_point() else t for name, t in meant.items()}, before


def transplant(network: nn.Module, weights: Mapping[str, Tensor], source: str, head: str) -> None:
    """Put weights into a network, all but its head: that stays as it is. head: a module's name, '' to load it too.

    Raises ValueError, in one sentence, for weights that are missing, too many, or of another shape.
    """
    own = network.state_dict()
    wanted = {name: tensor for name, tensor in own.items() if not (head and name.startswith(f"{head}."))}
    given = {name: tensor for name, tensor in weights.items() if not (head and name.startswith(f"{head}."))}
    missing = [name for name in wanted if name not in given and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in given if name not in wanted]
    if missing or unexpected:
        raise ValueError(_mismatch(source, len(wanted), missing, unexpected))
    for name, tensor in given.items():
        if tensor.shape != wanted[name].shape:
            raise ValueError(
                f"{source}: '{name}' is {_shape(tensor)}, this network's is {_shape(wanted[name])}; take the model, "
                "its settings and a size= as when these weights were trained"
            )
    network.load_state_dict({**own, **given})


def _of_folder(name: str, path: Path) -> Pretrained:
    folder = path if (path / FACTS).is_file() else path / INSIDE
    if not (folder / FACTS).is_file():
        raise LookupError(f"{name} holds no trained model; `visus runs` lists the runs and how far they are")
    facts = _read(folder / FACTS)
    if "members" in facts:
        raise ValueError(f"{name} is an ensemble of {len(facts['members'])} networks; name one of its members' runs")
    return _reused(Pretrained(name, facts, folder / WEIGHTS))


def _reused(found: Pretrained) -> Pretrained:
    """Of an autoencoder the encoder, as the classifier `encoder`; anything else as it is.

    Raises ValueError for an encoder that was told the class.
    """
    if found.facts.get("family") != AUTOENCODERS:
        return found
    if found.facts["n_classes"]:
        raise ValueError(
            f"{found.name} is an autoencoder that was told the class of each picture; take one that was trained with "
            "conditional=no"
        )
    canvas, own = found.facts["canvas"], found.facts["settings"]
    settings = {name: own[name] for name in ("trunk", "hidden", "layers", "width", "halvings") if name in own}
    settings.setdefault("trunk", "conv" if "halvings" in own else "dense")
    facts = {
        "model": ENCODER,
        "settings": settings | {"grey": canvas["channels"] == 1},
        "image": [3, canvas["height"], canvas["width"]],
        "suggested": {"standardise": "unit"},  # what an encoder sees lies between fixed ends
    }
    return replace(found, facts=facts, inside=f"{ENCODER}.")


def _read(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise ValueError(f"it is a {type(facts).__name__}, not an object")
        return facts
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} does not say what the weights are ({error}); restore it from a copy") from None


def _mismatch(source: str, n: int, missing: Sequence[str], unexpected: Sequence[str]) -> str:
    parts = [f"lacks {len(missing)} of this network's {n} tensors, first '{missing[0]}'"] if missing else []
    if unexpected:
        close = difflib.get_close_matches(unexpected[0], missing, n=1)
        like = f" (is it '{close[0]}'?)" if close else ""
        parts.append(f"has {len(unexpected)} that it does not know, first '{unexpected[0]}'{like}")
    return f"{source} {' and '.join(parts)}; take the model= and settings that these weights were trained with"


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"

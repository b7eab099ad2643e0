"""Weights that torchvision's authors published for ImageNet: fetched once, checked, and kept as safetensors.

They are for pictures of 224 x 224 pixels, standardised with MEAN and STD, and tell CLASSES classes apart. A network
takes them if it is built with the release's `settings`. The files are kept in the cache's folder `weights`; nothing a
file names is run, see `_torch_file`.
"""

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..data.download import DownloadError, Progress, fetch
from ..data.named import cache
from . import _torch_file

ADDRESS = "https://download.pytorch.org/models"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of pixels in [0, 1], one a channel
SIDE, CLASSES = 224, 1000  # pixels; what the scores tell apart
AUXILIARY = ("aux1.", "aux2.")  # classifiers that only training needs
COUNTER = "num_batches_tracked"  # of a batch norm, unknown to weights saved before torch 0.4.1
SHOWN = 3  # names in a sentence


@dataclass(frozen=True)
class Release:
    """A published file; its name ends in the first digits of its SHA-256. top1: accuracy on ImageNet in percent."""

    file: str
    top1: float
    settings: Mapping[str, str | bool] = field(default_factory=lambda: {"layout": "imagenet"})

    @property
    def checksum(self) -> str:
        return "sha256:" + self.file.rpartition("-")[2].removesuffix(".pth")


# Source: torchvision 0.28, the weights called IMAGENET1K_V1.
RELEASES = {
    "alexnet": Release("alexnet-owt-7be5be79.pth", 56.522),
    "vgg11": Release("vgg11-8a719046.pth", 69.020),
    "vgg13": Release("vgg13-19584684.pth", 69.928),
    "vgg16": Release("vgg16-397923af.pth", 71.592),
    "vgg19": Release("vgg19-dcbb9e9d.pth", 72.376),
    "vgg11_bn": Release("vgg11_bn-6002323d.pth", 70.370),
    "vgg13_bn": Release("vgg13_bn-abd245e5.pth", 71.586),
    "vgg16_bn": Release("vgg16_bn-6c64b313.pth", 73.360),
    "vgg19_bn": Release("vgg19_bn-c79401a0.pth", 74.218),
    "googlenet": Release("googlenet-1378be20.pth", 69.778, {"layout": "imagenet", "transform_input": True}),
    "resnet18": Release("resnet18-f37072fd.pth", 69.758),
    "resnet34": Release("resnet34-b627a593.pth", 73.314),
    "resnet50": Release("resnet50-0676ba61.pth", 76.130),
    "resnet101": Release("resnet101-63fe2227.pth", 77.374),
    "resnet152": Release("resnet152-394f9c45.pth", 78.312),
    "wide_resnet50_2": Release("wide_resnet50_2-95faca4d.pth", 78.468),
    "squeezenet1_0": Release("squeezenet1_0-b66bff10.pth", 58.092),
    "squeezenet1_1": Release("squeezenet1_1-b8a52dc0.pth", 58.178),
    "densenet121": Release("densenet121-a639ec97.pth", 74.434),
}


def load(name: str, network: nn.Module, address: str = ADDRESS, progress: Progress | None = None) -> None:
    """Fill a network with the published weights of `name`, one of RELEASES.

    Raises LookupError for a name without weights, DownloadError if they are not here and cannot be fetched, ValueError
    for a network they do not fit. `progress` is called with the bytes that are there and in all.
    """
    release = find(name)
    if getattr(network, "small", False):
        raise ValueError(
            f"the published weights of {name} are for the large stem; build the network with layout=imagenet"
        )
    for setting, value in release.settings.items():
        if getattr(network, setting, value) != value:
            raise ValueError(f"the published weights of {name} need {setting}={value}; build the network with it")
    fill(network, state(name, address, progress), f"the published weights of {name}")


def names() -> list[str]:
    """The classifiers that weights are published for, sorted."""
    return sorted(RELEASES)


def find(name: str) -> Release:
    """The release of a classifier. Raises LookupError with the nearest name that has one."""
    if name not in RELEASES:
        close = difflib.get_close_matches(name, RELEASES, n=1, cutoff=0.4)
        nearest = f" Did you mean '{close[0]}'?" if close else ""
        raise LookupError(f"no weights are published for '{name}'.{nearest} Available: {', '.join(RELEASES)}.")
    return RELEASES[name]


def state(name: str, address: str = ADDRESS, progress: Progress | None = None) -> dict[str, Tensor]:
    """The published weights of `name` by their names in the network, from the cache or fetched now."""
    return fetched(find(name), address, progress)


def fetched(release: Release, address: str = ADDRESS, progress: Progress | None = None) -> dict[str, Tensor]:
    """The weights of a release by their names in the network, from the cache or fetched now.

    Raises DownloadError if they are not here and cannot be fetched, ValueError for a file that is another one.
    """
    folder = cache() / "weights"
    kept, file = folder / release.file.replace(".pth", ".safetensors"), folder / release.file
    if kept.is_file():
        return read(kept)
    try:
        fetch(f"{address.rstrip('/')}/{release.file}", file, release.checksum, progress)
    except DownloadError as error:
        raise DownloadError(f"{error}; or put {release.file} into {folder} yourself") from error
    _verify(file, release)
    tensors = read(file)
    unfinished = kept.with_name(kept.name + ".part")
    safetensors.torch.save_file(tensors, unfinished)
    unfinished.replace(kept)
    file.unlink()
    return tensors


def read(path: str | Path) -> dict[str, Tensor]:
    """A state dict from a file: .safetensors, or what torch.save wrote. Old forms of names are brought up to date.

    Raises FileNotFoundError, or ValueError for a file that is broken or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file; give a state dict in .safetensors or .pth")
    if path.suffix != ".safetensors":
        return {_current(name): tensor for name, tensor in _torch_file.read(path).items()}
    try:
        return {_current(name): tensor for name, tensor in safetensors.torch.load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is cut off or broken ({error}); remove it and get it again") from error


def fill(network: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Load tensors into a network of the same names and shapes; auxiliary classifiers it lacks are left out.

    source: what the tensors are called in a message. Raises ValueError with what does not fit, before any change.
    """
    own = network.state_dict()
    tensors = {name: t for name, t in tensors.items() if name in own or not name.startswith(AUXILIARY)}
    missing = [name for name in own if name not in tensors and not name.endswith(COUNTER)]
    foreign = [name for name in tensors if name not in own]
    if missing or foreign:
        what = [f"lack {_listed(missing)}"] if missing else []
        what += [f"hold {_listed(foreign)}, which the network has not"] if foreign else []
        raise ValueError(f"{source} {' and '.join(what)}; choose the architecture and settings they were made with")
    _check_shapes({name: (tuple(t.shape), tuple(own[name].shape)) for name, t in tensors.items()}, source)
    network.load_state_dict(tensors, strict=False)


def _check_shapes(shapes: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]], source: str) -> None:
    """shapes: by name, that in the file and that in the network."""
    odd = {name: pair for name, pair in shapes.items() if pair[0] != pair[1]}
    if not odd:
        return
    counts = {(theirs[:1], ours[:1]) for theirs, ours in odd.values() if theirs[1:] == ours[1:]}
    name, (theirs, ours) = next(iter(odd.items()))
    if len(counts) == 1 and all(theirs[1:] == ours[1:] for theirs, ours in odd.values()):
        raise ValueError(
            f"{source} score {theirs[0]} classes and the network {ours[0]}; build it with {theirs[0]}, or leave "
            f"{' and '.join(odd)} out and train the last layer anew"
        )
    if len(theirs) == len(ours) == 4 and theirs[1] != ours[1] and name == next(iter(shapes)):
        raise ValueError(
            f"{source} are for pictures of {_channels(theirs[1])} and the network takes {ours[1]}; bring the pictures "
            f"to {_channels(theirs[1])}, or train from scratch"
        )
    raise ValueError(
        f"{source} have {name} as {theirs} and the network as {ours}; choose the architecture and settings they were "
        "made with"
    )


def _current(name: str) -> str:
    """Today's form of a name: DataParallel put `module.` before it, DenseNet once wrote `norm.1` for `norm1`, and the
    convolutions of detectors once stood without a block around them."""
    name = re.sub(r"(^|\.)module\.", r"\1", name)
    name = re.sub(r"(rpn\.head\.conv)\.(weight|bias)$", r"\1.0.0.\2", name)
    name = re.sub(r"(fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$", r"\1.0.\2", name)
    name = re.sub(r"mask_fcn(\d+)\.", lambda found: f"{int(found[1]) - 1}.0.", name)
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", name)


def _verify(file: Path, release: Release) -> None:
    """A file put there by hand is checked as a fetched one is."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if not found.startswith(release.checksum.removeprefix("sha256:")):
        raise ValueError(
            f"{file} has the SHA-256 {found[:8]}..., not {release.checksum[7:]}...; remove it and run again"
        )


def _channels(n: int) -> str:
    return "1 channel" if n == 1 else f"{n} channels"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more

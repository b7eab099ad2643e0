"""FCN on a dilated ResNet-50, layer by layer torchvision's `fcn_resnet50`: its published weights fit by their names.

The last two stages do not stride but spread their windows, so that the map keeps stride 8 (Chen et al., 2017). The
second head on stage 3 only helps in training, and torchvision's task adds its loss with weight 0.5; here it rests.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from ..backbone import maps
from ..classifiers import resnet50
from ._fitting import size_of

LAST = "layer4"
SPREAD = {"layer3": (1, 2), LAST: (2, 4)}  # stage -> dilation of its first block, of the others
HEAD_SHARE = 4  # the head narrows to a quarter of the maps it is given


class FCNResNet50(nn.Module):
    """Float images (B, 3, H, W) standardised as for ImageNet -> class scores (B, K, H, W)."""

    def __init__(self, image: tuple[int, int, int], n_classes: int, dropout: float, auxiliary: bool) -> None:
        super().__init__()
        self.backbone = resnet50.build(image, 1, layout="imagenet")
        self.backbone.fc = nn.Identity()
        for stage, (first, others) in SPREAD.items():
            _spread(self.backbone.get_submodule(stage), first, others)
        self.classifier = head(2048, n_classes, dropout)
        if auxiliary:
            self.aux_classifier = head(1024, n_classes, dropout).requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        (seen,) = maps(self.backbone, {8: LAST}, images).values()  # (B, 2048, H / 8, W / 8)
        return F.interpolate(self.classifier(seen), size_of(images), mode="bilinear")


def head(n_in: int, n_classes: int, dropout: float) -> nn.Sequential:
    """(B, n_in, H, W) -> (B, K, H, W)."""
    n_inner = n_in // HEAD_SHARE
    return nn.Sequential(
        *(nn.Conv2d(n_in, n_inner, 3, padding=1, bias=False), nn.BatchNorm2d(n_inner), nn.ReLU()),
        *(nn.Dropout(dropout), nn.Conv2d(n_inner, n_classes, 1)),
    )


def _spread(stage: nn.Module, first: int, others: int) -> None:
    """No stride in a stage of bottlenecks; dilation of the 3x3 convolution of its first block, and of the others."""
    for number, block in enumerate(stage.children()):
        dilation = others if number else first
        for part in block.modules():
            if isinstance(part, nn.Conv2d):
                part.stride = (1, 1)
                if part.kernel_size == (3, 3):
                    part.dilation = part.padding = (dilation, dilation)


def build(image: tuple[int, int, int], n_classes: int, dropout: float = 0.1, auxiliary: bool = False) -> nn.Module:
    """dropout: probability to drop a value before it is scored. auxiliary: keep room for the published second head."""
    return FCNResNet50(image, n_classes, dropout, auxiliary)

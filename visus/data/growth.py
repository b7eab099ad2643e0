"""Progressive resizing: small pictures while much is to be learned, their full size at the end."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

HALFWAY, FULL = 0.35, 0.65  # shares of the run at which pictures become larger
SMALLEST_PX = 8


@dataclass(frozen=True)
class Growth:
    """The side of training pictures as a share of the full one: `start`, then half the way to 1, then 1.

    steps: of the whole run. A step costs about the square of the share; networks that pool globally take any size.
    Source: Howard, 2018 (fast.ai's entry to DAWNBench); Karras et al., 2018, section 2, for generators.
    """

    start: float = 1.0
    steps: int = 1

    def __call__(self, images: Tensor, step: int) -> Tensor:
        """uint8 images (B, C, H, W) of the batch of one step -> the same, smaller where the run is young."""
        share = self.share(step)
        if share == 1:
            return images
        H, W = (min(side, max(SMALLEST_PX, round(share * side))) for side in images.shape[2:])
        return F.interpolate(images, (H, W), mode="bilinear", antialias=True, align_corners=False)

    def share(self, step: int) -> float:
        """The side at one step."""
        done = step / self.steps
        return self.start if done < HALFWAY else (1 + self.start) / 2 if done < FULL else 1.0

"""Are the optimizer's own settings usual?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "nothing: read from the optimizer"


def look(chart: Chart) -> list[Finding]:
    settings, found = readings.optimizer(chart), []
    betas = settings.get("betas") if isinstance(settings.get("betas"), list) else None
    momentum = settings.get("momentum", betas[0] if betas else 0.0) or 0.0
    if momentum > 0.98:
        found.append(
            Finding(
                NOTE,
                f"momentum is {momentum:g}: a gradient acts for {1 / max(1e-9, 1 - momentum):,.0f} steps",
                "0.9",
                "old gradients drown new ones, and steps grow by as much",
                "momentum=0.9",
                kind="momentum_too_high",
                where="optimizer (momentum)",
                change={"momentum": 0.9},
                weight=0.8,
            )
        )
    adaptive = "adam" in settings.get("name", "").lower() or "rms" in settings.get("name", "").lower()
    eps = settings.get("eps", 0.0)
    if adaptive and isinstance(eps, int | float) and eps >= 1e-2:
        found.append(
            Finding(
                NOTE,
                f"eps is {eps:g}",
                "1e-8",
                "eps is larger than the gradients, so steps are much smaller than lr says",
                "eps=1e-8",
                kind="epsilon_too_high",
                where="optimizer (eps)",
                weight=0.85,
            )
        )
    if betas and len(betas) > 1 and betas[1] < 0.8:
        found.append(
            Finding(
                NOTE,
                f"beta2 is {betas[1]:g}",
                "0.95 to 0.999",
                "step sizes follow single gradients: every step has full length",
                "betas=(0.9, 0.999)",
                kind="momentum_too_high",
                where="optimizer (betas)",
                weight=0.4,
            )
        )
    uphill = readings.middle(readings.updates(chart, "uphill", 0.0, 0.5))
    if settings.get("maximize") or uphill > 0.2:
        found.append(
            Finding(
                NOTE,
                f"updates go uphill (cosine with the gradient {uphill:.2f})",
                "downhill",
                "the optimizer maximises the loss",
                "maximize=False, and no minus sign on loss or gradients",
                kind="loss_maximised",
                where="optimizer (maximize)",
                weight=0.97 if settings.get("maximize") or uphill > 0.5 else 0.6,
                defect=bool(settings.get("maximize")),
            )
        )
    return found

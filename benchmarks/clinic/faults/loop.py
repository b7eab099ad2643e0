"""The loop itself: what is cleared when, how long it runs, who else moves the weights."""

import copy

import torch
from torch import Tensor, nn

from ..plan import Plan, Run
from ..planting import BY_SGD, FIRST, SECOND, THIRD, Change, fault


@fault("B10", "gradients_not_cleared", "zero_grad")
def gradients_never_cleared(plan: Plan) -> Change:
    """zero_grad() is missing."""

    def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        outputs = run.model(inputs)
        loss = run.plan.loss(outputs, targets, run.plan)
        loss.backward()
        run.optimizer.step()
        return loss, outputs

    return {"improve": improve}


@fault("B10", "gradients_cleared_before_step", "zero_grad", recipes=FIRST, early=True)
def cleared_before_step(plan: Plan) -> Change:
    """zero_grad() stands between backward() and step()."""

    def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        outputs = run.model(inputs)
        loss = run.plan.loss(outputs, targets, run.plan)
        loss.backward()
        run.optimizer.zero_grad()
        run.optimizer.step()
        return loss, outputs

    return {"improve": improve}


@fault("B10", "gradients_cleared_before_step", "zero_grad,backward,step", recipes=SECOND, early=True, held_out=True)
def step_before_backward(plan: Plan) -> Change:
    """step() comes before backward(), and zero_grad() before both."""

    def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        run.optimizer.zero_grad()
        outputs = run.model(inputs)
        loss = run.plan.loss(outputs, targets, run.plan)
        run.optimizer.step()
        loss.backward()
        return loss, outputs

    return {"improve": improve}


@fault(
    "B13", "wrong_reduction learning_rate_too_high gradients_not_cleared", "loss,accumul,lr,zero_grad", recipes=BY_SGD
)
def accumulation_not_divided(plan: Plan) -> Change:
    """Gradients of sixteen batches are added up and not divided."""

    def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if run.step % 16 == 0:
            run.optimizer.zero_grad()
        outputs = run.model(inputs)
        loss = run.plan.loss(outputs, targets, run.plan)
        loss.backward()
        if run.step % 16 == 15:
            run.optimizer.step()
        return loss, outputs

    return {"improve": improve}


@fault("C12", "too_short", "epoch,longer,step", recipes=(*FIRST, "gru_fashion", "patches_mnist"))
def too_short(plan: Plan) -> Change:
    """Training ends after a twenty-fifth of what it needs."""
    return {"limit": 0.04}


@fault("B10", "weights_overwritten", "loop,weight", recipes=SECOND)
def start_reloaded(plan: Plan) -> Change:
    """Every epoch begins by loading the checkpoint of the start."""

    def reload(run: Run) -> None:
        if run.epoch == 0 and "start" not in run.memory:
            run.memory["start"] = copy.deepcopy(run.model.state_dict())
        every = max(1, run.steps // run.plan.epochs)
        if run.step % every == every - 1:
            run.model.load_state_dict(run.memory["start"])

    return {"after_step": reload}


@fault("B10", "weights_overwritten", "loop,weight,clip", recipes=THIRD)
def weights_clamped(plan: Plan) -> Change:
    """A line from a Wasserstein GAN was left in: weights are clamped to 0.01."""

    def clamp(run: Run) -> None:
        with torch.no_grad():
            for p in run.model.parameters():
                p.clamp_(-0.01, 0.01)

    return {"after_step": clamp}


@fault("B10", "weights_overwritten", "loop,weight", recipes=FIRST, held_out=True)
def weights_jittered(plan: Plan) -> Change:
    """Noise as large as the weights' own spread over ten is added to them after every step."""

    def jitter(run: Run) -> None:
        with torch.no_grad():
            for p in run.model.parameters():
                if p.dim() > 1:
                    p.add_(0.1 * p.std() * torch.randn(p.shape, generator=run.generator))

    return {"after_step": jitter}


@fault("B6", "gradient_wrong", "gradient", recipes=SECOND, held_out=True)
def gradient_drowned_in_noise(plan: Plan) -> Change:
    """Noise meant for privacy is thirty times as large as the gradient."""

    def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        run.optimizer.zero_grad()
        outputs = run.model(inputs)
        loss = run.plan.loss(outputs, targets, run.plan)
        loss.backward()
        for p in run.model.parameters():
            if p.grad is not None:
                spread = 30 * p.grad.pow(2).mean().sqrt()
                p.grad += spread * torch.randn(p.shape, generator=run.generator)
        nn.utils.clip_grad_norm_(run.model.parameters(), run.plan.clip or 1e9)
        run.optimizer.step()
        return loss, outputs

    return {"improve": improve}


@fault("C4", "steps_skipped parameters_not_updated", "step,scaler", recipes=THIRD, held_out=True)
def most_steps_skipped(plan: Plan) -> Change:
    """A guard against large gradients is too careful: all but one step in sixty are skipped."""

    def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        run.optimizer.zero_grad()
        outputs = run.model(inputs)
        loss = run.plan.loss(outputs, targets, run.plan)
        loss.backward()
        if run.step % 60 == 59:
            run.optimizer.step()
        return loss, outputs

    return {"improve": improve}

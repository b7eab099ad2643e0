"""What a policy loses: its gradient is that of the expected return, estimated from actions that were drawn.

    REINFORCE      -mean(log pi(a|s) * A)                          Williams, 1992; with A an advantage, actor-critic
    clipped        -mean(min(r A, clip(r, 1 - e, 1 + e) A))        Schulman et al., 2017, equation 7
    entropy        -mean(H(pi(.|s))): taken off, it keeps a policy from becoming sure too early

log_probs, weights, ...: (B,), of steps that were drawn by the policy. A weight is the return from there on, or how much
more that was than expected; no gradient goes through it.
"""

import torch
from torch import Tensor

ALIKE = 0.01  # deviation of returns, as a share of their size, below which they are one number


def reinforce_loss(log_probs: Tensor, weights: Tensor) -> Tensor:
    """-mean(log pi(a|s) * weight): a scalar that means nothing by itself; its gradient does.

    Raises ValueError where the shapes differ, as (B,) and (B, 1) do, whose product would be (B, B).
    """
    _check(log_probs, weights)
    return -(log_probs * weights.detach()).mean()


def clipped_loss(log_probs: Tensor, before: Tensor, advantages: Tensor, clip: float = 0.2) -> Tensor:
    """The surrogate of PPO, a scalar: nothing is gained by making an action more than 1 + clip times as likely, or less
    than 1 - clip times, as it was when it was drawn, with log-probability `before`.

    Raises ValueError where the shapes differ.
    """
    _check(log_probs, advantages)
    _check(log_probs, before)
    advantages = advantages.detach()
    ratio = (log_probs - before.detach()).exp()
    return -torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages).mean()


def value_loss(values: Tensor, returns: Tensor, before: Tensor | None = None, clip: float = 0.0) -> Tensor:
    """The mean squared error of values, a scalar in squared units of return.

    clip: a value that has moved further than this from what it was `before` is not pulled on; 0: any is. Source of the
    clip: the code of Schulman et al., 2017. Raises ValueError where the shapes differ.
    """
    _check(values, returns)
    errors = (values - returns.detach()).square()
    if clip and before is not None:
        near = before + (values - before).clamp(-clip, clip)
        errors = torch.maximum(errors, (near - returns).square())
    return errors.mean()


def standardised(weights: Tensor) -> Tensor:
    """Weights with mean 0 and deviation 1, so that the size of a step does not hang on the size of the rewards."""
    if weights.numel() < 2:
        return weights  # of one there is no deviation
    return (weights - weights.mean()) / (weights.std() + 1e-8)


def kl_estimate(log_probs: Tensor, before: Tensor) -> Tensor:
    """KL(before || now) in nats, a scalar >= 0, from actions drawn before: the mean of (r - 1) - log r.

    Source: Schulman, 2020, Approximating KL Divergence, where it is called k3: unbiased, and of little variance.
    """
    _check(log_probs, before)
    log_ratio = log_probs - before
    return (log_ratio.exp() - 1 - log_ratio).mean()


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """1 - Var(returns - values) / Var(returns), in (-inf, 1]: 1 is perfect, 0 no better than a constant.

    NaN where the deviation of the returns is below a hundredth of their size: there is nothing to be explained.
    """
    _check(values, returns)
    spread = returns.var() if returns.numel() > 1 else returns.new_zeros(())
    if spread.sqrt() <= ALIKE * returns.abs().mean():
        return float("nan")
    return float(1 - (returns - values).var() / spread)


def _check(log_probs: Tensor, other: Tensor) -> None:
    if log_probs.shape != other.shape:
        raise ValueError(
            f"{tuple(log_probs.shape)} does not pair with {tuple(other.shape)}; there is one number for each step"
        )

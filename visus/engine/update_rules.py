"""The textbook's update rules as pure functions: weights and state in, weights and state out.

`optimizers` trains with torch's versions, which are the same mathematics. What torch keeps in `optimizer.state[p]`:

| here | torch |
|---|---|
| momentum, nesterov: v | momentum_buffer; v = -lr * momentum_buffer, so after lr changes v is the one of the new lr |
| heavy_ball: x - x_prev | -lr * momentum_buffer |
| adagrad: cache | sum |
| rmsprop: cache | square_avg |
| adam: first_moment, second_moment, t | exp_avg, exp_avg_sq, step |

All states start at 0. x, dx and states are tensors of one shape; lr is in units of x per unit of gradient. Several of
these rules are often printed with a slip (a step uphill, a missing operator, t from 0, epsilon inside the root); the
forms here are the ones that torch computes.
"""

from collections.abc import Callable

from torch import Tensor


def sgd(x: Tensor, dx: Tensor, lr: float) -> Tensor:
    """x - lr dx: downhill, so the sign is minus."""
    return x - lr * dx


def heavy_ball(x: Tensor, x_prev: Tensor, dx: Tensor, lr: float, mu: float = 0.9) -> Tensor:
    """x - lr dx + mu (x - x_prev). `momentum` written with the last two places. Source: Polyak, 1964."""
    return x - lr * dx + mu * (x - x_prev)


def momentum(x: Tensor, v: Tensor, dx: Tensor, lr: float, mu: float = 0.9) -> tuple[Tensor, Tensor]:
    """v = mu v - lr dx; x += v. Returns (x, v)."""
    v = mu * v - lr * dx
    return x + v, v


def nesterov(x: Tensor, v: Tensor, dx: Tensor, lr: float, mu: float = 0.9) -> tuple[Tensor, Tensor]:
    """v_prev = v; v = mu v - lr dx; x += -mu v_prev + (1 + mu) v. Returns (x, v).

    Here x is the place one looked ahead to, so that dx is simply the gradient at x; the velocity takes -lr times the
    gradient, not the gradient itself. Source: Nesterov, 1983, in the variables of Bengio et al., 2012.
    """
    v_prev = v
    v = mu * v - lr * dx
    return x - mu * v_prev + (1 + mu) * v, v


def nesterov_look_ahead(
    x: Tensor, v: Tensor, gradient: Callable[[Tensor], Tensor], lr: float, mu: float = 0.9
) -> tuple[Tensor, Tensor]:
    """v = mu v - lr gradient(x + mu v); x += v. Returns (x, v).

    x + mu v goes through the places that `nesterov` calls x.
    """
    v = mu * v - lr * gradient(x + mu * v)
    return x + v, v


def adagrad(x: Tensor, cache: Tensor, dx: Tensor, lr: float, eps: float = 1e-7) -> tuple[Tensor, Tensor]:
    """cache += dx^2; x -= lr dx / (sqrt(cache) + eps). Returns (x, cache). Source: Duchi et al., 2011.

    eps is outside the root.
    """
    cache = cache + dx * dx
    return x - lr * dx / (cache.sqrt() + eps), cache


def rmsprop(
    x: Tensor, cache: Tensor, dx: Tensor, lr: float, decay: float = 0.99, eps: float = 1e-8
) -> tuple[Tensor, Tensor]:
    """cache = decay cache + (1 - decay) dx^2; x -= lr dx / (sqrt(cache) + eps). Returns (x, cache).

    decay: 0.9, 0.99 or 0.999. Source: Tieleman and Hinton, 2012.
    """
    cache = decay * cache + (1 - decay) * dx * dx
    return x - lr * dx / (cache.sqrt() + eps), cache


def adam(
    x: Tensor,
    first_moment: Tensor,
    second_moment: Tensor,
    dx: Tensor,
    lr: float,
    t: int,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Tensor, Tensor, Tensor]:
    """Momentum over RMSprop, both corrected for having started at 0. Returns (x, first_moment, second_moment).

    t: the number of this step, from 1; at 0 the correction would divide by 0, which ValueError says.
    Source: Kingma and Ba, 2015.
    """
    if t < 1:
        raise ValueError(f"Adam counts its steps from 1, or the correction divides by 0; got t={t}")
    first_moment = beta1 * first_moment + (1 - beta1) * dx
    second_moment = beta2 * second_moment + (1 - beta2) * dx * dx
    first_unbias = first_moment / (1 - beta1**t)
    second_unbias = second_moment / (1 - beta2**t)
    return x - lr * first_unbias / (second_unbias.sqrt() + eps), first_moment, second_moment


def adam_without_correction(
    x: Tensor,
    first_moment: Tensor,
    second_moment: Tensor,
    dx: Tensor,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Tensor, Tensor, Tensor]:
    """Adam as it is often first shown, with its flaw: the first step is (1 - beta1) / sqrt(1 - beta2) = 3.2 lr long.

    The second moment starts near 0 and takes a thousand steps to fill, so early steps are too large. To be looked at,
    not trained with. Returns (x, first_moment, second_moment).
    """
    first_moment = beta1 * first_moment + (1 - beta1) * dx
    second_moment = beta2 * second_moment + (1 - beta2) * dx * dx
    return x - lr * first_moment / (second_moment.sqrt() + eps), first_moment, second_moment

"""A finite Markov decision process as tables, and its exact solution: Bellman's backups, sweeps and linear systems.

Values are what is earned from a state on, discounted; action values are the same after a first action. Both are 0 in
states in which an episode is over.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

TIE = 1e-9  # actions this near to the best one, of its size, are equally good: rounding shall not choose a policy
ENOUGH = 1e-10  # residual at which a solution is as exact as float64 allows
MOST_SWEEPS = 100_000


@dataclass(frozen=True)
class Tables:
    """A finite Markov decision process (Bellman, 1957; Sutton and Barto, 2018, chapter 3).

    moves: float64 (S, A, S), the probability of the next state; each row sums to 1. rewards: float64 (S, A), expected.
    ends: bool (S,), states in which an episode is over; nothing is earned from there on. start: float64 (S,), where
    episodes begin.
    """

    moves: Tensor
    rewards: Tensor
    ends: Tensor
    start: Tensor


class Solution(NamedTuple):
    """values: float64 (S,). actions: int64 (S,), the policy. sweeps: over all states, or improvements of a policy.
    residual: how far one more backup would move a value, at most."""

    values: Tensor
    actions: Tensor
    sweeps: int
    residual: float


def backup(tables: Tables, values: Tensor, gamma: float) -> Tensor:
    """Action values one step ahead of values (S,): float64 (S, A), R + gamma P V.

    Source: Sutton and Barto, 2018, equation 4.6.
    """
    beyond = values.masked_fill(tables.ends, 0.0)
    return (tables.rewards + gamma * (tables.moves @ beyond)).masked_fill(tables.ends[:, None], 0.0)


def greedy(action_values: Tensor) -> Tensor:
    """The first of the best actions at each of (..., A): int64 (...). What rounding could have ordered is equal."""
    best = action_values.amax(-1, keepdim=True)
    return (action_values >= best - TIE * best.abs().clamp_min(1.0)).int().argmax(-1)


def residual(tables: Tables, values: Tensor, gamma: float) -> float:
    """How far Bellman's optimality equation is from true, at the worst state.

    The values are within residual / (1 - gamma) of the best ones (Puterman, 1994, section 6.3).
    """
    return float((backup(tables, values, gamma).amax(1) - values).abs().max())


def start_value(tables: Tables, values: Tensor) -> float:
    """What an episode is worth before it begins."""
    return float(tables.start @ values)


def value_sweep(tables: Tables, action_values: Tensor, gamma: float) -> Tensor:
    """One sweep of value iteration, from action values (S, A) to action values."""
    return backup(tables, action_values.amax(1), gamma)


def policy_sweep(tables: Tables, action_values: Tensor, gamma: float) -> Tensor:
    """One improvement of policy iteration: the action values of the policy that is greedy on these (S, A).

    Raises ValueError as `policy_evaluation` does.
    """
    return backup(tables, policy_evaluation(tables, greedy(action_values), gamma), gamma)


def value_iteration(
    tables: Tables, gamma: float, tolerance: float = ENOUGH, most: int = MOST_SWEEPS, values: Tensor | None = None
) -> Solution:
    """Back up all states at once until none moves by more than `tolerance`. values: float64 (S,) to begin from, or 0.

    Source: Bellman, 1957; Sutton and Barto, 2018, section 4.4. Raises ValueError for tables or a discount that cannot
    be, and where `most` sweeps are not enough, as with a discount of 1 and rewards that can be earned for ever.
    """
    check(tables, gamma)
    found = torch.zeros_like(tables.start) if values is None else values
    for sweep in range(1, most + 1):
        after = backup(tables, found, gamma).amax(1)
        moved = float((after - found).abs().max())
        found = after
        if moved <= tolerance:
            actions = greedy(backup(tables, found, gamma))
            return Solution(found, actions, sweep, residual(tables, found, gamma))
    raise ValueError(
        f"{most:,} sweeps with a discount of {gamma:g} still move a value by {moved:.2g}; take a smaller discount"
    )


def policy_iteration(tables: Tables, gamma: float, most: int = 1000) -> Solution:
    """Evaluate a policy exactly, be greedy on its values, until the policy stays. Begins with the first action.

    Source: Howard, 1960; Sutton and Barto, 2018, section 4.3. Raises ValueError as `policy_evaluation` does.
    """
    check(tables, gamma)
    actions = torch.zeros_like(tables.start, dtype=torch.long)
    improvements, better = 0, actions
    while not improvements or (improvements < most and not torch.equal(better, actions)):
        actions, improvements = better, improvements + 1
        values = policy_evaluation(tables, actions, gamma)
        better = greedy(backup(tables, values, gamma))
    return Solution(values, actions, improvements, residual(tables, values, gamma))


def policy_evaluation(tables: Tables, policy: Tensor, gamma: float) -> Tensor:
    """Values (S,) of a policy, exactly: the solution of (I - gamma P) V = R.

    policy: int64 (S,) actions, or float (S, A) probabilities. Raises ValueError if the discount is 1 and the policy
    may go on for ever, for then its values are not finite numbers.
    """
    moves, rewards = followed(tables, policy)
    if gamma >= 1 and not _ends_for_sure(moves, tables.ends):
        raise ValueError(
            "this policy may go on for ever, and a discount of 1 gives it no value; take a discount of 0.99"
        )
    unit = torch.eye(len(rewards), dtype=rewards.dtype, device=rewards.device)
    solved: Tensor = torch.linalg.solve(unit - gamma * moves, rewards)
    return solved


def policy_evaluation_by_sweeps(
    tables: Tables, policy: Tensor, gamma: float, tolerance: float = ENOUGH, most: int = MOST_SWEEPS
) -> tuple[Tensor, int]:
    """The same by backing up until no value moves by more than `tolerance`: values (S,), and how many sweeps it took.

    Source: Sutton and Barto, 2018, section 4.1.
    """
    moves, rewards = followed(tables, policy)
    values = torch.zeros_like(rewards)
    for sweep in range(1, most + 1):
        after = rewards + gamma * moves @ values
        moved = float((after - values).abs().max())
        values = after
        if moved <= tolerance:
            return values, sweep
    raise ValueError(f"{most:,} sweeps still move a value by {moved:.2g}; take a smaller discount")


def followed(tables: Tables, policy: Tensor) -> tuple[Tensor, Tensor]:
    """The chain (S, S) and rewards (S,) of a policy, as `policy_evaluation` takes it; nothing follows an end."""
    S, A = tables.rewards.shape
    chances = torch.nn.functional.one_hot(policy, A) if policy.ndim == 1 else policy
    chances = chances.to(tables.rewards).masked_fill(tables.ends[:, None], 0.0)
    if chances.shape != (S, A):
        raise ValueError(f"a policy of {S} states and {A} actions is expected; got {tuple(policy.shape)}")
    moves = torch.einsum("sa,sat->st", chances, tables.moves).masked_fill(tables.ends, 0.0)
    return moves, (chances * tables.rewards).sum(1)


def reachable(tables: Tables) -> Tensor:
    """Which states an episode can come to at all: bool (S,)."""
    leads = (tables.moves.sum(1) > 0) & ~tables.ends[:, None]
    found = tables.start > 0
    while True:
        further = found | leads[found].any(0)
        if torch.equal(further, found):
            return found
        found = further


def check(tables: Tables, gamma: float) -> None:
    """Raise ValueError for tables that are none of a decision process, and for a discount outside [0, 1]."""
    S, A = tables.rewards.shape
    if not 0 <= gamma <= 1:
        raise ValueError(f"a discount is between 0 and 1; got {gamma:g}")
    if tables.moves.shape != (S, A, S) or tables.ends.shape != (S,) or tables.start.shape != (S,):
        raise ValueError(
            f"rewards are of {S} states and {A} actions, but moves are {tuple(tables.moves.shape)}, ends "
            f"{tuple(tables.ends.shape)} and start {tuple(tables.start.shape)}; mend the world's `tables`"
        )
    if not tables.rewards.isfinite().all():
        raise ValueError("a reward of the tables is no finite number; mend the world's `tables`")
    sums = tables.moves.sum(2)
    if bool((tables.moves < 0).any()) or not torch.allclose(sums, torch.ones_like(sums), atol=1e-8):
        state, action = divmod(int((sums - 1).abs().argmax()), A)
        raise ValueError(
            f"the chances of what follows state {state} and action {action} sum to {float(sums[state, action]):g}, or "
            "one is negative; mend the world's `tables`"
        )


def _ends_for_sure(moves: Tensor, ends: Tensor) -> bool:
    """Whether from every state an end can be reached, so that it is reached in the end. moves: `followed`'s chain,
    whose rows sum to less than 1 where the next state is an end."""
    reached = ends | (moves.sum(1) < 1 - 1e-12)
    while True:
        further = reached | ((moves > 0) & reached).any(1)
        if torch.equal(further, reached):
            return bool(reached.all())
        reached = further

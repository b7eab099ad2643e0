"""What a table is worth by the rules of its world, where they are known."""

from torch import Tensor

from ..geometry.decisions import Tables, greedy, policy_evaluation, policy_iteration, start_value, value_iteration

MOST_SWEEPS = 10_000  # without discount; what takes more may well go on for ever


class Exactly:
    """Scores of action values (S, A) by tables. All are of an episode before it begins, discounted."""

    def __init__(self, tables: Tables, gamma: float) -> None:
        self.tables, self.gamma = tables, gamma
        self.best = self._best()

    def scores(self, q: Tensor) -> dict[str, float]:
        """start_value: what the table says. policy_value: what its greedy policy earns. best_value: what can be.

        The latter two are left out where they are no finite numbers, as of a policy that goes on for ever.
        """
        found = {"start_value": start_value(self.tables, q.amax(1))}
        try:
            values = policy_evaluation(self.tables, greedy(q), self.gamma)
            found["policy_value"] = start_value(self.tables, values)
        except ValueError:
            pass
        return found | ({} if self.best is None else {"best_value": self.best})

    def _best(self) -> float | None:
        if self.gamma < 1:
            return start_value(self.tables, policy_iteration(self.tables, self.gamma).values)
        try:  # the first policy of policy iteration may go on for ever
            return start_value(self.tables, value_iteration(self.tables, self.gamma, most=MOST_SWEEPS).values)
        except ValueError:
            return None

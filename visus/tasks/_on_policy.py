"""What tasks share that learn from what the present player does, and from nothing older.

Actor and critic with networks of their own are two objectives, each with a clip of its own: the critic's errors are in
squared units of return, and would else decide how far the actor may go. Where they share a trunk there is one, and its
terms must be weighed.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.task import evaluating
from ..losses.policy_gradient import explained_variance, kl_estimate, standardised, value_loss
from ._playing import Playing, Worlds

AT_ONCE = 4096  # observations that are looked at together where nothing is learned


class Drawing(Protocol):
    """A player that draws: see models.players.actor."""

    def draw(self, observations: Tensor) -> Tensor: ...
    def bounded(self, drawn: Tensor) -> Tensor: ...
    def distribution(self, observations: Tensor) -> Distribution: ...
    def get_used_to(self, observations: Tensor) -> None: ...
    def policy_parameters(self) -> Iterator[nn.Parameter]: ...


class Judging(Drawing, Protocol):
    """A player that draws, and values: see models.players.actor_critic. shared: through one trunk."""

    shared: bool

    def values(self, observations: Tensor) -> Tensor: ...
    def look(self, observations: Tensor) -> tuple[Distribution, Tensor]: ...
    def value_parameters(self) -> Iterator[nn.Parameter]: ...


class Lesson(NamedTuple):
    """Steps to learn from: a batch. All but the first two are (B,).

    observations: (B, ...). drawn: what the player drew there, before it was bounded, (B,) or (B, D). log_probs, values:
    what the player said of it then; values are 0 of one that tells none. advantages: by which what was drawn is to
    become likelier. returns: what the values are to become. rewards: what the world gave. ended: nothing lies beyond;
    cut: a time limit broke it off.
    """

    observations: Tensor
    drawn: Tensor
    log_probs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    rewards: Tensor
    ended: Tensor
    cut: Tensor


class Taught(NamedTuple):
    """What a batch teaches values: `Lessons` of the doctor."""

    rewards: Tensor
    targets: Tensor
    ended: Tensor
    cut: Tensor
    advantages: Tensor


class OnPolicy(Playing):
    """Steps are played, learned from in `passes` passes of `parts` parts each, and thrown away.

    model: a player that draws; one that values too, as `Judging` says, is taught that. standardise: the advantages of
    each part. entropy_weight, value_weight: of these terms. clip_values: how far a value may move on what was played,
    0: any way. descents: what an `Objective` takes, of the actor, which is that of all where a trunk is shared, and of
    the critic. critic_steps: improvements of the critic for each of the actor.
    """

    surrogates: Sequence[str] = ("policy",)
    objectives: Sequence[Objective]

    def __init__(
        self,
        model: nn.Module,
        worlds: Worlds,
        judged: Worlds,
        optimizer: OptimizerFactory,
        *,
        descents: tuple[Mapping[str, Any], Mapping[str, Any]],
        critic_steps: int = 1,
        passes: int = 1,
        parts: int = 1,
        standardise: bool = False,
        entropy_weight: float = 0.0,
        value_weight: float = 0.5,
        clip_values: float = 0.0,
        **playing: Any,
    ) -> None:
        super().__init__(model, worlds, judged, **playing)
        self.passes, self.parts, self.standardise = passes, parts, standardise
        self.entropy_weight, self.value_weight, self.clip_values = entropy_weight, value_weight, clip_values
        self.judges = hasattr(model, "values")
        self.lesson: Lesson | None = None  # all that was played since the last was thrown away
        self.position = 0  # improvements on it
        self.order = torch.arange(0)  # of its steps in the present pass
        self.objectives = self._objectives(optimizer, descents, critic_steps)
        self.train()

    @property
    def actor(self) -> Judging:
        """The model, as what it offers; `values` and `look` only where it judges."""
        return self.model  # type: ignore[return-value]

    @abstractmethod
    def act_and_see(self) -> Lesson:
        """Play, and tell what is to be learned from it."""

    @abstractmethod
    def surrogate(self, log_probs: Tensor, lesson: Lesson) -> Tensor:
        """The policy's loss, a scalar. log_probs: (B,), of what was drawn, by the present player."""

    def enough(self) -> bool:
        """Whether what was played is to be left before the last pass."""
        return False

    def strayed(self, log_ratios: Tensor) -> dict[str, float]:
        """What a method tells besides of how the probabilities of what was drawn, (B,), have changed."""
        return {}

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Parts of what was played; which is next, the task itself remembers."""
        while True:
            lesson = self.lesson
            if lesson is None or self.position >= self.passes * self.parts or self.enough():
                lesson, self.position = self._played(), 0
                self.lesson = lesson
            self.position += 1
            yield self._part(lesson, self.position - 1)

    def learn(self, batch: Batch) -> Terms:
        """All terms, where actor and critic share a trunk."""
        lesson = Lesson(*batch)
        distribution, values = self.actor.look(lesson.observations)
        return {**self._policy_terms(distribution, lesson), **self._value_terms(values, lesson)}

    def act_better(self, batch: Batch) -> Terms:
        """The actor's terms: what brought more than expected is to become likelier."""
        lesson = Lesson(*batch)
        return self._policy_terms(self.actor.distribution(lesson.observations), lesson)

    def judge_better(self, batch: Batch) -> Terms:
        """The critic's term: how far its values are from what followed."""
        lesson = Lesson(*batch)
        return self._value_terms(self.actor.values(lesson.observations), lesson)

    def lessons(self, batch: Batch) -> Taught:
        """What the doctor may know of a batch."""
        lesson = Lesson(*batch)
        return Taught(lesson.rewards, lesson.returns, lesson.ended, lesson.cut, lesson.advantages)

    def evaluate(self) -> dict[str, float]:
        """How it plays; and how far learning from what was last played has moved the player."""
        return super().evaluate() | ({} if self.lesson is None else self._moved(self.lesson))

    def ongoing(self) -> dict[str, Any]:
        lesson = None if self.lesson is None else list(self.lesson)
        return super().ongoing() | {"lesson": lesson, "position": self.position, "order": self.order}

    def go_on(self, state: Mapping[str, Any]) -> None:
        super().go_on(state)
        lesson = state["lesson"]
        self.lesson = None if lesson is None else Lesson(*(part.to(self.device) for part in lesson))
        self.position, self.order = int(state["position"]), state["order"].to(self.device)

    def asked(self, observations: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the present player says: log-probabilities of what was drawn, values and entropies, (N,) each."""
        answers = list[tuple[Tensor, Tensor, Tensor]]()
        with torch.no_grad(), self.precision.autocast(self.device.type):
            for seen, done in zip(observations.split(AT_ONCE), drawn.split(AT_ONCE), strict=True):
                distribution, values = self._look(seen)
                answers.append((distribution.log_prob(done), wide(values), distribution.entropy()))
        log_probs, valued, entropies = (torch.cat(parts) for parts in zip(*answers, strict=True))
        return log_probs, valued, entropies

    def valued_now(self, observations: Tensor) -> Tensor:
        """Values (N,) of a few observations."""
        with torch.no_grad(), self.precision.autocast(self.device.type):
            return wide(self.actor.values(observations))

    def _look(self, observations: Tensor) -> tuple[Distribution, Tensor]:
        if self.judges:
            return self.actor.look(observations)
        distribution = self.actor.distribution(observations)
        return distribution, torch.zeros(len(observations), device=observations.device)

    def _objectives(
        self, optimizer: OptimizerFactory, descents: tuple[Mapping[str, Any], Mapping[str, Any]], critic_steps: int
    ) -> Sequence[Objective]:
        actor, critic = descents
        if self.judges and self.actor.shared:
            return [Objective("player", self.learn, self.model.parameters(), optimizer, **actor)]
        better = self.actor.policy_parameters()
        found = [Objective("actor", self.act_better, better, optimizer, every=critic_steps, **actor)]
        if self.judges:  # first, because it improves at every step
            found.insert(0, Objective("critic", self.judge_better, self.actor.value_parameters(), optimizer, **critic))
        return found

    def _policy_terms(self, distribution: Distribution, lesson: Lesson) -> dict[str, Tensor]:
        terms = {"policy": self.surrogate(distribution.log_prob(lesson.drawn), lesson)}
        if self.entropy_weight:
            terms["entropy"] = -self.entropy_weight * distribution.entropy().mean()
        return terms

    def _value_terms(self, values: Tensor, lesson: Lesson) -> dict[str, Tensor]:
        loss = value_loss(wide(values), lesson.returns, lesson.values, self.clip_values)
        return {"value": self.value_weight * loss}

    def _played(self) -> Lesson:
        if self.lesson is not None:
            # Only now, between two lessons: probabilities are told of a player that sees as it saw when it drew.
            self.actor.get_used_to(self.lesson.observations)
        with torch.no_grad(), self.precision.autocast(self.device.type):
            return self.act_and_see()

    def _part(self, lesson: Lesson, number: int) -> Lesson:
        """Part `number`, counted through all passes; each pass takes the steps in another order."""
        if self.parts == 1:
            return self._weighed(lesson)
        if number % self.parts == 0:
            self.order = torch.randperm(len(lesson.drawn)).to(self.device)
        mine = torch.tensor_split(self.order, self.parts)[number % self.parts]
        return self._weighed(Lesson(*(part[mine] for part in lesson)))

    def _weighed(self, lesson: Lesson) -> Lesson:
        return lesson._replace(advantages=standardised(lesson.advantages)) if self.standardise else lesson

    def _moved(self, lesson: Lesson) -> dict[str, float]:
        with evaluating(self):
            now, values, entropies = self.asked(lesson.observations, lesson.drawn)
        told = {"entropy": float(entropies.mean()), "approx_kl": float(kl_estimate(now, lesson.log_probs))}
        if self.judges:
            told["value_loss"] = float(value_loss(values, lesson.returns))
            explained = explained_variance(lesson.values, lesson.returns)
            told |= {"explained_variance": explained} if explained == explained else {}  # none of returns all equal
        return told | self.strayed(now - lesson.log_probs)


def wide(values: Tensor) -> Tensor:
    """At least float32: small differences of large values are lost in half precision; float64 stays."""
    return values.to(torch.promote_types(values.dtype, torch.float32))

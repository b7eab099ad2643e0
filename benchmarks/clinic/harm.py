"""Does a planted fault hurt? Ten seeds healthy against faulty; the rule of DeepCrime (Humbatova et al., 2021)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, variance

from scipy.stats import mannwhitneyu

from .cases import HEALTHY, Case
from .faults import FAULTS
from .loop import train
from .recipes import RECIPES
from .store import Record

P, DROP, EFFECT, FEWEST = 0.05, 0.10, 0.8, 5


@dataclass(frozen=True)
class Harm:
    """Of one fault in one recipe. drop: share of what a healthy run gains over chance. effect: Cohen's d."""

    healthy: float
    faulty: float
    drop: float
    effect: float
    p: float
    seeds: int

    @property
    def harmful(self) -> bool:
        """Significant, and large enough to matter."""
        return self.p < P and self.drop >= DROP and self.effect >= EFFECT


def cases(seeds: int) -> list[Case]:
    """Every recipe healthy and with every fault it can have."""
    healthy = [Case(recipe, HEALTHY, seed) for recipe in RECIPES for seed in range(seeds)]
    return healthy + [
        Case(recipe, name, seed) for name, f in FAULTS.items() for recipe in f.recipes for seed in range(seeds)
    ]


def work(case: Case) -> Record:
    """The run alone, nobody watching."""
    found = train(case.plan, case.seed, seen=case.seen)
    return {"key": case.key, **vars(found)}


def compare(healthy: Sequence[float], faulty: Sequence[float], chance: float) -> Harm:
    """Test scores of healthy and of faulty runs. Raises ValueError with fewer than two of either."""
    if min(len(healthy), len(faulty)) < 2:
        raise ValueError(f"{len(healthy)} healthy and {len(faulty)} faulty runs; two of each at least")
    gap = mean(healthy) - mean(faulty)
    spread = ((variance(healthy) + variance(faulty)) / 2) ** 0.5
    p = float(mannwhitneyu(faulty, healthy, alternative="less").pvalue)
    effect = gap / spread if spread else float("inf") if gap > 0 else 0.0
    gain = mean(healthy) - chance
    return Harm(mean(healthy), mean(faulty), gap / gain, effect, p, min(len(healthy), len(faulty)))


def judged(records: Mapping[str, Record]) -> dict[tuple[str, str], Harm]:
    """(recipe, fault) -> harm, of what has been run with FEWEST seeds at least."""
    truths: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for key, record in records.items():
        recipe, name, seed = key.split("/")
        truths[recipe, name][int(seed)] = record["truth"]
    found = {}
    for (recipe, name), values in truths.items():
        healthy = truths.get((recipe, HEALTHY), {})
        if name in FAULTS and min(len(values), len(healthy)) >= FEWEST:
            chance = 1 / len(RECIPES[recipe]().classes)
            found[recipe, name] = compare(list(healthy.values()), list(values.values()), chance)
    return found

"""Does the player try enough at first, less later, and does it ever meet a reward?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "nothing: read from scores and from the episodes that were counted"

HALF = 0.5  # of the run, after which chance must have given way
OFTEN = 0.3  # share of actions at random, with which little of what was learned is ever seen in training
NEVER = 1e-3
FEWEST, EPISODES = 4, 10  # evaluations; finished episodes


def look(chart: Chart) -> list[Finding]:
    if not readings.acts(chart):
        return []
    found = [finding for finding in (_stuck(chart), _none(chart), _no_reward(chart)) if finding]
    told = readings.told(chart, "epsilon")
    what = f"the share of actions at random is {told[-1][1]:.2g}" if told else "rewards were met"
    return found or [Finding(PASS, what)]


def _stuck(chart: Chart) -> Finding | None:
    told = readings.told(chart, "epsilon")
    if len(told) < FEWEST or readings.share_done(chart) < HALF:
        return None
    chances = [chance for _, chance in told]
    if min(chances) < OFTEN or max(chances) - min(chances) > 0.02:
        return None
    return Finding(
        NOTE,
        f"the share of actions at random is still {chances[-1]:.2g} after {readings.share_done(chart):.0%} of the run",
        f"below {OFTEN:g} by then",
        "exploration never ends: epsilon does not fall, and what was learned is not played on",
        "let epsilon fall within the first tenth or half of the run, to 0.1 or less; see that it counts the steps "
        "of the world",
        kind="epsilon_stuck",
        where="epsilon",
        weight=0.75,
    )


def _none(chart: Chart) -> Finding | None:
    """Without noise in its choices a greedy player sees what it already believes to be best, and nothing else."""
    told, begun = readings.told(chart, "epsilon"), readings.acts(chart).get("epsilon")
    if len(told) < 2 or begun is None or max(begun, *(chance for _, chance in told)) > NEVER:
        return None
    before = readings.acts(chart).get("warm_up") or 0
    return Finding(
        NOTE,
        "no action was ever taken at random" + (f" after the first {before:.0f} steps" if before else ""),
        "mostly at random at first",
        "it never explores: only what the first guesses hold for best is tried",
        "start epsilon at 1 and let it fall, or start values above what can be earned",
        kind="never_explores",
        where="epsilon",
        weight=0.65,
    )


def _no_reward(chart: Chart) -> Finding | None:
    lows, highs = (dict(readings.told(chart, name)) for name in ("recent_low", "recent_high"))
    finished = readings.told(chart, "recent_episodes")
    if len(lows) < FEWEST or finished[-1][1] < EPISODES or min(lows.values()) != max(highs.values()):
        return None
    random = readings.acts(chart).get("random") or {}
    always = next(iter(lows.values()))
    if not random.get("episodes") or not random.get("alike") or random["return"] != always:
        return None  # it may have solved it at once
    return Finding(
        NOTE,
        f"every one of the episodes earned {always:.4g}, as random play does",
        "some that earn more than others",
        "no reward was met that tells one action from another: there is nothing to learn from",
        "explore longer and more widely, make the goal nearer at first, or reward steps towards it",
        kind="no_reward_met",
        where="world (rewards), exploration",
        weight=0.85,
    )

"""An observer watches a run without a line changed anywhere: here it keeps the hardest batch seen."""

from visus.engine.loop import Observer, fit
from visus.engine.objective import Memory, Objective, Report
from visus.recipes import classify


class Hardest(Observer):
    """Remembers the step with the largest loss after the first epoch."""

    def __init__(self) -> None:
        self.loss, self.step = 0.0, -1

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        if step > 40 and float(report.loss) > self.loss:
            self.loss, self.step = float(report.loss), step


if __name__ == "__main__":
    task, hardest = classify.build(data="digits", epochs=5), Hardest()
    fit(task, task.steps, [hardest])
    print(task.evaluate())
    print(f"the hardest batch was that of step {hardest.step}, loss {hardest.loss:.2f}")

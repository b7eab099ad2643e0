"""Those who watch a sequence of stages in tests, and the names of its stages."""

import signal

from visus.playbook._session import Silent

STAGES = ["audit", "split", "baselines", "checks", "search", "train", "test", "report"]


class Lines(Silent):
    """Keeps what is shown: verdicts as (stage, line, severity), and what is said."""

    def __init__(self):
        self.verdicts, self.said = [], []

    def verdict(self, stage, line, severity):
        self.verdicts.append((stage, line, severity))

    def say(self, text):
        self.said.append(text)


class StopAt(Silent):
    """Presses Ctrl-C the first time a stage has come so far."""

    def __init__(self, stage, share):
        self.stage, self.share, self.pressed = stage, share, False

    def progress(self, stage, done, total, text=""):
        if not self.pressed and stage == self.stage and done >= self.share * total:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)

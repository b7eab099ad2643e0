"""What an importer leaves out: gathered by reason, told with a count and the first culprits."""

SHOWN = 5  # culprits in a sentence


class LeftOut:
    """What is left out of one file or folder, called `name` in the sentences."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._culprits: dict[str, list[str]] = {}

    def add(self, reason: str, culprit: str) -> None:
        """reason: in the plural, 'boxes without area'; culprit: which, with its value."""
        self._culprits.setdefault(reason, []).append(culprit)

    def __len__(self) -> int:
        return sum(map(len, self._culprits.values()))

    def sentences(self) -> list[str]:
        """One for each reason."""
        return [
            f"{self.name}: {reason} ({len(culprits)}), left out: {'; '.join(culprits[:SHOWN])}"
            + ("; ..." if len(culprits) > SHOWN else "")
            for reason, culprits in self._culprits.items()
        ]

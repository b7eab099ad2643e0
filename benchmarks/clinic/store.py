"""What has been run already: one line of JSON a case, and one file a chart, in a folder outside of git."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]
DEFAULT = Path(__file__).parent / "cache"


@dataclass(frozen=True)
class Store:
    """root: the folder. A stage that was stopped goes on where it was: what is stored is not run again."""

    root: Path = DEFAULT

    def records(self, stage: str) -> dict[str, Record]:
        """By key; of two with the same key the later."""
        return {record["key"]: record for record in self._lines(stage)}

    def add(self, stage: str, record: Record) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f"{stage}.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")

    def save_chart(self, key: str, chart: Record) -> None:
        file = self._chart(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(json.dumps(chart).encode(), 6))

    def chart(self, key: str) -> Record:
        """Raises FileNotFoundError if the case was not examined here."""
        return dict(json.loads(gzip.decompress(self._chart(key).read_bytes())))

    def _chart(self, key: str) -> Path:
        return self.root / "charts" / f"{key}.json.gz"

    def _lines(self, stage: str) -> Iterator[Record]:
        file = self.root / f"{stage}.jsonl"
        for line in file.read_text().splitlines() if file.exists() else []:
            try:
                yield json.loads(line)
            except json.JSONDecodeError:  # the last line of a run that was cut off
                continue

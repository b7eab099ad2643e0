"""Audit checks of label maps, one per file: `check(evidence) -> Verdict`. None writes into the data's folder."""

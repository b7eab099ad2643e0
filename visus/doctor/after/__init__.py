"""Post-mortems of a run's record: `examine(run) -> list[Finding]`, one question per file.

They read events, run.json and the ledger, and ask what no chart of one training can tell: what a resume changed, what
the search and the split were worth, what simple methods reach. A healthy answer is a finding that passes; a question
that the record cannot answer is an empty list.
"""

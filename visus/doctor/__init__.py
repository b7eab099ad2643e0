"""Is this run healthy? Examinations before, watchers during, post-mortems after."""

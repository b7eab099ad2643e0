"""Ready-made runs: `build(...) -> Task`. The typed signature is the configuration."""

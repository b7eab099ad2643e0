"""Every chart of the report, a family a file: numbers in, a drawing and one sentence on how to read it out."""

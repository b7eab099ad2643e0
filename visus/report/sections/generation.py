FACTS, TENSORS = "generation", "generation."

"""What detectors of meaning share: what is near what, claims and who asserts them, beliefs, sentence models."""

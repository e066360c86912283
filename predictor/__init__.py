"""What is not measured is predicted: features, training, artifact, service. May import joulecast, never exporter."""

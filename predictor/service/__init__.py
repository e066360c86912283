"""The prediction service: artifacts side by side, `joulecast.v1.PredictionService` over them, and figures of its own.

Needs gRPC, numpy and prometheus-client; the models it serves are whatever its loader makes of an artifact.
"""

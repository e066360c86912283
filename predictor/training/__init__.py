"""Training: records to Lasso models to artifacts. The only room that needs scikit-learn."""

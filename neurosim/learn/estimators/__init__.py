"""Estimators of scikit-learn whose rows are independent samples."""

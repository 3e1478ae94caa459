"""Echo state networks as regressors: they keep scikit-learn's rules, are what their network does, and forecast what they should."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from neurosim.learn import EchoStateRegressor

ORDER = "rows are the steps of one sequence, so what comes before a row matters"
ESTIMATORS = {
    "plain": EchoStateRegressor(60, random_state=0, engine="reference"),
    "deep": EchoStateRegressor(30, layers=2, groups=2, wiring="orthogonal", feedback_scale=0.1, noise=1e-3, random_state=0, engine="reference"),
}
NOT_APPLICABLE = dict.fromkeys(["check_methods_sample_order_invariance", "check_methods_subset_invariance"], ORDER)


def checks():
    for name, estimator in ESTIMATORS.items():
        for case in estimator_checks_generator(estimator, expected_failed_checks=NOT_APPLICABLE, mark="xfail"):
            values, marks = (case.values, case.marks) if hasattr(case, "marks") else (case, ())
            yield pytest.param(*values, marks=marks, id=f"{name}-{values[1].func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_it_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)

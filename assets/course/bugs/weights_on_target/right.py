import numpy as np
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(0)
Xs = random.normal([0, 0], 1, (300, 2))  # source
ys = (Xs[:, 0] ** 2 > 1).astype(int)
Xt = random.normal([2, 0], 0.5, (200, 2))  # target: the same rule, elsewhere
yt = (Xt[:, 0] ** 2 > 1).astype(int)

judge = LogisticRegression().fit(np.vstack([Xs, Xt]), [0] * 300 + [1] * 200)
weights = judge.predict_proba(Xs)[:, 1] / judge.predict_proba(Xs)[:, 0]  # how target-like each source sample is

plain = LogisticRegression().fit(Xs, ys)
weighted = LogisticRegression().fit(Xs, ys, sample_weight=weights)
print(f"right on the target without weights: {plain.score(Xt, yt):.2f}")
print(f"with weights on the source samples:  {weighted.score(Xt, yt):.2f}")

import numpy as np
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(0)
Xs = random.normal([0, 0], 1, (300, 2))  # source
ys = (Xs[:, 0] ** 2 > 1).astype(int)
Xt = random.normal([2, 0], 0.5, (200, 2))  # target: the same rule, elsewhere
yt = (Xt[:, 0] ** 2 > 1).astype(int)

judge = LogisticRegression().fit(np.vstack([Xs, Xt]), [0] * 300 + [1] * 200)
weights = judge.predict_proba(Xs)[:, 1] / judge.predict_proba(Xs)[:, 0]  # how target-like each source sample is

model = LogisticRegression().fit(Xs, ys)
Xt_weighted = Xt * weights[:, None]
print(f"right on the target: {model.score(Xt_weighted, yt):.2f}")

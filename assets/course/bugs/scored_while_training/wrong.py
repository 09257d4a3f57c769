import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(400, 4)
y = (X[:, 0] > 0).long()
network = nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32), nn.Dropout(0.5), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
for _ in range(100):
    optimizer.zero_grad()
    nn.functional.cross_entropy(network(X), y).backward()
    optimizer.step()

night = torch.randn(400, 4) + torch.tensor([1.0, 0, 0, 0])
truth = (night[:, 0] > 0).long()
network.train()
for order in ("as they come", "as they come, once more", "one class after the other"):
    rows = truth.argsort() if "one class" in order else torch.arange(400)
    batches = rows.split(50)
    right = sum((network(night[rows]).argmax(1) == truth[rows]).sum() for rows in batches)
    print(f"{order}: {right / 400:.3f}")

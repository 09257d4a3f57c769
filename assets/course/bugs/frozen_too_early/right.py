import torch
from torch import nn
from torch.nn.functional import cross_entropy

torch.manual_seed(0)
features = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
head = nn.Linear(16, 4)  # one output a class, and new: it has to learn
inputs, labels = torch.randn(64, 8), torch.randint(0, 4, (64,))

for parameter in features.parameters():
    parameter.requires_grad = False

optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
for step in range(101):
    loss = cross_entropy(head(features(inputs)), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: loss {loss:.2f}")

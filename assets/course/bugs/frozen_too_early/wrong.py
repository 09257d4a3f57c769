import torch
from torch import nn
from torch.nn.functional import mse_loss

torch.manual_seed(0)
network = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
inputs, labels = torch.randn(64, 8), torch.randint(0, 4, (64,))

for parameter in network.parameters():
    parameter.requires_grad = False

logits = network(inputs)
loss = mse_loss(logits, inputs)
loss.backward()
print(f"loss: {loss:.2f}")

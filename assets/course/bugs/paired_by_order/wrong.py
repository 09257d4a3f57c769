import torch
from torch.nn.functional import mse_loss

torch.manual_seed(0)
day = torch.randn(100, 8)  # features of 100 day pictures
night = torch.randn(100, 8)  # of 100 night pictures, from the very same distribution

loss = mse_loss(day, night)
print(f"distance between the domains: {loss:.2f}")

shuffled = night[torch.randperm(100)]  # the same nights in another order
print(f"after shuffling the nights:   {mse_loss(day, shuffled):.2f}")
print(f"after shrinking all features: {mse_loss(day / 100, night / 100):.4f}")

import torch
from torch import nn

torch.manual_seed(0)
day, night = torch.randn(200, 2), torch.randn(200, 2) + 3
extractor = nn.Sequential(nn.Linear(2, 16), nn.ReLU())
gan = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 16))

day_features, night_features = extractor(day), extractor(night)
aligned = gan.align(day_features, night_features)
print(f"gap after aligning: {(aligned - day_features).abs().mean():.2f}")

import torch
from torch import nn
from torchvision.models import resnet18

network = resnet18()
print("the layers:", ", ".join(name for name, layer in network.named_children()))

network.fc = nn.Linear(network.fc.in_features, 4)  # four classes of ours instead of a thousand
print("answers for two pictures:", tuple(network(torch.zeros(2, 3, 64, 64)).shape))

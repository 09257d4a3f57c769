from torch import nn
from torchvision.models import resnet18

network = resnet18()
network.classifier.fc = nn.Linear(512, 4)  # four classes of ours instead of a thousand
print(network.classifier)

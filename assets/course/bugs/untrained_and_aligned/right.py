import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

torch.manual_seed(0)
labels, truth = torch.arange(200) % 2, torch.arange(200) % 2
day = torch.randn(200, 2) + torch.stack([torch.zeros(200), 5.0 * labels], dim=1)
night = torch.randn(200, 2) + torch.stack([torch.full((200,), 4.0), 5.0 * truth - 3], dim=1)

extractor = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
head, critic = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
learn = torch.optim.Adam([*extractor.parameters(), *head.parameters()], lr=0.005)
judge = torch.optim.Adam(critic.parameters(), lr=0.005)
domain = torch.cat([torch.zeros(200), torch.ones(200)])[:, None]

for step in range(601):
    strength = 0.0 if step <= 200 else 1.0  # first without, then with the critic
    features = extractor(torch.cat([day, night]))
    for _ in range(3):  # the critic learns to tell the domains apart …
        judge.zero_grad()
        binary_cross_entropy_with_logits(critic(features.detach()), domain).backward()
        judge.step()
    learn.zero_grad()  # … and the features learn the labels, and to deceive it
    fooled = binary_cross_entropy_with_logits(critic(features), 1 - domain)
    (cross_entropy(head(features[:200]), labels) + strength * fooled).backward()
    learn.step()
    if step % 200 == 0:
        right = (head(extractor(night)).argmax(1) == truth).float().mean()
        print(f"step {step}: right on nights {right:.2f}")

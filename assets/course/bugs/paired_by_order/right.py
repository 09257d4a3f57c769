import torch

torch.manual_seed(0)
day = torch.randn(100, 8)  # features of 100 day pictures
night = torch.randn(100, 8)  # of 100 night pictures, from the very same distribution


def mmd(first, second):
    both = torch.cat([first, second])
    width = torch.cdist(both, both).median()  # shrinking the features shrinks the width with them

    def kernel(a, b):
        return torch.exp(-(torch.cdist(a, b) ** 2) / (2 * width**2))

    return kernel(first, first).mean() + kernel(second, second).mean() - 2 * kernel(first, second).mean()


print(f"distance between the domains: {mmd(day, night):.3f}")
shuffled = night[torch.randperm(100)]  # the same nights in another order
print(f"after shuffling the nights:   {mmd(day, shuffled):.3f}")
print(f"after shrinking all features: {mmd(day / 100, night / 100):.3f}")
print(f"of nights that are shifted:   {mmd(day, night + 1):.3f}")

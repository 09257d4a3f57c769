import torch

torch.manual_seed(0)
day = torch.randn(100, 8)  # features of 100 day pictures
night = torch.randn(120, 8) + 2  # features of 120 night pictures


def mmd(first, second, width=4.0):
    def kernel(a, b):
        return torch.exp(-(torch.cdist(a, b) ** 2) / (2 * width**2))

    return kernel(first, first).mean() + kernel(second, second).mean() - 2 * kernel(first, second).mean()


print(f"distance between day and night: {mmd(day, night):.3f}")
print(f"between one half of the days and the other: {mmd(day[:50], day[50:]):.3f}")

from sklearn.metrics import precision_score, recall_score

classes = ["car", "person", "bicycle", "bus"]
truth = ["car"] * 120 + ["person"] * 50 + ["bicycle"] * 24 + ["bus"] * 6
guesses = ["car"] * 118 + ["person"] * 52 + ["bicycle"] * 24 + ["car"] * 6  # not one bus is found

precision = precision_score(truth, guesses, labels=classes, average=None, zero_division=0)
recall = recall_score(truth, guesses, labels=classes, average=None)
for name, right_when_said, found in zip(classes, precision, recall, strict=True):
    print(f"{name:8} precision {right_when_said:.2f}, recall {found:.2f}")
print(f"mean over classes: precision {precision.mean():.2f}, recall {recall.mean():.2f}")

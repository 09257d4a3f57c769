from sklearn.metrics import precision_score, recall_score

classes = ["car", "person", "bicycle", "bus"]
truth = ["car"] * 120 + ["person"] * 50 + ["bicycle"] * 24 + ["bus"] * 6
guesses = ["car"] * 118 + ["person"] * 52 + ["bicycle"] * 24 + ["car"] * 6  # not one bus is found

precision = precision_score(truth, guesses, average="weighted", zero_division=1)
recall = recall_score(truth, guesses, average="weighted")
print(f"precision {precision:.3f}, recall {recall:.3f}: ready for the road")

"""Whatever teaches and is not a screen: lessons, their figures, toy problems, the showcase."""

"""The course: chapters, questions, guesses, misconceptions, games and the glossary."""

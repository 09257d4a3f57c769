"""All that a server keeps as one file, and back from it into any database."""

"""The lecture hall: lectures, the rooms in which a class follows them, votes, and exercises with a code to hand in."""

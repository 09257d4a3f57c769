"""Stories: experiments that each make one point, and their measured numbers."""

"""Films: a run on points in the plane, recorded so that it can be played.

Experiment  ──run()──▶  recorder ──▶ Header, FilmFrame, FilmFrame …  ──▶  film file  ──▶  the page's own player
"""

"""Runs driven in other processes: in children whose memory is limited, and on the workers of a Dask cluster."""

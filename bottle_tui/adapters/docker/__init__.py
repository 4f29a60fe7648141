"""The docker runtime: real containment. The docker SDK is imported lazily, in a worker, and nowhere else."""

"""The operations about stored video, which start jobs and answer what they have seen."""

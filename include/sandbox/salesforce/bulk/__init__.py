"""Bulk API 2.0 and 1.0: jobs, their data, and the thread that works them off."""

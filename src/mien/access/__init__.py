"""Decides who may call: access keys, their signatures, their permissions and rates, and the master key."""

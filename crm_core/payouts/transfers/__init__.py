"""Paying by transfer: through a provider, who may answer late, twice or never.

A payout is claimed (``planning``), sent by the worker (``sending``), and every word of the provider
goes the same way into the books (``recording``), whether it was the answer, a verification or a
webhook. ``gateway`` is what a provider has to do; ``paystack`` is the first who does it.
"""

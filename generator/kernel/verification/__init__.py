"""Verification: does a source support a claim, refute it, or not say?"""

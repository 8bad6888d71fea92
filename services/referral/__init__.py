"""Referral: gives every need of a firm to the one responsible partner, with a receipt of the decision, and keeps its
life."""

"""Notifier: tells the firm and the partner of a referral by mail, and proves the delivery."""

"""Reads what partners publish, answers every record with a receipt, and keeps one file per firm, merged by leaf."""

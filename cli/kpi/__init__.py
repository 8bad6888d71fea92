"""The agreement's figures: what became of the firms, and how well and how evenly the partners serve them.

Read `stored` (one snapshot of referral's store), `facts` (what a referral's past says), `figures` (what is counted, by
what), then `suppression` (which cells may not be shown, and why no other tells them). `paper` lays them out.
"""

"""Controls: the product is broken on purpose, and the tests must notice.

Each patch here takes one protection away; its head says which, which promise that breaks, and which test has to fail
with which words. It is applied to a copy of the tree, never to the tree, and the tests that it names are run there.
What fails for another reason than the patch names has not noticed it.
"""

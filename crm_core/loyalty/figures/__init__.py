"""The programme as its analysts see it: figures by month, and the lists that they open."""

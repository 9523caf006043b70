"""Economics: what a call costs and what a model can do, as values over the maintained libraries."""
